# SPDX-License-Identifier: MIT
"""Saying something without a WebSocket: POST /chat/ROOM, with curl and by the
byte. What was answered with 200 was said, once; what was refused was not."""

import json
import os
import re
import signal
import subprocess
import tempfile
import unittest

from support import Peer, ServerCase, field, until_true

ID = re.compile(r"[0-9a-f]+-[0-9]+\Z")


class PostCase(ServerCase):

    def post(self, peer, body=b"", target="/chat/x", headers=(), **more):
        """One post over a connection, and its response."""
        return peer.ask(target, "POST",
                        ["Content-Length: %d" % len(body), *headers],
                        body=body, **more)

    def said(self, response):
        """The number in the answer of one that was published."""
        self.assertEqual(response.status, 200, response)
        self.assertEqual(list(response.json()), ["id"])
        self.assertRegex(response.json()["id"], ID)
        return int(response.json()["id"].split("-")[1])


class Said(PostCase):

    def test_every_form_hears_it(self):
        """With one uid a connection, a name of each post, and the id that was
        answered."""
        server = self.start()
        plain = self.ws(server, "/chat/x")
        js = self.ws(server, "/ws/x")
        v1 = self.ws(server, "/ws/x", protocols="chatd.v1")
        peer = self.peer(server)
        first = self.post(peer, "h\u00e9llo".encode(),
                          "/chat/x?name=ci+1").json()["id"]
        self.assertEqual(plain.recv_text(), "h\u00e9llo")
        one = js.recv_json()
        self.assertEqual((one["id"], one["name"], one["message"]),
                         (first, "ci 1", "h\u00e9llo"))
        second = self.post(peer, b"\0\xff", "/ws/x", [
            "Content-Type: Application/Octet-Stream;x=y"]).json()["id"]
        self.assertEqual(plain.recv(), (2, b"\0\xff"))
        two = js.recv_json()
        self.assertEqual((two["id"], two["binary"]), (second, "AP8="))
        self.assertEqual(one["uid"], two["uid"])
        self.assertNotIn("name", two)
        events = []
        while len(events) < 2:
            event = v1.recv_json()
            if "id" in event:
                events.append(event["id"])
        self.assertEqual(events, [first, second])

    def test_ids_are_in_the_order_of_members(self):
        """One order, whoever says it."""
        server = self.start()
        js = self.ws(server, "/ws/x", protocols="chatd.v1")
        peers = [self.peer(server) for _ in range(3)]
        expected = []
        for i in range(30):
            text = "line %d" % i
            if i % 4 == 3:
                js.json(message=text)
                while js.recv_json().get("message") != text:
                    pass
            else:
                self.assertEqual(self.said(self.post(
                    peers[i % 3], text.encode())), i + 1)
            expected.append((i + 1, text))
        late = self.ws(server, "/ws/x?history=30")
        heard = [late.recv_json() for _ in range(30)]
        self.assertEqual([(int(m["id"].split("-")[1]), m["message"])
                          for m in heard], expected)

    def test_a_room_is_made_and_keeps_it(self):
        """Nobody is there, and who comes later reads it."""
        server = self.start()
        self.assertEqual(self.said(self.post(self.peer(server), b"hi",
                                             "/ws/new")), 1)
        ws = self.ws(server, "/ws/new?history=1")
        self.assertEqual(ws.recv_json()["message"], "hi")

    def test_pipelined(self):
        """Posts and requests in one write are answered in their order."""
        server = self.start()
        ws = self.ws(server, "/chat/x")
        peer = self.peer(server)
        posts = [peer.request("/chat/x", "POST", ["Content-Length: 2"],
                              body=b"%02d" % i) for i in range(20)]
        peer.send(b"".join(post + peer.request("/") for post in posts))
        for i in range(20):
            self.assertEqual(self.said(peer.response()), i + 1)
            self.assertEqual(peer.response().status, 200)
            self.assertEqual(ws.recv_text(), "%02d" % i)

    def test_segments(self):
        """Byte by byte, with the 100 when the head is there."""
        server = self.start()
        ws = self.ws(server, "/chat/x")
        peer = self.peer(server)
        peer.send_slowly(peer.request("/chat/x", "POST", [
            "Content-Length: 5", "Expect: 100-continue"]))
        self.assertEqual(peer.response().status, 100)
        peer.send_slowly(b"hello")
        self.said(peer.response())
        self.assertEqual(ws.recv_text(), "hello")

    def test_a_big_one(self):
        """Of --max-message, and not a byte more."""
        server = self.start("--max-message", "200000", "--room-log", "8M")
        ws = self.ws(server, "/chat/x")
        peer = self.peer(server)
        self.said(self.post(peer, b"x" * 200000))
        self.assertEqual(ws.recv_text(), "x" * 200000)
        self.assertEqual(self.post(peer, b"x" * 200001).status, 413)
        self.said(self.post(self.peer(server), b"behind it"))
        self.assertEqual(ws.recv_text(), "behind it")

    def test_half_a_post_is_not_said(self):
        server = self.start()
        ws = self.ws(server, "/chat/x")
        for _ in range(5):
            peer = self.peer(server)
            peer.send(peer.request("/chat/x", "POST", ["Content-Length: 5"],
                                   body=b"half"))
            peer.close()
        self.said(self.post(self.peer(server), b"whole"))
        self.assertEqual(ws.recv_text(), "whole")

    def test_http_1_0(self):
        server = self.start()
        peer = self.peer(server)
        self.said(self.post(peer, b"old", version="1.0"))
        peer.expect_eof()


