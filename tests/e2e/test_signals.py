# SPDX-License-Identifier: MIT
"""Signals, the end of the service, and the sockets it listens on."""

import os
import shutil
import signal
import stat
import struct
import tempfile
import threading
import time
import unittest

from support import (CLOSE, PATIENCE, TEXT, Eof, Peer, ServerCase, free_port,
                     load, run, until_true,
                     upgrade_headers)


class Terminate(ServerCase):
    """TERM and INT: leave in order."""

    def test_every_websocket_gets_1001(self):
        """Echo, chat and ws, each exactly one Close and the end; exit 0."""
        for number in signal.SIGTERM, signal.SIGINT:
            with self.subTest(number=number):
                server = self.start()
                some = [self.ws(server, p) for p in
                        ("/echo", "/chat", "/ws", "/chat/r", "/ws/r")]
                some[0].send(b"\x81\x85half")   # in the middle of a frame
                server.signal(number)
                for ws in some:
                    self.assertEqual(ws.recv_close()[0], 1001)
                    ws.close()
                self.assertEqual(server.wait(), 0)

    def test_more_clients_than_buffers_get_1001(self):
        """A Close for each of 40 on a server of 4 buffers, in every form."""
        server = self.start("--buffers", "4")
        some = [self.ws(server, p) for p in
                ("/echo", "/chat", "/ws", "/chat/r") * 10]
        server.signal(signal.SIGTERM)
        for ws in some:
            self.assertEqual(ws.recv_close()[0], 1001)
            ws.close()
        self.assertEqual(server.wait(), 0)

    def test_nobody_connected(self):
        """Exit 0 at once, not after --drain."""
        server = self.start("--drain", "60")
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0)
        self.assertLess(time.monotonic() - began, PATIENCE)

    def test_idle_connections_do_not_hold_it_up(self):
        """Idle HTTP connections and half a request: closed."""
        server = self.start("--drain", "60", "--handshake-timeout", "60")
        idle = self.peer(server)
        idle.ask("/")
        half = self.peer(server)
        half.send(b"GET / HT")
        silent = self.peer(server)
        time.sleep(0.1)
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 0)
        for peer in idle, silent:
            peer.expect_eof(reset=True)

    def test_under_load(self):
        """Members of both forms talk as TERM comes. Every message anybody
        got, everybody got, in the same order, and after the last one Close
        1001 and the end; exit 0 within --drain."""
        server = self.start("--drain", "10")
        talkers = [self.ws(server, "/chat/r") for _ in range(5)]
        readers = [self.ws(server, "/chat/r") for _ in range(3)]
        readers += [self.ws(server, "/ws/r") for _ in range(3)]
        seen = {ws: [] for ws in talkers + readers}
        codes = {}

        def read(ws):
            while True:
                try:
                    kind, payload = ws.recv()
                except (Eof, ConnectionError) as error:
                    codes[ws] = repr(error)
                    return
                if kind == CLOSE:
                    codes[ws] = struct.unpack(">H", payload[:2])[0]
                    try:
                        ws.expect_eof()
                    except (AssertionError, OSError) as error:
                        codes[ws] = repr(error)
                    return
                if payload.startswith(b"{"):
                    import json
                    payload = json.loads(payload)["message"].encode()
                seen[ws].append(payload)

        def talk(i, ws):
            # At its own pace, not ahead of what came back by more than 50.
            try:
                n = 0
                while ws not in codes:
                    if n - sum(1 for _ in seen[ws]) // 5 < 50:
                        ws.text("%d-%d" % (i, n))
                        n += 1
                    else:
                        time.sleep(0.001)
            except OSError:
                pass
        threads = [threading.Thread(target=read, args=(ws,), daemon=True)
                   for ws in seen]
        threads += [threading.Thread(target=talk, args=(i, ws), daemon=True)
                    for i, ws in enumerate(talkers)]
        for t in threads:
            t.start()
        until_true(lambda: min(map(len, seen.values())) > load(300))
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(10 + PATIENCE), 0)
        self.assertLess(time.monotonic() - began, 10 + PATIENCE / 2)
        for t in threads:
            t.join(PATIENCE)
        self.assertEqual(set(codes.values()), {1001})
        longest = max(seen.values(), key=len)
        for ws, got in seen.items():
            self.assertEqual(len(got), len(longest))
            self.assertEqual(got, longest)
        self.assertEqual(len(set(longest)), len(longest))

    def test_it_flushes_what_it_accepted(self):
        """A member that lags behind still gets every message that was
        published before TERM, then its Close."""
        server = self.start("--drain", "20", "--room-log", "4M")
        lagging = self.ws(server, "/chat/r", rcvbuf=4096)
        sender = self.ws(server, "/chat/r")
        said = [b"%d " % i + b"x" * 2000 for i in range(500)]
        for m in said:
            sender.send_frame(TEXT, m)
            self.assertEqual(sender.recv(), (TEXT, m))
        server.signal(signal.SIGTERM)
        for m in said:
            self.assertEqual(lagging.recv(), (TEXT, m))
        self.assertEqual(lagging.recv_close()[0], 1001)
        self.assertEqual(sender.recv_close()[0], 1001)
        self.assertEqual(server.wait(20 + PATIENCE), 0)

    def stuck(self, server):
        """A client that holds up the leaving: much to read, and it does
        not."""
        stopped = self.ws(server, "/chat/r", rcvbuf=4096)
        sender = self.ws(server, "/chat/r")
        for _ in range(400):
            sender.send_frame(TEXT, b"x" * 5000)
            sender.recv()
        sender.leave()
        return stopped

    def test_drain_is_the_limit(self):
        """Somebody who does not read cannot hold it up for longer than
        --drain; exit 0 all the same."""
        server = self.start("--drain", "1.5", "--room-log", "8M",
                            "--write-timeout", "60")
        self.stuck(server)
        began = time.monotonic()
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(1.5 + PATIENCE), 0)
        self.assertLess(time.monotonic() - began, 1.5 + PATIENCE / 2)

    def test_draining(self):
        """While it stops: /healthz on a connection open already is 503
        "draining", nobody new is let in, upgrades are 503."""
        server = self.start("--drain", "4", "--room-log", "8M",
                            "--write-timeout", "60",
                            "--handshake-timeout", "60")
        self.stuck(server)
        early, late = self.peer(server), self.peer(server)
        self.assertEqual(early.ask("/healthz").json()["status"], "ok")
        # In the middle of a request: whoever closes idle ones keeps this.
        late.send(b"GET /healthz HTTP/1.1\r\n")
        time.sleep(0.2)
        server.signal(signal.SIGTERM)
        time.sleep(0.3)
        late.send(b"Host: x\r\n\r\n")
        r = late.response()
        self.assertEqual(r.status, 503)
        self.assertEqual(r.json()["status"], "draining")
        with self.assertRaises((ConnectionError, Eof, TimeoutError)):
            with Peer(server, timeout=2) as peer:
                peer.send(peer.request("/", headers=upgrade_headers()))
                if peer.response(timeout=2).status == 503:
                    raise Eof("turned away")
        self.assertTrue(server.alive())
        self.assertEqual(server.wait(4 + PATIENCE), 0)

    def test_a_second_one_exits_1_at_once(self):
        """TERM then TERM, INT then TERM."""
        for first in signal.SIGTERM, signal.SIGINT:
            server = self.start("--drain", "60", "--room-log", "8M",
                                "--write-timeout", "60")
            self.stuck(server)
            server.signal(first)
            time.sleep(0.3)
            self.assertTrue(server.alive())
            server.signal(signal.SIGTERM)
            self.assertEqual(server.wait(), 1)


