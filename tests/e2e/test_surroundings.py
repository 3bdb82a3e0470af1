# SPDX-License-Identifier: MIT
"""What stands around the service and must not stop it: standard error and
who does not read it, the kernel's refusals, other servers at its place."""

import contextlib
import fcntl
import grp
import os
import pty
import re
import resource
import select
import signal
import socket
import stat
import subprocess
import tempfile
import termios
import unittest
from subprocess import DEVNULL

from support import (CHATD, LOGFMT, PATIENCE, Peer, ServerCase, WebSocket,
                     field, listening_unix, load, run, until_true)


class StandardError(ServerCase):
    """Whatever it is: nobody waits for its reader, and SIGTERM works."""

    def busy(self, server):
        """More lines than any buffer holds, then: does it serve? Ends?"""
        for _ in range(load(400)):
            with Peer(server) as peer:
                peer.send(b"garbage\r\n\r\n")
                self.assertEqual(peer.response().status, 400)
            with WebSocket(server, "/chat") as ws:
                ws.leave()
            server.signal(signal.SIGUSR1)
        self.assert_serves(server)
        self.assertEqual(server.stop(), 0)

    def terminal(self):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        self.addCleanup(os.close, slave)
        return master, slave

    def begin(self, stderr, *options, **more):
        """A server that says much."""
        return self.start("--log", "debug", "--trace", *options,
                          stderr=stderr, **more)

    def test_a_terminal_nobody_reads(self):
        """Ctrl-S, a stopped screen, a container's console. What it did take
        is whole lines, but for the last one."""
        master, slave = self.terminal()
        server = self.begin(slave)
        self.assertFalse(fcntl.fcntl(slave, fcntl.F_GETFL) & os.O_NONBLOCK)
        self.busy(server)
        fcntl.fcntl(master, fcntl.F_SETFL, os.O_NONBLOCK)
        taken = os.read(master, 1 << 20).decode()
        self.assertRegex(taken.split("\r\n")[0], LOGFMT)

    def test_the_other_end_of_a_terminal(self):
        """Opened again it would be that of a new one, which nobody reads."""
        master, slave = self.terminal()
        modes = termios.tcgetattr(slave)
        modes[3] &= ~(termios.ICANON | termios.ECHO)
        termios.tcsetattr(slave, termios.TCSANOW, modes)
        self.begin(master)
        said = ""
        while "\n" not in said:
            self.assertTrue(select.select([slave], [], [], PATIENCE)[0])
            said += os.read(slave, 1 << 16).decode()
        self.assertRegex(said.splitlines()[0], LOGFMT)

    def test_a_terminal_that_is_stopped(self):
        """By Ctrl-S, from the start."""
        _, slave = self.terminal()
        termios.tcflow(slave, termios.TCOOFF)
        self.busy(self.begin(slave))

    def test_a_terminal_of_another_foreground(self):
        """`stty tostop`, and we are in the background: SIGTTOU would stop
        us at the first line."""
        _, slave = self.terminal()
        modes = termios.tcgetattr(slave)
        modes[3] |= termios.TOSTOP
        termios.tcsetattr(slave, termios.TCSANOW, modes)
        # A session whose terminal this is, and in it a group of its own,
        # which ends with the session's head (PR_SET_PDEATHSIG).
        script = ("import ctypes, fcntl, os, sys, termios\n"
                  "fcntl.ioctl(2, termios.TIOCSCTTY, 0)\n"
                  "pid = os.fork()\n"
                  "if pid:\n"
                  "    os._exit(os.waitpid(pid, 0)[1] >> 8)\n"
                  "os.setpgid(0, 0)\n"
                  "ctypes.CDLL(None).prctl(1, 9)\n"
                  "os.execv(sys.argv[1], sys.argv[1:])\n")
        server = self.begin(slave, wrapper=[
            "setsid", "/usr/bin/python3", "-c", script])
        # What was started is the session's head: who listens is its child.
        with open("/proc/%d/task/%d/children" %
                  (server.pid, server.pid)) as f:
            pid = int(f.read())
        for _ in range(load(100)):
            self.assertEqual(self.get(server, "/nowhere").status, 404)
        self.assert_serves(server)
        os.kill(pid, signal.SIGTERM)
        self.assertEqual(server.wait(), 0)

    def test_a_pipe_whose_reader_has_stopped(self):
        """Full, and not even closed."""
        read, write = os.pipe()
        self.addCleanup(os.close, read)
        self.addCleanup(os.close, write)
        self.busy(self.begin(write))
        self.assertFalse(fcntl.fcntl(write, fcntl.F_GETFL) & os.O_NONBLOCK)

    def test_a_fifo_whose_reader_comes_back(self):
        """Lines are lost while nobody reads; the next reader gets lines
        again."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "fifo")
            os.mkfifo(path)
            reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            write = os.open(path, os.O_WRONLY)
            server = self.begin(write)
            os.close(write)
            os.close(reader)
            for _ in range(20):
                self.assertEqual(self.get(server, "/nowhere").status, 404)
            reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
            self.addCleanup(os.close, reader)

            def state_is_told():
                server.signal(signal.SIGUSR1)
                try:
                    return b"event=state" in os.read(reader, 1 << 16)
                except BlockingIOError:
                    return False
            until_true(state_is_told)
            self.busy(server)

    def test_a_full_socket(self):
        """As systemd's journal gives one."""
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(theirs.close)
        self.busy(self.begin(theirs))
        self.assertTrue(os.get_blocking(theirs.fileno()))
        self.assertIn("event=start", ours.recv(4096).decode())

    def test_a_file_at_its_limit(self):
        """RLIMIT_FSIZE (ulimit -f, LimitFSIZE=): SIGXFSZ would end us."""
        with tempfile.TemporaryFile() as log:
            server = self.begin(
                log, limits={resource.RLIMIT_FSIZE: (3000, 3000)})
            self.busy(server)
            self.assertEqual(os.fstat(log.fileno()).st_size, 3000)

    def test_a_full_device(self):
        """Each write fails."""
        with open("/dev/full", "w") as full:
            self.busy(self.begin(full))


