# SPDX-License-Identifier: MIT
"""On real boxes: supervised, as another user, in its sandbox, as process 1."""

import os
import pwd
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

from support import (CHATD, PATIENCE, ROOT, SANITIZED, SLOW, Peer, ServerCase,
                     clean_environment, field, free_port, run)

ROOT_USER = os.getuid() == 0
SANDBOX = "no_new_privs,landlock,seccomp"


def status(pid):
    with open("/proc/%d/status" % pid) as lines:
        return dict(line.rstrip("\n").split(":\t", 1) for line in lines)


# ---- supervised -------------------------------------------------------------

class Supervisor:
    """The socket that systemd would listen on."""

    def __init__(self, abstract=False):
        self.folder = tempfile.mkdtemp(prefix="chatd-e2e-")
        os.chmod(self.folder, 0o755)
        path = os.path.join(self.folder, "notify")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind("\0" + path if abstract else path)
        self.socket.settimeout(PATIENCE)
        self.name = "@" + path if abstract else path

    def hear(self):
        return self.socket.recv(4096).decode()

    def close(self):
        self.socket.close()
        shutil.rmtree(self.folder)


class Notify(ServerCase):
    """READY=1, STOPPING=1, WATCHDOG=1."""

    def supervisor(self, **more):
        supervisor = Supervisor(**more)
        self.addCleanup(supervisor.close)
        return supervisor

    def test_ready_and_stopping(self):
        """READY=1 once it serves, STOPPING=1 on TERM; by a path and by an
        abstract name."""
        for abstract in False, True:
            with self.subTest(abstract=abstract):
                systemd = self.supervisor(abstract=abstract)
                server = self.start(env={"NOTIFY_SOCKET": systemd.name})
                self.assertEqual(systemd.hear(), "READY=1")
                self.assert_serves(server)
                server.signal(signal.SIGTERM)
                self.assertEqual(systemd.hear(), "STOPPING=1")
                self.assertEqual(server.wait(), 0)

    def test_watchdog(self):
        """A sign of life twice in each WATCHDOG_USEC, idle or busy; none
        while the process is stopped."""
        systemd = self.supervisor()
        usec = int(SLOW * 400000)
        server = self.start(env={"NOTIFY_SOCKET": systemd.name,
                                 "WATCHDOG_USEC": str(usec)})
        self.assertEqual(systemd.hear(), "READY=1")
        last = time.monotonic()
        for _ in range(5):
            self.assertEqual(systemd.hear(), "WATCHDOG=1")
            now = time.monotonic()
            self.assertLess(now - last, usec / 1e6)
            last = now
        server.signal(signal.SIGSTOP)
        systemd.socket.settimeout(0.05)
        with self.assertRaises(TimeoutError):
            while True:                     # what was on its way
                systemd.hear()
        systemd.socket.settimeout(usec / 1e6)
        with self.assertRaises(TimeoutError):
            systemd.hear()
        server.signal(signal.SIGCONT)
        systemd.socket.settimeout(PATIENCE)
        self.assertEqual(systemd.hear(), "WATCHDOG=1")
        self.assert_serves(server)

    def test_watchdog_of_another_process(self):
        """WATCHDOG_PID that is not ours: nothing is sent."""
        systemd = self.supervisor()
        self.start(env={"NOTIFY_SOCKET": systemd.name,
                        "WATCHDOG_USEC": "10000", "WATCHDOG_PID": "1"})
        self.assertEqual(systemd.hear(), "READY=1")
        systemd.socket.settimeout(0.3)
        with self.assertRaises(TimeoutError):
            systemd.hear()

    def test_a_supervisor_that_does_not_listen(self):
        """Gone, or never there: the service goes on."""
        server = self.start(env={"NOTIFY_SOCKET": "/nowhere/notify"})
        self.assert_serves(server)
        systemd = Supervisor()
        server = self.start(env={"NOTIFY_SOCKET": systemd.name,
                                 "WATCHDOG_USEC": "20000"})
        systemd.close()
        time.sleep(0.1)
        self.assert_serves(server)

    def test_nonsense(self):
        """One line that names the variable, exit 2."""
        for name, value in (("WATCHDOG_USEC", "soon"),
                            ("WATCHDOG_PID", "-1"),
                            ("LISTEN_PID", "me")):
            done = run(env={name: value})
            self.assertEqual(done.returncode, 2)
            self.assertRegex(done.stderr, r"\Achatd: %s[^\n]*\n\Z" % name)


