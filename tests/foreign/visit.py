# SPDX-License-Identifier: MIT
"""Has a server do everything it does, so that its calls can be looked at;
or, under memcheck, its bytes."""

import contextlib
import itertools
import json
import os
import resource
import signal
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))

from deflated import Deflated  # noqa: E402
from support import BINARY, TEXT, Peer, Server, WebSocket  # noqa: E402

LARGE = 5 << 30


def without_descriptors(server):
    """One connects while the server may open no more."""
    used = {int(fd) for fd in os.listdir("/proc/%d/fd" % server.pid)}
    # An emulator may have some of its own far above the server's.
    free = next(fd for fd in itertools.count() if fd not in used)
    limits = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (free, limits[1]))
    with contextlib.suppress(ConnectionError, AssertionError):
        with Peer(server) as peer:
            peer.expect_eof()
    server.wait_log("out of descriptors")
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, limits)


def pages_and_echoes(server):
    """Built-in pages; messages of all lengths' forms, compressed ones too,
    from the server's every path."""
    for path in "/", "/chat", "/echo":
        with Peer(server) as peer:
            assert b"<html" in peer.ask(path, headers=["Accept: text/html"],
                                        ).body, path
    with Peer(server) as peer:
        assert peer.ask("/nowhere").status == 404
    text = "".join("%d, " % n for n in range(20000))
    for client in WebSocket, Deflated:
        with client(server, "/echo") as ws:
            for size in 0, 1, 125, 126, 65535, 65536, len(text):
                ws.text(text[:size])
                assert ws.recv_text() == text[:size]
            ws.binary(os.urandom(3000))
            assert len(ws.recv()[1]) == 3000
            ws.leave()
    with Deflated(server, "/chat/room") as a, \
            Deflated(server, "/ws/room?history=5") as b:
        for size in 1, 200, 5000:
            a.squeeze(TEXT, text[:size], pieces=3)
            assert a.recv_text() == text[:size]
            assert json.loads(b.recv_text())["message"] == text[:size]
        a.squeeze(BINARY, b"x" * 1000)
        assert a.recv()[1] == b"x" * 1000
        b.leave()


def main():
    with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
        with open(os.path.join(folder, "page.txt"), "w") as f:
            f.write("a page")
        large = os.path.join(folder, "large.bin")
        with open(large, "w"):
            os.truncate(large, LARGE)
        path = os.path.join(folder, "socket")
        server = Server("--static", folder, "--write-timeout", "0.5",
                        addr=["127.0.0.1:PORT", "unix:" + path])
        try:
            with Peer(server) as peer:
                assert peer.ask("/page.txt").body == b"a page"
                # Larger than 32 bits can tell.
                size = peer.ask("/large.bin", "HEAD").get("Content-Length")
                assert size == str(LARGE), size
            pages_and_echoes(server)
            with WebSocket(server, "/ws/room") as a, \
                    WebSocket(server, "/chat/room") as b:
                a.json(message="hello")
                assert b.recv_text() == "hello"
                b.leave()
            with WebSocket(server, "/echo") as ws:
                ws.send(b"\x80\x80mask")     # a continuation of nothing
                assert ws.recv_close()[0] == 1002
            # One that does not read: what has it acknowledged?
            slow = WebSocket(server, "/echo", rcvbuf=4096)
            slow.sock.settimeout(0.2)
            try:
                while True:
                    slow.binary(b"x" * 65536)
            except OSError:
                pass
            server.wait_log("event=close .*write-timeout")
            slow.close()
            for number in signal.SIGUSR1, signal.SIGSTOP, signal.SIGCONT:
                server.signal(number)
            server.wait_log("event=state")
            without_descriptors(server)
        finally:
            assert server.stop() == 0
        assert not os.path.exists(path)


main()
