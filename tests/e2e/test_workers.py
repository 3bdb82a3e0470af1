# SPDX-License-Identifier: MIT
"""--workers: one service of several processes, and the keeper that makes and
replaces them.

What is killed, stopped or told to leave here is a worker, the keeper, or all of
them; who looks on from outside must meet one service all the while."""

import contextlib
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from support import (CHATD, PATIENCE, SANITIZED, SLOW, Peer, ServerCase,
                     WebSocket, clean_environment, field, free_port,
                     listening, run, until_true, upgrade_headers)


def children(pid):
    """Processes that this one has made, in their order."""
    with contextlib.suppress(OSError):
        with open("/proc/%d/task/%d/children" % (pid, pid)) as words:
            return [int(word) for word in words.read().split()]
    return []


def runs(pid):
    """Is there this process, and is it no zombie?"""
    try:
        with open("/proc/%d/stat" % pid) as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def descriptors(pid):
    return len(os.listdir("/proc/%d/fd" % pid))


class WorkersCase(ServerCase):
    def crew(self, count, *options, **more):
        """A service of so many workers, all of which serve."""
        return self.start("--workers", str(count), *options, **more)

    def comes(self, server):
        """One more, if there is a slot."""
        peer = self.peer(server)
        peer.send(peer.request("/echo", headers=upgrade_headers()))
        return peer.response().status == 101

    def kill_one(self, server, pid):
        """kill -9, and the workers there are when it was replaced."""
        mark = server.mark()
        os.kill(pid, signal.SIGKILL)
        server.wait_log(r"event=worker .*pid=%d what=died signal=9" % pid,
                        mark)
        server.wait_log(r"event=worker .*what=started", mark)
        return children(server.pid)

    def ws_on(self, server, worker, path="/echo", **more):
        """A WebSocket that has come to this worker (by its number in the
        log); those that came to others leave."""
        for _ in range(200):
            mark = server.mark()
            ws = WebSocket(server, path, **more)
            line = server.wait_log(r"event=open ", mark)
            if field(line, "worker") == str(worker):
                self.addCleanup(ws.close)
                return ws
            ws.leave()
        raise AssertionError("nobody comes to worker %d" % worker)


class Coming(WorkersCase):
    """Addresses, and who takes whom."""

    def test_every_worker_takes_some(self):
        """TCP: the kernel deals connections out. One start line, which tells
        how many workers there are."""
        server = self.crew(4)
        self.assertEqual(len(children(server.pid)), 4)
        self.assertEqual(field(server.start_line(), "workers"), "4")
        all_of_them = [self.ws(server) for _ in range(64)]
        for i, ws in enumerate(all_of_them):
            ws.text("x%d" % i)
        for i, ws in enumerate(all_of_them):
            self.assertEqual(ws.recv_text(), "x%d" % i)
        self.wait_clients(server, 64)
        until_true(lambda: {field(line, "worker") for line in server.lines
                            if "event=open" in line} == set("0123"))
        starts = [line for line in server.lines if "event=start" in line]
        self.assertEqual(len(starts), 1)

    def test_a_unix_socket_is_one_for_all(self):
        """Its file is there once, and goes at the end."""
        folder = tempfile.mkdtemp(prefix="chatd-e2e-")
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "s")
        server = self.crew(3, addr=["127.0.0.1:PORT", "unix:" + path])
        for ws in [self.ws(server, unix=path) for _ in range(20)]:
            ws.text("x")
            self.assertEqual(ws.recv_text(), "x")
            ws.leave()
        # Whoever holds it dies: the file and the socket stay.
        for pid in children(server.pid):
            self.kill_one(server, pid)
        ws = self.ws(server, unix=path)
        ws.text("x")
        self.assertEqual(ws.recv_text(), "x")
        ws.leave()
        self.assertEqual(server.stop(), 0)
        self.assertFalse(os.path.exists(path))

    def test_a_port_in_use(self):
        """Exit 1 and one line, whoever has it and whoever wants it."""
        for first, second in ((2, 2), (1, 2), (2, 1)):
            server = self.start("--workers", str(first))
            done = run("--workers", str(second), "--addr", server.addr[0])
            self.assertEqual(done.returncode, 1, done)
            self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
            self.assertIn(str(server.port), done.stderr)
            self.assert_serves(server)

    def test_what_cannot_be_is_refused(self):
        """0, 33, and what is no number."""
        for value in "0", "33", "-1", "two", "":
            done = run("--workers=" + value)
            self.assertEqual(done.returncode, 2, value)
            self.assertEqual(len(done.stderr.splitlines()), 1)

    def test_one_is_one_process(self):
        """No keeper, no worker= in the log; and so is auto on one core."""
        server = self.start("--workers", "1")
        self.assertEqual(children(server.pid), [])
        ws = self.ws(server)
        self.assertIsNone(field(server.wait_log("event=open"), "worker"))
        ws.leave()
        alone = self.start("--workers", "auto",
                           wrapper=["taskset", "-c",
                                    str(min(os.sched_getaffinity(0)))])
        self.assertEqual(children(alone.pid), [])

    def test_auto_is_one_a_processor(self):
        """As many as the process may run on."""
        cores = len(os.sched_getaffinity(0))
        if cores < 2:
            self.skipTest("there is one processor")
        server = self.start("--workers", "auto")
        self.assertEqual(len(children(server.pid)), min(cores, 32))

    def test_thirty_two(self):
        """The most there can be."""
        server = self.crew(32)
        self.assertEqual(len(children(server.pid)), 32)
        clients = [self.ws(server, "/chat/r") for _ in range(100)]
        clients[0].text("x")
        for ws in clients:
            self.assertEqual(ws.recv_text(), "x")
        self.kill_one(server, children(server.pid)[0])
        self.assert_serves(server)


