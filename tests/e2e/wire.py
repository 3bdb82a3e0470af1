#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Two network namespaces and a bad wire between them, for test_network.py.

    wire.py SEED

Each namespace has one Ethernet interface, `wire`, whose other end is this
process (tun(4)): every frame passes through it, and is lost, delayed, sent
ahead of others or twice as a generator of random numbers says, whose seed is
given. That is what the kernel's netem does; but not every kernel has it, and
none takes a seed.

Nobody has to clean up. A namespace without a name is gone with the last
process in it, and so is the interface with the descriptor behind it.

First one line of JSON on standard output: {"namespaces": [a file each]}, or
{"error": why there can be none}. Then commands on standard input, a line of
JSON each, answered with a line of JSON, the counters so far:

    {"loss": 2, "delay": [10, 5], "first": 5, "twice": 1}
                        percent, milliseconds and more or less so many; what
                        is missing is 0. "first": at once, ahead of the others
    {"cut": true}       nothing gets through, or false: again
    {"unplug": 1}       the interface of namespace 1 ceases to be
    {}                  only count
"""

import ctypes
import fcntl
import heapq
import itertools
import json
import os
import random
import select
import struct
import subprocess
import sys
import time

ADDRESSES = "10.77.0.1", "10.77.0.2"
CLONE_NEWNET = 0x40000000
TUNSETIFF, IFF_TAP, IFF_NO_PI = 0x400454CA, 0x0002, 0x1000
ARP = b"\x08\x06"
FRAME_MAX = 65536

_libc = ctypes.CDLL(None, use_errno=True)


def enter(path):
    """Puts this thread into a network namespace."""
    with open(path) as ns:
        if _libc.setns(ns.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns " + path)


def namespace(address):
    """(descriptor of a fresh namespace, descriptor of its interface's other
    end); this process is left in it."""
    if _libc.unshare(CLONE_NEWNET) != 0:
        number = ctypes.get_errno()
        raise OSError(number, "a network namespace: " + os.strerror(number))
    tap = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
    fcntl.ioctl(tap, TUNSETIFF,
                struct.pack("16sH22x", b"wire", IFF_TAP | IFF_NO_PI))
    for command in ("link set lo up", "link set wire up",
                    "addr add %s/24 dev wire" % address):
        subprocess.run(["ip", *command.split()], check=True)
    return os.open("/proc/self/ns/net", os.O_RDONLY), tap


class Wire:
    def __init__(self, taps, seed):
        self.taps = list(taps)
        self.random = random.Random(seed)
        self.rules = {}
        self.cut = False
        self.order = itertools.count()
        self.flying = []                # (when, order, tap it goes to, frame)
        self.counts = dict.fromkeys(
            ("frames", "lost", "first", "twice", "cut"), 0)

    def chance(self, name):
        """Whether this time, by the percentage of that name."""
        if self.random.random() * 100 >= self.rules.get(name, 0):
            return False
        self.counts[name] += 1
        return True

    def pause(self):
        """Seconds on the way."""
        middle, width = self.rules.get("delay", (0, 0))
        return max(0, self.random.uniform(middle - width, middle + width)
                   ) / 1000

    def take(self, frame, to):
        self.counts["frames"] += 1
        if self.cut or to is None:
            self.counts["cut"] += 1
            return
        arp = frame[12:14] == ARP       # when lost it is a second's silence
        if not arp and self.chance("lost"):
            return
        for _ in range(1 + self.chance("twice")):
            when = time.monotonic()
            if not self.chance("first"):
                when += self.pause()
            heapq.heappush(self.flying, (when, next(self.order), to, frame))

    def deliver(self):
        while self.flying and self.flying[0][0] <= time.monotonic():
            _, _, to, frame = heapq.heappop(self.flying)
            try:
                if to in self.taps:
                    os.write(to, frame)
            except OSError:
                pass                    # its interface is down

    def read(self, tap):
        at = self.taps.index(tap)
        for _ in range(64):
            try:
                frame = os.read(tap, FRAME_MAX)
            except OSError:             # nothing more, or it is down
                return
            self.take(frame, self.taps[1 - at])

    def command(self, line):
        order = json.loads(line)
        if "cut" in order:
            self.cut = order["cut"]
        elif "unplug" in order:
            os.close(self.taps[order["unplug"]])
            self.taps[order["unplug"]] = None
        elif order:
            self.rules = {"lost" if k == "loss" else k: v
                          for k, v in order.items()}
        print(json.dumps(self.counts), flush=True)

    def run(self):
        while True:
            wait = None
            if self.flying:
                wait = max(0, self.flying[0][0] - time.monotonic())
            taps = [tap for tap in self.taps if tap is not None]
            ready, _, _ = select.select([0, *taps], [], [], wait)
            for fd in ready:
                if fd != 0:
                    self.read(fd)
            self.deliver()
            if 0 in ready:
                line = sys.stdin.readline()
                if not line:
                    return
                self.command(line)


def main():
    try:
        both = [namespace(address) for address in ADDRESSES]
    except (OSError, subprocess.CalledProcessError) as error:
        print(json.dumps({"error": str(error)}), flush=True)
        return
    print(json.dumps({"namespaces": ["/proc/%d/fd/%d" % (os.getpid(), ns)
                                     for ns, _ in both]}), flush=True)
    Wire([tap for _, tap in both], int(sys.argv[1])).run()


if __name__ == "__main__":
    main()
