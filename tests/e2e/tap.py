# SPDX-License-Identifier: MIT
"""tap: what passes over loopback from a port, segment by segment."""

import socket
import struct
import time
import unittest

from support import PATIENCE

ETH_P_IP = 0x0800
FIN, RST = 0x01, 0x04


class Tap:
    """Segments that a TCP port of 127.0.0.1 sends, from now on: of each
    (the other's port, its flags, its payload). Only root may listen."""

    def __init__(self, port):
        self.port = port
        try:
            self.sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM,
                                      socket.htons(ETH_P_IP))
        except PermissionError as why:
            raise unittest.SkipTest("no packets can be seen: %s" % why)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        self.sock.bind(("lo", ETH_P_IP))
        self.sock.settimeout(0.05)
        self.segments = []

    def close(self):
        self.sock.close()

    def _take(self):
        packet, (_, _, kind, _, _) = self.sock.recvfrom(65536 + 64)
        if kind != socket.PACKET_HOST or packet[9] != socket.IPPROTO_TCP:
            return              # on its way out: it comes in as well
        at = (packet[0] & 15) * 4
        source, other = struct.unpack_from(">HH", packet, at)
        if source == self.port:
            begin = at + (packet[at + 12] >> 4) * 4
            end = struct.unpack_from(">H", packet, 2)[0]
            self.segments.append((other, packet[at + 13], packet[begin:end]))

    def _ended(self):
        return [to for to, flags, _ in self.segments if flags & (FIN | RST)]

    def until_end(self, other=None, said=b""):
        """Until the port has ended its connection with that port (or one
        where it said this): what it sent there, a list of (flags, payload),
        the end being the last."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            for to in self._ended():
                sent = [(f, p) for t, f, p in self.segments if t == to]
                if other in (None, to) and said in b"".join(
                        p for _, p in sent):
                    return sent
            try:
                self._take()
            except socket.timeout:
                pass
        raise TimeoutError("no end of the connection: %r" % self.segments)