class Deaths(WorkersCase):
    """One worker dies, or hangs, or all of them stand still."""

    def test_a_killed_worker_takes_its_own_clients_alone(self):
        """The others go on; it is started again, and says so."""
        server = self.crew(2)
        mine, other = self.ws_on(server, 0), self.ws_on(server, 1)
        before = children(server.pid)
        after = self.kill_one(server, before[0])
        self.assertIn(before[1], after)
        self.assertNotIn(before[0], after)
        mine.expect_eof(reset=True)
        other.text("x")
        self.assertEqual(other.recv_text(), "x")
        self.wait_clients(server, 1)
        again = self.ws_on(server, 0)
        again.text("x")
        self.assertEqual(again.recv_text(), "x")

    def test_the_backlog_waits_for_the_successor(self):
        """Who has connected to a worker that hangs is served by the next
        one."""
        server = self.crew(2, "--handshake-timeout", "30")
        pids = children(server.pid)
        os.kill(pids[1], signal.SIGSTOP)
        waiting = [self.peer(server) for _ in range(30)]
        for peer in waiting:
            peer.send(peer.request("/healthz"))
        for peer in waiting:
            self.assertEqual(peer.response().status, 200)
        self.assertNotIn(pids[1], children(server.pid))

    def test_one_that_hangs_is_replaced_after_two_seconds(self):
        """It takes no turn while it is poked 20 times, 100 ms apart."""
        server = self.crew(3)
        ws = self.ws_on(server, 1)
        stopped = children(server.pid)[1]
        mark, began = server.mark(), time.monotonic()
        os.kill(stopped, signal.SIGSTOP)
        server.wait_log(r"event=worker worker=1 pid=%d what=hangs" % stopped,
                        mark)
        took = time.monotonic() - began
        self.assertGreater(took, 1.8)
        self.assertLess(took, 3 + 5 * (SLOW - 1) + PATIENCE / 2)
        server.wait_log(r"event=worker worker=1 .*what=started", mark)
        ws.expect_eof(reset=True)
        self.assertEqual(len(children(server.pid)), 3)

    def test_a_machine_that_was_stopped_replaces_nobody(self):
        """SIGSTOP and SIGCONT of all at once, whoever comes first."""
        server = self.crew(2)
        clients = [self.ws(server) for _ in range(6)]
        before = children(server.pid)
        everybody = [server.pid] + before
        for order in everybody, everybody[::-1]:
            for pid in order:
                os.kill(pid, signal.SIGSTOP)
            time.sleep(4)
            for pid in order:
                os.kill(pid, signal.SIGCONT)
            time.sleep(1)
        time.sleep(2)
        self.assertEqual(children(server.pid), before)
        for ws in clients:
            ws.text("x")
            self.assertEqual(ws.recv_text(), "x")

    def test_idle_ones_are_not_poked_for_ever(self):
        """Without clients there is no timer: nobody uses a processor."""
        server = self.crew(2)
        ws = self.ws(server)
        ws.leave()
        self.wait_clients(server, 0)
        time.sleep(6)                # one look, and it ends
        pids = [server.pid] + children(server.pid)

        def switches():
            total = 0
            for pid in pids:
                with open("/proc/%d/status" % pid) as status:
                    total += int(re.search(
                        r"^voluntary_ctxt_switches:\s+(\d+)", status.read(),
                        re.M).group(1))
            return total
        before = switches()
        time.sleep(6)
        self.assertEqual(switches(), before)

    def test_one_that_keeps_dying_is_started_ever_later(self):
        """At once, then after 100 ms, 200, 400: nothing spins."""
        server = self.crew(2)
        times = []
        for _ in range(5):
            pid = max(children(server.pid))
            began = time.monotonic()
            self.kill_one(server, pid)
            times.append(time.monotonic() - began)
        self.assertLess(times[0], 0.1 + PATIENCE / 20)
        self.assertGreater(times[2], 0.15)
        self.assertGreater(times[4], 0.7)
        self.assert_serves(server)

    def test_all_end_with_the_keeper(self):
        """kill -9 of it: nobody is left, and the port is free."""
        server = self.crew(3)
        ws = self.ws(server)
        pids = children(server.pid)
        os.kill(server.pid, signal.SIGKILL)
        until_true(lambda: not any(map(runs, pids)))
        ws.expect_eof(reset=True)
        self.assertFalse(listening(server.port))
        server.wait()

    def test_no_descriptor_is_left_behind(self):
        """Twenty deaths: keeper and workers have as many as at first."""
        server = self.crew(5)
        count = descriptors(server.pid)
        one = descriptors(children(server.pid)[0])
        for _ in range(4):
            for pid in children(server.pid):
                self.kill_one(server, pid)
                time.sleep(0.2)      # the log has 20 such lines a second
        self.assertEqual(len(children(server.pid)), 5)
        self.assertEqual(descriptors(server.pid), count)
        for pid in children(server.pid):
            self.assertEqual(descriptors(pid), one)
        self.assert_serves(server)


