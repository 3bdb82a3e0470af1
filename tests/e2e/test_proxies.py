# SPDX-License-Identifier: MIT
"""wss:// through nginx, HAProxy, hitch and stunnel, with the configurations in
scripts/proxies: each is started as it is there, but for addresses, files and
how long it waits."""

import contextlib
import os
import pwd
import select
import shutil
import signal
import ssl
import subprocess
import tempfile
import time
import unittest

from support import (CLOSE, PATIENCE, ROOT, Eof, Peer, ServerCase, WebSocket,
                     close_payload, field, free_port, listening, until_true)
from tap import FIN, RST, Tap

IDLE = 2                        # seconds that the proxies wait
PING = ["--ping", "0.5", "--pong-timeout", "5"]


def certificate(folder):
    """A key and a certificate of our own for localhost, in one file."""
    key, cert, both = (os.path.join(folder, n) for n in
                       ("key.pem", "cert.pem", "chatd.pem"))
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
         "/CN=localhost", "-addext", "subjectAltName=DNS:localhost",
         "-keyout", key, "-out", cert], check=True, capture_output=True)
    with open(both, "w") as out:
        for name in key, cert:
            with open(name) as part:
                out.write(part.read())
    os.chmod(both, 0o644)       # a test's: some proxies read it as nobody
    return cert, both


class Proxy:
    """One proxy, with its file's examples replaced by what the test needs;
    each of them must be there."""

    def __init__(self, name, command, folder, changes):
        self.port = free_port()
        with open(os.path.join(ROOT, "scripts", "proxies", name)) as f:
            text = f.read()
        for old, new in changes.items():
            if old not in text:
                raise AssertionError("%s has no %r" % (name, old))
            text = text.replace(old, new.replace("PORT", str(self.port)))
        self.file = os.path.join(folder, name)
        with open(self.file, "w") as f:
            f.write(text)
        self.log = open(os.path.join(folder, "log"), "w+")
        self.process = subprocess.Popen(
            [w.replace("FILE", self.file) for w in command],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log,
            cwd=folder, start_new_session=True)
        deadline = time.monotonic() + PATIENCE
        while not listening(self.port):
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.log.seek(0)
                text = self.log.read()
                self.stop()
                raise AssertionError("%s did not start: %s" % (name, text))
            time.sleep(0.02)

    def stop(self):
        # It has a process group of its own, with its workers.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.log.close()


class TlsPeer(Peer):
    """A Peer that speaks TLS with the proxy, and checks whom it speaks to."""

    def __init__(self, server, tls, **more):
        super().__init__(server, **more)
        self.sock = tls.wrap_socket(self.sock, server_hostname="localhost")


class TlsWebSocket(WebSocket):
    """And as a WebSocket, with an Origin as a browser would send it."""

    def __init__(self, server, tls, path="/echo", **more):
        self.tls = tls
        super().__init__(server, path, **more)

    def _handshake(self, path, headers, protocols, behind):
        self.sock = self.tls.wrap_socket(self.sock,
                                         server_hostname="localhost")
        super()._handshake(path, [*headers, "Origin: https://" +
                                  self.authority], protocols, behind)


