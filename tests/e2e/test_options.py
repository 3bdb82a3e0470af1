# SPDX-License-Identifier: MIT
"""The command line and the environment."""

import os
import re
import socket
import tempfile
import time
import unittest

from support import (WARNING, Peer, ServerCase, field, free_port, run,
                     upgrade_headers)

# Every option of the contract.
LONG = ("addr", "clients", "rooms", "room-log", "history", "max-message",
        "buffers", "ping", "pong-timeout", "handshake-timeout",
        "write-timeout", "close-timeout", "drain", "origin", "rate",
        "redis", "redis-auth", "redis-prefix", "redis-keep", "redis-queue",
        "redis-timeout",
        "per-ip", "proxy-protocol", "trust", "no-compression", "static",
        "unix-mode", "unix-group", "user", "require-sandbox", "no-sandbox",
        "metrics", "log", "token-key", "token-aud", "token-cookie", "trace",
        "explain", "check", "sign", "connect", "name", "subprotocol", "header",
        "token", "binary", "stay", "help", "version")
SWITCHES = ("no-compression", "require-sandbox", "no-sandbox",
            "proxy-protocol", "trace", "explain", "check", "binary", "stay", "help",
            "version")
SHORT = {"a": "addr", "c": "clients", "r": "rooms", "m": "max-message",
         "h": "help", "V": "version"}


class Told(ServerCase):
    """--help and --version."""

    def test_help_is_complete(self):
        """On standard output, exit 0, every option, every short one beside
        its long one, each default that is a number."""
        for option in "--help", "-h":
            done = run(option)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            for name in LONG:
                self.assertRegex(done.stdout, r"--%s\b" % name)
            for short, name in SHORT.items():
                self.assertRegex(done.stdout, r"-%s,\s+--%s\b" %
                                 (short, name))
            for default in ("6868", "10000", "64", "1M", "1000", "64K",
                            "256", "25"):
                self.assertRegex(done.stdout, r"\b%s\b" % default)

    def test_help_wins(self):
        """Whatever else is said rightly."""
        self.assertEqual(run("--clients", "5", "--help").returncode, 0)

    def test_version(self):
        """One line with the name and a number."""
        for option in "--version", "-V":
            done = run(option)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertRegex(done.stdout, r"^chatd \d+\.\d+\.\d+[^\n]*\n$")

    def test_output_to_a_full_device(self):
        """--help to /dev/full or into a closed pipe does not hang or
        crash."""
        import subprocess

        from support import CHATD
        with open("/dev/full", "w") as full:
            done = subprocess.run([CHATD, "--help"], stdout=full,
                                  stderr=subprocess.DEVNULL, timeout=20)
        self.assertGreaterEqual(done.returncode, 0)


