# SPDX-License-Identifier: MIT
"""The opening handshake: RFC 6455 4.2, and each refusal of the contract."""

import base64
import unittest

from support import (BINARY, KEY, PING, PONG, TEXT, Eof, ServerCase,
                     WebSocket, accept_of, frame, until_true,
                     upgrade_headers)


class Accepted(ServerCase):
    """Requests that must be let in."""

    def setUp(self):
        super().setUp()
        self.server = self.start()

    def upgrade(self, target="/echo", headers=None, **more):
        """Sends the request and returns its 101."""
        peer = self.peer(self.server)
        r = peer.ask(target, headers=upgrade_headers()
                     if headers is None else headers, **more)
        self.assertEqual(r.status, 101, r)
        self.assertEqual(r.get("Sec-WebSocket-Accept"), accept_of(KEY))
        self.assertEqual(r.tokens("Upgrade"), ["websocket"])
        self.assertEqual(r.tokens("Connection"), ["upgrade"])
        peer.close()
        return r

    def test_the_answer(self):
        """The 101 of RFC 6455 4.2.2: the sample key's own accept value, no
        body fields (RFC 9110 8.6), nothing that was not offered."""
        r = self.upgrade()
        self.assertEqual(r.get("Sec-WebSocket-Accept"),
                         "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        for name in ("Content-Length", "Transfer-Encoding",
                     "Sec-WebSocket-Protocol", "Sec-WebSocket-Extensions"):
            self.assertIsNone(r.get(name), name)

    def test_every_endpoint(self):
        """Each path of the table's right-hand column, with a query too."""
        for target in ("/echo", "/chat", "/chat/", "/chat/room", "/ws",
                       "/ws/", "/ws/room", "/echo?a=b", "/ws?history=0",
                       "/chat/room?name=Ann"):
            with self.subTest(target=target):
                self.upgrade(target)

    def test_token_lists_have_no_case(self):
        """Upgrade and Connection are lists of tokens, in several fields
        too."""
        rest = upgrade_headers()[2:]
        for upgrade, connection in (
                (["Upgrade: WebSocket"], ["Connection: upgrade"]),
                (["UPGRADE: WEBSOCKET"], ["connection: UPGRADE"]),
                (["Upgrade: h2c, websocket"],
                 ["Connection: keep-alive, Upgrade"]),
                (["Upgrade: h2c", "Upgrade: websocket"],
                 ["Connection: keep-alive", "Connection: Upgrade"]),
                (["Upgrade:websocket"], ["Connection:,Upgrade ,\tfoo"])):
            with self.subTest(upgrade=upgrade, connection=connection):
                self.upgrade(headers=upgrade + connection + rest)

    def test_keys_of_16_bytes(self):
        """Any 16 bytes will do; white space around the value is none of
        it."""
        for raw in bytes(16), b"\xff" * 16, bytes(range(16)):
            key = base64.b64encode(raw).decode()
            peer = self.peer(self.server)
            r = peer.ask("/echo", headers=upgrade_headers(" " + key + "\t "))
            self.assertEqual(r.status, 101)
            self.assertEqual(r.get("Sec-WebSocket-Accept"), accept_of(key))

    def test_a_length_of_zero_is_no_body(self):
        """Content-Length: 0 says that there is none."""
        self.upgrade(headers=upgrade_headers(extra=["Content-Length: 0"]))

    def test_unknown_extensions_are_declined(self):
        """An extension nobody knows is left out of the answer (RFC 6455
        9.1), the handshake succeeds."""
        r = self.upgrade(headers=upgrade_headers(
            extra=["Sec-WebSocket-Extensions: x-foo; bar=1, x-baz"]))
        self.assertIsNone(r.get("Sec-WebSocket-Extensions"))

    def test_byte_by_byte(self):
        """A request in single bytes, with a ping behind it (a message may
        come back in as many pieces as it arrived in)."""
        peer = self.peer(self.server)
        peer.send_slowly(peer.request("/echo", headers=upgrade_headers()) +
                         frame(PING, "hello"))
        self.assertEqual(peer.response().status, 101)
        self.assertEqual(peer.take(7), b"\x8a\x05hello")

    def test_every_cut_in_two(self):
        """A request in two parts, cut anywhere."""
        whole = self.peer(self.server).request("/echo",
                                               headers=upgrade_headers())
        for cut in range(1, len(whole)):
            peer = self.peer(self.server)
            peer.send(whole[:cut])
            peer.send(whole[cut:] + frame(TEXT, "x"))
            self.assertEqual(peer.response().status, 101, cut)
            self.assertEqual(peer.take(3), b"\x81\x01x", cut)
            peer.close()

    def test_frames_right_behind_the_request(self):
        """Frames in the same segment as the request are the connection's
        first frames: one, several, and one that is not whole yet."""
        ws = self.ws(self.server, behind=frame(TEXT, "one") +
                     frame(PING, "two") + frame(BINARY, b"three") +
                     frame(TEXT, "four!")[:5])
        self.assertEqual(ws.recv(), (TEXT, b"one"))
        self.assertEqual(ws.recv(), (BINARY, b"three"))
        self.assertEqual(ws.pongs, [b"two"])
        ws.send(b"")
        ws.expect_silence(0.1)

    def test_many_bytes_behind_the_request_are_no_head(self):
        """20 KB of frames behind a small head: the head's limit of 16384
        bytes is not theirs."""
        payload = b"x" * 20_000
        ws = self.ws(self.server, behind=frame(BINARY, payload))
        self.assertEqual(ws.recv(), (BINARY, payload))

    def test_upgrade_after_plain_requests(self):
        """A connection that carried plain requests may upgrade, all of it
        pipelined too."""
        peer = self.peer(self.server)
        self.assertEqual(peer.ask("/").status, 200)
        peer.send(peer.request("/healthz") + peer.request("/nope") +
                  peer.request("/echo", headers=upgrade_headers()) +
                  frame(TEXT, "hi"))
        self.assertEqual(peer.response().status, 200)
        self.assertEqual(peer.response().status, 404)
        self.assertEqual(peer.response().status, 101)
        self.assertEqual(peer.take(4), b"\x81\x02hi")

    def test_absolute_form(self):
        """The target's authority stands in for Host, for Origin too."""
        authority = "127.0.0.1:%d" % self.server.port
        self.upgrade("http://%s/echo" % authority, host="proxy.example",
                     headers=upgrade_headers(
                         extra=["Origin: http://" + authority]))

    def test_no_upgrade_without_both_lists(self):
        """Without Connection: Upgrade, or with another protocol alone, it is
        a plain GET: /echo its page, /ws 426."""
        rest = upgrade_headers()[2:]
        for first in (["Upgrade: websocket"], ["Connection: Upgrade"], [],
                      ["Upgrade: h2c", "Connection: Upgrade"],
                      ["Upgrade: websockets", "Connection: Upgrade"],
                      ["Upgrade: websocket", "Connection: upgraded"]):
            with self.subTest(first=first):
                peer = self.peer(self.server)
                self.assertEqual(
                    peer.ask("/echo", headers=first + rest).status, 200)
                self.assertEqual(
                    peer.ask("/ws", headers=first + rest).status, 426)

    def test_subprotocols(self):
        """The first offered one that the path knows is echoed; none known:
        none echoed, still accepted."""
        for target, offers, chosen in (
                ("/echo", ["echo"], "echo"),
                ("/echo", ["foo, echo"], "echo"),
                ("/echo", ["chat,chatd.v1"], None),
                ("/echo", ["foo", "bar, echo"], "echo"),
                ("/chat", ["chat"], "chat"),
                ("/chat", ["chatd.v1"], None),
                ("/chat/room", ["chatd.v1, chat"], "chat"),
                ("/ws", ["chatd.v1"], "chatd.v1"),
                ("/ws/room", ["echo, chatd.v1, foo"], "chatd.v1"),
                ("/ws", ["chat"], None)):
            with self.subTest(target=target, offers=offers):
                r = self.upgrade(target, headers=upgrade_headers(
                    extra=["Sec-WebSocket-Protocol: " + o for o in offers]))
                self.assertEqual(r.get("Sec-WebSocket-Protocol"), chosen)


