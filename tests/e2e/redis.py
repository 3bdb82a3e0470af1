# SPDX-License-Identifier: MIT
"""A real redis-server (or Valkey) of a test's own, and what may stand in its
place or in its way.

    Client      says commands to it, over RESP
    Redis       a server process: killed, stopped, started again, promoted
    Link        a proxy before it, a process: cuts, delays, holds back, is late
    Stub        a listener that only says what it is told to

Each has a port of its own, as the kernel gives it, and a folder that goes with
the test. A Redis whose test dies is killed by the kernel."""

import contextlib
import ctypes
import multiprocessing
import os
import random
import selectors
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

from support import PATIENCE, free_port, until_true

_libc = ctypes.CDLL(None, use_errno=True)


def installed(name="redis-server"):
    return shutil.which(name)


# ---- Client -----------------------------------------------------------------

class Refused(Exception):
    """An answer that begins with `-`."""


def command(*words):
    """The bytes of a command."""
    words = [w if isinstance(w, bytes) else str(w).encode() for w in words]
    return b"*%d\r\n" % len(words) + b"".join(
        b"$%d\r\n%s\r\n" % (len(w), w) for w in words)


class Client:
    """One connection. Answers are int, bytes, list or None; Refused is
    raised."""

    def __init__(self, address, auth=None, timeout=PATIENCE):
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
            self.socket.connect(address)
        else:
            self.socket = socket.create_connection(address, timeout)
        self.socket.settimeout(timeout)
        self.file = self.socket.makefile("rb")
        if auth:
            self("AUTH", *auth)

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, *words):
        self.socket.sendall(command(*words))

    def answer(self):
        line = self.file.readline()
        if not line.endswith(b"\r\n"):
            raise EOFError("Redis closed the connection")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise Refused(rest.decode())
        if kind == b"+":
            return rest
        if kind == b":":
            return int(rest)
        n = int(rest)
        if n < 0:
            return None
        if kind == b"$":
            return self.file.read(n + 2)[:-2]
        return [self.answer() for _ in range(n)]

    def __call__(self, *words):
        self.send(*words)
        return self.answer()

    def info(self, section="default"):
        lines = self("INFO", section).decode().splitlines()
        return dict(line.split(":", 1) for line in lines if ":" in line)


# ---- Redis ------------------------------------------------------------------

