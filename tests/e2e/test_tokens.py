# SPDX-License-Identifier: MIT
"""--token-key, --token-aud, --token-cookie and --sign."""

import asyncio
import base64
import hashlib
import hmac
import json
import os
import re
import signal
import tempfile
import time
import unittest

from support import (PATIENCE, TEXT, ServerCase, field, frame, run,
                     upgrade_headers)

KEYS = {"one": b"1" * 32, "two": bytes(range(200, 240))}
V1 = "chatd.v1"


def code(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def made(claims, kid="one", key=None, **header):
    """A token as any other software makes it (RFC 7515 A.1)."""
    header = {"alg": "HS256", "typ": "JWT", "kid": kid, **header}
    signed = code(json.dumps(header).encode()) + "." + \
        code(json.dumps(claims).encode())
    mac = hmac.digest(key or KEYS[kid], signed.encode(), "sha256")
    return signed + "." + code(mac)


def ann(seconds=600, **more):
    """The claims of ann, who may be in tea and in each team-."""
    return {"sub": "ann", "exp": int(time.time()) + seconds,
            "chatd": {"join": ["tea", "team-*"]}, **more}


def grams(data):
    """All eights of bytes, as many as a row of a trace has."""
    return {data[at:at + 8] for at in range(len(data) - 7)}


def claims_of(token):
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


class Guarded(ServerCase):
    """A folder with a key file; servers that have it."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.keys = self.file("keys", "".join(
            "%s %s\n" % (kid, base64.b64encode(key).decode())
            for kid, key in KEYS.items()))

    def file(self, name, text, mode=0o600):
        path = os.path.join(self.folder, name)
        with open(path, "w", newline="") as f:
            f.write(text)
        os.chmod(path, mode)
        return path

    def guarded(self, *options, **more):
        return self.start("--token-key", self.keys, *options, **more)

    def asked(self, server, path, *headers):
        """The answer to a handshake, and the peer that asked for it."""
        peer = self.peer(server)
        return peer, peer.ask(path, headers=upgrade_headers(extra=headers))

    def member(self, server, token, path="/ws/tea", **more):
        ws = self.ws(server, path, headers=["Authorization: Bearer " + token],
                     **more)
        if ws.protocol == V1:
            self.assertEqual(ws.recv_json()["event"], "welcome")
        return ws

    def event(self, ws, name):
        """The next event of this name, over others."""
        while True:
            got = ws.recv_json()
            if got.get("event") == name:
                return got


class Files(Guarded):
    """FILE, and what is wrong with it."""

    def refused(self, path, *words):
        done = run("--token-key", path, "--addr", "127.0.0.1:0")
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("chatd: --token-key " + path),
                        done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        for key in KEYS.values():
            self.assertNotIn(base64.b64encode(key).decode(), done.stderr)

    def test_what_is_no_file_of_keys(self):
        """Missing, a folder, empty, too long: exit 2 and a line."""
        one = "one " + base64.b64encode(KEYS["one"]).decode() + "\n"
        self.refused(self.folder + "/none", "No such file")
        self.refused(self.folder, "Is a directory")
        self.refused(self.file("empty", ""), "no key")
        self.refused(self.file("blank", "\n# one\n"), "no key")
        self.refused(self.file("long", one + "#" * 20000), "too large")
        self.refused(self.file("nine", "".join(
            "%d%s" % (i, one) for i in range(9))), "line 9:", "more than 8")

    def test_bad_lines_have_their_number(self):
        """The first one is told, counted from 1, comments too."""
        good = base64.b64encode(KEYS["one"]).decode()
        for bad, what in (("b", "without a KEY"), ("b !!!", "base64"),
                          ("b c2hvcnQ=", "shorter than 32"),
                          ("a " + good, "already"),
                          ("b %s x" % good, "behind"),
                          ("b " + "QUFB" * 300, "longer than 512")):
            with self.subTest(bad=bad[:20]):
                path = self.file("bad", "# keys\r\na %s\n\n%s\n" % (good, bad))
                self.refused(path, "line 4:", what)

    def test_others_may_not_write_it(self):
        for mode in 0o620, 0o602, 0o666:
            os.chmod(self.keys, mode)
            self.refused(self.keys, "others than its owner may write it")

    def test_others_should_not_read_it(self):
        """One warning, and it serves; none where they cannot."""
        for mode, count in (0o640, 1), (0o604, 1), (0o600, 0), (0o400, 0):
            os.chmod(self.keys, mode)
            server = self.guarded()
            warned = [line for line in server.lines if "--token-key" in line]
            self.assertEqual(len(warned), count, warned)
            self.assert_serves_ann(server)
            server.stop()

    def assert_serves_ann(self, server):
        self.member(server, made(ann())).leave()

    def test_where_keys_may_come_from(self):
        """The environment; lines that end in CRLF, base64url."""
        self.assert_serves_ann(self.start(env={"CHATD_TOKEN_KEY": self.keys}))
        path = self.file("crlf", "one %s\r\n" % code(KEYS["one"]))
        self.assert_serves_ann(self.start("--token-key", path))

    def test_options_that_want_others(self):
        for options, word in (
                (["--token-aud", "a"], "want"), (["--sign", "sub=a"], "want"),
                (["--token-cookie", "a"], "want"),
                (["--token-key", self.keys, "--token-cookie", "a b"], "cookie"),
                (["--token-key", self.keys, "--token-cookie", ""], "cookie"),
                (["--token-key", self.keys, "--token-aud", ""], "empty"),
                (["--token-key", ""], "empty"),
                (["--token-key", self.keys, "--token-cookie", "a",
                  "--origin", "*"], "exclude")):
            with self.subTest(options=options):
                done = run(*options)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertIn(word, done.stderr)


class Signing(Guarded):
    """--sign."""

    def sign(self, claims, **more):
        return run("--sign", claims, "--token-key", self.keys, **more)

    def signed(self, claims, **more):
        before = int(time.time())
        done = self.sign(claims, **more)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"^[\w-]+\.[\w-]+\.[\w-]+\n$")
        token = done.stdout.strip()
        signed, _, mac = token.rpartition(".")
        self.assertEqual(mac, code(hmac.digest(
            KEYS["one"], signed.encode(), hashlib.sha256)))
        return token, claims_of(token), before

    def test_every_form(self):
        """Items, ttl in each unit, lists, JSON, from the environment."""
        _, got, before = self.signed(
            "sub=ann,name=Ann,join=tea,join=team-*,ttl=1h")
        self.assertLess(abs(got.pop("exp") - before - 3600), 60)
        self.assertEqual(got, {"sub": "ann", "name": "Ann",
                               "chatd": {"join": ["tea", "team-*"]}})
        for ttl, seconds in (("90", 90), ("90s", 90), ("15m", 900),
                             ("2h", 7200), ("30d", 2592000)):
            _, got, before = self.signed("ttl=" + ttl)
            self.assertLess(abs(got["exp"] - before - seconds), 60)
        _, got, _ = self.signed("exp=99999999999,nbf=5,aud=x,join=,say=tea")
        self.assertEqual(got, {"exp": 99999999999, "nbf": 5, "aud": "x",
                               "chatd": {"join": [], "say": ["tea"]}})
        _, got, _ = self.signed('{"exp":99999999999,"other":[1,{"a":2}]}')
        self.assertEqual(got, {"exp": 99999999999, "other": [1, {"a": 2}]})
        done = run("--sign=ttl=1h", env={"CHATD_TOKEN_KEY": self.keys})
        self.assertEqual(done.returncode, 0, done)

    def test_what_is_no_claim(self):
        for claims, word in (
                ("", "neither exp nor ttl"), ("sub=ann", "neither"),
                ("sub=ann,ttl=0", "ttl"), ("ttl=1w", "ttl"),
                ("ttl=1h,exp=5", "both"), ("exp=x", "exp"),
                ("exp=5,nbf=x", "nbf"), ("ttl=1h,sub", "="),
                ("ttl=1h,what=x", "not one of"), ("ttl=1h,ttl=2h", "twice"),
                ("ttl=1h,sub=", "sub"), ("ttl=1h,name=" + "x" * 65, "name"),
                ("{}", "no exp"), ('{"exp":"5"}', "wrong type"),
                ('{"exp":5,"exp":6}', "twice"), ('{"exp":5', "JSON")):
            with self.subTest(claims=claims):
                done = self.sign(claims)
                self.assertEqual((done.returncode, done.stdout), (2, ""))
                self.assertEqual(done.stderr.count("\n"), 1)
                self.assertIn("chatd: --sign: ", done.stderr)
                self.assertIn(word, done.stderr)

    def test_no_part_of_one_that_is_too_long_is_shown(self):
        """It is signed, and cut: what is told is why."""
        done = self.sign('{"exp":9,"x":"%s"}' % ("x" * 3030))
        self.assertEqual((done.returncode, done.stdout), (2, ""))
        self.assertEqual(done.stderr,
                         "chatd: --sign: longer than a token may be\n")

    def test_it_opens_what_it_says(self):
        """Ours by our server; by other software, where there is some; and
        what that makes by us."""
        server = self.guarded()
        token, _, _ = self.signed("sub=ann,join=tea,ttl=1h")
        self.member(server, token).leave()
        try:
            import jwt
        except ImportError:
            self.skipTest("no python3-jwt")
        got = jwt.decode(token, KEYS["one"], algorithms=["HS256"])
        self.assertEqual(got["sub"], "ann")
        theirs = jwt.encode(ann(), KEYS["two"], headers={"kid": "two"})
        self.member(server, theirs).leave()


class Coming(Guarded):
    """Who comes in."""

    def test_a_room_a_page_and_a_post(self):
        server = self.guarded()
        token = made(ann(name="Ann"), kid="two")
        bearer = "Authorization: Bearer " + token
        for path, headers, status in (
                ("/ws/tea", [bearer], 101), ("/chat/team-1", [bearer], 101),
                ("/echo", [bearer], 101), ("/ws/coffee", [bearer], 403),
                ("/ws/tea", [], 401), ("/echo", [], 401),
                ("/ws/tea?token=" + token, [], 401),
                ("/ws/tea", [bearer, bearer], 400)):
            with self.subTest(path=path[:30], headers=len(headers)):
                peer, r = self.asked(server, path, *headers)
                self.assertEqual(r.status, status, r)
                self.assertEqual(r.get("WWW-Authenticate"),
                                 'Bearer error="invalid_token"'
                                 if status == 401 else None)
                peer.close()
        for path in "/", "/chat/tea", "/ws/tea", "/healthz":
            self.assertIn(self.get(server, path).status, (200, 426))
        listener = self.member(server, made(ann(
            sub="ear", chatd={"join": ["tea"], "say": []})))
        poster = self.peer(server)
        r = poster.ask("/chat/tea", "POST", [bearer, "Content-Length: 2"],
                       body=b"hi")
        self.assertEqual(r.status, 200, r)
        got = listener.recv_json()
        self.assertEqual((got["sub"], got["name"], got["message"]),
                         ("ann", "Ann", "hi"))
        r = poster.ask("/chat/tea", "POST", ["Content-Length: 2"], body=b"hi")
        self.assertEqual(r.status, 401, r)
        listener.json(message="hi")
        self.assertEqual(listener.recv_close()[0], 1008)

    def test_the_audience(self):
        server = self.guarded("--token-aud", "tea.example")
        for aud, status in (("tea.example", 101), (["x", "tea.example"], 101),
                            ("x", 401), ([], 401)):
            peer, r = self.asked(server, "/ws/tea", "Authorization: Bearer " +
                                 made(ann(aud=aud)))
            self.assertEqual(r.status, status, aud)
            peer.close()
        peer, r = self.asked(server, "/ws/tea",
                             "Authorization: Bearer " + made(ann()))
        self.assertEqual(r.status, 401)

    def test_another_origins_page_has_the_cookie_and_stays_out(self):
        """The browser sends it along, for a WebSocket and for a POST."""
        server = self.guarded("--token-cookie", "session")
        cookie = "Cookie: a=b; session=" + made(ann())
        for origin, status in (("http://evil.example", 403), ("null", 403),
                               ("http://127.0.0.1:%d" % server.port, None)):
            peer, r = self.asked(server, "/ws/tea", cookie,
                                 "Origin: " + origin)
            self.assertEqual(r.status, status or 101)
            peer.close()
            r = self.peer(server).ask(
                "/ws/tea", "POST",
                [cookie, "Origin: " + origin, "Content-Length: 2"], body=b"hi")
            self.assertEqual(r.status, status or 200)

    def test_a_browser_is_told_by_a_close(self):
        """As a script does it: no header but the subprotocols."""
        import websockets
        server = self.guarded()
        good = made(ann())

        async def code_of(path, *protocols):
            uri = "ws://127.0.0.1:%d%s" % (server.port, path)
            async with websockets.connect(
                    uri, subprotocols=list(protocols)) as ws:
                self.assertIn(ws.subprotocol, (V1, "bearer"))
                try:
                    await asyncio.wait_for(ws.recv(), PATIENCE)
                except websockets.ConnectionClosed:
                    return ws.close_code
                return None

        async def talk():
            for path, protocols, status in (
                    ("/ws/tea", (V1, "bearer." + good), None),
                    ("/ws/tea", ("bearer." + good, V1), None),
                    ("/ws/no", (V1, "bearer." + good), 4403),
                    ("/ws/tea", (V1, "bearer.x" + good), 4401),
                    ("/ws/tea", (V1,), 4401),
                    ("/chat/tea", ("bearer.x" + good, "bearer"), 4401),
                    ("/echo", ("bearer",), 4401)):
                self.assertEqual(await code_of(path, *protocols), status,
                                 (path, len(protocols)))

        asyncio.run(asyncio.wait_for(talk(), 3 * PATIENCE))


class Ending(Guarded):
    """The end of a token, and another one."""

    def test_the_end_is_told_and_comes(self):
        """Within the 30 seconds that clocks may differ, so a token that has
        run out for 28 s has 2 s to go."""
        server = self.guarded()
        ws = self.member(server, made(ann(-28)), protocols=V1)
        told = self.event(ws, "expiring")
        self.assertIn(told["in"], (1, 2))
        self.assertEqual(ws.recv_close(data=True), (4401, "token: expired"))
        line = server.wait_log("event=close.*code=4401")
        self.assertEqual(field(line, "cause"), "token")
        peer, r = self.asked(server, "/ws/tea",
                             "Authorization: Bearer " + made(ann(-31)))
        self.assertEqual((r.status, r.body), (401, b"expired\n"))

    def test_another_token(self):
        server = self.guarded()
        ws = self.member(server, made(ann(-25)), protocols=V1)
        self.event(ws, "expiring")
        ws.json(token=made(ann(3600)), message="on")
        while ws.recv_json().get("message") != "on":
            pass
        ws.json(token=made(ann(sub="eve")))
        self.assertIn("somebody else", self.event(ws, "error")["error"])
        ws.json(token="x.y.z")
        self.event(ws, "error")
        ws.json(ping=1)
        self.assertEqual(ws.recv_json(), {"pong": 1})
        ws.json(token=made(ann(chatd={"join": ["x"]})))
        self.assertEqual(ws.recv_close(data=True)[0], 4403)


class Silence(Guarded):
    """A token is nowhere but where it is shown."""

    def test_no_token_is_told_by_anything(self):
        """Log, trace, metrics, error bodies, Closes and events, with tokens
        good and bad, in each place, in one piece and in many."""
        metrics = os.path.join(self.folder, "metrics")
        server = self.guarded("--trace", "--log", "debug", "--metrics",
                              "unix:" + metrics, "--token-cookie", "session")
        tokens, heard = [], []

        def new(**more):
            tokens.append(made(ann(nonce=code(os.urandom(24)), **more)))
            return tokens[-1]

        def bad():
            tokens.append(new()[:-4] + "AAAA")
            return tokens[-1]

        for make in new, bad:
            for fields in (["Authorization: Bearer " + make()],
                           ["Authorization: Bearer " + make(),
                            "Authorization: bearer\t" + make()],
                           ["authorization:" + make()],
                           ["Cookie: session=%s; x=%s" % (make(), make())],
                           ["Proxy-Authorization: Bearer " + make()],
                           ["Sec-WebSocket-Protocol: chatd.v1, bearer.%s" %
                            make()],
                           ["Sec-WebSocket-Protocol: bearer.%s,bearer" %
                            make(), "Sec-WebSocket-Protocol: chat"],
                           ["Authorization: Bearer %s\x01" % make()]):
                for path in "/ws/tea", "/ws/no", "/echo", "/":
                    peer, r = self.asked(server, path, *fields)
                    heard.append(repr(r).encode())
                    peer.close()
                peer = self.peer(server)
                r = peer.ask("/ws/tea", "POST",
                             fields + ["Content-Length: 2"], body=b"hi")
                heard.append(repr(r).encode())
                peer.close()
        peer = self.peer(server)
        peer.send("GET /ws/tea HTTP/1.1\r\nAuthorization: Bearer " +
                  new()[:50])
        peer.shut()

        ws = self.member(server, new(), protocols=V1)
        for token in new(), bad(), new(sub="eve"):
            text = json.dumps({"token": token}).encode()
            ws.send_frame(TEXT, text)
            for cut in 5, 12, 40:
                ws.send(frame(TEXT, text[:cut], fin=False) +
                        frame(0, text[cut:cut + 9], fin=False) +
                        frame(0, text[cut + 9:]))
            ws.send_slowly(frame(TEXT, text), pause=0)
        ws.json(ping=7)
        while True:
            got = ws.recv_text()
            heard.append(got.encode())
            if "pong" in got:
                break
        ws.text('{"token":"' + new() + "\xff")
        ws.send_frame(TEXT, b'{"token":"' + new().encode() + b"\xff")
        heard.append(repr(ws.recv_close(data=True)).encode())
        server.signal(signal.SIGUSR1)
        server.wait_log("event=state")
        told = self.peer(server, unix=metrics).ask("/metrics").body
        self.assertIn(b"the signature is wrong", told)
        heard.append(told)
        server.stop()
        everything = server.stderr_text().encode() + b"\n" + b"\n".join(heard)
        self.assertIn(b"not shown", everything)
        self.assertIn(b"the signature is wrong", everything)
        shown = grams(everything)
        for row in re.findall(rb"(?:[0-9A-F]{2} ){7}[0-9A-F]{2}", everything):
            shown |= grams(bytes.fromhex(row.decode()))
        for token in tokens:
            for part in token.encode().split(b".")[1:]:
                self.assertEqual(grams(part) & shown, set())


if __name__ == "__main__":
    unittest.main()
