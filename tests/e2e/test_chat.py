# SPDX-License-Identifier: MIT
"""/chat and /ws: one room, two forms. The contract's chapter "Chat"."""

import base64
import json
import os
import re
import struct
import threading
import time
import unittest

from support import (BINARY, CLOSE, CONT, PATIENCE, PING, TEXT, Peer,
                     ServerCase, close_payload, frame, load, room_path,
                     until_true, upgrade_headers)

UUID4 = re.compile(
    r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")
ID = re.compile(r"^([0-9a-f]+)-([0-9]+)$")


def number(id_):
    """N of EPOCH-N."""
    return int(ID.match(id_).group(2))


def epoch(id_):
    return ID.match(id_).group(1)


class ChatCase(ServerCase):
    """Shorthands for members of rooms."""

    options = ()

    def setUp(self):
        super().setUp()
        self.server = self.start(*self.options)

    def plain(self, room="lobby", query="", **more):
        return self.ws(self.server, room_path("chat", room) + query, **more)

    def member(self, room="lobby", query="", **more):
        return self.ws(self.server, room_path("ws", room) + query, **more)

    def v1(self, room="lobby", query="", **more):
        """A chatd.v1 member; its welcome is taken off the stream."""
        ws = self.ws(self.server, room_path("ws", room) + query,
                     protocols="chatd.v1", **more)
        self.assertEqual(ws.protocol, "chatd.v1")
        ws.welcome = ws.recv_json()
        self.assertEqual(ws.welcome.get("event"), "welcome", ws.welcome)
        return ws

    def message(self, ws, timeout=None):
        """The next message; `members` events, which come when they like, are
        read over."""
        while True:
            got = ws.recv_json(timeout)
            if got.get("event") != "members":
                return got

    def assert_nothing(self, ws):
        """Nothing but `members` events waits for a JSON member: the next
        thing is the answer to its ping."""
        ws.text('{"ping":7001}')
        self.assertEqual(self.message(ws), {"pong": 7001})

    def assert_nothing_plain(self, ws):
        """The same for a plain member, by a WebSocket ping."""
        token = os.urandom(8)
        ws.send_frame(PING, token)
        got = ws.recv_frame()
        self.assertEqual(got.payload, token, got)


class Plain(ChatCase):
    """/chat: every message to every member, unchanged, as one message."""

    def test_everybody_gets_it_the_sender_included(self):
        """Text and binary, three members, in one order."""
        three = [self.plain() for _ in range(3)]
        three[0].text("hello é")
        three[1].binary(b"\x00\xff")
        for ws in three:
            got = sorted([ws.recv(), ws.recv()])
            self.assertEqual(got, [(TEXT, "hello é".encode()),
                                   (BINARY, b"\x00\xff")])
        for ws in three:
            self.assert_nothing_plain(ws)

    def test_sizes(self):
        """Empty messages, each form of length, up to --max-message."""
        a, b = self.plain(), self.plain()
        for n in 0, 1, 125, 126, 127, 4096, 65535, 65536:
            for kind in TEXT, BINARY:
                a.send_frame(kind, b"x" * n)
                self.assertEqual(a.recv(), (kind, b"x" * n))
                self.assertEqual(b.recv(), (kind, b"x" * n))

    def test_fragments_become_one_message(self):
        """A message in fragments, with another one by somebody else in the
        middle, arrives whole and in the order of the last bytes."""
        a, b = self.plain(), self.plain()
        a.send_frame(TEXT, "one ", fin=False)
        a.send_frame(CONT, "", fin=False)
        a.send_frame(PING, b"p")
        self.assertEqual(a.recv_pong(), b"p")
        b.text("between")
        self.assertEqual(a.recv_text(), "between")
        a.send_frame(CONT, "two")
        self.assertEqual(a.recv_text(), "one two")
        self.assertEqual(b.recv_text(), "between")
        self.assertEqual(b.recv_text(), "one two")

    def test_half_a_message_reaches_nobody(self):
        """A sender that is lost inside a message, or breaks it at its end,
        has said nothing."""
        listener = self.plain()
        lost = self.plain()
        lost.send_frame(TEXT, "half", fin=False)
        lost.close()
        cut = self.plain()
        cut.send(frame(BINARY, b"half of it")[:8])
        cut.reset()
        broken = self.plain()
        broken.send(frame(TEXT, "good start", fin=False) +
                    frame(CONT, b"\xff"))
        self.assertEqual(broken.recv_close()[0], 1007)
        closing = self.plain()
        closing.send(frame(TEXT, "half", fin=False) +
                     frame(CLOSE, close_payload(1000)))
        self.assertEqual(closing.recv_close()[0], 1000)
        self.assert_nothing_plain(listener)

    def test_a_message_followed_by_a_lost_connection_counts(self):
        """Once its last byte has arrived it is published, whatever follows:
        FIN, reset, or a broken frame."""
        listener = self.plain()
        for i, leave in enumerate(("close", "reset", "shut")):
            ws = self.plain()
            ws.text("said %d" % i)
            if leave == "reset":
                # A reset may overtake bytes that are not yet read.
                self.assertEqual(ws.recv_text(), "said %d" % i)
            getattr(ws, leave)()
            self.assertEqual(listener.recv_text(), "said %d" % i)
        ws = self.plain()
        ws.send(frame(TEXT, "then broken") + frame(3, "x"))
        self.assertEqual(listener.recv_text(), "then broken")

    def test_rooms_are_apart(self):
        """A message stays in its room; /chat, /chat/ and /chat/lobby are
        one."""
        a, b = self.plain("a"), self.plain("b")
        x, y, z = (self.ws(self.server, p)
                   for p in ("/chat", "/chat/", "/chat/%6Cobby"))
        a.text("for a")
        x.text("for the lobby")
        for ws in x, y, z:
            self.assertEqual(ws.recv_text(), "for the lobby")
        self.assertEqual(a.recv_text(), "for a")
        self.assert_nothing_plain(b)

    def test_a_bad_text_closes_1007(self):
        """And nobody gets it."""
        listener, bad = self.plain(), self.plain()
        bad.send_frame(TEXT, b"x\xff")
        self.assertEqual(bad.recv_close()[0], 1007)
        self.assert_nothing_plain(listener)


class Json(ChatCase):
    """/ws: objects to the others, the forms mixed."""

    def test_every_other_member_gets_the_object(self):
        """All keys of the contract, and the sender gets nothing back."""
        a, b, c = self.member(), self.member(), self.member()
        before = time.time() * 1000
        a.json(message="hello")
        for ws in b, c:
            got = ws.recv_json()
            self.assertEqual(set(got), {"id", "time", "uid", "message"})
            self.assertEqual(got["message"], "hello")
            self.assertRegex(got["id"], ID)
            self.assertRegex(got["uid"], UUID4)
            self.assertIsInstance(got["time"], int)
            self.assertLess(abs(got["time"] - before), 60_000)
        self.assert_nothing(a)

    def test_uids_are_per_connection(self):
        """The same one for each message of a connection, another for each
        connection."""
        listener = self.member()
        uids = []
        for _ in range(3):
            ws = self.member()
            for _ in range(2):
                ws.json(message="x")
            pair = [listener.recv_json()["uid"] for _ in range(2)]
            self.assertEqual(pair[0], pair[1])
            uids.append(pair[0])
        self.assertEqual(len(set(uids)), 3)

    def test_ids_count_by_one_over_both_forms(self):
        """EPOCH stays, N goes up by one per message of the room, not of
        another."""
        listener = self.member("r")
        a, p, other = self.member("r"), self.plain("r"), self.member("q")
        self.member("q")
        ids = []
        for i in range(10):
            a.json(message="a%d" % i)
            ids.append(listener.recv_json()["id"])
            other.json(message="elsewhere")
            p.text("p%d" % i)
            ids.append(listener.recv_json()["id"])
            p.binary(b"b%d" % i)
            ids.append(listener.recv_json()["id"])
        self.assertEqual(len({epoch(i) for i in ids}), 1)
        first = number(ids[0])
        self.assertEqual([number(i) for i in ids],
                         list(range(first, first + 30)))

    def test_the_forms_mixed(self):
        """Plain text as `message`, plain binary as `binary` in base64, JSON
        to plain members as the bare text."""
        p, j = self.plain(), self.member()
        p.text('say "hi" \\ \u0001 é 𝄞\n')
        self.assertEqual(j.recv_json()["message"],
                         'say "hi" \\ \u0001 é 𝄞\n')
        p.recv()
        for raw in b"", b"\0", b"ab", b"\xff\xfe\xfd", os.urandom(3000):
            p.binary(raw)
            got = j.recv_json()
            self.assertNotIn("message", got)
            self.assertEqual(base64.b64decode(got["binary"], validate=True),
                             raw)
            self.assertEqual(p.recv(), (BINARY, raw))
        j.json(message="bare é\n")
        self.assertEqual(p.recv(), (TEXT, "bare é\n".encode()))
        self.assert_nothing(j)

    def test_all_of_unicode_survives(self):
        """Escapes in, any writing out: what is parsed is what was said."""
        p, j = self.plain(), self.member()
        for raw, said in (
                (r'"\u0041\u00e9\u20ac"', "Aé€"),
                (r'"\ud834\udd1e"', "𝄞"),
                (r'"\uD834\uDD1E"', "𝄞"),
                (r'"\b\f\n\r\t\/\\\""', '\b\f\n\r\t/\\"'),
                (r'"\u0000\u001f\u007f"', "\x00\x1f\x7f"),
                (r'"\u2028\uffff"', "\u2028\uffff"),
                ('"\x7f\u0080"', "\x7f\u0080")):
            with self.subTest(raw=raw):
                j.text('{"message":%s}' % raw)
                self.assertEqual(p.recv_text(), said)
                p.text(said)
                p.recv_text()
                self.assertEqual(j.recv_json()["message"], said)

    def test_empty_message(self):
        """An empty text is a text."""
        p, j = self.plain(), self.member()
        j.json(message="")
        self.assertEqual(p.recv(), (TEXT, b""))
        p.text("")
        self.assertEqual(j.recv_json()["message"], "")

    def test_names_by_message(self):
        """{"name"} from then on, until another one; name and message in one
        object: the name counts first; a name alone tells nobody."""
        a, b = self.member(), self.member()
        a.json(message="before")
        self.assertNotIn("name", b.recv_json())
        a.json(name="Ann é")
        a.json(message="after")
        got = b.recv_json()
        self.assertEqual((got["message"], got["name"]), ("after", "Ann é"))
        a.text('{"message":"both","name":"Bob"}')
        got = b.recv_json()
        self.assertEqual((got["message"], got["name"]), ("both", "Bob"))
        a.json(message="still")
        self.assertEqual(b.recv_json()["name"], "Bob")
        a.json(name="x" * 64, message="longest")
        self.assertEqual(b.recv_json()["name"], "x" * 64)
        a.json(name='"\\<', message="escaped")
        self.assertEqual(b.recv_json()["name"], '"\\<')

    def test_names_by_query(self):
        """?name= on both forms, percent-encoded, + a space, beside other
        parameters."""
        listener = self.member()
        for query, name in (("?name=Ann", "Ann"), ("?name=A+B", "A B"),
                            ("?name=A%2BB", "A+B"),
                            ("?x=1&name=%C3%A9&y", "é"),
                            ("?name=" + "%C3%A9" * 32, "é" * 32),
                            ("?name=" + "n" * 64, "n" * 64)):
            with self.subTest(query=query):
                self.member(query=query).json(message="j")
                self.assertEqual(listener.recv_json()["name"], name)
                self.plain(query=query).text("p")
                self.assertEqual(listener.recv_json()["name"], name)

    def test_bad_names_in_the_query_are_400(self):
        """Too long, control characters, not UTF-8, half an escape."""
        for path in "/ws", "/chat", "/ws/room", "/chat/room":
            for name in ("n" * 65, "%C3%A9" * 33, "a%00", "a%0Ab", "%7F",
                         "%C2%85", "%FF", "%C3", "%ED%A0%80", "%zz", "%4"):
                with self.subTest(path=path, name=name):
                    peer = self.peer(self.server)
                    peer.send(peer.request(path + "?name=" + name,
                                           headers=upgrade_headers()))
                    self.assert_refused(peer, 400)
                    peer.close()

    def test_ping_is_answered_to_that_client_alone(self):
        """{"pong":N}, N as it was written."""
        a, b = self.member(), self.member()
        for n in ("0", "1", "-1", "1e2", "1.50", "-0", "1E+2", "0.0",
                  "1795163341123", "12345678901234567890123", "-1.5e-10"):
            a.text('{"ping":%s}' % n)
            raw = a.recv_text()
            found = re.fullmatch(r'\s*{\s*"pong"\s*:\s*([^\s}]+)\s*}\s*', raw)
            self.assertTrue(found, raw)
            self.assertEqual(found.group(1), n)
        self.assert_nothing(b)

    def test_several_in_one_object(self):
        """Message, name and ping in one; unknown keys of every kind beside
        them are ignored."""
        a, b = self.member(), self.member()
        a.text(' { "ping" : 5 ,\t"x":[1,{"y":null}],\r\n"message":"m",'
               '"name":"N","z":"\\u00e9","t":true,"f":-1.5e3 } ')
        self.assertEqual(a.recv_json(), {"pong": 5})
        got = b.recv_json()
        self.assertEqual((got["message"], got["name"]), ("m", "N"))

    def test_duplicate_keys(self):
        """The last wins."""
        a, b = self.member(), self.member()
        a.text('{"message":"first","message":"last"}')
        self.assertEqual(b.recv_json()["message"], "last")
        a.text('{"name":"A","name":"B","message":"n"}')
        self.assertEqual(b.recv_json()["name"], "B")
        a.text('{"ping":1,"ping":2}')
        self.assertEqual(a.recv_json(), {"pong": 2})

    def test_keys_may_be_escaped(self):
        """A key is its characters, not its writing (RFC 8259 8.3), and has
        case."""
        a, b = self.member(), self.member()
        a.text(r'{"\u006dess\u0061ge":"x"}')
        self.assertEqual(b.recv_json()["message"], "x")
        a.text('{"Message":"no","message ":"no","message":"yes"}')
        self.assertEqual(b.recv_json()["message"], "yes")

    BAD = (
        "", " ", "x", "{", "}", '{"message":"x"', '{"message":"x"}}',
        '{"message":"x"} x', '{"message":"x",}', '{,"message":"x"}',
        '{"message"}', '{"message":}', "{'message':'x'}", '{message:"x"}',
        '{"message":"x" "name":"y"}', '{"message":"x"}{"message":"y"}',
        '{"message":"\t"}', '{"message":"\n"}', '{"message":"\x00"}',
        r'{"message":"\x"}', r'{"message":"\u12"}', r'{"message":"\u12g4"}',
        r'{"message":"\ud800"}', r'{"message":"\udc00"}',
        r'{"message":"\ud800\u0041"}', r'{"message":"\ud800x"}',
        r'{"message":"\udc00\ud800"}', r'{"\ud800":1,"message":"x"}',
        r'{"x":"\ud800","message":"x"}',
        '{"message":"x","y":01}', '{"message":"x","y":1.}',
        '{"message":"x","y":.5}', '{"message":"x","y":+1}',
        '{"message":"x","y":-}', '{"message":"x","y":1e}',
        '{"message":"x","y":NaN}', '{"message":"x","y":Infinity}',
        '{"message":"x","y":tru}', '{"message":"x","y":nulll}',
        '{"message":"x","y":True}', '{"message":"x","y":[1,]}',
        '{"message":"x","y":[1 2]}', '{"message":"x","y":{"a"}}',
        '{"message":"x","y":[}', '{"message":"x",1:2}',
        '{"message":"x"/*c*/}', '{"message":"x"\u00a0}',
        '{"ping":0x1}', '{"ping":1.}', '{"ping":-}',
        # not an object
        "[]", '["message"]', '"message"', "1", "true", "null",
        # none of these keys
        "{}", '{"foo":1}', '{"Message":"x"}', '{"event":"welcome"}',
        # a wrong type
        '{"message":1}', '{"message":null}', '{"message":["x"]}',
        '{"message":{"message":"x"}}', '{"name":5}', '{"name":null}',
        '{"ping":"1"}', '{"ping":true}', '{"ping":null}',
        '{"message":"ok","name":5}', '{"message":"ok","ping":"x"}',
        # a bad name
        '{"name":"%s"}' % ("n" * 65), r'{"name":"a\u0000"}',
        r'{"name":"a\nb"}', r'{"name":"\u0085"}',
    )

    def test_bad_json_closes_1007(self):
        """With a reason, and nobody hears of any part of it."""
        listener = self.plain()
        for raw in self.BAD:
            with self.subTest(raw=raw):
                ws = self.member()
                ws.text(raw)
                code, reason = ws.recv_close()
                self.assertEqual(code, 1007)
                self.assertTrue(reason)
                ws.close()
        ws = self.member()
        ws.send_frame(TEXT, b'{"message":"\xff"}')
        self.assertEqual(ws.recv_close()[0], 1007)
        self.assert_nothing_plain(listener)

    def test_deep_nesting_harms_nobody(self):
        """Deep values under an unknown key are skipped or refused with 1007;
        ten levels are nothing special."""
        a, b = self.member(), self.member()
        a.text('{"x":%s1%s,"message":"ten"}' % ("[" * 10, "]" * 10))
        self.assertEqual(b.recv_json()["message"], "ten")
        for opening, closing in ("[", "]"), ('{"a":', "}"):
            for closed in True, False:
                ws = self.member()
                ws.text('{"x":%s1%s,"message":"deep"}' %
                        (opening * 9000, closing * 9000 * closed))
                ws.text('{"ping":1}')
                kind, payload = ws.recv()
                if kind == CLOSE:
                    self.assertEqual(payload[:2], b"\x03\xef")
                else:
                    self.assertTrue(closed)
                    self.assertEqual(payload, b'{"pong":1}')
                ws.close()
        self.assert_serves(self.server)

    def test_binary_closes_1003(self):
        """Whole or in fragments; told at once."""
        for data in (frame(BINARY, b'{"message":"x"}'), frame(BINARY, b""),
                     frame(BINARY, b"x", fin=False)):
            ws = self.member()
            ws.send(data)
            self.assertEqual(ws.recv_close()[0], 1003)

    def test_json_in_fragments(self):
        """An object cut anywhere is one message."""
        a, b = self.member(), self.member()
        raw = r'{"message":"é\u00e9","name":"N"}'.encode()
        for cut in range(0, len(raw) + 1, 3):
            a.send(frame(TEXT, raw[:cut], fin=False) +
                   frame(CONT, raw[cut:]))
            self.assertEqual(b.recv_json()["message"], "éé")


class MaxMessage(ChatCase):
    """--max-message and the quarter of the room log."""

    options = ("--max-message", "1000", "--room-log", "64K")

    def test_exactly_as_long_as_allowed(self):
        """1000 bytes pass, in one frame or several; in the JSON form the
        whole text counts."""
        p, j = self.plain(), self.member()
        p.text("x" * 1000)
        self.assertEqual(p.recv_text(), "x" * 1000)
        self.assertEqual(j.recv_json()["message"], "x" * 1000)
        p.send(frame(TEXT, "x" * 500, fin=False) + frame(CONT, "y" * 500))
        self.assertEqual(p.recv_text(), "x" * 500 + "y" * 500)
        j.recv_json()
        n = 1000 - len('{"message":""}')
        j.text('{"message":"%s"}' % ("z" * n))
        self.assertEqual(p.recv_text(), "z" * n)

    def test_1009_is_told_from_the_header(self):
        """Before the payload is there: whole frames, the fragment that goes
        over, and lengths beyond reason."""
        listener = self.plain()
        for path in "/chat", "/ws":
            for head in (b"\x81\xfe" + struct.pack(">H", 1001),
                         b"\x81\xff" + struct.pack(">Q", 1 << 62),
                         frame(TEXT, "x" * 600, fin=False) +
                         b"\x80\xfe" + struct.pack(">H", 401)):
                with self.subTest(path=path, head=head[-9:]):
                    ws = self.ws(self.server, path)
                    ws.send(head + b"mask")
                    self.assertEqual(ws.recv_close()[0], 1009)
                    ws.close()
        self.assert_nothing_plain(listener)

    def test_1009_with_the_payload(self):
        """The client that sent all of it can still read its Close."""
        ws = self.plain()
        ws.binary(b"x" * 60_000)
        self.assertEqual(ws.recv_close()[0], 1009)
        ws = self.member()
        ws.text('{"message":"%s"}' % ("x" * 987))
        self.assertEqual(ws.recv_close()[0], 1009)

    def test_1009_when_the_json_form_does_not_fit(self):
        """A plain message whose escapes make it longer than a quarter of the
        room log closes its sender; nobody gets it, in either form."""
        server = self.start("--max-message", "16K", "--room-log", "64K")
        plain, j = self.ws(server, "/chat"), self.ws(server, "/ws")
        sender = self.ws(server, "/chat")
        sender.text("\x01" * 8000)          # 48,000 bytes as \u0001
        self.assertEqual(sender.recv_close()[0], 1009)
        self.assert_nothing_plain(plain)
        self.assert_nothing(j)
        plain.text("\x01" * 2000)           # 12,000: fits
        self.assertEqual(j.recv_json()["message"], "\x01" * 2000)

    def test_echo_has_no_limit(self):
        """--max-message is the chat's."""
        ws = self.ws(self.server, "/echo")
        ws.text("x" * 5000)
        self.assertEqual(ws.recv_text(), "x" * 5000)


class V1(ChatCase):
    """Subprotocol chatd.v1: what a full chat page needs."""

    def test_welcome_comes_first(self):
        """With uid, room, members (you included) and last; null in a fresh
        room, else the last message's id; and how many are replayed."""
        a = self.v1("café")
        self.assertEqual(set(a.welcome),
                         {"event", "uid", "room", "members", "last",
                          "following", "who"})
        self.assertEqual(a.welcome["who"], [{"uid": a.welcome["uid"]}])
        self.assertRegex(a.welcome["uid"], UUID4)
        self.assertEqual(a.welcome["room"], "café")
        self.assertEqual(a.welcome["members"], 1)
        self.assertIsNone(a.welcome["last"])
        self.plain("café")
        a.json(message="x")
        id_ = self.message(a)["id"]
        b = self.v1("café", "?history=5")
        self.assertEqual(b.welcome["members"], 3)
        self.assertEqual(b.welcome["last"], id_)
        self.assertEqual((a.welcome["following"], b.welcome["following"]),
                         (0, 1))
        self.assertEqual(self.v1().welcome["room"], "lobby")

    def test_the_sender_receives_its_own_message(self):
        """Its place in the order, with the uid of its welcome; others get
        the same object."""
        a, b, j = self.v1(), self.v1(), self.member()
        a.json(message="mine", name="Ann")
        mine = self.message(a)
        self.assertEqual(mine["uid"], a.welcome["uid"])
        self.assertEqual((mine["message"], mine["name"]), ("mine", "Ann"))
        self.assertEqual(self.message(b), mine)
        self.assertEqual(j.recv_json(), mine)
        self.assert_nothing(a)

    def test_members_events(self):
        """Sent when the number changed, both forms counted, and named."""
        a = self.v1("r", "?name=Ann")
        others = [self.plain("r", "?name=Bob"), self.member("r"),
                  self.v1("r")]

        def names(number):
            event = a.recv_json()
            return [event["event"], event["members"],
                    [p.get("name") for p in event["who"]]]

        until_true(lambda: names(4) == ["members", 4,
                                        ["Ann", "Bob", None, None]])
        others[0].leave()
        others[1].close()
        until_true(lambda: names(2) == ["members", 2, ["Ann", None]])
        others[2].json(name="Cid")
        until_true(lambda: names(2) == ["members", 2, ["Ann", "Cid"]])

    def test_members_events_at_most_once_a_second(self):
        """Many comings and goings in two seconds: a few events, the last one
        true."""
        a = self.v1("r")
        began, events = time.monotonic(), []
        comings = 0
        while time.monotonic() - began < 2:
            self.plain("r").leave()
            comings += 1
            time.sleep(0.02)
        self.plain("r")
        try:
            while True:
                events.append(a.recv_json(2)["members"])
        except TimeoutError:        # nothing more changes
            took = time.monotonic() - began
        self.assertGreater(comings, 5)
        self.assertEqual(events[-1], 2)
        self.assertLessEqual(len(events), took + 2)

    def test_errors_do_not_close(self):
        """A malformed or a binary message is told in an event; the
        connection stays and the others hear nothing."""
        a, listener = self.v1(), self.plain()
        for raw in Json.BAD:
            with self.subTest(raw=raw):
                a.text(raw)
                got = self.message(a)
                self.assertEqual(set(got), {"event", "error"})
                self.assertEqual(got["event"], "error")
                self.assertTrue(got["error"])
        for data in (frame(BINARY, b"x"), frame(BINARY, b""),
                     frame(BINARY, b"x" * 30_000),
                     frame(BINARY, b"x", fin=False) + frame(CONT, b"y")):
            a.send(data)
            self.assertEqual(self.message(a)["event"], "error")
        self.assert_nothing_plain(listener)
        a.json(message="well")
        self.assertEqual(self.message(a)["message"], "well")
        self.assertEqual(listener.recv_text(), "well")

    def test_framing_errors_do_close(self):
        """1002, 1007 for bad UTF-8 and 1009 are about the connection."""
        for code, data in ((1002, frame(3, "")),
                           (1007, frame(TEXT, b"\xff")),
                           (1009, b"\x81\xff" + struct.pack(">Q", 1 << 40) +
                            b"mask")):
            ws = self.v1()
            ws.send(data)
            self.assertEqual(ws.recv_close(data=True)[0], code)

    def test_ping(self):
        """Answered as without the subprotocol."""
        a = self.v1()
        a.text('{"ping":1e2}')
        self.assertIn("1e2", a.recv_text())


class History(ChatCase):
    """?history=N and ?since=ID."""

    options = ("--history", "20")

    def talk(self, count, room="lobby", start=0):
        """So many messages m0, m1, ... in both forms; their ids."""
        p, ids = self.plain(room), []
        listener = self.member(room)
        for i in range(start, start + count):
            p.text("m%d" % i)
            ids.append(listener.recv_json()["id"])
        p.leave()
        listener.leave()
        return ids

    def replay(self, ws):
        """What is replayed to a joiner: everything up to its pong."""
        ws.text('{"ping":99}')
        got = []
        while True:
            one = self.message(ws)
            if one == {"pong": 99}:
                return got
            got.append(one)

    def texts(self, got):
        return [g["message"] for g in got if "message" in g]

    def test_history(self):
        """The last N, at most --history, in order, before the live ones;
        without the parameter none."""
        self.talk(30)
        for n, want in ((0, 0), (1, 1), (5, 5), (20, 20), (21, 20),
                        (1_000_000, 20)):
            with self.subTest(n=n):
                got = self.replay(self.member(query="?history=%d" % n))
                self.assertEqual(self.texts(got),
                                 ["m%d" % i for i in range(30 - want, 30)])
        self.assertEqual(self.replay(self.member()), [])

    def test_less_history_than_asked(self):
        """What there is."""
        self.talk(3)
        got = self.replay(self.member(query="?history=10"))
        self.assertEqual(self.texts(got), ["m0", "m1", "m2"])
        self.assertEqual(self.replay(self.member("new", "?history=10")), [])

    def test_history_is_what_was_sent(self):
        """A replayed message is the object that was sent live: both forms,
        binary and names; one's own earlier ones too."""
        live = self.member()
        p, j = self.plain(query="?name=P"), self.member(query="?name=J")
        objects = []
        p.text("text")
        objects.append(live.recv_json())
        p.binary(b"\0\1\2")
        objects.append(live.recv_json())
        j.json(message="json é")
        objects.append(live.recv_json())
        self.assertEqual(self.replay(self.member(query="?history=3")),
                         objects)
        v1 = self.v1(query="?history=3")
        self.assertEqual(self.replay(v1), objects)
        self.assertEqual(v1.welcome["last"], objects[-1]["id"])

    def test_history_then_live(self):
        """Live messages follow the replayed ones."""
        self.talk(3)
        j = self.member(query="?history=2")
        self.plain().text("live")
        self.assertEqual([self.message(j)["message"] for _ in range(3)],
                         ["m1", "m2", "live"])

    def test_since(self):
        """Those after ID: none after the last, all after an early one; no
        gap."""
        ids = self.talk(10)
        for at in 9, 8, 5, 0:
            for v1 in False, True:
                with self.subTest(at=at, v1=v1):
                    join = self.v1 if v1 else self.member
                    got = self.replay(join(query="?since=" + ids[at]))
                    self.assertEqual([g.get("id") for g in got],
                                     ids[at + 1:])

    def test_since_wins_over_history(self):
        """In either order of the query."""
        ids = self.talk(10)
        for query in ("?since=%s&history=9", "?history=9&since=%s"):
            got = self.replay(self.member(query=query % ids[7]))
            self.assertEqual([g["id"] for g in got], ids[8:])

    def test_since_too_long_ago(self):
        """More than --history messages since: either all of them are still
        there, or a gap comes first and then at most --history. Without
        chatd.v1 the gap is shown by the ids alone."""
        ids = self.talk(60)
        got = self.replay(self.v1(query="?since=" + ids[5]))
        if got[0] == {"event": "gap"}:
            del got[0]
            self.assertLessEqual(len(got), 20)
            self.assertGreater(len(got), 0)
            self.assertEqual([g["id"] for g in got], ids[-len(got):])
        else:
            self.assertEqual([g["id"] for g in got], ids[6:])
        plain = self.replay(self.member(query="?since=" + ids[5]))
        self.assertEqual(plain, got)

    def test_since_of_another_epoch(self):
        """An id this room has never given: gap, then what there is."""
        ids = self.talk(5)
        other = "%x-3" % (int(epoch(ids[0]), 16) + 1)
        for since in (other, "1-3", "ffffffff-1"):
            with self.subTest(since=since):
                got = self.replay(self.v1(query="?since=" + since))
                self.assertEqual(got[0], {"event": "gap"})
                self.assertEqual([g["id"] for g in got[1:]], ids)
                got = self.replay(self.member(query="?since=" + since))
                self.assertEqual([g["id"] for g in got], ids)

    def test_since_in_the_future(self):
        """A number the room has not come to: it does not join up, so gap."""
        ids = self.talk(5)
        future = "%s-%d" % (epoch(ids[0]), number(ids[-1]) + 100)
        got = self.replay(self.v1(query="?since=" + future))
        self.assertEqual(got[0], {"event": "gap"})
        self.assertEqual([g["id"] for g in got[1:]], ids)

    def test_since_in_a_fresh_room(self):
        """There is an id but no history: a gap, and nothing after it."""
        got = self.replay(self.v1("fresh", "?since=abc-5"))
        self.assertEqual(got, [{"event": "gap"}])
        self.assertEqual(self.replay(self.member("fresh2", "?since=abc-5")),
                         [])

    def test_a_gap_is_not_told_for_history_alone(self):
        """?history=N says nothing of what the client had."""
        self.talk(60)
        got = self.replay(self.v1(query="?history=20"))
        self.assertEqual(len(self.texts(got)), 20)
        self.assertEqual(len(got), 20)

    def test_malformed_values_are_400(self):
        """history is a number, since is HEX-NUMBER."""
        for query in ("history=x", "history=", "history=-1", "history=1x",
                      "history=+1", "history=1.0", "history=0x1",
                      "history=%201", "since=", "since=x", "since=-",
                      "since=abc", "since=abc-", "since=-1", "since=xyz-1",
                      "since=abc-x", "since=abc-1-1", "since=abc--1",
                      "since=abc-1x", "since=abc%201", "since=abc-1.5",
                      "history=5&since=x", "history=x&since=abc-1"):
            with self.subTest(query=query):
                peer = self.peer(self.server)
                peer.send(peer.request("/ws?" + query,
                                       headers=upgrade_headers()))
                self.assert_refused(peer, 400)
                peer.close()

    def test_history_off(self):
        """--history 0: none is given, the join succeeds."""
        server = self.start("--history", "0")
        p, j = self.ws(server, "/chat"), self.ws(server, "/ws")
        p.text("x")
        j.recv_json()
        late = self.ws(server, "/ws?history=5")
        self.assertEqual(self.replay(late), [])

    def test_history_that_the_log_no_longer_holds(self):
        """Long messages push early ones out of a small log: what is left is
        whole, contiguous and the latest."""
        server = self.start("--history", "50", "--room-log", "64K",
                            "--max-message", "8K")
        p, live = self.ws(server, "/chat"), self.ws(server, "/ws")
        ids = []
        for i in range(40):
            p.text("%d " % i + "x" * 5000)
            ids.append(live.recv_json()["id"])
            p.recv()
        got = self.replay(self.ws(server, "/ws?history=50"))
        self.assertGreater(len(got), 3)
        self.assertLess(len(got), 16)
        self.assertEqual([g["id"] for g in got], ids[-len(got):])
        ws = self.ws(server, "/ws?since=" + ids[1], protocols="chatd.v1")
        self.assertEqual(ws.recv_json()["event"], "welcome")
        got = self.replay(ws)
        self.assertEqual(got[0], {"event": "gap"})
        self.assertEqual([g["id"] for g in got[1:]], ids[1 - len(got):])

    def test_joining_while_everybody_talks(self):
        """since, live traffic and the seam between them: nothing missed,
        nothing twice."""
        server = self.start("--history", "1000", "--room-log", "4M",
                            "--rooms", "4")
        talker, live = self.ws(server, "/chat"), self.ws(server, "/ws")
        total = load(3000)
        ids = []

        def talk():
            for i in range(total):
                talker.text("t%d" % i)
                talker.recv()

        def listen():
            for _ in range(total):
                ids.append(live.recv_json()["id"])
        threads = [threading.Thread(target=f, daemon=True)
                   for f in (talk, listen)]
        for t in threads:
            t.start()
        until_true(lambda: ids, pause=0.001)
        end = number(ids[0]) + total - 1
        for _ in range(10):
            have = ids[max(0, len(ids) - 300)]
            ws = self.ws(server, "/ws?since=" + have)
            for want in range(number(have) + 1,
                              min(number(have) + 500, end) + 1):
                self.assertEqual(number(ws.recv_json()["id"]), want)
            ws.close()
        for t in threads:
            t.join(3 * PATIENCE)
        self.assertEqual(len(ids), total)


class Rooms(ChatCase):
    """Names of rooms, and the places for them."""

    def test_names(self):
        """1 to 64 bytes of UTF-8, percent-encoded or not; welcome tells
        them decoded. + is a plus in a path."""
        for path, name in (("/ws", "lobby"), ("/ws/", "lobby"),
                           ("/ws/a", "a"), ("/ws/a%20b", "a b"),
                           ("/ws/a+b", "a+b"), ("/ws/%41", "A"),
                           ("/ws/caf%C3%A9", "café"),
                           ("/ws/caf%c3%a9", "café"),
                           ("/ws/%F0%9D%84%9E", "𝄞"), ("/ws/...", "..."),
                           ("/ws/.a", ".a"), ("/ws/a..", "a.."),
                           ("/ws/%25", "%"), ("/ws/%22%5C%3C", '"\\<'),
                           ("/ws/a:b@c,d;e=f!$&'()*~", "a:b@c,d;e=f!$&'()*~"),
                           ("/ws/" + "x" * 64, "x" * 64),
                           ("/ws/" + "%C3%A9" * 32, "é" * 32),
                           ("/ws/a?name=b", "a")):
            with self.subTest(path=path):
                ws = self.ws(self.server, path, protocols="chatd.v1")
                self.assertEqual(ws.recv_json()["room"], name)
                ws.leave()

    def test_names_that_are_none(self):
        """404, for upgrades and for the page alike."""
        for room in ("a/b", "%2F", "a%2fb", "%00", "a%0A", "%1F", "%7F",
                     "%C2%80", "%C2%9F", ".", "..", "%2e", "%2E.", "%2e%2e",
                     "%FF", "%C3", "%C3%28", "%C0%80", "%ED%A0%80",
                     "%F4%90%80%80", "x" * 65, "%C3%A9" * 33, "a//",
                     "a/"):
            with self.subTest(room=room):
                for path in "/ws/", "/chat/":
                    with Peer(self.server) as peer:
                        peer.send(peer.request(
                            path + room, headers=upgrade_headers()))
                        self.assert_refused(peer, 404)
                self.assertEqual(
                    self.get(self.server, "/chat/" + room).status, 404)

    def test_half_an_escape(self):
        """A percent sign without two hex digits: no room. Whether the
        request is malformed (400) or its path unknown (404) the contract
        leaves open."""
        for room in "%", "%4", "%zz", "a%", "%%41":
            with Peer(self.server) as peer:
                r = peer.ask("/ws/" + room, headers=upgrade_headers())
                self.assertIn(r.status, (400, 404), room)

    def test_both_forms_share_a_room_by_its_decoded_name(self):
        """/chat/a%62 and /ws/ab are one room; another case is another."""
        p, j = self.ws(self.server, "/chat/a%62"), self.member("ab")
        other = self.member("AB")
        p.text("x")
        self.assertEqual(j.recv_json()["message"], "x")
        self.assert_nothing(other)

    def test_many_rooms(self):
        """64 rooms at once, each with its own count."""
        members = [(self.plain("r%d" % i), self.member("r%d" % i))
                   for i in range(64)]
        for i, (p, _) in enumerate(members):
            p.text("in %d" % i)
        for i, (_, j) in enumerate(members):
            self.assertEqual(j.recv_json()["message"], "in %d" % i)
        self.assertEqual(self.health(self.server)["rooms"], 64)


class Places(ChatCase):
    """--rooms 2: what happens when they are all taken."""

    options = ("--rooms", "2")

    def refused(self, path):
        with Peer(self.server) as peer:
            peer.send(peer.request(path, headers=upgrade_headers()))
            r = self.assert_refused(peer, 503)
            self.assertRegex(r.get("Retry-After") or "missing", r"^\d+$")

    def wait_rooms(self, count):
        until_true(lambda: self.health(self.server)["rooms"] == count)

    def test_503_while_all_places_hold_members(self):
        """Neither form gets a third room; the two can be joined; echo is
        not concerned; a place that got free is given."""
        a, b = self.plain("a"), self.member("b")
        for path in "/ws/c", "/chat/c", "/ws":
            self.refused(path)
        self.member("a")
        self.plain("b")
        self.ws(self.server, "/echo")
        a2 = self.plain("a")
        a2.text("x")
        self.assertEqual(a.recv_text(), "x")
        b.leave()
        self.refused("/ws/c")       # one more is still in b

    def test_an_empty_room_keeps_its_history(self):
        """Until its place is needed: rejoin finds it, epoch and count go
        on."""
        p = self.plain("a")
        p.text("old")
        p.recv()
        p.leave()
        self.wait_rooms(0)
        v1 = self.v1("a", "?history=5")
        old = self.message(v1)
        self.assertEqual(old["message"], "old")
        self.assertEqual(v1.welcome["last"], old["id"])
        v1.json(message="new")
        new = self.message(v1)
        self.assertEqual(epoch(new["id"]), epoch(old["id"]))
        self.assertEqual(number(new["id"]), number(old["id"]) + 1)

    def test_an_empty_room_gives_up_its_place(self):
        """A new room takes the place of an empty one, not of one with
        members; what was there is gone, and its EPOCH with it."""
        p = self.plain("a")
        listener = self.member("a")
        p.text("old")
        old = listener.recv_json()["id"]
        p.leave()
        listener.leave()
        self.wait_rooms(0)
        b, c = self.plain("b"), self.plain("c")
        b.text("b is well")
        self.assertEqual(b.recv_text(), "b is well")
        self.refused("/ws/a")
        c.leave()
        self.wait_rooms(1)
        again = self.v1("a", "?since=" + old)
        self.assertIsNone(again.welcome["last"])
        self.assertEqual(self.message(again), {"event": "gap"})
        again.json(message="fresh")
        self.assertNotEqual(epoch(self.message(again)["id"]), epoch(old))
        b.text("b still is")
        self.assertEqual(b.recv_text(), "b still is")


class Libraries(ServerCase):
    """python3-websockets as the client: what a library expects."""

    def test_chat_and_echo(self):
        """Its default offer, permessage-deflate included, and its own
        closing handshake."""
        import asyncio

        import websockets
        server = self.start()
        base = "ws://127.0.0.1:%d" % server.port

        async def talk():
            async with websockets.connect(base + "/echo") as ws:
                for data in "é" * 1000, b"\0" * 70_000, "", b"":
                    await ws.send(data)
                    self.assertEqual(await ws.recv(), data)
                await ws.send(["frag", "mented"])
                self.assertEqual(await ws.recv(), "fragmented")
                await asyncio.wait_for(await ws.ping(), PATIENCE)
            self.assertEqual(ws.close_code, 1000)
            async with websockets.connect(base + "/chat/r") as p:
                async with websockets.connect(
                        base + "/ws/r?name=J",
                        subprotocols=["chatd.v1"]) as j:
                    self.assertEqual(j.subprotocol, "chatd.v1")
                    welcome = json.loads(await j.recv())
                    self.assertEqual(welcome["members"], 2)
                    await j.send('{"message":"hi"}')
                    self.assertEqual(await p.recv(), "hi")
            self.assertEqual(p.close_code, 1000)

        asyncio.run(asyncio.wait_for(talk(), 3 * PATIENCE))


if __name__ == "__main__":
    unittest.main()
