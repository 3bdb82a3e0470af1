# SPDX-License-Identifier: MIT
"""System calls per delivery and per echo, counted by strace: no clock in it.

One receive and at most one send per client and turn, and nothing that does
not move bytes. What a wait costs is shared by all that were ready, so the
numbers are not whole; one call more per unit would show all the same."""

import os
import shutil
import subprocess
import sys
import unittest

import support

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
sys.path.insert(0, os.path.join(ROOT, "tests", "bench"))
import rounds                                              # noqa: E402

# Row of rounds.CALL_ROWS, and the most calls a unit may cost.
MOST = {
    "send": 1.3,        # a send a delivery
    "gather": 0.3,      # many deliveries a send
    "echo": 2.6,        # a receive and a send
    "pipeline": 0.6,    # 16 echoes share the two
    "large": 3.5,       # a receive and a send for each part that came
    "churn": 9.9,       # accept, register, close; a receive and a send for
                        # the handshake, the echo and the Close
}


class Calls(unittest.TestCase):
    """tests/bench's own load, on a server that strace watches."""

    @classmethod
    def setUpClass(cls):
        cls.build = os.path.join(ROOT, "build", "bench")
        subprocess.run(["make", "-C", os.path.join(ROOT, "tests", "bench")],
                       check=True, stdout=subprocess.DEVNULL)
        rounds.Server.next_port = support.free_port() - 1
        cls.server = rounds.Server("chatd", lambda port, row: [
            support.CHATD, "-a", "127.0.0.1:%d" % port, "-c", "1000",
            "--log", "error"])

    @classmethod
    def tearDownClass(cls):
        cls.server.stop()

    @unittest.skipIf(os.environ.get("E2E_SANITIZED"),
                     "a sanitizer makes calls of its own")
    def test_no_call_more_than_what_moves_bytes(self):
        """Every row of the table above."""
        self.assertTrue(shutil.which("strace"), "strace is not installed")
        for row in rounds.CALL_ROWS:
            with self.subTest(row=row.key):
                calls = rounds.calls_per_unit(self.build, self.server, row)
                self.assertIsNotNone(calls, "the load failed")
                print("    %s: %.3f" % (row.key, calls))
                self.assertGreater(calls, 0)
                self.assertLess(calls, MOST[row.key])


if __name__ == "__main__":
    unittest.main()
