#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What an honest client waits beside an attack: usage: scripts/bench --expense

Each row starts a chatd with default options, lets an honest client talk for a
while, then again while the attack stands, and prints both with their ratio.
The tests of the same attacks (tests/e2e/test_expense.py, test_leases.py) ask
for order and counts; here are the milliseconds.

The server has core 0. Honest client and attackers are processes of their own
on core 1, the attackers with less priority."""

import argparse
import itertools
import multiprocessing
import os
import re
import resource
import selectors
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import greedy  # noqa: E402
import support  # noqa: E402
from deflated import RSV1, Deflated, shrink  # noqa: E402
from support import BINARY, CONT, TEXT, Peer, WebSocket, frame  # noqa: E402

KB = 1024
SERVER_CORE, LOAD_CORE = "0", 1
LONG_TURN = 0.025           # seconds: NEXT.md, a bucket of chatd_turn_seconds
GUARD = 10                  # seconds that one answer may take
LONG = frame(BINARY, b"x" * 30000)
EVIL = "127.0.0.2"
context = multiprocessing.get_context("fork")


# ---- the honest client ------------------------------------------------------

def line(ws, number):
    """A line in a room, until it is back."""
    text = b"line %d." % number
    ws.text(text)
    while text not in ws.recv(GUARD)[1]:
        pass


def pieces(ws, number):
    """A message in two fragments, the second when the first was read."""
    text = b"in pieces, %d." % number
    greedy.say_in_pieces(ws, text)
    while ws.recv(GUARD)[1] != text:
        pass


def packed(ws, number):
    """The same, compressed."""
    text = b"in pieces, %d. " % number * 9
    data = shrink(text)
    greedy.begin_message(ws, data[:9], rsv=RSV1)
    ws.send_frame(CONT, data[9:])
    while ws.recv(GUARD)[1] != text:
        pass


def honest(server, row, seconds, pipe):
    """Round trips for so long; one that is lost comes again."""
    ws, took, lost = None, [], 0
    until = time.monotonic() + seconds
    for number in itertools.count():
        began = time.monotonic()
        if began > until:
            break
        try:
            ws = ws or row.client(server, row.path)
            began = time.monotonic()
            row.says(ws, number)
            took.append(time.monotonic() - began)
        except (AssertionError, OSError):
            lost, ws = lost + 1, None
        # Nothing waits unread in a room where others talk.
        while ws and time.monotonic() < began + row.pause:
            greedy.has_come(ws, b"\0")
    pipe.send((took, lost))


# ---- attackers --------------------------------------------------------------

def run_all(actors, stop, ready, renew=None):
    """Starts them; `renew` makes another one for one that is lost."""
    for actor in actors:
        actor.start()
    ready.set()
    while not stop.wait(0.2):
        for i, actor in enumerate(actors):
            if renew and not actor.is_alive():
                actors[i] = renew()
                actors[i].start()
    for actor in actors:
        actor.over.set()


def replay(drip):
    def attack(server, stop, ready):
        for _ in range(2):
            greedy.fill_history(server, "tea")
        run_all([greedy.Joiners(server, "/ws/tea?history=100", every=0.9,
                                drip=drip)], stop, ready)
    return attack


def flood(server, stop, ready):
    run_all([greedy.Flood(WebSocket(server, "/chat/tea"), LONG, 5 << 20)],
            stop, ready)


def slow(rate, count=1):
    def attack(server, stop, ready):
        def reader():
            return greedy.Drip(WebSocket(server, "/chat/tea", rcvbuf=16384,
                                         answer=False), rate)
        run_all([reader() for _ in range(count)], stop, ready, reader)
    return attack


def stopped(server, stop, ready):
    run_all([greedy.Joiners(server, "/chat/tea", every=1.5, keep=1)], stop,
            ready)


def half_messages(server, stop, ready):
    def one():
        ws = WebSocket(server, "/chat/evil", source=EVIL)
        ws.send_frame(TEXT, "x", fin=False)
        return ws
    crowd = greedy.Crowd([one() for _ in range(260)])
    run_all([crowd], stop, ready)


def half_packed(server, stop, ready):
    def one():
        ws = Deflated(server, "/chat/evil", source=EVIL)
        ws.send_frame(TEXT, shrink(b"begun and not ended")[:8], fin=False,
                      rsv=RSV1)
        return ws
    run_all([greedy.Crowd([one() for _ in range(70)])], stop, ready)


def slow_echoes(server, stop, ready):
    from test_leases import Feed, Feeds
    run_all([Feeds([Feed(WebSocket(server, source=EVIL, rcvbuf=4096,
                                   sndbuf=65536), 15 * KB)
                    for _ in range(300)])], stop, ready)


class Sink:
    """Members that read all there is."""

    def __init__(self, server, path, count, **more):
        self.selector = selectors.DefaultSelector()
        self.members = [WebSocket(server, path, **more)
                        for _ in range(count)]
        for ws in self.members:
            ws.sock.setblocking(False)
            self.selector.register(ws.sock, selectors.EVENT_READ)

    def read(self, seconds):
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            for key, _ in self.selector.select(left):
                key.fileobj.recv(1 << 18)


def many_bytes(server, stop, ready):
    sink = Sink(server, "/chat/big", 3000)
    ready.set()
    while not stop.is_set():        # 240 KB a second, 60 KB at once
        sink.members[0].sock.sendall(frame(BINARY, b"x" * 60000))
        sink.read(0.25)


def many_tellings(server, stop, ready):
    sink = Sink(server, "/ws/many", 6000, protocols="chatd.v1")
    ready.set()
    while not stop.is_set():
        with WebSocket(server, "/ws/many"):
            sink.read(0.5)


# ---- rows -------------------------------------------------------------------

class Row:
    def __init__(self, key, title, attack, says=line, path="/chat/tea",
                 beside=None, client=WebSocket, pause=0.02):
        self.key, self.title, self.attack = key, title, attack
        self.says, self.path, self.client = says, path, client
        self.beside = beside        # stands in both measurements
        self.pause = pause          # seconds between two round trips


ROWS = [
    Row("replay-idle", "joins with history that read nothing", replay(0)),
    Row("replay-drip", "joins with history, 130 KB/s each",
        replay(130 * KB)),
    Row("stopped", "a stopped member beside a flood", stopped, beside=flood),
    Row("slow-70", "a reader of 70 KB/s beside a flood", slow(70 * KB),
        beside=flood),
    Row("slow-200", "a reader of 200 KB/s beside a flood", slow(200 * KB),
        beside=flood),
    Row("slow-400", "a reader of 400 KB/s beside a flood", slow(400 * KB),
        beside=flood),
    Row("majority", "five readers of 200 KB/s beside a flood",
        slow(200 * KB, 5), beside=flood),
    Row("half", "260 half-sent messages; in pieces", half_messages, pieces),
    Row("half-packed", "70 half-sent compressed ones; the same", half_packed,
        packed, client=Deflated),
    Row("slow-echo", "300 echoes read at 15 KB/s; in pieces", slow_echoes,
        pieces),
    Row("many-bytes", "3000 members, 240 KB/s; an echo", many_bytes,
        path="/echo"),
    Row("many-told", "6000 v1 members, joins and leaves; an echo",
        many_tellings, path="/echo"),
]


# ---- a run ------------------------------------------------------------------

def on_load_core(nice, run, *args):
    os.sched_setaffinity(0, {LOAD_CORE % os.cpu_count()})
    os.nice(nice)
    run(*args)


def spawn(nice, run, *args):
    process = context.Process(target=on_load_core, args=(nice, run, *args),
                              daemon=True)
    process.start()
    return process


def measure(server, row, seconds):
    """Round trips in seconds, sorted; how many were refused or lost."""
    ours, theirs = context.Pipe(False)
    process = spawn(0, honest, server, row, seconds, theirs)
    theirs.close()
    took, lost = ours.recv()
    process.join()
    return sorted(took), lost


def long_turns(server, port):
    """Turns of the server so far, and those of more than 25 ms."""
    with Peer(server, port=port) as peer:
        text = peer.ask("/metrics").body.decode()
    upto = {float(le): int(n) for le, n in re.findall(
        r'^chatd_turn_seconds_bucket{le="([^"]+)"} (\d+)$', text, re.M)}
    below = max(le for le in upto if le <= LONG_TURN)
    return upto[float("inf")] - upto[below]


def run_row(row, seconds):
    port = support.free_port()
    server = support.Server("--metrics", "127.0.0.1:%d" % port, "-c",
                            "12000", "--log", "warn", starts=False,
                            wrapper=["taskset", "-c", SERVER_CORE])
    stop, processes = context.Event(), []

    def begin(attack):
        """Until it stands, and one second more."""
        ready = context.Event()
        processes.append(spawn(10, attack, server, stop, ready))
        if not ready.wait(GUARD * 6):
            raise SystemExit(row.key + ": the attack does not stand")
        time.sleep(1)
    try:
        if row.beside:
            begin(row.beside)
        without = measure(server, row, seconds)
        begin(row.attack)
        before = long_turns(server, port)
        beside = measure(server, row, seconds)
        return without, beside, long_turns(server, port) - before
    finally:
        stop.set()
        for process in processes:
            process.join(5)
            process.kill()
        server.kill()


def figures(took):
    """p50, p99 and worst, in milliseconds."""
    if not took:
        return None
    return [1000 * took[min(len(took) - 1, len(took) * p // 100)]
            for p in (50, 99, 100)]


def show(row, without, beside, turns):
    """One line of the table."""
    cells = []
    for took, _ in (without, beside):
        three = figures(took)
        cells += ["%9.1f" % f for f in three] if three else ["%9s" % "-"] * 3
    ratio = "-"
    if without[0] and beside[0]:
        ratio = "%.1f" % (figures(beside[0])[1] / figures(without[0])[1])
    print("%-43s%s%8s%6d%7d" % (row.title, "".join(cells), ratio, beside[1],
                                turns), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chatd", default=support.CHATD)
    parser.add_argument("--seconds", type=float, default=5,
                        help="to measure, each time")
    parser.add_argument("--rows", help="keys, separated by commas")
    o = parser.parse_args()
    support.CHATD = os.path.abspath(o.chatd)
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    print("%-43s%27s%27s%8s%6s%7s" % ("", "without: p50  p99  worst",
                                      "beside: p50  p99  worst", "x p99",
                                      "lost", ">25ms"))
    for row in ROWS:
        if not o.rows or row.key in o.rows.split(","):
            show(row, *run_row(row, o.seconds))


if __name__ == "__main__":
    main()
