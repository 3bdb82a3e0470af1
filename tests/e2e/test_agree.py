# SPDX-License-Identifier: MIT
"""Goal: --explain says what the server does. Thousands of mutated
conversations are given to both: what is legal ends as it should, and what is
not with the very status or close code that was foretold.

E2E_SEED repeats a run."""

import os
import random
import re
import struct
import subprocess
import unittest

import support
from deflated import shrink
from support import CHATD, CLOSE, CONT, PING, PONG, TEXT, BINARY, frame

COUNT = support.load(10000)
SEED = int(os.environ.get("E2E_SEED") or 1)

HEADS = [
    "GET /echo HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n" % more
    for more in (
        "", "Origin: http://a\r\n", "Sec-WebSocket-Protocol: x, y\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate; "
        "client_max_window_bits\r\n",
        "Sec-WebSocket-Extensions: permessage-deflate; "
        "client_max_window_bits=9; server_max_window_bits=10\r\n",
        "Sec-WebSocket-Extensions: x-y, permessage-deflate; "
        "server_no_context_takeover\r\n")]


# ---- conversations ----------------------------------------------------------

def text(rng):
    return "".join(rng.choice("abc \u00e9\u20ac\U0001f44b")
                   for _ in range(rng.choice((0, 1, 5, 40, 200)))).encode()


def message(rng, deflate):
    """One message, in one frame or several, with pings between."""
    opcode = rng.choice((TEXT, BINARY))
    payload = text(rng) if opcode == TEXT else rng.randbytes(
        rng.choice((0, 1, 8, 126, 300)))
    rsv = 0
    if deflate and rng.random() < 0.6:
        payload, rsv = shrink(payload, bits=9), 4
    cuts = sorted(rng.randrange(len(payload) + 1)
                  for _ in range(rng.choice((0, 0, 1, 3))))
    pieces = [payload[a:b] for a, b in zip([0] + cuts, cuts +
                                           [len(payload)])]
    out = b""
    for i, piece in enumerate(pieces):
        out += frame(opcode if i == 0 else CONT, piece,
                     fin=i == len(pieces) - 1, rsv=rsv if i == 0 else 0,
                     mask=rng.randbytes(4))
        if rng.random() < 0.2:
            out += frame(rng.choice((PING, PONG)), rng.randbytes(
                rng.choice((0, 3, 9, 125))), mask=rng.randbytes(4))
    return out


def conversation(rng):
    head = rng.choice(HEADS).encode()
    out = b"".join(message(rng, b"deflate" in head)
                   for _ in range(rng.randrange(4)))
    if rng.random() < 0.9:
        code = rng.choice((1000, 1000, 1001, 3000, 4999))
        out += frame(CLOSE, rng.choice(
            (b"", struct.pack(">H", code),
             struct.pack(">H", code) + text(rng)[:100])),
            mask=rng.randbytes(4))
    return head, out


def mutate(rng, data):
    """One small change, or two."""
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2))):
        if not data:
            return b""
        at = rng.randrange(len(data))
        what = rng.randrange(7)
        if what == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif what == 1:
            data[at] = rng.choice((0, 0x0a, 0x0d, 0x20, 0x3a, 0x7f, 0x80,
                                   0xff, rng.randrange(256)))
        elif what == 2:
            del data[at:at + rng.choice((1, 1, 2, 8))]
        elif what == 3:
            data[at:at] = rng.randbytes(rng.choice((1, 1, 2, 8)))
        elif what == 4:
            data[at:at] = data[at:at + rng.choice((1, 4, 20))]
        elif what == 5:
            del data[at:]
        else:
            other = rng.randrange(len(data))
            data[at], data[other] = data[other], data[at]
    return bytes(data)


# ---- both -------------------------------------------------------------------

