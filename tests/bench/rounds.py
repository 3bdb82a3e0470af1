# SPDX-License-Identifier: MIT
"""rounds: run the rows of the bench on several servers, in turns.

A row is one kind of traffic. In a round every server gets every row once, so
that whatever else the machine does in that minute hits all of them; ratios
are taken within a round, and the median over the rounds is what counts. The
server has core 0 to itself and the load generator core 1.
"""

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

SERVER_CORE, LOAD_CORE = "0", "1"
WARMUP, SECONDS = "0.3", "1"


class Row:
    """One kind of traffic, what is read off it, and the aim."""

    def __init__(self, key, title, args, metric="cpu_us", unit="us cpu",
                 aim=None, floor=("echo", 32), fresh=False,
                 units=(4000, 24000)):
        self.key, self.title, self.args = key, title, args.split()
        self.metric, self.unit, self.aim = metric, unit, aim
        self.floor = floor    # mode and message size of the floor to run
        self.fresh = fresh    # wants a server that nobody has used
        self.units = units    # of a short and a long run, for its calls


ROWS = [
    Row("send", "broadcast, 1000 members, 64 B, one at a time",
        "broadcast --members 1000 --size 64 --wait-all",
        aim=1.03, floor=("broadcast", 64)),
    Row("gather", "broadcast, 100 members, 64 B, all sending",
        "broadcast --members 100 --senders 100 --size 64",
        aim=0.03, floor=("broadcast", 64)),
    Row("echo", "echo, 64 clients, 32 B, one in flight",
        "echo --connections 64 --size 32", aim=1.04),
    Row("pipeline", "echo, 64 clients, 32 B, 16 in flight",
        "echo --connections 64 --size 32 --depth 16", aim=1.0),
    Row("large", "echo, 16 clients, 64 KiB",
        "echo --connections 16 --size 65536", aim=1.25,
        floor=("echo", 65536)),
    Row("churn", "connect, handshake, one echo, close",
        "churn --connections 64 --size 32"),
    Row("idle", "idle client, user-space memory",
        "idle --connections 10000", metric="bytes_per_connection",
        unit="bytes", fresh=True),
    Row("rate", "broadcast, 1000 members, 50 a second, p99",
        "broadcast --members 1000 --size 64 --rate 50", metric="p99_us",
        unit="us p99", floor=("broadcast", 64)),
]


class Server:
    """A command that serves /echo and /chat/bench on a port of its choice.

    command(port, row) gives the argument list. Processes are kept and used
    again for rows that ask for the same command."""

    next_port = 20100

    def __init__(self, name, command, options=()):
        self.name, self.command, self.options = name, command, list(options)
        self.running = {}    # what was asked for -> (process, port)

    def start(self, row):
        key = tuple(map(str, self.command(0, row)))
        if key in self.running and not row.fresh:
            process, port = self.running[key]
            if process.poll() is None:
                return process, port
        Server.next_port += 1
        port = Server.next_port
        process = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE,
             *map(str, self.command(port, row))],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        wait_for(port, process, self.name)
        if not row.fresh:
            self.running[key] = (process, port)
        return process, port

    def stop(self):
        for process, _ in self.running.values():
            kill(process)
        self.running = {}


def kill(process):
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def wait_for(port, process, name):
    for _ in range(100):
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if process.poll() is not None:
                sys.exit(f"{name}: exited at start, {process.returncode}")
            time.sleep(0.1)
    sys.exit(f"{name}: does not listen")


def wsbench(build, server, process, port, args):
    """One run. Returns the JSON object, or {"error": line}."""
    command = ["taskset", "-c", LOAD_CORE, f"{build}/wsbench", *args,
               *server.options, "--json", "--port", str(port),
               "--pid", str(process.pid)]
    run = subprocess.run(command, capture_output=True, text=True)
    if run.returncode != 0:
        return {"error": run.stderr.strip() or f"exit {run.returncode}"}
    return json.loads(run.stdout)


def run_row(build, server, row, seconds=SECONDS):
    process, port = server.start(row)
    result = wsbench(build, server, process, port,
                     [*row.args, "--time", seconds, "--warmup", WARMUP])
    if row.fresh:
        kill(process)
    return result


def run_rounds(build, servers, rows, rounds, seconds=SECONDS):
    """results[row key][server name] = a list of one object a round."""
    results = {r.key: {s.name: [] for s in servers} for r in rows}
    for number in range(rounds):
        for row in rows:
            for server in servers:
                progress(f"round {number + 1} of {rounds}: "
                         f"{row.key}, {server.name}")
                results[row.key][server.name].append(
                    run_row(build, server, row, seconds))
    progress("")
    return results


def progress(text):
    if sys.stderr.isatty():
        sys.stderr.write(f"\r{text:<60}\r")
        sys.stderr.flush()


def values(results, metric):
    """The metric of the runs that did not fail."""
    return [r[metric] for r in results if "error" not in r]


def median(results, metric):
    found = values(results, metric)
    return statistics.median(found) if found else None


def ratios(mine, others, metric):
    """Round by round; rounds in which either failed are left out."""
    return [a[metric] / b[metric] for a, b in zip(mine, others)
            if "error" not in a and "error" not in b and b[metric] > 0]


def errors(results):
    """Lines on the runs that failed."""
    return [f"{row}, {server}: {r['error']}"
            for row, servers in results.items()
            for server, runs in servers.items()
            for r in runs if "error" in r]


# ---- system calls -----------------------------------------------------------

CALL_ROWS = [
    Row("send", "per delivery, 200 members, one at a time",
        "broadcast --members 200 --size 64 --wait-all",
        floor=("broadcast", 64)),
    Row("gather", "per delivery, 100 members all sending",
        "broadcast --members 100 --senders 100 --size 64",
        floor=("broadcast", 64)),
    Row("echo", "per echo, 64 clients, one in flight",
        "echo --connections 64 --size 32"),
    Row("pipeline", "per echo, 64 clients, 16 in flight",
        "echo --connections 64 --size 32 --depth 16"),
    Row("large", "per echo, 16 clients, 64 KiB",
        "echo --connections 16 --size 65536", floor=("echo", 65536),
        units=(500, 3000)),
    Row("churn", "per connection: handshake, one echo, close",
        "churn --connections 64 --size 32", units=(500, 3000)),
]


def wait_for_tracer(pid):
    """Until strace is there: what is called before it is not counted."""
    for _ in range(1000):
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            if "TracerPid:\t0\n" not in status.read():
                return
        time.sleep(0.01)


def counted(build, server, row, count):
    """System calls of the server in one run of `count` units, by strace."""
    process, port = server.start(row)
    with tempfile.NamedTemporaryFile("r") as out:
        strace = subprocess.Popen(
            ["strace", "-c", "-f", "-o", out.name, "-p", str(process.pid)],
            stderr=subprocess.DEVNULL)
        wait_for_tracer(process.pid)
        result = wsbench(build, server, process, port,
                         [*row.args, "--warmup", "0", "--count", str(count)])
        strace.send_signal(signal.SIGINT)
        strace.wait()
        for line in out.read().splitlines():
            if line.endswith(" total"):
                fields = line.split()
                return result, int(fields[3])
    return {"error": "strace counted nothing"}, 0


def calls_per_unit(build, server, row):
    """What one unit more costs: openings and closings cancel out. Both runs
    end where a turn does, so the units they really did are what divides."""
    first, few = counted(build, server, row, row.units[0])
    second, many = counted(build, server, row, row.units[1])
    if "error" in first or "error" in second:
        return None
    return (many - few) / (second["done"] - first["done"])
