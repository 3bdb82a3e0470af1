# SPDX-License-Identifier: MIT
"""Goal: `make library` writes two files that any compiler takes without a
word, that want nothing but mem*, and with which the examples do what they
say, against chatd and against each other."""

import os
import shutil
import subprocess
import tempfile
import unittest

import support
from deflated import Deflated
from support import BINARY, PATIENCE, ROOT, SLOW, TEXT, ServerCase, WebSocket

C = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow",
     "-Wvla", "-Wmissing-prototypes", "-Werror"]
COMPILERS = ["gcc", "clang", "i686-linux-gnu-gcc", "s390x-linux-gnu-gcc",
             "mips-linux-gnu-gcc", "arm-linux-gnueabihf-gcc"]
MEM = {"memcpy", "memmove", "memset", "memcmp", "bcmp", "memchr"}


def there(names):
    return [n for n in names if shutil.which(n)]


class Library(ServerCase):

    limit = 300 * SLOW      # it is compiled many times

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="chatd-library-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        subprocess.run([os.path.join(ROOT, "scripts/library"), cls.folder],
                       cwd=ROOT, check=True)

    def compile(self, *command):
        done = subprocess.run(command, cwd=self.folder, capture_output=True,
                              text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""), command)

    def example(self, name):
        self.compile("cc", "-std=c11", "-D_GNU_SOURCE", "-Wall", "-Wextra",
                     "-Werror", "-O2", "-I.", "-o", name, "ws.c",
                     os.path.join(ROOT, "tests", "examples", name + ".c"))
        return os.path.join(self.folder, name)

    def start_echo(self):
        port = support.free_port()
        process = subprocess.Popen([self.example("echo"), str(port)])
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        support.until_true(lambda: support.listening(port))
        return port

    def client(self, port, lines, path="/echo"):
        return subprocess.run(
            [self.example("client"), "127.0.0.1", str(port), path],
            input=lines, capture_output=True, timeout=PATIENCE)

    # -- two files --

    @unittest.skipIf(support.SANITIZED, "compilers are asked, and not chatd")
    def test_every_compiler_takes_it_and_it_wants_mem_alone(self):
        for cc in there(COMPILERS):
            for level in "-O0", "-O2", "-O3", "-Os":
                with self.subTest(cc, level=level):
                    self.compile(cc, *C, level, "-c", "ws.c", "-o", "ws.o")
                    nm = subprocess.run(["nm", "-P", "-g", "ws.o"], text=True,
                                        cwd=self.folder, capture_output=True)
                    names = [x.split()[:2] for x in nm.stdout.splitlines()]
                    wants = {n for n, kind in names if kind in "Uvw"}
                    # __udivdi3 and its like are the compiler's own.
                    self.assertLessEqual({n for n in wants if n[:1] != "_"},
                                         MEM)
                    exports = {n for n, kind in names if kind not in "Uvw"}
                    self.assertEqual({n[:3] for n in exports
                                      if n[:2] != "__"}, {"ws_"})

    def test_nobody_but_the_api_is_exported(self):
        self.compile("cc", "-c", "ws.c", "-o", "ws.o")
        nm = subprocess.run(["nm", "-P", "-g", "--defined-only", "ws.o"],
                            cwd=self.folder, capture_output=True, text=True)
        self.assertEqual(
            {x.split()[0] for x in nm.stdout.splitlines()},
            {"ws_size", "ws_begin", "ws_read", "ws_request", "ws_accept",
             "ws_refuse", "ws_write", "ws_answer", "ws_bound", "ws_is_open",
             "ws_field"})

    @unittest.skipUnless(shutil.which("c++"), "no C++ compiler")
    def test_the_header_is_cxx_too(self):
        path = os.path.join(self.folder, "t.cc")
        with open(path, "w") as f:
            f.write('#include "ws.h"\nint main() { ws_config c{}; '
                    'return ws_size(&c) == 0; }\n')
        self.compile("cc", "-O2", "-c", "ws.c", "-o", "ws.o")
        self.compile("c++", "-std=c++17", "-Wall", "-Wextra", "-Wpedantic",
                     "-Werror", "t.cc", "ws.o", "-o", "t")
        subprocess.run([os.path.join(self.folder, "t")], check=True)

    def test_examples_are_as_short_as_is_said(self):
        for name, most in ("echo", 100), ("client", 80):
            with open(os.path.join(ROOT, "tests", "examples", name + ".c")) as f:
                self.assertLessEqual(len(f.readlines()), most)

    # -- the examples --

    def test_the_echo_server_echoes(self):
        port = self.start_echo()
        with WebSocket(None, host="127.0.0.1", port=port) as ws:
            for size in 0, 1, 125, 126, 5000, 65536, 300000:
                ws.send_frame(BINARY, bytes(size))
                self.assertEqual(ws.recv(), (BINARY, bytes(size)))
            ws.text("h\u00e9llo".encode())
            self.assertEqual(ws.recv(), (TEXT, "h\u00e9llo".encode()))
            ws.send_frame(support.PING, b"p")
            self.assertEqual(ws.recv_pong(), b"p")
            ws.send_frame(support.CLOSE, support.close_payload(1000))
            self.assertEqual(ws.recv_close()[0], 1000)

    def test_and_compressed_messages_too(self):
        port = self.start_echo()
        with Deflated(None, host="127.0.0.1", port=port) as ws:
            for size in 1, 4096, 4097, 100000:
                ws.squeeze(TEXT, b"a" * size)
                self.assertEqual(ws.recv(), (TEXT, b"a" * size))

    def test_and_ends_who_breaks_a_rule(self):
        port = self.start_echo()
        with WebSocket(None, host="127.0.0.1", port=port) as ws:
            ws.send(b"\x83\x80\0\0\0\0")
            self.assertEqual(ws.recv_close()[0], 1002)
        with support.Peer(None, host="127.0.0.1", port=port) as peer:
            peer.send(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(peer.response().status, 426)

    def test_the_client_talks_to_chatd(self):
        server = self.start()
        done = self.client(server.port, b"hello\n\nw\xc3\xb6rld\n" +
                           b"x" * 5000 + b"\n")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, b"hello\n\nw\xc3\xb6rld\n" +
                         b"x" * 5000 + b"\n")

    def test_the_client_is_refused(self):
        server = self.start()
        done = self.client(server.port, b"", "/nowhere")
        self.assertEqual((done.returncode, done.stderr),
                         (1, b"404 the server refuses\n"))

    def test_the_examples_talk_to_each_other(self):
        port = self.start_echo()
        lines = b"".join(b"line %d\n" % i for i in range(1000))
        done = self.client(port, lines)
        self.assertEqual((done.returncode, done.stdout), (0, lines))


if __name__ == "__main__":
    unittest.main()