class Redis:
    """One server. `fsync` is "always" or "everysec"; None: it keeps nothing,
    and forgets all when it ends. `more` are further options of it."""

    def __init__(self, case, fsync=None, of=None, more=(),
                 program="redis-server"):
        if not installed(program):
            case.skipTest(program + " is not installed")
        self.program, self.fsync, self.of = program, fsync, of
        self.more = list(more)
        self.folder = tempfile.mkdtemp(prefix="chatd-redis-")
        self.path = os.path.join(self.folder, "socket")
        self.log = os.path.join(self.folder, "log")
        self.port = free_port()
        self.process = None
        self.auth = None
        case.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        case.addCleanup(self.kill)
        self.start()

    @property
    def address(self):
        return "127.0.0.1:%d" % self.port

    def words(self):
        words = [self.program, "--port", self.port, "--bind", "127.0.0.1",
                 "--unixsocket", self.path, "--dir", self.folder,
                 "--logfile", self.log, "--save", "", "--daemonize", "no",
                 "--enable-debug-command", "yes",
                 "--repl-diskless-sync-delay", "0"]
        if self.fsync:
            words += ["--appendonly", "yes", "--appendfsync", self.fsync]
        if self.of:
            words += ["--replicaof", "127.0.0.1 %d" % self.of.port]
        return [str(w) for w in words + self.more]

    def start(self):
        """Also again, with what it has kept, on the same port."""
        def child():
            _libc.prctl(1, signal.SIGKILL)     # PR_SET_PDEATHSIG
        self.process = subprocess.Popen(
            self.words(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, preexec_fn=child, cwd="/")
        until_true(self.answers, pause=0.005)
        if self.of:
            until_true(self.follows)

    def answers(self):
        """does Redis answer?"""
        if self.process.poll() is not None:
            text = ""
            with contextlib.suppress(OSError), open(
                    self.log, errors="replace") as log:
                text = log.read()
            raise AssertionError("Redis did not start: %s %s" % (
                self.more, text))
        try:
            with Client(("127.0.0.1", self.port)) as client:
                return client("PING") == b"PONG"
        except Refused as refused:
            return str(refused).startswith("NOAUTH")
        except (OSError, EOFError):
            return False

    def follows(self):
        """does the replica have all that its master has?"""
        info, master = self.info(), self.of.info()
        return (info.get("master_link_status") == "up" and
                info["slave_repl_offset"] == master["master_repl_offset"])

    # -- what it is told --

    def client(self, **more):
        return Client(("127.0.0.1", self.port), self.auth, **more)

    def __call__(self, *words):
        with self.client() as client:
            return client(*words)

    def info(self, section="all"):
        with self.client() as client:
            return client.info(section)

    def promote(self):
        self("REPLICAOF", "NO", "ONE")
        self.of = None

    def sleep(self, seconds):
        """It does nothing for so long, and this does not wait for it."""
        client = self.client()
        client.send("DEBUG", "SLEEP", seconds)
        return client

    def pause_writers(self, seconds):
        self("CLIENT", "PAUSE", int(seconds * 1000), "WRITE")

    def entries(self, key, count=1000):
        """All of a stream: (id, fields), read in parts."""
        found, last = [], "-"
        with self.client() as client:
            while True:
                some = client("XRANGE", key, last, "+", "COUNT", count)
                found += [(id_.decode(), fields) for id_, fields in some]
                if len(some) < count:
                    return found
                last = "(" + found[-1][0]

    # -- how it ends, or does not --

    def kill(self):
        """kill -9."""
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def freeze(self):
        os.kill(self.process.pid, signal.SIGSTOP)

    def thaw(self):
        os.kill(self.process.pid, signal.SIGCONT)

    def cpu(self):
        """Seconds of processor time it has used."""
        with open("/proc/%d/schedstat" % self.process.pid) as stat:
            return int(stat.read().split()[0]) / 1e9


# ---- Link -------------------------------------------------------------------

UP, DOWN = "up", "down"         # to Redis, from it


class Way:
    """One direction of a connection: what came and is not delivered yet."""

    def __init__(self, reader, writer, name):
        self.reader, self.writer, self.name = reader, writer, name
        self.waiting = []       # (when it is due, bytes)
        self.left = None        # bytes until it is cut; None: it is not
        self.held = False
        self.ended = False      # no more comes

    def take(self, data, due):
        self.waiting.append((due, data))

    def due(self):
        if self.held or not self.waiting:
            return None
        return self.waiting[0][0]


class Proxy:
    """What runs in the process of a Link."""

    def __init__(self, listener, target, pipe):
        self.listener, self.target, self.pipe = listener, target, pipe
        self.rules = {"delay": 0, "cut": None, "replace": None,
                      "refuse": False}
        self.random = random.Random()
        self.pairs = []         # [way up, way down]
        self.counts = {"connections": 0, "cuts": 0, UP: 0, DOWN: 0}
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ)
        self.selector.register(pipe, selectors.EVENT_READ)

    def run(self):
        while True:
            dues = [d for pair in self.pairs for way in pair
                    if (d := way.due()) is not None]
            wait = max(0, min(dues) - time.monotonic()) if dues else None
            for key, _ in self.selector.select(wait):
                if key.fileobj is self.pipe:
                    if not self.obey():
                        return
                elif key.fileobj is self.listener:
                    self.accept()
                elif key.data in self.pairs:
                    self.read(key.data, key.fileobj)
            self.deliver()

    def accept(self):
        near, _ = self.listener.accept()
        if self.rules["refuse"]:
            near.close()
            return
        try:
            far = socket.create_connection(self.target, 2)
        except OSError:
            near.close()
            return
        for s in near, far:
            s.settimeout(2)
            s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pair = [Way(near, far, UP), Way(far, near, DOWN)]
        if self.rules["cut"]:
            for way in pair:
                way.left = self.random.randint(*self.rules["cut"])
        self.pairs.append(pair)
        self.counts["connections"] += 1
        for s in near, far:
            self.selector.register(s, selectors.EVENT_READ, pair)

    def read(self, pair, reader):
        way = pair[0] if pair[0].reader is reader else pair[1]
        try:
            data = reader.recv(65536)
        except OSError:
            data = b""
        if not data:
            way.ended = True
            self.selector.unregister(reader)
            return
        if self.rules["replace"] and way.name == DOWN:
            data = data.replace(*self.rules["replace"])
        way.take(data, time.monotonic() + self.rules["delay"])

    def deliver(self):
        now = time.monotonic()
        for pair in list(self.pairs):
            if not all(self.deliver_way(way, now) for way in pair) or any(
                    way.ended and not way.waiting for way in pair):
                self.end(pair)

    def deliver_way(self, way, now):
        """False: it ended."""
        while (due := way.due()) is not None and due <= now:
            if not self.pass_on(way, way.waiting.pop(0)[1]):
                return False
        return True

    def pass_on(self, way, data):
        """False: this was its last byte."""
        whole = way.left is None or len(data) < way.left
        part = data if whole else data[:way.left]
        try:
            way.writer.sendall(part)
        except OSError:
            return False
        self.counts[way.name] += len(part)
        if way.left is not None:
            way.left -= len(part)
        if not whole:
            self.counts["cuts"] += 1
        return whole

    def end(self, pair):
        self.pairs.remove(pair)
        for way in pair:
            with contextlib.suppress(KeyError, ValueError):
                self.selector.unregister(way.reader)
            if self.random.random() < 0.5:      # a RST, or a FIN
                with contextlib.suppress(OSError):
                    way.reader.setsockopt(socket.SOL_SOCKET,
                                          socket.SO_LINGER,
                                          struct.pack("ii", 1, 0))
            way.reader.close()

    def abandon(self):
        """The near ends are closed, the far ones stay with what is held."""
        for up, down in self.pairs:
            with contextlib.suppress(KeyError, ValueError):
                self.selector.unregister(up.reader)
            up.reader.close()
            with contextlib.suppress(KeyError, ValueError):
                self.selector.unregister(down.reader)

    def obey(self):
        try:
            what, more = self.pipe.recv()
        except EOFError:
            return False
        if what == "rules":
            self.rules.update(more)
        elif what == "hold":
            for pair in self.pairs:
                for way in pair:
                    way.held |= way.name in more
        elif what == "release":
            for pair in self.pairs:
                for way in pair:
                    way.held = False
        elif what == "abandon":
            self.abandon()
        elif what == "cut":
            self.counts["cuts"] += len(self.pairs)
            for pair in list(self.pairs):
                self.end(pair)
        held = sum(len(data) for pair in self.pairs for way in pair
                   for _, data in way.waiting)
        self.pipe.send({**self.counts, "held": held,
                        "open": len(self.pairs)})
        return True


