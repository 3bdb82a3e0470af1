#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What --redis costs: usage: scripts/bench --redis

Three tables, on a redis-server of its own that keeps nothing on disk:

    latency   from one client to another at 1,000 messages a second: without
              Redis, through Redis to the same node, and to another one
    nodes     Redis' CPU time of a message that 1, 2 and 4 nodes read
    commands  the same of what chatd says to Redis, and of a Lua script that
              counts in a hash, appends to a stream and publishes (as
              Centrifugo does), from one small client that says either: so
              many messages in one write, to 1 and 4 readers

Latency is the median of the rounds' percentiles, each round has all rows in
turns. CPU time is the server process's own clock."""

import argparse
import contextlib
import json
import os
import select
import statistics
import subprocess
import sys
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(ROOT, "tests", "e2e"))
import support  # noqa: E402
from redis import Redis, command  # noqa: E402
from support import TEXT, Peer, WebSocket, frame, until_true  # noqa: E402

WSBENCH = os.path.join(ROOT, "build", "bench", "wsbench")
RATE = 1000
NODES = (1, 2, 4)
DEPTHS, READERS = (1, 16, 64), (1, 4)
PAYLOAD = b"x" * 200
HISTORY = 1000
HEAD = "%-46s"

# The calls of Centrifugo's, in our words: KEYS stream, meta; ARGV payload,
# entries, seconds, channel, epoch of a new one.
SCRIPT = b"""
local epoch = redis.call('HGET', KEYS[2], 'e')
if not epoch then
    epoch = ARGV[5]
    redis.call('HSET', KEYS[2], 'e', epoch)
end
local n = redis.call('HINCRBY', KEYS[2], 's', 1)
redis.call('EXPIRE', KEYS[2], ARGV[3])
redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[2], n, 'd', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', ARGV[4], '__p1:' .. n .. ':' .. epoch .. '__' .. ARGV[1])
return {n, epoch}
"""


class Case(contextlib.ExitStack):
    """What redis.py wants of a test."""

    addCleanup = contextlib.ExitStack.callback

    @staticmethod
    def skipTest(why):
        sys.exit("scripts/bench --redis: " + why)


def node(case, server, *options):
    """A chatd, with this Redis or none."""
    if server:
        options = ("--redis", server.address, *options)
    started = support.Server("--log", "warn", *options, starts=False)
    case.addCleanup(started.kill)
    if server:
        def is_here():
            """is Redis here?"""
            with Peer(started) as peer:
                return peer.ask("/healthz").json().get("redis") == "here"
        until_true(is_here)
    return started


# ---- latency ----------------------------------------------------------------

def latencies(sender, receiver, seconds):
    """Microseconds that each message took from one socket to the other."""
    said, took = [], []
    began = time.monotonic()
    count, buffer = int(RATE * seconds), bytearray()
    while len(took) < count:
        now = time.monotonic()
        if now > began + seconds + 5:
            sys.exit("%d of %d messages came" % (len(took), count))
        due = min(count, int((now - began) * RATE) + 1)
        while len(said) < due:
            said.append(time.monotonic())
            sender.sock.sendall(frame(TEXT, b"%08d" % len(said) * 8,
                                      mask=b"abcd"))
        wait = began + len(said) / RATE - time.monotonic()
        for sock in select.select([sender.sock, receiver.sock], [], [], max(
                0, wait) if len(said) < count else 1)[0]:
            data = sock.recv(65536)
            if sock is receiver.sock:
                buffer += data
                while len(buffer) >= 66:        # 2 and 64 bytes
                    del buffer[:66]
                    took.append(time.monotonic() - said[len(took)])
    return sorted(t * 1e6 for t in took)