class Refused(PostCase):

    def refused(self, server, status, target="/chat/x", headers=(),
                body=b"no"):
        with Peer(server) as peer:
            r = peer.ask(target, "POST", ["Content-Length: %d" % len(body),
                                          *headers], body=body)
            self.assertEqual(r.status, status, (target, headers))
            return r

    def test_and_not_said(self):
        """Each with its status; a member hears none of them."""
        server = self.start("--max-message", "1000", "--clients", "50")
        ws = self.ws(server, "/chat/x")
        host = "127.0.0.1:%d" % server.port
        self.refused(server, 400, body=b"\xff")
        self.refused(server, 400, "/chat/x?name=%ff")
        self.refused(server, 400, headers=2 * ["Origin: http://" + host])
        self.refused(server, 403, headers=["Origin: http://evil.example"])
        self.refused(server, 403, headers=["Origin: null"])
        self.refused(server, 404, "/chat/a%2Fb")
        self.refused(server, 405, "/echo")
        self.refused(server, 405, headers=["Upgrade: websocket",
                                           "Connection: Upgrade"])
        self.refused(server, 413, body=b"x" * 1001)
        self.refused(server, 417, headers=["Expect: more"])
        with Peer(server) as peer:
            self.assertEqual(peer.ask("/chat/x", "POST").status, 411)
            peer.expect_eof()
        with Peer(server) as peer:
            r = peer.ask("/chat/x", "POST", ["Transfer-Encoding: chunked"])
            self.assertEqual(r.status, 411)
        with Peer(server) as peer:
            r = peer.ask("/chat/x", "PUT", ["Content-Length: 0"])
            self.assertEqual((r.status, r.get("Allow")),
                             (405, "GET, HEAD, POST"))
        self.said(self.post(self.peer(server), b"yes", headers=[
            "Origin: http://" + host]))
        self.assertEqual(ws.recv_text(), "yes")

    def test_above_the_rate(self):
        """By address, whatever connection; a WebSocket counts apart."""
        server = self.start("--rate", "1:3")
        ws = self.ws(server, "/chat/x")
        said = []
        r = None
        while not r or r.status == 200:
            with Peer(server) as peer:
                r = self.post(peer, b"%d" % len(said))
            said.append("%d" % len(said))
        self.assertEqual(r.status, 429)
        self.assertGreater(int(r.get("Retry-After")), 0)
        said.pop()
        self.assertGreaterEqual(len(said), 3)
        with Peer(server, source="127.0.0.2") as peer:
            self.said(self.post(peer, b"other"))
        ws.text("mine")
        self.assertEqual([ws.recv_text() for _ in range(len(said) + 2)],
                         [*said, "other", "mine"])

    def test_in_its_time(self):
        """Half a post has --message-timeout, then 408."""
        server = self.start("--message-timeout", "1")
        peer = self.peer(server)
        peer.send(peer.request("/chat/x", "POST", ["Content-Length: 5"],
                               body=b"half"))
        self.assertEqual(peer.response().status, 408)
        peer.expect_eof()

    def test_half_a_post_gives_way(self):
        """Its buffer is somebody's who came later: 503, and nothing said."""
        server = self.start("--buffers", "8")
        ws = self.ws(server, "/chat/x")
        half = []
        for i in range(9):
            peer = self.peer(server)
            peer.send(peer.request("/chat/x", "POST", ["Content-Length: 2"],
                                   body=b"%d" % i))
            until_true(lambda: self.buffers(server) == min(i + 1, 8))
            half.append(peer)
        self.assertEqual(half[0].response().status, 503)
        for peer in half[1:]:
            peer.send("!")
            self.said(peer.response())
        self.assertEqual([ws.recv_text() for _ in range(8)],
                         ["%d!" % i for i in range(1, 9)])

    def buffers(self, server):
        mark = server.mark()
        server.signal(signal.SIGUSR1)
        return int(field(server.wait_log("event=state", mark), "buffers"))

    def test_while_it_stops(self):
        """Half a post is refused, at once."""
        server = self.start()
        ws = self.ws(server, "/chat/x")
        peer = self.peer(server)
        peer.send(peer.request("/chat/x", "POST", ["Content-Length: 5"],
                               body=b"half"))
        until_true(lambda: self.buffers(server) == 1)
        server.signal(signal.SIGTERM)
        self.assertEqual(peer.response().status, 503)
        self.assertEqual(ws.recv_close()[0], 1001)
        ws.close()
        peer.close()
        self.assertEqual(server.wait(), 0)

    def test_no_slot_and_no_room(self):
        server = self.start("--clients", "2", "--rooms", "1")
        ws = self.ws(server, "/chat/x")
        peer = self.peer(server)
        self.assertEqual(self.post(peer, b"no", "/chat/y").status, 503)
        self.said(self.post(peer, b"yes"))
        self.assertEqual(ws.recv_text(), "yes")
        other = self.ws(server, "/chat/x")
        peer = self.peer(server)
        self.assertEqual(self.post(peer, b"no").status, 503)
        peer.expect_eof()
        other.text("on")
        self.assertEqual(ws.recv_text(), "on")

    def test_over_per_ip(self):
        server = self.start("--per-ip", "1")
        ws = self.ws(server, "/chat/x")
        self.refused(server, 429)
        with Peer(server, source="127.0.0.2") as peer:
            self.said(self.post(peer, b"yes"))
        self.assertEqual(ws.recv_text(), "yes")

    def test_not_on_the_metrics_address(self):
        """Where the posts are counted, none can be made."""
        server = self.start("--metrics", "127.0.0.1:0")
        port = int(server.start_line().split("metrics=127.0.0.1:")[1]
                   .split()[0])
        ws = self.ws(server, "/chat/x")
        with Peer(server, port=port) as peer:
            self.assertIn(self.post(peer, b"no").status, (404, 405))
        self.said(self.post(self.peer(server), b"yes"))
        self.assertEqual(ws.recv_text(), "yes")
        with Peer(server, port=port) as peer:
            self.assertIn(b"\nchatd_messages_posted_total 1\n",
                          peer.ask("/metrics").body)

    def test_the_log_says_why_and_not_what(self):
        server = self.start("--log", "debug")
        mark = server.mark()
        self.refused(server, 400, body=b"secret\xff")
        line = server.wait_log("event=refuse", mark)
        self.assertEqual((field(line, "status"), field(line, "why")),
                         ("400", "not UTF-8"))
        self.said(self.post(self.peer(server), b"secret"))
        self.assertFalse([x for x in server.lines if "secret" in x])