class Link:
    """A proxy before a Redis, or whatever is at that port:

        link.rules(delay=0.01)          each piece comes so much later
        link.rules(cut=(0, 5000))       connections made from now on end at
                                        a random byte
        link.rules(replace=(a, b))      in what Redis says
        link.rules(refuse=True)         nobody gets through
        link.cut()                      the ones there are, now
        link.hold(UP) .. link.release() what those of now say waits
        link.abandon()                  they end; Redis is not told, and gets
                                        what is held when it is released
    """

    def __init__(self, case, port):
        context = multiprocessing.get_context("fork")
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.pipe, far = context.Pipe()
        self.process = context.Process(
            target=self._run, args=(listener, port, far, self.pipe),
            daemon=True)
        self.process.start()
        listener.close()
        far.close()
        self.lock = threading.Lock()
        case.addCleanup(self.stop)

    @staticmethod
    def _run(listener, port, pipe, other):
        signal.setitimer(signal.ITIMER_REAL, 0)
        _libc.prctl(1, signal.SIGKILL)
        other.close()
        Proxy(listener, ("127.0.0.1", port), pipe).run()

    @property
    def address(self):
        return "127.0.0.1:%d" % self.port

    def tell(self, what, more=None):
        with self.lock:
            self.pipe.send((what, more))
            return self.pipe.recv()

    def rules(self, **rules):
        return self.tell("rules", rules)

    def hold(self, *ways):
        return self.tell("hold", ways or (UP,))

    def release(self):
        return self.tell("release")

    def abandon(self):
        return self.tell("abandon")

    def cut(self):
        return self.tell("cut")

    def counts(self):
        return self.tell("counts")

    def stop(self):
        self.pipe.close()
        self.process.kill()
        self.process.join()


# ---- Stub -------------------------------------------------------------------

class Stub:
    """A listener that answers each piece it reads by `say(piece)`: bytes, or
    None to close."""

    def __init__(self, case, say):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        self.say, self.heard = say, b""
        case.addCleanup(self.stop)
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def address(self):
        return "127.0.0.1:%d" % self.port

    def stop(self):
        with contextlib.suppress(OSError):
            self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()

    def _accept(self):
        while True:
            try:
                peer, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(peer,),
                             daemon=True).start()

    def _serve(self, peer):
        with peer, contextlib.suppress(OSError):
            while piece := peer.recv(65536):
                self.heard += piece
                answer = self.say(piece)
                if answer is None:
                    return
                peer.sendall(answer)


def http(piece):
    """What a web server says to somebody who speaks RESP."""
    return (b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n"
            b"Connection: close\r\n\r\n")


def old_redis(piece):
    """Redis 6.2: it has no EPOCH-* (7.0), else it would do."""
    answers = []
    for one in piece.split(b"*")[1:]:
        words = one.split(b"\r\n")[2::2]
        name = words[0].upper() if words else b""
        if name == b"INFO":
            text = (b"# Server\r\nredis_version:6.2.14\r\nrun_id:%s\r\n"
                    b"# Replication\r\nrole:master\r\nmaster_replid:%s\r\n"
                    % (b"1" * 40, b"2" * 40))
            answers.append(b"$%d\r\n%s\r\n" % (len(text), text))
        elif name == b"CLIENT":
            answers.append(b"$29\r\nid=3 addr=127.0.0.1:50000 x=y\r\n")
        elif name in (b"AUTH", b"PING"):
            answers.append(b"+OK\r\n")
        elif name == b"XADD":
            answers.append(b"-ERR Invalid stream ID specified as stream "
                           b"command argument\r\n")
        elif name in (b"XREAD", b"XRANGE", b"XREVRANGE"):
            answers.append(b"*-1\r\n" if name == b"XREAD" else b"*0\r\n")
        else:
            answers.append(b"-ERR unknown command\r\n")
    return b"".join(answers)
