# SPDX-License-Identifier: MIT
"""What every end-to-end test shares: a server of its own, and honest peers.

What is here, in the order of the file:

    settings      which binary, how slow, how much load
    log lines     the few patterns by which tests read the server's log
    Server        one chatd process on a port of its own, watched and stopped
    frames        RFC 6455 frames, built and taken apart by hand
    Peer          a TCP (or unix) connection; speaks HTTP/1.1 by the byte
    WebSocket     a Peer after its handshake
    ServerCase    the TestCase: starts servers, stops them, bounds every test

Nothing waits for ever: each socket has a timeout, each test an alarm, and a
server whose parent dies is killed by the kernel.

Settings (environment; never CHATD_*, which the server itself reads):

    CHATD            the binary; default ./chatd at the root of the repository
    E2E_SLOW         factor on every patience, for sanitizers; default 1
    E2E_LOAD         factor on every bulk load, 0 < x <= 1; default 1
    E2E_BIG          bytes of the big echoed message, K M G allowed
    E2E_SANITIZED    1: the binary is instrumented; memory is not measured
"""

import base64
import collections
import contextlib
import ctypes
import hashlib
import json
import os
import re
import resource
import select
import signal
import socket
import struct
import subprocess
import threading
import time
import unittest
from urllib.parse import quote

# ---- settings ---------------------------------------------------------------

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
CHATD = os.path.abspath(os.environ.get("CHATD") or
                        os.path.join(ROOT, "chatd"))
SLOW = float(os.environ.get("E2E_SLOW") or 1)
LOAD = float(os.environ.get("E2E_LOAD") or 1)
SANITIZED = os.environ.get("E2E_SANITIZED") == "1"
PATIENCE = 10 * SLOW        # seconds that any one answer may take
TEST_LIMIT = 90 * SLOW      # seconds that any one test may take


def size(text):
    """Bytes of "64K", "256M", "1G" or a plain number."""
    unit = {"k": 1 << 10, "m": 1 << 20, "g": 1 << 30}.get(text[-1:].lower())
    return int(text[:-1]) * unit if unit else int(text)


def load(count):
    """A bulk count, less of it where E2E_LOAD says so."""
    return max(1, int(count * LOAD))


# ---- log lines --------------------------------------------------------------

START = re.compile(r"event=start\b")
WARNING = re.compile(r"level=(warn|error)\b")
LOGFMT = re.compile(
    r'^time=\S+ level=(error|warn|warning|info|debug) event=[\w-]+'
    r'( [\w.-]+=("(\\.|[^"\\])*"|[^\s"]*))*$')
TROUBLE = re.compile(r"Sanitizer|runtime error:|CHECK\b|[Aa]ssertion")


def field(line, name):
    """The value of NAME=value in a logfmt line; None where it is missing."""
    found = re.search(r'(?:^| )%s=("(?:\\.|[^"\\])*"|\S*)' % re.escape(name),
                      line)
    return found and found.group(1).strip('"')


# ---- Server -----------------------------------------------------------------

_libc = ctypes.CDLL(None, use_errno=True)


