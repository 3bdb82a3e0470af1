# SPDX-License-Identifier: MIT
"""Slow and stopped readers: closed or dropped within the limits, and nobody
else notices. The contract's chapters "Delivery" and "Echo"."""

import os
import re
import struct
import threading
import time
import unittest

from support import (BINARY, CLOSE, PATIENCE, PING, TEXT, Eof, ServerCase,
                     frame, load, until_true)


class Rest:
    """What a stopped reader finds when it looks again: whole messages in
    order, then a Close or the end, maybe inside a frame."""

    def __init__(self, ws, timeout=None):
        self.messages, self.code, self.how = [], None, None
        while self.how is None:
            try:
                kind, payload = ws.recv(timeout)
            except Eof:
                self.how = "eof"
            except ConnectionError:
                self.how = "reset"
            else:
                if kind == CLOSE:
                    self.code = struct.unpack(">H", payload[:2])[0]
                    self.how = "close"
                else:
                    self.messages.append(payload)


class StoppedReader(ServerCase):
    """A member of a room that does not read."""

    def talk(self, server, sender, listeners, count, length=2000):
        """The sender speaks at the pace of the listeners, who must get every
        message; returns the messages."""
        said = []
        for i in range(count):
            message = b"%06d " % i + b"x" * length
            said.append(message)
            sender.send_frame(TEXT, message)
            self.assertEqual(sender.recv(), (TEXT, message))
            for ws in listeners:
                if ws.handshake_path == "chat":
                    self.assertEqual(ws.recv(), (TEXT, message))
                else:
                    self.assertEqual(ws.recv_json()["message"].encode(),
                                     message)
        return said

    def member(self, server, path, **more):
        ws = self.ws(server, path, **more)
        ws.handshake_path = path.split("/")[1]
        return ws

    def overrun(self, path, convert):
        """A stopped reader falls behind by more than the room's log: it is
        closed with 1013 or dropped; what it got is the beginning of the
        sequence, without a hole; the others get all."""
        server = self.start("--room-log", "64K", "--max-message", "8K",
                            "--write-timeout", "60")
        stopped = self.member(server, path, rcvbuf=4096)
        sender = self.member(server, "/chat/r")
        others = [self.member(server, "/chat/r"),
                  self.member(server, "/ws/r")]
        said = self.talk(server, sender, others, load(3000) + 500)
        # It was dropped long ago; only then is it looked at.
        server.wait_log(r"event=close .*(code=1013|by=server|cause=)")
        self.assertEqual(self.health(server)["clients"], 3)
        rest = Rest(stopped)
        got = [convert(m) for m in rest.messages]
        self.assertEqual(got, said[:len(got)], "a message was skipped")
        self.assertLess(len(got), len(said))
        if rest.how == "close":
            self.assertEqual(rest.code, 1013)

    def test_a_stopped_plain_member_is_let_go(self):
        """See overrun()."""
        self.overrun("/chat/r", lambda m: m)

    def test_a_stopped_json_member_is_let_go(self):
        """The same in the JSON form."""
        self.overrun("/ws/r", lambda m: re.search(
            rb'"message"\s*:\s*"([^"]*)"', m).group(1))

    def test_several_stopped_members(self):
        """Ten stopped ones among two that read."""
        server = self.start("--room-log", "64K", "--max-message", "8K",
                            "--write-timeout", "60")
        for i in range(10):
            self.member(server, "/chat/r" if i % 2 else "/ws/r", rcvbuf=4096)
        sender = self.member(server, "/chat/r")
        other = self.member(server, "/ws/r")
        self.talk(server, sender, [other], load(2000) + 500)
        self.wait_clients(server, 2)

    def test_a_member_that_lags_within_the_log_loses_nothing(self):
        """A pause shorter than the log and the write timeout is no fault:
        everything comes when it reads again."""
        server = self.start("--room-log", "4M", "--write-timeout", "60")
        lagging = self.member(server, "/chat/r", rcvbuf=4096)
        sender = self.member(server, "/chat/r")
        said = self.talk(server, sender, [], 500, length=3000)
        for message in said:
            self.assertEqual(lagging.recv(), (TEXT, message))
        sender.text("all well")
        self.assertEqual(lagging.recv_text(), "all well")

    def test_write_timeout_drops_a_member_without_progress(self):
        """Output pending, well within the log, but no byte acknowledged for
        --write-timeout: closed or dropped; not before that time."""
        server = self.start("--room-log", "4M", "--write-timeout", "1.5")
        stopped = self.member(server, "/chat/r", rcvbuf=4096)
        sender = self.member(server, "/chat/r")
        began = time.monotonic()
        said = self.talk(server, sender, [], 600, length=3000)
        until_true(lambda: self.health(server)["clients"] == 1,
                   timeout=1.5 + PATIENCE)
        self.assertGreater(time.monotonic() - began, 1)
        self.assertRegex(server.wait_log("event=close"), "by=server")
        rest = Rest(stopped)
        self.assertEqual(rest.messages, said[:len(rest.messages)])
        self.assertLess(len(rest.messages), len(said))
        if rest.how == "close":
            self.assertEqual(rest.code, 1013)
        sender.text("on")
        self.assertEqual(sender.recv_text(), "on")

    def test_progress_keeps_a_slow_member(self):
        """A member that reads a little now and then makes progress, and
        stays far longer than --write-timeout."""
        server = self.start("--room-log", "4M", "--write-timeout", "2")
        slow = self.member(server, "/chat/r", rcvbuf=65536)
        sender = self.member(server, "/chat/r")
        said = self.talk(server, sender, [], 600, length=3000)
        until = time.monotonic() + 6
        got = []
        while time.monotonic() < until:
            for _ in range(30):     # 90 KB: more than half its window
                if len(got) < len(said):
                    got.append(slow.recv()[1])
            time.sleep(0.4)
        while len(got) < len(said):
            got.append(slow.recv()[1])
        self.assertEqual(got, said)

    def test_a_quiet_member_is_not_timed_out_by_write(self):
        """Nothing pending: no write timeout, however long it does not
        read."""
        server = self.start("--write-timeout", "0.3")
        quiet = self.member(server, "/chat/r")
        time.sleep(1)
        quiet.text("still")
        self.assertEqual(quiet.recv_text(), "still")


