# SPDX-License-Identifier: MIT
"""One order for everybody: 20 senders, 50 receivers, both forms mixed, with
and without compression, 20,000 messages, and each receiver gets the same
sequence exactly once.

Receivers live in processes of their own with a frame decoder made for speed:
a million frames in Python otherwise take longer than the server needs."""

import hashlib
import json
import multiprocessing
import os
import random
import re
import selectors
import signal
import threading
import time
import traceback
import unittest
import zlib

from deflated import OFFER, RSV1, TAIL, Deflated, shrink
from support import (PATIENCE, PING, SLOW, TEXT, ServerCase, WebSocket, frame,
                     load, take_frames)

MESSAGE = re.compile(rb'"message"\s*:\s*"([^"\\]*)"')
ID = re.compile(rb'"id"\s*:\s*"[0-9a-f]+-(\d+)"')

PLAIN, JSON, V1 = "plain", "json", "v1"
FORMS = {PLAIN: ("chat", None), JSON: ("ws", None), V1: ("ws", "chatd.v1")}


class Zipped(str):
    """The same form, on a connection that compresses."""


class Receiver:
    """A member that turns what arrives into a sequence of texts, and in the
    JSON forms of numbers beside it."""

    def __init__(self, server, form, room="order"):
        self.form = form
        path, protocol = FORMS[form]
        path = "/%s/%s" % (path, room)
        self.zipped = isinstance(form, Zipped)
        if self.zipped:
            self.ws = Deflated(server, path, OFFER, protocols=protocol)
        else:
            self.ws = WebSocket(server, path, protocols=protocol)
        self.ws.sock.setblocking(False)
        self.buffer = bytearray(self.ws.buffer)
        self.pending = b""              # a message's fragments so far
        self.digest = hashlib.sha1()
        self.count = 0
        self.numbers = []
        self.inflated = 0               # messages that came compressed
        self.failure = None

    def fileno(self):
        return self.ws.sock.fileno()

    def read(self):
        """Takes what is there; False at the end of the stream."""
        try:
            data = self.ws.sock.recv(262144)
        except BlockingIOError:
            return True
        if not data:
            return False
        self.buffer += data
        for first, payload in take_frames(self.buffer):
            if first == 0x81:
                self.message(payload)
            elif first == 0xC1 and self.zipped:
                self.inflated += 1
                self.message(zlib.decompressobj(-15).decompress(
                    payload + TAIL))
            elif first & 0x0F < 8:
                self.pending += payload
                if first & 0x80:
                    whole, self.pending = self.pending, b""
                    self.message(whole)
            elif first & 0x0F == 9:
                self.ws.sock.setblocking(True)
                self.ws.send_frame(10, payload)
                self.ws.sock.setblocking(False)
            elif first & 0x0F == 8:
                self.failure = "closed: %r" % payload
                return False
        return True

    def message(self, payload):
        if self.form != PLAIN:
            text = MESSAGE.search(payload)
            if not text:
                if b'"event"' not in payload:
                    self.failure = "no message: %r" % payload
                return
            self.numbers.append(int(ID.search(payload).group(1)))
            payload = text.group(1)
        self.digest.update(payload + b"\n")
        self.count += 1

    def result(self):
        return {"form": self.form, "count": self.count,
                "inflated": self.inflated,
                "digest": self.digest.hexdigest(), "failure": self.failure,
                "steps": all(b == a + 1 for a, b in
                             zip(self.numbers, self.numbers[1:]))}


