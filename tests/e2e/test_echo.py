# SPDX-License-Identifier: MIT
"""/echo: every message comes back, and every broken frame is told so.

RFC 6455 5 to 8; the contract's chapters "Echo" and "Close codes"."""

import hashlib
import os
import random
import struct
import threading
import time
import unittest

from support import (BINARY, CLOSE, CONT, PATIENCE, PING, PONG, SANITIZED,
                     TEXT, Eof, ServerCase, close_payload, frame, load, size,
                     until_true)

BIG = size(os.environ.get("E2E_BIG") or "256M")

# Lengths at and around each change of the length field's form.
EDGES = [0, 1, 2, 124, 125, 126, 127, 128, 255, 256, 65534, 65535, 65536,
         65537]


class Messages(ServerCase):
    """What is sent comes back, as it was."""

    def setUp(self):
        super().setUp()
        self.server = self.start()
        self.echo = self.ws(self.server)

    def test_every_length_form(self):
        """Text and binary at each boundary of the length field."""
        for n in EDGES + [1 << 20]:
            with self.subTest(n=n):
                text = b"x" * n
                self.echo.send_frame(TEXT, text)
                self.assertEqual(self.echo.recv(), (TEXT, text))
                data = os.urandom(n)
                self.echo.send_frame(BINARY, data)
                self.assertEqual(self.echo.recv(), (BINARY, data))

    def test_every_mask(self):
        """Masking keys with zeros, ones, and lengths of each rest by four."""
        for key in bytes(4), b"\xff" * 4, b"\x00\x01\x80\xff":
            for n in range(20):
                data = os.urandom(n)
                self.echo.send_frame(BINARY, data, mask=key)
                self.assertEqual(self.echo.recv(), (BINARY, data))

    def test_a_whole_message_is_one_frame(self):
        """An unfragmented message that arrived in one read comes back as one
        frame. One segment on loopback, up to 4 KB, is taken for one read."""
        for n in [0, 1, 125, 126, 127, 1000, 4000]:
            with self.subTest(n=n):
                time.sleep(0.02)    # the server is asleep: it reads once
                self.echo.send_frame(TEXT, b"y" * n)
                got = self.echo.recv_frame()
                self.assertTrue(got.fin)
                self.assertEqual((got.opcode, len(got.payload)), (TEXT, n))

    def test_several_messages_in_one_segment(self):
        """Each comes back by itself, in order."""
        messages = [os.urandom(random.randrange(300)) for _ in range(100)]
        self.echo.send(b"".join(frame(BINARY, m) for m in messages))
        for m in messages:
            self.assertEqual(self.echo.recv(), (BINARY, m))

    def test_byte_by_byte(self):
        """Frames in single bytes."""
        for n in 0, 5, 126:
            self.echo.send_slowly(frame(TEXT, b"z" * n))
            self.assertEqual(self.echo.recv(), (TEXT, b"z" * n))

    def test_random_cuts(self):
        """A stream of messages, cut at random places."""
        seed = random.randrange(1 << 32)
        rng = random.Random(seed)
        messages = [(rng.choice([TEXT, BINARY]),
                     b"m" * rng.choice([0, 3, 125, 126, 1000, 70000]))
                    for _ in range(load(60))]
        stream = b"".join(frame(*m) for m in messages)

        def feed():
            at = 0
            while at < len(stream):
                n = rng.choice([1, 2, 3, 7, 50, 1400, 30000])
                self.echo.send(stream[at:at + n])
                at += n
        sender = threading.Thread(target=feed, daemon=True)
        sender.start()
        for m in messages:
            self.assertEqual(self.echo.recv(), m, "seed %d" % seed)
        sender.join(PATIENCE)

    def test_utf8(self):
        """Text of every length of UTF-8 sequence, noncharacters too."""
        for text in ("é", "€", "𝄞", "\u0000", "\u07ff\u0800\uffff",
                     "\U00010000\U0010ffff", "\ufeff", "\ud7ff\ue000",
                     "κόσμε" * 1000):
            self.echo.text(text)
            self.assertEqual(self.echo.recv_text(), text)

    def test_forms_of_length_that_are_longest(self):
        """A minimal 64-bit length is read (65536 bytes)."""
        data = os.urandom(65536)
        self.echo.send_frame(BINARY, data, form=64)
        self.assertEqual(self.echo.recv(), (BINARY, data))


