# SPDX-License-Identifier: MIT
"""Has a server do everything it does, so that its calls can be looked at."""

import contextlib
import os
import resource
import signal
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "..", "e2e"))

from support import Peer, Server, WebSocket  # noqa: E402

LARGE = 5 << 30


def without_descriptors(server):
    """One connects while the server may open no more."""
    used = len(os.listdir("/proc/%d/fd" % server.pid))
    limits = resource.prlimit(server.pid, resource.RLIMIT_NOFILE)
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, (used, limits[1]))
    with contextlib.suppress(ConnectionError, AssertionError):
        with Peer(server) as peer:
            peer.expect_eof()
    server.wait_log("out of descriptors")
    resource.prlimit(server.pid, resource.RLIMIT_NOFILE, limits)


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
            with WebSocket(server, "/ws/room") as a, \
                    WebSocket(server, "/chat/room") as b:
                a.json(message="hello")
                assert b.recv_text() == "hello"
                b.leave()
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
