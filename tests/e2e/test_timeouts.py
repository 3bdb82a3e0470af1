# SPDX-License-Identifier: MIT
"""Every deadline that is not about slow readers: heartbeat, requests, idle
connections, the end of a connection. Lower bounds are exact promises (not
before ...), upper bounds are generous (the machine may be busy)."""

import struct
import time
import unittest

from support import (BINARY, CLOSE, PATIENCE, PING, PONG, TEXT, ServerCase,
                     WebSocket, frame, until_true, upgrade_headers)


class Heartbeat(ServerCase):
    """--ping and --pong-timeout."""

    def test_a_silent_client_is_pinged(self):
        """After --ping, and not much later; a pong keeps it, again and
        again; other clients of every kind too."""
        server = self.start("--ping", "0.4", "--pong-timeout", "9")
        for path in "/echo", "/chat", "/ws":
            began = time.monotonic()
            ws = self.ws(server, path)
            for _ in range(3):
                got = ws.recv_frame()
                took = time.monotonic() - began
                self.assertEqual(got.opcode, PING)
                self.assertLessEqual(len(got.payload), 125)
                self.assertGreater(took, 0.3)
                self.assertLess(took, 0.4 + PATIENCE / 3)
                ws.send_frame(PONG, got.payload)
                began = time.monotonic()
            ws.leave()

    def test_a_sign_of_life_that_we_do_not_read_counts(self):
        """All buffers are lent out and an echo has more on its way to the
        client than may be: it is not read from, and its pongs wait in the
        socket. That is no silence of the client's."""
        server = self.start("--buffers", "1", "--ping", "0.6",
                            "--pong-timeout", "0.8",
                            "--handshake-timeout", "60")
        ws = self.ws(server, rcvbuf=4096, answer=False)
        ws.send(frame(BINARY, b"x" * 60000))
        time.sleep(0.3)
        holder = self.peer(server)
        holder.send(b"GET / HT")                # takes the only buffer
        time.sleep(0.6)                         # the ping is on its way
        left = 60004
        for _ in range(12):
            ws.send_frame(PONG, b"")
            left -= len(ws.sock.recv(1000))     # slowly
            time.sleep(0.2)
        ws.take(left)
        ws.text("still here")
        self.assertEqual(ws.recv_text(), "still here")
        ws.leave()

    def test_no_sign_of_life_closes_1001(self):
        """No answer to the ping for --pong-timeout: Close 1001, told in the
        log, and the others are told of one member less."""
        server = self.start("--ping", "0.3", "--pong-timeout", "0.5")
        began = time.monotonic()
        ws = self.ws(server, "/chat/r", answer=False)
        got = ws.recv_frame()
        self.assertEqual(got.opcode, PING)
        self.assertEqual(ws.recv_close()[0], 1001)
        self.assertGreater(time.monotonic() - began, 0.7)
        line = server.wait_log(r"event=close .*code=1001")
        self.assertRegex(line, r"by=server")
        self.assertRegex(line, r"cause=pong-timeout")
        self.assertRegex(line, r"path=/chat/r\b")

    def test_any_frame_is_a_sign_of_life(self):
        """A client that answers the ping with a message instead of a pong is
        alive."""
        server = self.start("--ping", "0.3", "--pong-timeout", "1")
        ws = self.ws(server, answer=False)
        until = time.monotonic() + 3
        while time.monotonic() < until:
            got = ws.recv_frame()
            if got.opcode == PING:
                ws.text("alive")
            else:
                self.assertEqual(got.opcode, TEXT)

    def test_a_talking_client_is_not_pinged(self):
        """Silence is what is measured."""
        server = self.start("--ping", "2")
        ws = self.ws(server)
        until, last = time.monotonic() + 3, time.monotonic()
        while time.monotonic() < until:
            ws.text("x")
            ws.recv_text()
            gap, last = time.monotonic() - last, time.monotonic()
            if gap > 1:
                ws.pings.clear()        # it was the machine that was silent
            time.sleep(0.05)
        self.assertEqual(ws.pings, [])

    def test_ping_0_is_off(self):
        """A silent client is left alone."""
        server = self.start("--ping", "0", "--pong-timeout", "0.2")
        ws = self.ws(server)
        ws.expect_silence(1)
        ws.text("x")
        self.assertEqual(ws.recv_text(), "x")

    def test_a_client_that_vanished_in_the_middle_of_a_message(self):
        """Half a frame is silence too when nothing follows."""
        server = self.start("--ping", "0.3", "--pong-timeout", "0.5")
        ws = self.ws(server, "/chat/r", answer=False)
        ws.send(frame(TEXT, "hello")[:6])
        self.assertEqual(ws.recv_frame().opcode, PING)
        self.assertEqual(ws.recv_close()[0], 1001)


