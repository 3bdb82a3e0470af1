# SPDX-License-Identifier: MIT
"""The log: one logfmt line per event on standard error."""

import re
import time
import unittest

from support import (LOGFMT, Peer, ServerCase, WebSocket, field, frame,
                     load, until_true, upgrade_headers)


class Lines(ServerCase):
    """What is told, and what never."""

    def setUp(self):
        super().setUp()
        self.server = self.start()

    def tearDown(self):
        # Whatever a test did: each line is one event in logfmt.
        for line in list(self.server.lines):
            self.assertRegex(line, LOGFMT)
            self.assertRegex(line, r"^[ -~\x80-\U0010ffff]*$")

    def test_open_and_close(self):
        """A WebSocket's life: who, where, and why it ended, with the bytes
        on the wire; the lobby by its full path."""
        mark = self.server.mark()
        ws = self.ws(self.server, "/chat")
        ws.text("x")
        ws.recv()
        line = self.server.wait_log("event=open", mark)
        self.assertEqual(field(line, "path"), "/chat/lobby")
        self.assertEqual(field(line, "ip"), "127.0.0.1")
        client = field(line, "client")
        self.assertRegex(client, r"^\d+$")
        ws.leave(4321)
        line = self.server.wait_log("event=close", mark)
        self.assertEqual(field(line, "client"), client)
        self.assertEqual(field(line, "code"), "4321")
        self.assertEqual(field(line, "by"), "client")
        # rx: the request, a frame of 7 bytes, a Close of 8.
        self.assertGreater(int(field(line, "rx")), 100)
        self.assertGreater(int(field(line, "tx")), 100)

    def test_close_by_the_server(self):
        """With its code and a cause."""
        ws = self.ws(self.server, "/ws/room")
        ws.send(frame(3, ""))
        ws.recv_close()
        line = self.server.wait_log(r"event=close .*code=1002")
        self.assertEqual(field(line, "by"), "server")
        self.assertTrue(field(line, "cause"))

    def test_refusals(self):
        """With status and why."""
        for target, headers, status in (
                ("/nope", upgrade_headers(), "404"),
                ("/ws", upgrade_headers(
                    extra=["Origin: http://evil.example"]), "403"),
                ("/ws", upgrade_headers("bad"), "400"),
                ("/ws", upgrade_headers(version="8"), "426")):
            mark = self.server.mark()
            self.get(self.server, target, headers=headers)
            line = self.server.wait_log("event=refuse", mark)
            self.assertEqual(field(line, "status"), status)
            self.assertEqual(field(line, "ip"), "127.0.0.1")
            self.assertTrue(field(line, "why"))
            time.sleep(0.3)     # below any flood

    def test_hostile_names_and_paths_are_escaped(self):
        """Quotes, spaces, terminal escapes, other alphabets, in rooms and
        names: each line stays one line of logfmt (see tearDown)."""
        for room in ("a%20b", "%22%20level=error%20event=fake", "a=b",
                     "%5C%22", "caf%C3%A9", "%E2%80%AE", "%E2%80%A8",
                     "%F0%9F%98%80"):
            ws = self.ws(self.server, "/chat/%s?name=%s" % (room, room))
            ws.leave()
            time.sleep(0.1)
        with Peer(self.server) as peer:
            peer.send(b'GET /"\xff\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\n')
            self.assertEqual(peer.response().status, 400)
        with Peer(self.server) as peer:
            peer.send(peer.request('/" event=fake" x="', headers=[
                "Origin: \x80\" event=fake"]))
            self.assertEqual(peer.response().status, 400)
        self.assert_serves(self.server)
        for line in self.server.lines:
            self.assertNotEqual(field(line, "event"), "fake")

    def test_payloads_are_never_logged(self):
        """At no level."""
        server = self.start("--log", "debug")
        for path in "/echo", "/chat", "/ws":
            ws = self.ws(server, path)
            ws.text('{"message":"geheimnis"}')
            ws.send_frame(2, b"geheimnis")
            time.sleep(0.1)
            ws.close()
        bad = self.ws(server, "/ws")
        bad.text('{"message":"geheimnis",')
        bad.recv_close()
        until_true(lambda: server.stderr_text().count("event=close") >= 4)
        self.assertNotIn("geheimnis", server.stderr_text())

    def test_a_flood_is_cut(self):
        """Hundreds of like refusals: a few lines a second, and the count of
        the rest is told."""
        mark, began = self.server.mark(), time.monotonic()
        for _ in range(500):
            with Peer(self.server) as peer:
                peer.send(peer.request("/nope", headers=upgrade_headers()))
                peer.response()
        took = time.monotonic() - began
        time.sleep(1.5)
        self.get(self.server, "/nope", headers=upgrade_headers())
        time.sleep(1.5)
        lines = [x for x in self.server.lines[mark:] if "refuse" in x]
        self.assertGreater(len(lines), 0)
        self.assertLess(len(lines), 20 * (took + 4))
        self.assertLess(len(lines), 400)
        rest = sum(int(n) for x in self.server.lines[mark:] for n in
                   re.findall(r"\b(?:suppressed|skipped|repeated|more|count|"
                              r"dropped|like)\w*=(\d+)", x))
        self.assertGreater(rest, 50)

    def test_a_flood_of_openings_is_cut_too(self):
        """Connections that come and go: a second has 20 lines of each, and
        one that tells how many are left out."""
        mark, began = self.server.mark(), time.monotonic()
        for _ in range(load(500)):
            with WebSocket(self.server) as ws:
                ws.leave()
        took = time.monotonic() - began
        self.assertLessEqual(self.server.mark() - mark, 42 * (took + 2))

    def test_time_is_a_time(self):
        """RFC 3339, in UTC or with an offset."""
        self.assertRegex(
            self.server.start_line(),
            r"^time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?"
            r"(Z|[+-]\d\d:\d\d) ")


if __name__ == "__main__":
    unittest.main()