class Others(ServerCase):
    """HUP, PIPE, USR1."""

    def test_hup_and_pipe_are_ignored(self):
        """By the process, and while clients talk."""
        server = self.start()
        ws = self.ws(server)
        for number in signal.SIGHUP, signal.SIGPIPE:
            for _ in range(3):
                server.signal(number)
            ws.text("x")
            self.assertEqual(ws.recv_text(), "x")
            self.assert_serves(server)
        self.assertTrue(server.alive())

    def test_usr1_writes_one_line_of_state(self):
        """One line for each USR1, and life goes on."""
        server = self.start()
        ws = self.ws(server, "/ws/r")
        for _ in range(3):
            time.sleep(0.2)
            mark = server.mark()
            server.signal(signal.SIGUSR1)
            server.wait_log("event=state", mark)
            time.sleep(0.2)
            lines = [x for x in server.lines[mark:] if "event=state" in x]
            self.assertEqual(len(lines), 1, lines)
            self.assertRegex(lines[0], r"clients=1\b")
            self.assertRegex(lines[0], r"rooms=1\b")
        ws.leave()

    def test_signals_from_the_first_moment(self):
        """A USR1 or HUP as soon as it listens does not kill it."""
        for number in signal.SIGUSR1, signal.SIGHUP:
            server = self.start(starts=False)
            server.signal(number)
            self.assert_serves(server)