class Fragments(ServerCase):
    """Messages in parts, and control frames between them."""

    def setUp(self):
        super().setUp()
        self.server = self.start()
        self.echo = self.ws(self.server)

    def fragments(self, kind, parts):
        last = len(parts) - 1
        return [frame(kind if i == 0 else CONT, p, fin=i == last)
                for i, p in enumerate(parts)]

    def test_fragments(self):
        """Two, many, empty first, empty last, empty in between."""
        for kind in TEXT, BINARY:
            for parts in ([b"ab", b"cd"], [b"", b"x"], [b"x", b""],
                          [b"", b"", b""], [b"a", b"", b"", b"b", b""],
                          [b"p"] * 300, [b"q" * 126, b"r" * 70000]):
                with self.subTest(kind=kind, count=len(parts)):
                    self.echo.send(b"".join(self.fragments(kind, parts)))
                    self.assertEqual(self.echo.recv(),
                                     (kind, b"".join(parts)))

    def test_characters_across_fragments(self):
        """UTF-8 is checked over the whole message: a cut inside a character
        is legal (RFC 6455 5.6)."""
        raw = "aé€𝄞".encode()
        for cut in range(len(raw) + 1):
            self.echo.send(b"".join(self.fragments(
                TEXT, [raw[:cut], b"", raw[cut:]])))
            self.assertEqual(self.echo.recv(), (TEXT, raw))
        self.echo.send(b"".join(self.fragments(
            TEXT, [raw[i:i + 1] for i in range(len(raw))])))
        self.assertEqual(self.echo.recv(), (TEXT, raw))

    def test_any_number_of_empty_fragments(self):
        """Empty fragments by the thousand are legal; another client is
        served meanwhile."""
        count = load(100_000)
        self.echo.send_frame(TEXT, b"<", fin=False)
        burst = frame(CONT, b"", fin=False) * count

        def feed():
            self.echo.send(burst + frame(CONT, b">"))
        sender = threading.Thread(target=feed, daemon=True)
        sender.start()
        self.assert_serves(self.server)
        self.assertEqual(self.echo.recv(3 * PATIENCE), (TEXT, b"<>"))
        sender.join(PATIENCE)

    def test_a_ping_between_fragments_is_answered_between_them(self):
        """The pong comes before the message is complete."""
        self.echo.send_frame(TEXT, b"one ", fin=False)
        self.echo.send_frame(PING, b"now?")
        while True:
            got = self.echo.recv_frame()
            if got.opcode == PONG:
                break
            self.assertFalse(got.fin)
            self.assertEqual(b"one "[:len(got.payload)], got.payload)
        self.assertEqual(got.payload, b"now?")
        self.echo.send_frame(CONT, b"two")
        rest = b""
        while True:
            got = self.echo.recv_frame()
            self.assertIn(got.opcode, (TEXT, CONT))
            rest += got.payload
            if got.fin:
                break
        self.assertTrue((b"one two").endswith(rest))

    def test_echo_streams(self):
        """A part of an unfinished message comes back before the rest is
        sent: that is what lets any length through."""
        self.echo.send_frame(BINARY, b"a" * 5000, length=1 << 40)
        got, seen = None, b""
        while len(seen) < 5000:
            got = self.echo.recv_frame()
            self.assertFalse(got.fin)
            seen += got.payload
        self.assertEqual(seen, b"a" * 5000)

    def test_the_longest_legal_length(self):
        """A header that promises 2^63-1 bytes is legal."""
        self.echo.send_frame(BINARY, b"b" * 10, length=(1 << 63) - 1)
        seen = b""
        while len(seen) < 10:
            got = self.echo.recv_frame()
            self.assertFalse(got.fin)
            seen += got.payload
        self.assertEqual(seen, b"b" * 10)


