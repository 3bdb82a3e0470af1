# SPDX-License-Identifier: MIT
"""HTTP, as plain clients meet it: paths, caching, request heads, refusals.

RFC 9110, RFC 9112; the contract's chapters "Paths" and "Handshake"."""

import os
import re
import shutil
import tempfile
import unittest
import zlib
from urllib.parse import urljoin

from support import (ServerCase, WebSocket, load, new_key,
                     upgrade_headers)

HELLO = {"msg": "HelloWebSocket"}
BROWSER = "Accept: text/html,application/xhtml+xml,*/*;q=0.8"


class Paths(ServerCase):
    """Each row of the contract's table of paths, without an upgrade."""

    def setUp(self):
        super().setUp()
        self.server = self.start()

    def test_root_is_json_for_programs(self):
        """GET / is the HelloWebSocket object unless text/html is named."""
        for headers in [], ["Accept: */*"], ["Accept: application/json"]:
            with self.subTest(headers=headers):
                r = self.get(self.server, "/", headers=headers)
                self.assertEqual(r.status, 200)
                self.assertEqual(r.type(), "application/json")
                self.assertEqual(r.body.strip(),
                                 b'{"msg":"HelloWebSocket"}')
                self.assertIn("accept", r.tokens("Vary"))

    def test_root_is_the_start_page_for_browsers(self):
        """GET / with text/html in Accept is a page; names of media types
        have no case, and a list may be spread over fields."""
        for headers in ([BROWSER], ["Accept: text/html"],
                        ["Accept: Text/HTML;level=1"],
                        ["Accept: image/png", "Accept: text/html"]):
            with self.subTest(headers=headers):
                r = self.get(self.server, "/", headers=headers)
                self.assertEqual(r.status, 200)
                self.assertEqual(r.type(), "text/html")
                self.assertIn("accept", r.tokens("Vary"))
                self.assertIn(b"<html", r.body.lower())
                self.assertTrue(r.get("ETag"))

    def test_root_etags_tell_the_two_answers_apart(self):
        """The page's ETag must not get a 304 for the JSON, nor the other
        way about."""
        page = self.get(self.server, "/", headers=[BROWSER])
        json = self.get(self.server, "/")
        self.assertNotEqual(page.get("ETag"), json.get("ETag"))
        r = self.get(self.server, "/",
                     headers=["If-None-Match: " + page.get("ETag")])
        self.assertEqual(r.status, 200)
        self.assertEqual(r.json(), HELLO)

    def test_pages(self):
        """/echo, /chat and /chat/ROOM are HTML pages."""
        for target in ("/echo", "/chat", "/chat/", "/chat/lobby",
                       "/chat/caf%C3%A9", "/echo?x=1", "/chat/a?name=b"):
            with self.subTest(target=target):
                r = self.get(self.server, target)
                self.assertEqual(r.status, 200)
                self.assertEqual(r.type(), "text/html")
                self.assertIn(b"<html", r.body.lower())
                self.assertTrue(r.get("ETag"))

    def test_websocket_only_paths_ask_for_an_upgrade(self):
        """/ws and /ws/ROOM are 426 with Upgrade, which RFC 9110 7.8 wants
        named in Connection too, and the version."""
        for target in "/ws", "/ws/", "/ws/lobby":
            for method in "GET", "HEAD":
                with self.subTest(target=target, method=method):
                    r = self.get(self.server, target, method=method)
                    self.assertEqual(r.status, 426)
                    self.assertEqual(r.tokens("Upgrade"), ["websocket"])
                    self.assertIn("upgrade", r.tokens("Connection"))
                    self.assertEqual(r.get("Sec-WebSocket-Version"), "13")

    def test_healthz(self):
        """/healthz counts open WebSockets and rooms with members."""
        r = self.get(self.server, "/healthz")
        self.assertEqual((r.status, r.type()), (200, "application/json"))
        self.assertEqual(r.json(), {"status": "ok", "clients": 0, "rooms": 0})
        echo = self.ws(self.server, "/echo")
        self.ws(self.server, "/chat/a")
        self.ws(self.server, "/ws/a")
        last = self.ws(self.server, "/ws/b")
        self.assertEqual(self.health(self.server),
                         {"status": "ok", "clients": 4, "rooms": 2})
        last.leave()
        echo.close()
        self.wait_clients(self.server, 2)
        self.assertEqual(self.health(self.server)["rooms"], 1)

    def test_anything_else_is_404(self):
        """Paths nobody knows, rooms that are none, ways out."""
        for target in ("/nope", "/echo/x", "/echo/", "/healthz/", "/chat/a/b",
                       "/chatx", "/wsx", "/ws/a/b", "/..", "/.", "/../etc",
                       "/chat/..", "/chat/.", "/chat/%2e%2e", "/ws/%2E",
                       "/chat/a%2Fb", "/chat/%00", "/chat/%7F",
                       "/chat/%C2%85", "/chat/%FF", "/chat/" + "x" * 65,
                       "/%2e%2e/etc/passwd", "/etc/passwd", "/.git/config"):
            with self.subTest(target=target):
                self.assertEqual(self.get(self.server, target).status, 404)

    def test_head_is_get_without_the_body(self):
        """HEAD has the fields of GET, Content-Length too, and no body; the
        connection goes on."""
        peer = self.peer(self.server)
        for target in "/", "/echo", "/chat", "/nope", "/ws":
            with self.subTest(target=target):
                got = peer.ask(target)
                head = peer.ask(target, "HEAD")
                self.assertEqual(head.status, got.status)
                for name in ("Content-Length", "Content-Type", "ETag",
                             "Vary"):
                    self.assertEqual(head.get(name), got.get(name), name)
        self.assertEqual(peer.ask("/healthz", "HEAD").status, 200)
        self.assertEqual(peer.ask("/healthz").json()["status"], "ok")

    def test_every_method_that_is_not_there_is_405(self):
        """405 lists what is allowed (RFC 9110 15.5.6)."""
        for method in ("POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE",
                       "PATCH"):
            for target in "/", "/echo", "/ws", "/healthz":
                with self.subTest(method=method, target=target):
                    r = self.get(self.server, target, method=method)
                    room = target == "/ws"
                    if room and method == "POST":
                        self.assertEqual(r.status, 411)
                        continue
                    self.assertEqual(r.status, 405)
                    self.assertEqual(set(r.tokens("Allow")),
                                     {"get", "head"} |
                                     ({"post"} if room else set()))

    def test_an_unknown_method_is_501(self):
        """Methods have case (RFC 9110 9.1); the path does not matter."""
        for method in "get", "Head", "BREW", "PROPFIND":
            for target in "/", "/ws", "/nope":
                with self.subTest(method=method, target=target):
                    r = self.get(self.server, target, method=method)
                    self.assertEqual(r.status, 501)
        r = self.get(self.server, "*", method="OPTIONS")
        self.assertEqual(r.status, 405)

    def test_a_refused_head_has_no_body(self):
        """RFC 9110 9.3.2: whatever it is refused with."""
        for data, status in (
                (b"HEAD /nope HTTP/1.1\r\nHost: x\r\n"
                 b"Connection: close\r\n\r\n", 404),
                (b"HEAD /ws HTTP/1.1\r\nHost: x\r\n"
                 b"Connection: close\r\n\r\n", 426),
                (b"HEAD / HTTP/1.1\r\n\r\n", 400),
                (b"HEAD /\r\n\r\n", 400),
                (b"HEAD / HTTP/1.1\nHost", 400),
                (b"HEAD / HTTP/3.0\r\nHost: x\r\n\r\n", 505),
                (b"HEAD /" + b"x" * 20000, 414),
                (b"HEAD / HTTP/1.1\r\nA: " + b"x" * 20000, 431)):
            with self.subTest(data=data[:20]), self.peer(self.server) as peer:
                peer.send(data)
                self.assertEqual(peer.response("HEAD").status, status)
                peer.expect_eof(reset=True)

    def test_date(self):
        """A server with a clock must send Date (RFC 9110 6.6.1)."""
        for target in "/", "/nope", "/echo":
            self.assertRegex(
                self.get(self.server, target).get("Date") or "missing",
                r"^(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d\d [A-Z][a-z]{2} \d{4} "
                r"\d\d:\d\d:\d\d GMT$")


