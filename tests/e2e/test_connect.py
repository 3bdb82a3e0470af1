# SPDX-License-Identifier: MIT
"""Goal: chatd --connect is a client that keeps RFC 6455 to the letter: against
chatd, against the servers of others with and without compression, and against
servers that do not."""

import os
import re
import select
import socket
import subprocess
import tempfile
import threading
import time
import unittest

import servers
import support
from support import CHATD, PATIENCE, ServerCase, accept_of, run


class Client:
    """A chatd --connect that runs; its lines."""

    def __init__(self, case, url, *options, stdin=subprocess.PIPE, env=None):
        self.process = subprocess.Popen(
            [CHATD, "--connect", url, *options], stdin=stdin,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0,
            env=support.clean_environment(env))
        case.addCleanup(self.kill)

    def kill(self):
        self.process.kill()
        self.process.wait()
        for f in self.process.stdin, self.process.stdout, self.process.stderr:
            if f:
                f.close()

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def line(self, file=None):
        file = file or self.process.stdout
        if not select.select([file], [], [], PATIENCE)[0]:
            raise AssertionError("no line")
        return file.readline().decode().rstrip("\n")

    def told(self):
        return self.line(self.process.stderr)

    def finish(self, timeout=None):
        """Input's end; exit status, the rest of both outputs."""
        out, err = self.process.communicate(timeout=timeout or PATIENCE)
        return self.process.returncode, out.decode(), err.decode()


class Case(ServerCase):

    def url(self, server, path="/echo"):
        return "ws://127.0.0.1:%d%s" % (server.port, path)

    def connect(self, url, data=b"", *options, env=None):
        done = subprocess.run(
            [CHATD, "--connect", url, *options], input=data,
            capture_output=True, timeout=PATIENCE * 4,
            env=support.clean_environment(env))
        return done.returncode, done.stdout, done.stderr.decode()


# ---- a server of ours -------------------------------------------------------

