# SPDX-License-Identifier: MIT
"""scripts/layers finds circles of includes: in a copy of the source, beside an
object that wants nothing, so that this asks of the includes alone."""

import contextlib
import itertools
import os
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
LAYERS = sorted(entry.name for entry in os.scandir(os.path.join(ROOT, "src"))
                if entry.is_dir()) + ["top"]
INCLUDE = re.compile(r'^#include "(\S+)"', re.M)


class Layers(unittest.TestCase):

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="chatd-layers-")
        self.addCleanup(temporary.cleanup)
        self.root = temporary.name
        shutil.copytree(os.path.join(ROOT, "src"),
                        os.path.join(self.root, "src"))
        os.mkdir(os.path.join(self.root, "build"))
        subprocess.run(["cc", "-c", "-x", "c", "/dev/null",
                        "-o", "build/nothing.o"], cwd=self.root, check=True)

    def layers(self):
        """Exit status and lines."""
        done = subprocess.run([os.path.join(ROOT, "scripts/layers"), "build"],
                              cwd=self.root, stdout=subprocess.PIPE, text=True)
        return done.returncode, done.stdout.splitlines()

    def folder(self, layer):
        return os.path.join(self.root, "src", "" if layer == "top" else layer)

    def name(self, layer, file):
        return file if layer == "top" else "%s/%s" % (layer, file)

    @contextlib.contextmanager
    def added(self, layer, *edges):
        """In each of these files the first line is an include of another."""
        texts = {}
        for file, target in edges:
            path = os.path.join(self.folder(layer), file)
            with open(path) as f:
                texts[path] = f.read()
            with open(path, "w") as f:
                f.write('#include "%s"\n%s' % (self.name(layer, target),
                                               texts[path]))
        yield
        for path, text in texts.items():
            with open(path, "w") as f:
                f.write(text)

    def pair(self, layer):
        """The first two that have a header and a source, if there are two."""
        files = set(os.listdir(self.folder(layer)))
        return [f[:-2] for f in sorted(files)
                if f.endswith(".h") and f[:-2] + ".c" in files][:2]

    def check_circle(self, layer, *edges):
        with self.added(layer, *edges):
            status, lines = self.layers()
        self.assertEqual(status, 1, lines)
        self.assertIn("layers: %s has a circle" % layer, lines)
        for file, target in edges:
            self.assertIn("layers: src/%s:1 includes %s around a circle" % (
                self.name(layer, file), target[:-2]), lines)


class Order(Layers):

    def test_who_is_included_stands_before(self):
        """Every file is in its layer's line, behind all that it includes."""
        status, lines = self.layers()
        self.assertEqual(status, 0, lines)
        for layer in LAYERS:
            [order] = [line.split()[1:] for line in lines
                       if line.startswith(layer + ": ")]
            headers = {f[:-2] for f in os.listdir(self.folder(layer))
                       if f.endswith(".h")}
            self.assertEqual(headers - set(order), set())
            for file in os.listdir(self.folder(layer)):
                if not file.endswith((".c", ".h")):
                    continue
                unit = file[:-2]
                if unit not in headers:
                    unit = unit.split("_")[0]
                with open(os.path.join(self.folder(layer), file)) as f:
                    named = INCLUDE.findall(f.read())
                for other in named:
                    where, _, what = other.rpartition("/")
                    if (where or "top") == layer and what[:-2] != unit:
                        self.assertLess(order.index(what[:-2]),
                                        order.index(unit), file)


class Circle(Layers):

    def test_of_two_files_in_every_layer(self):
        """By header or by source, in either."""
        pairs = [(layer, *self.pair(layer)) for layer in LAYERS
                 if len(self.pair(layer)) == 2]
        self.assertGreater(len(pairs), 4)
        for (layer, a, b), (one, other) in itertools.product(
                pairs, itertools.product("hc", repeat=2)):
            with self.subTest(layer=layer, ends=one + other):
                self.check_circle(layer, ("%s.%s" % (a, one), b + ".h"),
                                  ("%s.%s" % (b, other), a + ".h"))

    def test_of_three(self):
        self.check_circle("wire", ("close.c", "json.h"), ("json.h", "proxy.h"),
                          ("proxy.c", "close.h"))

    def test_through_a_part(self):
        """ip_put.c has no header: it is a part of ip."""
        self.assertNotIn("ip_put.h", os.listdir(self.folder("base")))
        self.check_circle("base", ("ip_put.c", "wheel.h"), ("wheel.h", "ip.h"))

    def test_not_of_a_file_and_itself(self):
        """Nor of one that is included once more."""
        with self.added("wire", ("close.c", "close.h"), ("close.h", "close.h"),
                        ("explain.h", "close.h")):
            self.assertNotIn("layers: wire has a circle", self.layers()[1])


if __name__ == "__main__":
    unittest.main()