class StoppedEcho(ServerCase):
    """An echo client that does not read."""

    def test_write_timeout_lets_it_go(self):
        """It is dropped after --write-timeout without progress; meanwhile
        and afterwards others are served."""
        server = self.start("--write-timeout", "1")
        stopped = self.ws(server, rcvbuf=4096, sndbuf=16384)
        quick = self.ws(server)
        failure = []

        def feed():
            try:
                while True:
                    stopped.send(frame(BINARY, b"x" * 8000))
            except OSError as error:
                failure.append(error)
        sender = threading.Thread(target=feed, daemon=True)
        sender.start()
        began = time.monotonic()
        while self.health(server)["clients"] == 2:
            quick.text("tick")
            self.assertEqual(quick.recv_text(), "tick")
            self.assertLess(time.monotonic() - began, 1 + PATIENCE)
            time.sleep(0.02)
        self.assertGreater(time.monotonic() - began, 0.7)
        sender.join(2 * PATIENCE)
        self.assertTrue(failure, "the connection was not ended")

    def test_many_stopped_echoes_with_few_buffers(self):
        """More stopped clients than leased buffers: each is told or dropped
        in time (1013 where no buffer is left), a newcomer is served."""
        server = self.start("--buffers", "8", "--write-timeout", "1",
                            "--max-message", "16K")
        for _ in range(30):
            ws = self.ws(server, rcvbuf=4096, sndbuf=65536)
            ws.sock.settimeout(0.2)
            try:
                for _ in range(200):
                    ws.send(frame(BINARY, b"x" * 8000))
            except OSError:
                pass
        self.wait_clients(server, 0)
        self.assert_serves(server)


    def test_stopped_echoes_while_no_buffer_is_left(self):
        """All buffers are lent out, so an echo whose client takes nothing
        is not even read: --write-timeout counts all the same, and so it
        does for one that was reset meanwhile."""
        for how in "reset", "close", "stay":
            server = self.start("--buffers", "1", "--write-timeout", "1")
            holder = self.ws(server, "/chat/r")
            holder.send_frame(TEXT, "unfinished", fin=False)
            holder.send_frame(PING, b"?")
            self.assertEqual(holder.recv_pong(), b"?")
            ws = self.ws(server, rcvbuf=2048)
            ws.sock.settimeout(0.3)
            try:
                for _ in range(200):
                    ws.send(frame(BINARY, b"x" * 8000))
            except OSError:
                pass
            self.assertEqual(self.health(server)["clients"], 2)
            if how == "reset":
                ws.reset()
            elif how == "close":
                ws.close()
            self.wait_clients(server, 1)
            holder.send_frame(0, " no more")
            self.assertEqual(holder.recv_text(), "unfinished no more")

    def test_a_slow_echo_while_no_buffer_is_left(self):
        """The same, but it reads a little now and then: it stays, and loses
        nothing."""
        server = self.start("--buffers", "1", "--write-timeout", "1")
        holder = self.ws(server, "/chat/r")
        holder.send_frame(TEXT, "unfinished", fin=False)
        ws = self.ws(server, rcvbuf=8192)
        sender = threading.Thread(target=ws.send, daemon=True, args=(
            b"".join(frame(BINARY, b"%05d" % i * 800) for i in range(200)),))
        sender.start()
        for i in range(200):
            if i % 10 == 0:
                time.sleep(0.2)
            self.assertEqual(ws.recv(), (BINARY, b"%05d" % i * 800))
        self.assertEqual(self.health(server)["clients"], 2)


