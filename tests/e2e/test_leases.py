# SPDX-License-Identifier: MIT
"""Nobody is refused for what others leave unfinished: buffers and contexts,
for how long one may keep them, and whose are taken back. The contract's
"Nobody at others' expense"; whom a room waits for is in test_expense.py.

The attackers come from 127.0.0.2, the honest from other addresses. Everything
is asked while the attack stands."""

import threading
import time
import unittest

from deflated import RSV1, Deflated, shrink
from greedy import (LOST, Actor, Crowd, Drip, Witness, begin_message,
                    has_come, say_in_pieces)
from support import (BINARY, CONT, PATIENCE, PING, SLOW, TEXT, ServerCase,
                     WebSocket, frame, until_true)

GUARD = 5 * SLOW            # seconds: something hangs, it is not slow
APART = 0.003               # seconds: one has begun before another
EVIL, OTHER = "127.0.0.2", "127.0.0.3"
HALF = shrink(b"what was begun and not ended")[:8]
KB = 1024


class LeaseCase(ServerCase):

    def act(self, actor):
        """Starts one; it is stopped before its sockets are closed."""
        self.addCleanup(actor.stop)
        actor.start()
        return actor

    def witness(self, server):
        witness = Witness(server)
        self.addCleanup(witness.close)
        return witness

    def half_senders(self, server, count, source=EVIL, path="/chat/evil"):
        """So many who have begun a message, the oldest first. Some may have
        been closed meanwhile."""
        senders = [self.ws(server, path, source=source)
                   for _ in range(count)]
        for ws in senders:
            ws.send_frame(TEXT, "x", fin=False)
            time.sleep(APART)
        return senders

    def assert_in_pieces(self, server, times):
        """A newcomer says messages in pieces, and one asks in two
        segments."""
        honest = self.ws(server, "/chat/tea", source=OTHER)
        witness = self.witness(server)
        for i in range(times):
            text = b"in pieces, %d" % i
            say_in_pieces(honest, text)
            self.assertEqual(honest.recv_text().encode(), text)
            self.assert_request_in_two(server, witness)
        honest.leave()

    def assert_request_in_two(self, server, witness):
        with self.peer(server, source=OTHER) as peer:
            request = peer.request("/healthz")
            peer.send(request[:10])
            for _ in range(3):          # it has been read
                witness.turn()
            peer.send(request[10:])
            self.assertEqual(peer.response().status, 200)


# ---- unfinished messages ----------------------------------------------------