class Ours(Case):

    def test_lines_go_out_and_messages_come_in(self):
        """The last line may lack its end; empty lines are messages."""
        server = self.start()
        self.assertEqual(
            self.connect(self.url(server), b"one\n\nt\xc3\xb6\nlast"),
            (0, b"one\n\nt\xc3\xb6\nlast\n", ""))

    def test_a_line_of_any_length_is_one_message(self):
        """Longer than any buffer: it goes out in fragments."""
        server = self.start()
        line = "\u00e4".encode() * 300001 + b"\n"
        for option in (), ("--no-compression",):
            self.assertEqual(
                self.connect(self.url(server), line, *option), (0, line, ""))

    def test_binary_is_as_it_is(self):
        server = self.start()
        data = os.urandom(700001)
        status, out, _ = self.connect(self.url(server), data, "--binary")
        self.assertEqual((status, out == data), (0, True))

    def test_many_lines(self):
        server = self.start()
        lines = b"".join(b"line %d\n" % i for i in range(20000))
        self.assertEqual(self.connect(self.url(server), lines),
                         (0, lines, ""))

    def test_over_a_unix_socket(self):
        folder = tempfile.TemporaryDirectory(prefix="chatd-e2e-")
        self.addCleanup(folder.cleanup)
        path = os.path.join(folder.name, "s")
        self.start("-a", "unix:" + path)
        self.assertEqual(self.connect("ws+unix:%s:/echo" % path, b"x\n"),
                         (0, b"x\n", ""))

    def test_localhost_is_a_name(self):
        server = self.start()
        self.assertEqual(
            self.connect("ws://localhost:%d/echo" % server.port, b"x\n"),
            (0, b"x\n", ""))

    def test_exit_statuses(self):
        """2 a bad option, 3 refused, 1 nobody there: each in one line."""
        server = self.start("--token-key", self.keys())
        for url, status, words in (
                (self.url(server, "/nowhere"), 3, "404 Not Found"),
                (self.url(server, "/chat/tea"), 3, "401 Unauthorized"),
                (self.url(server, "/ws/tea"), 1, "closed with 4401"),
                ("ws://127.0.0.1:%d/" % support.free_port(), 1,
                 "Connection refused"),
                ("ws://no.such.name/", 1, "DNS is not asked"),
                ("ws+unix:/nowhere:/", 1, "No such file"),
                ("wss://127.0.0.1/", 2, "TLS"),
                ("http://127.0.0.1/", 2, "ws://"),
                ("ws://u@h/", 2, "user"),
                ("ws://h:0/", 2, "port"),
                ("ws://h/a#b", 2, "fragment"),
                ("ws://h/a b", 2, "%XX"),
                ("ws://", 2, "host"),
                ("ws+unix::/", 2, "socket")):
            with self.subTest(url):
                got, out, err = self.connect(url)
                self.assertEqual((got, out, err.count("\n")),
                                 (status, b"", 1), err)
                self.assertIn(words, err)

    def keys(self):
        handle, path = tempfile.mkstemp(prefix="chatd-e2e-")
        self.addCleanup(os.unlink, path)
        os.write(handle, b"k1 AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n")
        os.close(handle)
        return path

    def test_a_token_from_a_file(self):
        keys = self.keys()
        server = self.start("--token-key", keys)
        token = run("--token-key", keys, "--sign",
                    "sub=ann,name=Ann,join=tea,ttl=1h").stdout
        with tempfile.NamedTemporaryFile() as f:
            f.write(token.encode() + b"\n")
            f.flush()
            status, out, err = self.connect(self.url(server, "/ws/tea"),
                                            b"hello\n", "--token", f.name)
            self.assertEqual((status, err), (0, ""))
            self.assertIn(b" Ann: hello\n", out)
        for content in b"", b"a b\n", b"\xff":
            with tempfile.NamedTemporaryFile() as f:
                f.write(content)
                f.flush()
                status, _, err = self.connect(self.url(server, "/ws/tea"),
                                              b"", "--token", f.name)
                self.assertEqual(status, 2)
                self.assertIn("--token " + f.name, err)

    def test_options_of_one_role_are_not_passed_over_in_the_other(self):
        for options in (["--connect", "ws://h/", "--addr", ":1"],
                        ["--connect", "ws://h/", "--trace"],
                        ["--name", "Ann"], ["--stay"], ["--binary"],
                        ["--header", "A: b"], ["--token", "f"],
                        ["--connect", "ws://h/", "--header", "no colon"],
                        ["--connect", "ws://h/", "--header", "A: b\nC: d"],
                        ["--connect", "ws://h/", "--name", ""],
                        ["--connect", "ws://h/", "--name", "x" * 65],
                        ["--connect", "ws://h/", "--subprotocol", "a,,b"],
                        ["--connect", "ws://h/", "--origin", "*"]):
            done = run(*options)
            self.assertEqual((done.returncode, done.stderr.count("\n")),
                             (2, 1), (options, done))

    def test_the_environment_of_a_server_is_not_a_clients(self):
        server = self.start()
        self.assertEqual(
            self.connect(self.url(server), b"x\n",
                         env={"CHATD_ORIGIN": "https://a.example",
                              "CHATD_ADDR": ":1"}), (0, b"x\n", ""))

    def test_not_utf8(self):
        server = self.start()
        status, out, err = self.connect(self.url(server), b"a\n\xff\nb\n")
        self.assertEqual((status, err), (1, "chatd: line 2 is not UTF-8: "
                                            "--binary sends any bytes\n"))

    def test_a_signal_is_the_end_of_the_input(self):
        server = self.start()
        client = Client(self, self.url(server))
        client.type("x\n")
        self.assertEqual(client.line(), "x")
        client.process.terminate()
        self.assertEqual(client.finish(), (0, "", ""))

    def test_stopped_by_the_server(self):
        server = self.start()
        client = Client(self, self.url(server))
        client.type("x\n")
        self.assertEqual(client.line(), "x")
        server.signal(15)
        self.assertEqual(client.process.wait(PATIENCE), 1)
        self.assertRegex(client.told(), r"^chatd: closed with 1001")

    def test_output_that_nobody_takes(self):
        server = self.start()
        client = Client(self, self.url(server))
        client.process.stdout.close()
        client.type("x\n")
        self.assertEqual(client.process.wait(PATIENCE), 1)


# ---- a room -----------------------------------------------------------------