class Bad(ServerCase):
    """A bad option, value or combination: one line that names it on standard
    error, nothing on standard output, exit 2."""

    def bad(self, *options, names=None, env=None):
        done = run("--addr", "127.0.0.1:%d" % free_port(), *options, env=env)
        self.assertEqual(done.returncode, 2, (options, done))
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        self.assertEqual(done.stdout, "")
        name = names or re.sub("=.*", "", options[0])
        self.assertIn(name, done.stderr, options)

    def test_unknown_options(self):
        """Long, short, and a word that is no option."""
        self.bad("--frobnicate")
        self.bad("--frobnicate=3", names="frobnicate")
        self.bad("-z", names="z")
        self.bad("word", names="word")
        self.bad("--clientss", "3", names="clientss")

    def test_missing_values(self):
        """At the end of the line, in both writings."""
        for name in LONG:
            if name not in SWITCHES:
                with self.subTest(name=name):
                    self.bad("--" + name)
        self.bad("-c", names="c")

    def test_a_switch_takes_no_value(self):
        """--no-compression=yes."""
        for name in "no-compression", "require-sandbox", "no-sandbox":
            self.bad("--%s=yes" % name)

    def test_bad_counts(self):
        """No number, more than a number, below zero, beyond all bounds."""
        for name in "clients", "rooms", "history", "buffers", "per-ip":
            for value in ("x", "", "-1", "1x", "1.5", " 1", "+1", "0x10",
                          "99999999999999999999"):
                with self.subTest(name=name, value=value):
                    self.bad("--%s=%s" % (name, value))
                    self.bad("--" + name, value)
        for name in "clients", "rooms", "buffers":
            with self.subTest(name=name):
                self.bad("--" + name, "0")
        self.bad("-cx", names="x")

    def test_one_line_whatever_the_value_holds(self):
        """A newline, a terminal's escape."""
        for value in "a\nb", "\n", "\x1b[2J", "\r\n\t":
            with self.subTest(value=value):
                self.bad("--clients", value)
                self.bad(value, names="unexpected argument")
                done = run("--static", "/nowhere" + value)
                self.assertEqual(done.returncode, 2)
                self.assertRegex(done.stderr, r"\A[ -~]+\n\Z")

    def test_bad_sizes(self):
        """Unknown units, units alone, zero, beyond 64 bits."""
        for name in "room-log", "max-message":
            for value in ("x", "", "K", "1Q", "1KB", "1KK", "-1", "1.5K",
                          "0", "0K", "99999999999999999999",
                          "99999999999999999G"):
                with self.subTest(name=name, value=value):
                    self.bad("--%s=%s" % (name, value))

    def test_bad_seconds(self):
        """Decimal fractions are welcome, nothing else."""
        for name in ("ping", "pong-timeout", "handshake-timeout",
                     "write-timeout", "close-timeout", "drain"):
            for value in ("x", "", "-1", "1s", "nan", "inf", "1e3", "0x1",
                          "1.2.3", ".", "99999999999999999999"):
                with self.subTest(name=name, value=value):
                    self.bad("--%s=%s" % (name, value))

    def test_bad_rates(self):
        """N or N:BURST."""
        for value in ("x", "", "5:", ":5", "5:x", "5:5:5", "-5", "0:0",
                      "5;10"):
            with self.subTest(value=value):
                self.bad("--rate=" + value)

    def test_bad_addresses(self):
        """Numeric addresses with a port, or unix:PATH."""
        for value in ("", "x", "127.0.0.1", "127.0.0.1:", ":", ":x",
                      ":65536", ":-1", "localhost:80", "256.0.0.1:80",
                      "::1:80", "[::1]", "[::1", "[127.0.0.1]:80",
                      "1.2.3:80", "unix:", "127.0.0.1:80x"):
            with self.subTest(value=value):
                self.bad("--addr=" + value)

    def test_bad_words(self):
        """Levels, origins, folders, modes."""
        for value in "", "x", "0", "668", "01000":
            self.bad("--unix-mode=" + value)
        for value in "loud", "", "INFO ", "2":
            self.bad("--log=" + value)
        for value in "", "a.example", "https://", "https://a.example/path":
            with self.subTest(value=value):
                self.bad("--origin=" + value)
        self.bad("--static=/nonexistent/folder")
        with tempfile.NamedTemporaryFile() as f:
            self.bad("--static=" + f.name)

    def test_bad_combinations(self):
        """A chat message larger than a quarter of the room log."""
        self.bad("--max-message=16385", "--room-log=64K",
                 names="max-message")
        self.bad("--max-message=64K", "--room-log=128K", names="room-log")

    def test_what_no_client_sends_is_no_origin_and_no_name(self):
        """It could never match, so it is told at once."""
        for value in ("https://a.example/", "https://*.a.example",
                      "https://a.example?x", "https://a.example#x",
                      "https://u@a.example", "https://a b", "https://",
                      "https://b\u00fccher.example", "https://a:65536",
                      "https://a:", "https://a:x", "a.example", "file:///x",
                      "wss://a.example", "https://127.1"):
            with self.subTest(origin=value):
                self.bad("--origin", value, names="--origin")
        for value in ("https://a.example", "*.a.example", "a/b", "a b", "",
                      "a:0", "a:65536", "u@a", "b\u00fccher", "[::1", ":80",
                      "127.1"):
            with self.subTest(host=value):
                self.bad("--host", value, names="--host")

    def test_bad_environment(self):
        """The variable is named."""
        for name, value in (("CHATD_CLIENTS", "x"), ("CHATD_PING", "-1"),
                            ("CHATD_ROOM_LOG", "1Q"),
                            ("CHATD_NO_COMPRESSION", "2"),
                            ("CHATD_LOG", "loud")):
            with self.subTest(name=name):
                self.bad(names=name, env={name: value})


