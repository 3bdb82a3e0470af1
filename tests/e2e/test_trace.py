# SPDX-License-Identifier: MIT
"""--trace and --explain: every byte explained."""

import fcntl
import os
import re
import subprocess
import tempfile
import time
import unittest
import zlib

from support import (BINARY, CHATD, CLOSE, CONT, PATIENCE, PING, TEXT, Peer,
                     ServerCase, clean_environment, close_payload, field,
                     frame, run, until_true, upgrade_headers)

LINE = re.compile(r"^(\d+)([<>]) (.*)$")
HELLO = bytes.fromhex("818537fa213d7f9f4d5158")


def deflated(data):
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (z.compress(data) + z.flush(zlib.Z_SYNC_FLUSH))[:-4]


class Traced(ServerCase):
    """What a server under --trace tells."""

    def told(self, server, client=None, way=None):
        """The lines of the trace, without their prefix."""
        found = []
        for line in list(server.lines):
            match = LINE.match(line)
            if match and client in (None, int(match.group(1))) and \
                    way in (None, match.group(2)):
                found.append(match.group(3))
        return found

    def wait_told(self, server, pattern, way=None, client=None):
        def is_told():
            return any(re.search(pattern, line)
                       for line in self.told(server, client, way))
        is_told.__doc__ = "told %s %s" % (way or "", pattern)
        until_true(is_told)

    def followed(self, server):
        return {int(m.group(1)) for m in map(LINE.match, list(server.lines))
                if m}

    def test_an_echo(self):
        """Handshake, message, ping and Close, both directions, field by
        field; nothing of it wider than 80 columns."""
        server = self.start("--trace")
        ws = self.ws(server, "/echo")
        ws.text("Hello, \u00e4")
        ws.recv()
        ws.send_frame(PING, b"ping!")
        ws.recv_pong()
        ws.leave(1000)
        self.wait_told(server, "= close 1000: normal closure", "<")
        up = "\n".join(self.told(server, way=">"))
        down = "\n".join(self.told(server, way="<"))
        self.assertIn("GET /echo HTTP/1.1", up)
        self.assertIn("258EAFA5-E914-47DA-95CA-C5AB0DC85B11", up)
        accept = ws.handshake.get("Sec-WebSocket-Accept")
        self.assertIn("base64   " + accept, up)
        self.assertIn("Sec-WebSocket-Accept: " + accept, down)
        self.assertIn("as computed above", down)
        self.assertIn("MASK 1", up)
        self.assertNotIn("MASK 1", down)
        self.assertIn("48 65 6C 6C 6F 2C 20 C3", up)
        self.assertIn("48 65 6C 6C 6F 2C 20 C3", down)
        self.assertIn("= a text message of 9 bytes", up)
        self.assertIn("= a text message of 9 bytes", down)
        self.assertIn("pong frame, 5 bytes", down)
        self.assertNotIn("WRONG", server.stderr_text())
        for line in server.lines:
            if LINE.match(line):
                self.assertLessEqual(len(line), 80, line)
                self.assertRegex(line, r"^[ -~]*$")

    def test_a_chat(self):
        """A message of one member is seen on its way in once, and on its way
        out to each."""
        server = self.start("--trace")
        a = self.ws(server, "/chat/tea")
        b = self.ws(server, "/ws/tea")
        a.text("one lump")
        a.recv()
        self.assertEqual(b.recv_json()["message"], "one lump")
        for client in 0, 1:
            self.wait_told(server, "= a text message", "<", client)
        self.assertIn("message of 8 bytes", "\n".join(
            self.told(server, 0, ">")))
        self.assertIn('{"id":"', "\n".join(self.told(server, 1, "<")))
        self.assertNotIn("frame", "\n".join(self.told(server, 1, ">")))

    def test_one_client_only(self):
        """--trace=client N, as two words and as one; by its log number."""
        for options in (["--trace=client", "1"], ["--trace=client 1"]):
            server = self.start(*options)
            first, second = self.ws(server), self.ws(server, "/chat/x")
            for ws in first, second:
                ws.text("x")
                ws.recv()
            self.wait_told(server, "= a text message", "<", 1)
            self.assertEqual(self.followed(server), {1})
            line = server.wait_log("event=open.*path=/chat/x")
            self.assertEqual(field(line, "client"), "1")
            server.stop()

    def test_one_path_only(self):
        """--trace=PATH: the connections that ask for it, query or not, and
        nobody else, plain requests included."""
        server = self.start("--trace=/chat/tea")
        others = [self.ws(server, path)
                  for path in ("/echo", "/chat/teapot", "/ws/tea")]
        self.get(server, "/healthz")
        ws = self.ws(server, "/chat/tea?name=Ann")
        for each in others + [ws]:
            each.text('{"message":"x"}')
            each.recv() if each is not others[2] else None
        self.wait_told(server, "= a text message", "<")
        line = server.wait_log("event=open.*path=/chat/tea$")
        numbers = self.followed(server)
        self.assertEqual(len(numbers), 1)
        self.assertIn(" client=%d " % numbers.pop(),
                      server.wait_log("client=%s .*tea$" %
                                      field(line, "client")))
        self.assertNotIn("healthz", server.stderr_text())

    def test_the_environment(self):
        """CHATD_TRACE: 1, 0, a client, a path; the command line wins."""
        for value, options, expected in (
                ("1", (), {0}), ("0", (), set()), ("client 0", (), {0}),
                ("client 3", (), set()), ("/echo", (), {0}),
                ("/chat/x", (), set()), ("0", ("--trace",), {0}),
                ("1", ("--trace=0",), set())):
            with self.subTest(value=value, options=options):
                server = self.start(*options, env={"CHATD_TRACE": value})
                ws = self.ws(server)
                ws.text("x")
                ws.recv()
                ws.leave()
                server.wait_log("event=close")
                self.assertEqual(self.followed(server), expected)
                server.stop()

    def test_nothing_of_it_without_trace(self):
        """No line, no payload."""
        server = self.start("--log", "debug")
        ws = self.ws(server)
        ws.text("geheimnis")
        ws.recv()
        ws.leave()
        server.wait_log("event=close")
        self.assertEqual(self.told(server), [])
        self.assertNotIn("geheimnis", server.stderr_text())

    def test_what_is_called_wrong_is_what_happens(self):
        """The code that the trace foretells is the code of the Close."""
        server = self.start("--trace", "-m", "1000")
        deflate = ["Sec-WebSocket-Extensions: permessage-deflate"]
        for path, wire in (
                ("/echo", frame(3, b"x")), ("/echo", frame(TEXT, b"x", rsv=1)),
                ("/echo", frame(TEXT, b"x", masked=False)),
                ("/echo", frame(TEXT, b"\xff")),
                ("/echo", frame(TEXT, b"a" * 500 + b"\xc0")),
                ("/echo", frame(CONT, b"x")),
                ("/echo", frame(TEXT, b"x", fin=False) + frame(TEXT, b"y")),
                ("/echo", frame(PING, b"x", fin=False)),
                ("/echo", frame(BINARY, b"x", form=16)),
                ("/echo", frame(CLOSE, close_payload(1006))),
                ("/echo", frame(TEXT, b"\x06", rsv=4)),
                ("/echo", frame(TEXT, deflated(b"\xff!"), rsv=4)),
                ("/chat", frame(TEXT, b"x" * 1001)),
                ("/chat", frame(TEXT, deflated(b"x" * 2000), rsv=4))):
            mark = server.mark()
            ws = self.ws(server, path, headers=deflate)
            ws.send(wire)
            got = ws.recv_frame()
            while got.opcode != CLOSE:
                got = ws.recv_frame()
            ws.close()
            code = int.from_bytes(got.payload[:2], "big")
            line = server.wait_log("chatd closes with", mark)
            self.assertIn("closes with %d " % code, line, wire)
            server.wait_log("event=close client=[0-9]+ code=%d " % code, mark)

    def test_a_compressed_echo(self):
        """The blocks of the message and of its echo, and what they hold."""
        server = self.start("--trace")
        ws = self.ws(server, "/echo", headers=[
            "Sec-WebSocket-Extensions: permessage-deflate"])
        ws.send(frame(TEXT, deflated(b"tea and tea and tea " * 20), rsv=4))
        for way in "<", ">":
            self.wait_told(server, "inflated 400", way)
            told = "\n".join(self.told(server, way=way))
            self.assertRegex(told, "block 1, bit 0: (the fixed codes|codes)")
            self.assertIn("00 00 FF FF was left out", told)
            self.assertIn("tea and ", told)
        self.assertNotIn("WRONG", server.stderr_text())

    def test_refusals_are_explained(self):
        """A handshake that is refused, and the response."""
        server = self.start("--trace")
        self.get(server, "/ws", headers=upgrade_headers(version="8"))
        self.wait_told(server, "= plain HTTP", "<")
        self.assertTrue(any("Sec-WebSocket-Version not 13" in line
                            for line in self.told(server, way=">")))
        self.assertTrue(any("HTTP/1.1 426 Upgrade Required" in line
                            for line in self.told(server, way="<")))
        self.get(server, "/ws", headers=upgrade_headers(
            extra=["Origin: https://evil.example"]))
        self.wait_told(server, "WRONG.*Origin not allowed", ">")

    def test_files_go_by_unseen(self):
        """Responses behind a file that only the kernel saw, HEAD, 304 and
        pages: all in step, on one connection."""
        with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
            os.chmod(folder, 0o755)
            with open(os.path.join(folder, "big.txt"), "w") as f:
                f.write("x" * 700000)
            server = self.start("--trace", "--static", folder)
            with Peer(server) as peer:
                for target in ("/big.txt", "/big.txt", "/", "/echo.js"):
                    self.assertEqual(peer.ask(target).status, 200)
                self.assertEqual(peer.ask("/big.txt", "HEAD").status, 200)
                tag = peer.ask("/big.txt").get("ETag")
                self.assertEqual(peer.ask("/big.txt", headers=[
                    "If-None-Match: " + tag]).status, 304)
                self.assertEqual(peer.ask("/healthz").status, 200)
            until_true(lambda: self.told(server, way="<").count(
                "  HTTP/1.1 200 OK") == 7)
            self.assertIn("  HTTP/1.1 304 Not Modified",
                          self.told(server, way="<"))
            self.assertNotIn("WRONG", server.stderr_text())

    def test_more_clients_than_are_followed(self):
        """The others are served, and counted."""
        server = self.start("--trace")
        peers = [self.ws(server) for _ in range(40)]
        for ws in peers:
            ws.text("x")
            ws.recv()
        until_true(lambda: self.followed(server) == set(range(32)))
        server.wait_log("trace: 8 clients not followed")
        peers[3].leave()
        server.wait_log("event=close")
        mark = server.mark()
        late = self.ws(server)
        late.text("late")
        late.recv()
        server.wait_log("= a text message of 4 bytes", mark)

    def test_big_messages_stream(self):
        """Only the start of a payload is shown, all of it is looked at."""
        server = self.start("--trace")
        ws = self.ws(server)
        ws.send_frame(BINARY, bytes(1000000))
        ws.recv()
        self.wait_told(server, r"\.\.\. 999872 bytes more", ">")
        self.wait_told(server, "= a binary message of 1000000 bytes", "<")

    def test_a_full_pipe_does_not_stop_the_service(self):
        """Nobody reads standard error: lines are lost, the service goes on;
        when somebody reads again, the loss is told."""
        reading, writing = os.pipe()
        fcntl.fcntl(writing, 1031, 4096)                # F_SETPIPE_SZ
        server = self.start("--trace", stderr=writing)
        os.close(writing)
        ws = self.ws(server)
        began = time.monotonic()
        for i in range(200):
            ws.text("message %d" % i)
            self.assertEqual(ws.recv_text(), "message %d" % i)
        self.assertLess(time.monotonic() - began, PATIENCE)
        os.set_blocking(reading, False)
        text, lost = b"", 0
        until = time.monotonic() + PATIENCE
        while lost <= 500 and time.monotonic() < until:
            ws.text("again")
            ws.recv()
            try:
                text += os.read(reading, 65536)
            except BlockingIOError:
                pass
            # A full pipe may still have room for the few words of that.
            lost = sum(map(int, re.findall(rb"trace: (\d+) lines lost", text)))
        self.assertGreater(lost, 500, text[-500:])
        os.close(reading)

    def test_bad_values(self):
        """One line that names the option, exit 2."""
        for value in ("", "x", "client", "client x", "client -1", "2"):
            done = run("--trace=" + value)
            self.assertEqual(done.returncode, 2, value)
            self.assertIn("--trace", done.stderr)
        done = run(env={"CHATD_TRACE": "loud"})
        self.assertEqual(done.returncode, 2)
        self.assertIn("CHATD_TRACE", done.stderr)