class Room(Case):

    def test_it_reads_as_chat(self):
        """Time, name, text; who came and went; and what I said, as everybody
        hears it."""
        server = self.start()
        ann = Client(self, self.url(server, "/ws/tea"), "--name", "Ann & co")
        self.assertEqual(ann.line(), "-- room tea, 1 here")
        with self.ws(server, path="/ws/tea?name=Bob",
                     protocols="chatd.v1") as bob:
            self.assertEqual(ann.line(), "-- 2 here")
            bob.json(message="he said \"hi\"\tthere")
            self.assertRegex(ann.line(),
                             r'^\d\d:\d\d:\d\d Bob: he said "hi"\tthere$')
            ann.type("and \\ you\u00e9\n")
            self.assertRegex(ann.line(), r": and \\ you\u00e9$")
            while True:
                said = bob.recv_json()
                if said.get("name") == "Ann & co":
                    break
            self.assertEqual(said["message"], "and \\ you\u00e9")
        self.assertEqual(ann.line(), "-- 1 here")
        self.assertEqual(ann.finish(), (0, "", ""))

    def test_binary_and_nameless(self):
        server = self.start()
        ann = Client(self, self.url(server, "/ws/tea"))
        ann.line()
        with self.ws(server, path="/chat/tea") as bob:
            self.assertEqual(ann.line(), "-- 2 here")
            bob.binary(b"\0\1")
            self.assertRegex(ann.line(), r"^\d\d:\d\d:\d\d [0-9a-f]{8}: "
                                         r"\(binary, in base64\) AAE=$")

    def test_history(self):
        server = self.start()
        self.connect(self.url(server, "/ws/tea"), b"one\ntwo\n")
        status, out, _ = self.connect(
            self.url(server, "/ws/tea?history=1"), b"")
        self.assertEqual(status, 0)
        self.assertEqual([x.split(b": ")[-1] for x in out.splitlines()],
                         [b"-- room tea, 1 here", b"two"])

    def test_the_plain_form_is_bare(self):
        server = self.start()
        self.assertEqual(
            self.connect(self.url(server, "/chat/tea"), b"one\n"),
            (0, b"one\n", ""))

    def test_a_message_does_not_steer_a_terminal(self):
        """On a terminal controls are '?'; in a pipe bytes are bytes."""
        server = self.start()
        text = "a\x1b[2J\x07\u009b31mb\tc\u00e9"
        self.assertEqual(
            self.connect(self.url(server), text.encode() + b"\n")[1],
            text.encode() + b"\n")
        master, slave = os.openpty()
        self.addCleanup(os.close, master)
        process = subprocess.Popen(
            [CHATD, "--connect", self.url(server)], stdin=subprocess.PIPE,
            stdout=slave, stderr=subprocess.PIPE)
        os.close(slave)
        process.communicate(text.encode() + b"\n", timeout=PATIENCE)
        out = os.read(master, 4096).decode()
        self.assertEqual(out.rstrip("\r\n"), "a?[2J??31mb\tc\u00e9")

    def test_it_comes_back_and_nothing_is_missed_or_said_twice(self):
        """A server between is cut off while both sides talk."""
        server = self.start("--room-log", "1M", "--history", "10000")
        port, cut = self.between(server.port)
        ann = Client(self, "ws://127.0.0.1:%d/ws/tea" % port, "--name", "Ann",
                     "--stay")
        self.assertEqual(ann.line(), "-- room tea, 1 here")
        bob = self.ws(server, path="/ws/tea?name=Bob", protocols="chatd.v1")
        told = []
        for i in range(60):
            ann.type("a%d\n" % i)
            bob.json(message="b%d" % i)
            if i in (20, 40):
                cut()
            time.sleep(0.02)
        deadline = time.monotonic() + 30 * support.SLOW
        wanted = {"a%d" % i for i in range(60)} | {"b%d" % i
                                                  for i in range(60)}
        while wanted - set(told) and time.monotonic() < deadline:
            told.append(ann.line().split(": ")[-1])
        texts = [t for t in told if re.match(r"[ab]\d+$", t)]
        self.assertEqual(len(texts), len(set(texts)))
        self.assertEqual(set(texts), wanted)
        for who in "ab":
            self.assertEqual([t for t in texts if t[0] == who],
                             ["%s%d" % (who, i) for i in range(60)])
        self.assertRegex(ann.told(), r"^chatd: lost: .*; again in 1 s$")
        self.assertEqual(ann.finish()[0], 0)

    def test_in_a_fresh_room_nothing_is_missed_either(self):
        """The connection is cut before a message had come: there is no id to
        go on behind, and all is new."""
        server = self.start()
        port, cut = self.between(server.port)
        ann = Client(self, "ws://127.0.0.1:%d/ws/tea" % port, "--stay")
        self.assertEqual(ann.line(), "-- room tea, 1 here")
        cut()
        with self.ws(server, path="/ws/tea?name=Bob") as bob:
            bob.json(message="one")
            bob.json(message="two")
            self.assertRegex(ann.told(), "again in 1 s")
            told = [ann.line() for _ in range(3)]
        self.assertRegex(told[0], "^-- room tea, ")
        self.assertRegex(told[1], " Bob: one$")
        self.assertRegex(told[2], " Bob: two$")

    def between(self, port):
        """A relay: its port, and what cuts all that goes through it."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        pairs = []

        def copy(a, b):
            try:
                while True:
                    data = a.recv(4096)
                    if not data:
                        break
                    b.sendall(data)
            except OSError:
                pass
            for s in a, b:
                try:
                    s.shutdown(socket.SHUT_RDWR)
                except OSError:
                    pass

        def serve():
            while True:
                try:
                    a, _ = listener.accept()
                    b = socket.create_connection(("127.0.0.1", port))
                except OSError:
                    return
                pairs.append((a, b))
                for x, y in (a, b), (b, a):
                    threading.Thread(target=copy, args=(x, y),
                                     daemon=True).start()

        def cut():
            while pairs:
                for s in pairs.pop():
                    try:
                        s.shutdown(socket.SHUT_RDWR)
                    except OSError:
                        pass

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1], cut

    def test_who_is_told_no_for_good_does_not_come_back(self):
        server = self.start()
        done = self.connect(self.url(server, "/nowhere"), b"", "--stay")
        self.assertEqual(done[0], 3)
        self.assertNotIn("again", done[2])


# ---- servers that break rules -----------------------------------------------

class Hostile(Case):
    """Each answer, byte by byte; what the client says and how it ends."""

    def serve(self, answer, *options, path="/", data=b""):
        """`answer` makes from the key's answer what is sent. What the client
        did: exit status, its line, and the bytes it sent after its head."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        heard = []

        def one():
            s, _ = listener.accept()
            s.settimeout(PATIENCE)
            head = b""
            while b"\r\n\r\n" not in head:
                head += s.recv(4096)
            key = re.search(rb"Sec-WebSocket-Key: (\S+)", head).group(1)
            s.sendall(answer(accept_of(key.decode()).encode()))
            rest = head.split(b"\r\n\r\n", 1)[1]
            try:
                while True:
                    got = s.recv(4096)
                    if not got:
                        break
                    rest += got
            except OSError:
                pass
            heard.append(rest)
            s.close()

        thread = threading.Thread(target=one)
        thread.start()
        status, out, err = self.connect(
            "ws://127.0.0.1:%d%s" % (listener.getsockname()[1], path),
            data, "--close-timeout", "1", *options)
        thread.join(PATIENCE)
        return status, out, err, heard[0] if heard else b""

    GOOD = (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n")

    def test_answers_that_are_none(self):
        for name, answer, words in (
                ("another key", lambda a: self.GOOD % (b"A" * 27 + b"=") +
                 b"\r\n", "key"),
                ("no status line", lambda a: b"220 mail\r\n\r\n",
                 "malformed status line"),
                ("bare LF", lambda a: b"HTTP/1.1 101 OK\n\n", "head"),
                ("a body", lambda a: self.GOOD % a +
                 b"Content-Length: 3\r\n\r\n", "a body on a 101"),
                ("an extension", lambda a: self.GOOD % a +
                 b"Sec-WebSocket-Extensions: x-y\r\n\r\n",
                 "not asked for"),
                ("a subprotocol", lambda a: self.GOOD % a +
                 b"Sec-WebSocket-Protocol: soap\r\n\r\n",
                 "not asked for")):
            with self.subTest(name):
                status, out, err, sent = self.serve(answer)
                self.assertEqual((status, out, sent), (3, b"", b""))
                self.assertIn(words, err)

    def test_frames_that_break_a_rule(self):
        for wire, code, words in (
                (b"\x81\x80\0\0\0\0", 1002, "masked"),
                (b"\x83\0", 1002, "unknown opcode"),
                (b"\x81\x01\xff", 1007, "UTF-8"),
                (b"\x09\0", 1002, "fragmented"),
                (b"\xc1\x01\0", 1002, "reserved bit")):
            with self.subTest(words):
                status, _, err, sent = self.serve(
                    lambda a: self.GOOD % a + b"\r\n" + wire)
                self.assertEqual(status, 1)
                self.assertIn("closed with %d" % code, err)
                self.assertIn(words, err)
                self.assertEqual(sent[0], 0x88)
                self.assertEqual(sent[1] & 0x80, 0x80)
                payload = support.apply_mask(sent[6:8], sent[2:6])
                self.assertEqual(payload, code.to_bytes(2, "big"))

    def test_closes(self):
        for code, status, told in ((1000, 0, "chatd: closed with 1000: bye\n"),
                                   (1001, 1, "chatd: closed with 1001: bye\n"),
                                   (4000, 1, "chatd: closed with 4000: bye\n")):
            done = self.serve(
                lambda a: self.GOOD % a + b"\r\n\x88\x05" +
                code.to_bytes(2, "big") + b"bye")
            self.assertEqual((done[0], done[2]), (status, told))
            self.assertEqual(done[3][0], 0x88)
        done = self.serve(lambda a: self.GOOD % a + b"\r\n\x88\0")
        self.assertEqual((done[0], done[2]),
                         (1, "chatd: closed without a code\n"))

    def test_a_reason_is_one_line(self):
        done = self.serve(lambda a: self.GOOD % a +
                          b"\r\n\x88\x06\x0f\xa0a\n\x1bm")
        self.assertEqual(done[2], "chatd: closed with 4000: a??m\n")

    def test_words_after_our_own_close_are_printed(self):
        done = self.serve(
            lambda a: self.GOOD % a + b"\r\n", "--close-timeout", "0.5",
            data=b"")
        self.assertEqual(done[0], 1)
        self.assertIn("no answer to a Close", done[2])

    def test_a_server_that_says_nothing(self):
        done = self.serve(lambda a: b"", "--handshake-timeout", "0.3")
        self.assertEqual(done[0], 1)
        self.assertIn("no answer to the handshake", done[2])

    def test_a_ping_is_answered_and_one_is_asked(self):
        done = self.serve(lambda a: self.GOOD % a +
                          b"\r\n\x89\x02hi\x88\x02\x03\xe8")
        sent = done[3]
        self.assertEqual(sent[0], 0x8a)
        self.assertEqual(support.apply_mask(sent[6:8], sent[2:6]), b"hi")

    def test_each_frame_has_a_key_of_its_own(self):
        done = self.serve(lambda a: self.GOOD % a + b"\r\n",
                          data=b"aaaa\n" * 50)
        sent, keys = done[3], set()
        for i in range(50):
            self.assertEqual(sent[:2], b"\x81\x84")
            keys.add(sent[2:6])
            self.assertEqual(support.apply_mask(sent[6:10], sent[2:6]),
                             b"aaaa")
            sent = sent[10:]
        self.assertGreater(len(keys), 45)


# ---- the servers of others --------------------------------------------------

class Foreign(Case):
    """What is sent comes back, whatever is agreed about compression."""

    DATA = b"".join(b"line %d %s\n" % (i, b"ab" * (i % 300))
                    for i in range(400)) + b"x" * 200000 + b"\n"

    def talk(self, url, data, *options):
        """Some servers say nothing any more once they have a Close, so the
        input ends when everything is back."""
        client = Client(self, url, *options)
        out = b""
        writer = threading.Thread(target=lambda: (
            client.process.stdin.write(data), client.process.stdin.flush()))
        writer.start()
        while len(out) < len(data):
            if not select.select([client.process.stdout], [], [],
                                 PATIENCE)[0]:
                break
            got = os.read(client.process.stdout.fileno(), 65536)
            if not got:
                break
            out += got
        writer.join(PATIENCE)
        status, rest, err = client.finish()
        return status, out + rest.encode(), err

    def check(self, which, options=""):
        port = servers.start(self, which, options)
        url = "ws://127.0.0.1:%d/echo" % port
        for more in (), ("--no-compression",):
            with self.subTest(which.__name__, options=options, more=more):
                self.assertEqual(self.talk(url, self.DATA, *more),
                                 (0, self.DATA, ""))
        data = os.urandom(50000) + bytes(50000)
        status, out, err = self.talk(url, data, "--binary")
        self.assertEqual((status, err, out == data), (0, "", True))

    def test_node_ws(self):
        self.check(servers.node, "false")

    def test_node_ws_with_takeover(self):
        self.check(servers.node, '{"threshold": 0}')

    def test_node_ws_without_takeover(self):
        self.check(servers.node, '{"serverNoContextTakeover": true, '
                   '"clientNoContextTakeover": true, "threshold": 0}')

    def test_node_ws_with_small_windows(self):
        self.check(servers.node, '{"serverMaxWindowBits": 9, '
                   '"clientMaxWindowBits": 10, "threshold": 0}')

    def test_python_websockets(self):
        self.check(servers.python, "None")

    def test_python_websockets_with_takeover(self):
        self.check(servers.python, "{}")

    def test_python_websockets_without(self):
        self.check(servers.python, "dict(server_no_context_takeover=True, "
                   "client_no_context_takeover=True)")

    def test_python_websockets_with_small_windows(self):
        self.check(servers.python, "dict(server_max_window_bits=9, "
                   "client_max_window_bits=9)")

    def test_gorilla(self):
        self.check(servers.gorilla, "false")

    def test_gorilla_with_compression(self):
        self.check(servers.gorilla, "true")

    def test_libwebsockets(self):
        self.check(servers.lws)

    def test_bun(self):
        self.check(servers.bun, "false")

    def test_bun_with_compression(self):
        self.check(servers.bun, "true")


if __name__ == "__main__":
    unittest.main()
