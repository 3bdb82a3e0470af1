# SPDX-License-Identifier: MIT
"""Real networks: the server in one network namespace, its clients in another,
and between them a wire (wire.py) that loses, delays, reorders and doubles what
passes. TCP mends that; the contract's promises hold on top of it.

    E2E_SEED    seed of the wire; default 1"""

import concurrent.futures
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import unittest

from deflated import Deflated
from support import (BINARY, NAMES, PATIENCE, SLOW, TEXT, Peer, Server,
                     ServerCase, WebSocket, frame, load, until_true)
from wire import ADDRESSES, enter

HERE = os.path.dirname(os.path.abspath(__file__))
SEED = os.environ.get("E2E_SEED") or "1"
LONG = 4 * PATIENCE     # TCP tries again after 1, 2, 4 ... seconds
OURS = "/proc/thread-self/ns/net"

# What the wire does, in percent and milliseconds.
WEATHER = {
    "lossy": {"loss": 2, "delay": [10, 5]},
    "stormy": {"loss": 5, "delay": [20, 10], "twice": 2, "first": 5},
    "muddled": {"loss": 1, "delay": [5, 4], "twice": 5, "first": 25},
}


class Wire:
    """The process of wire.py."""

    def __init__(self):
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(HERE, "wire.py"), SEED],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        answer = json.loads(self.process.stdout.readline())
        self.error = answer.get("error")
        if not self.error:
            self.server_side, self.client_side = answer["namespaces"]

    def tell(self, **order):
        """The counters so far."""
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self):
        self.process.stdin.close()
        self.process.wait(PATIENCE)
        self.process.stdout.close()


class FarServer(Server):
    """A server in its own namespace, which execs nsenter in place."""

    def __init__(self, wire, *options):
        super().__init__(
            *options, addr=[ADDRESSES[0] + ":PORT"],
            wrapper=["nsenter", "--net=" + wire.server_side, "--"])
        self.host = ADDRESSES[0]

    def _listens(self):
        with contextlib.suppress(OSError):
            with open("/proc/%d/net/tcp" % self.pid) as table:
                return any(line.split()[3] == "0A" and
                           line.split()[1].endswith(":%04X" % self.port)
                           for line in table)
        return False


def side_by_side(jobs):
    """Runs them all; their results in order."""
    with concurrent.futures.ThreadPoolExecutor(len(jobs)) as pool:
        return [f.result() for f in [pool.submit(j) for j in jobs]]


class Member:
    """One in a room: what it said, and the messages it has heard."""

    FORMS = (("/chat/r", None), ("/ws/r", None), ("/ws/r", "chatd.v1"))

    def __init__(self, server, number):
        self.number = number
        path, protocol = self.FORMS[number % 3]
        self.path, self.v1 = path, protocol is not None
        kind = Deflated if number % 2 else WebSocket
        self.ws = kind(server, path, protocols=protocol, timeout=LONG)
        self.said, self.heard = [], []

    def say(self, i):
        text = "%d-%d %s" % (self.number, i, "x" * (i * 37 % 1500))
        self.said.append(text)
        if self.path == "/chat/r":
            self.ws.text(text)
        else:
            self.ws.json(message=text)

    def hear(self, count):
        """Reads until it has heard so many messages."""
        while len(self.heard) < count:
            kind, payload = self.ws.recv(LONG)
            if kind != TEXT:
                raise AssertionError("%d heard %r" % (self.number, payload))
            if self.path == "/chat/r":
                self.heard.append(payload.decode())
            else:
                told = json.loads(payload)
                if "message" in told:
                    self.heard.append(told["message"])

    def hears_itself(self):
        return self.path == "/chat/r" or self.v1


