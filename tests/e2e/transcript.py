# SPDX-License-Identifier: MIT
"""What clients of one room have said, heard and been told, over any number of
connections and machines; and whether that keeps what tests/CONTRACT.md says.

Each message has a text of its own. `history` is what the room holds in the
end, as (id, text) from its first message on. Then

    one name    an id names one message, for everybody and for ever
    one order   there is one order in which all have heard
    once        nobody hears a message twice (but again behind a gap, under
                another id, what Redis has lost and its sender's node said
                again)
    no hole     what is heard follows what was heard before, or a gap is told;
                who stays hears all up to the end
    taken back  what was heard and is in the history no more was followed by a
                gap (plain form: by a Close; JSON form without chatd.v1, which
                is told neither: by another epoch)
    in order    what one sender says keeps its order
    told        what a sender was told is published is in the history, under
                the id it was told; what was refused is not
    said        what was said by somebody who is still there is in the history
    made up     nothing else is

Where Redis itself may forget (a failover, `appendfsync everysec`) check() is
told: `loses` messages that were heard, or `forgets` (FLUSHALL) also those on
their way, and the order of these."""

PLAIN, JSON, V1, POST = "plain", "json", "v1", "post"


class Transcript:
    """One connection. `since` is the id it has come back with."""

    def __init__(self, name, form, since=None):
        self.name, self.form, self.since = name, form, since
        self.events = []        # (text, id or None) | GAP
        self.said = []          # texts, in order
        self.told = {}          # text: id
        self.refused = []       # texts: not said, for sure
        self.closed = None      # the code; 0: without one. None: it is there

    def heard(self, text, id_=None):
        self.events.append((text, id_))

    def gap(self):
        self.events.append(GAP)

    # What a process of receivers hands to its parent.

    def key(self):
        return (self.form, self.since, self.closed, tuple(self.events))


GAP = ("", "gap")


def numbered(id_):
    """(epoch, number) of an id."""
    epoch, _, number = id_.partition("-")
    return int(epoch, 16), int(number)


def epoch_of(id_):
    return id_.partition("-")[0]


