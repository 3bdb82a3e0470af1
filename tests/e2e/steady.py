#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A well-behaved echo client in a process of its own, so that the attacker's
interpreter (test_hostile.py) does not hold it up.

    steady.py HOST PORT PID

It says small messages, one at a time, and each must come back exactly. At the
same moment it says a byte to a plain echo of its own, the control: on a busy
machine both are late. The server's own doing is what a round trip took longer
than its control, less the time for which the server (PID) wanted a processor
and the kernel gave it none.

One command a line on standard input:

    go          talk
    rest        stop talking; the answer is a line of JSON: how often it
                talked, the worst round trip, the worst of the server's own
                doing, both in milliseconds, and how often that was over LATE
    (the end)   leave with a closing handshake
"""

import json
import os
import select
import socket
import sys
import time

from support import PATIENCE, Server, WebSocket

LATE = 0.1              # seconds
PAUSE = 0.002           # between two round trips


class Away(Server):
    """A server that somebody else has started."""

    def __init__(self, host, port):
        self.host, self.port = host, port


def control():
    """A connection to an echo that does nothing else."""
    listener = socket.create_server(("127.0.0.1", 0))
    near = socket.create_connection(listener.getsockname())
    far, _ = listener.accept()
    listener.close()
    if os.fork() == 0:
        near.close()
        while True:
            data = far.recv(4096)
            if not data:
                os._exit(0)
            far.sendall(data)
    far.close()
    near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return near


class Steady:
    def __init__(self, host, port, pid):
        self.control = control()
        self.pid = pid
        self.ws = WebSocket(Away(host, port))
        self.count = 0
        self.forget()

    def forget(self):
        self.talks, self.late = 0, 0
        self.worst, self.own = 0.0, 0.0

    def kept_waiting(self):
        """Seconds for which the server has been ready to run and did not."""
        try:
            with open("/proc/%d/schedstat" % self.pid) as stat:
                return int(stat.read().split()[1]) / 1e9
        except OSError:         # a kernel that keeps no count of it
            return 0.0

    def talk(self):
        """One round trip of both kinds."""
        self.count += 1
        said = "%d %s" % (self.count, "e" * (self.count % 50))
        waiting = {self.ws.sock: None, self.control: None}
        waited = self.kept_waiting()
        began = time.monotonic()
        self.control.sendall(b"c")
        self.ws.text(said)
        until = began + PATIENCE
        while None in waiting.values():
            left = [s for s in waiting if waiting[s] is None]
            ready, _, _ = select.select(left, [], [],
                                        max(0, until - time.monotonic()))
            if not ready:
                raise TimeoutError("no answer to %r" % said)
            for s in ready:
                waiting[s] = time.monotonic() - began
        if self.control.recv(1) != b"c":
            raise AssertionError("the control is broken")
        got = self.ws.recv_text()
        if got != said:
            raise AssertionError("%r came back as %r" % (said, got))
        took = waiting[self.ws.sock]
        self.note(took, took - waiting[self.control] -
                  (self.kept_waiting() - waited))

    def note(self, took, own):
        self.talks += 1
        self.late += own > LATE
        self.worst = max(self.worst, took)
        self.own = max(self.own, own)

    def tell(self):
        print(json.dumps({"talks": self.talks, "late": self.late,
                          "worst": self.worst * 1000,
                          "own": self.own * 1000}), flush=True)
        self.forget()

    def run(self):
        talking = False
        while True:
            if select.select([0], [], [], PAUSE if talking else None)[0]:
                word = os.read(0, 64).decode().strip()
                if not word:
                    break
                talking = word == "go"
                if not talking:
                    self.tell()
            if talking:
                self.talk()
        self.ws.leave()


if __name__ == "__main__":
    Steady(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])).run()