class Pages(ServerCase):
    """--static where a filter around us knows no openat2 (an older container
    runtime, an older systemd), or knows no file at all."""

    # As wrapper: CALLS fail with ERROR (seccomp(2)), then the program.
    REFUSE = ("import ctypes, os, struct, sys\n"
              "calls, error = eval(sys.argv[1])\n"
              "one = lambda *x: struct.pack('HBBI', *x)\n"
              "code = one(0x20, 0, 0, 0)\n"
              "for call in calls:\n"
              "    code += one(0x15, 0, 1, call)\n"
              "    code += one(0x06, 0, 0, 0x50000 | error)\n"
              "code += one(0x06, 0, 0, 0x7FFF0000)\n"
              "memory = ctypes.create_string_buffer(code, len(code))\n"
              "class Program(ctypes.Structure):\n"
              "    _fields_ = [('len', ctypes.c_ushort),\n"
              "                ('code', ctypes.c_void_p)]\n"
              "program = Program(len(code) // 8, ctypes.addressof(memory))\n"
              "libc = ctypes.CDLL(None)\n"
              "assert libc.prctl(38, 1, 0, 0, 0) == 0\n"
              "assert libc.prctl(22, 2, ctypes.byref(program)) == 0\n"
              "os.execv(sys.argv[2], sys.argv[2:])\n")
    OPENAT2 = 437
    EPERM = 1

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.mkdir(os.path.join(self.folder, "dir"))
        for name in "app.js", "dir/more.css", "chat.html":
            with open(os.path.join(self.folder, name), "w") as f:
                f.write("mine: " + name)
        os.symlink("/etc/passwd", os.path.join(self.folder, "passwd.txt"))

    def begin(self, calls, error):
        return self.start("--static", self.folder, wrapper=[
            "/usr/bin/python3", "-c", self.REFUSE, repr((calls, error))])

    def test_without_openat2(self):
        """Served all the same, and nothing outside the folder."""
        for error in self.EPERM, 38, 13, 22:    # ENOSYS, EACCES, EINVAL
            with self.subTest(error=error):
                server = self.begin([self.OPENAT2], error)
                for path, name in (("/app.js", "app.js"),
                                   ("/dir/more.css", "dir/more.css"),
                                   ("/chat", "chat.html")):
                    r = self.get(server, path)
                    self.assertEqual(r.body.decode(), "mine: " + name)
                self.assertEqual(self.get(server, "/passwd.txt").status, 404)
                self.assertNotIn("event=warning", server.stderr_text())

    def test_a_folder_of_no_use_is_told_at_start(self):
        """--user may not enter it: one warning, and the built-in pages."""
        if os.geteuid() != 0:
            self.skipTest("only root becomes somebody else")
        os.chmod(self.folder, 0o700)
        server = self.start("--static", self.folder, "--user", "65534")
        line = server.wait_log("level=error")
        self.assertIn('why="no file of --static can be opened" '
                      'error="Permission denied"', line)
        self.assertEqual(server.stderr_text().count("event=warning"), 1)
        self.assertEqual(self.get(server, "/app.js").status, 404)
        self.assertEqual(self.get(server, "/chat").status, 200)