def show_latency(server, rounds, seconds):
    rows = [("without Redis", None, 0), ("Redis, to the same node", server, 0),
            ("Redis, to another node", server, 1)]
    found = {title: [] for title, _, _ in rows}
    for _ in range(rounds):
        for title, with_, other in rows:
            with Case() as case:
                nodes = [node(case, with_) for _ in range(1 + other)]
                ends = [WebSocket(n, "/chat/latency")
                        for n in (nodes[0], nodes[-1])]
                latencies(*ends, 0.5)           # warm
                found[title].append(latencies(*ends, seconds))
    print(HEAD % "1,000 messages a second" + "%10s%10s" % ("p50 us",
                                                           "p99 us"))
    for title, times in found.items():
        print(HEAD % title + "%10.0f%10.0f" % tuple(
            statistics.median(t[int(len(t) * part)] for t in times)
            for part in (0.5, 0.99)))
    return {t: [[x[len(x) // 2], x[int(len(x) * .99)]] for x in times]
            for t, times in found.items()}


# ---- nodes ------------------------------------------------------------------

def last_number(server):
    found = server("XREVRANGE", "chatd:r:bench", "+", "-", "COUNT", 1)
    return int(found[0][0].split(b"-")[1]) + 1 if found else 0


def swallow(sock):
    """What comes is read, and forgotten."""
    with contextlib.suppress(OSError):
        while sock.recv(1 << 18):
            pass


def cpu_of_nodes(count, load, seconds):
    """(Redis' microseconds of CPU a message, messages a second)"""
    with Case() as case:
        server = Redis(case)
        nodes = [node(case, server) for _ in range(count)]
        for other in nodes[1:]:
            ws = WebSocket(other, "/chat/bench")
            ws.sock.settimeout(60)
            case.callback(ws.close)
            threading.Thread(target=swallow, args=(ws.sock,),
                             daemon=True).start()
        bench = subprocess.Popen(
            [WSBENCH, "broadcast", "--port", str(nodes[0].port),
             "--path", "/chat/bench", "--size", "200", *load.split(),
             "--time", str(seconds + 2), "--json"],
            stdout=subprocess.PIPE, text=True)
        case.callback(bench.wait)
        case.callback(bench.kill)
        time.sleep(1)
        began, cpu, number = (time.monotonic(), server.cpu(),
                              last_number(server))
        time.sleep(seconds)
        took, cpu, number = (time.monotonic() - began, server.cpu() - cpu,
                             last_number(server) - number)
        out, _ = bench.communicate()
        if bench.returncode or number <= 0:
            sys.exit("wsbench: %s, %d messages" % (out, number))
        return cpu / number * 1e6, number / took


def show_nodes(rounds, seconds):
    loads = [("1,000 a second", "--members 10 --rate 1000"),
             ("50 members, as fast as it goes",
              "--members 50 --senders 50")]
    print("\n" + HEAD % "Redis' CPU us a message (messages a second)" +
          "".join("%18s" % ("%d nodes" % n if n > 1 else "1 node")
                  for n in NODES))
    kept = {}
    for title, load in loads:
        found = [[cpu_of_nodes(n, load, seconds) for n in NODES]
                 for _ in range(rounds)]
        medians = [[statistics.median(f[i][j] for f in found)
                    for j in (0, 1)] for i in range(len(NODES))]
        print(HEAD % title + "".join(
            "%9.1f (%6.0f)" % tuple(m) for m in medians))
        kept[title] = found
    return kept


# ---- commands ---------------------------------------------------------------

def answers(client, count):
    for _ in range(count):
        client.answer()


def by_streams(server, depth, readers, batches):
    """As chatd does: a node writes and reads back, others read when the bell
    has told them; all wait for it."""
    writer = server.client()
    bells = [server.client() for _ in range(readers)]
    nodes = [writer] + [server.client() for _ in range(readers - 1)]
    writer("XADD", "chatd:bell", "*", "n", "a", "r", "tea")
    bell = writer("XREVRANGE", "chatd:bell", "+", "-", "COUNT", 1)[0][0]
    one = command("XADD", "chatd:r:tea", "NOMKSTREAM", "MAXLEN", "~", HISTORY,
                  "1234567890123-*", "m", PAYLOAD)
    place = writer("XADD", "chatd:r:tea", "1234567890123-*", "m", PAYLOAD)
    ring = command("XADD", "chatd:bell", "MAXLEN", "~", 1000, "*", "n", "a",
                   "r", "tea")
    for _ in range(batches):
        for b in bells:
            b.send("XREAD", "BLOCK", 2000, "STREAMS", "chatd:bell", bell)
        read = command("XREAD", "COUNT", 64, "STREAMS", "chatd:r:tea", place)
        writer.socket.sendall(one * depth + ring + read)
        answers(writer, depth + 1)
        place = writer.answer()[0][1][-1][0]
        for b in bells:
            bell = b.answer()[0][1][-1][0]
        for n in nodes[1:]:
            n.socket.sendall(read)
            n.answer()
    for client in nodes + bells:
        client.close()


def by_script(server, depth, readers, batches):
    """As Centrifugo does: one script a message, and subscribers."""
    writer = server.client()
    sha = writer("SCRIPT", "LOAD", SCRIPT)
    subscribers = [server.client() for _ in range(readers)]
    for s in subscribers:
        s("SUBSCRIBE", "tea")
    one = command("EVALSHA", sha, 2, "s:tea", "m:tea", PAYLOAD, HISTORY,
                  86400, "tea", "epoch")
    for _ in range(batches):
        writer.socket.sendall(one * depth)
        answers(writer, depth)
        for s in subscribers:
            answers(s, depth)
    for client in [writer] + subscribers:
        client.close()


def show_commands(rounds, messages):
    print("\n" + HEAD % "Redis' CPU us a message of 200 B" + "".join(
        "%12s" % t for t in ("streams", "script", "ratio")))
    kept = {}
    for readers in READERS:
        for depth in DEPTHS:
            found = {by_streams: [], by_script: []}
            for _ in range(rounds):
                for way, times in found.items():
                    with Case() as case:
                        server = Redis(case)
                        way(server, depth, readers, 50)
                        cpu, batches = server.cpu(), messages // depth
                        way(server, depth, readers, batches)
                        times.append((server.cpu() - cpu) / batches / depth *
                                     1e6)
            a, b = (statistics.median(t) for t in found.values())
            title = "%d in one write, %d reader%s" % (
                depth, readers, "s" if readers > 1 else "")
            print(HEAD % title + "%12.1f%12.1f%12.2f" % (a, b, a / b),
                  flush=True)
            kept[title] = [found[by_streams], found[by_script]]
    return kept


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--messages", type=int, default=12800)
    parser.add_argument("--chatd", default=os.path.join(ROOT, "chatd"))
    parser.add_argument("--tables", default="latency,nodes,commands")
    parser.add_argument("--json", metavar="FILE", help="keep all here")
    o = parser.parse_args()
    support.CHATD = os.path.abspath(o.chatd)
    kept, tables = {}, o.tables.split(",")
    if "latency" in tables:
        with Case() as case:
            kept["latency"] = show_latency(Redis(case), o.rounds, o.seconds)
    if "nodes" in tables:
        kept["nodes"] = show_nodes(o.rounds, o.seconds)
    if "commands" in tables:
        kept["commands"] = show_commands(o.rounds, o.messages)
    if o.json:
        with open(o.json, "w", encoding="utf-8") as out:
            json.dump(kept, out, indent=1)


if __name__ == "__main__":
    main()