class NetworkCase(ServerCase):
    def setUp(self):
        super().setUp()
        self.wire = Wire()
        self.addCleanup(self.wire.close)
        if self.wire.error:
            self.skipTest("no namespaces here: " + self.wire.error)
        # The servers are stopped before this is undone.
        home = os.open(OURS, os.O_RDONLY)
        self.addCleanup(os.close, home)
        self.addCleanup(enter, "/proc/self/fd/%d" % home)
        enter(self.wire.client_side)

    def start_far(self, *options):
        server = FarServer(self.wire, *options)
        self.addCleanup(self._finish, server)
        return server

    def near(self, server):
        """/healthz as the server's own side of the wire sees it."""
        enter(self.wire.server_side)
        try:
            return self.health(server)
        finally:
            enter(self.wire.client_side)

    def tell(self, name, began):
        counts = self.wire.tell()
        print("%s: %.1f s, on the wire: %s" % (
            name, time.monotonic() - began,
            ", ".join("%s %d" % both for both in counts.items())), flush=True)
        return counts

    def talk(self, members, count):
        """Everybody says so much, and hears all of it: exactly once, in one
        order. A member of /ws without chatd.v1 does not hear itself."""
        def each(m):
            expected = count * len(members)
            if not m.hears_itself():
                expected -= count
            for i in range(count):
                m.say(i)
            m.hear(expected)
        for m in members:
            m.said, m.heard = [], []
        side_by_side([lambda m=m: each(m) for m in members])
        order = members[0].heard
        self.assertEqual(sorted(order),
                         sorted(text for m in members for text in m.said))
        for m in members:
            mine = set() if m.hears_itself() else set(m.said)
            self.assertEqual(m.heard, [t for t in order if t not in mine],
                             "%d heard another order" % m.number)
            self.assertEqual([t for t in order if t in set(m.said)], m.said)

    def echo(self, server, size):
        """One message of this size, there and back, both kinds."""
        self.echo_on(WebSocket(server, timeout=LONG), size)

    def echo_on(self, ws, size):
        for kind, payload in ((BINARY, os.urandom(size)),
                              (TEXT, ("é%d" % size * size)[:size // 2]
                               .encode())):
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                sent = pool.submit(ws.send, frame(kind, payload))
                got = ws.recv(LONG)
                sent.result()
            if got != (kind, payload):
                same = len(os.path.commonprefix([got[1], payload]))
                raise AssertionError(
                    "%d bytes came back as %s of %d, another from byte %d on" %
                    (len(payload), NAMES[got[0]], len(got[1]), same))
        ws.leave()


class Weather(NetworkCase):
    """Whatever the wire does."""

    def weather(self, name):
        began = time.monotonic()
        server = self.start_far("--handshake-timeout", "%g" % LONG)
        self.wire.tell(**WEATHER[name])
        members = [Member(server, i) for i in range(20)]
        self.talk(members, load(30))
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            for done in [pool.submit(self.echo, server, n) for n in
                         (load(1 << 20), load(1 << 20), 70000, 125)]:
                done.result()
        for m in members:
            m.ws.leave()
        until_true(lambda: self.near(server)["clients"] == 0)
        counts = self.tell(name, began)
        for what, percent in WEATHER[name].items():
            if what != "delay":
                self.assertGreater(counts[{"loss": "lost"}.get(what, what)],
                                   0, "the wire did nothing")

    def test_lossy(self):
        """Loss 2 %, delay 10 ± 5 ms."""
        self.weather("lossy")

    def test_stormy(self):
        """Loss 5 %, delay 20 ± 10 ms, doubled 2 %, ahead of others 5 %."""
        self.weather("stormy")

    def test_muddled(self):
        """Loss 1 %, delay 5 ± 4 ms, doubled 5 %, ahead of others 25 %."""
        self.weather("muddled")


class Breaks(NetworkCase):
    """The wire is cut, for a while or for good."""

    def cut(self, seconds, by):
        """The link is gone for so long: cut on the way, or our own interface
        taken down."""
        def ip(state):
            subprocess.run(["nsenter", "--net=" + self.wire.client_side, "ip",
                            "link", "set", "wire", state], check=True)
        if by == "interface":
            ip("down")
        else:
            self.wire.tell(cut=True)
        time.sleep(seconds)
        if by == "interface":
            ip("up")
        else:
            self.wire.tell(cut=False)

    def test_a_link_that_comes_back_has_lost_nothing(self):
        """Away for three seconds in the midst of talk and of a big echo, in
        both manners: nobody is let go, nothing is missing."""
        for by in "cut", "interface":
            began = time.monotonic()
            # Pings meet frames under way; TCP tries again after 3, 6, 12 s.
            server = self.start_far("--write-timeout", "30", "--ping", "1",
                                    "--pong-timeout", "30")
            self.wire.tell(loss=1, delay=[5, 2])
            members = [Member(server, i) for i in range(20)]
            self.talk(members, 3)
            big = WebSocket(server)
            side_by_side([
                lambda: self.cut(3, by),
                lambda: self.talk(members, load(30)),
                lambda: self.echo_on(big, load(1 << 20))])
            self.assertEqual(self.near(server)["clients"], 20)
            for m in members:
                m.ws.leave()
            self.assertNotRegex(server.stderr_text(),
                                r"cause=[a-z]+-timeout|cause=reset")
            counts = self.tell("away for 3 s, " + by, began)
            self.assertGreater(counts["cut"], 0)

    def test_those_who_vanish_are_let_go(self):
        """The clients' interface ceases to be: no FIN, no RST, no answer.
        Whatever each was at, its slot and its buffers are free again after
        the server's time limits."""
        began = time.monotonic()
        limit = "%g" % (1 * SLOW)
        server = self.start_far("--ping", limit, "--pong-timeout", limit,
                                "--write-timeout", limit, "--close-timeout",
                                limit, "--handshake-timeout", "%g" % (5 * SLOW),
                                "--keep-alive", limit)
        self.wire.tell(delay=[5, 2])
        there = []
        for path in "/echo", "/chat/r", "/ws/r":
            for data in (b"", frame(TEXT, b"half")[:7],
                         frame(TEXT, b"half", fin=False),
                         frame(BINARY, b"x" * 60000)):
                there.append(WebSocket(server, path))
                with contextlib.suppress(ConnectionError):
                    there[-1].send(data)
            there.append(Deflated(server, path))
        for data in b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n":
            there.append(Peer(server))
            there[-1].send(data)
        unread = WebSocket(server, rcvbuf=4096)
        unread.sock.settimeout(0.3)
        with contextlib.suppress(OSError):
            while True:
                unread.send(frame(BINARY, b"x" * 8000))
        self.wire.tell(unplug=1)
        self.state(server)
        until_true(lambda: self.state(server) == [0, 0, 0, 0, 0],
                   timeout=6 * SLOW + PATIENCE, pause=0.1)
        counts = self.tell("vanished", began)
        self.assertGreater(counts["cut"], 0)
        for peer in there + [unread]:
            peer.close()
        self.near(server)

    def state(self, server):
        """[clients, closing, http, slots, buffers]"""
        since = server.mark()
        server.signal(signal.SIGUSR1)
        line = server.wait_log("event=state", since)
        return [int(re.search(r" %s=(\d+)" % name, line).group(1)) for name in
                ("clients", "closing", "http", "slots", "buffers")]


if __name__ == "__main__":
    unittest.main()