class Check:
    """All of it; what was wrong is in `wrong`."""

    def __init__(self, transcripts, history, loses, forgets):
        self.transcripts, self.history = transcripts, history
        self.loses, self.forgets = loses or forgets, forgets
        self.place = {text: n for n, (_, text) in enumerate(history)}
        self.names = {}         # id: text
        self.ids = {}           # text: ids, one but for what was said again
        self.kept = {text: id_ for id_, text in history}
        self.wrong = []

    def say(self, rule, who, what):
        self.wrong.append("%s: %s: %s" % (rule, who, what))

    # -- all together --

    def run(self):
        if len(self.place) < len(self.history):
            texts = [text for _, text in self.history]
            twice = {t for t in texts if texts.count(t) > 1}
            self.say("once", "history", sorted(twice)[:5])
        self.name("history", [(text, id_) for id_, text in self.history])
        self.steps("history", [(text, id_) for id_, text in self.history], ())
        # Most have heard the same: that is looked at once.
        seen = {}
        for t in self.transcripts:
            seen.setdefault(t.key() + (tuple(t.said),), t)
        for t in seen.values():
            self.name(t.name, [e for e in t.events if e != GAP])
        for t in seen.values():
            self.hearer(t)
        self.order(seen.values())
        heard = {e[0] for t in seen.values() for e in t.events}
        for t in self.transcripts:
            self.speaker(t, heard)
        self.invented()
        return self.wrong

    def name(self, who, events):
        for text, id_ in events:
            if id_ is None or (text, id_) == GAP:
                continue
            if self.names.setdefault(id_, text) != text:
                self.say("one name", who, "%s is %r and %r" % (
                    id_, self.names[id_], text))
            self.ids.setdefault(text, {id_}).add(id_)
            if len(self.ids[text]) > 1 and not self.loses:
                self.say("one name", who, "%r is %s" % (
                    text, sorted(self.ids[text])))

    def order(self, transcripts):
        """A circle of "directly before" is what cannot be in one order."""
        after = {}
        for events in {tuple(self.known(t.events)) for t in transcripts} | {
                tuple(self.known((text, id_) for id_, text in self.history))}:
            for one, next_ in zip(events, events[1:]):
                after.setdefault(one, set()).add(next_)
        before = dict.fromkeys(after, 0)
        for many in after.values():
            for text in many:
                before[text] = before.get(text, 0) + 1
        free = [text for text, n in before.items() if n == 0]
        done = 0
        while free:
            done += 1
            for text in after.get(free.pop(), ()):
                before[text] -= 1
                if before[text] == 0:
                    free.append(text)
        if done < len(before):
            left = sorted(text for text, n in before.items() if n > 0)
            self.say("one order", "all", "%d messages, among them %r" % (
                len(left), left[:5]))

    def known(self, events):
        """Ids, or texts where nobody knows one; without those of which the
        plain form does not tell which of two it is."""
        for text, id_ in events:
            ids = self.ids.get(text, ())
            if (text, id_) != GAP and (id_ or len(ids) < 2):
                yield id_ or next(iter(ids), text)

    def invented(self):
        said = {text for t in self.transcripts for text in t.said}
        for t in [text for text in self.place if text not in said][:5]:
            self.say("made up", "history", repr(t))
        for t in {text for text in self.ids if text not in said and
                  text not in self.place}:
            self.say("made up", "somebody", repr(t))

    # -- who hears --

    def hearer(self, t):
        self.once(t)
        own = set(t.said) if t.form == JSON else ()
        self.steps(t.name, t.events, own)
        self.places(t, own)

    def once(self, t):
        seen, epoch = {}, None
        for text, id_ in t.events:
            if self.loses and ((text, id_) == GAP or (
                    t.form == JSON and epoch_of(id_) != epoch)):
                seen = {s: i for s, i in seen.items()
                        if i is None or self.kept.get(s) == i}
            if (text, id_) == GAP:
                continue
            epoch = id_ and epoch_of(id_)
            if text in seen:
                self.say("once", t.name, "%r is heard twice" % text)
            seen[text] = id_

    def steps(self, who, events, own):
        """Numbers of an epoch go up by one, except over a gap."""
        last = None
        for event in events:
            id_ = event[1]
            if event == GAP or id_ is None:
                last = None
                continue
            epoch, number = numbered(id_)
            if last and last[0] == epoch:
                missed = ["%x-%d" % (epoch, n)
                          for n in range(last[1] + 1, number)]
                if number <= last[1] or len(missed) > len(own) or any(
                        self.names.get(m, "") not in own for m in missed):
                    self.say("no hole", who, "%x-%d, then %s" % (*last, id_))
            last = epoch, number

    def places(self, t, own):
        """Against the history, where what was heard stands in it."""
        last, retracted = None, None
        epoch = None
        silent = self.loses and t.form == JSON
        if t.since is not None and not silent:
            text = self.names.get(t.since)
            last = self.place.get(text)
        for event in t.events:
            changed = event[1] and epoch not in (None, epoch_of(event[1]))
            if event == GAP or silent and changed:
                last = retracted = None
            if event == GAP:
                continue
            text, id_ = event
            epoch = id_ and epoch_of(id_)
            place = self.place.get(text)
            if id_ and self.kept.get(text) != id_:
                place = None
            elif not id_ and len(self.ids.get(text, ())) > 1 and t.closed:
                continue            # nobody knows which of two
            if place is None:
                retracted = text
                if not self.loses:
                    self.say("taken back", t.name, repr(text))
                continue
            if retracted is not None:
                self.say("taken back", t.name, "%r, and no gap before %r" % (
                    retracted, text))
            elif last is not None:
                self.joins_up(t, last, place, own)
            last, retracted = place, None
        self.ends(t, last, retracted, own)

    def joins_up(self, t, last, place, own):
        between = self.history[last + 1:place]
        if place <= last or any(text not in own for _, text in between):
            self.say("no hole", t.name, "%s, then %s" % (
                self.history[last], self.history[place]))

    def ends(self, t, last, retracted, own):
        if t.closed is not None or t.form == POST:
            return
        if retracted is not None:
            self.say("taken back", t.name, "%r, and no gap" % retracted)
        elif last is not None:
            rest = [text for _, text in self.history[last + 1:]
                    if text not in own]
            if rest:
                self.say("no hole", t.name, "the last %d, from %r on" % (
                    len(rest), rest[0]))

    # -- who says --

    def speaker(self, t, heard):
        places = [self.place[s] for s in t.said if s in self.place]
        if places != sorted(places) and not self.forgets:
            self.say("in order", t.name, "%s is before %s" % next(
                (self.history[b], self.history[a])
                for a, b in zip(places, places[1:]) if b < a))
        for text, id_ in t.told.items():
            if self.names.setdefault(id_, text) != text or (
                    not self.loses and (text not in self.place or
                                        self.kept[text] != id_)):
                self.say("told", t.name, "%r is %s" % (text, id_))
        for text in t.refused:
            if text in self.place or text in heard:
                self.say("told", t.name, "%r was refused" % text)
        if t.closed is None and t.form != POST and not self.forgets:
            left = [s for s in t.said if s not in self.place and not (
                self.loses and s in heard)]
            if left:
                self.say("said", t.name, "%d are nowhere, the first is %r" % (
                    len(left), left[0]))


def check(transcripts, history, loses=False, forgets=False):
    """Sentences on what is wrong: none, if all is well."""
    return Check(transcripts, history, loses, forgets).run()