class Activated(unittest.TestCase):
    """Sockets that somebody else opened: LISTEN_FDS."""

    def activate(self, sockets, *options, fds=None, pid=None):
        """Starts chatd as systemd would, which sets LISTEN_PID to the pid
        that it gets."""
        fds = len(sockets) if fds is None else fds
        pid = "$$" if pid is None else pid
        script = "LISTEN_FDS=%s LISTEN_PID=%s exec \"$@\"" % (fds, pid)
        numbers = [s.fileno() for s in sockets]

        def child():
            # Out of the way first: 3 and 4 may be among the numbers.
            far = [os.dup2(n, 100 + i) for i, n in enumerate(numbers)]
            for i, n in enumerate(far):
                os.dup2(n, 3 + i)
                os.close(n)
        process = subprocess.Popen(
            ["sh", "-c", script, "sh", CHATD, *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, close_fds=False, preexec_fn=child,
            env=clean_environment(), cwd="/")
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def listener(self, family=socket.AF_INET, at=("127.0.0.1", 0)):
        s = socket.socket(family)
        self.addCleanup(s.close)
        s.bind(at)
        s.listen()
        return s

    def get(self, family, at):
        with socket.socket(family) as s:
            s.settimeout(PATIENCE)
            s.connect(at)
            s.sendall(b"GET /healthz HTTP/1.0\r\nHost: h\r\n\r\n")
            return s.makefile("rb").read()

    def test_inet_and_unix(self):
        """Both serve, in place of the default address; a connection made
        before the start is served too. The unix socket's file is not ours:
        it stays."""
        with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
            path = os.path.join(folder, "socket")
            inet = self.listener()
            unix = self.listener(socket.AF_UNIX, path)
            early = socket.create_connection(inet.getsockname())
            self.addCleanup(early.close)
            process = self.activate([inet, unix])
            line = process.stderr.readline().decode()
            port = inet.getsockname()[1]
            self.assertIn(" addr=127.0.0.1:%d " % port, line)
            self.assertIn(" addr=unix:%s " % path, line)
            self.assertNotIn(":6868", line)
            early.settimeout(PATIENCE)
            early.sendall(b"GET /healthz HTTP/1.0\r\nHost: h\r\n\r\n")
            self.assertIn(b" 200 ", early.recv(4096))
            self.assertIn(b" 200 ", self.get(socket.AF_UNIX, path))
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(PATIENCE), 0)
            self.assertTrue(os.path.exists(path))

    def test_addr_adds_to_them(self):
        """--addr is listened on besides."""
        inet, port = self.listener(), free_port()
        process = self.activate([inet], "--addr", "127.0.0.1:%d" % port)
        self.assertIn(b" addr=127.0.0.1:%d " % port,
                      process.stderr.readline())
        for at in inet.getsockname(), ("127.0.0.1", port):
            self.assertIn(b" 200 ", self.get(socket.AF_INET, at))

    def test_what_is_no_listener(self):
        """A datagram socket, a connection, a descriptor that is not open:
        one line, exit 2."""
        datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        near, far = socket.socketpair()
        for s in datagram, near, far:
            self.addCleanup(s.close)
        for sockets, fds in (([datagram], 1), ([near], 1), ([], 3)):
            process = self.activate(sockets, fds=fds)
            self.assertEqual(process.wait(PATIENCE), 2)
            self.assertRegex(process.stderr.read(),
                             rb"\Achatd: LISTEN_FDS[^\n]*\n\Z")

    def test_meant_for_another_process(self):
        """LISTEN_PID that is not ours: as if nothing were there."""
        inet, port = self.listener(), free_port()
        process = self.activate([inet], "--addr", "127.0.0.1:%d" % port,
                                pid=1)
        line = process.stderr.readline()
        self.assertNotIn(b":%d " % inet.getsockname()[1], line)
        self.assertIn(b" addr=127.0.0.1:%d " % port, line)


# ---- the units --------------------------------------------------------------

