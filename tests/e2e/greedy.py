# SPDX-License-Identifier: MIT
"""Greedy peers, and how to see that nobody waits for them: for
test_expense.py, test_leases.py and tests/bench/expense.py.

    Witness       an echo beside it all: the clock of these tests
    Drip          a thread that reads so many bytes a second
    Flood         a thread that says the same again and again, and reads
    Joiners       a thread that joins and joins, and reads nothing or drips
    Crowd         a thread that answers the pings of many, and sees them end

Nothing here looks at a clock to judge the server. The witness says something
and waits for its echo, again and again. Each round trip is a turn of the
server's at least, on a slow machine as on a quick one. So "at once" means:
before so many echoes have come back. Who waits a second for somebody else
waits for hundreds of them."""

import selectors
import struct
import threading
import time

from support import (BINARY, CLOSE, CONT, PING, PONG, TEXT, Eof, WebSocket,
                     frame)

LOST = ConnectionError, Eof, TimeoutError   # how a greedy peer may end
AT_ONCE = 100               # echoes that may come back meanwhile
SLICE = 0.05                # seconds between two looks of a thread here


def has_come(ws, wanted):
    """Reads the messages that are there, up to one with `wanted` in it: has
    it come? A Close does not fit, and behind it comes the end."""
    try:
        while wanted not in ws.recv(0.001)[1]:
            pass
        return True
    except TimeoutError:
        return False


class Witness:
    """A client of /echo that has nothing to do with the rest."""

    def __init__(self, server, **more):
        self.ws = WebSocket(server, "/echo", **more)
        self.count = 0

    def turn(self):
        """One round trip."""
        self.count += 1
        said = "%d" % self.count
        self.ws.text(said)
        got = self.ws.recv_text()
        if got != said:
            raise AssertionError("%r came back as %r" % (said, got))

    def turns(self, check, most=AT_ONCE):
        """Is it true before so many echoes have come back?"""
        for _ in range(most):
            if check():
                return True
            self.turn()
        return False

    def hears(self, ws, wanted, most=AT_ONCE):
        """Has this come to that client, before so many echoes?"""
        return self.turns(lambda: has_come(ws, wanted), most)

    def close(self):
        self.ws.close()


class Actor(threading.Thread):
    """Somebody who does the same thing until stop(), or until the connection
    is lost, which is in .lost then."""

    def __init__(self):
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.lost = None

    def run(self):
        try:
            while not self.over.is_set():
                self.act()
        except LOST as why:
            self.lost = why
        except OSError as why:      # closed by the test, or a full table
            self.lost = why

    def stop(self):
        self.over.set()
        if self.is_alive():
            self.join(10)


class Drip(Actor):
    """Reads `rate` bytes a second and looks at none of them. What it takes
    is in .taken; with `keep`, the bytes too."""

    def __init__(self, ws, rate, keep=False):
        super().__init__()
        self.ws, self.rate = ws, rate
        self.taken = 0
        self.kept = bytearray() if keep else None
        self.looked = None
        ws.sock.setblocking(False)

    def act(self):
        """A slice of time's worth; what did not come is not made up for."""
        now = time.monotonic()
        due = int(self.rate * min(now - (self.looked or now), 2 * SLICE))
        self.looked = now
        while due > 0:
            try:
                data = self.ws.sock.recv(min(1 << 18, due))
            except BlockingIOError:
                break
            if not data:
                raise Eof("the end")
            due -= len(data)
            self.taken += len(data)
            if self.kept is not None:
                self.kept += data
        self.over.wait(SLICE)


class Flood(Actor):
    """Says `message` again and again, `rate` bytes a second at most, and
    reads all that comes. .sent and .got count bytes."""

    def __init__(self, ws, message, rate):
        super().__init__()
        self.ws, self.message, self.rate = ws, message, rate
        self.sent = self.got = 0
        self.began = None
        ws.sock.setblocking(False)

    def read(self):
        try:
            data = self.ws.sock.recv(1 << 18)
            if not data:
                raise Eof("the end")
            self.got += len(data)
        except BlockingIOError:
            pass

    def write(self):
        at = self.sent % len(self.message)
        try:
            self.sent += self.ws.sock.send(self.message[at:])
        except BlockingIOError:
            return False
        return True

    def act(self):
        now = time.monotonic()
        self.began = self.began or now
        self.read()
        if (self.sent >= self.rate * (now - self.began) or
                not self.write()):
            self.over.wait(0.002)