class Explained(ServerCase):
    """chatd --explain."""

    def explain(self, text, *options):
        if isinstance(text, str):
            text = text.encode()
        done = subprocess.run([CHATD, *(options or ["--explain"])],
                              input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, timeout=PATIENCE,
                              env=clean_environment())
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def legal(self, text, *options):
        status, out, err = self.explain(text, *options)
        self.assertEqual((status, err), (0, ""), out)
        return out

    def wrong(self, text, *options):
        status, out, err = self.explain(text, *options)
        self.assertEqual((status, err), (1, ""), out)
        return out

    def usage(self, text, *options):
        status, out, err = self.explain(text, *options)
        self.assertEqual((status, out), (2, ""), err)
        self.assertEqual(len(err.splitlines()), 1)
        return err

    def test_hex_as_people_paste_it(self):
        """Digits in any dress come to the same explanation as raw bytes."""
        raw = self.legal(HELLO)
        self.assertIn("> text frame, 5 bytes, masked", raw)
        self.assertIn("Hello", raw)
        for text in (
                "818537fa213d7f9f4d5158", "818537FA213D7F9F4D5158\n",
                "81 85 37 fa 21 3d 7f 9f 4d 51 58\n",
                "81 85\n37 fa 21 3d\n\n7f 9f 4d 51 58\n",
                "81:85:37:fa:21:3d:7f:9f:4d:51:58",
                "0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f,\n"
                "0x9f, 0x4d, 0x51, 0x58\n",
                r"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58",
                '"\\x81\\x85\\x37\\xfa\\x21\\x3d\\x7f\\x9f\\x4d\\x51\\x58"',
                "# a frame\r\n81 85 # header\r\n37 fa 21 3d 7f9f4d5158\r\n",
                "0000   81 85 37 fa 21 3d 7f 9f 4d 51 58"
                "                  ..7.!=..MQX\n",
                "00000000  81 85 37 fa 21 3d 7f 9f  4d 51 58"
                "                 |..7.!=..MQX|\n0000000b\n",
                "00000000: 8185 37fa 213d 7f9f 4d51 58"
                "              ..7.!=..MQX\n",
                "\t0x0000:  8185 37fa 213d 7f9f 4d51 58"
                "            ..7.!=..MQX\n"):
            with self.subTest(text=text):
                self.assertEqual(self.legal(text), raw)

    def test_dumps_of_several_lines(self):
        """What real tools print, where the text beside looks like digits."""
        data = frame(TEXT, b"beef cafe dead 0123 abcdef face " * 4,
                     mask=b"\0\0\0\0")
        raw = self.legal(data)
        for tool in (["xxd"], ["hexdump", "-C"], ["od", "-tx1"]):
            try:
                dump = subprocess.run(tool, input=data, check=True,
                                      stdout=subprocess.PIPE).stdout
            except FileNotFoundError:
                continue
            with self.subTest(tool=tool):
                self.assertEqual(self.legal(dump), raw)

    def test_either_direction(self):
        """By the mask, by the first line, or as it is said."""
        self.assertRegex(self.legal("81 05 48 65 6c 6c 6f"), "(?m)^< text")
        self.assertRegex(self.legal(HELLO), "(?m)^> text")
        self.assertIn("a frame is not masked", self.wrong(
            "81 05 48 65 6c 6c 6f", "--explain=client"))
        self.assertIn("a server's frame is masked",
                      self.wrong(HELLO, "--explain=server"))

    def test_a_handshake(self):
        """RFC 6455 1.3, raw with CRLF, or pasted with LF alone; then
        frames."""
        lines = ["GET /chat HTTP/1.1", "Host: server.example.com",
                 "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
                 "Sec-WebSocket-Version: 13", "", ""]
        out = self.legal("\r\n".join(lines))
        self.assertIn("SHA-1    b37a4f2c c0624f16 90f64606 cf385945 b2bec4ea",
                      out)
        self.assertIn("base64   s3pPLMBiTxaQ9kYGzzhZRbK+xOo=", out)
        self.assertEqual(self.legal("\n".join(lines)), out)
        self.assertIn("Hello", self.legal("\r\n".join(lines).encode() + HELLO))
        lines[5] = "Sec-WebSocket-Version: 8"
        self.assertIn("426", self.wrong("\r\n".join(lines)))
        out = self.legal("HTTP/1.1 101 Switching Protocols\r\n"
                         "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
                         "\r\n\r\n")
        self.assertIn("< response", out)

    def test_a_bare_lf_among_crlf_is_wrong(self):
        """Only a paste without any CR is forgiven."""
        self.assertIn("a LF without a CR", self.wrong(
            b"GET / HTTP/1.1\r\nHost: x\nX: y\r\n\r\n"))

    def test_wrong_bytes(self):
        """Marked at the byte; what follows is counted."""
        out = self.wrong("83 80 00 00 00 00 11")
        self.assertIn("WRONG at byte 0: unknown opcode", out)
        self.assertIn("5 bytes behind the end", out)

    def test_cut_input_is_not_legal(self):
        """Inside a header, a payload, a head."""
        for text in (HELLO[:1], HELLO[:4], HELLO[:-1], "81 fe 01",
                     "GET / HTTP/1.1\r\nHost: x\r\n"):
            self.assertIn("the input ends inside", self.wrong(text))

    def test_fragments_without_an_end_are_legal_so_far(self):
        """The first example of 5.7's fragments, alone."""
        self.assertIn("= so far", self.legal("01 03 48 65 6c"))

    def test_a_long_stream(self):
        """Raw bytes stream through."""
        wire = b"".join(frame(BINARY, os.urandom(100000)) for _ in range(20))
        out = self.legal(wire)
        self.assertEqual(out.count("= a binary message of 100000 bytes"), 20)

    def test_usage(self):
        """Nothing to explain, half a byte, a bad value, another bad option
        beside it: exit 2, one line."""
        for text in ("", "\n\n", "# nothing\n", "81 8", "81 85 hello",
                     "81 85 zz"):
            with self.subTest(text=text):
                self.assertIn("--explain", self.usage(text))
        self.assertIn("--explain", self.usage(HELLO, "--explain=both"))
        self.assertIn("frobnicate",
                      self.usage(HELLO, "--explain", "--frobnicate"))

    def test_no_colour_into_a_pipe(self):
        """Escape sequences only on a terminal."""
        self.assertNotIn("\x1b", self.legal(HELLO))
        leader, follower = os.openpty()
        done = subprocess.Popen([CHATD, "--explain"], stdin=subprocess.PIPE,
                                stdout=follower, env=clean_environment())
        done.communicate(HELLO, timeout=PATIENCE)
        os.close(follower)
        self.assertIn(b"\x1b[1m", os.read(leader, 65536))
        os.close(leader)


if __name__ == "__main__":
    unittest.main()