@unittest.skipUnless(shutil.which("systemd-analyze"), "needs systemd-analyze")
class Units(unittest.TestCase):
    """What make install puts in place, as systemd reads it."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp(prefix="chatd-e2e-")
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        source = os.path.join(ROOT, "scripts", "service")
        shutil.copy(os.path.join(source, "chatd.socket"), cls.folder)
        with open(os.path.join(source, "chatd.service")) as f:
            text = f.read().replace("@BINDIR@/chatd", CHATD)
        with open(os.path.join(cls.folder, "chatd.service"), "w") as f:
            f.write(text)

    def analyze(self, *words):
        return subprocess.run(["systemd-analyze", *words], cwd=self.folder,
                              capture_output=True, text=True, timeout=60)

    def test_they_are_valid(self):
        """systemd-analyze verify says nothing."""
        done = self.analyze("verify", "--man=no", "./chatd.service",
                            "./chatd.socket")
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_how_open_the_service_is(self):
        """systemd-analyze security: at most 1.5 of 10."""
        done = self.analyze("security", "--offline=true", "--threshold=15",
                            "./chatd.service")
        self.assertEqual(done.returncode, 0, done.stdout[-300:])

    def calls_of(self, group, seen):
        """The system calls that a group of systemd's stands for."""
        for line in seen[group]:
            if line.startswith("@"):
                yield from self.calls_of(line, seen)
            else:
                yield line

    @unittest.skipUnless(shutil.which("strace"), "needs strace")
    @unittest.skipIf(SANITIZED, "sanitizers make calls of their own")
    def test_the_service_may_make_every_call(self):
        """From exec to exit: within its SystemCallFilter."""
        groups, name = {}, None
        for line in self.analyze("syscall-filter").stdout.splitlines():
            if line.startswith("@"):
                name = line.strip()
                groups[name] = []
            elif line.strip() and not line.strip().startswith("#"):
                groups[name].append(line.strip())
        allowed = set()
        with open(os.path.join(self.folder, "chatd.service")) as f:
            for line in f:
                if not line.startswith("SystemCallFilter="):
                    continue
                words = line.split("=", 1)[1].split()
                minus = words[0].startswith("~")
                for word in words:
                    word = word.lstrip("~")
                    calls = set(self.calls_of(word, groups)
                                if word.startswith("@") else [word])
                    allowed = allowed - calls if minus else allowed | calls
        trace = os.path.join(self.folder, "trace")
        server = subprocess.Popen(
            ["strace", "-f", "-o", trace, CHATD, "--addr", "127.0.0.1:%d" %
             free_port(), "--static", ROOT], stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE, env=clean_environment())
        self.addCleanup(server.stderr.close)
        self.addCleanup(server.wait)
        self.addCleanup(server.kill)
        server.stderr.readline()
        with open("/proc/%d/task/%d/children" % (server.pid, server.pid)) as f:
            os.kill(int(f.read()), signal.SIGTERM)
        self.assertEqual(server.wait(PATIENCE), 0)
        with open(trace) as f:
            made = set(re.findall(r"^\d+ +(\w+)\(", f.read(), re.M))
        self.assertIn("epoll_wait", made)
        self.assertEqual(made - allowed, set())


# ---- another user -----------------------------------------------------------

