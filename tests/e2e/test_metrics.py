# SPDX-License-Identifier: MIT
"""--metrics: Prometheus text on an address of its own."""

import json
import os
import re
import shutil
import subprocess
import tempfile
import unittest

from support import (ROOT, Peer, ServerCase, field, frame, free_port, run,
                     until_true, upgrade_headers)

SAMPLE = re.compile(r'(\w+)(\{(?:\w+="(?:[^"\\]|\\.)*",?)+\})? (\S+)$')
DASHBOARD = os.path.join(ROOT, "scripts", "grafana.json")


class MetricsCase(ServerCase):
    def start_with_metrics(self, *options, **more):
        port = free_port()
        server = self.start("--metrics", "127.0.0.1:%d" % port, *options,
                            **more)
        server.metrics_port = port
        return server

    def scrape(self, server):
        with Peer(server, port=server.metrics_port) as peer:
            r = peer.ask("/metrics")
            self.assertEqual(r.status, 200)
            self.assertEqual(r.get("Content-Type"),
                             "text/plain; version=0.0.4; charset=utf-8")
            peer.expect_eof()
        return r.body.decode()

    def samples(self, server):
        """{'name{labels}': value}"""
        out = {}
        for line in self.scrape(server).splitlines():
            if not line.startswith("#"):
                found = SAMPLE.match(line)
                self.assertTrue(found, line)
                name = found.group(1) + (found.group(2) or "")
                self.assertNotIn(name, out)
                out[name] = float(found.group(3))
        return out

    def until_sample(self, server, name, value):
        until_true(lambda: self.samples(server).get(name) == value)


class Address(MetricsCase):
    """What is where."""

    def test_nothing_else_is_there(self):
        """404 for every other path but those of health, and no WebSocket."""
        server = self.start_with_metrics()
        for path in "/healthz", "/readyz":
            with Peer(server, port=server.metrics_port) as peer:
                self.assertEqual(peer.ask(path).json()["status"], "ok")
                peer.expect_eof()
        for path in "/", "/echo", "/metrics/", "/metrics2", "/x":
            with Peer(server, port=server.metrics_port) as peer:
                self.assertEqual(peer.ask(path).status, 404, path)
        for path in "/metrics", "/echo":
            with Peer(server, port=server.metrics_port) as peer:
                peer.send(peer.request(path, headers=upgrade_headers()))
                self.assert_refused(peer, 404)
        with Peer(server, port=server.metrics_port) as peer:
            peer.send(b"POST /metrics HTTP/1.1\r\nHost: a\r\n\r\n")
            self.assertEqual(peer.response().status, 405)

    def test_who_scrapes_counts_for_no_per_ip(self):
        """Neither by address nor by what a trusted proxy would say."""
        for more in (), ("--trust", "127.0.0.1"):
            server = self.start_with_metrics("--per-ip", "1", *more)
            self.ws(server, "/echo")
            for _ in range(3):
                self.scrape(server)
            server.stop()

    def test_not_on_the_other_address(self):
        """/metrics is no page of the server's."""
        server = self.start_with_metrics()
        self.assertEqual(self.get(server, "/metrics").status, 404)

    def test_head(self):
        """The head alone, again and again: its buffer is given back."""
        server = self.start_with_metrics()
        for _ in range(20):
            with Peer(server, port=server.metrics_port) as peer:
                r = peer.ask("/metrics", "HEAD")
                self.assertEqual((r.status, r.body), (200, b""))
        self.scrape(server)

    def test_the_start_line_names_it(self):
        """metrics=ADDR; on a unix socket, too."""
        server = self.start_with_metrics()
        self.assertEqual(field(server.start_line(), "metrics"),
                         "127.0.0.1:%d" % server.metrics_port)
        with tempfile.TemporaryDirectory(prefix="chatd-e2e-") as folder:
            path = os.path.join(folder, "m")
            server = self.start("--metrics", "unix:" + path)
            with Peer(server, unix=path) as peer:
                self.assertEqual(peer.ask("/metrics").status, 200)
            server.stop()
            self.assertFalse(os.path.exists(path))

    def test_readers_that_do_not_read(self):
        """A few hold all places of that address: the first gives way to
        whoever comes, nobody else notices."""
        server = self.start_with_metrics("--write-timeout", "1",
                                         "--handshake-timeout", "1")
        peers = [Peer(server, port=server.metrics_port) for _ in range(4)]
        for path in "/metrics", "/healthz":
            with Peer(server, port=server.metrics_port) as more:
                self.assertEqual(more.ask(path).status, 200)
                more.expect_eof()
        self.assert_serves(server)
        for peer in peers:
            peer.expect_eof()
            peer.close()
        self.scrape(server)

    def test_a_full_server_still_tells(self):
        """All slots and all places for refusals taken: the metrics have
        their own."""
        server = self.start_with_metrics("--clients", "2",
                                         "--handshake-timeout", "30")
        peers = [self.ws(server) for _ in range(2)]
        more = [Peer(server) for _ in range(20)]
        samples = self.samples(server)
        self.assertEqual(samples["chatd_slots"], 2)
        self.assertEqual(samples["chatd_slots_in_use"], 2)
        self.assertGreater(samples[
            'chatd_refusals_total{status="503",'
            'reason="all client slots taken"}'], 0)
        for peer in peers + more:
            peer.close()

    def test_bad_addresses(self):
        """One line that names it, exit 2."""
        for value in "", "x", "localhost:9", "127.0.0.1:", ":99999":
            done = run("--metrics", value)
            self.assertEqual((done.returncode, done.stdout), (2, ""))
            self.assertRegex(done.stderr, r"^chatd: [^\n]*--metrics[^\n]*\n$")
            if not value:
                continue        # an empty variable is an unset one
            done = run(env={"CHATD_METRICS": value})
            self.assertEqual(done.returncode, 2)
            self.assertIn("CHATD_METRICS", done.stderr)
        addr = "127.0.0.1:%d" % free_port()
        done = run("--addr", addr, "--metrics", addr)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, r"^chatd: --metrics [^\n]*--addr\n$")