def free_port(host="127.0.0.1"):
    """A port nobody listens on at this moment. It may be taken a moment
    later: Server tries again with another one."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as s:
        s.bind((host, 0))
        return s.getsockname()[1]


def listening(port):
    """Is anybody in LISTEN on this TCP port? Asks the kernel's table: a
    connection made only to find out would take a slot in the server."""
    for table in "/proc/net/tcp", "/proc/net/tcp6":
        with contextlib.suppress(OSError), open(table) as lines:
            for line in lines:
                words = line.split()
                if (len(words) > 3 and words[3] == "0A" and
                        words[1].endswith(":%04X" % port)):
                    return True
    return False


def listening_unix(path):
    with open("/proc/net/unix") as lines:
        for line in lines:
            words = line.split()
            # Flags 00010000: __SO_ACCEPTCON
            if len(words) == 8 and words[7] == path and words[3] == "00010000":
                return True
    return False


def clean_environment(extra=None):
    env = {k: v for k, v in os.environ.items() if not k.startswith("CHATD")}
    env.update(extra or {})
    return env


class Server:
    """One chatd process.

    options   command line, without --addr
    addr      a list of --addr values instead of 127.0.0.1 and a free port;
              "PORT" in one of them stands for a free port
    env       further environment
    limits    {resource.RLIMIT_X: (soft, hard)}
    close     standard descriptors to start without, say (0, 1)
    stderr    a descriptor for standard error instead of the collecting pipe
    wrapper   a command to start it under, which must exec it in place
    starts    whether a start line is to be waited for (--log error has none)
    """

    def __init__(self, *options, addr=None, env=None, limits=None, close=(),
                 stderr=None, wrapper=(), starts=True):
        self.options = list(options)
        self.lines = []
        self.told = False   # to stop
        self.process = None
        self._news = threading.Condition()
        self._reader = None
        for attempt in range(5):
            self.port = free_port()
            self.host = "127.0.0.1"
            self.addr = [a.replace("PORT", str(self.port))
                         for a in (["127.0.0.1:PORT"] if addr is None
                                   else addr)]
            self._start(env, limits, close, stderr, wrapper)
            if self._wait_ready(starts and stderr is None and 2 not in close):
                return
            text = self.stderr_text()
            self.kill()
            # Only a port that someone else took is worth another try.
            if "use" not in text or attempt == 4:
                raise AssertionError("chatd did not start: " + repr(text))

    def _start(self, env, limits, close, stderr, wrapper):
        command = list(wrapper) + [CHATD]
        for a in self.addr:
            command += ["--addr", a]
        command += self.options

        def child():
            _libc.prctl(1, signal.SIGKILL)     # PR_SET_PDEATHSIG
            for what, both in (limits or {}).items():
                resource.setrlimit(what, both)
            for fd in close:
                os.close(fd)

        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if stderr is None else stderr,
            env=clean_environment(env), preexec_fn=child, cwd="/")
        self.pid = self.process.pid
        if stderr is None:
            self._reader = threading.Thread(target=self._collect, daemon=True)
            self._reader.start()

    def _collect(self):
        with self.process.stderr as pipe:
            for line in pipe:
                with self._news:
                    self.lines.append(
                        line.decode("utf-8", "backslashreplace").rstrip("\n"))
                    self._news.notify_all()

    def _wait_ready(self, with_start_line):
        until = time.monotonic() + 2 * PATIENCE
        while time.monotonic() < until:
            if self.process.poll() is not None:
                if self._reader:
                    self._reader.join(2)
                return False
            if self._listens():
                if not with_start_line:
                    return True
                try:
                    self.wait_log(START, 0, timeout=2 * PATIENCE)
                except AssertionError:
                    if self.process.poll() is None:
                        raise
                    return False            # another one listens there
                return True
            time.sleep(0.005)
        return False

    def _listens(self):
        for a in self.addr:
            if a.startswith("unix:"):
                if not listening_unix(a[5:]):
                    return False
            elif not listening(int(a.rsplit(":", 1)[1])):
                return False
        return True

    # -- what it says --

    def stderr_text(self):
        with self._news:
            return "\n".join(self.lines)

    def mark(self):
        """The number of log lines so far: where to look on from."""
        with self._news:
            return len(self.lines)

    def wait_log(self, pattern, since=0, timeout=None):
        """The first log line from `since` on that matches, when it comes."""
        pattern = re.compile(pattern)
        until = time.monotonic() + (timeout or PATIENCE)
        with self._news:
            while True:
                for line in self.lines[since:]:
                    if pattern.search(line):
                        return line
                left = until - time.monotonic()
                if left <= 0:
                    raise AssertionError(
                        "no log line like %s after %r" %
                        (pattern.pattern, self.lines[since:][-20:]))
                self._news.wait(left)

    def start_line(self):
        return self.wait_log(START)

    # -- what it weighs --

    def memory(self, name):
        """VmRSS or VmHWM, in bytes."""
        with open("/proc/%d/status" % self.pid) as status:
            for line in status:
                if line.startswith(name + ":"):
                    return int(line.split()[1]) * 1024
        raise AssertionError("no %s of the server" % name)

    def cpu(self):
        """Seconds of processor time it has used."""
        with open("/proc/%d/stat" % self.pid) as stat:
            words = stat.read().rsplit(")", 1)[1].split()
        return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")

    # -- how it ends --

    def alive(self):
        return self.process.poll() is None

    def signal(self, number):
        self.told |= number in (signal.SIGTERM, signal.SIGINT)
        self.process.send_signal(number)

    def wait(self, timeout=None):
        """Its exit status, once it ended by itself."""
        try:
            status = self.process.wait(timeout or PATIENCE)
        except subprocess.TimeoutExpired:
            raise AssertionError("chatd did not exit")
        if self._reader:
            self._reader.join(PATIENCE)
        return status

    def stop(self):
        """SIGTERM, and its exit status. Default --drain is 5 seconds. Who was
        told already is waited for: at a second one it would abort."""
        if self.alive() and not self.told:
            self.signal(signal.SIGTERM)
        try:
            return self.wait(5 + PATIENCE)
        except AssertionError:
            self.kill()
            raise

    def kill(self):
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        if self._reader:
            self._reader.join(2)


def run(*options, env=None, timeout=None, limits=None):
    """Runs chatd to its end, which must come by itself: --help, bad options.
    A server that starts instead is killed, and the test fails."""
    def child():
        _libc.prctl(1, signal.SIGKILL)
        for what, both in (limits or {}).items():
            resource.setrlimit(what, both)
    process = subprocess.Popen(
        [CHATD, *options], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, env=clean_environment(env), cwd="/",
        preexec_fn=child)
    try:
        out, err = process.communicate(timeout=timeout or PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError("chatd %s runs on: %r" % (options, err))
    return subprocess.CompletedProcess(options, process.returncode,
                                       out.decode(), err.decode())


# ---- frames (RFC 6455 5.2) --------------------------------------------------

CONT, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
NAMES = {CONT: "cont", TEXT: "text", BINARY: "binary", CLOSE: "close",
         PING: "ping", PONG: "pong"}


class Frame:
    """fin, rsv (0..7), opcode, payload."""
    __slots__ = "fin", "rsv", "opcode", "payload"

    def __init__(self, fin, rsv, opcode, payload):
        self.fin, self.rsv = fin, rsv
        self.opcode, self.payload = opcode, payload

    def __repr__(self):
        return "<%s%s rsv=%d %r>" % (NAMES.get(self.opcode, self.opcode),
                                     " fin" if self.fin else "", self.rsv,
                                     bytes(self.payload[:60]))


def apply_mask(payload, key):
    n = len(payload)
    if not n or key == b"\0\0\0\0":
        return bytes(payload)
    stream = (key * (n // 4 + 1))[:n]
    return (int.from_bytes(payload, "little") ^
            int.from_bytes(stream, "little")).to_bytes(n, "little")


def take_frames(buffer):
    """The first byte and the payload of each whole frame of a server's in front
    of a buffer, which are taken out of it in the end."""
    at, end = 0, len(buffer)
    try:
        while end - at >= 2:
            n, head = buffer[at + 1], 2
            if n >= 126:
                head = 4 if n == 126 else 10
                if end - at < head:
                    break
                n = int.from_bytes(buffer[at + 2:at + head], "big")
            if end - at < head + n:
                break
            first = buffer[at]
            payload = bytes(buffer[at + head:at + head + n])
            at += head + n
            yield first, payload
    finally:
        del buffer[:at]


def frame(opcode, payload=b"", fin=True, rsv=0, mask=None, masked=True,
          length=None, form=None):
    """The bytes of one frame. `length` lies about the payload's length;
    `form` forces the 7, 16 or 64 bit form of it."""
    if isinstance(payload, str):
        payload = payload.encode()
    n = len(payload) if length is None else length
    if form is None:
        form = 7 if n < 126 else 16 if n < 65536 else 64
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    bit = 0x80 if masked else 0
    if form == 7:
        head += bytes([bit | n])
    elif form == 16:
        head += bytes([bit | 126]) + struct.pack(">H", n)
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", n)
    if not masked:
        return head + payload
    key = os.urandom(4) if mask is None else mask
    return head + key + apply_mask(payload, key)


def close_payload(code, reason=b""):
    if isinstance(reason, str):
        reason = reason.encode()
    return struct.pack(">H", code) + reason


# ---- Peer -------------------------------------------------------------------

class Eof(AssertionError):
    """The other side closed where an answer was due."""


class Response:
    """One HTTP response: status, reason, fields, body."""

    def __init__(self, head):
        first, *lines = head.decode("latin-1").split("\r\n")
        found = re.fullmatch(r"HTTP/1\.1 (\d{3}) ([ -~\t]*)", first)
        if not found:
            raise AssertionError("not a status line: %r" % first)
        self.status, self.reason = int(found.group(1)), found.group(2)
        self.fields = []
        for line in lines:
            name, colon, value = line.partition(":")
            if not colon or not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+",
                                             name):
                raise AssertionError("not a field line: %r" % line)
            self.fields.append((name, value.strip(" \t")))
        self.body = b""

    def all(self, name):
        return [v for n, v in self.fields if n.lower() == name.lower()]

    def get(self, name):
        """The one value of a field, or None; a repeated field fails."""
        values = self.all(name)
        if len(values) > 1:
            raise AssertionError("%s comes %d times" % (name, len(values)))
        return values[0] if values else None

    def tokens(self, name):
        return [t.strip().lower() for v in self.all(name)
                for t in v.split(",") if t.strip()]

    def type(self):
        return (self.get("Content-Type") or "").split(";")[0].strip().lower()

    def json(self):
        return json.loads(self.body)

    def __repr__(self):
        return "<%d %s %r %r>" % (self.status, self.reason, self.fields,
                                  self.body[:200])


class Peer:
    """A connection to the server, with a buffer of what was read too far."""

    def __init__(self, server, port=None, host=None, unix=None, rcvbuf=None,
                 sndbuf=None, source=None, timeout=None):
        self.server = server
        host = host or server.host
        if unix:
            s = socket.socket(socket.AF_UNIX)
        else:
            s = socket.socket(socket.AF_INET6 if ":" in host
                              else socket.AF_INET)
        self.sock = s
        self.buffer = bytearray()
        s.settimeout(timeout or PATIENCE)
        if rcvbuf:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, rcvbuf)
        if sndbuf:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, sndbuf)
        try:
            if source:
                s.bind((source, 0))
            if unix:
                s.connect(unix)
                self.authority = "localhost"
            else:
                port = port or server.port
                s.connect((host, port))
                s.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self.authority = ("[%s]:%d" if ":" in host
                                  else "%s:%d") % (host, port)
        except BaseException:
            s.close()
            raise

    def close(self):
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # -- bytes --

    def send(self, data):
        if isinstance(data, str):
            data = data.encode()
        self.sock.sendall(data)

    def send_slowly(self, data, pause=0.001):
        """Byte by byte, each its own segment as far as we can see to it."""
        for i in range(len(data)):
            self.sock.sendall(data[i:i + 1])
            time.sleep(pause)

    def shut(self):
        self.sock.shutdown(socket.SHUT_WR)

    def reset(self):
        """Leaves with a RST instead of a FIN."""
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                             struct.pack("ii", 1, 0))
        self.sock.close()

    def fill(self, wanted, timeout=None):
        """Reads until `wanted` bytes are there; Eof when they cannot be."""
        until = time.monotonic() + (timeout or PATIENCE)
        while len(self.buffer) < wanted:
            left = until - time.monotonic()
            if left <= 0:
                raise TimeoutError("no answer; so far %r" %
                                   bytes(self.buffer[:200]))
            self.sock.settimeout(left)
            try:
                data = self.sock.recv(max(65536, wanted - len(self.buffer)))
            except socket.timeout:
                raise TimeoutError("no answer; so far %r" %
                                   bytes(self.buffer[:200])) from None
            finally:
                self.sock.settimeout(PATIENCE)
            if not data:
                raise Eof("closed; so far %r" % bytes(self.buffer[:200]))
            self.buffer += data

    def take(self, n):
        self.fill(n)
        taken = bytes(self.buffer[:n])
        del self.buffer[:n]
        return taken

    def expect_eof(self, timeout=None, reset=False):
        """Nothing more comes but the end of the stream. With `reset`, a RST
        will do as well."""
        try:
            self.fill(len(self.buffer) + 1, timeout)
        except Eof:
            if self.buffer:
                raise AssertionError("more before the end: %r" %
                                     bytes(self.buffer[:200]))
            return
        except ConnectionError:
            if reset and not self.buffer:
                return
            raise
        except TimeoutError:
            raise AssertionError("the connection stays open") from None
        raise AssertionError("more before the end: %r" %
                             bytes(self.buffer[:200]))

    def expect_silence(self, seconds=0.2):
        """Nothing comes for a while, and the connection stays."""
        try:
            self.fill(len(self.buffer) + 1, seconds)
        except TimeoutError:
            if not self.buffer:
                return
        raise AssertionError("unexpected: %r" % bytes(self.buffer[:200]))

    def closed(self):
        """Whether the other side has closed by now (does not wait)."""
        try:
            self.sock.settimeout(0.001)
            data = self.sock.recv(1, socket.MSG_PEEK)
            return not data
        except (socket.timeout, BlockingIOError):
            return False
        except ConnectionError:
            return True
        finally:
            self.sock.settimeout(PATIENCE)

    # -- HTTP --

    def response(self, method="GET", timeout=None):
        """The next response; its body by Content-Length."""
        until = time.monotonic() + (timeout or PATIENCE)
        while b"\r\n\r\n" not in self.buffer:
            self.fill(len(self.buffer) + 1, max(until - time.monotonic(),
                                                0.001))
            if len(self.buffer) > 65536 and b"\r\n\r\n" not in self.buffer:
                raise AssertionError("an endless response head")
        head, _, rest = bytes(self.buffer).partition(b"\r\n\r\n")
        self.buffer = bytearray(rest)
        r = Response(head)
        length = r.get("Content-Length")
        if r.get("Transfer-Encoding"):
            raise AssertionError("Transfer-Encoding was not asked for")
        if method != "HEAD" and r.status not in (100, 101, 204, 304):
            if length is None:
                raise AssertionError("no Content-Length: %r" % r)
            r.body = self.take(int(length))
        return r

    def request(self, target="/", method="GET", headers=(), version="1.1",
                host=True, body=b""):
        """The bytes of a request; headers as "Name: value" strings."""
        lines = ["%s %s HTTP/%s" % (method, target, version)]
        if host is True:
            lines.append("Host: " + self.authority)
        elif host:
            lines.append("Host: " + host)
        lines += headers
        return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body

    def ask(self, target="/", method="GET", headers=(), **more):
        """One request, and its response."""
        self.send(self.request(target, method, headers, **more))
        return self.response(method)


# ---- WebSocket --------------------------------------------------------------

KEY = "dGhlIHNhbXBsZSBub25jZQ=="                # RFC 6455 1.3
GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def new_key():
    return base64.b64encode(os.urandom(16)).decode()


def accept_of(key):
    return base64.b64encode(hashlib.sha1(key.encode() + GUID).digest()
                            ).decode()


def upgrade_headers(key=KEY, version="13", extra=()):
    return ["Upgrade: websocket", "Connection: Upgrade",
            "Sec-WebSocket-Version: " + version,
            "Sec-WebSocket-Key: " + key, *extra]


class WebSocket(Peer):
    """A Peer whose handshake has succeeded. Answers pings by itself while
    it waits for messages, unless `answer` is off."""

    rsv = 0             # reserved bits that an extension made legal

    def __init__(self, server, path="/echo", headers=(), protocols=None,
                 answer=True, behind=b"", **socket_options):
        super().__init__(server, **socket_options)
        self.answer = answer
        self.pongs = []
        self.pings = []
        self.owed = collections.deque()     # pongs
        self.sending = threading.Lock()
        try:
            self._handshake(path, headers, protocols, behind)
        except BaseException:
            self.close()
            raise

    def _handshake(self, path, headers, protocols, behind):
        key = new_key()
        lines = upgrade_headers(key, extra=headers)
        if protocols:
            lines.append("Sec-WebSocket-Protocol: " + protocols)
        self.send(self.request(path, headers=lines) + behind)
        self.handshake = r = self.response()
        if r.status != 101:
            raise AssertionError("no upgrade of %s: %r" % (path, r))
        if r.get("Sec-WebSocket-Accept") != accept_of(key):
            raise AssertionError("a wrong Sec-WebSocket-Accept: %r" % r)
        self.protocol = r.get("Sec-WebSocket-Protocol")

    # -- out --

    def send(self, data):
        with self.sending:
            super().send(data)
        self.send_owed()

    def send_owed(self):
        """Pongs that are due; while another thread sends, it does so behind
        that: it may be in the midst of a frame (RFC 6455 5.4). None is waited
        for, as whoever reads must go on: the next frame is another chance."""
        while self.owed and self.sending.acquire(blocking=False):
            try:
                now = select.poll()
                now.register(self.sock, select.POLLOUT)
                if not now.poll(0):
                    return
                super().send(self.owed.popleft())
            finally:
                self.sending.release()

    def answer_ping(self, payload):
        self.owed.append(frame(PONG, payload))
        self.send_owed()

    def send_frame(self, opcode, payload=b"", **more):
        self.send(frame(opcode, payload, **more))

    def text(self, payload):
        self.send_frame(TEXT, payload)

    def binary(self, payload):
        self.send_frame(BINARY, payload)

    def json(self, **members):
        self.text(json.dumps(members, ensure_ascii=False))

    # -- in --

    def recv_frame(self, timeout=None):
        """The next frame, any. Checks what every frame must keep: not
        masked, no reserved bit, the shortest length, whole control frames."""
        until = time.monotonic() + (timeout or PATIENCE)

        def fill(n):
            self.fill(n, max(until - time.monotonic(), 0.001))
        self.send_owed()
        fill(2)
        first, second = self.buffer[0], self.buffer[1]
        if second & 0x80:
            raise AssertionError("the server masks its frames")
        n, at = second & 0x7F, 2
        if n == 126:
            fill(4)
            n, at = struct.unpack_from(">H", self.buffer, 2)[0], 4
            if n < 126:
                raise AssertionError("a length not in its shortest form")
        elif n == 127:
            fill(10)
            n, at = struct.unpack_from(">Q", self.buffer, 2)[0], 10
            if n < 65536:
                raise AssertionError("a length not in its shortest form")
        fill(at + n)
        got = Frame(bool(first & 0x80), first >> 4 & 7, first & 0xF,
                    bytes(self.buffer[at:at + n]))
        del self.buffer[:at + n]
        if got.rsv & ~self.rsv:
            raise AssertionError("reserved bits without extension: %r" % got)
        if got.opcode not in NAMES:
            raise AssertionError("an unknown opcode: %r" % got)
        if got.opcode >= 8 and (not got.fin or n > 125):
            raise AssertionError("a bad control frame: %r" % got)
        return got

    def recv(self, timeout=None):
        """The next message, put together: (opcode, payload). A Close comes
        as (CLOSE, payload). Pings are answered, pongs kept in .pongs."""
        until = time.monotonic() + (timeout or PATIENCE)
        kind, parts = None, []
        while True:
            got = self.recv_frame(max(until - time.monotonic(), 0.001))
            if got.opcode == PING:
                self.pings.append(got.payload)
                if self.answer:
                    self.answer_ping(got.payload)
            elif got.opcode == PONG:
                self.pongs.append(got.payload)
            elif got.opcode == CLOSE:
                return CLOSE, got.payload
            else:
                if (got.opcode == CONT) != (kind is not None):
                    raise AssertionError("fragments out of order: %r" % got)
                kind = got.opcode or kind
                parts.append(got.payload)
                if got.fin:
                    return kind, b"".join(parts)

    def recv_text(self, timeout=None):
        kind, payload = self.recv(timeout)
        if kind != TEXT:
            raise AssertionError("not a text message: %s %r" %
                                 (NAMES[kind], payload))
        return payload.decode()

    def recv_json(self, timeout=None):
        return json.loads(self.recv_text(timeout))

    def recv_pong(self, timeout=None):
        got = self.recv_frame(timeout)
        if got.opcode != PONG:
            raise AssertionError("not a pong: %r" % got)
        return got.payload

    def recv_close(self, timeout=None, data=False):
        """(code, reason) of the Close that comes now and is the last thing,
        EOF checked; code None where it carries none. With `data`, messages
        before it are read over."""
        while True:
            kind, payload = self.recv(timeout)
            if kind == CLOSE:
                break
            if not data:
                raise AssertionError("not a close: %s %r" %
                                     (NAMES[kind], payload[:200]))
        self.expect_eof(timeout)
        if not payload:
            return None, ""
        if len(payload) < 2:
            raise AssertionError("a close payload of one byte")
        return struct.unpack(">H", payload[:2])[0], payload[2:].decode()

    def leave(self, code=1000):
        """The whole closing handshake, and away: (code, reason)."""
        self.send_frame(CLOSE, close_payload(code))
        answer = self.recv_close(data=True)
        self.close()
        return answer


def room_path(form, room):
    return "/%s/%s" % (form, quote(room, safe=""))


# ---- ServerCase -------------------------------------------------------------

def until_true(check, timeout=None, pause=0.01):
    """Asks again and again until it is true; AssertionError after a while.
    For what the server does in its own time, say noticing a lost client."""
    until = time.monotonic() + (timeout or PATIENCE)
    while True:
        answer = check()
        if answer:
            return answer
        if time.monotonic() > until:
            raise AssertionError("did not come true: %s" %
                                 (check.__doc__ or check.__name__))
        time.sleep(pause)


class ServerCase(unittest.TestCase):
    """A test with servers. Each one it starts is stopped with SIGTERM behind
    it, must then exit with 0, and must not have complained on the way."""

    limit = TEST_LIMIT

    def setUp(self):
        def expired(*_):
            raise TimeoutError("the test took longer than %g s" % self.limit)
        signal.signal(signal.SIGALRM, expired)
        signal.setitimer(signal.ITIMER_REAL, self.limit)
        self.addCleanup(signal.setitimer, signal.ITIMER_REAL, 0)
        self.maxDiff = 2000

    def start(self, *options, **more):
        server = Server(*options, **more)
        self.addCleanup(self._finish, server)
        return server

    def _finish(self, server):
        # The alarm is still on; should it go off here, the kernel sees to
        # the server when we exit, and kill() at once.
        try:
            if server.alive():
                status = server.stop()
                self.assertEqual(status, 0, "exit status after SIGTERM; "
                                 "stderr: " + server.stderr_text()[-2000:])
        finally:
            server.kill()
        self.check_log(server)

    def check_log(self, server):
        for line in server.lines:
            if TROUBLE.search(line):
                self.fail("the server complained:\n" +
                          server.stderr_text()[-6000:])

    def peer(self, server, **more):
        peer = Peer(server, **more)
        self.addCleanup(peer.close)
        return peer

    def ws(self, server, path="/echo", **more):
        ws = WebSocket(server, path, **more)
        self.addCleanup(ws.close)
        return ws

    def get(self, server, target="/", **more):
        """One request on a connection of its own, and its response."""
        with Peer(server) as peer:
            return peer.ask(target, **more)

    def health(self, server):
        return self.get(server, "/healthz").json()

    def wait_clients(self, server, count):
        """Until /healthz tells this many open WebSockets."""
        until_true(lambda: self.health(server)["clients"] == count)

    def assert_serves(self, server):
        """The server answers a newcomer, over HTTP and as a WebSocket."""
        self.assertEqual(self.get(server, "/healthz").status, 200)
        with WebSocket(server) as ws:
            ws.text("still here")
            self.assertEqual(ws.recv_text(), "still here")
            ws.leave()

    def assert_refused(self, peer, status, method="GET", timeout=None):
        """One response with this status, Connection: close, and the end."""
        r = peer.response(method, timeout)
        self.assertEqual(r.status, status, r)
        self.assertIn("close", r.tokens("Connection"), r)
        peer.expect_eof()
        return r
