# SPDX-License-Identifier: MIT
"""Goodbye, as it passes over the wire: the Close comes before the end of the
connection, and no reset takes it away. (Through proxies: test_proxies.py.)"""

import unittest

from support import CLOSE, PATIENCE, ServerCase, close_payload, frame
from tap import FIN, RST, Tap

CLOSE_1000 = b"\x88\x02\x03\xe8"


class Goodbye(ServerCase):
    def watch(self, server):
        tap = Tap(server.port)
        self.addCleanup(tap.close)
        return tap

    def sent(self, segments):
        return b"".join(payload for _, payload in segments)

    def test_the_clients_close_is_answered_and_then_the_end(self):
        server = self.start()
        ws = self.ws(server)
        tap = self.watch(server)
        ws.send_frame(CLOSE, close_payload(1000))
        self.assertEqual(ws.recv_close(), (1000, ""))
        segments = tap.until_end()
        self.assertEqual(self.sent(segments), CLOSE_1000)
        self.assertTrue(segments[-1][0] & FIN)
        self.assertFalse(any(flags & RST for flags, _ in segments))

    def test_behind_what_was_said_before_it(self):
        server = self.start()
        ws = self.ws(server)
        tap = self.watch(server)
        ws.send(frame(2, b"x" * 3000) + frame(CLOSE, close_payload(1000)))
        ws.recv()
        self.assertEqual(ws.recv_close(), (1000, ""))
        segments = tap.until_end()
        self.assertTrue(self.sent(segments).endswith(b"x" + CLOSE_1000))
        self.assertFalse(any(flags & RST for flags, _ in segments))

    def test_the_servers_own_close_too(self):
        """It reads on behind it: what is unread at a close() makes a reset,
        which overtakes the Close."""
        server = self.start()
        ws = self.ws(server)
        tap = self.watch(server)
        ws.send(frame(3, b"no such opcode") + frame(2, b"z" * 300000))
        kind, payload = ws.recv()
        self.assertEqual((kind, payload[:2]), (CLOSE, b"\x03\xea"))
        ws.send_frame(CLOSE, close_payload(1002))
        segments = tap.until_end()
        self.assertTrue(segments[-1][0] & FIN)
        self.assertFalse(any(flags & RST for flags, _ in segments))
        self.assertEqual(self.sent(segments)[:1], b"\x88")

    def test_who_goes_on_sending_harms_only_itself(self):
        """A megabyte behind its Close: the answer still leaves first, the
        connection ends, and somebody else's echo comes at once."""
        server = self.start()
        other = self.ws(server)
        ws = self.ws(server)
        port = ws.sock.getsockname()[1]
        tap = self.watch(server)
        try:
            ws.send(frame(CLOSE, close_payload(1000)) +
                    frame(2, b"y" * 1000) * 1000)
        except ConnectionError:
            pass                # that is its own loss
        for i in range(20):
            other.text("still here %d" % i)
            self.assertEqual(other.recv_text(PATIENCE), "still here %d" % i)
        segments = tap.until_end(port)
        self.assertEqual(self.sent(segments), CLOSE_1000)


if __name__ == "__main__":
    unittest.main()