class Good(ServerCase):
    """What the server makes of good ones, by its start line."""

    def slots(self, *options, **more):
        server = self.start(*options, **more)
        slots = field(server.start_line(), "slots")
        server.stop()
        return int(slots)

    def test_the_start_line(self):
        """Slots, rooms and bytes reserved, for good."""
        server = self.start("--clients", "30", "--rooms", "3")
        line = server.start_line()
        self.assertEqual(field(line, "slots"), "30")
        self.assertEqual(field(line, "rooms"), "3")
        self.assertRegex(line, r"\b(bytes|memory|reserved)\w*=\d+")
        self.assertEqual([x for x in server.lines if WARNING.search(x)], [])

    def test_all_writings_of_an_option(self):
        """--name=VALUE, --name VALUE, -c30, -c 30; the last one counts."""
        for options in (["--clients=30"], ["--clients", "30"], ["-c30"],
                        ["-c", "30"], ["-c", "5", "-c30"],
                        ["--clients=5", "-c", "7", "--clients", "30"]):
            with self.subTest(options=options):
                self.assertEqual(self.slots(*options), 30)

    def test_sizes(self):
        """Bytes, or K, M, G, also small, times 1024: seen at the largest
        message that a room log allows."""
        for log, message in (("65536", "16384"), ("64K", "16K"),
                             ("64k", "16k"), ("1M", "256K"), ("1m", "262144"),
                             ("16m", "4M")):
            with self.subTest(log=log):
                server = self.start("--room-log", log, "-m", message,
                                    "-r", "1")
                self.assert_serves(server)
                server.stop()

    def test_same_size_same_bytes(self):
        """64K and 65536 are the same."""
        a, b = (self.start("--room-log", v, "-m", "1K").start_line()
                for v in ("64K", "65536"))

        def numbers(line):
            return re.findall(r"\b(?:bytes|memory|reserved)\w*=(\d+)", line)
        self.assertEqual(numbers(a), numbers(b))

    def test_environment(self):
        """Each long option as CHATD_NAME; the command line wins."""
        env = {"CHATD_CLIENTS": "31"}
        self.assertEqual(self.slots(env=env), 31)
        self.assertEqual(self.slots("-c", "32", env=env), 32)

    def test_every_variable_is_read(self):
        """All of them at once, with switches off and on."""
        with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
            os.chmod(folder, 0o755)
            with open(os.path.join(folder, "chat.html"), "w") as f:
                f.write("mine")
            server = self.start(env={
                "CHATD_CLIENTS": "33", "CHATD_ROOMS": "2",
                "CHATD_ROOM_LOG": "64K", "CHATD_HISTORY": "5",
                "CHATD_MAX_MESSAGE": "100", "CHATD_BUFFERS": "8",
                "CHATD_PING": "0.3", "CHATD_PONG_TIMEOUT": "5.5",
                "CHATD_HANDSHAKE_TIMEOUT": "0.4",
                "CHATD_WRITE_TIMEOUT": "5", "CHATD_CLOSE_TIMEOUT": "5",
                "CHATD_DRAIN": "3", "CHATD_RATE": "1000:2000",
                "CHATD_PER_IP": "10", "CHATD_NO_COMPRESSION": "1",
                "CHATD_STATIC": folder, "CHATD_LOG": "debug",
                "CHATD_USER": "%d:%d" % (os.getuid(), os.getgid()),
                "CHATD_REQUIRE_SANDBOX": "0",
                "CHATD_ORIGIN": "https://a.example,https://b.example"})
            line = server.start_line()
            self.assertEqual(field(line, "slots"), "33")
            self.assertEqual(field(line, "rooms"), "2")
            self.assertEqual(self.get(server, "/chat").body, b"mine")
            ws = self.ws(server, "/chat", headers=[
                "Origin: https://b.example",
                "Sec-WebSocket-Extensions: permessage-deflate"])
            self.assertIsNone(ws.handshake.get("Sec-WebSocket-Extensions"))
            self.assertEqual(ws.recv_frame().opcode, 9)     # --ping 0.3
            ws.text("x" * 101)
            self.assertEqual(ws.recv_close()[0], 1009)
            ws.close()           # else it counts on for the lingering second
            with Peer(server) as peer:                      # 0.4 seconds
                peer.expect_eof(timeout=2.5)
            peers = [self.ws(server) for _ in range(10)]
            with Peer(server) as peer:
                try:
                    peer.send(peer.request("/", headers=upgrade_headers()))
                except ConnectionError:
                    pass
                self.assertEqual(peer.response().status, 429)
            del peers
        self.slots("--clients", "3", env={"CHATD_NO_COMPRESSION": "0"})

    def test_addresses_from_the_environment(self):
        """A list separated by commas; any --addr on the command line takes
        the place of all of it."""
        ports = free_port(), free_port()
        value = ",".join("127.0.0.1:%d" % p for p in ports)
        server = self.start(addr=[], env={"CHATD_ADDR": value},
                            starts=True)
        for port in ports:
            with Peer(server, port=port) as peer:
                self.assertEqual(peer.ask("/").status, 200)
        server.stop()
        server = self.start(env={"CHATD_ADDR": value})
        self.assert_serves(server)
        with self.assertRaises(ConnectionError):
            Peer(server, port=ports[0])

    def test_fractions_of_seconds(self):
        """0.5, .5 aside: digits, a point, digits."""
        server = self.start("--ping", "0.5", "--drain", "1.25",
                            "--write-timeout", "10.0")
        self.assert_serves(server)

    def test_log_levels(self):
        """error is silent about what goes well; each level starts."""
        for level in "error", "warn", "info", "debug":
            server = self.start("--log", level,
                                starts=level in ("info", "debug"))
            self.assert_serves(server)
            server.stop()
            if level == "error":
                self.assertEqual(server.lines, [])

    def test_it_needs_nothing(self):
        """An empty environment and / as the folder."""
        server = self.start(env={k: "" for k in ("HOME", "PATH", "LANG")})
        self.assert_serves(server)