class Refused(ServerCase):
    """Requests that must be refused, each with its status, in one response
    with Connection: close, and then the end of the stream."""

    def setUp(self):
        super().setUp()
        self.server = self.start()

    def refused(self, status, target="/echo", headers=None, behind=b"",
                **more):
        peer = self.peer(self.server)
        peer.send(peer.request(target, headers=upgrade_headers()
                               if headers is None else headers, **more) +
                  behind)
        r = self.assert_refused(peer, status, more.get("method", "GET"))
        peer.close()
        return r

    def test_400_key(self):
        """Sec-WebSocket-Key missing, repeated, not base64, not 16 bytes."""
        base = upgrade_headers()[:3]

        def key(raw):
            return ["Sec-WebSocket-Key: " + base64.b64encode(raw).decode()]
        for name, lines in {
                "missing": [],
                "repeated": key(bytes(16)) * 2,
                "empty": ["Sec-WebSocket-Key:"],
                "15 bytes": key(bytes(15)),
                "17 bytes": key(bytes(17)),
                "18 bytes": key(bytes(18)),
                "not base64": ["Sec-WebSocket-Key: " + "!" * 22 + "=="],
                "url alphabet": ["Sec-WebSocket-Key: " + "-_" * 11 + "=="],
                "no padding": ["Sec-WebSocket-Key: " + "A" * 22],
                "less padding": ["Sec-WebSocket-Key: " + "A" * 22 + "="],
                "two in one": ["Sec-WebSocket-Key: %s, %s" % (KEY, KEY)],
        }.items():
            with self.subTest(name):
                self.refused(400, headers=base + lines)

    def test_400_host(self):
        """Host missing, repeated, bad."""
        self.refused(400, host=None)
        for more in (["Host: x"], ["Host:"]):
            self.refused(400, headers=upgrade_headers(extra=more))
        for host in "a b", "a,b", "a/b", "h:p":
            with self.subTest(host=host):
                self.refused(400, host=host)

    def test_400_body(self):
        """A body on an upgrade."""
        self.refused(400, headers=upgrade_headers(
            extra=["Content-Length: 5"]), behind=b"hello")

    def test_403_origin(self):
        """An Origin whose host and port are not those of Host."""
        port = self.server.port
        for origin in ("http://evil.example", "null", "",
                       "http://127.0.0.1", "http://127.0.0.1:%d0" % port,
                       "http://127.0.0.1:%d.evil.example" % port,
                       "http://evil.example/127.0.0.1:%d" % port,
                       "http://localhost:%d" % port,
                       "http://x@127.0.0.1:%d" % port):
            for target in "/echo", "/chat", "/ws":
                with self.subTest(origin=origin, target=target):
                    self.refused(403, target, headers=upgrade_headers(
                        extra=["Origin: " + origin]))

    def test_400_two_origins(self):
        """Two Origin fields are 400, even equal and allowed ones."""
        origin = "Origin: http://127.0.0.1:%d" % self.server.port
        self.refused(400, headers=upgrade_headers(extra=[origin] * 2))

    def test_404(self):
        """An upgrade where no endpoint is."""
        for target in ("/", "/nope", "/healthz", "/echo/", "/echo/x",
                       "/ws/a/b", "/chat/.", "/chat/..", "/ws/%2e",
                       "/ws/%2E%2E", "/chat/%00", "/chat/a%0Ab", "/ws/%7F",
                       "/ws/%C2%80", "/ws/a%2Fb", "/ws/%FF",
                       "/chat/%C0%AF", "/ws/%ED%A0%80", "/ws/" + "x" * 65):
            with self.subTest(target=target):
                self.refused(404, target)

    def test_405(self):
        """A method other than GET and HEAD, even with all the rest."""
        for method in "POST", "PUT":
            r = self.refused(405, method=method)
            self.assertEqual(set(r.tokens("Allow")), {"get", "head"})
        self.refused(501, method="get")

    def test_head_does_not_upgrade(self):
        """RFC 6455 4.1: the method must be GET. HEAD with an upgrade is
        answered like a plain HEAD or refused, never with 101."""
        peer = self.peer(self.server)
        r = peer.ask("/echo", "HEAD", headers=upgrade_headers())
        self.assertIn(r.status, (200, 400, 405))

    def test_426_version(self):
        """Another version is told which one there is. A missing version: the
        contract knows no row of its own; 400 (RFC 6455 4.2.1) and 426 are
        both honest."""
        for version in "12", "14", "0", "8", "013", "x", "113", "":
            with self.subTest(version=version):
                r = self.refused(426, headers=upgrade_headers(
                    version=version))
                self.assertEqual(r.get("Sec-WebSocket-Version"), "13")
                self.assertEqual(r.tokens("Upgrade"), ["websocket"])
        peer = self.peer(self.server)
        lines = [h for h in upgrade_headers() if "Version" not in h]
        self.assertIn(peer.ask("/echo", headers=lines).status, (400, 426))

    def test_501_and_505(self):
        """Transfer-Encoding, and a version of HTTP that is not 1.x."""
        self.refused(501, headers=upgrade_headers(
            extra=["Transfer-Encoding: chunked"]), behind=b"0\r\n\r\n")
        self.refused(505, version="2.0")

    def test_two_large_cookies_fit(self):
        """RFC 6265 6.1: a browser may keep cookies of 4096 bytes each."""
        ws = self.ws(self.server, headers=[
            "Cookie: a=%s; b=%s" % ("x" * 4090, "y" * 4090)])
        ws.text("hi")
        self.assertEqual(ws.recv_text(), "hi")

    def test_414_and_431(self):
        """The limits of the head hold for upgrades."""
        self.refused(414, "/echo?" + "x" * 16384)
        self.refused(431, headers=upgrade_headers(
            extra=["Cookie: " + "x" * 16384]))
        self.refused(431, headers=upgrade_headers(extra=["A: b"] * 60))

    def test_control_characters(self):
        """In any field's value, 400."""
        self.refused(400, headers=upgrade_headers(extra=["A: \x01"]))
        self.refused(400, headers=upgrade_headers(
            extra=["Origin: http://x\x7f"]))

    def test_bytes_after_a_refused_upgrade_are_never_looked_at(self):
        """Frames and whole requests behind a refused upgrade: one response,
        read in full by the client, then the end."""
        peer = self.peer(self.server)
        behind = (peer.request("/") + frame(TEXT, "x" * 1000) +
                  peer.request("/echo", headers=upgrade_headers()))
        self.refused(404, "/nope", behind=behind)
        self.refused(400, headers=upgrade_headers("bad"), behind=behind)
        self.refused(426, headers=upgrade_headers(version="7"),
                     behind=behind)
        self.refused(403, headers=upgrade_headers(
            extra=["Origin: http://evil.example"]), behind=behind * 20)


