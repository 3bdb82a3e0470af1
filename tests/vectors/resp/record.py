#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Records what a real redis-server answers, as vectors for test_resp.c.

    tests/vectors/resp/record.py | clang-format > tests/vectors/resp/redis.h

Starts redis-server (Debian: redis-server; 7.0 or later) on a unix socket in a
folder of its own, brings it into each trouble there is, and prints what it
said, with what that means. The meaning is found by the reader below, which is
not ours in C: each is a test of the other.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time

EPOCH = "4611686018427387904"
HEAD = """/* SPDX-License-Identifier: MIT */
/*
 * What redis-server %s answered: made by record.py, not by hand.
 */
#ifndef VECTORS_RESP_REDIS_H
#define VECTORS_RESP_REDIS_H

#include "vectors/resp.h"

static const struct resp_vector resp_redis_vectors[] = {"""


def visible(text):
    """As test_resp.c tells bytes."""
    return "".join(chr(b) if 0x20 <= b < 0x7F and b not in b'"\\'
                   else "\\x%02X" % b for b in text)


class Connection:
    """One client; it keeps all that was said to it."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(10)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")
        self.said = b""

    def send(self, *words):
        words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
        self.socket.sendall(b"*%d\r\n" % len(words) + b"".join(
            b"$%d\r\n%s\r\n" % (len(w), w) for w in words))

    def read(self, size):
        self.said += size
        return size

    def tell(self):
        """One reply, in the words of test_resp.c."""
        line = self.read(self.file.readline())
        kind, rest = line[:1], line[1:-2]
        if kind in b"+-":
            return kind.decode() + visible(rest)
        if kind == b":":
            return line[:-2].decode()
        count = int(rest)
        if count < 0:
            return "nil"
        if kind == b"$":
            return '"%s"' % visible(self.read(self.file.read(count + 2))[:-2])
        return " ".join(["[%d" % count] +
                        [self.tell() for _ in range(count)] + ["]"])

    def __call__(self, *words):
        self.send(*words)
        return self.tell()

    def take(self):
        said, self.said = self.said, b""
        return said


def literal(text):
    """A C string, one literal for each line of it."""
    out = ""
    for line in text.splitlines(keepends=True) or [b""]:
        out += '"%s"\n' % "".join(
            {10: "\\n", 13: "\\r", 34: '\\"', 92: "\\\\"}.get(b) or
            (chr(b) if 0x20 <= b < 0x7F else "\\%03o" % b) for b in line)
    return out


class Server:
    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="record.")
        self.path = os.path.join(self.folder, "s")
        self.data = os.path.join(self.folder, "data")
        os.mkdir(self.data)
        self.process = subprocess.Popen(
            ["redis-server", "--port", "0", "--unixsocket", self.path,
             "--dir", self.data, "--save", "3600 1"],
            stdout=subprocess.DEVNULL)
        for _ in range(100):
            if os.path.exists(self.path):
                break
            time.sleep(0.05)

    def connect(self):
        return Connection(self.path)

    def end(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)


def record(name, connection, *words):
    connection.take()
    told = connection(*words)
    keep(name, connection, told)


def keep(name, connection, told):
    print("{.name = %s, RESP_BYTES(%s), .expect = %s}," % (
        literal(name.encode()), literal(connection.take()),
        literal((told + " .").encode())))


def entries(c):
    record("PING", c, "PING")
    record("CLIENT ID", c, "CLIENT", "ID")
    record("CLIENT KILL of nobody", c, "CLIENT", "KILL", "ID", "99")
    record("ROLE of a master", c, "ROLE")
    record("INFO replication", c, "INFO", "replication")
    record("GET of nothing", c, "GET", "life")
    record("XADD NOMKSTREAM to nothing", c, "XADD", "tea", "NOMKSTREAM",
           EPOCH + "-*", "m", "a")
    record("XADD", c, "XADD", "tea", EPOCH + "-*", "m", "first")
    record("XADD once more", c, "XADD", "tea", "NOMKSTREAM", "MAXLEN", "~",
           1000, EPOCH + "-*", "m", bytes(range(256)))
    record("EXPIRE", c, "EXPIRE", "tea", 86400)
    c("XADD", "mate", "1-1", "m", "", "n", "\r\n$-1\r\n")
    record("XREAD of two streams", c, "XREAD", "COUNT", 64, "STREAMS", "tea",
           "mate", "0-0", "0-0")
    record("XREAD of nothing new", c, "XREAD", "STREAMS", "tea", EPOCH + "-2")
    record("XREAD BLOCK in vain", c, "XREAD", "BLOCK", 1, "STREAMS", "tea",
           EPOCH + "-2")
    record("XRANGE", c, "XRANGE", "tea", EPOCH + "-0", EPOCH + "-0")
    record("XREVRANGE", c, "XREVRANGE", "mate", "+", "-", "COUNT", 1)
    record("XRANGE of nothing", c, "XRANGE", "none", "-", "+")
    record("XADD with the same id", c, "XADD", "mate", "1-1", "m", "x")
    record("XADD of an epoch that is over", c, "XADD", "tea", "7-*", "m", "x")
    c("XADD", "end", "18446744073709551615-18446744073709551615", "m", "x")
    record("the last id there is", c, "XREVRANGE", "end", "+", "-", "COUNT", 1)
    record("XADD behind the last id", c, "XADD", "end", "*", "m", "x")


def mistakes(c, c2):
    record("no such command", c, "XYZZY", "a\r\nb")
    record("an id that is none", c, "XADD", "tea", "x-y", "m", "x")
    c("SET", "k", "v")
    record("WRONGTYPE", c, "XADD", "k", "*", "m", "x")
    c("ACL", "SETUSER", "u", "on", ">pw", "~tea", "+xadd", "+auth")
    record("WRONGPASS", c2, "AUTH", "u", "other")
    record("AUTH", c2, "AUTH", "u", "pw")
    record("NOPERM, a command", c2, "PING")
    record("NOPERM, a key", c2, "XADD", "mate", "*", "m", "x")
    c("CONFIG", "SET", "requirepass", "pw")


def troubles(s, c, c2):
    c("CONFIG", "SET", "maxmemory", 1)
    record("OOM", c, "XADD", "tea", "*", "m", "x")
    c("CONFIG", "SET", "maxmemory", 0, "min-replicas-to-write", 1)
    record("NOREPLICAS", c, "XADD", "tea", "*", "m", "x")
    c("CONFIG", "SET", "min-replicas-to-write", 0, "busy-reply-threshold", 1)
    c2.send("EVAL", "while true do end", 0)
    time.sleep(0.2)
    record("BUSY", c, "PING")
    c("SCRIPT", "KILL")
    c2.tell()
    c2.take()
    c2.send("XREAD", "BLOCK", 0, "STREAMS", "tea", EPOCH + "-2")
    time.sleep(0.2)
    c("REPLICAOF", "127.0.0.1", 1)
    keep("UNBLOCKED", c2, c2.tell())
    record("READONLY", c, "XADD", "tea", "*", "m", "x")
    record("ROLE of a replica", c, "ROLE")
    c("CONFIG", "SET", "replica-serve-stale-data", "no")
    record("MASTERDOWN", c, "XREAD", "STREAMS", "tea", "0-0")
    c("REPLICAOF", "NO", "ONE")
    shutil.rmtree(s.data)
    c("BGSAVE")
    while "bgsave_in_progress:1" in c("INFO", "persistence"):
        time.sleep(0.05)
    record("MISCONF", c, "XADD", "tea", "*", "m", "x")


def main():
    version = subprocess.check_output(["redis-server", "--version"],
                                      text=True).split("v=")[1].split()[0]
    print(HEAD % version)
    s = Server()
    c, c2, c3 = s.connect(), s.connect(), s.connect()
    try:
        entries(c)
        mistakes(c, c2)
        record("NOAUTH", s.connect(), "PING")
        troubles(s, c, c3)
    finally:
        s.end()
    print("};\n\n#endif")


main()
