# SPDX-License-Identifier: MIT
"""permessage-deflate (RFC 7692) for the tests, with zlib as the foreign hand:

    shrink, grow      the payload of a message, there and back
    Bits              DEFLATE data (RFC 1951) built bit by bit
    Deflated          a WebSocket that negotiates, and checks what comes
"""

import random
import re
import time
import zlib

from support import (BINARY, CLOSE, CONT, PATIENCE, PING, PONG, TEXT,
                     WebSocket, frame)

OFFER = "permessage-deflate"
RSV1 = 4                            # as Frame.rsv has it
TAIL = b"\0\0\xff\xff"              # RFC 7692 7.2.1: never sent


def shrink(payload, bits=15, level=6, strategy=zlib.Z_DEFAULT_STRATEGY):
    """A message's compressed payload, by zlib."""
    z = zlib.compressobj(level, zlib.DEFLATED, -bits, 8, strategy)
    out = z.compress(payload) + z.flush(zlib.Z_SYNC_FLUSH)
    assert out.endswith(TAIL)
    return out[:-4]


def grow(payload, bits=15):
    """What zlib makes of a compressed payload; a distance beyond the window
    is an error to it, and so are bytes behind the end."""
    z = zlib.decompressobj(-bits)
    out = z.decompress(payload + TAIL)
    if z.unused_data or z.unconsumed_tail:
        raise AssertionError("bytes behind the end of the message")
    return out


class Bits:
    """DEFLATE data by the bit, the lowest first (RFC 1951 3.1.1)."""

    def __init__(self):
        self.value, self.count = 0, 0

    def put(self, number, count):
        self.value |= number << self.count
        self.count += count
        return self

    def code(self, number, count):
        """A Huffman code: its highest bit first."""
        for i in reversed(range(count)):
            self.put(number >> i & 1, 1)
        return self

    def align(self):
        self.count += -self.count % 8
        return self

    def stored(self, data=b"", final=0, length=None, inverse=None):
        """A stored block (3.2.4), or one whose header lies."""
        n = len(data) if length is None else length
        self.put(final, 1).put(0, 2).align()
        self.put(n, 16).put(n ^ 0xFFFF if inverse is None else inverse, 16)
        for byte in data:
            self.put(byte, 8)
        return self

    def fixed(self, data=b"", final=0):
        """A block of literals in the fixed codes (3.2.6)."""
        self.put(final, 1).put(1, 2)
        for byte in data:
            self.literal(byte)
        return self.end()

    def literal(self, byte):
        return (self.code(0x30 + byte, 8) if byte < 144
                else self.code(0x190 + byte - 144, 9))

    def match_3(self, distance_code, extra=0, extra_bits=0):
        """Inside a fixed block: three bytes from further back."""
        return (self.code(1, 7).code(distance_code, 5)
                .put(extra, extra_bits))

    def end(self):
        """The end of a fixed block."""
        return self.code(0, 7)

    def barren(self, final=0):
        """A dynamic block (3.2.7) that yields nothing and is nearly as short
        as one can be: 94 bits. Literals: 0 and 256, one bit each."""
        self.put(final, 1).put(2, 2).put(0, 5).put(0, 5).put(14, 4)
        lengths = {18: 2, 0: 2, 1: 1}       # 1: 0, 0: 10, 18: 11
        for symbol in (16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2,
                       14, 1):
            self.put(lengths.get(symbol, 0), 3)
        self.code(0, 1)                                 # byte 0
        self.code(3, 2).put(138 - 11, 7)                # 255 unused ones
        self.code(3, 2).put(117 - 11, 7)
        self.code(0, 1)                                 # end of block
        self.code(2, 2)                                 # no distances
        return self.code(1, 1)

    def message(self):
        """The payload: closed by the header of an empty stored block."""
        self.put(0, 3).align()
        return self.bytes()

    def bytes(self):
        self.align()
        return self.value.to_bytes(self.count // 8, "little")


def barren_blocks(size):
    """About `size` bytes of blocks that yield nothing, whole ones."""
    eight = Bits()
    for _ in range(8):
        eight.barren()
    assert eight.count % 8 == 0
    return eight.bytes() * (size // (eight.count // 8))


def bomb(zeros):
    """A payload that inflates to this many zero bytes, about 1000:1."""
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    parts = []
    while zeros > 0:
        n = min(zeros, 1 << 20)
        parts.append(z.compress(bytes(n)))
        zeros -= n
    parts.append(z.flush(zlib.Z_SYNC_FLUSH))
    return b"".join(parts)[:-4]


def cut(payload, cuts):
    """The payload in pieces, cut at these places."""
    ends = sorted(cuts) + [len(payload)]
    return [payload[a:b] for a, b in zip([0] + ends, ends)]


def cut_anywhere(payload, count, rng=random):
    """The same at random places; some pieces may be empty."""
    return cut(payload, [rng.randrange(len(payload) + 1)
                         for _ in range(count - 1)])


def compressed_frames(opcode, pieces, between=b""):
    """One compressed message in as many frames as there are pieces, with
    `between` (whole control frames) between them."""
    return between.join(
        frame(opcode if i == 0 else CONT, piece, rsv=RSV1 if i == 0 else 0,
              fin=i == len(pieces) - 1) for i, piece in enumerate(pieces))


class Deflated(WebSocket):
    """A WebSocket whose offer was accepted. recv() inflates; what the last
    message was like is in .frames, .compressed and .payload."""

    rsv = RSV1

    def __init__(self, server, path="/echo", offer=OFFER, headers=(), **more):
        super().__init__(server, path, headers=[
            *headers, "Sec-WebSocket-Extensions: " + offer], **more)
        self.answered = self.handshake.get("Sec-WebSocket-Extensions")
        if not self.answered or not self.answered.startswith(OFFER):
            self.close()
            raise AssertionError("no compression: %r" % self.handshake)
        self.server_bits = self._bits("server")
        self.client_bits = self._bits("client")

    def _bits(self, whose):
        found = re.search(whose + r"_max_window_bits=(\d+)", self.answered)
        return int(found.group(1)) if found else 15

    # -- out --

    def squeeze(self, opcode, payload, pieces=1, between=b"", **how):
        """Sends a message compressed, in so many pieces cut anywhere."""
        if isinstance(payload, str):
            payload = payload.encode()
        self.send_payload(opcode, shrink(payload, **how), pieces, between)

    def send_payload(self, opcode, payload, pieces=1, between=b""):
        """Sends what is compressed already."""
        self.send(compressed_frames(opcode, cut_anywhere(payload, pieces),
                                    between))

    # -- in --

    def recv(self, timeout=None):
        """As WebSocket.recv, inflated. RFC 7692 6: RSV1 on the first frame
        of a message and nowhere else."""
        until = time.monotonic() + (timeout or PATIENCE)
        kind, frames = None, []
        while True:
            got = self.recv_frame(max(until - time.monotonic(), 0.001))
            if got.rsv and got.opcode not in (TEXT, BINARY):
                raise AssertionError("RSV1 where it says nothing: %r" % got)
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
                frames.append(got)
                if got.fin:
                    break
        self.frames = frames
        self.compressed = bool(frames[0].rsv)
        self.payload = b"".join(f.payload for f in frames)
        if not self.compressed:
            return kind, self.payload
        return kind, grow(self.payload, self.server_bits)