class Values(MetricsCase):
    """What is counted."""

    def test_echo(self):
        """One message there and back, a ping not counted; the close."""
        server = self.start_with_metrics()
        ws = self.ws(server)
        ws.text("hello")
        ws.recv_text()
        ws.send(frame(9, b"ping"))
        ws.recv_frame()
        samples = self.samples(server)
        self.assertEqual(samples['chatd_websockets{form="echo"}'], 1)
        self.assertEqual(samples['chatd_websockets_opened_total'
                                 '{form="echo"}'], 1)
        self.assertEqual(samples['chatd_messages_received_total'
                                 '{form="echo"}'], 1)
        self.assertEqual(samples['chatd_messages_sent_total{form="echo"}'], 1)
        self.assertEqual(samples["chatd_connections_accepted_total"], 1)
        self.assertGreater(samples["chatd_received_bytes_total"], 100)
        self.assertGreater(samples["chatd_sent_bytes_total"], 100)
        ws.leave(4999)
        self.until_sample(server, 'chatd_closes_total{code="4xxx",'
                          'cause="close"}', 1)
        self.assertEqual(
            self.samples(server)['chatd_websockets{form="echo"}'], 0)

    def test_fragments_are_one_message(self):
        """And so is a compressed one."""
        server = self.start_with_metrics()
        ws = self.ws(server, headers=[
            "Sec-WebSocket-Extensions: permessage-deflate"])
        ws.send(frame(1, "a", fin=False) + frame(0, "b", fin=False) +
                frame(0, "c"))
        while not ws.recv_frame().fin:
            pass
        ws.send(frame(1, b"\xf2\x48\xcd\xc9\xc9\x07\x00", rsv=4))  # "Hello"
        ws.fill(9)                          # compressed again, whatever how
        samples = self.samples(server)
        for name in "received", "sent":
            self.assertEqual(samples['chatd_messages_%s_total{form="echo"}' %
                                     name], 2)

    def test_rooms(self):
        """A message counts once for every member it is for."""
        server = self.start_with_metrics("--rooms", "2")
        plain = [self.ws(server, "/chat/a") for _ in range(3)]
        sender, other = self.ws(server, "/ws/a"), self.ws(server, "/ws/a")
        v1 = self.ws(server, "/ws/a", protocols="chatd.v1")
        sender.text('{"message":"x"}')
        for ws in plain:
            ws.recv_text()
        other.recv_text()
        samples = self.samples(server)

        def sent(form):
            return samples['chatd_messages_sent_total{form="%s"}' % form]
        self.assertEqual((sent("plain"), sent("json"), sent("json-v1")),
                         (3, 1, 1))
        v1.text('{"message":"y"}')
        plain[0].recv_text()
        samples = self.samples(server)
        self.assertEqual((sent("plain"), sent("json"), sent("json-v1")),
                         (6, 3, 2))
        self.assertEqual(samples["chatd_rooms_in_use"], 1)
        self.assertEqual(samples["chatd_delivery_lag_seconds_count"], 2)
        self.assertGreater(samples["chatd_turn_seconds_count"], 5)
        self.ws(server, "/chat/b").leave()
        for name in "c", "d":
            until_true(lambda: self.samples(server)["chatd_rooms_in_use"] ==
                       1)
            self.ws(server, "/chat/" + name).leave()
        self.until_sample(server, "chatd_rooms_evicted_total", 2)

    def test_refusals_and_faults(self):
        """By status and reason; by code and cause."""
        server = self.start_with_metrics()
        self.get(server, "/ws", headers=upgrade_headers(
            extra=["Origin: http://evil.example"]))
        self.get(server, "/ws")
        ws = self.ws(server)
        ws.send(frame(3, ""))
        ws.recv_close()
        ws.close()
        self.until_sample(server, 'chatd_closes_total{code="1002",'
                          'cause="protocol"}', 1)
        names = "\n".join(self.samples(server))
        self.assertRegex(names, r'refusals_total\{status="403",reason="\w')
        self.assertRegex(names, r'refusals_total\{status="426",reason="\w')

    def test_an_eviction(self):
        """One that does not read, by its cause."""
        server = self.start_with_metrics("--write-timeout", "0.5")
        slow = self.ws(server)
        slow.send(frame(2, b"x" * (8 << 20), length=8 << 20)[:1 << 20])
        slow.sock.setblocking(False)
        try:
            while True:
                slow.sock.send(b"x" * 65536)
        except BlockingIOError:
            pass
        until_true(lambda: sum(
            v for k, v in self.samples(server).items()
            if k.startswith("chatd_evictions_total")) == 1)

    def test_every_metric_says_what_it_is(self):
        """HELP and TYPE before each; nothing comes twice; the same to
        promtool."""
        server = self.start_with_metrics()
        ws = self.ws(server, "/chat")
        ws.text("x")
        ws.recv()
        ws.leave()
        self.get(server, "/nope")
        text = self.scrape(server)
        known = {}
        for line in text.splitlines():
            found = re.match(r"# (HELP|TYPE) (\w+) (.+)", line)
            if found:
                known.setdefault(found.group(2), []).append(found.group(1))
            else:
                name = re.match(r"\w+", line).group()
                name = re.sub("_(bucket|sum|count)$", "", name)
                self.assertEqual(known.get(name), ["HELP", "TYPE"], line)
        promtool = shutil.which("promtool")
        if not promtool:
            self.skipTest("no promtool")
        done = subprocess.run([promtool, "check", "metrics"], input=text,
                              text=True, capture_output=True)
        self.assertEqual((done.returncode, done.stdout + done.stderr),
                         (0, ""))

    def test_nothing_about_a_client(self):
        """No room, name or address of anybody's."""
        server = self.start_with_metrics()
        ws = self.ws(server, "/ws/geheim?name=secret")
        ws.text('{"message":"x"}')
        self.get(server, "/geheim")
        text = self.scrape(server)
        for word in "geheim", "secret", "127.0.0.1":
            self.assertNotIn(word, text)