class Caching(ServerCase):
    """ETag, If-None-Match, and the files that pages ask for."""

    def setUp(self):
        super().setUp()
        self.server = self.start()

    def own_files(self):
        """The paths of everything local that the pages refer to."""
        found = set()
        for page in "/", "/echo", "/chat":
            body = self.get(self.server, page,
                            headers=[BROWSER]).body.decode()
            for ref in re.findall(r"""(?:src|href)=["']?([^"'#\s>]+)""",
                                  body):
                if not re.match(r"[a-z]+:|//", ref):
                    found.add(urljoin(page, ref))
        files = sorted(found - {"/", "/echo", "/chat", "/ws", "/healthz"})
        self.assertGreater(len(files), 3, "the pages refer to no file")
        return files

    def test_versioned_files_may_be_kept_for_good(self):
        """What the pages refer to has its version in the URL and is
        immutable; by its bare name, or with another version, the same file
        is to be asked for again. Modules refer to versions, too."""
        for target in self.own_files():
            with self.subTest(target=target):
                name, version = target.split("?v=")
                self.assertRegex(version, "^[0-9a-f]{8}$")
                kept = self.get(self.server, target)
                self.assertIn("immutable", kept.get("Cache-Control"))
                self.assertEqual(kept.get("ETag"), '"%s"' % version)
                for other in name, name + "?v=0123456789abcdef":
                    asked = self.get(self.server, other)
                    self.assertEqual(asked.get("Cache-Control"), "no-cache")
                    self.assertEqual(asked.body, kept.body)
                if name.endswith(".js"):
                    refs = re.findall(rb'from "(/[^"]+)"', kept.body)
                    self.assertTrue(refs)
                    for ref in refs:
                        self.assertIn(b"?v=", ref)
                        found = self.get(self.server, ref.decode())
                        self.assertIn("immutable", found.get("Cache-Control"))

    def test_a_gzip_twin_for_who_accepts_it(self):
        """The same bytes after decompression, with a tag of its own; not
        for a weight of 0, nor where gzip is not named."""
        gzip = ["Accept-Encoding: deflate, GZIP;q=0.5"]
        for target in self.own_files() + ["/chat", "/echo"]:
            with self.subTest(target=target):
                plain = self.get(self.server, target)
                twin = self.get(self.server, target, headers=gzip)
                self.assertIsNone(plain.get("Content-Encoding"))
                if twin.get("Content-Encoding") is None:
                    self.assertLess(len(plain.body), 1000)
                    continue
                self.assertEqual(twin.get("Content-Encoding"), "gzip")
                self.assertEqual(zlib.decompress(twin.body, 31), plain.body)
                self.assertLess(len(twin.body), len(plain.body))
                self.assertNotEqual(twin.get("ETag"), plain.get("ETag"))
                for r in plain, twin:
                    self.assertIn("accept-encoding", r.tokens("Vary"))
                same = self.get(self.server, target, headers=gzip + [
                    "If-None-Match: " + twin.get("ETag")])
                self.assertEqual((same.status, same.body), (304, b""))
                for no in "gzip;q=0", "gzip; q=0.000", "br", "*;q=0":
                    r = self.get(self.server, target,
                                 headers=["Accept-Encoding: " + no])
                    self.assertIsNone(r.get("Content-Encoding"), no)

    def test_304_for_what_the_client_has(self):
        """If-None-Match with the ETag, in a list, weak, or * is 304 without
        a body; any other is 200."""
        peer = self.peer(self.server)
        for target in ["/echo", "/chat", "/chat/room"] + self.own_files():
            with self.subTest(target=target):
                full = peer.ask(target)
                tag = full.get("ETag")
                self.assertRegex(tag, r'^(W/)?"[^"]+"$')
                opaque = tag[2:] if tag.startswith("W/") else tag
                for value in (tag, '"x", %s, "y"' % tag, "*", "W/" + opaque):
                    r = peer.ask(target, headers=["If-None-Match: " + value])
                    self.assertEqual(r.status, 304, value)
                    self.assertEqual(r.get("ETag"), tag)
                head = peer.ask(target, "HEAD",
                                headers=["If-None-Match: " + tag])
                self.assertEqual(head.status, 304)
                for value in '"other"', 'W/"other"', '""':
                    r = peer.ask(target, headers=["If-None-Match: " + value])
                    self.assertEqual((r.status, r.body), (200, full.body))

    def test_own_files(self):
        """Each file that a page refers to is there, with type, length, ETag
        and Cache-Control; it is no WebSocket endpoint."""
        for target in self.own_files():
            with self.subTest(target=target):
                r = self.get(self.server, target)
                self.assertEqual(r.status, 200)
                self.assertTrue(r.get("Content-Type"))
                self.assertTrue(r.get("ETag"))
                self.assertTrue(r.get("Cache-Control"))
                r = self.get(self.server, target, headers=upgrade_headers())
                self.assertEqual(r.status, 404)


