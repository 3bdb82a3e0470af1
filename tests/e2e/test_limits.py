# SPDX-License-Identifier: MIT
"""Limits of every kind, and what a starved environment does to the service:
nothing. The contract's "After it nothing is allocated"."""

import fcntl
import os
import re
import resource
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import unittest

from support import (CHATD, CONT, PATIENCE, PING, SANITIZED, START,
                     TEXT, WARNING, Peer, ServerCase, WebSocket, field, frame,
                     free_port, load, run, until_true, upgrade_headers)


class Rate(ServerCase):
    """--rate N[:BURST]: above it a client is not read from; nothing is
    lost."""

    def took(self, server, path, count, at_once=True):
        ws = self.ws(server, path)
        began = time.monotonic()
        ws.send(b"".join(frame(TEXT, "m%d" % i) for i in range(count)))
        for i in range(count):
            self.assertEqual(ws.recv_text(), "m%d" % i)
        return time.monotonic() - began

    def test_above_it_messages_wait(self):
        """15 messages at 5 a second with a burst of 5: not sooner than two
        seconds, each one whole and in order; echo and chat alike."""
        server = self.start("--rate", "5:5")
        for path in "/echo", "/chat":
            self.assertGreater(self.took(server, path, 15), 1.5)

    def test_the_burst_is_free(self):
        """Twice N without BURST: 20 at 10 a second go through at once, 40
        take two seconds."""
        server = self.start("--rate", "10")
        self.assertLess(self.took(server, "/echo", 20), 1.0 + PATIENCE / 10)
        self.assertGreater(self.took(server, "/chat", 40), 1.5)

    def test_each_client_has_its_own(self):
        """One that is over does not slow another down."""
        server = self.start("--rate", "2:2")
        self.ws(server).send(frame(TEXT, "x") * 50)
        other = self.ws(server)
        other.text("quick")
        self.assertEqual(other.recv_text(), "quick")
        with Peer(server) as peer:
            for _ in range(10):
                self.assertEqual(peer.ask("/healthz").status, 200)

    def test_json_counts_too(self):
        """The JSON form as well, pings in it included."""
        server = self.start("--rate", "5:5")
        ws = self.ws(server, "/ws")
        began = time.monotonic()
        ws.send(frame(TEXT, '{"ping":1}') * 15)
        for _ in range(15):
            self.assertEqual(ws.recv_json(), {"pong": 1})
        self.assertGreater(time.monotonic() - began, 1.5)

    def test_a_waiting_client_can_leave(self):
        """One that is over its rate and goes away gives its slot back."""
        server = self.start("--rate", "1:1")
        ws = self.ws(server)
        ws.send(frame(TEXT, "x") * 30)
        ws.recv()
        ws.reset()
        self.wait_clients(server, 0)


class Descriptors(ServerCase):
    """The limit on open files."""

    def test_the_soft_limit_is_raised(self):
        """Soft 64, hard 4096: 200 slots, no warning, and they hold."""
        server = self.start("--clients", "200", limits={
            resource.RLIMIT_NOFILE: (64, 4096)})
        self.assertEqual(field(server.start_line(), "slots"), "200")
        self.assertFalse([x for x in server.lines if WARNING.search(x)])
        some = [self.ws(server) for _ in range(199)]
        for ws in some:
            ws.text("x")
        for ws in some:
            self.assertEqual(ws.recv_text(), "x")

    def test_too_low_a_limit_makes_fewer_slots(self):
        """Hard 64: a warning says how many slots there are; so many clients
        fit, the next one is 503, the service goes on without spinning."""
        server = self.start("--clients", "1000", limits={
            resource.RLIMIT_NOFILE: (64, 64)})
        slots = int(field(server.start_line(), "slots"))
        warnings = [x for x in server.lines if WARNING.search(x)]
        self.assertEqual(len(warnings), 1, server.lines)
        self.assertIn(str(slots), warnings[0])
        self.assertGreater(slots, 20)
        self.assertLess(slots, 64)
        some = [self.ws(server) for _ in range(slots)]
        for ws in some:
            ws.text("x")
            self.assertEqual(ws.recv_text(), "x")
        for _ in range(3):
            peer = self.peer(server)
            try:
                peer.send(peer.request("/echo", headers=upgrade_headers()))
            except ConnectionError:
                pass
            self.assert_refused(peer, 503)
        before = server.cpu()
        time.sleep(1)
        self.assertLess(server.cpu() - before, 0.5)
        some.pop().leave()
        until_true(lambda: self.gets_in(server), pause=0.05)

    def gets_in(self, server):
        try:
            with WebSocket(server) as ws:
                ws.text("x")
                return ws.recv_text() == "x"
        except (AssertionError, OSError):
            return False

    def test_out_of_descriptors_later(self):
        """The limit lowered under a running server: newcomers may be turned
        away, those inside are served, it does not spin, and when the limit
        is lifted it goes on."""
        server = self.start("--clients", "500")
        inside = [self.ws(server) for _ in range(10)]
        low = len(os.listdir("/proc/%d/fd" % server.pid))
        soft, hard = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (low, hard))
        waiting = [self.peer(server) for _ in range(5)]
        for peer in waiting:
            try:
                peer.send(peer.request("/healthz"))
            except ConnectionError:
                pass
        for ws in inside:
            ws.text("x")
            self.assertEqual(ws.recv_text(), "x")
        before = server.cpu()
        time.sleep(1)
        self.assertLess(server.cpu() - before, 0.5, "it spins")
        resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (soft, hard))
        until_true(lambda: self.gets_in(server), pause=0.1)

    def test_closed_standard_descriptors(self):
        """Started without stdin, stdout or stderr: what is written there
        does not end up in a client's connection."""
        for close in (0,), (1,), (2,), (0, 1), (0, 1, 2):
            with self.subTest(close=close):
                server = self.start("--log", "debug", close=close)
                some = [self.ws(server, p) for p in
                        ("/echo", "/chat", "/ws")]
                self.assertEqual(self.get(server, "/nope").status, 404)
                server.signal(signal.SIGUSR1)
                for ws in some[:2]:
                    ws.text("clean")
                    self.assertEqual(ws.recv_text(), "clean")
                    ws.send(frame(3, ""))
                    self.assertEqual(ws.recv_close()[0], 1002)
                self.assertEqual(some[2].recv_json()["message"], "clean")
                self.assert_serves(server)
                self.assertEqual(server.stop(), 0)


