# SPDX-License-Identifier: MIT
"""Behind a proxy: --proxy-protocol and --trust, spoken to by hand. The proxies
themselves are in test_proxies.py."""

import os
import socket
import struct
import tempfile
import time
import unittest

from support import (PATIENCE, Eof, Peer, ServerCase, WebSocket, field, run,
                     until_true, upgrade_headers)

SIGNATURE = b"\r\n\r\n\0\r\nQUIT\n"


def line(ip, family="TCP4", port=4000):
    """A header of version 1."""
    return ("PROXY %s %s %s %d 80\r\n" % (family, ip, ip, port)).encode()


def binary(ip, tlv=b"", command=0x21):
    """A header of version 2."""
    family = socket.AF_INET6 if ":" in ip else socket.AF_INET
    kind = 0x21 if ":" in ip else 0x11
    body = socket.inet_pton(family, ip) * 2 + struct.pack(">HH", 4000, 80)
    return (SIGNATURE + bytes([command, kind]) +
            struct.pack(">H", len(body + tlv)) + body + tlv)


class BehindCase(ServerCase):
    def ask(self, server, before, target="/", **more):
        """One request with bytes before it: its response."""
        with Peer(server) as peer:
            peer.send(before + peer.request(target, **more))
            return peer.response()

    def open(self, server, before=b"", headers=(), path="/echo"):
        """A WebSocket with bytes before its handshake; cleaned up."""
        ws = Upgraded(server, before, path=path, headers=headers)
        self.addCleanup(ws.close)
        return ws

    def ip_of_next(self, server, event, mark):
        return field(server.wait_log("event=" + event, mark), "ip")


class Upgraded(WebSocket):
    def __init__(self, server, before, **more):
        self.before = before
        super().__init__(server, **more)

    def send(self, data, *rest, **more):
        before, self.before = self.before, b""
        super().send(before + data, *rest, **more)


