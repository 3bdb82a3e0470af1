# SPDX-License-Identifier: MIT
"""--redis: several chatd with one Redis are one service; what it says while
Redis is away; and whom it takes for one. test_redis_faults.py kills things.

Each Redis is a real one of the test's own (redis.py). What all clients were
told is written down and compared (crowd.py, transcript.py)."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

import redis
from crowd import Crowd, children, held
from redis import Link, Redis, Stub, installed
from support import (PATIENCE, ROOT, SANITIZED, SLOW, Peer, ServerCase,
                     WebSocket, field, free_port, load, run, until_true,
                     upgrade_headers)
from test_proxies import certificate
from transcript import JSON, PLAIN, POST, V1

ROOMY = ("--room-log", "64M", "--rooms", "4", "--history", "1000000",
         "--handshake-timeout", "20")
RECEIVERS = [PLAIN, JSON, V1] * 20
SENDERS = [PLAIN, JSON, V1] * 6 + [POST] * 2
FEW = ([PLAIN, JSON, V1] * 4, [PLAIN, JSON, V1] * 3 + [POST])


class RedisCase(ServerCase):
    limit = 150 * SLOW

    def node(self, *redis, options=(), waits=True, **more):
        """A chatd with these candidates: a Redis, a Link, or an address."""
        address = "+".join(getattr(r, "address", r) for r in redis)
        server = self.start("--redis", address, *ROOMY, *options, **more)
        if waits:
            self.wait_redis(server, "here")
        return server

    def wait_redis(self, server, what, timeout=None):
        until_true(lambda: self.health(server).get("redis") == what,
                   timeout=timeout)

    def v1(self, server, room="tea", query=""):
        """(WebSocket, its welcome)"""
        ws = self.ws(server, "/ws/%s%s" % (room, query), protocols="chatd.v1")
        return ws, ws.recv_json()

    def say(self, server, text, room="tea"):
        """By a post; its id."""
        answer = self.post(server, text, room)
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["id"]

    def post(self, server, text, room="tea"):
        with Peer(server) as peer:
            peer.send(self.posting(peer, text, room))
            return peer.response()

    @staticmethod
    def posting(peer, text, room="tea"):
        return peer.request("/chat/" + room, "POST",
                            ["Content-Length: %d" % len(text)],
                            body=text.encode())

    def join(self, server, room="tea"):
        """The status of a handshake."""
        with Peer(server) as peer:
            peer.send(peer.request("/ws/" + room, headers=upgrade_headers()))
            return peer.response().status

    def message(self, ws):
        """The next message, whatever events are before it."""
        while True:
            got = ws.recv_json()
            if "id" in got:
                return got

    def event(self, ws, what, timeout=None):
        """Until this event comes; messages before it."""
        messages = []
        while True:
            got = ws.recv_json(timeout)
            if got.get("event") == what:
                return messages
            if "id" in got:
                messages.append(got)

    def user(self, server, *rights):
        """A user of these rights, and the file that names it."""
        server("ACL", "SETUSER", "chatd", "on", ">a secret", "~chatd:*",
               "-@all", *rights)
        path = os.path.join(server.folder, "auth")
        with open(path, "w") as f:
            f.write("chatd a secret\n")
        os.chmod(path, 0o600)
        return "--redis-auth", path


class Together(RedisCase):
    """One service."""

    def test_an_id_is_the_same_everywhere(self):
        """What is posted on one node is heard on another under the id that
        was told; all forms; history and since from any of them."""
        server = Redis(self)
        one, two = self.node(server), self.node(server)
        here, there = self.v1(one)[0], self.v1(two)[0]
        plain = self.ws(two, "/chat/tea")
        ids = [self.say(s, "m%d" % i) for i, s in enumerate([one, two] * 5)]
        for ws in here, there:
            got = [self.message(ws) for _ in ids]
            self.assertEqual([m["id"] for m in got], ids)
            self.assertEqual([m["message"] for m in got],
                             ["m%d" % i for i in range(10)])
        self.assertEqual([plain.recv_text() for _ in ids],
                         ["m%d" % i for i in range(10)])
        late, welcome = self.v1(self.node(server), query="?since=" + ids[3])
        self.assertEqual(welcome["following"], 6)
        self.assertEqual([late.recv_json()["id"] for _ in range(6)], ids[4:])
        here.json(message="own")        # its acknowledgement
        self.assertEqual(self.message(here), self.message(there))

    def test_numbers_begin_at_1_and_have_no_hole(self):
        server = Redis(self)
        nodes = [self.node(server) for _ in range(2)]
        ids = [self.say(nodes[i % 2], "x") for i in range(6)]
        self.assertEqual([id_.split("-")[1] for id_ in ids], list("123456"))
        self.assertEqual(len({id_.split("-")[0] for id_ in ids}), 1)

    def test_name_sub_binary_and_bytes_travel(self):
        """All that a message has, to another node; 60 KB of it, too."""
        server = Redis(self)
        one, two = self.node(server), self.node(server)
        ann = self.ws(one, "/chat/tea?name=Ann%20%C3%A4")
        there, plain = self.v1(two)[0], self.ws(two, "/chat/tea")
        big = "b" * 60_000
        ann.text(big)
        ann.binary(b"\0\1\r\n")
        first, second = self.message(there), self.message(there)
        self.assertEqual((first["name"], first["message"]), ("Ann ä", big))
        self.assertEqual(second["binary"], "AAENCg==")
        self.assertEqual(first["uid"], second["uid"])
        self.assertLess(abs(first["time"] / 1000 - time.time()), 60)
        self.assertEqual(plain.recv_text(), big)
        self.assertEqual(plain.recv(), (2, b"\0\1\r\n"))

    def test_members_and_who_are_of_all_nodes(self):
        """Within seconds; and of a node that is killed nobody is left after
        15 s."""
        server = Redis(self)
        one, two = self.node(server), self.node(server)
        here, welcome = self.v1(one, query="?name=Ann")
        self.assertEqual(welcome["members"], 1)
        there, _ = self.v1(two, query="?name=Bob")
        plain = self.ws(two, "/chat/tea?name=Cid")

        def until_names(ws, names):
            while True:
                got = ws.recv_json(20 * SLOW + PATIENCE)
                if got.get("event") == "members" and got["members"] == len(
                        names) and {p["name"] for p in got["who"]} == names:
                    return
        for ws in here, there:
            until_names(ws, {"Ann", "Bob", "Cid"})
        there.json(name="Bea")
        until_names(here, {"Ann", "Bea", "Cid"})
        plain.leave()
        until_names(here, {"Ann", "Bea"})
        # Who comes knows at once, or is told.
        late, welcome = self.v1(one, query="?name=Dan")
        self.assertEqual(welcome["members"], 3)
        self.assertEqual({p["name"] for p in welcome["who"]},
                         {"Ann", "Bea", "Dan"})
        until_names(here, {"Ann", "Bea", "Dan"})
        late.leave()
        until_names(here, {"Ann", "Bea"})
        two.kill()
        began = time.monotonic()
        until_names(here, {"Ann"})
        self.assertGreater(time.monotonic() - began, 5)

    def test_20_senders_60_receivers_20000_messages(self):
        """The must-hold: three nodes of two workers."""
        server = Redis(self)
        nodes = [self.node(server, options=("--workers", "2"))
                 for _ in range(3)]
        crowd = Crowd(self, nodes, load(20_000), RECEIVERS, SENDERS,
                      lambda: self.node(server))
        crowd.run()
        self.assertTrue(crowd.nobody_left())
        for node in nodes:
            self.assertEqual(held(node, "order"), crowd.history)

    def test_on_valkey(self):
        if not installed("valkey-server"):
            self.skipTest("valkey-server is not installed (Debian 13 has it)")
        server = Redis(self, "always", program="valkey-server")
        nodes = [self.node(server) for _ in range(2)]
        crowd = Crowd(self, nodes, load(2000), *FEW,
                      lambda: self.node(server))

        def story(crowd):
            yield crowd.said_at_least(load(500))
            server.kill()
            server.start()
        crowd.run(story)

    def test_rooms_apart_and_a_prefix_of_its_own(self):
        """Two services in one Redis do not hear each other, and no key is
        outside of the prefix. Keys end some time after the last member."""
        server = Redis(self)
        one = self.node(server, options=("--redis-keep", "1h"))
        other = self.node(server, options=("--redis-prefix", "b"))
        ws, _ = self.v1(one)
        ours = self.say(one, "ours")
        theirs = self.say(other, "theirs")
        self.assertNotEqual(ours, theirs)
        self.assertEqual(self.message(ws)["message"], "ours")
        self.assertEqual(self.v1(other)[1]["last"], theirs)
        keys = {key.decode() for key in server("KEYS", "*")}
        self.assertEqual({k for k in keys if k.partition(":")[0] not in
                          ("chatd", "b")}, set())
        self.assertLessEqual({"chatd:r:tea", "b:r:tea"}, keys)
        ttl = server("TTL", "chatd:r:tea")
        self.assertTrue(3000 <= ttl <= 3600, ttl)

    def test_metrics(self):
        """What Redis is about is told, and is legal."""
        port = free_port()
        server = Redis(self)
        node = self.node(server, options=("--metrics",
                                          "127.0.0.1:%d" % port))
        self.say(node, "x")
        with Peer(node, port=port) as peer:
            text = peer.ask("/metrics").body.decode()
        found = {line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
                 for line in text.splitlines() if not line.startswith("#")}
        ours = {n: v for n, v in found.items()
                if n.startswith("chatd_redis_")}
        print("metrics: " + ", ".join(sorted(ours)), flush=True)
        self.assertTrue(ours)
        for name in ours:
            bare = name.partition("{")[0]
            self.assertIn("# TYPE %s " % bare, text)
        if shutil.which("promtool"):
            done = subprocess.run(["promtool", "check", "metrics"],
                                  input=text.encode(), capture_output=True)
            self.assertEqual(done.returncode, 0, done)


class Away(RedisCase):
    """Redis is not there."""

    def test_what_everybody_is_told(self):
        """Members stay; chatd.v1 is told after a second; pings and the echo
        go on; nobody may join or post; and it is told where it is asked."""
        server = Redis(self, "always")
        node = self.node(server)
        (ws, _), plain = self.v1(node), self.ws(node, "/chat/tea")
        echo = self.ws(node)
        self.say(node, "before")
        self.assertEqual(self.message(ws)["message"], "before")
        self.assertEqual(plain.recv_text(), "before")
        began = time.monotonic()
        server.kill()
        ws.json(ping=7)
        self.wait_redis(node, "away")
        self.assertEqual(self.join(node), 503)
        self.assertEqual(self.post(node, "no").status, 503)
        health, ready = self.get(node, "/healthz"), self.get(node, "/readyz")
        self.assertEqual((health.status, ready.status), (200, 503))
        self.assertEqual(health.json()["status"], "ok")
        self.assertEqual(ready.json()["redis"], "away")
        echo.text("x")
        self.assertEqual(echo.recv_text(), "x")
        ws.json(message="meanwhile")
        plain.text("meanwhile, too")
        self.assertEqual(self.events(ws, "paused"), [{"pong": 7}])
        self.assertGreater(time.monotonic() - began, 0.9)
        plain.send_frame(9, b"p")
        self.assertEqual(plain.recv_pong(), b"p")
        server.start()
        got = self.events(ws, "resumed") + [self.message(ws)]
        while len(got) < 2:
            got.append(self.message(ws))
        self.assertEqual({m["message"] for m in got},
                         {"meanwhile", "meanwhile, too"})
        self.assertEqual(sorted(plain.recv_text() for _ in got),
                         ["meanwhile", "meanwhile, too"])
        self.wait_redis(node, "here")
        self.assertEqual(self.get(node, "/readyz").status, 200)
        self.say(node, "after")
        self.assertEqual(self.message(ws)["message"], "after")
        self.assertNotIn("no", [text for _, text in held(node, "tea")])

    def events(self, ws, until):
        """What comes before this event; members do not count."""
        found = []
        while True:
            got = ws.recv_json()
            if got.get("event") == until:
                return found
            if got.get("event") != "members":
                found.append(got)

    def test_a_short_while_is_told_to_nobody(self):
        """Under a second there is no paused, so no resumed either."""
        link = Link(self, Redis(self).port)
        node = self.node(link)
        ws, _ = self.v1(node)
        for _ in range(3):
            before = link.counts()["connections"]
            link.cut()
            until_true(lambda: link.counts()["connections"] >= before + 2)
            self.wait_redis(node, "here")
        self.say(node, "x")
        got = ws.recv_json()
        while got.get("event") == "members":
            got = ws.recv_json()
        self.assertEqual(got.get("message"), "x", got)

    def test_not_there_at_the_start(self):
        """It serves, and waits; nothing but rooms lacks."""
        server = Redis(self)
        server.kill()
        node = self.node(server, waits=False)
        self.assertEqual(self.health(node)["redis"], "away")
        self.assertEqual(self.get(node, "/readyz").status, 503)
        self.assertEqual(self.join(node), 503)
        self.assertEqual(self.get(node, "/").status, 200)
        with WebSocket(node) as ws:
            ws.text("x")
            self.assertEqual(ws.recv_text(), "x")
        server.start()
        self.wait_redis(node, "here")
        self.say(node, "x")

    def test_members_are_closed_after_redis_timeout(self):
        """All of them, 1013; echoes stay. And who comes later, once it is
        there again, finds what was said."""
        server = Redis(self, "always")
        node = self.node(server, options=("--redis-timeout", "2",
                                          "--workers", "2"))
        id_ = self.say(node, "before")
        members = [self.ws(node, path) for path in
                   ["/chat/tea", "/ws/tea", "/ws/coffee"] * 10]
        v1, _ = self.v1(node)
        echo = self.ws(node)
        server.kill()
        began = time.monotonic()
        for ws in members:
            self.assertEqual(ws.recv_close()[0], 1013)
        self.assertGreater(time.monotonic() - began, 1.5)
        self.assertEqual(v1.recv_close(data=True)[0], 1013)
        echo.text("x")
        self.assertEqual(echo.recv_text(), "x")
        server.start()
        self.wait_redis(node, "here")
        self.assertEqual(self.v1(node)[1]["last"], id_)

    def test_never_with_0(self):
        server = Redis(self)
        node = self.node(server, options=("--redis-timeout", "0"))
        ws, _ = self.v1(node)
        server.freeze()
        self.assertEqual(self.event(ws, "paused", 10 * SLOW), [])
        ws.expect_silence(3)
        server.thaw()
        self.assertEqual(self.event(ws, "resumed"), [])

    def test_a_post_waits_for_what_it_has_said(self):
        """It is answered when its message is read back: when Redis goes on.
        Where that is too late, 504: it may have been said."""
        server = Redis(self)
        node = self.node(server, options=("--redis-timeout", "4"))
        self.say(node, "before")
        for seconds, status in (1, 200), (12, 504):
            server.freeze()
            with Peer(node) as peer:
                peer.send(self.posting(peer, "post %d" % seconds))
                peer.expect_silence(0.5)
                if status == 200:
                    server.thaw()
                answer = peer.response(timeout=20 * SLOW)
                self.assertEqual(answer.status, status, answer)
                if status != 200:
                    server.thaw()
                    self.assertIn("close", answer.tokens("Connection"))
                    peer.expect_eof()
        self.wait_redis(node, "here")
        self.say(node, "after")
        texts = [text for _, text in held(node, "tea")]
        self.assertEqual(texts[:2] + texts[-1:],
                         ["before", "post 1", "after"])
        self.assertLessEqual(texts.count("post 12"), 1)

    def test_one_that_takes_nothing_is_away(self):
        """Out of memory; too few replicas: until that is over."""
        server = Redis(self)
        node = self.node(server)
        ws, _ = self.v1(node)
        for name, value in (("maxmemory", "1"),
                            ("min-replicas-to-write", "1")):
            server("CONFIG", "SET", name, value)
            ws.json(message=name)
            self.wait_redis(node, "away")
            server("CONFIG", "SET", name, "0")
            self.assertEqual(self.message(ws)["message"], name)
            self.wait_redis(node, "here")
            self.say(node, "x")
            self.assertEqual(self.message(ws)["message"], "x")
        self.assertEqual(len(held(node, "tea")), 4)

    def test_one_that_says_nothing_is_away(self):
        """Stopped: its connections stay open and nothing comes."""
        server = Redis(self)
        node = self.node(server)
        server.freeze()
        self.wait_redis(node, "away", 10 * SLOW)
        server.thaw()
        self.wait_redis(node, "here")

    def test_senders_wait_in_their_place(self):
        """Away, with a queue of 64K: who says more than fits is not read, and
        nothing of it is lost."""
        server = Redis(self, "always")
        node = self.node(server, options=(
            "--room-log", "64K", "--redis-queue", "64K", "--max-message",
            "4K"))
        ws, _ = self.v1(node)
        plain = self.ws(node, "/chat/tea")
        server.kill()
        self.wait_redis(node, "away")
        for i in range(60):
            plain.text("%d " % i + "x" * 3000)
        self.event(ws, "paused")
        server.start()
        for i in range(60):
            self.assertTrue(self.message(ws)["message"].startswith(
                "%d " % i))

    def test_it_stops_while_redis_is_away(self):
        """SIGTERM: Close 1001, exit 0, within --drain."""
        server = Redis(self)
        node = self.node(server)
        ws = self.ws(node, "/chat/tea")
        server.kill()
        self.wait_redis(node, "away")
        ws.text("never")
        node.signal(signal.SIGTERM)
        self.assertEqual(ws.recv_close()[0], 1001)
        self.assertEqual(node.wait(5 + PATIENCE), 0)

    def test_what_was_said_is_said_before_it_stops(self):
        """A message that was taken is published, though TERM comes right
        behind it."""
        server = Redis(self)
        node, other = self.node(server), self.node(server)
        ws, _ = self.v1(other)
        plain = self.ws(node, "/chat/tea")
        for i in range(50):
            plain.text("m%d" % i)
        self.assertEqual(plain.recv_text(), "m0")
        node.signal(signal.SIGTERM)
        heard = []
        while True:
            kind, payload = plain.recv()
            if kind == 8:
                break
            heard.append(payload.decode())
        plain.close()
        self.assertEqual(node.wait(5 + PATIENCE), 0)
        got = [self.message(ws)["message"] for _ in range(len(heard) + 1)]
        self.assertEqual(got[1:], heard)


class Taken(RedisCase):
    """Whom it takes for a Redis, and what it is told."""

    def refused(self, status, words, *options, timeout=None):
        """One line, and this exit status."""
        done = run("--addr", "127.0.0.1:%d" % free_port(), *options,
                   timeout=timeout or 2 * PATIENCE)
        self.assertEqual(done.returncode, status, done)
        self.assertEqual(len(done.stderr.splitlines()), 1, done.stderr)
        for word in words:
            self.assertIn(word, done.stderr)
        return done.stderr

    def test_not_with_a_store(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "rooms")
            self.refused(2, ["--store", "--redis"], "--redis",
                         "127.0.0.1:1", "--store", path)
            self.assertFalse(os.path.exists(path))

    def test_addresses_and_values_that_are_none(self):
        for value in ("", "localhost:6379", "127.0.0.1", "127.0.0.1:0",
                      "127.0.0.1:70000", "unix:", ":6379", "127.0.0.1:1+",
                      "redis://127.0.0.1:1", "127.0.0.1:1,127.0.0.1:2"):
            self.refused(2, ["--redis"], "--redis=" + value)
        for option in ("--redis-keep=1x", "--redis-queue=1", "--redis-prefix=",
                       "--redis-timeout=-1"):
            self.refused(2, [option.partition("=")[0]], "--redis",
                         "127.0.0.1:1", option)

    def test_a_web_server(self):
        stub = Stub(self, redis.http)
        self.refused(1, [stub.address], "--redis", stub.address)

    def test_redis_6(self):
        """It lacks EPOCH-*: told by its version."""
        stub = Stub(self, redis.old_redis)
        self.refused(1, [stub.address, "Redis 7"], "--redis", stub.address)

    def test_a_wrong_password(self):
        """A sentence, in which neither password nor user's secret is; and a
        right one, of the default user and of another."""
        server = Redis(self, more=["--requirepass", "right one"])
        server.auth = ["right one"]
        server("ACL", "SETUSER", "ann", "on", ">her own", "~*", "+@all")
        path = os.path.join(server.folder, "auth")

        def auth(text):
            with open(path, "w") as f:
                f.write(text)
            os.chmod(path, 0o600)
            return "--redis", server.address, "--redis-auth", path
        for text in "hunter2\n", "ann hunter2\n", "nobody hunter2\n":
            line = self.refused(1, [server.address], *auth(text))
            self.assertNotIn("hunter2", line)
        self.refused(1, [server.address], "--redis", server.address)
        auth("ann her own\n")
        node = self.node(server, options=("--redis-auth", path))
        self.say(node, "x")
        text = "\n".join(node.lines)
        self.assertNotIn("her own", text)
        self.assertNotIn("her own", open("/proc/%d/cmdline" % node.pid).read())

    def test_an_auth_file_that_is_none(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "auth")
            words = "--redis", "127.0.0.1:1", "--redis-auth", path
            self.refused(2, ["--redis-auth"], *words)
            for text in "", "\n", "a b\nc d\n":
                with open(path, "w") as f:
                    f.write(text)
                os.chmod(path, 0o600)
                self.refused(2, ["--redis-auth"], *words)

    def test_the_rights_that_are_told_suffice(self):
        """The ACL line of README: a whole life with it, a reconnect and a
        kill; and Redis has refused nothing."""
        server = Redis(self)
        auth = self.user(server, *ACL)
        nodes = [self.node(server, options=auth) for _ in range(2)]
        link = Link(self, server.port)
        nodes.append(self.node(link, options=auth))
        crowd = Crowd(self, nodes, load(1000), *FEW,
                      lambda: self.node(server, options=auth))

        def story(crowd):
            yield crowd.said_at_least(load(500))
            link.cut()
        crowd.run(story)
        self.assertEqual(server("ACL", "LOG"), [])
        self.assertTrue(crowd.nobody_left())

    def test_the_readme_has_that_line(self):
        with open(os.path.join(ROOT, "README.md")) as f:
            self.assertIn(" ".join(ACL), f.read())

    def test_candidates(self):
        """The master is found, wherever it stands among them, and those that
        are not there."""
        master = Redis(self)
        replica = Redis(self, of=master)
        nobody = "127.0.0.1:%d" % free_port()
        node = self.node(nobody, replica, master)
        self.say(node, "x")
        self.assertEqual(len(master.entries("chatd:r:tea")), 1)

    def test_a_unix_socket(self):
        server = Redis(self)
        node = self.node("unix:" + server.path)
        self.say(node, "x")

    def test_over_tls_by_stunnel(self):
        """As README says: a stunnel of this machine's before it."""
        if not shutil.which("stunnel4"):
            self.skipTest("stunnel4 is not installed")
        folder = tempfile.mkdtemp(prefix="chatd-redis-")
        self.addCleanup(shutil.rmtree, folder, ignore_errors=True)
        cert, _ = certificate(folder)
        port = free_port()
        try:
            Redis(self, more=[
                "--tls-port", port, "--tls-cert-file", cert, "--tls-key-file",
                os.path.join(folder, "key.pem"), "--tls-ca-cert-file", cert,
                "--tls-auth-clients", "no"])
        except AssertionError as error:
            if "tls-port" in str(error):
                self.skipTest("a redis-server without TLS")
            raise
        with open(os.path.join(folder, "stunnel.conf"), "w") as f:
            f.write("foreground = yes\npid =\n[redis]\nclient = yes\n"
                    "accept = 127.0.0.1:%d\nconnect = 127.0.0.1:%d\n"
                    "CAfile = %s\nverifyChain = yes\ncheckHost = localhost\n"
                    % (near := free_port(), port, cert))
        stunnel = subprocess.Popen(
            ["stunnel4", f.name], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.addCleanup(stunnel.wait)
        self.addCleanup(stunnel.kill)
        node = self.node("127.0.0.1:%d" % near)
        ids = [self.say(node, "x%d" % i) for i in range(20)]
        self.assertEqual([i for i, _ in held(node, "tea")], ids)

    def test_one_that_turns_out_to_be_none_later(self):
        """It served a Redis; then something else is at its address: away,
        and no end."""
        server = Redis(self)
        node = self.node(server)
        server.kill()
        server.kept, redis_words = server.words, server.words()
        server.words = lambda: redis_words + ["--rename-command", "XADD", ""]
        server.start()
        self.wait_redis(node, "away")
        time.sleep(1)
        self.assertTrue(node.alive())
        self.assertEqual(self.join(node), 503)
        server.kill()
        server.words = server.kept
        server.start()
        self.wait_redis(node, "here")

    def test_the_start_line_tells(self):
        server = Redis(self)
        line = self.node(server).start_line()
        self.assertEqual(field(line, "redis"), server.address)

    @unittest.skipIf(SANITIZED, "built without the sandbox")
    def test_all_of_it_is_confined(self):
        """Keeper, worker and bus each have a filter; and it comes back with
        it, so that connecting is allowed to who needs it."""
        server = Redis(self, "always")
        options = ["--require-sandbox"]
        if os.geteuid() == 0:
            options += ["--user", "65534:65534"]
        node = self.node(server, options=options)
        pids = [node.pid, *children(node.pid)]
        self.assertEqual(len(pids), 3)
        for pid in pids:
            with open("/proc/%d/status" % pid) as status:
                self.assertRegex(status.read(), r"(?m)^Seccomp:\s+2$")
        server.kill()
        self.wait_redis(node, "away")
        server.start()
        self.wait_redis(node, "here")
        self.say(node, "x")


ACL = ["+auth", "+info", "+xadd", "+xread", "+xrange", "+xrevrange",
       "+expire", "+client|info", "+client|kill"]


if __name__ == "__main__":
    unittest.main()