class Log(ServerCase):
    """A log that cannot be written never stops the service."""

    def busy(self, server):
        """Many events that are logged, then: does it serve?"""
        for i in range(load(400)):
            with Peer(server) as peer:
                if i % 2:
                    peer.send(b"garbage\r\n\r\n")
                    peer.response()
                else:
                    self.assertEqual(peer.ask("/echo").status, 200)
        for _ in range(load(100)):
            with WebSocket(server, "/chat") as ws:
                ws.leave()
        server.signal(signal.SIGUSR1)
        self.assert_serves(server)

    def test_dev_full(self):
        """Every write fails with ENOSPC."""
        with open("/dev/full", "w") as full:
            server = self.start("--log", "debug", stderr=full)
            self.busy(server)

    def test_a_full_pipe(self):
        """Nobody reads: the pipe fills up, a blocking write would hang."""
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
        server = self.start("--log", "debug", stderr=write)
        os.close(write)
        self.busy(server)

    def test_a_full_pipe_from_the_start(self):
        """Full before the first line."""
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        fcntl.fcntl(write, fcntl.F_SETPIPE_SZ, 4096)
        os.write(write, b"x" * 4096)
        server = self.start(stderr=write)
        os.close(write)
        self.busy(server)

    def test_a_pipe_without_reader(self):
        """EPIPE, SIGPIPE."""
        read, write = os.pipe()
        server = self.start("--log", "debug", stderr=write)
        os.close(write)
        os.close(read)
        self.busy(server)