class Downloads(ServerCase):
    """Files of --static that are taken slowly hold a descriptor each."""

    LARGE = 4 << 20

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with open(os.path.join(folder.name, "large.bin"), "wb") as f:
            f.write(bytes(self.LARGE))
        with open(os.path.join(folder.name, "small.txt"), "w") as f:
            f.write("small")
        self.server = self.start(
            "--static", folder.name,
            limits={resource.RLIMIT_NOFILE: (300, 300)})

    def slow(self, source):
        """Asks for the large file, and reads little more than its head."""
        peer = self.peer(self.server, source=source, rcvbuf=4096)
        peer.send(peer.request("/large.bin"))
        peer.fill(9)
        self.assertTrue(peer.buffer.startswith(b"HTTP/1.1 200 "))
        return peer

    def open_files(self):
        """Of the large file, in the server."""
        folder, names = "/proc/%d/fd" % self.server.pid, []
        for fd in os.listdir(folder):
            with contextlib.suppress(FileNotFoundError):    # closed since
                names.append(os.readlink(os.path.join(folder, fd)))
        return sum(name.endswith("large.bin") for name in names)

    def test_many_slow_ones_cost_nobody_else_anything(self):
        """One address begins 150; whoever comes is served, and another's
        download goes on to its end."""
        bob = self.slow("127.0.0.2")
        for _ in range(150):
            self.slow("127.0.0.1")
        until_true(lambda: self.open_files() == 300 // 16)
        self.assert_serves(self.server)
        self.assertEqual(self.get(self.server, "/small.txt").body, b"small")
        self.server.wait_log('event=refuse ip=127.0.0.1 '
                             'why="too many downloads"')
        self.assertEqual(len(bob.response().body), self.LARGE)
        self.assertNotIn("ip=127.0.0.2 why", self.server.stderr_text())


class UnixSockets(ServerCase):
    """unix:PATH: who may connect, and of several servers there is one."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        os.chmod(self.folder, 0o755)
        self.path = os.path.join(self.folder, "socket")

    def begin(self, *options):
        return self.start(*options, addr=["unix:" + self.path])

    def mode(self, path=None):
        return stat.S_IMODE(os.lstat(path or self.path).st_mode)

    def answers(self):
        with Peer(None, host="unix", unix=self.path) as peer:
            return peer.ask("/healthz").status == 200

    def umask(self, value):
        self.addCleanup(os.umask, os.umask(value))

    def test_the_umask_says_who_without_options(self):
        """As ever."""
        self.umask(0o022)
        self.begin()
        self.assertEqual(self.mode(), 0o755)

    def test_a_mode(self):
        """Of every unix: address, whatever the umask; nothing else is left
        in the folder."""
        self.umask(0o077)
        metrics = os.path.join(self.folder, "metrics")
        server = self.begin("--unix-mode", "0666",
                            "--metrics", "unix:" + metrics)
        self.assertEqual(self.mode(), 0o666)
        self.assertEqual(self.mode(metrics), 0o666)
        self.assertEqual(sorted(os.listdir(self.folder)),
                         ["metrics", "socket"])
        self.assertTrue(self.answers())
        self.assertEqual(server.stop(), 0)
        self.assertEqual(os.listdir(self.folder), [])

    def connects_as(self, user, group):
        """May this user of this one group connect?"""
        script = ("import os, socket, sys\n"
                  "os.setgroups([])\n"
                  "os.setresgid(*[int(sys.argv[2])] * 3)\n"
                  "os.setresuid(*[int(sys.argv[1])] * 3)\n"
                  "socket.socket(socket.AF_UNIX).connect(sys.argv[3])\n")
        done = subprocess.run(["/usr/bin/python3", "-c", script, str(user),
                               str(group), self.path], capture_output=True)
        self.assertIn(done.stderr.strip().rsplit(b"\n")[-1],
                      (b"", b"PermissionError: [Errno 13] Permission denied"))
        return done.returncode == 0

    def test_a_group(self):
        """By name and by number: its members connect, and nobody else."""
        if os.geteuid() != 0:
            self.skipTest("only root gives files away")
        for value, group in ("daemon", grp.getgrnam("daemon").gr_gid), (
                "12345", 12345):
            server = self.begin("--unix-mode", "0660", "--unix-group", value)
            self.assertEqual(os.lstat(self.path).st_gid, group)
            self.assertEqual(self.mode(), 0o660)
            self.assertTrue(self.connects_as(65534, group))
            self.assertFalse(self.connects_as(65534, 65534))
            server.stop()

    def test_a_group_that_cannot_be_had(self):
        """No such one: exit 2. No right to it: exit 1, and no file is left.
        One line each."""
        done = run("--addr", "unix:" + self.path, "--unix-group", "nobodies")
        self.assertEqual(done.returncode, 2)
        self.assertEqual(done.stderr, 'chatd: --unix-group: "nobodies" is '
                         'not in /etc/group\n')
        os.chmod(self.folder, 0o777)
        become = ["setpriv", "--reuid=65534", "--regid=65534",
                  "--clear-groups"] if os.geteuid() == 0 else []
        done = subprocess.run(
            become + [CHATD, "--addr", "unix:" + self.path, "--unix-group",
                      "12345"], capture_output=True, timeout=PATIENCE)
        self.assertEqual(done.returncode, 1, done)
        self.assertRegex(done.stderr, rb"\Achatd: [^\n]*not permitted\n\Z")
        self.assertEqual(os.listdir(self.folder), [])

    def test_of_servers_that_start_together_one_lives(self):
        """Over the file of one that was killed: the others are refused, and
        the one that lives is the one that answers."""
        for number in range(20):
            servers = [subprocess.Popen(
                [CHATD, "--addr", "unix:" + self.path], stdin=DEVNULL,
                stdout=DEVNULL, stderr=subprocess.PIPE) for _ in range(4)]
            try:
                until_true(lambda: sum(s.poll() is None
                                       for s in servers) == 1)
                living = [s for s in servers if s.poll() is None][0]
                until_true(lambda: listening_unix(self.path))
                self.assertTrue(self.answers())
                for s in servers:
                    if s is not living:
                        self.assertEqual(s.returncode, 1)
                        self.assertRegex(s.stderr.read(), rb"\Achatd: [^\n]*"
                                         rb"Address already in use\n\Z")
                self.assertEqual(os.listdir(self.folder), ["socket"])
                # Every other time its file stays behind.
                living.send_signal(signal.SIGKILL if number % 2
                                   else signal.SIGTERM)
                living.wait(PATIENCE)
                self.assertEqual(os.path.exists(self.path), number % 2 == 1)
            finally:
                for s in servers:
                    s.kill()
                    s.wait()
                    s.stderr.close()


class Zones(ServerCase):
    """[fe80::1%eth0]:PORT."""

    def test_a_zone_is_told_as_it_was_given(self):
        """By name, and by number."""
        number = socket.if_nametoindex("lo")
        for zone in "lo", str(number):
            address = "[::1%%%s]:PORT" % zone
            server = self.start(addr=[address])
            self.assertEqual(field(server.start_line(), "addr"),
                             server.addr[0])
            with socket.create_connection(("::1", server.port)):
                pass
            server.stop()

    def test_an_interface_that_is_not_there(self):
        """One line, exit 1."""
        done = run("--addr", "[fe80::1%nowhere0]:6868")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr, "chatd: cannot listen on "
                         "[fe80::1%nowhere0]:6868: No such device\n")

    def test_a_link_local_address(self):
        """In a network of its own, whose loopback has one."""
        script = """
            ip link set lo up && ip addr add fe80::1/64 dev lo nodad || exit 77
            "$@" --addr '[fe80::1%lo]:6868' --metrics '[fe80::1%lo]:6869' &
            chatd=$!
            trap 'kill $chatd; wait $chatd' EXIT
            curl -gsS --retry 20 --retry-all-errors --retry-delay 1 \\
                -o /dev/null 'http://[fe80::1%25lo]:6868/healthz' &&
            curl -gsS 'http://[fe80::1%25lo]:6869/metrics'
        """
        done = subprocess.run(["unshare", "-n", "sh", "-c", script, "sh",
                               CHATD], capture_output=True, timeout=40)
        if done.returncode == 77 or b"unshare" in done.stderr:
            self.skipTest("no network namespaces here")
        self.assertEqual(done.returncode, 0, done)
        self.assertIn(b"chatd_", done.stdout)
        self.assertIn(b"addr=[fe80::1%lo]:6868 metrics=[fe80::1%lo]:6869",
                      done.stderr)


class Sandbox(ServerCase):
    """--no-sandbox."""

    def status(self, server, name):
        with open("/proc/%d/status" % server.pid) as f:
            return re.search(r"^%s:\s*(\d+)" % name, f.read(), re.M).group(1)

    def test_nothing_of_it_is_entered(self):
        """By option and by variable; the start line says so."""
        for options, env in (["--no-sandbox"], {}), (
                [], {"CHATD_NO_SANDBOX": "1"}):
            server = self.start(*options, env=env)
            self.assertEqual(field(server.start_line(), "sandbox"), "off")
            self.assertEqual(self.status(server, "Seccomp"), "0")
            self.assertEqual(self.status(server, "NoNewPrivs"), "0")
            self.assert_serves(server)

    def test_it_cannot_be_required_as_well(self):
        """One line, exit 2."""
        done = run("--no-sandbox", "--require-sandbox")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"\A[^\n]*--no-sandbox[^\n]*\n\Z")


if __name__ == "__main__":
    unittest.main()