class Connections(ServerCase):
    """Keeping, pipelining and closing of connections."""

    def setUp(self):
        super().setUp()
        self.server = self.start()

    def test_keep_alive(self):
        """One connection carries many plain requests, refusals of a path
        among them."""
        peer = self.peer(self.server)
        for _ in range(10):
            self.assertEqual(peer.ask("/").json(), HELLO)
            self.assertEqual(peer.ask("/nope").status, 404)
            self.assertEqual(peer.ask("/chat", "HEAD").status, 200)

    def test_connection_close(self):
        """Connection: close, in any case and among others, is honoured and
        said back."""
        for value in "close", "Close", "foo, close", "close,keep-alive":
            with self.subTest(value=value):
                peer = self.peer(self.server)
                r = peer.ask("/", headers=["Connection: " + value])
                self.assertEqual(r.json(), HELLO)
                self.assertIn("close", r.tokens("Connection"))
                peer.expect_eof()

    def test_pipelined_requests(self):
        """Requests sent at once are answered in their order, the big answers
        as well as the small ones."""
        peer = self.peer(self.server)
        targets = ["/", "/echo", "/nope", "/chat", "/healthz"] * load(20)
        peer.send(b"".join(peer.request(t) for t in targets))
        want = {"/": 200, "/echo": 200, "/nope": 404, "/chat": 200,
                "/healthz": 200}
        for target in targets:
            r = peer.response()
            self.assertEqual(r.status, want[target])
            if target == "/":
                self.assertEqual(r.json(), HELLO)
        peer.expect_silence()

    def test_a_pipelined_request_after_close_is_not_answered(self):
        """What follows Connection: close is never looked at."""
        peer = self.peer(self.server)
        peer.send(peer.request("/", headers=["Connection: close"]) +
                  peer.request("/healthz"))
        self.assertEqual(peer.response().json(), HELLO)
        peer.expect_eof()

    def test_a_client_that_sends_its_fin_first_is_answered(self):
        """Half-close behind the request: the answer comes all the same."""
        peer = self.peer(self.server)
        peer.send(peer.request("/echo"))
        peer.shut()
        self.assertEqual(peer.response().status, 200)
        peer.expect_eof()

    def test_http_1_0(self):
        """HTTP/1.0 gets a plain response and a close, needs no Host, and
        its keep-alive is not taken up."""
        for headers in [], ["Connection: keep-alive"]:
            with self.subTest(headers=headers):
                peer = self.peer(self.server)
                r = peer.ask("/", headers=headers, version="1.0", host=None)
                self.assertEqual((r.status, r.json()), (200, HELLO))
                peer.expect_eof()

    def test_http_1_0_upgrade_is_ignored(self):
        """RFC 9110 7.8: Upgrade in an HTTP/1.0 request is ignored: /echo is
        its page, /ws is 426."""
        for target, status in ("/echo", 200), ("/ws", 426), ("/nope", 404):
            with self.subTest(target=target):
                peer = self.peer(self.server)
                r = peer.ask(target, headers=upgrade_headers(), version="1.0")
                self.assertEqual(r.status, status)
                peer.expect_eof()

    def test_a_body_is_not_taken_for_a_request(self):
        """A GET with a body: either the body is read over and the next
        request answered, or the connection closed; never is the body itself
        answered (request smuggling)."""
        peer = self.peer(self.server)
        body = peer.request("/smuggled")
        peer.send(peer.request("/", headers=["Content-Length: %d" % len(body)],
                               body=body) + peer.request("/healthz"))
        first = peer.response()
        self.assertIn(first.status, (200, 400, 413))
        if "close" in first.tokens("Connection"):
            peer.expect_eof()
        else:
            self.assertEqual(peer.response().json()["status"], "ok")
            peer.expect_silence()

    def test_a_refused_body_is_not_taken_for_a_request(self):
        """The same for POST, which is 405 whatever its body."""
        peer = self.peer(self.server)
        body = peer.request("/smuggled")
        peer.send(peer.request("/", "POST",
                               ["Content-Length: %d" % len(body)],
                               body=body) + peer.request("/healthz"))
        first = peer.response()
        self.assertEqual(first.status, 405)
        if "close" in first.tokens("Connection"):
            peer.expect_eof()
        else:
            self.assertEqual(peer.response().json()["status"], "ok")