class Origins(ServerCase):
    """Who may come, by Origin."""

    def status(self, server, origin, host=True, target="/ws"):
        peer = self.peer(server)
        extra = [] if origin is None else ["Origin: " + origin]
        r = peer.ask(target, headers=upgrade_headers(extra=extra), host=host)
        peer.close()
        return r.status

    def test_same_host(self):
        """No Origin is no browser; else host and port as Host has them,
        without case, whatever the scheme."""
        server = self.start()
        me = "127.0.0.1:%d" % server.port
        for origin in None, "http://" + me, "https://" + me:
            self.assertEqual(self.status(server, origin), 101, origin)
        self.assertEqual(self.status(server, "HTTP://Chat.Example:99",
                                     host="chat.eXample:99"), 101)
        self.assertEqual(self.status(server, "https://chat.example",
                                     host="chat.example"), 101)
        for origin, host, status in (
                ("https://chat.example:443", "chat.example", 101),
                ("https://chat.example", "chat.example:443", 101),
                ("http://chat.example", "chat.example:80", 101),
                ("https://chat.example", "chat.example:80", 403),
                ("http://chat.example:443", "chat.example", 403),
                ("https://chat.example:8443", "chat.example", 403)):
            self.assertEqual(self.status(server, origin, host=host), status,
                             (origin, host))

    def test_named_origins(self):
        """--origin, repeated, lets exactly those in as well."""
        server = self.start("--origin", "https://a.example",
                            "--origin=http://b.example:8080")
        me = "127.0.0.1:%d" % server.port
        for origin in (None, "http://" + me, "https://a.example",
                       "http://b.example:8080"):
            self.assertEqual(self.status(server, origin), 101, origin)
        for origin in ("http://a.example", "https://a.example:8443",
                       "https://a.example.evil.example",
                       "http://b.example", "https://x.a.example", "null",
                       "https://a.exampl", "*"):
            self.assertEqual(self.status(server, origin), 403, origin)

    def test_an_origin_is_named_as_browsers_send_it_or_not_at_all(self):
        """null and file:// can be named, a default port may stand there."""
        server = self.start("--origin", "null", "--origin", "FILE://",
                            "--origin", "https://A.example:443", "--origin",
                            "chrome-extension://abcdefghijklmnop",
                            "--origin", " http://[0::1] ")
        for origin in ("null", "file://", "https://a.example",
                       "chrome-extension://abcdefghijklmnop",
                       "http://[::1]"):
            self.assertEqual(self.status(server, origin), 101, origin)
        for origin in ("file:///x", "http://a.example",
                       "moz-extension://abcdefghijklmnop"):
            self.assertEqual(self.status(server, origin), 403, origin)

    def test_everybody(self):
        """--origin '*' lets everybody in."""
        server = self.start("--origin", "*")
        for origin in None, "http://evil.example", "null":
            self.assertEqual(self.status(server, origin), 101, origin)