class ProxyTests:
    """What has to be so through every proxy. A subclass says which: start()
    gives a running one before a server's port."""

    OPTIONS = ["--proxy-protocol"]
    ENDS_IDLE = True

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        if not (shutil.which(cls.PROGRAM) or
                os.path.exists("/usr/sbin/" + cls.PROGRAM)):
            raise unittest.SkipTest("no " + cls.PROGRAM)
        cls.folder = tempfile.TemporaryDirectory(prefix="chatd-e2e-")
        os.chmod(cls.folder.name, 0o755)
        cls.addClassCleanup(cls.folder.cleanup)
        cert, cls.pem = certificate(cls.folder.name)
        cls.tls = ssl.create_default_context(cafile=cert)

    def behind(self, *options, idle=60):
        """A server and a proxy before it, which waits `idle` seconds."""
        server = self.start(*self.OPTIONS, *options)
        folder = tempfile.TemporaryDirectory(prefix="chatd-e2e-")
        self.addCleanup(folder.cleanup)
        os.chmod(folder.name, 0o755)
        self.proxy = self.start_proxy(server.port, folder.name, idle)
        self.addCleanup(self.proxy.stop)
        return server

    def wss(self, server, path="/echo", **more):
        ws = TlsWebSocket(server, self.tls, path, port=self.proxy.port,
                          **more)
        self.addCleanup(ws.close)
        return ws

    # -- the tests --

    def test_echo(self):
        """Short and long, text and binary, there and back."""
        server = self.behind()
        ws = self.wss(server)
        ws.text("h\u00e9llo")
        self.assertEqual(ws.recv_text(), "h\u00e9llo")
        big = os.urandom(3 << 20)
        ws.send_frame(2, big[:1 << 20])
        self.assertEqual(ws.recv()[1], big[:1 << 20])
        ws.leave(1000)

    def test_the_close_comes_before_the_end(self):
        """On the wire to the proxy, and behind it: ours, then the end, and
        no reset."""
        server = self.behind()
        ws = self.wss(server)
        tap = Tap(server.port)
        self.addCleanup(tap.close)
        ws.text("x")
        self.assertEqual(ws.recv_text(), "x")
        ws.send_frame(CLOSE, close_payload(1000))
        self.assertEqual(ws.recv(), (CLOSE, close_payload(1000)))
        said = b"\x81\x01x\x88\x02\x03\xe8"
        segments = tap.until_end(said=said)
        self.assertEqual(b"".join(p for _, p in segments), said)
        self.assertTrue(segments[-1][0] & FIN)
        self.assertFalse(any(flags & RST for flags, _ in segments))

    def test_chat(self):
        """Several in a room, from a page of this very address."""
        server = self.behind()
        a, b, c = (self.wss(server, p) for p in ("/chat/r", "/chat/r",
                                                 "/ws/r"))
        for i in range(100):
            a.text("line %d" % i)
        for i in range(100):
            self.assertEqual(b.recv_text(), "line %d" % i)
            self.assertIn('"line %d"' % i, c.recv_text())

    def test_plain_requests(self):
        """Pages and health over https://, many on one connection; what came
        from whom is told by none of them."""
        server = self.behind()
        with TlsPeer(server, self.tls, port=self.proxy.port) as peer:
            for path in "/healthz", "/", "/chat", "/echo", "/healthz":
                self.assertEqual(peer.ask(path).status, 200, path)

    def test_posts(self):
        """Something said by plain requests, from a page of this very address
        and from none; each visitor's posts count for himself."""
        server = self.behind("--rate", "1:2")
        ws = self.wss(server, "/ws/r")
        for source in "127.0.0.8", "127.0.0.9":
            with TlsPeer(server, self.tls, port=self.proxy.port,
                         source=source) as peer:
                for origin in [], ["Origin: https://" + peer.authority]:
                    r = peer.ask("/chat/r?name=ci", "POST",
                                 ["Content-Length: 5", *origin], body=b"hello")
                    self.assertEqual(r.status, 200)
                    m = ws.recv_json()
                    self.assertEqual((m["id"], m["name"], m["message"]),
                                     (r.json()["id"], "ci", "hello"))
        with TlsPeer(server, self.tls, port=self.proxy.port) as peer:
            r = peer.ask("/chat/r", "POST", [
                "Content-Length: 2", "Origin: https://evil.example"],
                body=b"no")
            self.assertEqual(r.status, 403)

    def test_close_codes(self):
        """Of the client, of the server for a fault, and 1001 when it
        stops."""
        server = self.behind("--max-message", "1000")
        ws = self.wss(server)
        ws.leave(4321)
        line = server.wait_log("event=close")
        self.assertEqual((field(line, "code"), field(line, "by")),
                         ("4321", "client"))
        ws = self.wss(server, "/chat")
        ws.text("x" * 1001)
        self.assertEqual(ws.recv_close()[0], 1009)
        ws = self.wss(server, "/chat")
        server.signal(signal.SIGTERM)
        self.assertEqual(ws.recv_close()[0], 1001)
        ws.close()
        self.assertEqual(server.wait(), 0)

    def test_whose_it_is(self):
        """The client's address, not the proxy's, in the log and for
        --per-ip."""
        server = self.behind("--per-ip", "2")
        mark = server.mark()
        one = [self.wss(server, source="127.0.0.9") for _ in range(2)]
        line = server.wait_log("event=open", mark)
        self.assertEqual(field(line, "ip"), "127.0.0.9")
        self.wss(server, source="127.0.0.8")
        with self.assertRaisesRegex(AssertionError, "429"):
            self.wss(server, source="127.0.0.9")
        line = server.wait_log("event=refuse .*status=429", mark)
        self.assertEqual(field(line, "ip"), "127.0.0.9")
        del one

    def test_what_the_client_says_itself_does_not_count(self):
        """An X-Forwarded-For of its own."""
        server = self.behind()
        mark = server.mark()
        self.wss(server, source="127.0.0.9",
                 headers=["X-Forwarded-For: 6.6.6.6"])
        line = server.wait_log("event=open", mark)
        self.assertEqual(field(line, "ip"), "127.0.0.9")

    def test_idle_longer_than_the_proxy_waits(self):
        """The server's pings keep it; a frame still comes through."""
        server = self.behind(*PING, idle=IDLE)
        echo, chat = self.wss(server), self.wss(server, "/chat")
        until = time.monotonic() + 2.5 * IDLE
        while time.monotonic() < until:
            for ws in echo, chat:
                if ws.sock.pending() or self.waits(ws):
                    self.assertEqual(ws.recv_frame().opcode, 9)
                    ws.send_frame(10)
            time.sleep(0.05)
        for ws in echo, chat:
            ws.text("still here")
            self.assertEqual(ws.recv_text(), "still here")

    def test_without_pings_it_would_end(self):
        """So that the test above says something: the proxy's time is the one
        that was set."""
        server = self.behind("--ping", "0", idle=IDLE)
        ws = self.wss(server)
        if not self.ENDS_IDLE:
            time.sleep(2.5 * IDLE)
            ws.text("still here")
            self.assertEqual(ws.recv_text(), "still here")
            return
        began = time.monotonic()
        with self.assertRaises((Eof, OSError)):
            ws.recv_frame(timeout=IDLE + PATIENCE)
        self.assertGreater(time.monotonic() - began, IDLE / 2)
        self.assertLess(time.monotonic() - began, IDLE + PATIENCE)
        line = server.wait_log("event=close")
        self.assertIn(field(line, "cause"), ("end-of-stream", "reset"))

    @staticmethod
    def waits(ws):
        return bool(select.select([ws.sock], [], [], 0)[0])