def receive(server, forms, total, progress, slot, ready, results, seconds):
    """A process of receivers: joins, says so, reads until each one has all
    messages, and hands back what each one saw."""
    try:
        receivers = [Receiver(server, form) for form in forms]
        selector = selectors.DefaultSelector()
        for r in receivers:
            selector.register(r, selectors.EVENT_READ)
        ready.put(len(receivers))
        until = time.monotonic() + seconds
        left = len(receivers)
        while left and time.monotonic() < until:
            for key, _ in selector.select(1):
                r = key.fileobj
                # One that has all is watched on: a message too many counts.
                if not r.read():
                    r.failure = r.failure or "the connection ended"
                    selector.unregister(r)
                    left -= 1
            progress[slot] = min(r.count for r in receivers)
            if progress[slot] >= total:
                break
        time.sleep(0.3)
        for r in receivers:
            if not r.failure:
                r.read()
        results.put([r.result() for r in receivers])
    except BaseException:
        ready.put(traceback.format_exc())
        results.put(traceback.format_exc())


class Order(ServerCase):
    """The room order is total."""

    limit = 300 * SLOW

    def run_room(self, server, total, window, forms, senders, pad=b"",
                 zipped_for_sure=False):
        """`total` messages by these senders to these receivers, never more
        than `window` ahead of the slowest receiver. Checks everything."""
        context = multiprocessing.get_context("fork")
        halves = [forms[0::2], forms[1::2]]
        progress = context.Array("q", len(halves), lock=False)
        ready, results = context.Queue(), context.Queue()
        processes = [context.Process(
            target=receive, daemon=True,
            args=(server, half, total, progress, i, ready, results,
                  self.limit / 2)) for i, half in enumerate(halves)]
        for p in processes:
            p.start()
            self.addCleanup(p.join, 5)
            self.addCleanup(p.kill)
        joined = [ready.get(timeout=self.limit / 4) for _ in processes]
        self.assertEqual(sum(joined), len(forms), joined)

        speakers = [Receiver(server, form) for form in senders]
        for s in speakers:
            self.addCleanup(s.ws.close)
        selector = selectors.DefaultSelector()
        for s in speakers:
            selector.register(s, selectors.EVENT_READ)
        # A JSON sender without chatd.v1 does not get its own messages back.
        share = [total // len(senders) + (i < total % len(senders))
                 for i in range(len(senders))]
        due = [total - (share[i] if f == JSON else 0)
               for i, f in enumerate(senders)]
        said = [0] * len(senders)
        sent, until = 0, time.monotonic() + self.limit / 2
        began = time.monotonic()
        while any(s.count < d for s, d in zip(speakers, due)):
            self.assertLess(time.monotonic(), until, "too slow: %d of %d; %r"
                            % (sent, total, list(progress)))
            for key, _ in selector.select(0.001):
                self.assertTrue(key.fileobj.read(), key.fileobj.failure)
            slowest = min(min(progress), min(
                s.count + total - d for s, d in zip(speakers, due)))
            # `slowest` is a bound for a JSON sender: its own ones count as
            # read from the first.
            for i, s in enumerate(speakers):
                room = window - (sent - slowest)
                for _ in range(min(10, room, share[i] - said[i])):
                    text = b"s%d-%d %s" % (i, said[i], pad)
                    if s.form != PLAIN:
                        text = b'{"message":"%s"}' % text
                    s.ws.sock.setblocking(True)
                    # Every other one, so that both kinds are in turns.
                    zipped = s.zipped and said[i] % 2
                    s.ws.send(frame(TEXT, shrink(text) if zipped else text,
                                    rsv=RSV1 if zipped else 0,
                                    mask=b"\x10\x20\x30\x40"))
                    s.ws.sock.setblocking(False)
                    said[i] += 1
                    sent += 1
        got = []
        for _ in processes:
            part = results.get(timeout=self.limit / 4)
            self.assertIsInstance(part, list, part)
            got += part
        took = time.monotonic() - began
        print("%d messages, %d senders, %d receivers: %.1f s" %
              (total, len(senders), len(forms), took), flush=True)

        for r in got:
            self.assertIsNone(r["failure"], r)
            self.assertEqual(r["count"], total, r)
            self.assertTrue(r["steps"], "numbers do not go up by one")
            if not isinstance(r["form"], Zipped):
                self.assertEqual(r["inflated"], 0)
            elif zipped_for_sure:
                self.assertEqual(r["inflated"], total)
        self.assertEqual(len({r["digest"] for r in got}), 1,
                         "receivers disagree about the order")
        for s, d in zip(speakers, due):
            self.assertIsNone(s.failure)
            self.assertEqual(s.count, d)
            if s.form != JSON:
                self.assertEqual(s.digest.hexdigest(), got[0]["digest"])

    def test_20_senders_50_receivers_20000_messages(self):
        """The must-hold, with the default room log: the log goes round
        several times."""
        total = load(20_000)
        self.run_room(self.start(), total, 3000,
                      [PLAIN] * 20 + [JSON] * 15 + [V1] * 15,
                      [PLAIN] * 8 + [JSON] * 6 + [V1] * 6)

    def test_20_senders_60_receivers_on_4_workers(self):
        """The same over four processes: one order, whatever worker a member
        is on, and whatever form it has."""
        z = Zipped
        self.run_room(
            self.start("--workers", "4"), load(20_000), 2000,
            [PLAIN, JSON, V1] * 10 + [z(PLAIN), z(JSON), z(V1)] * 10,
            [PLAIN, JSON, V1, z(PLAIN), z(JSON)] * 4)

    def test_a_small_log_on_4_workers(self):
        """The streams between the workers go round many times, and who
        writes waits for who reads."""
        server = self.start("--workers", "4", "--room-log", "16K",
                            "--max-message", "4K")
        self.run_room(server, load(3000), 20, [PLAIN, JSON, V1] * 3,
                      [PLAIN, JSON, V1] * 2, pad=b"x" * 701)

    def test_mixed_compression(self):
        """The same with half of the members compressing: all forms on both
        sides, one order. The messages are worth compressing."""
        total = load(20_000)
        z = Zipped
        self.run_room(
            self.start(), total, 2000,
            [PLAIN] * 10 + [JSON] * 8 + [V1] * 7 +
            [z(PLAIN)] * 10 + [z(JSON)] * 8 + [z(V1)] * 7,
            [PLAIN, z(PLAIN)] * 4 + [JSON, z(JSON)] * 3 + [V1, z(V1)] * 3,
            pad=b"and so on " * 6, zipped_for_sure=True)

    def test_mixed_compression_in_a_small_log(self):
        """The deflated logs go round as well, at another pace; some
        messages are compressed there, some are not."""
        z = Zipped
        for pad in b"x" * 701, b"", os.urandom(300).hex().encode():
            server = self.start("--room-log", "64K", "--max-message", "4K")
            self.run_room(server, load(1500), 40,
                          [PLAIN, JSON, V1, z(PLAIN), z(PLAIN), z(JSON),
                           z(JSON), z(V1)], [PLAIN, z(JSON), z(V1)], pad=pad)

    def test_a_small_log_goes_round_many_times(self):
        """64 KB of log, messages of every length around: views of the ring
        in two parts are the rule."""
        server = self.start("--room-log", "64K", "--max-message", "4K")
        self.run_room(server, load(3000), 40, [PLAIN] * 3 + [JSON] * 3 +
                      [V1] * 2, [PLAIN, JSON, V1], pad=b"x" * 701)

    def test_torn_writes(self):
        """Members of each form with tiny windows, who read in fits and
        starts while they talk and ping, messages of up to 400 KB: the server
        writes parts of frames, and its own pings, pongs and what a JSON
        sender is not to see lie in between. Everybody gets whole frames, in
        one order, nothing twice, and a JSON sender none of its own."""
        seed = random.randrange(1 << 32)
        server = self.start("--room-log", "64M", "--rooms", "1",
                            "--max-message", "1M", "--ping", "0.2",
                            "--pong-timeout", "60", "--write-timeout", "60")
        members, each = [], max(10, load(50))
        for form in (PLAIN, JSON, V1) * 2:
            path, protocol = FORMS[form]
            ws = self.ws(server, "/%s/r" % path, protocols=protocol,
                         rcvbuf=4096, answer=False)
            ws.form, ws.seen = form, []
            members.append(ws)
        total, failures = each * len(members), []

        def talk(i, ws):
            rng = random.Random(seed + i)
            try:
                for n in range(each):
                    # Those who skip their own say little, beside much.
                    sizes = ([0, 10, 300] if ws.form == JSON else
                             [0, 300, 9000, 60000, 400000])
                    text = "s%d-%d %s" % (i, n, "x" * rng.choice(sizes))
                    ws.text(text if ws.form == PLAIN
                            else '{"message":"%s"}' % text)
                    if rng.random() < 0.3:
                        ws.send_frame(PING, b"%d" % n)
                    if rng.random() < 0.3:
                        time.sleep(rng.random() / 20)
            except Exception as error:
                failures.append((i, "sending", error))

        def listen(i, ws):
            rng = random.Random(seed - i)
            due = total - (each if ws.form == JSON else 0)
            try:
                while len(ws.seen) < due:
                    text = ws.recv_text()
                    if ws.form != PLAIN:
                        text = json.loads(text).get("message")
                    if text is not None:
                        ws.seen.append(text)
                    if rng.random() < 0.1:
                        time.sleep(rng.random() / 20)
            except Exception as error:
                failures.append((i, "reading", error))
        threads = [threading.Thread(target=what, args=(i, ws), daemon=True)
                   for i, ws in enumerate(members) for what in (talk, listen)]
        for t in threads:
            t.start()
        for t in threads:
            t.join(6 * PATIENCE)
        why = "seed %d: %s" % (seed, failures)
        self.assertFalse(failures, why)
        self.assertFalse(any(t.is_alive() for t in threads), why)
        room = members[0].seen
        self.assertEqual(len(set(room)), total, why)
        for i, ws in enumerate(members):
            want = room if ws.form != JSON else [
                m for m in room if not m.startswith("s%d-" % i)]
            self.assertTrue(ws.seen == want, why)

    def test_each_sender_keeps_its_own_order(self):
        """The order of the room agrees with the order in which one sender
        spoke, whatever else is said."""
        server = self.start()
        listener = self.ws(server, "/ws/r")
        senders = [self.ws(server, "/chat/r") for _ in range(5)]
        total = load(200)
        for s, ws in enumerate(senders):
            ws.send(b"".join(frame(TEXT, "%d %d" % (s, i))
                             for i in range(total)))
        seen = [0] * 5
        for _ in range(5 * total):
            s, i = map(int, listener.recv_json()["message"].split())
            self.assertEqual(i, seen[s])
            seen[s] += 1
        self.assertEqual(seen, [total] * 5)


