#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Goal: many clients cost what is promised, however many they could be. What
scripts/million does with a million, here with as many as any machine lets."""

import json
import os
import resource
import subprocess
import tempfile
import unittest

import support
from support import LOAD, ROOT, SANITIZED, SLOW, ServerCase, load

MILLION = os.path.join(ROOT, "scripts", "million")


def million(*arguments, files=None):
    """scripts/million to its end; `files` is the hard limit of them."""
    def child():
        if files:
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, files))
    return subprocess.run([MILLION, *arguments], capture_output=True,
                          text=True, timeout=80 * SLOW, check=False,
                          preexec_fn=child)


class Start(ServerCase):

    @unittest.skipIf(SANITIZED, "shadow memory is resident, too")
    def test_a_million_slots_are_not_touched_before_clients_come(self):
        """Every table that has an entry a client is asked for. Slots are cut
        to the limit of open files; where that is 4096, they are 500 KB."""
        options = ["--per-ip", "1000000", "--proxy-protocol", "--rate", "5"]
        few = self.start("-c", "100", *options)
        many = self.start("-c", "1000000", *options)
        slots = int(support.field(many.start_line(), "slots"))
        self.assertGreater(slots, 1000)
        self.assertAlmostEqual(many.memory("RssAnon"), few.memory("RssAnon"),
                               delta=32 * 1024)


class Clients(ServerCase):

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="chatd-e2e-")
        cls.addClassCleanup(cls.folder.cleanup)
        subprocess.run(
            ["make", "-s", "-C", os.path.join(ROOT, "tests", "bench"),
             "BUILD=" + cls.folder.name], check=True, capture_output=True)
        cls.tools = ["--chatd", support.CHATD, "--wsbench",
                     os.path.join(cls.folder.name, "wsbench")]

    def test_many_idle_clients_and_a_message_to_all(self):
        """Connected, weighed, and left with Close 1001 to each of them; then
        in one room, where each message reaches each once and in order."""
        clients = load(10000)
        run = million(str(clients), "--time", "0.5", "--json", *self.tools)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        figures = json.loads(run.stdout.splitlines()[-1])
        idle, room = figures["idle"], figures["broadcast"]
        self.assertEqual(idle["connections"], clients)
        self.assertEqual(room["done"], 3 * clients)
        if SANITIZED or LOAD < 0.2:
            return    # what a first client brings in would outweigh theirs
        self.assertLessEqual(idle["bytes_per_connection"], 160)
        self.assertLessEqual(room["bytes_per_connection"], 290)

    def test_what_is_not_possible_is_told_with_its_remedy(self):
        run = million("5000", "--check", files=1000)
        self.assertEqual(run.returncode, 1, run.stderr)
        self.assertRegex(run.stdout, r"ulimit -Hn +1000 +5064 +936\n")
        self.assertIn("to set ulimit -Hn:\n  ulimit -n 5064 ", run.stdout)
        self.assertTrue(run.stdout.endswith(
            "5000 clients are not possible here; 936 are\n"), run.stdout)

    def test_what_is_possible_is_said_to_be(self):
        run = million("500", "--check", files=1000)
        self.assertEqual(run.returncode, 0, run.stdout + run.stderr)
        self.assertNotIn("to set", run.stdout)


if __name__ == "__main__":
    unittest.main()