class Nginx(ProxyTests, ServerCase):
    """scripts/proxies/nginx.conf"""

    PROGRAM = "nginx"
    OPTIONS = ["--trust", "127.0.0.1"]

    def start_proxy(self, backend, folder, idle):
        where = "".join("    %s_temp_path %s;\n" % (kind, folder)
                        for kind in ("client_body", "proxy", "fastcgi",
                                     "uwsgi", "scgi"))
        return Proxy(
            "nginx.conf",
            ["/usr/sbin/nginx", "-p", folder, "-c", "FILE", "-e", "stderr",
             "-g", "daemon off; pid nginx.pid; error_log stderr;"], folder, {
                 "http {\n": "http {\n    access_log off;\n" + where,
                 "worker_processes auto;": "worker_processes 1;",
                 "worker_connections 20000;": "worker_connections 200;",
                 "listen 443 ssl;": "listen 127.0.0.1:PORT ssl;",
                 "127.0.0.1:6868": "127.0.0.1:%d" % backend,
                 "/etc/ssl/chatd.pem": self.pem,
                 "proxy_read_timeout 60s;": "proxy_read_timeout %ds;" % idle})


class HAProxy(ProxyTests, ServerCase):
    """scripts/proxies/haproxy.cfg"""

    PROGRAM = "haproxy"

    def start_proxy(self, backend, folder, idle):
        return Proxy(
            "haproxy.cfg", ["/usr/sbin/haproxy", "-db", "-f", "FILE"],
            folder, {
                "maxconn 20000": "maxconn 200",
                "bind :443 ssl": "bind 127.0.0.1:PORT ssl",
                "127.0.0.1:6868": "127.0.0.1:%d" % backend,
                "/etc/ssl/chatd.pem": self.pem,
                "timeout tunnel       60s": "timeout tunnel %ds" % idle,
                "hdr Host localhost": "hdr Host checker",
                "inter 2s": self.checks})

    checks = "inter 2s"

    def test_a_full_server_stays_in(self):
        """option httpchk while all slots are taken and all refusal slots held
        by connections that say nothing: no check fails."""
        self.checks = "inter 100ms fall 1"
        server = self.behind("--clients", "1", "--handshake-timeout", "60",
                             "--host", "localhost", "--host", "127.0.0.1")

        def enters():
            # A check has the slot now and then, and who comes then a 503.
            with contextlib.suppress(AssertionError):
                return self.wss(server)
            return None
        ws = until_true(enters)
        for _ in range(2):
            idle = [Peer(server) for _ in range(20)]
            time.sleep(1)
            for peer in idle:
                peer.close()
        with TlsPeer(server, self.tls, port=self.proxy.port) as peer:
            self.assertEqual(peer.ask("/healthz").status, 200)
        ws.text("on")
        self.assertEqual(ws.recv_text(), "on")

    def test_checks_with_a_header_of_their_own(self):
        """check-send-proxy: checks on a port of their own have it, too."""
        server = self.start(*self.OPTIONS)
        self.checks = ("inter 100ms fall 1 rise 1 port %d check-send-proxy" %
                       server.port)
        folder = tempfile.TemporaryDirectory(prefix="chatd-e2e-")
        self.addCleanup(folder.cleanup)
        self.proxy = self.start_proxy(server.port, folder.name, 60)
        self.addCleanup(self.proxy.stop)
        time.sleep(0.5)
        with TlsPeer(server, self.tls, port=self.proxy.port) as peer:
            self.assertEqual(peer.ask("/healthz").status, 200)
        self.assertFalse([x for x in server.lines if "refuse" in x])

    def test_health_checks(self):
        """They come as the proxy itself, and keep coming; a server that is
        gone is told by the proxy's own 503."""
        server = self.behind()
        with TlsPeer(server, self.tls, port=self.proxy.port) as peer:
            self.assertEqual(peer.ask("/healthz").status, 200)
        time.sleep(2.5)
        self.assertFalse([x for x in server.lines if "refuse" in x])
        server.stop()

        def gone():
            with TlsPeer(server, self.tls, port=self.proxy.port) as peer:
                return peer.ask("/").status == 503
        until_true(gone)