class Controls(ServerCase):
    """Pings and pongs."""

    def setUp(self):
        super().setUp()
        self.server = self.start()
        self.echo = self.ws(self.server)

    def test_pings_are_answered_with_their_payload(self):
        """Of each length a control frame may have, one after the other."""
        for n in 0, 1, 2, 64, 124, 125:
            data = os.urandom(n)
            self.echo.send_frame(PING, data)
            self.assertEqual(self.echo.recv_pong(), data)

    def test_a_burst_of_pings(self):
        """20 pings in one segment to a client that reads: each is answered,
        in order."""
        pings = [b"%d" % i for i in range(20)]
        self.echo.send(b"".join(frame(PING, p) for p in pings))
        self.assertEqual([self.echo.recv_pong() for _ in pings], pings)

    def test_unasked_pongs_are_ignored(self):
        """RFC 6455 5.5.3: no answer is expected."""
        self.echo.send_frame(PONG, b"unasked")
        self.echo.text("next")
        got = self.echo.recv_frame()
        self.assertEqual((got.opcode, got.payload), (TEXT, b"next"))


class Failures(ServerCase):
    """Broken input fails the connection: exactly one Close with the right
    code, then the end; the next client notices nothing."""

    def setUp(self):
        super().setUp()
        self.server = self.start()

    def fails(self, code, data, before_end=True):
        """Sends the bytes on a new connection; data that came back before
        the Close is read over."""
        ws = self.ws(self.server)
        ws.send(data)
        got, reason = ws.recv_close(data=before_end)
        self.assertEqual(got, code, reason)
        ws.close()

    def test_1002_framing(self):
        """Each rule of RFC 6455 5.2 to 5.5 broken once."""
        cases = {
            "not masked": frame(TEXT, "x", masked=False),
            "empty, not masked": frame(TEXT, "", masked=False),
            "ping, not masked": frame(PING, "x", masked=False),
            "rsv1": frame(TEXT, "x", rsv=4),
            "rsv2": frame(TEXT, "x", rsv=2),
            "rsv3": frame(TEXT, "x", rsv=1),
            "rsv1 on a ping": frame(PING, "", rsv=4),
            "rsv on a close": frame(CLOSE, close_payload(1000), rsv=1),
            "fragmented ping": frame(PING, "x", fin=False),
            "fragmented pong": frame(PONG, "x", fin=False),
            "fragmented close": frame(CLOSE, close_payload(1000), fin=False),
            "ping of 126": frame(PING, b"x" * 126),
            "ping of 0 in 16 bits": frame(PING, b"", form=16),
            "close of 126": frame(CLOSE, close_payload(1000, b"x" * 124)),
            "pong of 64 bits": frame(PONG, b"x", form=64),
            "125 in 16 bits": frame(TEXT, b"x" * 125, form=16),
            "0 in 16 bits": frame(TEXT, b"", form=16),
            "65535 in 64 bits": frame(BINARY, b"x" * 65535, form=64),
            "5 in 64 bits": frame(TEXT, b"x" * 5, form=64),
            "nothing to continue": frame(CONT, "x"),
            "nothing to continue, fin=0": frame(CONT, "x", fin=False),
            "text inside a message":
                frame(TEXT, "a", fin=False) + frame(TEXT, "b"),
            "binary inside a message":
                frame(TEXT, "a", fin=False) + frame(BINARY, "b", fin=False),
            "continuation after the last":
                frame(TEXT, "a", fin=False) + frame(CONT, "b") +
                frame(CONT, "c"),
        }
        for opcode in 3, 4, 5, 6, 7, 11, 12, 13, 14, 15:
            cases["opcode %d" % opcode] = frame(opcode, "x")
            cases["opcode %d, empty" % opcode] = frame(opcode, "")
        for name, data in cases.items():
            with self.subTest(name):
                self.fails(1002, data)
        self.assert_serves(self.server)

    def test_1002_from_the_header_alone(self):
        """What the header shows is told before a payload byte is there."""
        for name, head in {
                "top bit": b"\x82\xff\x80\0\0\0\0\0\0\0",
                "all bits": b"\x82\xff" + b"\xff" * 8,
                "no mask": b"\x82\x7e\x01\x00",
                "opcode": b"\x83\x85",
                "rsv": b"\xc1\x85",
                "long ping": b"\x89\xfe\x00\x7e",
                "not shortest": b"\x82\xff\0\0\0\0\0\0\0\x05",
        }.items():
            with self.subTest(name):
                # A server that wants the masking key first gets it.
                self.fails(1002, head + b"abcd")

    def test_1002_close_payload(self):
        """A close payload of one byte."""
        self.fails(1002, frame(CLOSE, b"\x03"))

    def test_1007_text(self):
        """What is not UTF-8: whole, in fragments, cut off at the end, and
        in the reason of a close."""
        for name, raw in {
                "byte ff": b"\xff", "continuation first": b"\x80",
                "overlong": b"\xc0\xaf", "overlong of three": b"\xe0\x80\xaf",
                "overlong of four": b"\xf0\x80\x80\xaf",
                "surrogate": b"\xed\xa0\x80", "over 10ffff": b"\xf4\x90\x80\x80",
                "f5": b"\xf5\x80\x80\x80", "cut off": b"abc\xe2\x82",
                "cut by ascii": b"\xe2\x82a", "late": b"x" * 5000 + b"\xfe",
        }.items():
            with self.subTest(name):
                self.fails(1007, frame(TEXT, raw))
                self.fails(1007, frame(TEXT, raw[:1], fin=False) +
                           frame(CONT, raw[1:]))
                if len(raw) < 100:
                    self.fails(1007, frame(CLOSE, close_payload(1000, raw)))
        self.assert_serves(self.server)

    def test_1007_is_told_at_the_first_bad_byte(self):
        """Not at the message's end, which may never come (RFC 6455 8.1)."""
        self.fails(1007, frame(TEXT, b"ok\xc0\xaf", fin=False))
        self.fails(1007, frame(TEXT, b"ok\xff", length=1 << 40))

    def test_bad_utf8_is_welcome_in_binary(self):
        """Binary is bytes."""
        ws = self.ws(self.server)
        ws.binary(b"\xff\xfe\xc0")
        self.assertEqual(ws.recv(), (BINARY, b"\xff\xfe\xc0"))

    def test_what_came_before_a_failure_is_answered(self):
        """Messages in the same segment, ahead of a broken frame, come back;
        what follows it does not."""
        ws = self.ws(self.server)
        ws.send(frame(TEXT, "one") + frame(TEXT, "two") +
                frame(3, "broken") + frame(TEXT, "three"))
        self.assertEqual(ws.recv_text(), "one")
        self.assertEqual(ws.recv_text(), "two")
        self.assertEqual(ws.recv_close()[0], 1002)

    def test_a_failing_client_that_sends_on(self):
        """It can read its Close although it keeps sending: the server reads
        over it for a while instead of resetting."""
        ws = self.ws(self.server)
        ws.send(frame(3, "broken"))
        for _ in range(20):
            try:
                ws.send(frame(TEXT, "x" * 100))
            except ConnectionError:
                break
            time.sleep(0.01)
        self.assertEqual(ws.recv_close()[0], 1002)


