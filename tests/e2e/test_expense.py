# SPDX-License-Identifier: MIT
"""Nobody waits for somebody else's replay, pace, flood or number. The
contract's "Nobody at others' expense"; what is kept in buffers is in
test_leases.py.

Each test has its attackers beside honest members, and asks for order and
counts: the honest line has come while the attack stands, and before so many
echoes of a witness (greedy.py). Options are the default ones, unless said."""

import re
import resource
import selectors
import socket
import time
import unittest

from greedy import (AT_ONCE, Drip, Flood, Joiners, Witness,
                    fill_history, fill_until_held, has_come)
from support import (BINARY, CLOSE, PATIENCE, PING, PONG, SLOW, TEXT, WARNING,
                     ServerCase, WebSocket, close_payload, frame, load,
                     until_true, upgrade_headers)

GUARD = 5 * SLOW            # seconds: something hangs, it is not slow
LOG = 1 << 20               # bytes, --room-log
KB = 1024
LONG = b"x" * 30000         # what floods are made of


class ExpenseCase(ServerCase):

    def witness(self, server):
        witness = Witness(server)
        self.addCleanup(witness.close)
        return witness

    def act(self, actor):
        """Starts one; it is stopped before its sockets are closed."""
        self.addCleanup(actor.stop)
        actor.start()
        return actor

    def slow(self, server, path, rate, keep=False):
        """A member that reads so many bytes a second."""
        ws = self.ws(server, path, rcvbuf=16384, answer=False)
        return self.act(Drip(ws, rate, keep))

    def flood(self, ws, rate=5 << 20, message=frame(BINARY, LONG)):
        return self.act(Flood(ws, message, rate))

    def quick(self, server, path):
        """A member that reads all there is, at once."""
        return self.act(Drip(self.ws(server, path, answer=False), 1 << 30))

    def assert_talks(self, witness, speaker, listeners, lines, pause=0.05):
        """Its lines come to itself and to the others, each at once."""
        for i in range(lines):
            line = b"line %d." % i
            speaker.text(line)
            for ws in [speaker, *listeners]:
                self.assertTrue(witness.hears(ws, line),
                                "line %d waited for %d echoes" %
                                (i, AT_ONCE))
            time.sleep(pause)


# ---- replayers --------------------------------------------------------------

class Replayers(ExpenseCase):
    """Those who come with ?history= or ?since= are behind by their own wish,
    and read it, or do not, as they like."""

    def beside(self, query, drip):
        """Honest lines while three join, one every 0.3 seconds, and take
        nothing of a full log, or a little of it."""
        server = self.start()
        witness = self.witness(server)
        first = fill_history(server, "tea", 1)
        fill_history(server, "tea")
        speaker = self.ws(server, "/chat/tea")
        listener = self.ws(server, "/ws/tea")
        joiners = self.act(Joiners(
            server, "/ws/tea?" + query.replace("FIRST", first), every=0.3,
            drip=drip, keep=3))
        until_true(lambda: joiners.joins)
        while joiners.joins < 3:
            self.assert_talks(witness, speaker, [listener], 5)
            self.assertIsNone(joiners.lost)

    # "An honest line in a room of ordinary talk reaches every member that
    # reads [...], whoever joins, replays, stalls or drips."
    def test_joins_with_history_that_read_nothing(self):
        self.beside("history=100", 0)

    # the same
    def test_joins_with_since_that_read_nothing(self):
        self.beside("since=FIRST", 0)

    # the same: 1/8 of the log a second is progress
    def test_joins_with_history_that_drip(self):
        self.beside("history=100", 130 * KB)

    # "A replayer never counts."
    def test_a_room_of_replayers_holds_no_sender(self):
        """Five of them drip, and are all the others there are. Three logs of
        messages come back to their sender all the same; at the replayers'
        pace that takes half a minute."""
        server = self.start()
        fill_history(server, "tea")
        replayers = [self.ws(server, "/ws/tea?history=100", rcvbuf=16384,
                             answer=False) for _ in range(5)]
        drips = [self.act(Drip(ws, 130 * KB)) for ws in replayers]
        time.sleep(0.2)
        flood = self.flood(self.ws(server, "/chat/tea"))

        def back():
            """three logs have come back to their sender"""
            return flood.got > 3 * LOG
        until_true(back, GUARD)
        self.assertLess(max(d.taken for d in drips), LOG)


