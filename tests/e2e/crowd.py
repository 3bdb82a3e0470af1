# SPDX-License-Identifier: MIT
"""Many clients of one room, on several servers, who say and hear while things
happen, come back when they are closed, and write down all of it
(transcript.py).

    Client      one of them, of any form, in a loop of many
    Crowd       20 senders here, 60 receivers in two other processes
    crowd.run   until so much was said, then all is compared

What happens meanwhile is a *story*: a generator that is gone on with whenever
what it has yielded comes true (a function), or after so many seconds:

    def story(crowd):
        yield crowd.said_at_least(1000)
        redis.kill()
        yield 0.3
        redis.start()
"""

import multiprocessing
import os
import random
import re
import selectors
import socket
import time
import traceback

from support import (PATIENCE, SLOW, TEXT, WebSocket, frame, take_frames,
                     until_true, upgrade_headers)
from transcript import JSON, PLAIN, POST, V1, Transcript, check

MESSAGE = re.compile(
    rb'^\{"id":"([0-9a-f]+-\d+)",.*"message":"([^"\\]*)"')
FORMS = {PLAIN: ("chat", None), JSON: ("ws", None), V1: ("ws", "chatd.v1")}
AGAIN = 0.1             # seconds until somebody tries again to come in
WINDOW = 20             # messages of a sender that it has not heard yet
BURST = 10              # that it says at once
MASK = b"\x10\x20\x30\x40"


class Node:
    """Where a server is: all that a Client wants of it. A client of a unix:
    address has its path."""

    def __init__(self, server):
        self.host, self.port = server.host, server.port


class Client:
    """A member, or who posts, that comes back. `nodes` are tried in turn."""

    def __init__(self, loop, name, form, nodes, room):
        self.loop, self.name, self.form, self.room = loop, name, form, room
        self.nodes, self.at = nodes, 0
        self.life = 0
        self.transcripts = []
        self.notes = []         # (when, event) of chatd.v1
        self.statuses = {}      # of refused handshakes and posts: how many
        self.failure = None
        self.last = None        # (text, id) it has heard
        self.socket = None
        self.resting = False
        self.when = 0           # it may come again
        self.join()

    # -- in and out --

    def join(self):
        self.t = None
        self.said = 0
        self.waits = None       # the text that was posted
        self.buffer, self.pending = bytearray(), b""
        self.opened = False
        node = self.nodes[self.at % len(self.nodes)]
        self.asks_since = None
        try:
            self.socket = socket.create_connection((node.host, node.port), 5)
        except OSError:
            self.socket = None
            self.rest()
            return
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.loop.register(self.socket, selectors.EVENT_READ, self)
        if self.form == POST:
            self.begin()
            return
        path, protocol = FORMS[self.form]
        path = "/%s/%s" % (path, self.room)
        if self.last and self.last[1]:
            self.asks_since = self.last[1]
            path += "?since=" + self.asks_since
        extra = ["Sec-WebSocket-Protocol: " + protocol] if protocol else []
        self.socket.sendall("\r\n".join(
            ["GET %s HTTP/1.1" % path, "Host: x",
             *upgrade_headers(extra=extra), "", ""]).encode())

    def begin(self):
        self.opened = True
        self.life += 1
        self.t = Transcript("%s.%d" % (self.name, self.life), self.form,
                            self.asks_since)
        self.transcripts.append(self.t)

    def rest(self):
        """It is away, and comes again after a while."""
        self.resting = True
        self.when = time.monotonic() + AGAIN
        self.at += 1

    def end(self, code=0):
        if self.t:
            self.t.closed = code
        self.t, self.opened = None, False
        if self.socket:
            self.loop.unregister(self.socket)
            self.socket.close()
            self.socket = None
        self.rest()

    def come_back(self):
        if self.resting and time.monotonic() >= self.when:
            self.resting = False
            self.join()

    # -- what it hears --

    def read(self):
        try:
            data = self.socket.recv(262144)
        except OSError:
            data = b""
        if not data:
            self.end()
            return
        self.buffer += data
        if self.form == POST:
            self.answers()
        else:
            if not self.opened and not self.handshake():
                return
            self.frames()

    def head(self):
        """(status, head) of a response whose head is there."""
        head, found, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        if not found:
            return None
        self.buffer = bytearray(rest)
        return int(head[9:12]), head

    def count(self, status):
        self.statuses[status] = self.statuses.get(status, 0) + 1

    def handshake(self):
        found = self.head()
        if not found:
            return False
        if found[0] != 101:
            self.count(found[0])
            self.end()
            return False
        self.begin()
        return True

    def frames(self):
        for first, payload in take_frames(self.buffer):
            if first == 0x81:
                self.message(payload)
            elif first & 0x0F < 8:
                self.pending += payload
                if first & 0x80:
                    whole, self.pending = self.pending, b""
                    self.message(whole)
            elif first & 0x0F == 9:
                self.send(frame(10, payload))
            elif first & 0x0F == 8:
                code = int.from_bytes(payload[:2], "big")
                self.send(frame(8, payload))
                self.end(code)
                return

    def message(self, payload):
        if self.form == PLAIN:
            self.hear(payload.decode(), None)
            return
        found = MESSAGE.match(payload)
        if found:
            self.hear(found[2].decode(), found[1].decode())
        elif b'"event":"gap"' in payload:
            self.t.gap()
            self.notes.append((time.monotonic(), "gap"))
        elif b'"event"' in payload:
            self.notes.append((time.monotonic(),
                               payload.split(b'"')[3].decode()))
        else:
            self.failure = "no message: %r" % payload

    def hear(self, text, id_):
        self.t.heard(text, id_)
        self.last = text, id_

    def answers(self):
        while self.opened:
            before = bytes(self.buffer)
            found = self.head()
            if not found:
                return
            length = re.search(rb"(?i)\ncontent-length: *(\d+)", found[1])
            n = int(length[1])
            if len(self.buffer) < n:
                self.buffer = bytearray(before)
                return
            body = bytes(self.buffer[:n])
            del self.buffer[:n]
            text, self.waits = self.waits, None
            if found[0] == 200:
                self.t.told[text] = body.split(b'"')[3].decode()
                continue
            self.count(found[0])
            if found[0] != 504:         # which may have been said
                self.t.refused.append(text)
            self.end()

    # -- what it says --

    def send(self, data):
        try:
            self.socket.settimeout(PATIENCE)
            self.socket.sendall(data)
        except OSError:
            return False
        return True

    def say(self, text):
        """It is said, or its end will be seen."""
        self.t.said.append(text)
        self.said += 1
        if self.form == POST:
            self.waits = text
            self.send(b"POST /chat/%s HTTP/1.1\r\nHost: x\r\n"
                      b"Content-Length: %d\r\n\r\n%s" % (
                          self.room.encode(), len(text), text.encode()))
            return
        body = text if self.form == PLAIN else '{"message":"%s"}' % text
        self.send(frame(TEXT, body, mask=MASK))