class Listening(ServerCase):
    """--addr: ports, families, unix sockets."""

    def setUp(self):
        super().setUp()
        self.dir = tempfile.mkdtemp(prefix="chatd-e2e-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.path = os.path.join(self.dir, "s")

    def one_line_exit_1(self, done, *words):
        self.assertEqual(done.returncode, 1, done)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertEqual(done.stdout, "")
        for word in words:
            self.assertIn(word, done.stderr)

    def test_a_port_in_use(self):
        """One line that names it, exit 1; the first one goes on."""
        server = self.start()
        self.one_line_exit_1(run("--addr", server.addr[0]), str(server.port))
        self.assert_serves(server)

    def test_restart_on_the_same_port(self):
        """Connections of the last life (TIME_WAIT) do not hinder a new
        start."""
        server = self.start()
        ws = self.ws(server)
        server.signal(signal.SIGTERM)
        ws.recv_close()
        self.assertEqual(server.wait(), 0)
        again = self.start(addr=["127.0.0.1:%d" % server.port])
        again.port = server.port
        self.assert_serves(again)

    def test_several_addresses(self):
        """Each one serves, all are one service."""
        port = free_port()
        server = self.start(addr=["127.0.0.1:PORT", "127.0.0.1:%d" % port,
                                  "unix:" + self.path])
        a = self.ws(server, "/chat")
        b = self.ws(server, "/chat", port=port)
        c = self.ws(server, "/chat", unix=self.path)
        a.text("x")
        for ws in a, b, c:
            self.assertEqual(ws.recv_text(), "x")

    def test_without_host_both_families(self):
        """:PORT is IPv6 and IPv4; [::1]:PORT and 127.0.0.1:PORT are one."""
        server = self.start(addr=[":PORT"])
        a = self.ws(server, "/chat")
        b = self.ws(server, "/chat", host="::1")
        a.text("x")
        self.assertEqual(b.recv_text(), "x")
        # An IPv4 client is logged as what it is.
        server.wait_log(r"event=open .*ip=127\.0\.0\.1\b")
        only6 = self.start(addr=["[::1]:PORT"])
        only6.host = "::1"
        self.assert_serves(only6)
        with self.assertRaises(ConnectionError):
            Peer(only6, host="127.0.0.1")

    def test_unix_socket(self):
        """Serves, is a socket file, and is removed at exit."""
        server = self.start(addr=["unix:" + self.path])
        self.assertTrue(stat.S_ISSOCK(os.stat(self.path).st_mode))
        ws = self.ws(server, "/chat", unix=self.path)
        ws.text("x")
        self.assertEqual(ws.recv_text(), "x")
        ws.leave()
        self.assertEqual(server.stop(), 0)
        self.assertFalse(os.path.exists(self.path))

    def test_a_stale_socket_file_is_replaced(self):
        """Left by one that was killed."""
        server = self.start(addr=["unix:" + self.path])
        server.kill()
        self.assertTrue(os.path.exists(self.path))
        again = self.start(addr=["unix:" + self.path])
        ws = self.ws(again, unix=self.path)
        ws.text("x")
        self.assertEqual(ws.recv_text(), "x")
        ws.leave()
        self.assertEqual(again.stop(), 0)
        self.assertFalse(os.path.exists(self.path))

    def test_a_live_socket_is_refused(self):
        """Whoever listens there keeps it, and its file."""
        server = self.start(addr=["unix:" + self.path])
        self.one_line_exit_1(run("--addr", "unix:" + self.path), self.path)
        ws = self.ws(server, unix=self.path)
        ws.text("x")
        self.assertEqual(ws.recv_text(), "x")

    def test_a_file_that_is_no_socket_is_refused(self):
        """And stays as it is."""
        with open(self.path, "w") as f:
            f.write("precious")
        self.one_line_exit_1(run("--addr", "unix:" + self.path), self.path)
        with open(self.path) as f:
            self.assertEqual(f.read(), "precious")

    def test_a_failed_start_leaves_nothing(self):
        """The second address fails: the first one's socket file goes too."""
        server = self.start()
        done = run("--addr", "unix:" + self.path, "--addr", server.addr[0])
        self.one_line_exit_1(done)
        self.assertFalse(os.path.exists(self.path))

    def test_a_folder_that_is_not_there(self):
        """One line, exit 1."""
        self.one_line_exit_1(run("--addr", "unix:%s/no/s" % self.dir))

    def test_a_path_too_long_for_a_socket(self):
        """107 bytes are the most; one line, exit 1 or 2."""
        done = run("--addr", "unix:" + self.path + "x" * 120)
        self.assertIn(done.returncode, (1, 2))
        self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_curl_over_a_unix_socket(self):
        """curl --unix-socket."""
        import subprocess
        self.start(addr=["unix:" + self.path])
        out = subprocess.run(
            ["curl", "-sS", "--max-time", "10", "--unix-socket", self.path,
             "http://localhost/"], check=True, capture_output=True).stdout
        self.assertEqual(out.strip(), b'{"msg":"HelloWebSocket"}')


if __name__ == "__main__":
    unittest.main()