@unittest.skipUnless(ROOT_USER, "only root can become somebody else")
class User(ServerCase):
    """--user: one user and one group, once everything is open."""

    def assert_is(self, server, uid, gid):
        told = status(server.pid)
        self.assertEqual(told["Uid"].split(), [str(uid)] * 4)
        self.assertEqual(told["Gid"].split(), [str(gid)] * 4)
        self.assertEqual(told["Groups"].split(), [])
        for kind in "CapPrm", "CapEff", "CapAmb":
            self.assertEqual(int(told[kind], 16), 0, kind)

    def test_by_name_and_by_number(self):
        """Names with the group of /etc/passwd."""
        nobody = pwd.getpwnam("nobody")
        for value, uid, gid in (("nobody", nobody.pw_uid, nobody.pw_gid),
                                ("nobody:7", nobody.pw_uid, 7),
                                ("12345", 12345, 12345),
                                ("12345:54321", 12345, 54321)):
            with self.subTest(value=value):
                server = self.start("--user", value)
                self.assert_is(server, uid, gid)
                self.assert_serves(server)
                self.assertEqual(server.stop(), 0)

    def test_a_socket_file_that_stays_is_told(self):
        """The user may not write its folder; the next start takes it over."""
        with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
            os.chmod(folder, 0o755)
            path = os.path.join(folder, "socket")
            for _ in range(2):
                server = self.start("--user", "12345", addr=["unix:" + path])
                self.assertEqual(server.stop(), 0)
                server.wait_log('why="the file of a unix: socket stays" '
                                'error="Permission denied"')
                self.assertTrue(os.path.exists(path))

    def test_what_only_root_can_open(self):
        """A privileged port, and a folder for the pages that the user may
        read; a unix socket beside it."""
        with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
            os.chmod(folder, 0o755)
            with open(os.path.join(folder, "page.txt"), "w") as f:
                f.write("mine")
            path = os.path.join(folder, "socket")
            server = self.start("--user", "nobody", "--static", folder,
                                addr=["127.0.0.1:PORT", "unix:" + path,
                                      "127.0.0.1:813"])
            self.assertEqual(self.get(server, "/page.txt").body, b"mine")
            with Peer(server, port=813) as peer:
                self.assertEqual(peer.ask("/healthz").status, 200)

    def test_nobody_of_that_name(self):
        """One line, exit 2."""
        for value in "no-such-user", "", ":", "nobody:nogroup", "-1":
            done = run("--user", value, "--addr",
                       "127.0.0.1:%d" % free_port())
            self.assertEqual(done.returncode, 2, value)
            self.assertRegex(done.stderr, r"\Achatd: --user[^\n]*\n\Z")

    def test_without_the_right_to(self):
        """One line, exit 1."""
        process = subprocess.run(
            [CHATD, "--user", "root", "--addr", "127.0.0.1:0"],
            user=65534, group=65534, extra_groups=[], stdin=subprocess.DEVNULL,
            capture_output=True, env=clean_environment(), timeout=PATIENCE,
            cwd="/")
        self.assertEqual(process.returncode, 1)
        self.assertRegex(process.stderr, rb"\Achatd: --user: [^\n]*\n\Z")


# ---- the sandbox ------------------------------------------------------------

