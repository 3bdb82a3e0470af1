# SPDX-License-Identifier: MIT
"""Hostile peers over real sockets: one test for each class of attack.

Beside every attack a well-behaved client echoes, in a process of its own
(steady.py): each answer must be exact, and none later than 100 ms by the
server's doing. That is asked of one round of three, since a machine may be busy
with others; what was seen is printed, the worst of all rounds. After each round
connections, buffers and descriptors are what they were, and at the end the
server sleeps. A round may touch pages of the server's tables for the first
time, but not each round more of them.

    E2E_STOPPED     seconds for which the server is stopped; default 3"""

import concurrent.futures
import contextlib
import fcntl
import itertools
import json
import os
import re
import resource
import selectors
import signal
import socket
import subprocess
import sys
import time
import unittest

from deflated import (RSV1, Bits, Deflated, barren_blocks, bomb,
                      compressed_frames, cut_anywhere, shrink)
from support import (BINARY, CLOSE, CONT, PATIENCE, PING, PONG, SANITIZED,
                     SLOW, TEXT, Eof, Peer, ServerCase, WebSocket,
                     close_payload, frame, free_port, load, until_true,
                     upgrade_headers)

HERE = os.path.dirname(os.path.abspath(__file__))
ROUND = 0.4                 # seconds an attack goes on for, at least
ROUNDS = 3                  # for the echo to be in time
MORE_ROUNDS = 6             # for the memory to stay
MORE_MEMORY = 256 << 10     # bytes that are growth: a few buffers may be chance
STOPPED = float(os.environ.get("E2E_STOPPED") or 3)
GONE = ConnectionError, Eof # what an attacker may meet


# ---- helpers ----------------------------------------------------------------

