# SPDX-License-Identifier: MIT
"""permessage-deflate from a client's side: what is negotiated, what comes
back, what is refused, what it may cost. zlib is the foreign hand that makes
and reads the compressed payloads (deflated.py)."""

import os
import unittest

from deflated import Bits, Deflated, barren_blocks, bomb, shrink
from support import BINARY, TEXT, ServerCase, frame


class Echo(ServerCase):
    """What comes back on /echo."""

    def test_a_long_answer_and_then_a_long_uncompressed_message(self):
        """16 KB that inflate to 48, whose answer does not compress for want
        of a window, and right behind it 48 KB uncompressed: more to answer
        than was received."""
        server = self.start()
        ws = self.ws_deflated(server, "server_max_window_bits=8")
        noise, other = os.urandom(14000), os.urandom(48000)
        ws.send(frame(BINARY, shrink(noise * 3), rsv=4) +
                frame(BINARY, other))
        self.assertEqual(ws.recv(), (BINARY, noise * 3))
        self.assertEqual(ws.recv(), (BINARY, other))
        self.assertFalse(ws.compressed)

    def ws_deflated(self, server, *parameters, path="/echo", **more):
        ws = Deflated(server, path, "; ".join(("permessage-deflate",
                                               *parameters)), **more)
        self.addCleanup(ws.close)
        return ws


class Chat(ServerCase):
    """Compressed messages to a room."""

    def test_a_message_that_grows_before_much_input(self):
        """60,000 bytes come out of the first few hundred, then blocks that
        yield nothing, more than a turn's share: what was inflated and what
        is still to be are longer together than either may be."""
        server = self.start()
        for filler in Bits().stored().bytes() * 12000, barren_blocks(60000):
            ws = Deflated(server, "/chat/r")
            self.addCleanup(ws.close)
            ws.send(frame(BINARY, bomb(60000) + b"\0\0\xff\xff" + filler +
                          b"\0", rsv=4))
            self.assertEqual(ws.recv(), (BINARY, bytes(60000)))


if __name__ == "__main__":
    unittest.main()