class Starting(WorkersCase):
    """A start that fails, and what it is started as."""

    @unittest.skipIf(SANITIZED, "a sanitizer needs all the memory there is")
    def test_a_worker_that_cannot_start(self):
        """Exit 1 and one line: the keeper has its memory, a worker not."""
        most = 400 << 20
        done = run("--workers", "4", "--addr", "127.0.0.1:%d" % free_port(),
                   "--room-log", "2M", limits={resource.RLIMIT_AS:
                                               (most, most)})
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stderr, r"\Achatd: not enough memory for these "
                         r"options: bytes wanted: [0-9]+\n\Z")

    def test_too_few_descriptors(self):
        """Exit 1 and one line."""
        done = run("--workers", "32", "--addr", "127.0.0.1:%d" % free_port(),
                   limits={resource.RLIMIT_NOFILE: (60, 60)})
        self.assertEqual(done.returncode, 1, done)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)

    def test_few_descriptors_are_told_once(self):
        """Fewer slots: one warning, and it serves."""
        server = self.crew(2, limits={resource.RLIMIT_NOFILE: (200, 200)})
        self.assertEqual(sum("level=warn" in line for line in server.lines),
                         1)
        self.assert_serves(server)

    @unittest.skipIf(SANITIZED, "built without the sandbox")
    def test_keeper_and_workers_are_confined(self):
        """Another user, no new privileges, seccomp; a worker that is started
        later, too."""
        options = ["--require-sandbox"]
        root = os.geteuid() == 0
        if root:
            options += ["--user", "65534:65534"]
        server = self.crew(2, *options)
        self.assertEqual(field(server.start_line(), "sandbox"),
                         "no_new_privs,landlock,seccomp")
        self.kill_one(server, children(server.pid)[0])
        self.assert_serves(server)
        for pid in [server.pid] + children(server.pid):
            with open("/proc/%d/status" % pid) as status:
                text = status.read()
            self.assertRegex(text, r"(?m)^Seccomp:\s+2$")
            self.assertRegex(text, r"(?m)^NoNewPrivs:\s+1$")
            if root:
                self.assertRegex(text, r"(?m)^Uid:\s+65534\s+65534")

    @unittest.skipIf(SANITIZED, "built without the sandbox")
    def test_nothing_they_do_is_refused_inside(self):
        """Not one call of keeper or workers fails with ENOSYS from the start
        line on: pages, rooms, a death, a successor's start, USR1, TERM."""
        self.assertTrue(shutil.which("strace"), "strace is not installed")
        folder = tempfile.mkdtemp(prefix="chatd-e2e-")
        self.addCleanup(shutil.rmtree, folder)
        trace = os.path.join(folder, "trace")
        with open(os.path.join(folder, "a.txt"), "w") as f:
            f.write("x" * 100000)
        server = self.crew(
            2, "--static", folder, "--per-ip", "50",
            addr=["127.0.0.1:PORT", "unix:" + os.path.join(folder, "s")],
            wrapper=["strace", "-D", "-f", "-s", "200", "-o", trace])
        for _ in range(2):
            for _ in range(10):
                self.assertEqual(self.get(server, "/a.txt").status, 200)
                ws = self.ws(server, "/ws/r")
                ws.text('{"message":"x"}')
                ws.leave()
            for pid in children(server.pid):
                self.kill_one(server, pid)
        server.signal(signal.SIGUSR1)
        server.wait_log("event=state")
        self.assertEqual(server.stop(), 0)
        with open(trace, errors="replace") as f:
            calls = f.read()
        self.assertIn("SECCOMP", calls)
        inside = calls[calls.index("event=start"):]
        for name in "clone", "wait4", "kill", "prctl", "openat2", "unlink":
            self.assertIn(name, inside)
        self.assertEqual([line for line in inside.splitlines()
                          if "ENOSYS" in line or "SIGSYS" in line], [])

    @unittest.skipIf(SANITIZED, "a sanitizer allocates all the time")
    def test_nothing_is_allocated_after_the_start_line(self):
        """The mappings of keeper and workers are the same behind a load."""
        def maps():
            found = {}
            for pid in [server.pid] + children(server.pid):
                with open("/proc/%d/maps" % pid) as lines:
                    # A stack may grow; that is no allocation.
                    found[pid] = [line.split()[0] for line in lines
                                  if "[stack]" not in line]
            return found
        server = self.crew(2, "--metrics", "127.0.0.1:%d" % free_port())
        before = maps()
        clients = [self.ws(server, "/ws/r") for _ in range(40)]
        for ws in clients:
            ws.text('{"message":"%s"}' % ("x" * 5000))
        for ws in clients:
            ws.leave()
        self.assertEqual(maps(), before)

    def test_as_process_1(self):
        """In a container: it serves, buries orphans, and stops."""
        script = ('mount -t proc proc /proc 2>/dev/null; exec "$@"')
        probe = subprocess.run(["unshare", "-pf", "true"],
                               stderr=subprocess.DEVNULL)
        if probe.returncode != 0:
            self.skipTest("no right to a namespace of processes")
        port = free_port()
        process = subprocess.Popen(
            ["unshare", "-pfm", "--kill-child", "sh", "-c", script, "sh",
             CHATD, "--workers", "2", "--addr", "127.0.0.1:%d" % port],
            stderr=subprocess.PIPE, env=clean_environment(), cwd="/")
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        until_true(lambda: listening(port))
        keeper = until_true(lambda: children(process.pid) and
                            children(process.pid)[0])
        workers = until_true(lambda: len(children(keeper)) == 2 and
                             children(keeper))
        os.kill(workers[0], signal.SIGKILL)
        until_true(lambda: len(children(keeper)) == 2 and
                   workers[0] not in children(keeper))
        os.kill(keeper, signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE), 0)