class Steady:
    """The process of steady.py."""

    def __init__(self, server):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "steady.py"), server.host,
             str(server.port), str(server.pid)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.rest()

    def go(self):
        self.process.stdin.write(b"go\n")
        self.process.stdin.flush()

    def rest(self):
        """What it has met since go()."""
        self.process.stdin.write(b"rest\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        if not line:
            raise AssertionError("the steady client failed")
        return json.loads(line)

    def leave(self):
        self.process.stdin.close()
        try:
            return self.process.wait(PATIENCE)
        finally:
            self.process.kill()
            self.process.wait()
            self.process.stdout.close()


def together(*jobs):
    """Runs them side by side; what one of them raises is raised."""
    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        for job in [pool.submit(j) for j in jobs]:
            job.result()


def resident(server):
    """Its memory in bytes, exactly; VmRSS lags behind by some pages."""
    with open("/proc/%d/smaps_rollup" % server.pid) as lines:
        for line in lines:
            if line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
    raise AssertionError("no Rss")


def descriptors(server):
    return len(os.listdir("/proc/%d/fd" % server.pid))


def flood(sockets, blob, seconds, read=True):
    """Sends the blob again and again on all of them, and reads what comes:
    one loop, no thread a client. Those that are closed fall out; how many."""
    lost = 0
    with selectors.DefaultSelector() as selector:
        for s in sockets:
            s.setblocking(False)
            selector.register(s, selectors.EVENT_WRITE |
                              (selectors.EVENT_READ if read else 0), [0])
        until = time.monotonic() + seconds
        while time.monotonic() < until and selector.get_map():
            for key, ready in selector.select(0.05):
                try:
                    if (ready & selectors.EVENT_READ and
                            not key.fileobj.recv(1 << 18)):
                        raise ConnectionError
                    if ready & selectors.EVENT_WRITE:
                        sent = key.fileobj.send(blob[key.data[0]:])
                        key.data[0] = (key.data[0] + sent) % len(blob)
                except BlockingIOError:
                    pass
                except ConnectionError:
                    selector.unregister(key.fileobj)
                    lost += 1
    return lost


def cram(ws, data, patience=0.2):
    """Sends until nothing more is taken; True when the other side ended."""
    ws.sock.settimeout(patience)
    try:
        while True:
            ws.sock.sendall(data)
    except socket.timeout:
        return False
    except ConnectionError:
        return True
    finally:
        ws.sock.settimeout(PATIENCE)


class HostileCase(ServerCase):
    limit = 60 * SLOW

    def begin(self, *options, **more):
        """A server, and a well-behaved client of it."""
        port = free_port()
        server = self.start("--metrics", "127.0.0.1:%d" % port, *options,
                            **more)
        server.metrics_port = port
        server.steady = Steady(server)
        self.addCleanup(server.steady.leave)
        return server

    def gauges(self, server):
        """{'name{labels}': value}"""
        with Peer(server, port=server.metrics_port) as peer:
            body = peer.ask("/metrics").body.decode()
        return {name: float(value) for name, value in
                re.findall(r"^(chatd_\S+) (\S+)$", body, re.M)}

    def settle(self, server, files, members=1):
        """Until nobody is there but the steady client and who looks, and
        nothing is lent out."""
        def is_settled():
            now = self.gauges(server)
            there = sum(v for k, v in now.items()
                        if k.startswith("chatd_connections{"))
            lent = sum(v for k, v in now.items()
                       if k.startswith("chatd_buffers_in_use{"))
            seen[:] = [there - 1, lent, descriptors(server)]
            return seen == [members, 0, files]
        seen = []
        try:
            until_true(is_settled, timeout=PATIENCE + 5, pause=0.02)
        except AssertionError:
            self.fail("connections, buffers, descriptors: %s where %s were" %
                      (seen, [members, 0, files]))

    def round(self, server, attack, seconds):
        """One round; what the steady client met."""
        server.steady.go()
        began = time.monotonic()
        while True:
            attack(server)
            if time.monotonic() - began >= seconds:
                break
        return server.steady.rest()

    def endure(self, name, server, attack, seconds=ROUND):
        """Two rounds of the attack, and more while each has found fault with
        the same thing; then the server must sleep."""
        files = descriptors(server)
        met, memory = [], []

        def late():
            return not SANITIZED and all(m["late"] for m in met)

        def grows():
            return not SANITIZED and all(b > a + MORE_MEMORY for a, b in
                                         zip(memory, memory[1:]))
        while (len(met) < 2 or (len(met) < ROUNDS and late()) or
               (len(met) < MORE_ROUNDS and grows())):
            met.append(self.round(server, attack, seconds))
            self.settle(server, files)
            memory.append(resident(server))
        used = server.cpu()
        time.sleep(0.5)
        used = server.cpu() - used
        self.tell(name, met, memory, files, used)
        self.assertFalse(late(), "late in every round: %s" % met)
        self.assertFalse(grows(), "more memory in every round: %s" % memory)
        self.assertGreater(min(m["talks"] for m in met), 0)
        self.assertLess(used, 0.05, "it spins")

    def tell(self, name, met, memory, files, used):
        print("%-24s worst round trip %6.1f ms, own doing %5.1f ms, late in "
              "%d of %d rounds, rss %s KiB, fds %d, idle cpu %.2f s" %
              (name, max(m["worst"] for m in met), max(m["own"] for m in met),
               sum(m["late"] > 0 for m in met), len(met), " ".join(
                   str(m >> 10) for m in memory), files, used), flush=True)

    def fails(self, server, code, *data, path="/echo", kind=WebSocket):
        """On a connection of its own each: the Close that it is answered
        with, and the end."""
        for d in data:
            with kind(server, path) as ws:
                ws.send(d)
                self.assertEqual(ws.recv_close(data=True)[0], code,
                                 (path, d[:40]))


# ---- frames -----------------------------------------------------------------

class Frames(HostileCase):
    """RFC 6455 chapter 5, broken in every way."""

    def test_lengths(self):
        """2^63 and more, not the shortest form, control frames with a long
        one; in a room, more than it takes; an echo of 2^63 - 1 that never
        ends."""
        bad = [frame(opcode, b"", length=n, form=64) + b"abc"
               for opcode in (TEXT, BINARY, PING, CLOSE)
               for n in (1 << 63, (1 << 64) - 1, (1 << 63) + 5)]
        bad += [frame(TEXT, b"12345", form=16), frame(TEXT, b"12345", form=64),
                frame(BINARY, b"", length=65535, form=64),
                frame(PING, b"x", form=16), frame(PING, b"", length=126)]
        big = [frame(BINARY, b"", length=n) for n in
               (65537, 1 << 31, (1 << 32) - 1, 1 << 32, (1 << 63) - 1)]

        def attack(server):
            for path in "/echo", "/chat/r":
                self.fails(server, 1002, *bad, path=path)
            self.fails(server, 1009, *big, path="/chat/r")
            with WebSocket(server) as ws:
                ws.send(frame(BINARY, b"x" * 5000, length=(1 << 63) - 1,
                              mask=b"\0\0\0\0"))
                got = b""
                while len(got) < 5000:
                    got += ws.recv_frame().payload
                self.assertEqual(got, b"x" * 5000)
                ws.reset()
        self.endure("lengths", self.begin(), attack)

    def test_unmasked(self):
        """Each opcode, and a flood that goes on after the Close."""
        bad = [frame(op, p, masked=False) for op in (CONT, TEXT, BINARY, CLOSE,
                                                     PING, PONG)
               for p in (b"", b"\x03\xe8", b"x" * 125)]
        more = frame(TEXT, b"x" * 1000, masked=False) * 1000

        def attack(server):
            self.fails(server, 1002, *bad)
            with WebSocket(server) as ws, contextlib.suppress(*GONE):
                ws.send(more)
                self.assertEqual(ws.recv_close()[0], 1002)
        self.endure("unmasked", self.begin(), attack)

    def test_reserved(self):
        """Every reserved bit with every opcode, and reserved opcodes."""
        bad = [frame(op, b"x", rsv=r) for r in range(8) for op in range(16)
               if r or op in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)]

        def attack(server):
            self.fails(server, 1002, *bad)
            self.fails(server, 1002, *[
                frame(op, b"x", rsv=r) for op, r in
                ((PING, RSV1), (CLOSE, RSV1), (CONT, RSV1), (TEXT, 2),
                 (BINARY, 5))], kind=Deflated)
        self.endure("reserved bits, opcodes", self.begin(), attack)

    def test_a_ping_flood_that_is_read(self):
        """Every one is answered, in order."""
        count = load(20000)
        pings = b"".join(frame(PING, b"%d" % i) for i in range(count))

        def attack(server):
            with WebSocket(server) as ws:
                def read():
                    last = -1
                    while last < count - 1:
                        number = int(ws.recv_pong())
                        self.assertGreater(number, last)
                        last = number
                together(read, lambda: ws.send(pings))
        self.endure("ping flood, read", self.begin(), attack)

    def test_control_floods_that_are_not_read(self):
        """Pings whose answers nobody takes are read no further, and after
        --write-timeout that is the end; pongs are read over."""
        pings = frame(PING, b"x" * 100) * 600
        pongs = frame(PONG, b"x" * 100) * load(5000)

        def unread(server, path):
            with WebSocket(server, path, rcvbuf=4096) as ws:
                until_true(lambda: cram(ws, pings))

        def attack(server):
            with WebSocket(server) as ws:
                ws.send(pongs)
                ws.text("there")
                self.assertEqual(ws.recv_text(), "there")
            together(*[lambda p=p: unread(server, p)
                       for p in ("/echo", "/chat/r", "/ws/r")])
            self.assertGreater(self.gauges(server)[
                'chatd_evictions_total{cause="write-timeout"}'], 0)
        self.endure("control floods, unread",
                    self.begin("--write-timeout", "0.5"), attack)

    def test_empty_fragments(self):
        """A message of a hundred thousand fragments of which all but the
        last are empty is legal, and so is one that never ends."""
        many = (frame(TEXT, b"", fin=False) +
                frame(CONT, b"", fin=False) * load(100000))

        def attack(server):
            for path in "/echo", "/chat/r":
                with WebSocket(server, path) as ws, \
                        WebSocket(server, path) as other:
                    together(lambda: ws.send(many + frame(CONT, b"end")),
                             lambda: self.assertEqual(ws.recv_text(), "end"),
                             lambda: cram(other, many, 0.05))
                    other.reset()
        self.endure("empty fragments", self.begin(), attack)

    def test_orphans_and_nests(self):
        """A continuation of nothing; a message begun inside another."""
        bad = [b"".join(frame(op, b"x", fin=fin) for op, fin in some)
               for some in (
                   [(CONT, 1)], [(CONT, 0)], [(TEXT, 1), (CONT, 1)],
                   [(TEXT, 0), (TEXT, 1)], [(TEXT, 0), (BINARY, 0)],
                   [(BINARY, 0), (PING, 1), (TEXT, 1)],
                   [(TEXT, 0), (CONT, 1), (CONT, 1)],
                   [(TEXT, 0), (CONT, 0), (TEXT, 0)])]

        def attack(server):
            for path in "/echo", "/chat/r":
                self.fails(server, 1002, *bad, path=path)
        self.endure("orphans and nests", self.begin(), attack)

    def test_utf8(self):
        """Characters cut at every place, between fragments and between
        segments, are right; a wrong byte at any place is not."""
        text = "aé€\U0001d11e\U0010ffffz".encode()

        def cut(server):
            with WebSocket(server) as ws:
                for i in range(len(text) + 1):
                    ws.send(frame(TEXT, text[:i], fin=False))
                    ws.send(frame(CONT, text[i:]))
                    self.assertEqual(ws.recv(), (TEXT, text))
                for i in range(6, 6 + len(text)):
                    whole = frame(TEXT, text)
                    ws.send(whole[:i])
                    ws.send(whole[i:])
                    self.assertEqual(ws.recv(), (TEXT, text))

        def attack(server):
            cut(server)
            for i in range(len(text)):
                bad = text[:i] + b"\xff" + text[i + 1:]
                self.fails(server, 1007, frame(TEXT, bad),
                           frame(TEXT, bad[:i + 1], length=1 << 40),
                           frame(TEXT, bad[:i], fin=False) +
                           frame(CONT, bad[i:], fin=False),
                           frame(CLOSE, close_payload(1000, bad)))
                self.fails(server, 1007, frame(TEXT, shrink(bad), rsv=RSV1),
                           kind=Deflated)
                self.fails(server, 1007, frame(TEXT, bad), path="/ws/r")
        self.endure("utf-8", self.begin(), attack)

    def test_close_abuse(self):
        """A payload of one byte, codes nobody may send, reasons too long;
        many Closes, and a flood behind the first: one Close is the answer,
        and nothing else."""
        bad = [frame(CLOSE, b"\x03")] + [
            frame(CLOSE, close_payload(code)) for code in
            (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, 65535)]
        bad += [frame(CLOSE, close_payload(1000, b"r" * 124)),
                frame(CLOSE, b"", length=1 << 20)]
        one = frame(CLOSE, close_payload(4000, b"r" * 123))

        def attack(server):
            self.fails(server, 1002, *bad)
            self.fails(server, 4000, one, one * 1000,
                       one + frame(TEXT, b"late") * 100, one + frame(3, b"x"),
                       one + b"\xff" * 1000)
            with WebSocket(server) as ws, contextlib.suppress(*GONE):
                ws.send(one + frame(BINARY, b"x" * 60000) * 100)
                self.assertEqual(ws.recv_close()[0], 4000)
        self.endure("close abuse", self.begin(), attack)