def foretold(data):
    """What --explain says: "legal", "unfinished" or "wrong", and the status
    or close code that follows."""
    done = subprocess.run([CHATD, "--explain=client"], input=data,
                          capture_output=True)
    out = done.stdout.decode()
    flat = re.sub(r"\s+", " ", re.sub(r"(?m)^> ?", "", out))
    answers = re.findall(r"chatd (?:answers|closes with) (\d+)", flat)
    if "WRONG" in out:
        assert done.returncode == 1, out
        return "wrong", int(answers[-1]), out
    if done.returncode == 1:
        return "unfinished", None, out
    assert done.returncode == 0, (done, data)
    close = re.findall(r"= close (\d+|without)", flat)
    if close:
        return "legal", 1000 if close[-1] == "without" else int(close[-1]), out
    return "legal", None, out


def happened(server, data):
    """The statuses, and the code of the Close that was sent, if any."""
    got = b""
    with support.Peer(server) as peer:
        peer.sock.settimeout(support.PATIENCE)
        try:
            peer.send(data)
            peer.shut()
            while True:
                more = peer.sock.recv(65536)
                if not more:
                    break
                got += more
        except (ConnectionError, BrokenPipeError):
            pass
    statuses = [int(x) for x in re.findall(rb"HTTP/1\.1 (\d{3}) ", got)]
    if 101 not in statuses:
        return statuses, None
    stream = got[got.index(b"HTTP/1.1 101"):].split(b"\r\n\r\n", 1)[1]
    return statuses, close_code(stream)


def close_code(stream):
    """Of the Close in a stream of a server's frames."""
    while len(stream) >= 2:
        length, at = stream[1] & 0x7f, 2
        if length == 126:
            length, at = struct.unpack(">H", stream[2:4])[0], 4
        elif length == 127:
            length, at = struct.unpack(">Q", stream[2:10])[0], 10
        if stream[0] & 15 == CLOSE:
            return struct.unpack(">H", stream[at:at + 2])[0] if length else \
                1005
        stream = stream[at + length:]
    return None


class Agree(support.ServerCase):
    limit = 4 * support.TEST_LIMIT      # ten thousand processes are begun

    def compare(self, server, data):
        """The verdict, or None: of no interest here."""
        verdict, code, out = foretold(data)
        statuses, close = happened(server, data)
        if not out.startswith("> request") or 404 in statuses:
            return None     # bytes that are no head; another path
        if b"\r" not in data:
            return None     # --explain gives lines back what they have lost
        if verdict == "wrong":
            good = code in statuses or code == close
        elif verdict == "unfinished":
            # Half of a head, or of a frame, is met by silence.
            good = 400 not in statuses and close is None
        elif "= a legal handshake" in out:
            good = 101 in statuses and close == code
        else:
            good = 101 not in statuses and 400 not in statuses
        if not good:
            self.fail("%r\n%r\n%s" % ((verdict, code, statuses, close), data,
                                      out))
        return verdict

    def test_mutated_conversations_end_as_is_foretold(self):
        server = self.start("--origin", "*")    # --explain knows of none
        rng = random.Random(SEED)
        seen = {"legal": 0, "wrong": 0, "unfinished": 0, None: 0}
        for i in range(COUNT):
            head, frames = conversation(rng)
            if i % 10 == 0:
                data = head + frames
            elif i % 3 == 0:
                data = mutate(rng, head) + frames
            else:
                data = head + mutate(rng, frames)
            with self.subTest(seed=SEED, number=i):
                seen[self.compare(server, data)] += 1
        for verdict in "legal", "wrong", "unfinished":
            self.assertGreater(seen[verdict], COUNT // 20)

    def test_compressed_text_of_a_room_that_is_bad_and_then_too_long(self):
        """The first of the two counts, and --trace says that one."""
        server = self.start("-m", "1K", "--trace")
        head = HEADS[3].replace("/echo", "/chat").encode()
        data = head + frame(TEXT, shrink(b"\xff" + b"x" * 3000), rsv=4)
        self.assertEqual(happened(server, data), ([101], 1007))
        server.wait_log(r"chatd closes with 1007")
        data = head + frame(TEXT, shrink(b"x" * 3000 + b"\xff"), rsv=4)
        self.assertEqual(happened(server, data), ([101], 1009))
        server.wait_log(r"chatd closes with 1009")


if __name__ == "__main__":
    unittest.main()