class Hosts(ServerCase):
    """--host: whom it answers to."""

    def ask(self, server, target, host, **more):
        with self.peer(server) as peer:
            return peer.ask(target, host=host, **more)

    def test_a_rebound_name_is_421(self):
        """DNS rebinding: a page of evil.example, whose name leads here now,
        has Origin and Host that agree."""
        server = self.start("--host", "Chat.example",
                            "--host=[::1]:6868")
        for host, status in (("chat.example", 101), ("CHAT.example:99", 101),
                             ("chat.example.", 101), ("[::1]:6868", 101),
                             ("[::1]:6869", 421), ("evil.example", 421),
                             ("127.0.0.1:%d" % server.port, 421)):
            r = self.ask(server, "/ws/tea", host, headers=upgrade_headers(
                extra=["Origin: http://" + host]))
            self.assertEqual(r.status, status, host)
        for target in "/", "/chat", "/nope":
            self.assertEqual(
                self.ask(server, target, "evil.example").status, 421)
        self.assertIn("status=421", server.wait_log("event=refuse"))

    def test_probes_know_an_address_at_best(self):
        """/healthz is answered under any name, and without one."""
        server = self.start("--host", "chat.example")
        self.assertEqual(self.ask(server, "/healthz", "x").status, 200)
        with self.peer(server) as peer:
            peer.send(b"GET /healthz HTTP/1.0\r\n\r\n")
            self.assertEqual(peer.response().status, 200)
        with self.peer(server) as peer:
            peer.send(b"GET / HTTP/1.0\r\n\r\n")
            self.assertEqual(peer.response().status, 421)