# ---- compression ------------------------------------------------------------

class Compression(HostileCase):
    """RFC 7692: little that means much."""

    def test_bombs(self):
        """A thousand to one. A room refuses as soon as it is too much; the
        echo gives it back."""
        size = load(16 << 20)
        echoed = frame(BINARY, bomb(size), rsv=RSV1)
        refused = frame(BINARY, bomb(64 << 20), rsv=RSV1)[:65000]

        def echo(server):
            with Deflated(server) as ws:
                ws.send(echoed)
                self.assertEqual(ws.recv(), (BINARY, bytes(size)))

        def attack(server):
            together(*[lambda: echo(server)] * 4, *[
                lambda: self.fails(server, 1009, refused, kind=Deflated,
                                   path="/chat/r")] * 4)
        self.endure("bombs", self.begin("--max-message", "256K"), attack)

    def test_blocks_that_yield_nothing(self):
        """Each wants its tables built for no byte: dynamic ones, fixed ones
        and stored ones."""
        floods = [barren_blocks(load(200000)),
                  Bits().fixed().fixed().fixed().fixed().bytes() * 10000,
                  b"\0\0\0\xff\xff" * 20000]

        def one(server, path, blocks):
            with Deflated(server, path) as ws:
                together(
                    lambda: ws.send(compressed_frames(
                        BINARY, cut_anywhere(blocks + b"\0", 5))),
                    lambda: self.answered(ws, path))

        def attack(server):
            together(*[lambda p=p, b=b: one(server, p, b) for b in floods
                       for p in ["/echo"] * 10 + ["/chat/r"] * 2])
        self.endure("barren blocks", self.begin("--max-message", "1M",
                                                "--room-log", "4M"), attack)

    def answered(self, ws, path):
        kind, payload = ws.recv()
        self.assertEqual((kind, payload), (BINARY, b""), path)