class Heads(ServerCase):
    """What a request head may look like, and what not."""

    def setUp(self):
        super().setUp()
        self.server = self.start()

    def accepted(self, data):
        peer = self.peer(self.server)
        peer.send(data)
        r = peer.response()
        self.assertEqual(r.status, 200, data[:200])
        peer.close()
        return r

    def refused(self, data, status):
        peer = self.peer(self.server)
        peer.send(data)
        self.assert_refused(peer, status)
        peer.close()

    def test_byte_by_byte(self):
        """A head is understood however it is cut."""
        peer = self.peer(self.server)
        peer.send_slowly(peer.request("/healthz",
                                      headers=["X-A: b", "X-C:\td \t"]))
        self.assertEqual(peer.response().json()["status"], "ok")

    def test_absolute_form(self):
        """An absolute-form target is served by its path, and its authority
        stands in for Host."""
        host = "127.0.0.1:%d" % self.server.port
        for target in "http://%s/healthz", "HTTP://%s/healthz?x":
            r = self.accepted(b"GET %s HTTP/1.1\r\nHost: other\r\n\r\n" %
                              (target % host).encode())
            self.assertEqual(r.json()["status"], "ok")
        r = self.accepted(b"GET http://%s HTTP/1.1\r\nHost: x\r\n\r\n" %
                          host.encode())
        self.assertEqual(r.json(), HELLO)

    def test_one_empty_line_before_a_request_is_ignored(self):
        """Before the first one, and between two (RFC 9112 2.2)."""
        self.accepted(b"\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")
        peer = self.peer(self.server)
        peer.send(peer.request("/") + b"\r\n" + peer.request("/healthz"))
        self.assertEqual(peer.response().json(), HELLO)
        self.assertEqual(peer.response().json()["status"], "ok")

    def test_transfer_encoding_is_501(self):
        """No coding is known, chunked neither."""
        for value in "chunked", "gzip, chunked", "identity":
            self.refused(b"GET / HTTP/1.1\r\nHost: x\r\n"
                         b"Transfer-Encoding: %s\r\n\r\n0\r\n\r\n" %
                         value.encode(), 501)

    def test_versions(self):
        """Any 1.x is served, any other version is 505, what is no version
        is 400."""
        self.accepted(b"GET / HTTP/1.2\r\nHost: x\r\n\r\n")
        for version in b"2.0", b"3.1", b"0.9":
            self.refused(b"GET / HTTP/%s\r\nHost: x\r\n\r\n" % version, 505)
        for line in (b"GET / http/1.1", b"GET / HTTP/11.1", b"GET / HTTP/1",
                     b"GET / HTTP/1.", b"GET / HTTP/1.x", b"GET /",
                     b"GET / HTTP/1.1 ", b"GET / FOO/1.1"):
            with self.subTest(line=line):
                self.refused(line + b"\r\nHost: x\r\n\r\n", 400)

    def test_malformed_heads_are_400(self):
        """Line ends, names, spaces, Host and length: strictly."""
        for name, head in {
                "bare LF": b"GET / HTTP/1.1\nHost: x\n\n",
                "bare LF in a field": b"GET / HTTP/1.1\r\nHost: x\nA: b\r\n",
                "bare CR": b"GET / HTTP/1.1\r\nHost: x\rA: b\r\n",
                "no target": b"GET  HTTP/1.1\r\nHost: x\r\n",
                "two spaces": b"GET  / HTTP/1.1\r\nHost: x\r\n",
                "space in target": b"GET /a b HTTP/1.1\r\nHost: x\r\n",
                "control in target": b"GET /a\x01b HTTP/1.1\r\nHost: x\r\n",
                "space before": b" GET / HTTP/1.1\r\nHost: x\r\n",
                "no slash": b"GET foo HTTP/1.1\r\nHost: x\r\n",
                "bad method": b"G(T / HTTP/1.1\r\nHost: x\r\n",
                "no Host": b"GET / HTTP/1.1\r\nA: b\r\n",
                "two Hosts": b"GET / HTTP/1.1\r\nHost: x\r\nHost: x\r\n",
                "bad Host": b"GET / HTTP/1.1\r\nHost: a b\r\n",
                "Host with a path": b"GET / HTTP/1.1\r\nHost: a/b\r\n",
                "Host with user": b"GET / HTTP/1.1\r\nHost: u@h\r\n",
                "bad port": b"GET / HTTP/1.1\r\nHost: a:b\r\n",
                "folding": b"GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n",
                "first folded": b"GET / HTTP/1.1\r\n A: b\r\nHost: x\r\n",
                "no colon": b"GET / HTTP/1.1\r\nHost: x\r\nfoo\r\n",
                "space before colon": b"GET / HTTP/1.1\r\nHost : x\r\n",
                "no name": b"GET / HTTP/1.1\r\nHost: x\r\n: b\r\n",
                "bad name": b"GET / HTTP/1.1\r\nHost: x\r\na(b: c\r\n",
                "length": b"GET / HTTP/1.1\r\nHost: x\r\n"
                          b"Content-Length: a\r\n",
                "negative length": b"GET / HTTP/1.1\r\nHost: x\r\n"
                                   b"Content-Length: -1\r\n",
                "signed length": b"GET / HTTP/1.1\r\nHost: x\r\n"
                                 b"Content-Length: +1\r\n",
                "two lengths": b"GET / HTTP/1.1\r\nHost: x\r\n"
                               b"Content-Length: 1\r\n"
                               b"Content-Length: 2\r\n",
        }.items():
            with self.subTest(name):
                self.refused(head + b"\r\n", 400)

    def test_control_characters_in_a_value_are_400(self):
        """All of C0 but TAB, and DEL; bytes from 80 up are let through
        (obs-text)."""
        plain = b"GET / HTTP/1.1\r\nHost: x\r\nA: b%sc\r\n\r\n"
        for c in [0, 1, 7, 8, 0x0B, 0x0C, 0x1B, 0x1F, 0x7F]:
            with self.subTest(c=c):
                self.refused(plain % bytes([c]), 400)
        for c in [9, 0x20, 0x80, 0xE9, 0xFF]:
            with self.subTest(c=c):
                self.accepted(plain % bytes([c]))

    def test_garbage_is_400(self):
        """TLS and binary noise at a plain port."""
        self.refused(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" +
                     b"\0" * 50 + b"\r\n\r\n", 400)

    def head_of(self, total):
        """A request of exactly so many bytes, the empty line included."""
        start = b"GET / HTTP/1.1\r\nHost: x\r\n"
        rest = total - len(start) - 2
        fields = []
        while rest > 1100:
            fields.append(b"A: " + b"x" * 995 + b"\r\n")
            rest -= 1000
        fields.append(b"A: " + b"x" * (rest - 5) + b"\r\n")
        data = start + b"".join(fields) + b"\r\n"
        assert len(data) == total
        return data

    def test_head_of_16384_bytes_fits_and_no_more(self):
        """The head with its empty line: 16384 is served, 16385 is 431."""
        self.accepted(self.head_of(16383))
        self.accepted(self.head_of(16384))
        self.refused(self.head_of(16385), 431)
        self.refused(self.head_of(40000), 431)

    def test_an_endless_head_is_431_at_once(self):
        """Without waiting for an end that does not come."""
        self.refused(b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 50 +
                     b"B: " + b"x" * 16384, 431)

    def test_a_long_request_line_is_414(self):
        """Where the request line alone does not fit, with its end or
        without."""
        self.refused(b"GET /%s HTTP/1.1\r\nHost: x\r\n\r\n" % (b"x" * 16400),
                     414)
        self.refused(b"GET /" + b"x" * 16384, 414)

    def test_the_refusal_reaches_a_client_that_sends_on(self):
        """RFC 9112 9.6: 100 KB behind a refused head must not turn into a
        reset that takes the response away."""
        peer = self.peer(self.server)
        peer.send(b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 100_000)
        self.assertEqual(peer.response().status, 431)

    def test_64_fields_fit_and_no_more(self):
        """64 fields, Host among them, are served, 65 are 431."""
        start = b"GET / HTTP/1.1\r\nHost: x\r\n"
        self.accepted(start + b"A: b\r\n" * 63 + b"\r\n")
        self.refused(start + b"A: b\r\n" * 64 + b"\r\n", 431)

    def test_bytes_after_a_refused_request_are_not_looked_at(self):
        """One response, and no second one for what was pipelined."""
        peer = self.peer(self.server)
        peer.send(b"GET / HTTP/1.1\r\n\r\n" + peer.request("/") * 20)
        self.assert_refused(peer, 400)