class Stopping(WorkersCase):
    """TERM, INT and USR1 are the keeper's."""

    def test_everybody_is_drained(self):
        """Close 1001 on every worker, exit 0; one line each of the log."""
        server = self.crew(4)
        clients = [self.ws(server, "/chat/r") for _ in range(30)]
        self.wait_clients(server, 30)
        mark = server.mark()
        server.signal(signal.SIGTERM)
        for ws in clients:
            self.assertEqual(ws.recv_close()[0], 1001)
        self.assertEqual(server.wait(), 0)
        stops = [line for line in server.lines[mark:] if "event=stop" in line]
        self.assertEqual([field(line, "what") for line in stops],
                         ["draining", "stopped"])
        self.assertEqual(field(stops[0], "clients"), "30")

    def test_a_terminal_or_a_service_signals_all_of_them(self):
        """^C, or systemd's TERM to the whole group: it counts once."""
        for number in signal.SIGINT, signal.SIGTERM:
            server = self.crew(3)
            ws = self.ws(server)
            for pid in children(server.pid) + [server.pid]:
                os.kill(pid, number)
            self.assertEqual(ws.recv_close()[0], 1001)
            self.assertEqual(server.wait(), 0)

    def one_that_reads_nothing(self, server):
        """A member to whom 2 MB are owed."""
        stopped = self.ws(server, "/chat/r", rcvbuf=4096)
        sender = self.ws(server, "/chat/r")
        for _ in range(400):
            sender.send_frame(1, b"x" * 5000)
            sender.recv()
        sender.leave()
        return stopped

    def test_a_second_one_exits_1_at_once(self):
        """And nobody is left."""
        server = self.crew(2, "--drain", "60", "--room-log", "8M",
                           "--write-timeout", "60")
        stopped = self.one_that_reads_nothing(server)
        pids = children(server.pid)
        server.signal(signal.SIGTERM)
        time.sleep(0.5)
        self.assertTrue(server.alive())
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(), 1)
        self.assertFalse(any(map(runs, pids)))
        self.assertFalse(listening(server.port))
        stopped.close()

    def test_one_that_hangs_does_not_hold_it_up(self):
        """It is ended, and the exit status tells."""
        server = self.crew(2)
        os.kill(children(server.pid)[0], signal.SIGSTOP)
        server.signal(signal.SIGTERM)
        self.assertEqual(server.wait(10 + PATIENCE), 1)

    def test_nobody_new_while_it_drains(self):
        """The addresses are closed at once, by all."""
        server = self.crew(2, "--drain", "3", "--write-timeout", "60",
                           "--room-log", "8M")
        stopped = self.one_that_reads_nothing(server)
        server.signal(signal.SIGTERM)
        until_true(lambda: not listening(server.port))
        self.assertEqual(server.wait(3 + PATIENCE), 0)
        stopped.close()

    def test_usr1_writes_one_line_of_state_for_all(self):
        """However many workers there are."""
        server = self.crew(3)
        clients = [self.ws(server, "/ws/r") for _ in range(12)]
        self.wait_clients(server, 12)
        mark = server.mark()
        server.signal(signal.SIGUSR1)
        server.wait_log("event=state", mark)
        time.sleep(0.2)
        lines = [line for line in server.lines[mark:] if "event=state" in line]
        self.assertEqual(len(lines), 1, lines)
        self.assertRegex(lines[0], r"clients=12\b")
        self.assertRegex(lines[0], r"rooms=1\b")
        self.assertIsNone(field(lines[0], "worker"))
        for ws in clients:
            ws.leave()