class Memory(ServerCase):
    """Everything has its place before the first client."""

    limit = 300

    def test_ldd_names_libc_only(self):
        """No library but libc, its loader and the kernel's vdso."""
        if SANITIZED:
            self.skipTest("a sanitized binary links its runtime too")
        out = subprocess.run(["ldd", CHATD], capture_output=True,
                             text=True).stdout
        print(out.rstrip(), flush=True)
        for line in out.splitlines():
            self.assertRegex(line, r"linux-vdso|linux-gate|libc\.so|ld-linux|"
                                   r"ld-musl|not a dynamic|statically")

    def test_nothing_is_looked_up_after_the_start(self):
        """Linked with -z relro -z now: the table of libc's functions is
        filled in at once, and nobody writes to it any more."""
        out = subprocess.run(["readelf", "-dlW", CHATD], capture_output=True,
                             text=True, check=True).stdout
        if "Dynamic section" not in out:
            self.skipTest("a static binary looks nothing up")
        self.assertRegex(out, r"\bBIND_NOW\b|Flags:.*\bNOW\b")
        self.assertRegex(out, r"\bGNU_RELRO\b")

    def test_too_little_memory_is_one_line_and_exit_1(self):
        """A room log larger than the address space allowed."""
        if SANITIZED:
            self.skipTest("a sanitizer needs terabytes of address space")
        done = run("--addr", "127.0.0.1:%d" % free_port(), "--room-log", "1G",
                   limits={resource.RLIMIT_AS: (256 << 20, 256 << 20)})
        self.assertEqual(done.returncode, 1, done)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_nothing_is_allocated_after_the_start_line(self):
        """strace sees no call that could change memory from the start line
        on, under a load of all forms: handshakes, refusals, pages, echo of
        every size, chat in both forms with history, slow and lost clients,
        signals, full slots."""
        if SANITIZED:
            self.skipTest("the sanitizer's runtime allocates")
        if not shutil.which("strace"):
            self.fail("strace is needed")
        folder = tempfile.mkdtemp(prefix="chatd-e2e-")
        self.addCleanup(shutil.rmtree, folder)
        trace = os.path.join(folder, "trace")
        server = self.start(
            "--clients", "60", "--rooms", "3", "--room-log", "128K",
            "--max-message", "16K", "--buffers", "16", "--static", folder,
            "--log", "debug", "--handshake-timeout", "1",
            "--write-timeout", "2", "--ping", "0.5",
            wrapper=["strace", "-D", "-f", "-s", "300", "-o", trace,
                     "-e", "trace=%memory,write,writev,clone,clone3,fork,"
                     "vfork,execve"])
        self.all_forms(server, folder)
        ping = self.ws(server)
        ping.text("over")
        ping.recv()
        with open(trace) as f:
            lines = f.read().splitlines()
        starts = [i for i, line in enumerate(lines)
                  if re.search(r"\bwritev?\(2,", line) and
                  START.search(line)]
        self.assertEqual(len(starts), 1, "the start line in the trace")
        after = [line for line in lines[starts[0] + 1:]
                 if not re.search(r"\bwritev?\(", line)]
        # What strace itself tells is in +++ and ---.
        after = [line for line in after
                 if not re.search(r"^\d+ +(\+\+\+|---)", line)]
        self.assertEqual(after, [])

    def all_forms(self, server, folder):
        with open(os.path.join(folder, "big.bin"), "wb") as f:
            f.write(os.urandom(300_000))
        for target in "/", "/echo", "/chat", "/healthz", "/nope", "/big.bin":
            for method in "GET", "HEAD", "POST":
                self.get(server, target, method=method)
        for data in (b"garbage\r\n\r\n", b"GET /" + b"x" * 9000,
                     b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 70 + b"\r\n"):
            with Peer(server) as peer:
                peer.send(data)
                peer.response()
        slow = self.peer(server)
        slow.send(b"GET / HT")                      # 408 later
        echo = self.ws(server)
        for n in 0, 1, 125, 126, 65535, 65536, 1_000_000:
            sender = threading.Thread(target=echo.binary,
                                      args=(os.urandom(n),), daemon=True)
            sender.start()
            echo.recv()
            sender.join(PATIENCE)
        echo.send(b"".join(
            [frame(TEXT, "a", fin=False)] +
            [frame(CONT, "b", fin=False), frame(PING, "p")] * 20 +
            [frame(CONT, "c")]))
        echo.recv()
        for code, data in ((1002, frame(3, "")),
                           (1007, frame(TEXT, b"\xff"))):
            ws = self.ws(server)
            ws.send(data)
            self.assertEqual(ws.recv_close(data=True)[0], code)
        stopped = self.ws(server, "/chat/r", rcvbuf=4096)
        members = [self.ws(server, "/chat/r?name=P"),
                   self.ws(server, "/ws/r?history=5&name=J"),
                   self.ws(server, "/ws/r", protocols="chatd.v1")]
        members[2].recv()
        for i in range(200):
            members[0].text("%d " % i + "x" * 1500)
            members[0].recv()
            for ws in members[1:]:
                while "event" in ws.recv_json():
                    pass
            if i % 20 == 0:
                members[1].send(frame(TEXT, '{"message":"a', fin=False) +
                                frame(CONT, '","ping":1}'))
                members[0].recv()
                while "event" in members[2].recv_json():
                    pass
                self.assertEqual(members[1].recv_json(), {"pong": 1})
        late = self.ws(server, "/ws/r?history=50")
        late.recv_json()
        bad = self.ws(server, "/ws/r")
        bad.text("no json")
        self.assertEqual(bad.recv_close(data=True)[0], 1007)
        for i in range(4):                          # evictions, and 503
            ws = self.ws(server, "/chat/e%d" % i)
            ws.text("x")
            ws.recv()
            ws.leave()
            until_true(lambda: self.health(server)["rooms"] < 2)
        many = []
        for _ in range(80):                         # more than the slots
            peer = self.peer(server)
            many.append(peer)
            try:
                peer.send(peer.request("/echo", headers=upgrade_headers()))
            except ConnectionError:
                pass
        for peer in many:
            try:
                peer.response()
            except (AssertionError, OSError):
                pass
            peer.reset()
        for number in signal.SIGUSR1, signal.SIGHUP, signal.SIGPIPE:
            server.signal(number)
        time.sleep(2.5)                             # timeouts, pings
        stopped.close()
        until_true(lambda: self.gets_in(server), pause=0.05)

    gets_in = Descriptors.gets_in


if __name__ == "__main__":
    unittest.main()