class Static(ServerCase):
    """--static DIR: the folder's files, and never anything else."""

    def setUp(self):
        super().setUp()
        top = tempfile.mkdtemp(prefix="chatd-e2e-")
        self.addCleanup(shutil.rmtree, top)
        os.chmod(top, 0o755)
        self.dir = os.path.join(top, "site")
        os.mkdir(self.dir)
        with open(os.path.join(top, "secret.txt"), "w") as f:
            f.write("SECRET")
        self.write("index.html", "<html>my start")
        self.write("chat.html", "<html>my chat")
        self.write("style.css", "p { }")
        self.write("app.js", "1;")
        self.write("icon.svg", "<svg/>")
        self.write("data.json", "{}")
        self.write("dot.png", b"\x89PNG")
        self.write("thing.xyzzy", "?")
        self.write("noextension", "?")
        self.write("empty.txt", "")
        self.write("a b.txt", "space")
        self.write("über.txt", "umlaut")
        self.write("sub/deep/app.js", "deep")
        self.write(".env", "SECRET")
        self.write(".git/config", "SECRET")
        self.write("sub/.hidden", "SECRET")
        self.write("healthz", "not me")
        os.symlink("style.css", os.path.join(self.dir, "inside.css"))
        os.symlink("../secret.txt", os.path.join(self.dir, "out.txt"))
        os.symlink(os.path.join(top, "secret.txt"),
                   os.path.join(self.dir, "absolute.txt"))
        os.symlink("..", os.path.join(self.dir, "up"))
        os.symlink("loop", os.path.join(self.dir, "loop"))
        os.mkfifo(os.path.join(self.dir, "fifo"))
        self.server = self.start("--static", self.dir)

    def write(self, name, content):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "wb") as f:
            f.write(content if isinstance(content, bytes)
                    else content.encode())

    def test_files_and_types(self):
        """Each file with its type, length, ETag and Cache-Control."""
        for target, kind, body in (
                ("/style.css", "text/css", b"p { }"),
                ("/app.js", "text/javascript|application/javascript", b"1;"),
                ("/icon.svg", r"image/svg\+xml", b"<svg/>"),
                ("/data.json", "application/json", b"{}"),
                ("/dot.png", "image/png", b"\x89PNG"),
                ("/chat.html", "text/html", b"<html>my chat"),
                ("/thing.xyzzy", "application/octet-stream", b"?"),
                ("/noextension", "application/octet-stream", b"?"),
                ("/empty.txt", ".+", b""),
                ("/a%20b.txt", ".+", b"space"),
                ("/%C3%BCber.txt", ".+", b"umlaut"),
                ("/inside.css", "text/css", b"p { }"),
                ("/sub/deep/app.js", ".*javascript", b"deep")):
            with self.subTest(target=target):
                r = self.get(self.server, target)
                self.assertEqual((r.status, r.body), (200, body))
                self.assertRegex(r.type(), "^(%s)$" % kind)
                self.assertTrue(r.get("ETag"))
                self.assertTrue(r.get("Cache-Control"))
                again = self.get(self.server, target, headers=[
                    "If-None-Match: " + r.get("ETag")])
                self.assertEqual(again.status, 304)
                head = self.get(self.server, target, method="HEAD")
                self.assertEqual(head.get("Content-Length"),
                                 str(len(body)))

    def test_pages_come_from_the_folder_else_from_the_binary(self):
        """index.html and chat.html are there, echo.html is built in."""
        r = self.get(self.server, "/", headers=[BROWSER])
        self.assertEqual(r.body, b"<html>my start")
        self.assertEqual(self.get(self.server, "/").json(), HELLO)
        for target in "/chat", "/chat/", "/chat/room":
            self.assertEqual(self.get(self.server, target).body,
                             b"<html>my chat")
        r = self.get(self.server, "/echo")
        self.assertEqual((r.status, r.type()), (200, "text/html"))
        self.assertEqual(self.get(self.server, "/healthz").json()["status"],
                         "ok")

    def test_hostile_paths_are_404(self):
        """No `..` in any writing, no link that leaves, no dot file, no
        folder, no fifo; nothing of it hangs or tells the secret."""
        for target in ("/../secret.txt", "/sub/../../secret.txt",
                       "/%2e%2e/secret.txt", "/%2e%2e%2fsecret.txt",
                       "/..%2fsecret.txt", "/sub/%2e%2e/%2e%2e/secret.txt",
                       "/sub/..%2f..%2fsecret.txt", "/..%5csecret.txt",
                       "/sub/../style.css", "/./style.css",
                       "/out.txt", "/absolute.txt", "/up/secret.txt",
                       "/up/site/style.css", "/loop",
                       "/.env", "/%2eenv", "/.git/config", "/sub/.hidden",
                       "/sub", "/sub/", "/fifo", "/nope", "/nope/x",
                       "/style.css/", "/style.css/x", "//etc/passwd",
                       "/style.css%00", "/style.css%00.html",
                       "/" + "x/" * 200, "/" + "x" * 300):
            with self.subTest(target=target):
                r = self.get(self.server, target)
                self.assertEqual(r.status, 404)
                self.assertNotIn(b"SECRET", r.body)
        self.assertEqual(self.get(self.server, "/style.css").status, 200)

    def test_the_folder_is_read_as_it_is_now(self):
        """A file that appears, changes or goes is seen so, its ETag too."""
        self.assertEqual(self.get(self.server, "/new.css").status, 404)
        self.write("new.css", "one")
        first = self.get(self.server, "/new.css")
        self.assertEqual(first.body, b"one")
        self.write("new.css", "three")
        r = self.get(self.server, "/new.css",
                     headers=["If-None-Match: " + first.get("ETag")])
        self.assertEqual((r.status, r.body), (200, b"three"))
        os.remove(os.path.join(self.dir, "new.css"))
        self.assertEqual(self.get(self.server, "/new.css").status, 404)
        os.remove(os.path.join(self.dir, "chat.html"))
        r = self.get(self.server, "/chat")
        self.assertEqual((r.status, r.type()), (200, "text/html"))
        self.assertNotEqual(r.body, b"<html>my chat")

    def test_a_big_file_arrives_whole_at_a_slow_reader(self):
        """5 MB through a small window, while others are served."""
        content = os.urandom(5_000_000)
        self.write("big.bin", content)
        peer = self.peer(self.server, rcvbuf=16384)
        peer.send(peer.request("/big.bin") + peer.request("/healthz"))
        self.assert_serves(self.server)
        self.assertEqual(peer.response().body, content)
        self.assertEqual(peer.response().json()["status"], "ok")

    def test_no_upgrade_of_a_file(self):
        """A file is no WebSocket endpoint."""
        r = self.get(self.server, "/app.js",
                     headers=upgrade_headers(new_key()))
        self.assertEqual(r.status, 404)
        WebSocket(self.server, "/chat/room").close()

    def test_no_descriptor_is_left_open(self):
        """Descriptors of files are given back, of refused ones too."""
        folder = "/proc/%d/fd" % self.server.pid
        for target in "/style.css", "/sub", "/fifo", "/out.txt":
            self.get(self.server, target)
        self.wait_clients(self.server, 0)
        before = len(os.listdir(folder))
        for _ in range(load(100)):
            for target in "/style.css", "/sub", "/fifo", "/out.txt":
                self.get(self.server, target)
        for _ in range(100):
            if len(os.listdir(folder)) <= before + 1:
                break
            self.health(self.server)
        self.assertLessEqual(len(os.listdir(folder)), before + 1)


class Curl(ServerCase):
    """The one-minute tour's plain client."""

    def test_curl(self):
        """curl's own requests: GET, HEAD, and an unknown path."""
        import subprocess
        server = self.start()
        url = "http://127.0.0.1:%d" % server.port

        def curl(*words):
            return subprocess.run(
                ["curl", "-sS", "--noproxy", "*", "--max-time", "10", *words],
                check=True, capture_output=True, text=True).stdout
        self.assertEqual(curl(url).strip(), '{"msg":"HelloWebSocket"}')
        self.assertIn("200 OK", curl("-I", url + "/echo"))
        self.assertEqual(curl("-o", "/dev/null", "-w", "%{http_code}",
                              url + "/nope"), "404")
        both = curl(url + "/healthz", url + "/healthz")
        self.assertEqual(both.count('"ok"'), 2)


if __name__ == "__main__":
    unittest.main()