class Unknown(ServerCase):

    def test_a_variable_that_is_no_option_is_told_once(self):
        """By its name alone, with several workers, too."""
        for workers in "1", "2":
            server = self.start("--workers", workers,
                                env={"CHATD_CLINETS": "5",
                                     "CHATD_BUFFERS": "300"})
            self.assert_serves(server)
            told = [x for x in server.lines if WARNING.search(x)]
            self.assertEqual(len(told), 1, told)
            self.assertIn('why="no such option" environment=CHATD_CLINETS',
                          told[0])


class Check(ServerCase):
    """--check: what a container's health check runs."""

    def ask(self, *options, env=None):
        done = run("--check", *options, env=env)
        self.assertEqual(done.stdout, "")
        return done.returncode, done.stderr

    def test_a_server_that_is_well(self):
        """Exit 0 and no word; by its options, or its environment."""
        server = self.start("--host", "a.example")
        self.assertEqual(self.ask("--addr", server.addr[0]), (0, ""))
        self.assertEqual(self.ask(env={"CHATD_ADDR": server.addr[0]}), (0, ""))
        self.assertEqual(self.ask("--addr", ":%d" % server.port), (0, ""))

    def test_behind_a_header_and_on_a_socket(self):
        """--proxy-protocol counts; --metrics wants none."""
        with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
            metrics = "127.0.0.1:%d" % free_port()
            path = "unix:" + os.path.join(folder, "s")
            self.start("--addr", path, "--proxy-protocol", "--metrics", metrics)
            self.assertEqual(self.ask("--addr", path, "--proxy-protocol"),
                             (0, ""))
            self.assertEqual(self.ask("--addr", path)[0], 1)
            self.assertEqual(self.ask("--addr", path, "--proxy-protocol",
                                      "--metrics", metrics), (0, ""))

    def test_no_server_and_one_that_stops(self):
        """Exit 1, and one line."""
        self.assertEqual(self.ask("--addr", "127.0.0.1:%d" % free_port()),
                         (1, "chatd: --check: Connection refused\n"))
        with socket.create_server(("127.0.0.1", 0)) as silent:
            began = time.monotonic()
            self.assertEqual(
                self.ask("--addr", "127.0.0.1:%d" % silent.getsockname()[1],
                         "--handshake-timeout", "0.3"),
                (1, "chatd: --check: Connection timed out\n"))
            self.assertGreater(time.monotonic() - began, 0.25)

    def test_a_url(self):
        """Which names whom to ask, and for what; whatever the others say."""
        with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
            path = "unix:" + os.path.join(folder, "s")
            server = self.start("--host", "127.0.0.1", "--addr", "127.0.0.1:0",
                                "--addr", path)
            url = "http://127.0.0.1:%d" % server.port
            nobody = "127.0.0.1:%d" % free_port()
            for good in (url, url + "/readyz", url + "/", path,
                         url.replace("127.0.0.1", "")):
                with self.subTest(url=good):
                    self.assertEqual(self.ask(good, "--addr", nobody,
                                              "--metrics", path), (0, ""))
            self.assertEqual(self.ask(url + "/no"),
                             (1, "chatd: --check: HTTP/1.1 404\n"))
            self.assertEqual(self.ask(url + "/ws"),
                             (1, "chatd: --check: HTTP/1.1 426\n"))
            self.assertEqual(self.ask("http://localhost/")[0], 2)
        with socket.create_server(("127.0.0.1", 0)) as silent:
            heard = "http://127.0.0.1:%d" % silent.getsockname()[1]
            self.assertEqual(self.ask(heard + "/a?b", "--proxy-protocol",
                                      "--metrics", nobody,
                                      "--handshake-timeout", "0.1")[0], 1)
            with silent.accept()[0] as asked:
                self.assertEqual(
                    asked.recv(1000).decode(),
                    "PROXY UNKNOWN\r\nGET /a?b HTTP/1.1\r\nHost: %s\r\n"
                    "Connection: close\r\n\r\n" % heard[7:])


if __name__ == "__main__":
    unittest.main()