class Closing(ServerCase):
    """The closing handshake: RFC 6455 5.5.1, 7."""

    def setUp(self):
        super().setUp()
        self.server = self.start()

    def close_with(self, payload):
        ws = self.ws(self.server)
        ws.send_frame(CLOSE, payload)
        code = ws.recv_close()[0]
        ws.close()
        return code

    def test_without_code(self):
        """An empty Close is answered with 1000."""
        self.assertEqual(self.close_with(b""), 1000)

    def test_valid_codes_are_echoed(self):
        """7.4.1, and the ranges 3000-3999 and 4000-4999 of 7.4.2. (1012 to
        1014 were registered after the RFC; either reading is left open.)"""
        for code in (1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011,
                     3000, 3999, 4000, 4999):
            with self.subTest(code=code):
                self.assertEqual(self.close_with(close_payload(code)), code)
                self.assertEqual(self.close_with(
                    close_payload(code, "bye é")), code)
        self.assertEqual(self.close_with(
            close_payload(1000, "r" * 123)), 1000)

    def test_invalid_codes_are_1002(self):
        """Codes never to be sent, and those nobody has defined."""
        for code in (0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 1999,
                     2000, 2999, 5000, 65535):
            with self.subTest(code=code):
                self.assertEqual(self.close_with(close_payload(code)), 1002)

    def test_what_follows_a_close_is_ignored(self):
        """7.1.1 of RFC 6455; and half a message before it is dropped."""
        ws = self.ws(self.server)
        ws.send(frame(TEXT, "half", fin=False) +
                frame(CLOSE, close_payload(1001)) +
                frame(TEXT, "late") + frame(3, "broken"))
        self.assertEqual(self.codes(ws), 1001)

    def codes(self, ws):
        """The code of the only Close; fragments before it are read over."""
        while True:
            got = ws.recv_frame()
            if got.opcode == CLOSE:
                ws.expect_eof()
                return struct.unpack(">H", got.payload[:2])[0]
            self.assertNotIn(b"late", got.payload)

    def test_answers_come_before_the_close(self):
        """Echoes and pongs due are sent first, as far as they fit."""
        ws = self.ws(self.server)
        ws.send(frame(TEXT, "first") + frame(CLOSE, close_payload(1000)))
        self.assertEqual(ws.recv_text(), "first")
        self.assertEqual(ws.recv_close()[0], 1000)

    def test_half_close_behind_a_message(self):
        """A client that sends and shuts its side without Close gets its
        message back, then the connection ends."""
        ws = self.ws(self.server)
        ws.text("last words")
        ws.shut()
        self.assertEqual(ws.recv_text(), "last words")
        try:
            kind, _ = ws.recv()
            self.assertEqual(kind, CLOSE)
            ws.expect_eof()
        except Eof:
            pass
        self.wait_clients(self.server, 0)

    def test_half_close_behind_a_close(self):
        """The Close is answered all the same."""
        ws = self.ws(self.server)
        ws.send_frame(CLOSE, close_payload(1000))
        ws.shut()
        self.assertEqual(ws.recv_close()[0], 1000)

    def test_leaving_without_a_word(self):
        """FIN, RST, in the middle of a header and of a message: the slot is
        given back, the others are served."""
        for data in (b"", b"\x81", frame(TEXT, "abc")[:4],
                     frame(TEXT, "x", fin=False)):
            for leave in "close", "reset":
                ws = self.ws(self.server)
                ws.send(data)
                getattr(ws, leave)()
        self.wait_clients(self.server, 0)
        self.assert_serves(self.server)