class Numbers(WorkersCase):
    """--clients, --per-ip and /metrics are of all together."""

    def test_slots_are_of_all_workers_together(self):
        """Never more than --clients; a slot that is given back is had by
        whoever comes, to any worker."""
        server = self.crew(3, "--clients", "10")
        clients = [self.ws(server) for _ in range(10)]
        for _ in range(6):
            peer = self.peer(server)
            peer.send(peer.request("/echo", headers=upgrade_headers()))
            self.assert_refused(peer, 503)
        self.assertEqual(self.get(server, "/readyz").json()["status"],
                         "full")
        clients.pop().leave()
        self.wait_clients(server, 9)
        until_true(lambda: self.get(server, "/readyz").status == 200)
        # The connection of that question may still have the slot.
        until_true(lambda: self.comes(server))
        self.wait_clients(server, 10)

    def test_idle_ones_of_any_worker_give_way(self):
        """Before anybody is refused, whichever worker they are on."""
        server = self.crew(3, "--clients", "10")
        idle = [self.peer(server) for _ in range(10)]
        for peer in idle:
            self.assertEqual(peer.ask("/").status, 200)
        for _ in range(10):
            self.ws(server)
        for peer in idle:
            peer.expect_eof(reset=True)
        peer = self.peer(server)
        peer.send(peer.request("/echo", headers=upgrade_headers()))
        self.assert_refused(peer, 503)

    def test_slots_of_a_dead_worker_are_free(self):
        """Its clients count no more."""
        server = self.crew(2, "--clients", "6")
        clients = [self.ws(server) for _ in range(6)]
        for pid in children(server.pid):
            self.kill_one(server, pid)
        self.wait_clients(server, 0)
        clients = [self.ws(server) for _ in range(6)]
        self.wait_clients(server, 6)
        for ws in clients:
            ws.leave()

    def test_an_address_counts_on_all_workers(self):
        """--per-ip; and again once a worker has died."""
        server = self.crew(4, "--per-ip", "5")
        for _ in range(2):
            clients = [self.ws(server, source="127.0.0.7") for _ in range(5)]
            for _ in range(8):
                peer = self.peer(server, source="127.0.0.7")
                peer.send(peer.request("/echo", headers=upgrade_headers()))
                self.assert_refused(peer, 429)
            self.ws(server, source="127.0.0.8").leave()
            for pid in children(server.pid):
                self.kill_one(server, pid)
            self.wait_clients(server, 0)
            for ws in clients:
                ws.close()

    def scrape(self, server, port):
        with Peer(server, port=port) as peer:
            text = peer.ask("/metrics").body.decode()
        found = {}
        for line in text.splitlines():
            if not line.startswith("#"):
                name, value = line.rsplit(" ", 1)
                found[name] = float(value)
        return found

    def test_metrics_are_sums(self):
        """Whichever worker answers; and no counter goes back when one
        dies."""
        port = free_port()
        server = self.crew(3, "--metrics", "127.0.0.1:%d" % port)
        clients = [self.ws(server, "/ws/r") for _ in range(20)]
        self.wait_clients(server, 20)
        accepted = {self.scrape(server, port)["chatd_connections_accepted"
                                              "_total"] for _ in range(10)}
        self.assertEqual(len(accepted), 1)
        now = self.scrape(server, port)
        self.assertEqual(now['chatd_websockets{form="json"}'], 20)
        self.assertEqual(now['chatd_websockets_opened_total{form="json"}'],
                         20)
        self.assertEqual(now['chatd_connections{state="open"}'], 20)
        self.assertEqual(now["chatd_rooms_in_use"], 1)
        self.assertEqual(now["chatd_slots"], 10000)
        for pid in children(server.pid):
            self.kill_one(server, pid)
        after = self.scrape(server, port)
        for name, value in now.items():
            if re.match(r"\w+_(total|bucket|count|sum)\b", name):
                self.assertGreaterEqual(after[name], value, name)
        self.assertEqual(after['chatd_websockets{form="json"}'], 0)
        self.assertEqual(after["chatd_rooms_in_use"], 0)
        for ws in clients:
            ws.close()


