# SPDX-License-Identifier: MIT
"""The checker of transcripts (transcript.py): it finds each fault that was put
in, by its name, and nothing where there is none."""

import random
import unittest

from transcript import GAP, JSON, PLAIN, POST, V1, Transcript, check

HISTORY = [("a1-%d" % n, "m%d" % n) for n in range(1, 11)]
# A failover took m9 and m10 away; another epoch goes on.
AFTER = HISTORY[:8] + [("b2-%d" % n, "n%d" % n) for n in range(1, 4)]


def hears(form, history=HISTORY, name="x", since=None):
    t = Transcript(name, form, since)
    for id_, text in history:
        t.heard(text, None if form == PLAIN else id_)
    return t


def says(texts, form=V1, name="s"):
    t = Transcript(name, form)
    t.said = list(texts)
    t.closed = 1000
    return t


ALL = says([text for _, text in HISTORY + AFTER if text[0] in "mn"][:10])
EVERYTHING = says(["m%d" % n for n in range(1, 11)] +
                  ["n%d" % n for n in range(1, 4)])


class TranscriptCase(unittest.TestCase):
    def good(self, *transcripts, history=HISTORY, **more):
        self.assertEqual(check(list(transcripts), history, **more), [])

    def bad(self, rule, *transcripts, history=HISTORY, **more):
        """This rule is broken, and is named; the sentences are returned."""
        wrong = check(list(transcripts), history, **more)
        self.assertIn(rule, {w.partition(":")[0] for w in wrong}, wrong)
        return wrong


class Good(TranscriptCase):
    def test_all_forms_from_any_place_on(self):
        self.good(ALL, hears(PLAIN), hears(V1), hears(JSON, HISTORY[3:]),
                  hears(V1, HISTORY[5:], since="a1-5"))

    def test_who_left_may_lack_the_rest(self):
        t = hears(V1, HISTORY[:4])
        t.closed = 1013
        self.good(ALL, t)

    def test_a_gap_allows_a_hole(self):
        t = hears(V1, HISTORY[:3])
        t.gap()
        t.events += hears(V1, HISTORY[6:]).events
        self.good(ALL, t)

    def test_a_json_sender_does_not_hear_its_own(self):
        t = Transcript("j", JSON)
        t.said = ["m1", "m4", "m5", "m10"]
        t.events = [(text, id_) for id_, text in HISTORY
                    if text not in t.said]
        self.good(t, says(["m%d" % n for n in (2, 3, 6, 7, 8, 9)]))

    def test_what_was_lost_behind_a_gap(self):
        t = hears(V1)
        t.gap()
        t.events += hears(V1, AFTER[8:]).events
        other = hears(V1, AFTER)        # had not heard the lost ones
        plain = hears(PLAIN)
        plain.closed = 1013
        self.good(EVERYTHING, t, other, plain, history=AFTER, loses=True)

    def test_a_post_is_told(self):
        t = Transcript("p", POST)
        t.said, t.told, t.refused = ["m3", "no"], {"m3": "a1-3"}, ["no"]
        self.good(ALL, t, hears(V1))

    def test_many_random_ones_cut_anywhere(self):
        rng = random.Random(1)
        for _ in range(100):
            some = []
            for n in range(5):
                a = rng.randrange(10)
                b = rng.randrange(a, 11)
                t = hears(rng.choice((PLAIN, JSON, V1)), HISTORY[a:b])
                t.closed = 1000
                some.append(t)
            self.good(ALL, *some)


    def test_said_again_after_it_was_lost(self):
        """Its node had not heard that it was said."""
        again = AFTER + [("b2-4", "m9")]
        t = hears(V1)
        t.gap()
        t.events += hears(V1, again[8:]).events
        plain, late = hears(PLAIN), hears(PLAIN, again[9:])
        plain.closed = 1013
        json = hears(JSON)
        json.events += hears(JSON, again[8:]).events
        ann, bob = says(["m9"]), says(EVERYTHING.said, name="bob")
        bob.said.remove("m9")
        self.good(ann, bob, t, plain, late, json, history=again, loses=True)
        t.events.remove(GAP)
        self.bad("once", ann, bob, t, history=again, loses=True)

    def test_own_ones_that_were_lost_are_known_from_others(self):
        t = Transcript("j", JSON)
        t.said = ["m9"]
        t.events = [(text, id_) for id_, text in HISTORY if text != "m9"]
        t.closed = 1013
        other = hears(V1)
        other.closed = 1013
        self.good(t, says(["m%d" % n for n in range(1, 9)] +
                          ["m10", "n1", "n2", "n3"]), other, history=AFTER,
                  loses=True)


