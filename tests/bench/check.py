#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Goal: every check of wsbench can fail. A small server does one thing wrong,
and wsbench must end with that very complaint; a server that does nothing
wrong must pass. usage: check.py WSBENCH"""

import base64
import hashlib
import os
import signal
import socket
import subprocess
import sys
import threading

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
WRONG_AT = 30    # the message, counted over all clients, that goes wrong

ECHO = "echo --connections 4 --depth 4 --count 200".split()
BROADCAST = "broadcast --members 4 --senders 2 --size 40 --count 400".split()
TERM = f"idle --connections 4 --time 0 --term --pid {os.getpid()}".split()

# fault: traffic, what wsbench must say; None: it must pass
FAULTS = {
    "none": (ECHO, None),
    "fragments with a ping between": (ECHO, None),
    "none in a room": (BROADCAST, None),
    "wrong accept": (ECHO, "does not match the key"),
    "status": (ECHO, "status is not 101"),
    "extension": (ECHO, "nobody offered"),
    "byte": (ECHO, "came back changed"),
    "short": (ECHO, "came back too short"),
    "lost": (ECHO, "came back changed"),
    "twice": (ECHO, "came back changed"),
    "text": (ECHO, "text came back as binary, or binary as text"),
    "masked": (ECHO, "masked frame"),
    "reserved bit": (ECHO, "reserved bit"),
    "long form of a length": (ECHO, "shortest form"),
    "continuation of nothing": (ECHO, "continuation of no message"),
    "message in a message": (ECHO, "inside another"),
    "long ping": (ECHO, "long control frame"),
    "close": (ECHO, "close code 1013"),
    "drop": (ECHO, "dropped"),
    "no close": (ECHO, "without a Close"),
    "lost in a room": (BROADCAST, "another order"),
    "twice in a room": (BROADCAST, "out of order"),
    "swapped in a room": (BROADCAST, "another order"),
    "leaves": (TERM, None),
    "leaves with 1000": (TERM, "close code 1000"),
    "leaves without a word": (TERM, "dropped"),
    "leaves all but one": (TERM, "not closed in time"),
}


def header(first, length):
    if length < 126:
        return bytes([first, length])
    return bytes([first, 126]) + length.to_bytes(2, "big")


def frame(payload, first=0x82):
    return header(first, len(payload)) + payload


class Server:
    def __init__(self, fault):
        self.fault, self.count, self.held = fault, 0, None
        self.members, self.lock = [], threading.Lock()
        self.leaving = False
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection = self.listener.accept()[0]
            threading.Thread(target=self.serve, args=(connection,),
                             daemon=True).start()

    def serve(self, connection):
        try:
            self.talk(connection, connection.makefile("rb"))
        except (OSError, ValueError):
            pass    # wsbench has gone, as it should
        connection.close()

    def talk(self, connection, stream):
        path = self.shake_hands(connection, stream)
        self.members.append(connection)
        while True:
            opcode, payload = self.read(stream)
            if opcode == 8:
                if self.fault != "no close" and not self.leaving:
                    connection.sendall(frame(payload, 0x88))
                connection.shutdown(socket.SHUT_WR)
                return
            if opcode != 2:
                continue
            with self.lock:
                self.count += 1
                if path == b"/echo":
                    connection.sendall(self.echo(payload))
                else:
                    self.publish(payload)

    def shake_hands(self, connection, stream):
        path = stream.readline().split()[1]
        for line in iter(stream.readline, b"\r\n"):
            if line.startswith(b"Sec-WebSocket-Key: "):
                key = line.split()[1]
        if self.fault == "wrong accept":
            key = key[::-1]
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        status = b"404 No" if self.fault == "status" else b"101 Yes"
        more = b""
        if self.fault == "extension":
            more = b"Sec-WebSocket-Extensions: permessage-deflate\r\n"
        connection.sendall(
            b"HTTP/1.1 " + status + b"\r\nUpgrade: websocket\r\n"
            b"Connection: Upgrade\r\n" + more +
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        return path

    def read(self, stream):
        first, length = stream.read(2)
        length &= 127
        if length == 126:
            length = int.from_bytes(stream.read(2), "big")
        key = stream.read(4)
        payload = stream.read(length)
        return first & 15, bytes(b ^ key[i % 4]
                                 for i, b in enumerate(payload))

    def echo(self, p):
        """The bytes that answer an echo of p."""
        if self.fault == "fragments with a ping between":
            return frame(p[:3], 0x02) + frame(b"?", 0x89) + frame(p[3:], 0x80)
        if self.count != WRONG_AT:
            return frame(p)
        if self.fault == "drop":
            raise OSError
        return {
            "byte": frame(p[:-1] + bytes([p[-1] ^ 1])),
            "short": frame(p[:-1]),
            "lost": b"",
            "twice": frame(p) + frame(p),
            "text": frame(p, 0x81),
            "masked": bytes([0x82, 0x81, 1, 2, 3, 4, 5]),
            "reserved bit": frame(p, 0xC2),
            "long form of a length": bytes([0x82, 126, 0, len(p)]) + p,
            "continuation of nothing": frame(p, 0x80),
            "message in a message": frame(p[:3], 0x02) + frame(p),
            "long ping": frame(bytes(126), 0x89),
            "close": frame(b"\x03\xf5", 0x88),
        }.get(self.fault, frame(p))

    def publish(self, p):
        """Member 3 gets what is wrong."""
        fault = self.fault.split()[0]
        for number, member in enumerate(self.members):
            out = frame(p)
            if number == 3 and self.count == WRONG_AT:
                self.held = out
                out = {"lost": b"", "twice": out * 2,
                       "swapped": b""}.get(fault, out)
            elif number == 3 and self.count == WRONG_AT + 1:
                out += self.held if fault == "swapped" else b""
            member.sendall(out)


    def leave(self, *_):
        """SIGTERM, for --term."""
        self.leaving = True
        code = 1000 if self.fault.endswith("1000") else 1001
        for member in self.members[self.fault == "leaves all but one":]:
            if self.fault.endswith("word"):
                member.shutdown(socket.SHUT_WR)
            else:
                member.sendall(frame(code.to_bytes(2, "big"), 0x88))


def check(wsbench, fault, traffic, complaint):
    server = Server(fault)
    signal.signal(signal.SIGTERM, server.leave)
    run = subprocess.run(
        [wsbench, *traffic, "--warmup", "0", "--port", str(server.port)],
        capture_output=True, text=True, timeout=60, check=False)
    right = (run.returncode == 0 if complaint is None else
             run.returncode == 1 and complaint in run.stderr)
    if not right:
        print(f"{fault}: wanted {complaint}, got {run.returncode}: "
              f"{run.stderr.strip()}")
    return right


def main():
    results = [check(sys.argv[1], fault, *wanted)
               for fault, wanted in FAULTS.items()]
    print(f"wsbench: {sum(results)} of {len(results)} checks")
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