class Hitch(ProxyTests, ServerCase):
    """scripts/proxies/hitch.conf"""

    PROGRAM = "hitch"
    ENDS_IDLE = False

    def start_proxy(self, backend, folder, idle):
        me = pwd.getpwuid(os.getuid()).pw_name
        return Proxy(
            "hitch.conf", ["/usr/sbin/hitch", "--config=FILE"], folder, {
                '"[*]:443"': '"[127.0.0.1]:PORT"',
                "[127.0.0.1]:6868": "[127.0.0.1]:%d" % backend,
                "/etc/ssl/chatd.pem": self.pem,
                '"_hitch"': '"%s"' % me,
                "workers        = 2": "workers = 1"})


class Stunnel(ProxyTests, ServerCase):
    """scripts/proxies/stunnel.conf"""

    PROGRAM = "stunnel4"

    def start_proxy(self, backend, folder, idle):
        return Proxy(
            "stunnel.conf", ["/usr/bin/stunnel4", "FILE"], folder, {
                "[chatd]\n": "foreground = yes\npid =\n\n[chatd]\n",
                "accept      = 443": "accept = 127.0.0.1:PORT",
                "127.0.0.1:6868": "127.0.0.1:%d" % backend,
                "/etc/ssl/chatd.pem": self.pem,
                "TIMEOUTidle = 60": "TIMEOUTidle = %d" % idle})


if __name__ == "__main__":
    unittest.main()