class Bad(TranscriptCase):
    def test_an_id_of_two_messages(self):
        t = hears(V1)
        t.events[4] = ("m5", "a1-4")
        self.bad("one name", ALL, t)

    def test_a_message_of_two_ids(self):
        t = hears(V1)
        t.events[9] = ("m10", "a1-11")
        self.bad("one name", ALL, t)

    def test_an_id_that_is_given_again_after_a_failover(self):
        lost = hears(V1)
        lost.gap()
        again = HISTORY[:8] + [("a1-9", "n1")]
        self.bad("one name", EVERYTHING, lost, history=again, loses=True)

    def test_two_orders(self):
        one, two = hears(PLAIN), hears(PLAIN, name="y")
        two.events[3], two.events[4] = two.events[4], two.events[3]
        self.bad("one order", ALL, one, two)

    def test_two_orders_of_what_was_lost(self):
        """Nothing of it is in the history, and no id tells."""
        one, two = hears(PLAIN), hears(PLAIN, name="y")
        two.events[8], two.events[9] = two.events[9], two.events[8]
        one.closed = two.closed = 1013
        self.bad("one order", EVERYTHING, one, two, history=AFTER,
                 loses=True)

    def test_heard_twice(self):
        for form in PLAIN, JSON, V1:
            t = hears(form)
            t.events.insert(5, t.events[4])
            self.bad("once", ALL, t)

    def test_twice_in_the_history(self):
        self.bad("once", ALL, history=HISTORY + [("a1-11", "m4")])

    def test_one_that_was_not_heard(self):
        for form in PLAIN, JSON, V1:
            t = hears(form)
            del t.events[5]
            self.bad("no hole", ALL, t)

    def test_a_hole_in_the_history(self):
        self.bad("no hole", ALL, history=HISTORY[:4] + HISTORY[5:])

    def test_a_hole_between_two_epochs(self):
        t = hears(V1, AFTER)
        del t.events[8]                 # the first of the new one
        self.bad("no hole", EVERYTHING, t, history=AFTER, loses=True)

    def test_one_missing_behind_since(self):
        self.bad("no hole", ALL, hears(V1, HISTORY[4:], since="a1-3"))

    def test_one_heard_again_behind_since(self):
        self.bad("no hole", ALL, hears(V1, HISTORY[4:], since="a1-5"))

    def test_the_end_that_was_not_heard(self):
        for form in PLAIN, JSON, V1:
            self.bad("no hole", ALL, hears(form, HISTORY[:9]))

    def test_a_json_sender_that_missed_anothers(self):
        t = Transcript("j", JSON)
        t.said = ["m1", "m4"]
        t.events = [(text, id_) for id_, text in HISTORY
                    if text not in ("m1", "m4", "m5")]
        self.bad("no hole", t, ALL)

    def test_lost_where_nothing_may_be(self):
        t = hears(V1)
        t.gap()
        t.events += hears(V1, AFTER[8:]).events
        self.bad("taken back", EVERYTHING, t, history=AFTER)

    def test_lost_without_a_gap(self):
        for form in PLAIN, JSON, V1:
            t = hears(form)
            t.events += hears(form, AFTER[8:]).events
            if form == JSON:            # the other epoch tells
                self.good(EVERYTHING, t, history=AFTER, loses=True)
            else:
                self.bad("taken back", EVERYTHING, t, history=AFTER,
                         loses=True)
            self.bad("taken back", EVERYTHING, hears(form), history=AFTER,
                     loses=True)

    def test_a_sender_in_another_order(self):
        self.bad("in order", says(["m1", "m3", "m2"] +
                                  ["m%d" % n for n in range(4, 11)]))

    def test_told_and_not_there(self):
        t = Transcript("p", POST)
        t.said, t.told = ["m99"], {"m99": "a1-99"}
        self.bad("told", ALL, t)

    def test_told_another_id(self):
        t = Transcript("p", POST)
        t.said, t.told = ["m3"], {"m3": "a1-4"}
        self.bad("told", ALL, t)
        self.bad("told", ALL, t, loses=True)

    def test_refused_and_said_all_the_same(self):
        t = Transcript("p", POST)
        t.said, t.refused = ["m3"], ["m3"]
        self.bad("told", ALL, t)

    def test_said_and_nowhere(self):
        t = says(["m1", "lost"])
        t.closed = None
        self.bad("said", ALL, t)
        self.bad("said", ALL, t, loses=True)

    def test_nobody_said_it(self):
        self.bad("made up", says(["m1"]))
        t = hears(V1)
        t.events[9:] = [GAP, ("foreign", "ff-1")]
        t.closed = 1000
        self.bad("made up", ALL, t, loses=True)


if __name__ == "__main__":
    unittest.main()