class Full(ServerCase):
    """429 and 503: limits, told with Retry-After, and over when a place is
    free again."""

    def turned_away(self, server, status, source=None):
        peer = self.peer(server, source=source)
        try:
            peer.send(peer.request("/echo", headers=upgrade_headers()))
        except ConnectionError:
            pass            # refused before it spoke: the response is there
        r = self.assert_refused(peer, status)
        self.assertRegex(r.get("Retry-After") or "missing", r"^\d+$")
        peer.close()

    def let_in_again(self, server, source=None):
        """A newcomer gets in once the leaver's place is free."""
        def check():
            """a place gets free"""
            try:
                return WebSocket(server, source=source)
            except (AssertionError, ConnectionError, Eof):
                return None
        ws = until_true(check, pause=0.05)
        self.addCleanup(ws.close)
        ws.text("in")
        self.assertEqual(ws.recv_text(), "in")

    def test_503_when_all_slots_are_taken(self):
        """--clients 3: the fourth is refused, the three go on, a free place
        is given again."""
        server = self.start("--clients", "3")
        three = [self.ws(server) for _ in range(3)]
        for _ in range(5):
            self.turned_away(server, 503)
        for ws in three:
            ws.text("on")
            self.assertEqual(ws.recv_text(), "on")
        three.pop().leave()
        self.let_in_again(server)
        three.pop().reset()
        self.let_in_again(server)
        self.turned_away(server, 503)

    def test_429_when_one_address_has_its_share(self):
        """--per-ip 2: the third from one address is refused, another
        address is not."""
        server = self.start("--per-ip", "2")
        two = [self.ws(server) for _ in range(2)]
        for _ in range(5):
            self.turned_away(server, 429)
        other = self.ws(server, source="127.0.0.2")
        other.text("me too")
        self.assertEqual(other.recv_text(), "me too")
        two.pop().leave()
        self.let_in_again(server)
        self.turned_away(server, 429)


class Pings(ServerCase):
    """A connection just opened is open in both directions."""

    def test_ping_behind_the_request(self):
        """The pong comes right behind the 101."""
        ws = self.ws(self.start(), behind=frame(PING, "p"), answer=False)
        got = ws.recv_frame()
        self.assertEqual((got.opcode, got.payload), (PONG, b"p"))


if __name__ == "__main__":
    unittest.main()