# ---- floods -----------------------------------------------------------------

WORDS = b" ".join(b"word%d" % (i * i % 977) for i in range(900))


class Floods(HostileCase):
    """Thirty who talk as fast as they can and read what comes. The work for
    each is bounded; is the work for all?"""

    def floods(self, name, path, data, kind=WebSocket):
        blob = data * (1 + 40000 // len(data))

        def attack(server):
            some = [kind(server, path) for _ in range(30)]
            lost = flood([ws.sock for ws in some], blob, 0.6)
            for ws in some:
                ws.reset()
            self.assertLess(lost, 30)
        self.endure("30 floods: " + name, self.begin(), attack)

    def test_compressed_into_a_room(self):
        """Of text, 6 KB each."""
        self.floods("zipped, room", "/chat/r",
                    frame(TEXT, shrink(WORDS), rsv=RSV1), Deflated)

    def test_compressed_into_a_room_as_json(self):
        """A message is compressed in two forms."""
        said = json.dumps({"message": WORDS.decode()}).encode()
        self.floods("zipped, json", "/ws/r",
                    frame(TEXT, shrink(said), rsv=RSV1), Deflated)

    def test_compressed_echoes(self):
        """Each is inflated and deflated."""
        self.floods("zipped, echo", "/echo",
                    frame(TEXT, shrink(WORDS), rsv=RSV1), Deflated)

    def test_small_messages_into_a_room(self):
        """Ten bytes of a frame, for thirty to hear."""
        self.floods("small, room", "/chat/r", frame(TEXT, b"hell"))

    def test_small_echoes(self):
        """Seven bytes of a frame each."""
        self.floods("small, echo", "/echo", frame(TEXT, b"x"))


# ---- requests ---------------------------------------------------------------

class Requests(HostileCase):
    """HTTP heads."""

    def refused(self, server, status, *requests, behind=b""):
        """One response each, then the end, whatever is behind it."""
        for request in requests:
            with Peer(server) as peer:
                peer.send(request + behind)
                self.assertEqual(peer.response().status, status, request[:200])
                peer.expect_eof(reset=True)

    def test_header_floods(self):
        """Too many, too long, and without an end."""
        host = b"Host: a\r\n"
        start = b"GET /echo HTTP/1.1\r\n" + host

        def endless(server, head, more):
            with Peer(server) as peer:
                peer.send(head)
                with contextlib.suppress(*GONE):
                    for _ in range(load(50)):
                        peer.send(more * 4096)

        def attack(server):
            self.refused(server, 431, start + b"X: y\r\n" * 64 + b"\r\n",
                         start + b"X: " + b"y" * 16400 + b"\r\n\r\n",
                         start + b"X" * 16400 + b": y\r\n\r\n",
                         start + b"X: y\r\n" * 3000 + b"\r\n")
            self.refused(server, 414, b"GET /" + b"a" * 17000 +
                         b" HTTP/1.1\r\n" + host + b"\r\n")
            for head, more in ((start, b"X: y\r\n"), (start, b"y"),
                               (b"", b"G"), (b"GET /", b"a")):
                endless(server, head, more)
        self.endure("header floods", self.begin(), attack)

    def test_smuggling(self):
        """A body on an upgrade, and a request behind one that is refused,
        are never looked at; behind one that is accepted, they are frames."""
        up = "\r\n".join(["GET /echo HTTP/1.1", "Host: a",
                          *upgrade_headers()]) + "\r\n"
        second = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"

        def attack(server):
            for field, status in (
                    ("Content-Length: %d" % len(second), 400),
                    ("Content-Length: 0\r\nContent-Length: 44", 400),
                    ("Transfer-Encoding: chunked", 501),
                    ("Transfer-Encoding: chunked\r\nContent-Length: 4", 501),
                    ("Origin: http://evil.example", 403),
                    ("Host: b", 400)):
                self.refused(server, status,
                             (up + field + "\r\n\r\n").encode(), behind=second)
            self.refused(server, 404, up.replace("/echo", "/nope").encode() +
                         b"\r\n", behind=second * 100)
            self.refused(server, 426, up.replace("n: 13", "n: 8").encode() +
                         b"\r\n", behind=second)
            with WebSocket(server, behind=second * 10) as ws:
                self.assertEqual(ws.recv_close()[0], 1002)
        self.endure("smuggling", self.begin(), attack)

    def test_malformed_fields(self):
        """Doubled, folded, without a colon or a name, with bytes that have
        no place there."""
        fields = [b"Host: b", b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                  b"Sec-WebSocket-Version: 13\r\nHost : a", b"X : y",
                  b" folded", b"X: y\r\n\tfolded", b"no colon", b": no name",
                  b"X: a\0b", b"X: a\rb", b"X: a\nb", b"X\x01: y",
                  b"X: \x7f", b"Content-Length: 1", b"Content-Length: x"]
        up = "\r\n".join(["GET /echo HTTP/1.1", "Host: a",
                          *upgrade_headers()]).encode() + b"\r\n"
        whole = [b"\0\0\0\0", b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
                 b"GET  / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\n\n",
                 b"GET / HTTP/1.1\r\n\r\n", b"GET /\r\n\r\n",
                 b"G\xc3\xa9T / HTTP/1.1\r\nHost: a\r\n\r\n"]

        def attack(server):
            self.refused(server, 400, *[up + f + b"\r\n\r\n" for f in fields])
            self.refused(server, 400, *whole)
        self.endure("malformed fields", self.begin(), attack)

    def test_pipelined_floods(self):
        """A thousand requests in one go are answered one after the other;
        whose answers nobody reads are read no further."""
        get = b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n"
        count = load(1000)

        def attack(server):
            with Peer(server) as peer:
                def read():
                    for _ in range(count):
                        self.assertEqual(peer.response().status, 200)
                together(read, lambda: peer.send(get % b"/healthz" * count))
            for target in b"/chat", b"/healthz", b"/nope":
                with Peer(server, rcvbuf=4096) as peer:
                    self.assertFalse(cram(peer, get % target * 1000, 0.05))
                    peer.reset()
        self.endure("pipelined floods", self.begin(), attack)

    def test_slow_requests(self):
        """Fifty that send a byte now and then: 408 at their time, which no
        byte puts off."""
        seconds = 1 * SLOW

        def attack(server):
            some = [Peer(server) for _ in range(50)]
            until = time.monotonic() + seconds + PATIENCE
            for i in itertools.count():
                self.assertLess(time.monotonic(), until, "they go on")
                for peer in some:
                    with contextlib.suppress(ConnectionError):
                        peer.send(b"GET /aaaaaaaa"[i:i + 1] or b"a")
                if all(peer.closed() or peer.buffer for peer in some):
                    break
                for peer in some:
                    with contextlib.suppress(TimeoutError, *GONE):
                        peer.fill(len(peer.buffer) + 1, 0.0005)
                time.sleep(0.05)
            for peer in some:
                self.assertIn(b" 408 ", bytes(peer.buffer[:20]))
                peer.close()
        self.endure("slow requests", self.begin(
            "--handshake-timeout", "%g" % seconds), attack)


# ---- flow -------------------------------------------------------------------

class Flow(HostileCase):
    """Those who read slowly, not at all, or leave in the middle."""

    def test_slow_readers(self):
        """They take a little at a time of what they asked for, in an echo
        and in a room where somebody talks."""
        def attack(server):
            some = [WebSocket(server, p, rcvbuf=4096)
                    for p in ("/echo", "/chat/r") * 5]
            talker = WebSocket(server, "/chat/r")
            for ws in some[::2]:
                cram(ws, frame(BINARY, b"x" * 8000), 0.001)
            until = time.monotonic() + 0.5
            while time.monotonic() < until:
                flood([talker.sock], frame(TEXT, b"y" * 2000), 0.05)
                for ws in some:
                    ws.sock.settimeout(0.001)
                    with contextlib.suppress(socket.timeout):
                        self.assertTrue(ws.sock.recv(500))
            for ws in [talker, *some]:
                ws.reset()
        self.endure("slow readers", self.begin(), attack)

    def test_zero_windows(self):
        """Buffers full on both sides, and nobody reads: let go after
        --write-timeout, whichever path they are on."""
        def attack(server):
            some = [WebSocket(server, p, rcvbuf=4096)
                    for p in ("/echo", "/chat/r", "/ws/r") * 4]
            for ws in some:
                cram(ws, frame(TEXT, json.dumps({"message": "x" * 8000})),
                     0.001)
            with WebSocket(server, "/chat/r") as talker:
                flood([talker.sock], frame(TEXT, b"y" * 8000), 0.3)
            until_true(lambda: self.gauges(server)[
                'chatd_connections{state="open"}'] == 1)
            self.assertGreater(self.gauges(server)[
                'chatd_evictions_total{cause="write-timeout"}'], 0)
            for ws in some:
                ws.close()
        self.endure("zero windows", self.begin("--write-timeout", "0.5"),
                    attack)

    # Each brings a connection to a place at which it then breaks off.
    def stages(self, server):
        def peer(data=b""):
            p = Peer(server)
            p.send(data)
            return p

        def ws(data, path="/echo", read=0, kind=WebSocket):
            w = kind(server, path)
            w.send(data)
            if read:
                w.fill(read)
            return w
        head = b"GET /echo HTTP/1.1\r\nHost: a\r\n"
        up = head + "\r\n".join(upgrade_headers()).encode() + b"\r\n\r\n"
        close = frame(CLOSE, close_payload(1000))
        whole = frame(TEXT, b"hello")
        for make in (
                lambda: peer(), lambda: peer(b"GE"), lambda: peer(head),
                lambda: peer(head + b"\r\n"), lambda: peer(head[:-1] + b"x"),
                lambda: peer(up), lambda: peer(up + whole)):
            yield make
        for path in "/echo", "/chat/r", "/ws/r":
            for data in (b"", whole[:1], whole[:4], whole[:8], whole,
                         frame(TEXT, b"half", fin=False),
                         frame(PING, b"?"), close, close + whole,
                         frame(3, b"bad"), frame(BINARY, b"x" * 60000) * 4):
                yield lambda p=path, d=data: ws(d, p)
            yield lambda p=path: ws(close, p, read=4)
            squeezed = frame(TEXT, shrink(b"hello " * 50), rsv=RSV1)
            for data in squeezed[:9], squeezed:
                yield lambda p=path, d=data: ws(d, p, kind=Deflated)

    def test_resets(self):
        """A reset at every stage of a connection's life."""
        def attack(server):
            for make in self.stages(server):
                make().reset()
        self.endure("resets", self.begin(), attack)

    def test_resets_in_dozens(self):
        """The same, all at once, some by both ways out."""
        def attack(server):
            some = [make() for make in self.stages(server)]
            for i, peer in enumerate(some):
                peer.reset() if i % 3 else peer.close()
        self.endure("resets, at once", self.begin(), attack)

    def test_half_closes(self):
        """The sending side shut at every stage: what was asked for is still
        answered, and the other side ends in its time."""
        def attack(server):
            some = [make() for make in self.stages(server)]
            for peer in some:
                with contextlib.suppress(OSError):
                    peer.shut()
            for peer in some:
                with contextlib.suppress(*GONE):
                    while True:
                        peer.fill(len(peer.buffer) + 1)
                        peer.buffer.clear()
                peer.close()
        self.endure("half-closes", self.begin(), attack)


# ---- places -----------------------------------------------------------------

class Places(HostileCase):
    """What a machine has only so many of."""

    def test_out_of_descriptors(self):
        """The limit is lowered onto the running server, and many come."""
        def attack(server):
            soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(server.pid, resource.RLIMIT_NOFILE,
                             (descriptors(server) + 3, hard))
            some = []
            try:
                for _ in range(40):
                    some.append(Peer(server))
                    with contextlib.suppress(ConnectionError):
                        some[-1].send(some[-1].request("/healthz"))
                time.sleep(ROUND)
            finally:
                resource.prlimit(server.pid, resource.RLIMIT_NOFILE,
                                 (soft, hard))
            for peer in some:
                with contextlib.suppress(*GONE):
                    self.assertEqual(peer.response().status, 200)
                peer.close()
        self.endure("out of descriptors", self.begin("--clients", "500"),
                    attack)

    def test_all_slots_taken(self):
        """Hundreds knock at a house of eight."""
        def attack(server):
            inside = [WebSocket(server) for _ in range(7)]
            told = 0
            for _ in range(load(300)):
                with Peer(server) as peer, contextlib.suppress(*GONE):
                    peer.send(peer.request("/echo", headers=upgrade_headers()))
                    self.assertEqual(peer.response().status, 503)
                    told += 1
            self.assertGreater(told, 0)
            for ws in inside:
                ws.text("still here")
                self.assertEqual(ws.recv_text(), "still here")
                ws.leave()
        self.endure("all slots taken", self.begin("--clients", "8"), attack)

    def test_all_buffers_taken(self):
        """Unfinished messages and requests hold every buffer there is."""
        def attack(server):
            some = [WebSocket(server, "/chat/r") for _ in range(20)]
            for ws in some:
                ws.send(frame(TEXT, b"unfinished", fin=False))
            some += [Peer(server) for _ in range(20)]
            for peer in some[20:]:
                peer.send(b"GET / HTTP/1.1\r\nHost")
            time.sleep(0.2)
            for peer in some:
                peer.reset()
        self.endure("all buffers taken", self.begin("--buffers", "8"), attack)

    def noise(self, server):
        """Much to log."""
        for i in range(load(100)):
            with Peer(server) as peer:
                peer.send(b"garbage\r\n\r\n")
                self.assertEqual(peer.response().status, 400)
            with WebSocket(server, "/chat/r") as ws:
                ws.leave() if i % 2 else ws.reset()
        server.signal(signal.SIGUSR1)

    def test_the_log_on_a_full_disk(self):
        """Every write of it fails."""
        with open("/dev/full", "w") as full:
            server = self.begin("--log", "debug", stderr=full)
            self.endure("log to a full disk", server, self.noise)

    def test_the_log_to_a_pipe_nobody_reads(self):
        """Full, and then without a reader."""
        read, write = os.pipe()
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
        server = self.begin("--log", "debug", stderr=write)
        os.close(write)
        try:
            self.endure("log to a full pipe", server, self.noise)
        finally:
            os.close(read)
        self.endure("log to a closed pipe", server, self.noise)

    def test_standard_descriptors_closed(self):
        """What is written there ends up in nobody's connection."""
        for close in (0, 1), (2,), (0, 1, 2):
            server = self.begin("--log", "debug", close=close)
            self.endure("closed at start: %s" % ",".join(map(str, close)),
                        server, self.noise, 0.1)

    def test_signals(self):
        """Thousands of all that mean nothing, or one line, or a moment's
        pause."""
        def attack(server):
            for _ in range(load(3000)):
                for number in (signal.SIGUSR1, signal.SIGHUP, signal.SIGPIPE,
                               signal.SIGCHLD, signal.SIGWINCH, signal.SIGURG,
                               signal.SIGSTOP, signal.SIGCONT):
                    server.signal(number)
        self.endure("signals", self.begin(), attack)


# ---- stopped ----------------------------------------------------------------

class Stopped(HostileCase):
    """SIGSTOP for longer than every time limit there is, then SIGCONT: what
    had come in the meantime counts, and nobody innocent is let go."""

    limit = (STOPPED + 60) * SLOW
    OPTIONS = tuple(word for name in ("ping", "pong-timeout", "write-timeout",
                                      "handshake-timeout", "close-timeout")
                    for word in ("--" + name, "%g" % (2 * SLOW)))

    def stop(self, server):
        """At once: what is sent from here on waits."""
        server.signal(signal.SIGSTOP)

        def is_stopped():
            with open("/proc/%d/stat" % server.pid) as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] == "T"
        until_true(is_stopped)

    def test_pongs_that_waited_count(self):
        """More clients than one look at the kernel tells of, each pinged:
        their pongs come while the server stands."""
        server = self.start(*self.OPTIONS, "--clients", "1000")
        some = [self.ws(server, ("/echo", "/chat/r", "/ws/r")[i % 3])
                for i in range(900)]
        # All are pinged, nobody has answered; --pong-timeout runs.
        for ws in some:
            self.assertEqual(ws.recv_frame().opcode, PING)
        self.stop(server)
        for ws in some:
            ws.send_frame(PONG)
        self.go_on(server)
        self.assert_all_there(server, some)
        self.assertNotIn("event=close", server.stderr_text())

    def go_on(self, server):
        time.sleep(STOPPED * SLOW)
        server.signal(signal.SIGCONT)

    def assert_all_there(self, server, some):
        self.assertEqual(self.health(server)["clients"], len(some))
        for ws in some:
            ws.send_frame(PING, b"you?")
        for ws in some:
            got = ws.recv_frame()
            while got.opcode == PING:
                ws.send_frame(PONG, got.payload)
                got = ws.recv_frame()
            self.assertEqual((got.opcode, got.payload), (PONG, b"you?"))

    def test_whatever_was_under_way(self):
        """Half a request, half a message, output that was blocked, people
        who come and talk and close meanwhile: all goes on as if nothing had
        been, and the echo beside it."""
        server = self.begin(*self.OPTIONS)
        began = Peer(server)
        up = began.request("/echo", headers=upgrade_headers())
        began.send(up[:40])
        half = {p: self.ws(server, p) for p in ("/echo", "/chat/r")}
        for ws in half.values():
            ws.send_frame(TEXT, b"half, ", fin=False)
        blocked = self.ws(server, rcvbuf=4096)
        cram(blocked, frame(BINARY, b"x" * 1000), 0.3)
        listener, closing = self.ws(server, "/chat/r"), self.ws(server)
        listener.send_frame(PING, b"!")
        self.assertEqual(listener.recv_pong(), b"!")

        self.stop(server)
        began.send(up[40:])
        for ws in half.values():
            ws.send_frame(CONT, b"whole")
        for i in range(50):
            listener.text("%d" % i)
        closing.send_frame(CLOSE, close_payload(4001))
        with contextlib.suppress(TimeoutError):     # all that was under way
            while True:
                blocked.fill(len(blocked.buffer) + 1, 0.5)
        drained = len(blocked.buffer) // 1000
        late = Peer(server)
        late.send(up + frame(TEXT, b"late"))
        self.go_on(server)

        server.steady.go()
        self.assertEqual(began.response().status, 101)
        self.assertEqual(late.response().status, 101)
        self.assertEqual(late.take(6), b"\x81\x04late")
        self.assertEqual(half["/echo"].recv_text(), "half, whole")
        heard = [[ws.recv_text() for _ in range(51)]
                 for ws in (listener, half["/chat/r"])]
        self.assertEqual(heard[0], heard[1])
        heard[0].remove("half, whole")
        self.assertEqual(heard[0], ["%d" % i for i in range(50)])
        self.assertEqual(closing.recv_close(data=True)[0], 4001)
        for _ in range(drained + 100):
            self.assertEqual(blocked.recv(), (BINARY, b"x" * 1000))
        for peer in began, late:
            peer.close()
        met = server.steady.rest()
        print("stopped for %g s: then worst round trip %.1f ms" %
              (STOPPED * SLOW, met["worst"]))
        self.assertNotRegex(server.stderr_text(),
                            "cause=[a-z]*-timeout|by=server")


if __name__ == "__main__":
    unittest.main()
