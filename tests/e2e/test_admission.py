# SPDX-License-Identifier: MIT
"""Who gets a slot when they are short, and who gives way: probes are answered
whoever holds what, and nobody is refused for the sake of somebody idle."""

import os
import tempfile

from support import Eof, Peer, ServerCase, WebSocket, until_true
from support import upgrade_headers

REFUSALS = 16           # LIMITS_REFUSALS
CROWD = "one address holds over half of the slots"


def forwarded(address):
    return ["X-Forwarded-For: " + address]


class Probes(ServerCase):
    """/healthz and /readyz."""

    def hold(self, server, count, **more):
        """Connections that say nothing."""
        idle = [Peer(server, **more) for _ in range(count)]
        for peer in idle:
            self.addCleanup(peer.close)
        return idle

    def probe(self, server, path="/healthz", **more):
        with Peer(server, **more) as peer:
            return peer.ask(path)

    def test_twenty_of_twenty_probes_are_answered(self):
        """All slots taken, all refusal slots held by connections that say
        nothing, and more of them again and again."""
        server = self.start("--clients", "4", "--handshake-timeout", "60")
        for _ in range(4):
            self.ws(server)
        for _ in range(20):
            self.hold(server, REFUSALS + 4)
            r = self.probe(server)
            self.assertEqual((r.status, r.json()["status"]), (200, "ok"))
        self.assertEqual(self.probe(server, "/readyz").status, 503)

    def test_who_gives_way_is_told_why(self):
        """The first of the refused ends for a newcomer, with the answer it
        would have had; the others stay."""
        server = self.start("--clients", "1", "--handshake-timeout", "60")
        self.ws(server)
        idle = self.hold(server, REFUSALS)
        self.assertEqual(self.probe(server).status, 200)
        self.assert_refused(idle[0], 503)
        self.assertFalse(any(peer.closed() for peer in idle[1:]))

    def test_the_metrics_address_answers_whatever_is_full(self):
        """Both are full of connections that say nothing."""
        server = self.start("--clients", "2", "--metrics", "127.0.0.1:0",
                            "--handshake-timeout", "60")
        port = int(server.start_line().split("metrics=127.0.0.1:")[1]
                   .split()[0])
        ws = [self.ws(server) for _ in range(2)]
        self.hold(server, 2 * REFUSALS)
        for _ in range(10):
            self.hold(server, 5, port=port)
            self.assertEqual(self.probe(server, port=port).status, 200)
            r = self.probe(server, "/readyz", port=port)
            self.assertEqual((r.status, r.json()["status"]), (503, "full"))
        ws[0].leave()
        until_true(lambda: self.probe(server, "/readyz",
                                      port=port).status == 200)

    def test_one_address_over_per_ip_can_still_ask(self):
        server = self.start("--per-ip", "1")
        self.ws(server)
        self.assertEqual(self.probe(server).status, 200)
        self.assertEqual(self.probe(server, "/").status, 429)


class Idle(ServerCase):
    """Plain connections between requests."""

    def kept(self, server):
        peer = self.peer(server)
        self.assertEqual(peer.ask("/healthz").status, 200)
        return peer

    def test_the_longest_idle_end_before_anybody_is_refused(self):
        server = self.start("--clients", "20", "--keep-alive", "600")
        kept = [self.kept(server) for _ in range(20)]
        self.assertEqual(kept[0].ask("/").status, 200)  # now the last
        for i in range(20):
            ws = self.ws(server)
            ws.text("in")
            self.assertEqual(ws.recv_text(), "in")
            kept[(i + 1) % 20].expect_eof()
        with self.peer(server) as late:
            late.send(late.request("/echo", headers=upgrade_headers()))
            self.assert_refused(late, 503)

    def test_nobody_ends_while_there_are_slots(self):
        server = self.start("--clients", "20")
        kept = [self.kept(server) for _ in range(18)]
        self.ws(server)
        for peer in kept:
            self.assertEqual(peer.ask("/").status, 200)

    def test_a_file_is_sent_whole(self):
        """One with an answer under way is not idle."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        with open(os.path.join(folder.name, "big"), "wb") as file:
            file.write(bytes(8 << 20))
        server = self.start("--clients", "1", "--static", folder.name)
        peer = self.peer(server, rcvbuf=4096)
        peer.send(peer.request("/big"))
        peer.fill(1)
        for _ in range(3):
            with self.peer(server) as late:
                self.assertEqual(late.ask("/").status, 503)
        self.assertEqual(len(peer.response().body), 8 << 20)


class Whose(ServerCase):
    """--per-ip, and the warning about one address."""

    def test_an_idle_connection_of_a_proxy_counts_for_nobody(self):
        """Its last visitor was answered; the next may be another."""
        server = self.start("--per-ip", "1", "--trust", "127.0.0.1")
        proxy = self.peer(server)
        self.assertEqual(
            proxy.ask("/", headers=forwarded("9.9.9.9")).status, 200)
        ws = self.ws(server, headers=forwarded("9.9.9.9"))
        r = proxy.ask("/", headers=forwarded("9.9.9.9"))
        self.assertEqual(r.status, 429)
        ws.text("on")
        self.assertEqual(ws.recv_text(), "on")

    def test_an_idle_connection_keeps_its_own_websocket_out_no_longer(self):
        """A browser keeps the connections with which it got the page."""
        server = self.start("--per-ip", "2")
        pages = [self.peer(server) for _ in range(2)]
        for page in pages:
            self.assertEqual(page.ask("/chat").status, 200)
        for _ in range(2):
            self.ws(server)
        with self.peer(server) as late:
            self.assertEqual(late.ask("/").status, 429)
        self.assertEqual(pages[0].ask("/").status, 429)

    def test_an_ipv6_client_is_its_64(self):
        """A /64 is one customer's (RFC 6177), an IPv4 address in it one."""
        server = self.start("--per-ip", "1", "--proxy-protocol")
        for address, status in (("2001:db8:1:1::1", 101),
                                ("2001:db8:1:1:ffff::2", 429),
                                ("2001:db8:1:2::1", 101),
                                ("::ffff:192.0.2.1", 101),
                                ("::ffff:192.0.2.2", 101)):
            peer = self.peer(server)
            peer.send(b"PROXY TCP6 %s ::1 1 2\r\n" % address.encode() +
                      peer.request("/echo", headers=upgrade_headers()))
            self.assertEqual(peer.response().status, status, address)

    def test_one_address_with_over_half_of_the_slots_is_told_once(self):
        server = self.start("--clients", "10")
        others = [self.ws(server, source="127.0.0.2") for _ in range(4)]
        many = [self.ws(server) for _ in range(5)]
        self.assertNotIn(CROWD, server.stderr_text())
        many.append(self.ws(server))
        line = server.wait_log(CROWD)
        self.assertIn("level=warn", line)
        self.assertIn("ip=127.0.0.1", line)
        others.pop().leave()
        for _ in range(5):
            many.pop(0).leave()
            many.append(self.come(server))
        self.assertEqual(server.stderr_text().count(CROWD), 1)

    def come(self, server):
        """Once the one that left has given its slot back."""
        def check():
            try:
                return WebSocket(server)
            except (AssertionError, ConnectionError, Eof):
                return None
        ws = until_true(check)
        self.addCleanup(ws.close)
        return ws