# ---- a slow reader beside a flood -------------------------------------------

class Minority(ExpenseCase):
    """One member reads slower than another one floods the room."""

    def beside(self, rate):
        """Twenty honest lines. Should the slow one be sent away, the next
        one comes in its place."""
        server = self.start()
        witness = self.witness(server)
        speaker = self.ws(server, "/chat/tea")
        quick = self.quick(server, "/chat/tea")
        slow = self.slow(server, "/chat/tea", rate)
        flood = self.flood(self.ws(server, "/chat/tea"), 3 << 20)
        for i in range(20):
            until = time.monotonic() + 0.1
            while time.monotonic() < until:
                has_come(speaker, b"\0")
            line = b"line %d." % i
            speaker.text(line)
            self.assertTrue(witness.hears(speaker, line),
                            "line %d waited for %d echoes" % (i, AT_ONCE))
            if slow.lost:
                slow = self.slow(server, "/chat/tea", rate)
        self.assertIsNone(quick.lost)
        self.assertIsNone(flood.lost)

    # "Only such a sender is held, and only while more than half of the
    # members other than itself are over 1/2 log behind": one is not.
    def test_honest_lines_beside_a_reader_of_64_kb_a_second(self):
        self.beside(70 * KB)

    # the same
    def test_honest_lines_beside_a_reader_of_200_kb_a_second(self):
        self.beside(200 * KB)

    # the same
    def test_honest_lines_beside_a_reader_of_400_kb_a_second(self):
        self.beside(400 * KB)

    # the same, for the flooding sender itself
    def test_one_slow_reader_does_not_hold_the_flood(self):
        """Four logs come back to their sender; the slow one has had less
        than one of them."""
        server = self.start()
        quick = self.quick(server, "/ws/tea")
        slow = self.slow(server, "/chat/tea", 100 * KB)
        flood = self.flood(self.ws(server, "/chat/tea"))

        def back():
            """four logs have come back to their sender"""
            return flood.got > 4 * LOG
        until_true(back, GUARD)
        self.assertLess(slow.taken, LOG)
        self.assertIsNone(quick.lost)

    # "In a room flooded faster than a minority reads, that minority is
    # closed 1013 (?since= resumes)."
    def test_the_minority_is_closed_and_comes_back(self):
        """By overrun, with 1013 where a frame has ended. ?since= then gives
        what follows, or says by a gap that it cannot; and it goes on."""
        server = self.start()
        quick = self.quick(server, "/chat/tea")
        slow = self.slow(server, "/ws/tea", 100 * KB, keep=True)
        sender = self.ws(server, "/chat/tea")
        flood = self.flood(sender, message=frame(TEXT, LONG))
        line = server.wait_log(r"event=close .*cause=overrun", 0, GUARD)
        self.assertRegex(line, r"by=server .*path=/ws/tea\b")
        flood.stop()
        until_true(lambda: slow.lost, GUARD)
        self.assertIsNone(quick.lost)
        # The last but one was whole.
        ids = re.findall(rb'"id":"([0-9a-f]+-\d+)"', slow.kept)
        last = ids[-2].decode()
        back = self.ws(server, "/ws/tea?since=" + last, protocols="chatd.v1")
        self.follows(back, last)

    def follows(self, ws, last):
        """Every message from there to the welcome's last one comes once and
        in order, after a gap from further on."""
        welcome = ws.recv_json()
        self.assertEqual(welcome["event"], "welcome")
        at, gap = int(last.split("-")[1]), False
        while at < int(welcome["last"].split("-")[1]):
            got = ws.recv_json()
            if got.get("event") == "gap":
                gap = True
            elif "id" in got:
                number = int(got["id"].split("-")[1])
                if gap:
                    self.assertGreater(number, at)
                    gap = False
                else:
                    self.assertEqual(number, at + 1)
                at = number