class Sandbox(ServerCase):
    """On by default; told in the start line. What is forbidden inside is
    tried in tests/unit/os/test_sandbox.c."""

    def test_the_start_line_tells_the_truth(self):
        """sandbox= names what /proc says."""
        server = self.start()
        told = status(server.pid)
        parts = field(server.start_line(), "sandbox").split(",")
        self.assertEqual("no_new_privs" in parts, told["NoNewPrivs"] == "1")
        self.assertEqual("seccomp" in parts, told["Seccomp"] == "2")
        if SANITIZED:
            self.assertEqual(parts, ["no_new_privs"])

    @unittest.skipIf(SANITIZED, "sanitizers make calls of their own")
    def test_all_of_it_here(self):
        """Every part, where kernels are as these tests want them."""
        server = self.start("--require-sandbox")
        self.assertEqual(field(server.start_line(), "sandbox"), SANDBOX)
        self.assert_serves(server)

    @unittest.skipUnless(shutil.which("strace"), "needs strace")
    @unittest.skipIf(SANITIZED, "sanitizers make calls of their own")
    def test_nothing_the_loop_does_is_refused(self):
        """Pages, rooms, a slow client, no descriptors left, USR1, stop and
        go, a unix socket to remove: not one call fails with ENOSYS."""
        with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
            trace = os.path.join(folder, "trace")
            wrapper = os.path.join(folder, "chatd")
            with open(wrapper, "w") as f:
                f.write("#!/bin/sh\nexec strace -D -o %s %s \"$@\"\n" %
                        (trace, CHATD))
            os.chmod(wrapper, 0o755)
            visit = os.path.join(ROOT, "tests", "foreign", "visit.py")
            done = subprocess.run(
                ["/usr/bin/python3", visit], timeout=6 * PATIENCE,
                env={**os.environ, "CHATD": wrapper}, capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr[-2000:])
            with open(trace, errors="replace") as f:
                calls = f.read()
        self.assertIn("seccomp", calls.lower())
        inside = calls[calls.index("write(2, "):]
        for name in ("openat2", "sendfile", "shutdown", "unlink", "fcntl",
                     "getpeername", "TIOCOUTQ"):
            self.assertIn(name, inside)
        self.assertEqual([line for line in inside.splitlines()
                          if "ENOSYS" in line], [])

    def test_pages_from_a_folder_and_from_nowhere_else(self):
        """--static works under it, from subfolders too, and after the file
        has changed; also behind a stopped and continued process."""
        with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
            os.chmod(folder, 0o755)
            os.mkdir(os.path.join(folder, "sub"))
            server = self.start("--static", folder)
            for content in b"one", b"two, longer":
                with open(os.path.join(folder, "sub", "a.txt"), "wb") as f:
                    f.write(content)
                self.assertEqual(self.get(server, "/sub/a.txt").body, content)
            os.symlink("/etc/passwd", os.path.join(folder, "leak.txt"))
            self.assertEqual(self.get(server, "/leak.txt").status, 404)
            server.signal(signal.SIGSTOP)
            server.signal(signal.SIGCONT)
            self.assert_serves(server)

    def test_a_unix_socket_is_removed_at_the_end(self):
        """Its file goes, and only that: one that took its place stays."""
        with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
            path = os.path.join(folder, "socket")
            server = self.start(addr=["unix:" + path])
            self.assertEqual(server.stop(), 0)
            self.assertFalse(os.path.exists(path))
            server = self.start(addr=["unix:" + path])
            os.unlink(path)
            with open(path, "w") as other:
                other.write("another's")
            self.assertEqual(server.stop(), 0)
            self.assertTrue(os.path.exists(path))

    def test_less_than_required(self):
        """Where the kernel refuses: without --require-sandbox it starts and
        says so, with it one line and exit 1. (A filter laid around it plays
        an old kernel.)"""
        old = ("import ctypes, os, struct, sys\n"
               "libc = ctypes.CDLL(None)\n"
               "code = [(0x20, 0, 0, 0), (0x35, 0, 4, 444),\n"
               "        (0x35, 3, 0, 447), (0x06, 0, 0, 0x50026),\n"
               "        (6, 0, 0, 0x7fff0000), (6, 0, 0, 0x7fff0000),\n"
               "        (6, 0, 0, 0x7fff0000)]\n"
               "text = b''.join(struct.pack('HBBI', *c) for c in code)\n"
               "buffer = ctypes.create_string_buffer(text)\n"
               "class Program(ctypes.Structure):\n"
               "    _fields_ = [('n', ctypes.c_ushort),\n"
               "                ('p', ctypes.c_void_p)]\n"
               "program = Program(len(code), ctypes.addressof(buffer))\n"
               "libc.prctl(38, 1, 0, 0, 0)\n"
               "assert libc.prctl(22, 2, ctypes.byref(program), 0, 0) == 0\n"
               "os.execv(sys.argv[1], sys.argv[1:])\n")
        wrapper = ["/usr/bin/python3", "-c", old]
        server = self.start(wrapper=wrapper)
        self.assertNotIn("landlock", field(server.start_line(), "sandbox"))
        self.assert_serves(server)
        done = subprocess.run(
            wrapper + [CHATD, "--require-sandbox", "--addr", "127.0.0.1:0"],
            stdin=subprocess.DEVNULL, capture_output=True, timeout=PATIENCE,
            env=clean_environment(), cwd="/")
        self.assertEqual(done.returncode, 1)
        self.assertRegex(done.stderr, rb"\Achatd: --require-sandbox: "
                                      rb"[^\n]*landlock[^\n]*\n\Z")


# ---- process 1 --------------------------------------------------------------

@unittest.skipUnless(ROOT_USER and shutil.which("unshare"),
                     "needs root and unshare")