class Unfinished(LeaseCase):
    """Buffers that hold the beginning of something."""

    # "When buffers [...] run out, the oldest unfinished one of the address
    # that holds most of them is ended: 1013": nobody else is.
    def test_half_sent_messages_keep_nobody_out(self):
        """More than there are buffers for, and their pings are answered."""
        server = self.start("--ping", "1", "--pong-timeout", "3")
        evil = self.act(Crowd(self.half_senders(server, 260)))
        until_true(lambda: len(evil.ends) >= 4, GUARD)
        self.assert_in_pieces(server, 20)
        self.assertGreater(evil.open(), 100)
        self.assertEqual(set(evil.codes()), {1013})

    # the same: which ones, and in which order
    def test_the_oldest_of_the_address_that_holds_most_is_ended(self):
        """Two of another address are older than all; eighteen of one address
        are more than 16 buffers hold. Whoever was ended had begun first;
        who is left ends what it has begun."""
        server = self.start("--buffers", "16")
        others = self.half_senders(server, 2, OTHER, "/chat/other")
        evil = self.half_senders(server, 18)
        crowd = self.act(Crowd(evil))
        until_true(lambda: len(crowd.ends) >= 4, GUARD)
        self.assert_in_pieces(server, 3)
        crowd.stop()
        self.assertEqual(crowd.who(), list(range(len(crowd.ends))))
        self.assertEqual(set(crowd.codes()), {1013})
        for ws in others + evil[len(crowd.ends):]:
            ws.send_frame(CONT, "!")
            self.assertEqual(ws.recv_text(), "x!")

    # the same: "a request 503"
    def test_half_sent_requests_keep_nobody_out(self):
        """The oldest are answered 503; who is left ends what it has
        begun."""
        server = self.start("--buffers", "16", "--handshake-timeout", "60")
        witness = self.witness(server)
        evil = [self.peer(server, source=EVIL) for _ in range(20)]
        for peer in evil:
            peer.send(b"GET /healthz HT")
            witness.turn()
            time.sleep(APART)
        for _ in range(3):
            self.assert_request_in_two(server, witness)
        ended = [self.has_answer(peer) for peer in evil]
        count = sum(ended)
        self.assertGreater(count, 3)
        self.assertEqual(ended, [True] * count + [False] * (20 - count))
        for peer in evil[:count]:
            self.assertEqual(peer.response().status, 503)
        for peer in evil[count:]:
            peer.send(b"TP/1.1\r\nHost: x\r\n\r\n")
            self.assertEqual(peer.response().status, 200)

    @staticmethod
    def has_answer(peer):
        try:
            peer.fill(1, 0.05)
            return True
        except TimeoutError:
            return False

    # "of the address (IPv6: /64) that holds most of them"
    def test_a_64_is_one_address(self):
        """Twelve of one /64, an address each, hold more than three of an
        IPv4 address. The PROXY header says who they are."""
        server = self.start("--buffers", "16", "--proxy-protocol")

        def comes(who):
            ws = Proxied(server, who)
            self.addCleanup(ws.close)
            return ws
        others = [comes("TCP4 192.0.2.7 192.0.2.1 %d 80" % (i + 1))
                  for i in range(3)]
        evil = [comes("TCP6 2001:db8:0:1::%x 2001:db8::1 1 80" % (i + 1))
                for i in range(12)]
        for ws in others + evil:
            ws.send_frame(TEXT, "x", fin=False)
            time.sleep(APART)
        crowd = self.act(Crowd(evil))
        honest = comes("TCP4 192.0.2.9 192.0.2.1 9 80")
        say_in_pieces(honest, b"in pieces")
        self.assertEqual(honest.recv_text(), "in pieces")
        crowd.stop()
        self.assertEqual(crowd.who(), list(range(len(crowd.ends))))
        for ws in others + evil[len(crowd.ends):]:
            ws.send_frame(CONT, "!")
            self.assertEqual(ws.recv_text(), "x!")


class Proxied(WebSocket):
    """One whose address a PROXY header tells."""

    def __init__(self, server, who):
        self.who = who
        super().__init__(server, "/chat/" + who.split()[1])

    def request(self, *args, **more):
        return b"PROXY %s\r\n" % self.who.encode() + super().request(
            *args, **more)