class Together(WorkersCase):
    """One room, whatever worker a client is on."""

    def test_what_one_says_all_hear(self):
        """In one order, with one numbering."""
        server = self.crew(2)
        here = self.ws_on(server, 0, "/ws/r", protocols="chatd.v1")
        there = self.ws_on(server, 1, "/ws/r", protocols="chatd.v1")

        def messages(ws, count):
            found = []
            while len(found) < count:
                got = ws.recv_json()
                if "message" in got:
                    found.append((got["id"], got["message"]))
            return found
        for i in range(50):
            (here if i % 2 else there).text('{"message":"%d"}' % i)
        heard = messages(here, 50)
        self.assertEqual(heard, messages(there, 50))
        self.assertEqual({m for _, m in heard}, {str(i) for i in range(50)})

    def test_a_room_outlives_the_worker(self):
        """Its history is there, and its numbers go on."""
        server = self.crew(2)
        ws = self.ws_on(server, 0, "/ws/r", protocols="chatd.v1")
        ids = []
        for i in range(10):
            ws.text('{"message":"%d"}' % i)
            while True:
                got = ws.recv_json()
                if "message" in got:
                    ids.append(got["id"])
                    break
        self.kill_one(server, children(server.pid)[0])
        for worker in 0, 1:
            again = self.ws_on(server, worker, "/ws/r?since=" + ids[3])
            self.assertEqual([again.recv_json()["id"] for _ in range(6)],
                             ids[4:])
            again.leave()