class Curl(ServerCase):
    """A notifier is one line of a shell script."""

    def curl(self, *words, **more):
        done = subprocess.run(
            ["curl", "-sS", "--noproxy", "*", "--max-time", "20", *words],
            check=True, capture_output=True, **more)
        return json.loads(done.stdout)["id"]

    def test_curl(self):
        """As README has it; from a pipe; a file of bytes, for which curl
        expects to be told to go on."""
        server = self.start("--max-message", "3M", "--room-log", "16M")
        ws = self.ws(server, "/chat/ops")
        url = "http://127.0.0.1:%d/chat/ops" % server.port
        self.assertRegex(self.curl("-d", "deploy done", url + "?name=ci"), ID)
        self.assertEqual(ws.recv_text(), "deploy done")
        self.assertRegex(self.curl("--data-binary", "@-", url,
                                   input=b"two\nlines\n"), ID)
        self.assertEqual(ws.recv_text(), "two\nlines\n")
        with tempfile.NamedTemporaryFile() as f:
            f.write(os.urandom(2 << 20))
            f.flush()
            self.assertRegex(self.curl(
                "-H", "Content-Type: application/octet-stream",
                "--data-binary", "@" + f.name, url), ID)
            f.seek(0)
            self.assertEqual(ws.recv(), (2, f.read()))

    def test_over_a_unix_socket(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "s")
        self.start(addr=["unix:" + path])
        for _ in range(2):
            self.assertRegex(self.curl("--unix-socket", path, "-d", "hi",
                                       "http://localhost/chat"), ID)


class Traced(PostCase):

    def test_what_follows_a_post_is_still_explained(self):
        """Its content is passed over, and not shown."""
        server = self.start("--trace")
        peer = self.peer(server)
        peer.send(peer.request("/chat/x", "POST", [
            "Content-Length: 6", "Expect: 100-continue"]))
        self.assertEqual(peer.response().status, 100)
        peer.send("secret")
        self.said(peer.response())
        self.assertEqual(peer.ask("/", "HEAD").status, 200)
        self.said(self.post(peer, b"secret"))
        self.assertEqual(peer.ask("/echo").status, 200)
        until_true(lambda: len([x for x in server.lines
                                if "< response" in x]) == 5)
        self.assertEqual(len([x for x in server.lines if "> request" in x]),
                         4)
        text = "\n".join(server.lines)
        self.assertNotIn("WRONG", text)
        self.assertNotIn("secret", text)


if __name__ == "__main__":
    unittest.main()