class Dashboard(MetricsCase):
    """scripts/grafana.json"""

    def expressions(self):
        with open(DASHBOARD) as f:
            dashboard = json.load(f)
        found = []

        def walk(node):
            if isinstance(node, dict):
                for key, value in node.items():
                    if key in ("expr", "query") and isinstance(value, str):
                        found.append(value)
                    walk(value)
            elif isinstance(node, list):
                for value in node:
                    walk(value)
        walk(dashboard)
        return [e for e in found if "chatd_" in e or "process_" in e]

    def test_it_names_metrics_that_exist(self):
        """Each one that an expression uses is told by a server; and each one
        that is told is shown."""
        text = self.scrape(self.start_with_metrics())
        told = {}
        for kind, name in re.findall(r"# TYPE (\w+) (\w+)", text):
            told[kind] = {kind} if name != "histogram" else {
                kind + end for end in ("_bucket", "_sum", "_count")}
        every = set().union(*told.values())
        used = set()
        for e in self.expressions():
            used |= set(re.findall(r"\b(?:chatd|process)_\w+", e))
        self.assertEqual(used - every, set())
        self.assertEqual([n for n, parts in told.items()
                          if not parts & used], [])

    def test_prometheus_reads_its_expressions(self):
        """As rules, by promtool, with Grafana's variables filled in."""
        promtool = shutil.which("promtool")
        if not promtool:
            self.skipTest("no promtool")
        lines = ["groups:", "- name: dashboard", "  rules:"]
        for i, e in enumerate(self.expressions()):
            if e.startswith("label_values"):
                continue
            e = e.replace("$__rate_interval", "1m")
            lines += ["  - record: r%d" % i, "    expr: " + json.dumps(e)]
        with tempfile.NamedTemporaryFile("w", suffix=".yml") as f:
            f.write("\n".join(lines) + "\n")
            f.flush()
            done = subprocess.run([promtool, "check", "rules", f.name],
                                  text=True, capture_output=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


if __name__ == "__main__":
    unittest.main()