class Joiners(Actor):
    """Joins a room, reads nothing (or drips), joins again every `every`
    seconds, and keeps the last `keep` connections."""

    def __init__(self, server, path, every=0.9, drip=0, keep=3, **more):
        super().__init__()
        self.server, self.path, self.more = server, path, more
        self.every, self.drip, self.keep = every, drip, keep
        self.joins, self.live = 0, []

    def act(self):
        ws = WebSocket(self.server, self.path, rcvbuf=4096, **self.more)
        self.joins += 1
        drip = Drip(ws, self.drip) if self.drip else None
        if drip:
            drip.start()
        self.live.append((ws, drip))
        while len(self.live) > self.keep:
            self.drop(*self.live.pop(0))
        self.over.wait(self.every)

    @staticmethod
    def drop(ws, drip):
        if drip:
            drip.stop()
        ws.close()

    def stop(self):
        super().stop()
        while self.live:
            self.drop(*self.live.pop())


class Crowd(Actor):
    """Many connections whose pings are answered. .ends says how each one
    ended, in that order: (its number, close code or None)."""

    def __init__(self, sockets=()):
        super().__init__()
        self.selector = selectors.DefaultSelector()
        self.ends, self.count = [], 0
        for ws in sockets:
            self.add(ws)

    def add(self, ws):
        self.selector.register(ws.sock, selectors.EVENT_READ,
                               (self.count, ws))
        self.count += 1

    def codes(self):
        return [code for _, code in self.ends]

    def who(self):
        """The numbers of those that have ended, in that order."""
        return [number for number, _ in self.ends]

    def open(self):
        return self.count - len(self.ends)

    def end(self, number, ws, code):
        self.selector.unregister(ws.sock)
        self.ends.append((number, code))

    def hear(self, number, ws):
        try:
            got = ws.recv_frame(1)
            if got.opcode == PING:
                ws.send_frame(PONG, got.payload)
            elif got.opcode == CLOSE:
                self.end(number, ws, struct.unpack(">H", got.payload[:2])[0])
        except LOST:
            self.end(number, ws, None)

    def act(self):
        if not self.selector.get_map():
            self.over.wait(SLICE)
            return
        for key, _ in self.selector.select(SLICE):
            self.hear(*key.data)

    def stop(self):
        super().stop()
        self.selector.close()


def begin_message(ws, payload=b"x", rsv=0):
    """The first half of a message, and when this returns the server has read
    it: the ping behind it was answered."""
    ws.send(frame(TEXT, payload, fin=False, rsv=rsv) + frame(PING, b"?"))
    ws.recv_pong()


def say_in_pieces(ws, text):
    """A message in two fragments, each in a segment of its own that the
    server has read before the next one comes."""
    half = len(text) // 2
    begin_message(ws, text[:half])
    ws.send(frame(CONT, text[half:]))


def fill_history(server, room, messages=16, length=60000):
    """So many long messages in a room's history; their sender has gone."""
    with WebSocket(server, "/ws/" + room, protocols="chatd.v1") as ws:
        ws.recv_json()
        for _ in range(messages):
            ws.json(message="x" * length)
            while "id" not in (got := ws.recv_json()):
                pass
        return got["id"]


def fill_until_held(witness, ws, message, others=()):
    """Says binary messages, one at a time, until one does not come back while
    so many echoes do: its sender is held. The others read. How many came
    back."""
    for n in range(80):
        tag = b"%06d" % n
        ws.send_frame(BINARY, tag + message)

        def is_back():
            for other in others:
                has_come(other, b"\0")
            return has_come(ws, tag)
        if not witness.turns(is_back):
            return n
    raise AssertionError("was never held")