class ProxyProtocol(BehindCase):
    """--proxy-protocol"""

    def test_whose_it_is(self):
        """In the log, by either version, with a request right behind it or
        cut anywhere."""
        server = self.start("--proxy-protocol")
        for before, ip in ((line("192.0.2.1"), "192.0.2.1"),
                           (line("2001:db8::7", "TCP6"), "2001:db8::7"),
                           (binary("192.0.2.2"), "192.0.2.2"),
                           (binary("2001:db8::8"), "2001:db8::8"),
                           (binary("::ffff:192.0.2.3"), "192.0.2.3"),
                           (binary("192.0.2.4", b"\4\x80\0" + b"x" * 32768),
                            "192.0.2.4")):
            with self.subTest(ip=ip):
                mark = server.mark()
                ws = self.open(server, before)
                ws.text("hello")
                self.assertEqual(ws.recv_text(), "hello")
                self.assertEqual(self.ip_of_next(server, "open", mark), ip)

    def test_byte_by_byte(self):
        """The header and the request, and then frames."""
        server = self.start("--proxy-protocol")
        for before in line("192.0.2.1"), binary("192.0.2.1"):
            mark = server.mark()
            with Peer(server) as peer:
                for byte in before + peer.request(
                        "/echo", headers=upgrade_headers()):
                    peer.send(bytes([byte]))
                self.assertEqual(peer.response().status, 101)
            self.assertEqual(self.ip_of_next(server, "open", mark),
                             "192.0.2.1")

    def test_the_proxy_itself(self):
        """LOCAL and UNKNOWN: it is from whoever connected."""
        server = self.start("--proxy-protocol")
        for before in (binary("192.0.2.1", command=0x20),
                       b"PROXY UNKNOWN\r\n", SIGNATURE + b"\x21\0\0\0"):
            mark = server.mark()
            self.assertEqual(self.ask(server, before).status, 200)
            self.open(server, before)
            self.assertEqual(self.ip_of_next(server, "open", mark),
                             "127.0.0.1")

    def test_a_unix_socket_of_the_proxys(self):
        """Nobody's address."""
        server = self.start("--proxy-protocol", "--per-ip", "1")
        before = SIGNATURE + b"\x21\x31\0\xd8" + b"/tmp/a".ljust(108) * 2
        mark = server.mark()
        for _ in range(3):
            self.open(server, before)
        self.assertEqual(self.ip_of_next(server, "open", mark), "unix")

    def test_without_it(self):
        """Dropped without an answer, with a line that says why; a request is
        never guessed to be one."""
        server = self.start("--proxy-protocol")
        for before, why in ((b"", "no PROXY header"),
                            (b"PROXY UDP4 ", "no PROXY header"),
                            (b"PROXY TCP4 x x 1 1\r\n", "bad address"),
                            (SIGNATURE + b"\x31", "unknown version")):
            mark = server.mark()
            with Peer(server) as peer:
                peer.send(before + peer.request("/"))
                try:
                    self.assertEqual(peer.sock.recv(1), b"")
                except ConnectionResetError:
                    pass
            said = server.wait_log("event=refuse", mark)
            self.assertEqual(field(said, "ip"), "127.0.0.1")
            self.assertIsNone(field(said, "status"))
            if before[:10] != b"PROXY UDP4":
                self.assertIn(why, field(said, "why"))

    def test_in_time(self):
        """--handshake-timeout counts from accept, for both together."""
        server = self.start("--proxy-protocol", "--handshake-timeout", "1")
        began = time.monotonic()
        with Peer(server) as silent, Peer(server) as half, \
                Peer(server) as late:
            half.send(line("192.0.2.1")[:-1])
            late.send(line("192.0.2.1") + b"GET ")
            silent.expect_eof()
            half.expect_eof()
            self.assertEqual(late.response().status, 408)
        self.assertLess(time.monotonic() - began, 1 + PATIENCE / 3)
        self.assertGreater(time.monotonic() - began, 0.9)
        until_true(lambda: sum("no PROXY header in time" in x
                               for x in server.lines) == 2)
        said = server.wait_log("status=408")
        self.assertEqual(field(said, "ip"), "192.0.2.1")

    def test_only_once(self):
        """A second header is no request."""
        server = self.start("--proxy-protocol")
        r = self.ask(server, line("192.0.2.1") * 2)
        self.assertEqual(r.status, 400)
        with Peer(server) as peer:
            peer.send(line("192.0.2.1"))
            self.assertEqual(peer.ask("/").status, 200)
            self.assertEqual(peer.ask("/").status, 200)

    def test_per_ip(self):
        """Counts the client's address, not the proxy's; given back."""
        server = self.start("--proxy-protocol", "--per-ip", "2")
        first = [self.open(server, line("192.0.2.1")) for _ in range(2)]
        self.open(server, binary("192.0.2.2"))
        mark = server.mark()
        r = self.ask(server, binary("192.0.2.1"), "/echo",
                     headers=upgrade_headers())
        self.assertEqual(r.status, 429)
        self.assertTrue(r.get("Retry-After"))
        self.assertEqual(self.ip_of_next(server, "refuse", mark), "192.0.2.1")
        first[0].leave()
        first[0].close()
        until_true(lambda: self.ask(server, line("192.0.2.1")).status == 200)

    def test_when_all_slots_are_taken(self):
        """503, told to whoever it is."""
        server = self.start("--proxy-protocol", "--clients", "1")
        self.open(server, line("192.0.2.1"))
        mark = server.mark()
        self.assertEqual(self.ask(server, line("192.0.2.2")).status, 503)
        self.assertEqual(self.ip_of_next(server, "refuse", mark), "192.0.2.2")

    def test_metrics_need_none(self):
        """It is for the addresses of --addr."""
        with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
            path = os.path.join(folder, "m")
            server = self.start("--proxy-protocol", "--metrics",
                                "unix:" + path)
            with Peer(server) as waiting:
                waiting.send(b"PROXY ")
                with Peer(server, unix=path) as peer:
                    body = peer.ask("/metrics").body
            self.assertIn(b'chatd_connections{state="proxy"} 1\n', body)


