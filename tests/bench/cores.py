#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""What another worker costs, and what N cores would give.

    scripts/bench --cores

The same load on chatd with one worker and with two, in turns; of both the CPU
time of a delivery, the keeper's included. With two, each message is read and
made into frames twice, once by each worker, and the other one is to be woken:
that much more than one worker's, k times it, is what each further one costs, too.
So n cores carry n / (1 + (n - 1) k) times what one does, as long as the members
of a room are on all of them.

"a write" is how many messages a packet of data carries: all that were said since
the one before. Who has less to do writes sooner, and so fewer at a time; that
costs more a delivery, though not a write. So the members must not answer later
where there are two workers: the load goes before both (SCHED_FIFO, for which it
wants root), as if it were on a machine of its own."""

import argparse
import json
import os
import signal
import statistics
import subprocess
import sys
import time

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
WSBENCH = os.path.join(ROOT, "build", "bench", "wsbench")
BEFORE, WINDOW, AFTER = 1.2, 1.5, 0.5   # seconds of a run
CORES = (2, 4, 8, 16)

SCENES = [
    ("a room of 1,000, one message at a time", 1,
     "--members 1000 --size 64 --wait-all"),
    ("a room of 1,000, 50 messages a second", 1,
     "--members 1000 --size 64 --rate 50"),
    ("a room of 1,000, 50 members talk at once", 1,
     "--members 1000 --senders 50 --size 64"),
    ("a room of 100, all talk at once", 1,
     "--members 100 --senders 100 --size 64"),
    ("20 rooms of 10, one talks in each", 20,
     "--members 10 --size 64"),
    ("20 rooms of 10, all talk at once", 20,
     "--members 10 --senders 10 --size 64"),
]


def load_command():
    """What the load is started with: before all that is not real-time."""
    first = ["chrt", "--fifo", "1"]
    may = subprocess.run([*first, "true"], stderr=subprocess.DEVNULL,
                         check=False).returncode == 0
    if not may:
        print("no right to SCHED_FIFO: the load waits for the workers")
    return [*first, WSBENCH] if may else [WSBENCH]


def crew_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as f:
        return [pid, *map(int, f.read().split())]


def cpu_seconds(pids):
    total = 0
    for pid in pids:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as f:
            total += int(f.read().split()[0])
    return total / 1e9


def packets():
    """Packets of data that TCP has sent here (TcpExt of netstat)."""
    with open("/proc/net/netstat", encoding="ascii") as f:
        names, values = (line.split() for line in f
                         if line.startswith("TcpExt:"))
    return int(values[names.index("TCPOrigDataSent")])


def run(chatd, workers, rooms, load, args, port):
    """Microseconds of CPU a delivery, and deliveries a packet."""
    server = subprocess.Popen(
        [chatd, "--addr", f"127.0.0.1:{port}", "--workers", str(workers),
         "--log", "warn"], stderr=subprocess.DEVNULL)
    loads = []
    try:
        time.sleep(0.3)
        seconds = str(BEFORE + WINDOW + AFTER)
        loads = [subprocess.Popen(
            [*load, "broadcast", "--port", str(port), "--path",
             f"/chat/r{r}", *args.split(), "--time", seconds, "--json"],
            stdout=subprocess.PIPE, text=True) for r in range(rooms)]
        time.sleep(BEFORE)
        crew = crew_of(server.pid)
        began, before, sent = time.monotonic(), cpu_seconds(crew), packets()
        time.sleep(WINDOW)
        took, after = time.monotonic() - began, cpu_seconds(crew)
        sent = packets() - sent
        found = [json.loads(p.communicate()[0]) for p in loads]
    finally:
        for process in loads:
            if process.poll() is None:
                process.kill()
            process.wait()
        server.send_signal(signal.SIGTERM)
        server.wait()
    deliveries = sum(f["per_second"] for f in found) * took
    return (after - before) / deliveries * 1e6, deliveries / sent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--chatd", default=os.path.join(ROOT, "chatd"))
    o = parser.parse_args()
    port, load = 21000, load_command()
    print(f"{'CPU us a delivery':<43}{'1':>6}{'2':>7}  {'ratio (range)':<19}"
          f"{'a write':>12}"
          + "".join(f"{f'{n} cores':>9}" for n in CORES))
    for title, rooms, args in SCENES:
        pairs = []
        for _ in range(o.rounds):
            port += 2
            pairs.append([run(o.chatd, w, rooms, load, args, port + w - 1)
                          for w in (1, 2)])
        one, two = (statistics.median(p[w][0] for p in pairs) for w in (0, 1))
        writes = [statistics.median(p[w][1] for p in pairs) for w in (0, 1)]
        ratios = [b[0] / a[0] for a, b in pairs]
        ratio = statistics.median(ratios)
        shown = f"{ratio:.2f} ({min(ratios):.2f}-{max(ratios):.2f})"
        carries = " and ".join(f"{w:.0f}" for w in writes)
        print(f"{title:<43}{one:>6.2f}{two:>7.2f}  {shown:<19}{carries:>12}"
              + "".join(f"{n / (1 + (n - 1) * max(ratio - 1, 0)):>9.1f}"
                        for n in CORES))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