class SlowSenders(ServerCase):
    """Messages that arrive in drops hold nobody up."""

    def test_unfinished_messages_with_few_buffers(self):
        """Twice as many unfinished chat messages as leased buffers: half of
        the senders are closed with 1013, the rest is delivered whole, and
        the room goes on."""
        server = self.start("--buffers", "8", "--max-message", "16K")
        listener = self.ws(server, "/ws/r")
        senders = [self.ws(server, "/chat/r", answer=False)
                   for _ in range(16)]
        for i, ws in enumerate(senders):
            ws.send_frame(TEXT, "%d start, " % i, fin=False)
        alive, codes = list(range(16)), []
        for _ in range(2):      # in the first, not all may have been read yet
            asked, alive = alive, []
            for i in asked:
                senders[i].send_frame(PING, b"?")
                got = senders[i].recv_frame()
                if got.opcode == CLOSE:
                    codes.append(struct.unpack(">H", got.payload[:2])[0])
                else:
                    alive.append(i)
        self.assertEqual(codes, [1013] * 8)
        for i in alive:
            senders[i].send_frame(0, "end")
            self.assertEqual(listener.recv_json()["message"],
                             "%d start, end" % i)
        for i in alive:
            senders[i].leave()
        fresh = self.ws(server, "/chat/r")
        fresh.send(frame(TEXT, "a", fin=False) + frame(0, "b"))
        self.assertEqual(fresh.recv_text(), "ab")

    def test_dripping_clients_hold_nobody_up(self):
        """Fifty clients inside a frame header, a payload, a request: a quick
        one is served at once."""
        server = self.start("--handshake-timeout", "60")
        for i in range(50):
            if i % 2:
                self.peer(server).send(b"GET / HT")
            else:
                self.ws(server, "/chat/r").send(
                    frame(TEXT, os.urandom(4).hex())[:5 + i % 4])
        began = time.monotonic()
        self.assert_serves(server)
        self.assertLess(time.monotonic() - began, PATIENCE / 5)


if __name__ == "__main__":
    unittest.main()