class Requests(ServerCase):
    """--handshake-timeout: for the complete request, from accept."""

    def test_408_for_a_request_begun(self):
        """Not before the time, and one response, then the end."""
        server = self.start("--handshake-timeout", "0.6")
        for start in (b"G", b"GET / HTTP/1.1\r\n", b"\r\n",
                      b"GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: web"):
            with self.subTest(start=start):
                began = time.monotonic()
                peer = self.peer(server)
                peer.send(start)
                if start == b"\r\n":
                    # Is an empty line a request begun? Left open.
                    try:
                        self.assert_refused(peer, 408)
                    except AssertionError as error:
                        if "closed" not in str(error):
                            raise
                else:
                    self.assert_refused(peer, 408)
                self.assertGreater(time.monotonic() - began, 0.5)

    def test_silence_for_none_begun(self):
        """A connection on which nothing was said is closed in silence."""
        server = self.start("--handshake-timeout", "0.5")
        began = time.monotonic()
        peer = self.peer(server)
        peer.expect_eof()
        self.assertGreater(time.monotonic() - began, 0.4)

    def test_bytes_do_not_reset_the_time(self):
        """A request that drips in is 408 when its time is over, counted from
        accept (slowloris)."""
        server = self.start("--handshake-timeout", "0.8")
        peer = self.peer(server)
        began = time.monotonic()
        data = peer.request("/", headers=["X-A: " + "x" * 2000])
        for i in range(len(data)):
            try:
                peer.send(data[i:i + 1])
            except ConnectionError:
                break
            if peer.closed() or time.monotonic() - began > PATIENCE:
                break
            try:
                peer.fill(1, 0.03)
                break
            except TimeoutError:
                pass
        self.assertEqual(peer.response().status, 408)
        took = time.monotonic() - began
        self.assertGreater(took, 0.7)
        self.assertLess(took, 0.8 + PATIENCE / 2)

    def test_an_idle_connection_is_closed_in_silence(self):
        """After a plain response, and not sooner than --keep-alive; a request
        within it starts the time anew."""
        server = self.start("--keep-alive", "1", "--handshake-timeout", "0.3")
        peer = self.peer(server)
        for _ in range(4):
            self.assertEqual(peer.ask("/healthz").status, 200)
            time.sleep(0.4)
        began = time.monotonic()
        self.assertEqual(peer.ask("/healthz").status, 200)
        peer.expect_eof()
        self.assertGreater(time.monotonic() - began, 0.7)

    def test_a_later_request_has_the_time_from_its_first_byte(self):
        """--handshake-timeout does not count what was idle before it."""
        server = self.start("--keep-alive", "60", "--handshake-timeout", "1")
        peer = self.peer(server)
        self.assertEqual(peer.ask("/healthz").status, 200)
        time.sleep(1.5)
        request = peer.request("/healthz")
        peer.send(request[:5])
        time.sleep(0.2)
        peer.send(request[5:])
        self.assertEqual(peer.response().status, 200)
        peer.send(request[:5])
        self.assertEqual(peer.response().status, 408)
        peer.expect_eof()

    def test_an_open_websocket_has_no_such_deadline(self):
        """The handshake's time ends with the handshake."""
        server = self.start("--handshake-timeout", "0.3")
        ws = self.ws(server)
        ws.expect_silence(1)
        ws.text("x")
        self.assertEqual(ws.recv_text(), "x")

    def test_slots_of_the_silent_come_back(self):
        """Clients that say nothing do not keep others out for longer than
        the time."""
        server = self.start("--clients", "5", "--handshake-timeout", "0.5")
        for _ in range(5):
            self.peer(server)

        def served():
            """a newcomer is served"""
            try:
                with WebSocket(server) as ws:
                    ws.text("x")
                    return ws.recv_text() == "x"
            except (AssertionError, OSError):
                return False
        until_true(served, pause=0.05)


class Endings(ServerCase):
    """After the server's Close: its side shut, a second of reading, away. After
    the client's: answered, and away."""

    def test_it_lingers_and_then_closes(self):
        """A client that never closes its side sees the Close and the end of
        the stream at once; within seconds its bytes meet a reset: the
        connection is gone for good."""
        server = self.start()
        ws = self.ws(server)
        ws.send(frame(3, ""))
        ws.recv_close()

        def refused():
            """writing to the lost connection fails"""
            try:
                ws.send(b"x")
                return False
            except ConnectionError:
                return True
        until_true(refused, timeout=1 + PATIENCE / 2, pause=0.05)

    def test_who_closes_first_is_answered_and_that_is_all(self):
        """The client's Close: its code comes back, then the end of the stream,
        and its slot, the only one, is free for the next client at once."""
        server = self.start("--clients", "1")
        for code in range(4000, 4020):
            ws = self.ws(server)   # stays open on our side
            ws.send(frame(CLOSE, struct.pack(">H", code)))
            self.assertEqual(ws.recv_close()[0], code)

    def test_a_lingering_connection_holds_its_slot(self):
        """--clients 1: while the last one lingers, the next is 503 or waits
        no longer than that second; then it is let in."""
        server = self.start("--clients", "1")
        ws = self.ws(server)
        ws.send(frame(3, ""))
        ws.recv_close()

        def let_in():
            """the slot is free again"""
            try:
                with WebSocket(server) as one:
                    one.text("x")
                    return one.recv_text() == "x"
            except (AssertionError, OSError):
                return False
        until_true(let_in, timeout=1 + PATIENCE / 2, pause=0.05)

    def test_it_does_not_read_for_ever(self):
        """A client that is refused and goes on sending is cut off, not
        listened to."""
        server = self.start()
        for start in (b"BAD\r\n\r\n", None):
            if start:
                peer = self.peer(server)
                peer.send(start)
            else:
                peer = self.ws(server)
                peer.send(frame(3, ""))
            began = time.monotonic()
            with self.assertRaises(ConnectionError):
                while time.monotonic() - began < 1 + PATIENCE / 2:
                    peer.send(b"x" * 10000)
                    time.sleep(0.01)

    def test_refused_upgrades_give_their_slot_back(self):
        """A client that keeps its refused connection open holds nothing."""
        server = self.start("--clients", "3")
        for _ in range(9):
            peer = self.peer(server)
            try:
                peer.send(peer.request("/nope", headers=upgrade_headers()))
                self.assertIn(peer.response().status, (404, 503))
            except ConnectionError:
                pass

        def free():
            """three slots are free again"""
            some = []
            try:
                for _ in range(3):
                    some.append(WebSocket(server))
                return True
            except (AssertionError, OSError):
                return False
            finally:
                for ws in some:
                    ws.close()
        until_true(free, timeout=2 + PATIENCE / 2, pause=0.1)


if __name__ == "__main__":
    unittest.main()