def turned(nodes, i):
    """For the i-th client: so that each form is on each node."""
    k = (i + i // 3) % len(nodes)
    return nodes[k:] + nodes[:k]


def turn(loop, clients, seconds):
    for key, _ in loop.select(seconds):
        if key.data.socket is key.fileobj:
            key.data.read()
    for client in clients:
        client.come_back()


# ---- receivers, in a process of their own -----------------------------------

def receive(names, nodes, room, shared, slot, results):
    """`shared`: for each process how many are in, and how many have heard
    the last message; then its number, and whether all may stop."""
    try:
        loop = selectors.DefaultSelector()
        clients = [Client(loop, "r%d" % i, form, turned(nodes, i), room)
                   for i, form in names]
        while not shared[5]:
            turn(loop, clients, 0.05)
            final = shared[4]
            shared[2 * slot] = sum(c.opened for c in clients)
            shared[2 * slot + 1] = final and sum(
                c.last is not None and c.last[0] == "end-%d" % final
                for c in clients)
        turn(loop, clients, 0)
        seen, statuses = {}, {}
        for c in clients:
            for status, n in c.statuses.items():
                statuses[status] = statuses.get(status, 0) + n
            for t in c.transcripts:
                seen.setdefault(t.key(), t)
        results.put({"transcripts": list(seen.values()), "statuses": statuses,
                     "lives": sum(c.life for c in clients),
                     "notes": [c.notes for c in clients],
                     "failures": [c.failure for c in clients if c.failure]})
    except BaseException:
        results.put(traceback.format_exc())


# ---- the crowd --------------------------------------------------------------

class Crowd:
    """`servers` are nodes; `fresh()` starts one more, which tells what the
    room holds in the end."""

    def __init__(self, case, servers, total, receivers, senders, fresh,
                 room="order"):
        self.case, self.total, self.fresh = case, total, fresh
        self.nodes = [Node(s) for s in servers]
        self.room, self.senders, self.receivers = room, senders, receivers
        self.sent, self.seen = 0, {}
        self.stories = []
        self.until = time.monotonic() + case.limit * 0.8

    # -- what a story may wait for, or ask --

    def said_at_least(self, count):
        return lambda: self.sent >= count

    def in_flight(self):
        """Messages that were said and not heard here yet, of those who are
        still there."""
        return sum(c.said - self.seen.get(c.t.name, 0)
                   for c in self.speakers if c.opened)

    def many_in_flight(self):
        """are messages on their way?"""
        return self.in_flight() >= len(self.speakers) // 2

    def all_back(self):
        """is everybody in again?"""
        return all(c.opened for c in self.clients)

    # -- how it goes --

    def run(self, story=None, **allowed):
        """The whole thing; `allowed` goes to check(). What receivers were
        told is in self.got."""
        self.open_receivers()
        self.open_senders()
        until_true(lambda: self.in_turn() and self.all_in(), pause=0,
                   timeout=3 * PATIENCE)
        if story:
            self.stories = [[story(self), lambda: True]]
        began = time.monotonic()
        while self.sent < self.total or self.stories:
            self.in_turn()
            self.speak()
            self.tell_stories()
            self.in_time("%d of %d said" % (self.sent, self.total))
        self.settle()
        took = time.monotonic() - began
        self.collect()
        self.compare(took, allowed)

    def in_time(self, where):
        if time.monotonic() > self.until:
            raise AssertionError("too slow: %s; in flight %d; %s" % (
                where, self.in_flight(), list(self.shared)))

    def open_receivers(self):
        context = multiprocessing.get_context("fork")
        self.shared = context.Array("q", 6, lock=False)
        self.results = context.Queue()
        names = list(enumerate(self.receivers))
        self.processes = [context.Process(
            target=receive, daemon=True,
            args=(names[i::2], self.nodes, self.room, self.shared, i,
                  self.results)) for i in (0, 1)]
        for p in self.processes:
            p.start()
            self.case.addCleanup(p.join, 5)
            self.case.addCleanup(p.kill)

    def open_senders(self):
        self.loop = selectors.DefaultSelector()

        def client(name, form, i):
            c = Client(self.loop, name, form, turned(self.nodes, i),
                       self.room)
            self.case.addCleanup(lambda: c.socket and c.socket.close())
            return c
        # The first one only looks on.
        self.monitor = client("monitor", V1, 0)
        self.speakers = [client("s%d" % i, form, i)
                         for i, form in enumerate(self.senders)]
        self.clients = [self.monitor] + self.speakers
        self.noted = 0, 0           # a transcript of the monitor's, and where

    def all_in(self):
        """is everybody in?"""
        return (self.all_back() and
                self.shared[0] + self.shared[2] == len(self.receivers))

    def in_turn(self, seconds=0.001):
        turn(self.loop, self.clients, seconds)
        life, at = self.noted
        while life < len(self.monitor.transcripts):
            events = self.monitor.transcripts[life].events
            for text, id_ in events[at:]:
                name, dash, n = text.rpartition("-")
                if dash:
                    self.seen[name] = int(n) + 1
            at = len(events)
            if life + 1 == len(self.monitor.transcripts):
                break
            life, at = life + 1, 0
        self.noted = life, at
        return True

    def speak(self):
        for c in self.speakers:
            if not c.opened:
                continue
            if c.form == POST:
                if not c.waits:
                    self.say(c)
                continue
            window = WINDOW - (c.said - self.seen.get(c.t.name, 0))
            for _ in range(min(BURST, window)):
                self.say(c)

    def say(self, c):
        # A story may take longer than the messages that were due.
        c.say("%s-%d" % (c.t.name, c.said))
        self.sent += 1

    def tell_stories(self):
        for told in list(self.stories):
            story, is_true = told
            if not is_true():
                continue
            try:
                wanted = next(story)
            except StopIteration:
                self.stories.remove(told)
                continue
            if callable(wanted):
                told[1] = wanted
            else:
                until = time.monotonic() + wanted
                told[1] = lambda until=until: time.monotonic() >= until

    def settle(self):
        """What is on its way arrives, everybody is in, and hears the end."""
        self.quiet(lambda: not any(c.waits for c in self.speakers) and
                   self.in_flight() == 0 and self.all_in(), 3 * SLOW)
        number = 0
        while True:
            number += 1
            self.shared[4] = number
            text = "end-%d" % number
            self.end_said = Transcript("end", POST)
            self.end_said.said.append(text)
            self.ends = getattr(self, "ends", []) + [self.end_said]
            if self.post(text):
                break
            self.in_time("the end is not taken")
        self.quiet(lambda: self.shared[1] + self.shared[3] ==
                   len(self.receivers) and all(
                       c.last and c.last[0] == text for c in self.clients
                       if c.form != POST), PATIENCE)
        self.shared[5] = 1
        self.in_turn(0.05)

    def quiet(self, is_so, seconds):
        until = time.monotonic() + seconds
        while not is_so() and time.monotonic() < until:
            self.in_turn(0.02)

    def post(self, text):
        """One more message, by a post."""
        node = random.choice(self.nodes)
        try:
            with socket.create_connection((node.host, node.port),
                                          PATIENCE) as s:
                s.sendall(b"POST /chat/%s HTTP/1.1\r\nHost: x\r\n"
                          b"Content-Length: %d\r\nConnection: close\r\n\r\n%s"
                          % (self.room.encode(), len(text), text.encode()))
                return s.recv(4096).startswith(b"HTTP/1.1 200")
        except OSError:
            return False

    def collect(self):
        self.transcripts = list(self.ends)
        for c in self.clients:
            self.case.assertIsNone(c.failure, c.name)
            self.transcripts += c.transcripts
        self.got = []
        for _ in self.processes:
            part = self.results.get(timeout=3 * PATIENCE)
            self.case.assertIsInstance(part, dict, part)
            self.case.assertEqual(part["failures"], [])
            self.transcripts += part["transcripts"]
            self.got.append(part)

    def compare(self, took, allowed):
        history = held(self.fresh(), self.room)
        print("%s: %d messages, %d lives of %d clients: %.1f s" % (
            self.case.id().rsplit(".", 1)[1], self.sent,
            sum(len(c.transcripts) for c in self.clients) +
            sum(part["lives"] for part in self.got),
            len(self.clients) + len(self.receivers), took), flush=True)
        wrong = check(self.transcripts, history, **allowed)
        self.case.assertEqual(wrong[:20], [], "%d wrong" % len(wrong))
        self.case.assertEqual(history[-1][1], self.end_said.said[0])
        self.history = history
        self.case.assertGreaterEqual(self.sent, self.total)

    def nobody_left(self):
        """was nobody closed?"""
        return (all(len(c.transcripts) == 1 for c in self.clients
                    if c.form != POST) and
                sum(part["lives"] for part in self.got) ==
                len(self.receivers))


def held(server, room, count=10 ** 6):
    """What a joiner of this server is given: (id, text) of each message."""
    ws = WebSocket(server, "/ws/%s?history=%d" % (room, count),
                   protocols="chatd.v1")
    with ws:
        found, following = [], ws.recv_json()["following"]
        while len(found) < following:
            kind, payload = ws.recv()
            got = kind == TEXT and MESSAGE.match(payload)
            if got:
                found.append((got[1].decode(), got[2].decode()))
        return found


def children(pid):
    """Processes that this one has made, in their order."""
    try:
        with open("/proc/%d/task/%d/children" % (pid, pid)) as words:
            return [int(word) for word in words.read().split()]
    except OSError:
        return []


def speaks_to(pid, ports):
    """Has this process a connection to one of these TCP ports?"""
    inodes = set()
    try:
        for fd in os.listdir("/proc/%d/fd" % pid):
            link = os.readlink("/proc/%d/fd/%s" % (pid, fd))
            if link.startswith("socket:["):
                inodes.add(link[8:-1])
    except OSError:
        return False
    with open("/proc/net/tcp") as lines:
        for words in map(str.split, lines):
            if (len(words) > 9 and words[3] == "01" and words[9] in inodes
                    and int(words[2].rpartition(":")[2], 16) in ports):
                return True
    return False