class Member(threading.Thread):
    """A chatd.v1 member that says numbered things, and when its connection
    ends comes back to where it was. It keeps what it has heard, in order."""

    def __init__(self, server, name, says):
        super().__init__(daemon=True)
        self.server, self.name_, self.says = server, name, says
        self.heard = []             # (id, message)
        self.acknowledged = set()
        self.gaps = self.lost = self.said = 0
        self.begins = threading.Event()
        self.stop_saying = self.done = False
        self.failure = None

    def run(self):
        try:
            while not self.done:
                self.once()
        except BaseException as error:      # told by the test
            self.failure = error

    def once(self):
        where = ""
        if self.heard:
            where = "?since=" + self.heard[-1][0]
        elif self.begins.is_set():  # it was there before anything was said
            where = "?history=200000"
        try:
            ws = WebSocket(self.server, "/ws/tea" + where,
                           protocols="chatd.v1")
        except (AssertionError, OSError):
            return                  # its worker was killed just now
        with ws:
            try:
                uid = ws.recv_json()["uid"]
                self.begins.set()
                while not self.done:
                    if self.says and not self.stop_saying:
                        time.sleep(0.005)
                        ws.json(message="%s-%d" % (self.name_, self.said))
                        self.said += 1
                    self.listen(ws, uid)
            except (AssertionError, OSError):
                self.lost += 1

    def listen(self, ws, uid):
        """Until its own message has come; one that only listens: what is
        there."""
        while True:
            try:
                got = ws.recv_json(0.2)
            except TimeoutError:
                return
            if got.get("event") == "gap":
                self.gaps += 1
            if "id" not in got:
                continue
            self.heard.append((got["id"], got["message"]))
            if got["uid"] == uid:
                self.acknowledged.add(got["message"])
                return


class Delivery(WorkersCase):
    """What is promised of messages, while workers are killed."""

    def test_a_worker_killed_every_200_ms(self):
        """Members come back to where they were. Everybody has heard one
        sequence, without a hole and nothing twice, and in it all that was
        acknowledged to anybody."""
        server = self.crew(4, "--room-log", "64M", "--rooms", "1",
                           "--history", "200000")
        members = [Member(server, "m%d" % i, i < 8) for i in range(20)]
        for m in reversed(members):     # the speakers last
            m.start()
            self.assertTrue(m.begins.wait(PATIENCE))
        began, kills = time.monotonic(), 0
        while time.monotonic() - began < 4:
            time.sleep(0.2)
            workers = children(server.pid)
            if workers:
                os.kill(workers[kills % len(workers)], signal.SIGKILL)
                kills += 1
        for m in members:
            m.stop_saying = True
        until_true(lambda: len(children(server.pid)) == 4)
        most = 0
        for _ in range(100):        # until nothing more comes
            time.sleep(0.5)
            now = [len(m.heard) for m in members]
            if max(now) == min(now) == most:
                break
            most = max(now)
        for m in members:
            m.done = True
        for m in members:
            m.join(PATIENCE)
            self.assertIsNone(m.failure)
            self.assertEqual(m.gaps, 0)
        print("%d kills, %d connections lost, %d messages" %
              (kills, sum(m.lost for m in members), most), flush=True)
        self.assertGreater(kills, 5)
        self.assertGreater(sum(m.lost for m in members), 0)
        whole = max((m.heard for m in members), key=len)
        for m in members[8:]:
            self.assertEqual(m.heard, whole)
        for m in members:               # a speaker may have come late
            self.assertEqual(m.heard, whole[len(whole) - len(m.heard):])
        numbers = [int(id_.split("-")[1]) for id_, _ in whole]
        self.assertEqual(numbers, list(range(1, len(numbers) + 1)))
        said = [text for _, text in whole]
        self.assertEqual(len(said), len(set(said)))
        for m in members:
            self.assertLessEqual(m.acknowledged, set(said))