class First(ServerCase):
    """As process 1 of a PID namespace, as in a container."""

    def start_first(self):
        port = free_port()
        outer = subprocess.Popen(
            ["unshare", "--pid", "--fork", "--kill-child", CHATD, "--addr",
             "127.0.0.1:%d" % port],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, env=clean_environment(), cwd="/")
        self.addCleanup(outer.stderr.close)
        self.addCleanup(outer.wait)
        self.addCleanup(outer.kill)
        self.assertIn(b"event=start", outer.stderr.readline())
        with open("/proc/%d/task/%d/children" % (outer.pid, outer.pid)) as f:
            inner = int(f.read().split()[0])
        self.assertEqual(status(inner)["NSpid"].split()[-1], "1")
        return outer, inner, port

    def test_signals_reach_it(self):
        """TERM ends it with 0, though process 1 has no default actions; USR1
        is answered; HUP and PIPE do nothing."""
        outer, inner, port = self.start_first()
        for number in signal.SIGHUP, signal.SIGPIPE, signal.SIGUSR1:
            os.kill(inner, number)
        self.assertIn(b"event=state", outer.stderr.readline())
        os.kill(inner, signal.SIGTERM)
        self.assertEqual(outer.wait(PATIENCE), 0)

    def test_orphans_are_buried(self):
        """A process that loses its parent in there leaves no zombie."""
        _, inner, _ = self.start_first()
        subprocess.run(
            ["nsenter", "--target", str(inner), "--pid", "--", "sh", "-c",
             "(sleep 0.1 & sleep 0.1 &) ; true"], check=True,
            timeout=PATIENCE)
        time.sleep(0.5)
        with open("/proc/%d/task/%d/children" % (inner, inner)) as f:
            self.assertEqual(f.read().split(), [])


# ---- one file ---------------------------------------------------------------

STATIC = os.path.join(ROOT, "build", "static", "chatd")


@unittest.skipIf(SANITIZED, "no static build with sanitizers")
@unittest.skipUnless(os.path.exists(STATIC), "make static was not run")
class OneFile(unittest.TestCase):
    """make static."""

    def start(self, *command):
        port = free_port()
        process = subprocess.Popen(
            [*command, "--addr", "127.0.0.1:%d" % port],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE, env={}, cwd="/")
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        line = process.stderr.readline().decode()
        self.assertIn("event=start", line)
        return process, port, line

    def ask(self, port, target):
        with socket.create_connection(("127.0.0.1", port)) as s:
            s.settimeout(PATIENCE)
            s.sendall(b"GET %s HTTP/1.0\r\nHost: h\r\n\r\n" % target)
            return s.makefile("rb").read()

    def test_size(self):
        """At most 296 KiB, with everything, stripped. (What it was before there
        was --redis, 256, is what it is without: scripts/test.)"""
        self.assertLessEqual(os.stat(STATIC).st_size, 296 * 1024)

    def test_resident_memory_at_start(self):
        """The program itself, which others share, up to the ends of its two
        last pages; and under 80 KiB beside it, with the defaults. At
        addresses that are not random: else the stack has up to two pages
        more, by where it begins."""
        process, _, _ = self.start("/usr/bin/setarch", "-R", STATIC)
        told = status(process.pid)
        print("VmRSS %s, of it anonymous %s ... " %
              (told["VmRSS"].strip(), told["RssAnon"].strip()), end="")
        self.assertLess(int(told["RssAnon"].split()[0]), 80)
        self.assertLess(int(told["VmRSS"].split()[0]),
                        os.path.getsize(STATIC) / 1024 + 80 + 8)

    @unittest.skipUnless(ROOT_USER, "only root can chroot")
    def test_an_empty_chroot(self):
        """Nothing but the file itself in it: no libraries, no /dev, no
        /etc. Sandboxed, as another user, and with its pages."""
        with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
            os.chmod(folder, 0o755)
            shutil.copy(STATIC, os.path.join(folder, "chatd"))
            process, port, line = self.start(
                "/usr/sbin/chroot", folder, "/chatd", "--user", "12345",
                "--require-sandbox")
            self.assertEqual(field(line, "sandbox"), SANDBOX)
            self.assertIn(b"HelloWebSocket", self.ask(port, b"/"))
            self.assertIn(b"<html", self.ask(port, b"/index.html"))
            self.assertEqual(status(process.pid)["Uid"].split(),
                             ["12345"] * 4)
            process.send_signal(signal.SIGTERM)
            self.assertEqual(process.wait(PATIENCE), 0)


if __name__ == "__main__":
    unittest.main()