class MessageTimeout(LeaseCase):
    """--message-timeout: from a message's first byte to its last."""

    # "An unfinished message that holds a buffer [...] has --message-timeout
    # from its first byte to its last, or 1008 and an end."
    def test_it_is_1008_and_an_end(self):
        """However it was begun, and though pings are answered. Not before
        the time."""
        server = self.start("--message-timeout", "1", "--ping", "0.4",
                            "--pong-timeout", "3")
        whole = frame(TEXT, b"a whole message")
        began = time.monotonic()
        some = [(self.ws(server, path), data) for path, data in (
            ("/chat/r", frame(TEXT, "x", fin=False)),       # a fragment
            ("/ws/r", whole[:9]),                           # half a payload
            ("/chat/r", whole[:1]),                         # half a header
            ("/chat/r", frame(TEXT, "", fin=False) +        # a ping between
             frame(PING, b"?") + frame(CONT, b"x", fin=False)))]
        for ws, data in some:
            ws.send(data)
        for ws, _ in some:
            self.assertEqual(ws.recv_close(GUARD)[0], 1008)
            self.assertGreater(time.monotonic() - began, 0.9)

    # the same, of "any compressed one": of an echo, too
    def test_a_compressed_one_is_1008_everywhere(self):
        server = self.start("--message-timeout", "1")
        some = []
        for path in "/echo", "/chat/r", "/ws/r":
            some.append(Deflated(server, path))
            self.addCleanup(some[-1].close)
            some[-1].send_frame(TEXT, HALF, fin=False, rsv=RSV1)
        for ws in some:
            while (got := ws.recv_frame(GUARD)).opcode == TEXT:
                pass            # what an echo has inflated so far
            self.assertEqual((got.opcode, got.payload[:2]),
                             (8, b"\x03\xf0"))

    # "from its first byte to its last"
    def test_bytes_do_not_reset_the_time(self):
        server = self.start("--message-timeout", "1")
        ws = self.ws(server, "/chat/r")
        ws.send_frame(TEXT, "x", fin=False)
        stop = threading.Event()

        def drip():
            while not stop.wait(0.1):
                try:
                    ws.send(frame(CONT, "x", fin=False))
                except OSError:
                    return
        thread = threading.Thread(target=drip, daemon=True)
        thread.start()
        self.addCleanup(thread.join, PATIENCE)
        self.addCleanup(stop.set)
        self.assertEqual(ws.recv(GUARD)[1][:2], b"\x03\xf0")

    # the same: each message has its own time, and between two there is none
    def test_each_message_has_its_own(self):
        """Three in pieces with pauses together longer than the time, a
        silence, and one more; an echo may take as long as it likes."""
        server = self.start("--message-timeout", "1")
        ws = self.ws(server, "/chat/r")
        echo = self.ws(server)
        echo.send_frame(TEXT, "long ", fin=False)
        for pause in 0.5, 0.5, 0.5, 1.3:
            ws.send_frame(TEXT, "a", fin=False)
            if pause < 1:
                time.sleep(pause)
            ws.send_frame(CONT, "b")
            self.assertEqual(ws.recv_text(), "ab")
            if pause > 1:
                time.sleep(pause)
        ws.text("still here")
        self.assertEqual(ws.recv_text(), "still here")
        echo.send_frame(CONT, "ago")
        self.assertEqual(echo.recv_text(), "long ago")

    # "Time in which the server itself does not read a client counts for
    # neither this nor --pong-timeout."
    def test_time_in_which_it_is_not_read_does_not_count(self):
        """It has begun a message, takes nothing of what its room says, and
        so is not read; the rest of its message and its pongs wait. When it
        takes bytes again, all is well."""
        server = self.start("--message-timeout", "1", "--ping", "0.3",
                            "--pong-timeout", "0.7", "--write-timeout", "60")
        ws = self.ws(server, "/chat/r", rcvbuf=4096)
        other = self.ws(server, "/chat/r")
        begin_message(ws, b"begun and ")
        count = 20
        for i in range(count):          # more than its kernel's buffers hold
            other.binary(b"%02d" % i + b"x" * 20000)
            self.assertTrue(other.recv()[1].startswith(b"%02d" % i))
        ws.send(frame(CONT, b"ended") + frame(10, b""))
        until = time.monotonic() + 2.5
        while time.monotonic() < until:     # the other answers its pings
            has_come(other, b"\0")
            time.sleep(0.05)
        for i in range(count):
            self.assertEqual(ws.recv(), (BINARY, b"%02d" % i + b"x" * 20000))
        self.assertEqual(ws.recv_text(), "begun and ended")
        self.assertEqual(other.recv_text(), "begun and ended")


class Contexts(LeaseCase):
    """Contexts to inflate: there are fewer of them than buffers."""

    # "When buffers or inflate contexts run out, the oldest unfinished one of
    # the address that holds most of them is ended: 1013".
    def test_half_compressed_messages_keep_nobody_out(self):
        for path in "/chat/evil", "/echo":
            with self.subTest(path=path):
                self.beside_half_compressed(path)

    def beside_half_compressed(self, path):
        server = self.start()
        evil = []
        for _ in range(70):             # a quarter of 256 and one, and five more
            evil.append(Deflated(server, path, source=EVIL))
            self.addCleanup(evil[-1].close)
            evil[-1].send_frame(TEXT, HALF, fin=False, rsv=RSV1)
            time.sleep(APART)
        crowd = self.act(Crowd(evil))
        until_true(lambda: len(crowd.ends) >= 5, GUARD)
        honest = Deflated(server, "/chat/tea", source=OTHER)
        self.addCleanup(honest.close)
        for i in range(10):
            text = b"compressed, in pieces, %d. " % i * 20
            packed = shrink(text)
            begin_message(honest, packed[:9], rsv=RSV1)
            honest.send_frame(CONT, packed[9:])
            self.assertEqual(honest.recv(), (TEXT, text))
        crowd.stop()
        self.assertEqual(crowd.who(), list(range(len(crowd.ends))))
        self.assertEqual(set(crowd.codes()), {1013})
        self.assertGreater(crowd.open(), 30)


# ---- output -----------------------------------------------------------------