class Supervised(WorkersCase):
    """systemd's two protocols, with the keeper."""

    def setUp(self):
        super().setUp()
        self.dir = tempfile.mkdtemp(prefix="chatd-e2e-")
        self.addCleanup(shutil.rmtree, self.dir)
        self.path = os.path.join(self.dir, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.addCleanup(self.socket.close)
        self.socket.bind(self.path)
        os.chmod(self.path, 0o666)
        self.socket.settimeout(PATIENCE)

    def told(self, seconds):
        """What comes in this time, or at once."""
        found, until = [], time.monotonic() + seconds
        while True:
            self.socket.settimeout(max(until - time.monotonic(), 0.001))
            try:
                found.append(self.socket.recv(200).decode())
            except socket.timeout:
                return found

    def test_ready_and_stopping_are_told_once(self):
        """Whatever becomes of workers meanwhile."""
        server = self.crew(3, env={"NOTIFY_SOCKET": self.path})
        self.kill_one(server, children(server.pid)[0])
        self.assertEqual(self.told(0.3), ["READY=1"])
        self.assertEqual(server.stop(), 0)
        self.assertEqual(self.told(0.1), ["STOPPING=1"])

    def test_a_sign_of_life_is_one_of_all(self):
        """WATCHDOG=1 while all take turns; not while one hangs; and again
        once it is replaced."""
        server = self.crew(2, env={"NOTIFY_SOCKET": self.path,
                                   "WATCHDOG_USEC": "1000000"})
        self.socket.recv(200)
        signs = self.told(3)
        self.assertEqual(set(signs), {"WATCHDOG=1"})
        self.assertGreaterEqual(len(signs), 4)
        mark = server.mark()
        os.kill(children(server.pid)[0], signal.SIGSTOP)
        self.told(0.6)               # one may be on its way
        self.assertEqual(self.told(1), [])
        server.wait_log("what=started", mark)
        self.told(0.6)
        self.assertIn("WATCHDOG=1", self.told(1.5))

    def test_sockets_that_are_handed_over_are_shared(self):
        """LISTEN_FDS: every worker accepts from them, and its successor."""
        listener = socket.socket()
        self.addCleanup(listener.close)
        listener.bind(("127.0.0.1", 0))
        listener.listen(100)
        script = ("import os, sys\n"
                  "fd = int(sys.argv[1])\n"
                  "os.dup2(fd, 3)\n"
                  "os.set_inheritable(3, True)\n"
                  "os.environ['LISTEN_FDS'] = '1'\n"
                  "os.environ['LISTEN_PID'] = str(os.getpid())\n"
                  "os.execv(sys.argv[2], sys.argv[2:])\n")
        process = subprocess.Popen(
            [sys.executable, "-c", script, str(listener.fileno()), CHATD,
             "--workers", "2"], stderr=subprocess.PIPE, cwd="/",
            pass_fds=[listener.fileno()], env=clean_environment())
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        port = listener.getsockname()[1]
        listener.close()
        # Nobody is replaced before all have served.
        self.assertIn(b"event=start ", process.stderr.readline())

        class There:
            host = "127.0.0.1"
        There.port = port
        for _ in range(3):
            with WebSocket(There) as ws:
                ws.text("x")
                self.assertEqual(ws.recv_text(), "x")
                ws.leave()
            os.kill(children(process.pid)[0], signal.SIGKILL)
            time.sleep(0.5)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(PATIENCE), 0)


if __name__ == "__main__":
    unittest.main()