class Forwarded(BehindCase):
    """--trust"""

    def test_a_trusted_proxy(self):
        """Log, over an opening and a refusal."""
        server = self.start("--trust", "127.0.0.0/8")
        mark = server.mark()
        self.open(server, headers=["X-Forwarded-For: 6.6.6.6, 192.0.2.1"])
        self.assertEqual(self.ip_of_next(server, "open", mark), "192.0.2.1")
        r = self.ask(server, b"", "/nope",
                     headers=["X-Forwarded-For: 192.0.2.2"])
        self.assertEqual(r.status, 404)
        self.assertEqual(self.ip_of_next(server, "refuse", mark), "192.0.2.2")

    def test_nobody_is_trusted_unasked(self):
        """Nor somebody else."""
        for options in [], ["--trust", "192.0.2.0/24"], ["--trust", "unix"]:
            server = self.start(*options)
            mark = server.mark()
            self.open(server, headers=["X-Forwarded-For: 192.0.2.1"])
            self.assertEqual(self.ip_of_next(server, "open", mark),
                             "127.0.0.1")
            server.stop()

    def test_per_ip(self):
        """Counts whom the proxy names; one connection of the proxy's may
        carry requests of several, one after the other."""
        server = self.start("--trust", "127.0.0.1", "--per-ip", "1")
        one = ["X-Forwarded-For: 192.0.2.1"]
        two = ["X-Forwarded-For: 192.0.2.2"]
        self.open(server, headers=one)
        with Peer(server) as peer:
            self.assertEqual(peer.ask("/", headers=two).status, 200)
            peer.send(peer.request("/", headers=one))
            self.assert_refused(peer, 429)
        until_true(lambda: self.ask(server, b"", headers=two).status == 200)

    def test_a_malformed_request_is_the_proxys(self):
        """Whose it is cannot be told; it is not the one's before."""
        server = self.start("--trust", "127.0.0.1")
        mark = server.mark()
        with Peer(server) as peer:
            peer.ask("/", headers=["X-Forwarded-For: 192.0.2.2"])
            peer.send(b"nonsense\r\n\r\n")
            self.assert_refused(peer, 400)
        self.assertEqual(self.ip_of_next(server, "refuse", mark), "127.0.0.1")

    def test_a_unix_socket(self):
        """--trust unix: whoever may connect there."""
        with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
            path = os.path.join(folder, "s")
            server = self.start("--trust", "unix", addr=["unix:" + path])
            with Peer(server, unix=path) as peer:
                peer.send(peer.request("/nope", headers=[
                    "X-Forwarded-For: 2001:db8::7"]))
                self.assertEqual(peer.response().status, 404)
            said = server.wait_log("event=refuse")
            self.assertEqual(field(said, "ip"), "2001:db8::7")

    def test_behind_two(self):
        """The PROXY header names a proxy that is trusted, and it another."""
        server = self.start("--proxy-protocol", "--trust", "10.0.0.0/8")
        mark = server.mark()
        self.open(server, line("10.0.0.1"),
                  headers=["X-Forwarded-For: 192.0.2.1, 10.0.0.2"])
        self.assertEqual(self.ip_of_next(server, "open", mark), "192.0.2.1")
        mark = server.mark()
        self.open(server, line("11.0.0.1"),
                  headers=["X-Forwarded-For: 192.0.2.1"])
        self.assertEqual(self.ip_of_next(server, "open", mark), "11.0.0.1")


class PerIp(BehindCase):
    """--per-ip at the edge of its table."""

    def test_more_addresses_than_slots(self):
        """Every slot with another address, and one more comes."""
        server = self.start("--clients", "2", "--per-ip", "1",
                            "--handshake-timeout", "30")
        peers = [Peer(server, source="127.0.0.%d" % (10 + i))
                 for i in range(40)]
        until_true(lambda: any("all client slots taken" in x
                               for x in server.lines))
        self.assertTrue(server.alive())
        for peer in peers:
            peer.close()
        until_true(lambda: self.serves(server))

    def serves(self, server):
        try:
            with Peer(server) as peer:
                return peer.ask("/").status == 200
        except (Eof, OSError):
            return False


class Options(ServerCase):
    """Bad ones: one line that names them, exit 2."""

    def test_bad_blocks(self):
        for value in ("", "x", "10.0.0.1/8", "10.0.0.0/33", "10.0.0.0/",
                      "::/129", "unix:", "10.0.0.0/8,", "localhost"):
            with self.subTest(value=value):
                done = run("--trust", value)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertRegex(done.stderr,
                                 r"^chatd: --trust: [^\n]*\n$")
        done = run(*["--trust=10.0.0.0/8"] * 65)
        self.assertEqual(done.returncode, 2)
        done = run("--proxy-protocol=yes")
        self.assertEqual(done.returncode, 2)

    def test_from_the_environment(self):
        """A list; the command line takes its place."""
        env = {"CHATD_TRUST": "192.0.2.0/24,127.0.0.1,unix",
               "CHATD_PROXY_PROTOCOL": "0"}
        for options, ip in ([], "6.6.6.6"), (["--trust=unix"], "127.0.0.1"):
            server = self.start(*options, env=env)
            with Peer(server) as peer:
                peer.ask("/nope", headers=["X-Forwarded-For: 6.6.6.6"])
            self.assertEqual(field(server.wait_log("event=refuse"), "ip"), ip)
            server.stop()
        with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
            path = os.path.join(folder, "s")
            server = self.start("--trust", "127.0.0.1", env=env,
                                addr=["unix:" + path])
            with Peer(server, unix=path) as peer:
                peer.ask("/nope", headers=["X-Forwarded-For: 6.6.6.6"])
            self.assertEqual(field(server.wait_log("event=refuse"), "ip"),
                             "unix")
        for name, value in (("CHATD_TRUST", "127.0.0.1,,unix"),
                            ("CHATD_PROXY_PROTOCOL", "yes")):
            done = run(env={name: value})
            self.assertEqual(done.returncode, 2)
            self.assertIn(name, done.stderr)


if __name__ == "__main__":
    unittest.main()