class Stopped(ExpenseCase):
    """A member that is stopped, or does not read."""

    # "... reaches every member that reads, whoever [...] stalls."
    def test_the_next_line_of_everybody_goes_on(self):
        """A log's worth of long lines, one at a time, beside one that takes
        nothing: each of them at once, before and after its end."""
        server = self.start()
        witness = self.witness(server)
        self.ws(server, "/chat/tea", rcvbuf=4096, answer=False)
        speaker = self.ws(server, "/chat/tea")
        listener = self.ws(server, "/ws/tea")
        for i in range(LOG // len(LONG) + 12):
            line = b"line %d." % i
            speaker.text(line + LONG)
            for ws in speaker, listener:
                self.assertTrue(witness.hears(ws, line),
                                "line %d waited for %d echoes" %
                                (i, AT_ONCE))
        server.wait_log(r"event=close .*cause=overrun", 0, GUARD)

    # "... over 1/2 log behind and take 1/16 log a second": these do not.
    def test_a_stopped_majority_does_not_hold_a_flood_for_long(self):
        """Three logs come back to their sender; all others are stopped."""
        server = self.start()
        for _ in range(3):
            self.ws(server, "/chat/tea", rcvbuf=4096, answer=False)
        flood = self.flood(self.ws(server, "/chat/tea"))

        def back():
            """three logs have come back to their sender"""
            return flood.got > 3 * LOG
        until_true(back, GUARD)

    # "only such a sender is held"
    def test_small_talk_goes_on_where_most_are_stopped(self):
        """Three of four others take nothing, and somebody fills the log: the
        lines of the fourth go on at once."""
        server = self.start()
        witness = self.witness(server)
        for _ in range(3):
            self.ws(server, "/chat/tea", rcvbuf=4096, answer=False)
        speaker = self.ws(server, "/chat/tea")
        filler = self.ws(server, "/chat/tea")
        for i in range(LOG // len(LONG)):
            line = b"line %d." % i
            filler.binary(b"fill %d." % i + LONG)
            speaker.text(line)
            self.assertTrue(witness.hears(speaker, line),
                            "line %d waited for %d echoes" % (i, AT_ONCE))
            self.assertTrue(witness.hears(filler, b"fill %d." % i, 20000))


# ---- when the majority is slow ----------------------------------------------

class SlowRoom(ExpenseCase):
    """Most members are slow, but take their sixteenth of the log a second and
    more: who floods the room waits for them, and nobody else does."""

    def slow_room(self, rate=120 * KB, keep=False):
        """Five slow members; a server and a witness."""
        server = self.start()
        witness = self.witness(server)
        slow = [self.slow(server, "/chat/tea", rate, keep) for _ in range(5)]
        return server, witness, slow

    def held_room(self):
        """The same, and an honest member of each form; somebody floods the
        room and is held, and goes on."""
        server, witness, slow = self.slow_room()
        plain = self.ws(server, "/chat/tea")
        json = self.ws(server, "/ws/tea")
        sender = self.ws(server, "/chat/tea")
        fill_until_held(witness, sender, LONG + LONG, [plain, json])
        self.flood(sender)
        return witness, plain, json, slow


class Majority(SlowRoom):
    """The others in such a room."""

    # "A sender fills a log while more than 1/8 of it is its own and not yet
    # taken [...]; only such a sender is held, [...] while more than half of
    # the members other than itself are over 1/2 log behind".
    def test_the_flood_is_held_and_nobody_is_lost(self):
        """Twice the log, and each member, slow or quick, gets every byte of
        it."""
        server, witness, slow = self.slow_room(rate=600 * KB, keep=True)
        quick = self.ws(server, "/chat/tea")
        everybody = [*slow, self.act(Drip(quick, 1 << 30, keep=True))]
        sender = self.ws(server, "/chat/tea")
        said = b"".join(frame(BINARY, b"%06d" % i + LONG, masked=False)
                        for i in range(2 * LOG // len(LONG)))
        flood = Flood(sender, b"".join(
            frame(BINARY, b"%06d" % i + LONG)
            for i in range(2 * LOG // len(LONG))), 5 << 20)
        # Once, not again and again.
        flood.write = lambda: (flood.sent < len(flood.message) and
                               Flood.write(flood))
        self.act(flood)

        def all_have_it():
            """everybody has every byte"""
            return all(len(d.kept) >= len(said) for d in everybody)
        until_true(all_have_it, PATIENCE + GUARD)
        for drip in everybody:
            self.assertEqual(bytes(drip.kept), said)
        self.assertEqual(flood.got, len(said))
        self.assertFalse([x for x in server.lines if "event=close" in x])

    # "only such a sender is held": not one with less than 1/8 of the log
    def test_honest_lines_beside_a_flood_that_is_held(self):
        witness, plain, json, slow = self.held_room()
        plain.binary(b"a photo" + LONG + LONG)
        self.assertTrue(witness.hears(plain, b"a photo"))
        self.assert_talks(witness, plain, [json], 5, pause=0)
        json.json(message="one of json's")
        self.assertTrue(witness.hears(plain, b"one of json's"))
        self.assertFalse([d.lost for d in slow if d.lost])

    # "Control frames, Close and {"ping":N} wait for nobody else's messages."
    def test_an_honest_ping_frame(self):
        witness, plain, json, _ = self.held_room()
        for ws in plain, json:
            ws.send_frame(PING, b"there?")
            self.assertTrue(witness.turns(
                lambda ws=ws: has_come(ws, b"\0") or b"there?" in ws.pongs))

    # the same
    def test_an_honest_ping_in_json(self):
        witness, _, json, _ = self.held_room()
        json.json(ping=1)
        self.assertTrue(witness.hears(json, b'{"pong":1}'))

    # the same
    def test_an_honest_close(self):
        """It comes behind what the room has said up to then, which a quick
        member has at once."""
        witness, plain, json, _ = self.held_room()
        for ws in plain, json:
            ws.send_frame(CLOSE, close_payload(1000))
            self.assertTrue(witness.hears(ws, close_payload(1000)))


class Held(SlowRoom):
    """The flooding sender itself: it has a message of its own held."""

    def held(self, keep=False):
        server, witness, slow = self.slow_room(keep=keep)
        sender = self.ws(server, "/chat/tea")
        count = fill_until_held(witness, sender, LONG + LONG)
        return witness, slow, sender, b"%06d" % count

    def assert_all_hear(self, slow, tag):
        """The message that was held comes to everybody in the end."""
        def heard():
            """everybody has heard the message"""
            return all(tag in d.kept for d in slow)
        until_true(heard, PATIENCE + GUARD)

    # "A client with a message of its own held is read on to its next data
    # frame: control frames and Close up to there are answered": those in
    # front of the message, when the room waits already.
    def test_its_pings_between_messages_are_answered(self):
        server, witness, _ = self.slow_room()
        sender = self.ws(server, "/chat/tea")
        for n in range(80):
            sender.binary(b"%06d" % n + LONG + LONG)
            if not witness.hears(sender, b"%06d" % n, 200):
                return              # held, and each ping has been answered
            sender.send_frame(PING, b"%d" % n)
            self.assertTrue(witness.turns(
                lambda n=n: has_come(sender, b"\0") or
                b"%d" % n in sender.pongs), "ping %d" % n)
        self.fail("was never held")

    # the same: those behind the message
    def test_a_ping_behind_the_held_message_is_answered(self):
        witness, _, sender, tag = self.held()
        sender.send_frame(PING, b"there?")
        self.assertTrue(witness.turns(
            lambda: has_come(sender, tag) or b"there?" in sender.pongs))
        self.assertIn(b"there?", sender.pongs)

    # the same, and "a message taken is published even if its sender has gone"
    def test_a_close_behind_the_held_message_is_answered(self):
        witness, slow, sender, tag = self.held(keep=True)
        sender.send_frame(CLOSE, close_payload(1000))
        self.assertTrue(witness.hears(sender, close_payload(1000)))
        sender.close()
        self.assert_all_hear(slow, tag)

    # "A message taken is published even if its sender has gone."
    def test_a_message_is_published_though_its_sender_was_reset(self):
        """The pong says that the message before the ping was taken."""
        witness, slow, sender, tag = self.held(keep=True)
        sender.send_frame(PING, b"taken?")
        self.assertTrue(witness.turns(
            lambda: has_come(sender, tag) or b"taken?" in sender.pongs))
        sender.reset()
        self.assert_all_hear(slow, tag)

    # the same: its end of stream comes right behind the message
    def test_a_message_is_published_though_its_sender_ends(self):
        witness, slow, sender, tag = self.held(keep=True)
        sender.shut()
        for _ in range(10):
            witness.turn()
        self.assert_all_hear(slow, tag)

    # "Time in which the server itself does not read a client counts for
    # neither this nor --pong-timeout."
    def test_its_pongs_that_are_not_read_are_no_silence(self):
        """It is held for longer than --ping and --pong-timeout together, and
        has more to say, behind which its pongs wait."""
        server = self.start("--ping", "0.3", "--pong-timeout", "0.5")
        witness = self.witness(server)
        for _ in range(3):
            ws = self.ws(server, "/chat/tea", rcvbuf=16384)
            self.act(Ponging(ws, 130 * KB))
        sender = self.ws(server, "/chat/tea")
        fill_until_held(witness, sender, LONG + LONG)
        for n in range(3):
            sender.binary(b"and %d." % n + LONG)
        self.assertTrue(witness.hears(sender, b"and 2.", 1 << 30))
        self.assertNotIn("pong-timeout", server.stderr_text())


class Ponging(Drip):
    """A slow reader that sends a pong now and then, asked or not."""

    def act(self):
        self.ws.send_frame(PONG, b"")
        super().act()


# ---- many -------------------------------------------------------------------

class Member:
    """One of thousands: a connection, and what has come for it."""

    def __init__(self, server, path, fields):
        self.sock = socket.create_connection((server.host, server.port),
                                             PATIENCE)
        self.sock.sendall("\r\n".join(
            ["GET %s HTTP/1.1" % path, "Host: x",
             *upgrade_headers(extra=fields), "", ""]).encode())
        self.buffer = bytearray()

    def enter(self):
        """Its handshake is done."""
        while b"\r\n\r\n" not in self.buffer:
            data = self.sock.recv(4096)
            if not data:
                raise AssertionError("no upgrade: %r" % self.buffer)
            self.buffer += data
        head, _, self.buffer = self.buffer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            raise AssertionError("no upgrade: %r" % head)


class Many(ExpenseCase):
    """Rooms so large that to reach everybody is more than a turn's work."""

    def setUp(self):
        super().setUp()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.addCleanup(resource.setrlimit, resource.RLIMIT_NOFILE,
                        (soft, hard))
        self.most = hard - 200

    def members(self, server, path, count, *fields):
        """So many, as far as files last; whoever came first is first."""
        count = min(load(count), self.most)
        members = []
        while len(members) < count:
            some = [Member(server, path, fields)
                    for _ in range(min(500, count - len(members)))]
            members += some
            for one in some:
                self.addCleanup(one.sock.close)
            for one in some:
                one.enter()
        return members

    def spread(self, witness, sockets):
        """Echoes that came back between the first and the last of some
        members hearing something; they have heard nothing since."""
        waiting = selectors.DefaultSelector()
        self.addCleanup(waiting.close)
        for ws in sockets:
            waiting.register(ws.sock, selectors.EVENT_READ)
        between, until = 0, time.monotonic() + PATIENCE
        while waiting.get_map():
            for key, _ in waiting.select(0):
                waiting.unregister(key.fileobj)
            if 0 < len(waiting.get_map()) < len(sockets):
                between += 1
            self.assertLess(time.monotonic(), until, "not everybody hears it")
            witness.turn()
        return between

    def read_all(self, sockets):
        """Throws away what has come, until nothing comes any more."""
        with selectors.DefaultSelector() as ready:
            for ws in sockets:
                ws.sock.setblocking(False)
                ready.register(ws.sock, selectors.EVENT_READ)
            while some := ready.select(0.1):
                for key, _ in some:
                    self.assertTrue(key.fileobj.recv(1 << 18))

    def best(self, rounds, once, enough):
        """A machine may look away at the wrong moment, but not each time."""
        seen = []
        for i in range(rounds):
            seen.append(once(i))
            if seen[-1] >= enough:
                return
        self.fail("echoes between the first and the last: %s" % seen)

    # "With default options no turn costs more than 25 ms by limits.h".
    def test_echoes_come_back_while_much_is_written_to_many(self):
        """Four messages of 60,000 bytes at once to 3,000 members cost some
        80 ms and more, four turns: between the first member and the last,
        echoes come back."""
        server = self.start("--ping", "0")
        witness = self.witness(server)
        sender = self.ws(server, "/chat/big")
        members = self.members(server, "/chat/big", 3000)
        some = members[::max(1, len(members) // 20)] + members[-1:]

        def once(_):
            sender.sock.settimeout(PATIENCE)
            sender.send(frame(BINARY, b"x" * 60000) * 4)
            seen = self.spread(witness, some)
            self.read_all(members + [sender])
            return seen
        self.best(5, once, 3 if len(members) == 3000 else 0)

    # the same, of tellings; and every member is told the last number
    def test_tellings_to_many_are_spread_and_come_to_everybody(self):
        """To tell 9,000 costs 27 ms and more."""
        server = self.start("--ping", "0")
        witness = self.witness(server)
        members = self.members(server, "/ws/many", 9000,
                               "Sec-WebSocket-Protocol: chatd.v1")
        some = members[::max(1, len(members) // 20)] + members[-1:]
        guests = []
        # Whoever came was told so, the last of them in a second's time.
        self.all_are_told(members, len(members))

        def once(i):
            if i % 2:
                guests.pop().close()
            else:
                guests.append(self.ws(server, "/ws/many"))
            seen = self.spread(witness, some)
            self.all_are_told(members, len(members) + len(guests))
            return seen
        self.best(4, once, 2 if len(members) == 9000 else 0)

    def all_are_told(self, members, number):
        """The last number that each is told, by the welcome or an event, is
        this one."""
        left = selectors.DefaultSelector()
        self.addCleanup(left.close)
        for ws in members:
            ws.sock.setblocking(False)
            if not self.is_told(ws, number):
                left.register(ws.sock, selectors.EVENT_READ, ws)
        until = time.monotonic() + PATIENCE
        while left.get_map():
            self.assertLess(time.monotonic(), until, "%d are not told %d" %
                            (len(left.get_map()), number))
            for key, _ in left.select(0.1):
                data = key.fileobj.recv(1 << 16)
                self.assertTrue(data, "a member was sent away")
                key.data.buffer += data
                if self.is_told(key.data, number):
                    left.unregister(key.fileobj)

    @staticmethod
    def is_told(ws, number):
        told = re.findall(rb'"members":(\d+)[,}]', ws.buffer)
        if not told or int(told[-1]) != number:
            return False
        del ws.buffer[:]
        return True


# ---- one address ------------------------------------------------------------

class Address(ExpenseCase):

    # "Taking all slots [...] is what --per-ip and a firewall are for; once is
    # warned when one address holds over half the slots."
    def test_one_warning_when_an_address_holds_over_half(self):
        server = self.start("--clients", "20")

        def warnings():
            self.assert_serves(server)      # whatever is said was said
            return sum(1 for x in server.lines
                       if WARNING.search(x) and "suppressed" not in x)
        some = [self.ws(server, source="127.0.0.2") for _ in range(9)]
        self.assertEqual(warnings(), 0)
        some += [self.ws(server, source="127.0.0.2") for _ in range(3)]
        until_true(lambda: warnings() == 1, GUARD, 0.05)
        some += [self.ws(server, source="127.0.0.2") for _ in range(3)]
        for ws in some:
            ws.leave()
        for _ in range(12):
            WebSocket(server, source="127.0.0.2").leave()
        self.assertEqual(warnings(), 1)


if __name__ == "__main__":
    unittest.main()