class Seams(ServerCase):
    """Where a write ends inside a frame, and what may not come in there.
    Messages of 400 KB, since the kernel takes some hundred at once."""

    OPTIONS = ("--max-message", "1M", "--room-log", "8M", "--rooms", "2",
               "--write-timeout", "60")

    def big(self, n):
        return "%d " % n + "b" * 400_000

    def test_a_json_sender_skips_its_own_beside_big_ones(self):
        """Its message and a big one published in the same turn (the server
        is stopped while they arrive), and the write torn: it gets the big
        one whole, its own not at all; in each order of the two, and with its
        own before and behind."""
        server = self.start(*self.OPTIONS)
        other = self.ws(server, "/chat/r")
        big = self.big(0)
        for order in "ab", "ba", "aba", "aabaa":
            a = self.ws(server, "/ws/r", rcvbuf=4096)
            b = self.ws(server, "/chat/r", sndbuf=1 << 20)
            whole = frame(TEXT, big)
            b.send(whole[:-1])
            time.sleep(0.2)
            server.signal(signal.SIGSTOP)
            for who in order:
                if who == "a":
                    a.text('{"message":"own"}')
                else:
                    b.send(whole[-1:])
            time.sleep(0.1)
            server.signal(signal.SIGCONT)
            self.assertTrue(a.recv_json()["message"] == big, order)
            a.text('{"ping":1}')
            self.assertEqual(a.recv_json(), {"pong": 1}, order)
            for ws in b, other:
                seen = [ws.recv_text() for _ in order]
                self.assertEqual(seen.count("own"), len(order) - 1)
                self.assertIn(big, seen)
            b.text("end")
            self.assertEqual(a.recv_json()["message"], "end", order)
            self.assertEqual(other.recv_text(), "end")
            a.leave()
            b.close()

    def test_private_answers_leave_buffers_for_others(self):
        """In one turn (the server is stopped while it all arrives) one
        message, an answer for each of 20, and unfinished messages of four
        more, on 16 buffers: the answers, which could wait for the room's
        frames, do not take all of them, and everybody stays."""
        server = self.start("--buffers", "16")
        said, *asking = [self.ws(server, "/ws/r") for _ in range(21)]
        slow = [self.ws(server, "/ws/r") for _ in range(4)]
        half = frame(TEXT, '{"message":"late"}')
        time.sleep(0.2)
        server.signal(signal.SIGSTOP)
        said.text('{"message":"first"}')
        for ws in asking:
            ws.text('{"ping":1}')
        for ws in slow:
            ws.send(half[:-3])
        time.sleep(0.1)
        server.signal(signal.SIGCONT)
        for ws in asking:
            got = [ws.recv_json(), ws.recv_json()]
            self.assertIn({"pong": 1}, got)
            self.assertIn("first", [g.get("message") for g in got])
        for ws in slow:
            self.assertEqual(ws.recv_json()["message"], "first")
            ws.send(half[-3:])
        got = [said.recv_json()["message"] for _ in slow]
        self.assertEqual(got, ["late"] * len(slow))

    def lag(self, server, path, **more):
        """A member that is inside the second of three big messages, which
        the server has begun to write and cannot go on with."""
        ws = self.ws(server, path, rcvbuf=4096, answer=False, **more)
        if more:
            ws.recv()                   # the welcome
        sender = self.ws(server, "/chat/r")
        for n in range(3):
            sender.text(self.big(n))
            self.assertTrue(sender.recv_text() == self.big(n))
        # Little by little, so that a frame takes many writes.
        for n in range(30):
            ws.fill(20_000 * n)
            time.sleep(0.01)
        return ws

    def texts(self, ws, count):
        got = []
        while len(got) < count:
            text = ws.recv_text()
            if ws.handshake_path == "ws":
                text = json.loads(text).get("message")
            if text is not None:
                got.append(text)
        return got

    def test_private_output_waits_for_the_end_of_a_frame(self):
        """A ping, a `members` event and, at SIGTERM, the Close are sent
        between frames, however much of one is on its way."""
        for path, protocol in (("chat", None), ("ws", None),
                               ("ws", "chatd.v1")):
            with self.subTest(path=path, protocol=protocol):
                server = self.start(*self.OPTIONS, "--ping", "0.4",
                                    "--pong-timeout", "60", "--drain", "20")
                more = {"protocols": protocol} if protocol else {}
                ws = self.lag(server, "/%s/r" % path, **more)
                ws.handshake_path = path
                self.ws(server, "/chat/r")      # one member more
                time.sleep(1.5)
                ws.fill(600_000)
                server.signal(signal.SIGTERM)
                got = self.texts(ws, 3)
                self.assertTrue(got == [self.big(n) for n in range(3)])
                self.assertEqual(ws.recv_close(data=bool(protocol))[0], 1001)
                self.assertEqual(server.wait(20 + PATIENCE), 0)


if __name__ == "__main__":
    unittest.main()