class Closed(Exception):
    """The server closed a stream; its code."""


class Pressure(ServerCase):
    """Big messages and blocked clients in constant memory."""

    limit = 600

    SMALL = ("--clients", "100", "--rooms", "1", "--room-log", "64K",
             "--max-message", "16K", "--buffers", "8")
    MARGIN = 2 << 20

    def stream(self, ws, total, chunk):
        """Sends one binary message of `total` bytes, made of `chunk` again
        and again, and returns the digest of what came back."""
        key = b"\x11\x22\x33\x44"
        masked = frame(BINARY, chunk, mask=key)[-len(chunk):]
        assert len(chunk) % 4 == 0 and total % len(chunk) == 0
        failure = []

        def feed():
            try:
                ws.send(struct.pack(">BBQ", 0x82, 0xFF, total) + key)
                for _ in range(total // len(chunk)):
                    ws.sock.sendall(masked)
            except Exception as error:
                failure.append(error)
        sender = threading.Thread(target=feed, daemon=True)
        sender.start()
        digest, seen, first = hashlib.sha1(), 0, True
        while True:
            ws.fill(2)
            b0, n = ws.buffer[0], ws.buffer[1]
            at = 2
            if n == 126:
                ws.fill(4)
                n, at = struct.unpack_from(">H", ws.buffer, 2)[0], 4
            elif n == 127:
                ws.fill(10)
                n, at = struct.unpack_from(">Q", ws.buffer, 2)[0], 10
            if b0 == 0x80 | CLOSE:
                ws.fill(at + 2)
                raise Closed(struct.unpack_from(">H", ws.buffer, at)[0])
            self.assertEqual(b0 & 0x7F, BINARY if first else CONT)
            first = False
            del ws.buffer[:at]
            left = n
            while left:
                ws.fill(1)
                part = bytes(ws.buffer[:left])
                del ws.buffer[:left]
                digest.update(part)
                left -= len(part)
            seen += n
            if b0 & 0x80:
                break
        sender.join(PATIENCE)
        self.assertFalse(failure, failure)
        self.assertEqual(seen, total)
        return digest.hexdigest()

    def check_memory(self, server, at_start):
        high = server.memory("VmHWM")
        print("VmHWM %d KiB, RSS at start %d KiB" %
              (high >> 10, at_start >> 10), flush=True)
        if not SANITIZED:       # shadow memory would be counted
            self.assertLess(high - at_start, self.MARGIN)

    def test_a_big_message_in_constant_memory(self):
        """One message of E2E_BIG bytes through a server of 8 buffers. Memory
        is not asserted on a sanitized server, whose shadow counts too."""
        chunk = os.urandom(1 << 20)
        total = max(len(chunk), BIG // len(chunk) * len(chunk))
        server = self.start(*self.SMALL)
        at_start = server.memory("VmRSS")
        began = time.monotonic()
        got = self.stream(self.ws(server, sndbuf=1 << 20), total, chunk)
        took = time.monotonic() - began
        want = hashlib.sha1()
        for _ in range(total // len(chunk)):
            want.update(chunk)
        self.assertEqual(got, want.hexdigest())
        print("echo of %d MiB in one message: %.1f s, %.0f MiB/s; " %
              (total >> 20, took, (total >> 20) / took), end="")
        self.check_memory(server, at_start)

    def test_many_streams(self):
        """20 clients at once, each with an unfinished message and unsent
        output, and a buffer for each."""
        server = self.start(*self.SMALL, "--buffers", "24")
        at_start = server.memory("VmRSS")
        chunk = os.urandom(1 << 16)
        total = max(1, load(64)) * len(chunk)
        sockets = [self.ws(server) for _ in range(20)]
        digests = []
        threads = [threading.Thread(
            target=lambda ws=ws: digests.append(
                self.stream(ws, total, chunk)), daemon=True)
            for ws in sockets]
        for t in threads:
            t.start()
        for t in threads:
            t.join(6 * PATIENCE)
        self.assertEqual(len(digests), 20)
        want = hashlib.sha1(chunk * (total // len(chunk))).hexdigest()
        self.assertEqual(set(digests), {want})
        self.check_memory(server, at_start)

    def test_more_streams_than_buffers(self):
        """20 clients on 8 buffers: who finds none for unsent output may be
        closed with 1013, or dropped inside a frame; whoever is kept gets
        everything back, some are, and the next client is served."""
        server = self.start(*self.SMALL)
        chunk = os.urandom(1 << 16)
        total = max(1, load(64)) * len(chunk)
        whole, ended = [], []

        def one(ws):
            try:
                whole.append(self.stream(ws, total, chunk))
            except (Eof, ConnectionError):
                ended.append("dropped")
            except Closed as closed:
                ended.append(closed.args[0])
        sockets = [self.ws(server) for _ in range(20)]
        threads = [threading.Thread(target=one, args=(ws,), daemon=True)
                   for ws in sockets]
        for t in threads:
            t.start()
        for t in threads:
            t.join(6 * PATIENCE)
        print("20 streams, 8 buffers: %d whole, ended: %s" %
              (len(whole), sorted(map(str, ended))), flush=True)
        self.assertEqual(len(whole) + len(ended), 20)
        want = hashlib.sha1(chunk * (total // len(chunk))).hexdigest()
        self.assertEqual(set(whole), {want})
        self.assertEqual(set(ended) - {1013, "dropped"}, set())
        for ws in sockets:
            ws.close()
        self.wait_clients(server, 0)
        self.assert_serves(server)

    def fill_up(self, ws, data, limit):
        """Sends without reading until nothing goes any more for a second;
        returns how many bytes went. More than `limit` fails."""
        sent = 0
        ws.sock.settimeout(1)
        try:
            while True:
                sent += ws.sock.send(data[sent % len(data):])
                self.assertLess(sent, limit, "the server reads on and on")
        except TimeoutError:
            return sent
        finally:
            ws.sock.settimeout(PATIENCE)

    def test_a_client_that_does_not_read_is_not_read_from(self):
        """Input stops being taken when the output is blocked, the memory of
        the server does not grow, others are served; when the client reads
        again, everything comes back."""
        server = self.start("--write-timeout", "120", *self.SMALL)
        at_start = server.memory("VmRSS")
        ws = self.ws(server, rcvbuf=16384, sndbuf=16384)
        one = frame(BINARY, bytes(range(256)) * 4, mask=b"\1\2\3\4")
        sent = self.fill_up(ws, one, 64 << 20)
        self.assert_serves(server)
        self.check_memory(server, at_start)
        rest = one[sent % len(one):] if sent % len(one) else b""
        count = (sent + len(rest)) // len(one)
        sender = threading.Thread(target=ws.send, args=(rest,), daemon=True)
        sender.start()
        for _ in range(count):
            self.assertEqual(ws.recv(), (BINARY, bytes(range(256)) * 4))
        sender.join(PATIENCE)
        ws.text("and on")
        self.assertEqual(ws.recv_text(), "and on")

    def test_pings_to_a_blocked_client(self):
        """While the output is blocked only the latest ping need be answered:
        what comes is in order, the last of all among them, and all data is
        there."""
        server = self.start("--write-timeout", "120")
        ws = self.ws(server, rcvbuf=8192, answer=False)
        blob = os.urandom(4096)
        count, failure = 300, []

        def feed():
            try:
                for i in range(count):
                    ws.send(frame(BINARY, blob) + frame(PING, b"%d" % i))
            except Exception as error:
                failure.append(error)
        sender = threading.Thread(target=feed, daemon=True)
        sender.start()
        time.sleep(1)
        messages = 0
        while messages < count or ws.pongs[-1:] != [b"%d" % (count - 1)]:
            got = ws.recv_frame()
            if got.opcode == PONG:
                ws.pongs.append(got.payload)
            elif got.fin:
                messages += 1
        self.assertEqual(messages, count)
        numbers = [int(p) for p in ws.pongs]
        self.assertEqual(numbers, sorted(set(numbers)))
        sender.join(PATIENCE)
        self.assertFalse(failure)

    def test_a_flood_does_not_starve_others(self):
        """While one client echoes as fast as it can, another's round trip
        stays short."""
        server = self.start()
        chunk = os.urandom(1 << 20)
        total = max(1, load(128)) << 20
        flood = self.ws(server)
        thread = threading.Thread(target=self.stream,
                                  args=(flood, total, chunk), daemon=True)
        thread.start()
        worst, quick = 0, self.ws(server)
        while thread.is_alive():
            began = time.monotonic()
            quick.text("tick")
            self.assertEqual(quick.recv_text(), "tick")
            worst = max(worst, time.monotonic() - began)
            time.sleep(0.01)
        print("worst round trip beside a flood: %.0f ms" % (worst * 1000),
              flush=True)
        self.assertLess(worst, PATIENCE / 5)

    def test_slots_come_back(self):
        """1,000 short lives on 50 slots: none is lost."""
        server = self.start("--clients", "50")
        for _ in range(load(1000) // 20 + 1):
            some = [self.ws(server) for _ in range(20)]
            for ws in some:
                ws.text("x")
            for ws in some:
                self.assertEqual(ws.recv_text(), "x")
            for i, ws in enumerate(some):
                ws.leave() if i % 3 == 0 else (
                    ws.reset() if i % 3 == 1 else ws.close())
            until_true(lambda: self.health(server)["clients"] == 0)


if __name__ == "__main__":
    unittest.main()