class Feed(Drip):
    """An echo client that says as much as is taken, and reads so many bytes
    a second of what comes back."""

    blob = frame(BINARY, b"x" * 60000)

    def __init__(self, ws, rate):
        super().__init__(ws, rate)
        self.sent = 0

    def act(self):
        try:
            while True:
                self.sent += self.ws.sock.send(
                    self.blob[self.sent % len(self.blob):])
        except BlockingIOError:
            pass
        super().act()


class Output(LeaseCase):
    """Buffers that hold what a client does not take."""

    # "Nobody else waits, is refused or is closed."
    def test_slow_echoes_keep_nobody_out(self):
        """300 clients who each read 15 KB a second of an echo without end.
        A newcomer's messages in pieces, requests in two segments, and an
        echo that is read late go on."""
        server = self.start()
        pool = self.act(Feeds([
            Feed(self.ws(server, source=EVIL, rcvbuf=4096, sndbuf=65536),
                 15 * KB) for _ in range(300)]))
        # All have more to take than their kernels hold, and take.
        until_true(lambda: all(f.sent > 150 * KB and f.taken > 0 or f.lost
                               for f in pool.feeds), PATIENCE)
        self.assert_in_pieces(server, 20)
        echo = self.ws(server, source=OTHER)
        for i in range(5):
            said = b"%d" % i * (400 * KB)
            sender = threading.Thread(target=echo.binary, args=(said,),
                                      daemon=True)
            sender.start()
            time.sleep(0.1)
            self.assertEqual(echo.recv(), (BINARY, said))
            sender.join(PATIENCE)
        self.assertGreater(sum(1 for f in pool.feeds if not f.lost), 100)

    # "Output in a leased buffer: in each --write-timeout the peer
    # acknowledges 1 KiB a second [...] or is too slow. A room member without
    # one: any acknowledged byte, until overrun."
    def test_less_than_1_kib_a_second_is_too_slow_for_a_buffer(self):
        """Two who read 700 bytes a second, which are acknowledged about every
        three seconds: the echo goes, the member stays."""
        server = self.start("--write-timeout", "5", "--room-log", "4M")
        sender = self.ws(server, "/chat/r")
        member = self.act(Drip(self.ws(server, "/chat/r", rcvbuf=2304), 700))
        self.act(Feed(self.ws(server, rcvbuf=2304, sndbuf=65536), 700))
        self.fill(sender)
        line = server.wait_log("event=close", 0, 3 * 5 + GUARD)
        self.assertRegex(line, r"by=server cause=write-timeout")
        self.assertRegex(line, r"path=/echo$")
        self.assertIsNone(member.lost)

    # the same; and "a slow but steady reader is never reset by a kernel
    # timer".
    def test_a_slow_but_steady_reader_stays(self):
        """8 KB a second with a receive buffer of 4 KiB, for longer than
        --write-timeout and --close-timeout together, of an echo and of a
        room."""
        server = self.start("--write-timeout", "2", "--close-timeout", "1",
                            "--room-log", "4M")
        sender = self.ws(server, "/chat/r")
        member = self.ws(server, "/chat/r", rcvbuf=4096, answer=False)
        echo = self.ws(server, rcvbuf=4096, sndbuf=65536, answer=False)
        steady = [self.act(Drip(member, 8 * KB)),
                  self.act(Feed(echo, 8 * KB))]
        self.fill(sender)
        time.sleep(8)
        self.assertEqual([d.lost for d in steady], [None] * 2,
                         server.lines[-2:])
        for drip in steady:
            self.assertGreater(drip.taken, 30 * KB)
        sender.text("still here")
        self.assertTrue(has_come_within(sender, b"still here"))

    def fill(self, sender):
        """More than a slow member's kernel buffers hold."""
        for i in range(40):
            sender.binary(b"%02d" % i + b"x" * 10000)
            self.assertTrue(has_come_within(sender, b"%02d" % i))


class Feeds(Actor):
    """Many of them in one thread."""

    def __init__(self, feeds):
        super().__init__()
        self.feeds = feeds
        for feed in feeds:
            feed.over.set()             # it never waits

    def act(self):
        for feed in self.feeds:
            if not feed.lost:
                try:
                    feed.act()
                except LOST as why:
                    feed.lost = why
        self.over.wait(0.02)


def has_come_within(ws, wanted):
    return any(has_come(ws, wanted) for _ in range(1000))


if __name__ == "__main__":
    unittest.main()
