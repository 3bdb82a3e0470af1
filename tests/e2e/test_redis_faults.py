# SPDX-License-Identifier: MIT
"""--redis: what is promised of messages while Redis, the way to it, a node or a
part of a node is killed, stopped, cut off, late or replaced. Each test sees to
it that messages are on their way at that moment."""

import os
import signal
import time
import unittest

import redis
from crowd import Crowd, children, speaks_to
from redis import Link, Redis
from support import load, until_true
from test_redis import RECEIVERS, SENDERS, RedisCase


class Delivery(RedisCase):
    """Who stays hears all, once and in order, whatever is killed."""

    COUNT = 4000

    def crowd(self, nodes, server, count=None, receivers=None, senders=None,
              **more):
        return Crowd(self, nodes, load(count or self.COUNT),
                     receivers or RECEIVERS[:24], senders or SENDERS,
                     lambda: self.node(server), **more)

    def flying(self, crowd):
        """Something is on its way at this moment, else the test is none."""
        self.assertGreater(crowd.in_flight(), 0)

    def at(self, crowd, part):
        return crowd.said_at_least(int(crowd.total * part))

    def killed(self, fsync):
        """A story: killed while it works, and while it stands still."""
        server = Redis(self, fsync)
        nodes = [self.node(server, options=("--workers", "2"))
                 for _ in range(3)]
        crowd = self.crowd(nodes, server)

        def story(crowd):
            for part in 0.2, 0.6:
                yield self.at(crowd, part)
                yield crowd.many_in_flight
                self.flying(crowd)
                if part > 0.5:
                    server.freeze()
                    yield 0.05          # what comes now it has not read
                    self.flying(crowd)
                server.kill()
                yield 0.2
                server.start()
                yield lambda: crowd.in_flight() < 5 or crowd.all_back()
        return crowd, story

    def test_redis_is_killed_with_appendfsync_always(self):
        """Nothing is lost, and nobody has to leave."""
        crowd, story = self.killed("always")
        crowd.run(story)
        self.assertTrue(crowd.nobody_left())

    def test_redis_is_killed_with_appendfsync_everysec(self):
        """It may forget the end: then everybody knows."""
        crowd, story = self.killed("everysec")
        crowd.run(story, loses=True)

    def test_redis_stands_still(self):
        """Stopped for 2 s, DEBUG SLEEP, writers paused: all of it is only
        late."""
        server = Redis(self)
        nodes = [self.node(server) for _ in range(3)]
        crowd = self.crowd(nodes, server)

        def story(crowd):
            yield self.at(crowd, 0.2)
            yield crowd.many_in_flight
            server.freeze()
            yield 2
            self.flying(crowd)
            server.thaw()
            yield self.at(crowd, 0.4)
            yield crowd.many_in_flight
            self.flying(crowd)
            client = server.sleep(1)
            yield 1.2
            client.close()
            yield self.at(crowd, 0.6)
            yield crowd.many_in_flight
            self.flying(crowd)
            server.pause_writers(1)
        crowd.run(story)
        self.assertTrue(crowd.nobody_left())

    def test_redis_stands_still_for_long(self):
        """Longer than is believed: the connections are given up, and what
        they carried is there once."""
        server = Redis(self)
        nodes = [self.node(server) for _ in range(2)]
        crowd = self.crowd(nodes, server, 2000)

        def story(crowd):
            yield self.at(crowd, 0.3)
            yield crowd.many_in_flight
            server.freeze()
            yield 7
            self.flying(crowd)
            server.thaw()
        crowd.run(story)
        self.assertTrue(crowd.nobody_left())

    def test_the_way_is_cut_at_random_bytes(self):
        """Every connection of two nodes ends at some byte, in either
        direction; the third one does well meanwhile."""
        server = Redis(self)
        links = [Link(self, server.port) for _ in range(2)]
        nodes = [self.node(*links[0:1]), self.node(*links[1:2]),
                 self.node(server)]
        crowd = self.crowd(nodes, server)

        def story(crowd):
            yield self.at(crowd, 0.2)
            yield crowd.many_in_flight
            self.flying(crowd)
            for link in links:
                link.rules(cut=(0, 60_000), delay=0.001)
                link.cut()
            yield self.at(crowd, 0.8)
            yield 1
            for link in links:
                link.rules(cut=None, delay=0)
        crowd.run(story)
        cuts = [link.counts()["cuts"] for link in links]
        print("cuts: %s" % cuts, flush=True)
        self.assertGreater(min(cuts), 2)
        self.assertTrue(crowd.nobody_left())

    def late(self, server, *options):
        """What a node has sent is held; the node comes again by another
        connection; then it is let go."""
        link = Link(self, server.port)
        nodes = [self.node(link, options=options), self.node(server)]
        crowd = self.crowd(nodes, server, 2000)

        def story(crowd):
            for part in 0.2, 0.5:
                yield self.at(crowd, part)
                link.hold(redis.UP)
                yield 0.05
                self.assertGreater(link.counts()["held"], 0)
                self.flying(crowd)
                link.abandon()
                yield 0.5
                link.release()
                yield 0.2
        return crowd, story

    def test_what_is_late_is_said_once(self):
        """Commands of a connection that was given up come after the new one
        has looked and said all again: Redis does not take them."""
        crowd, story = self.late(Redis(self))
        crowd.run(story)
        self.assertTrue(crowd.nobody_left())

    def test_what_is_late_without_the_right_to_kill(self):
        """A new epoch keeps it out."""
        server = Redis(self)
        link = Link(self, server.port)
        auth = self.user(server, "+auth", "+info", "+xadd", "+xread",
                         "+xrange", "+xrevrange", "+expire", "+client|info")
        nodes = [self.node(link, options=auth), self.node(server)]
        crowd = self.crowd(nodes, server, 2000)

        def story(crowd):
            yield self.at(crowd, 0.3)
            link.hold(redis.UP)
            yield 0.05
            self.assertGreater(link.counts()["held"], 0)
            self.flying(crowd)
            link.abandon()
            yield 0.5
            link.release()
        crowd.run(story)

    def test_a_node_is_killed(self):
        """Its clients go to the others. What it had taken was said once, or
        not; the others notice nothing."""
        server = Redis(self)
        nodes = [self.node(server, options=("--workers", "2"))
                 for _ in range(3)]
        crowd = self.crowd(nodes, server)

        def story(crowd):
            yield self.at(crowd, 0.2)
            yield crowd.many_in_flight
            self.flying(crowd)
            nodes[2].kill()
            yield 0.5
            again = self.node(server, addr=nodes[2].addr, waits=False)
            again.port = nodes[2].port
            yield lambda: self.health(again).get("redis") == "here"
            yield crowd.all_back
        crowd.run(story)
        self.assertFalse(crowd.nobody_left())

    def of_node(self, node, port):
        """(pids of its workers, pid of its bus)"""
        def found():
            """are there workers and a bus?"""
            pids = children(node.pid)
            bus = [p for p in pids if speaks_to(p, {port})]
            return bus and ([p for p in pids if p not in bus], bus[0])
        return until_true(found)

    def test_the_bus_of_a_node_is_killed(self):
        """The process that speaks to Redis: another one takes over what was
        on its way, and no client leaves."""
        server = Redis(self)
        nodes = [self.node(server, options=("--workers", "2"))
                 for _ in range(2)]
        crowd = self.crowd(nodes, server)

        def story(crowd):
            for part in 0.2, 0.5, 0.8:
                yield self.at(crowd, part)
                yield crowd.many_in_flight
                self.flying(crowd)
                os.kill(self.of_node(nodes[0], server.port)[1],
                        signal.SIGKILL)
        crowd.run(story)
        self.assertTrue(crowd.nobody_left())

    def test_a_bus_that_hangs_is_replaced(self):
        server = Redis(self)
        nodes = [self.node(server) for _ in range(2)]
        crowd = self.crowd(nodes, server, 2000)

        def story(crowd):
            yield self.at(crowd, 0.3)
            bus = self.of_node(nodes[0], server.port)[1]
            os.kill(bus, signal.SIGSTOP)
            yield lambda: bus not in children(nodes[0].pid)
            self.flying(crowd)
        crowd.run(story)
        self.assertTrue(crowd.nobody_left())

    def test_a_worker_is_killed(self):
        """Its clients leave, and what they had said is said."""
        server = Redis(self)
        nodes = [self.node(server, options=("--workers", "2"))
                 for _ in range(2)]
        crowd = self.crowd(nodes, server)

        def story(crowd):
            for part in 0.2, 0.6:
                yield self.at(crowd, part)
                yield crowd.many_in_flight
                self.flying(crowd)
                os.kill(self.of_node(nodes[1], server.port)[0][0],
                        signal.SIGKILL)
                yield 0.5
                yield crowd.all_back
        crowd.run(story)
        self.assertFalse(crowd.nobody_left())

    def test_a_replica_that_lacks_the_end_takes_over(self):
        """Failover: what it had not got is lost, and everybody who has heard
        it knows. No id is given twice, not even by a node that had heard no
        more than the replica has, and is the first to speak to it."""
        master = Redis(self)
        replica = Redis(self, of=master)
        link = Link(self, master.port)
        far = Link(self, replica.port)
        nodes = [self.node(*those) for those in (
            (master, far), (master, far), (link, replica))]
        crowd = Crowd(self, nodes, load(self.COUNT), RECEIVERS[:24], SENDERS,
                      lambda: self.node(master, replica))

        def story(crowd):
            yield self.at(crowd, 0.3)
            replica.freeze()
            link.hold(redis.DOWN)
            before = crowd.sent         # what is behind that is lost,
            yield lambda: crowd.sent - crowd.in_flight() > before
            yield 0.3                   # and was heard
            yield self.at(crowd, 0.5)
            yield crowd.many_in_flight
            self.flying(crowd)
            master.kill()
            link.cut()
            far.rules(refuse=True)
            yield 0.2
            replica.thaw()
            replica.promote()
            yield lambda: self.health(nodes[2])["redis"] == "here"
            yield 0.3
            far.rules(refuse=False)
            yield self.at(crowd, 0.8)
        crowd.run(story, loses=True)
        gaps = sum(what == "gap" for part in crowd.got
                   for notes in part["notes"] for _, what in notes)
        self.assertGreater(gaps, 0)

    def test_a_replica_that_has_all_takes_over(self):
        """The master is told to be a replica, and writers wait for it: a
        failover in order. Nothing is lost."""
        master = Redis(self)
        replica = Redis(self, of=master)
        nodes = [self.node(replica, master) for _ in range(2)]
        crowd = Crowd(self, nodes, load(2000), RECEIVERS[:24], SENDERS,
                      lambda: self.node(master, replica))

        def story(crowd):
            yield self.at(crowd, 0.4)
            yield crowd.many_in_flight
            self.flying(crowd)
            master("FAILOVER")
            yield lambda: replica.info()["role"] == "master"
            master.of, replica.of = replica, None
            yield self.at(crowd, 0.8)
        crowd.run(story)

    def test_all_is_flushed(self):
        """FLUSHALL in the midst: nothing hangs, everybody is told, and no id
        is given twice."""
        server = Redis(self)
        nodes = [self.node(server) for _ in range(3)]
        crowd = self.crowd(nodes, server)

        def story(crowd):
            for part in 0.3, 0.6:
                yield self.at(crowd, part)
                yield crowd.many_in_flight
                self.flying(crowd)
                server("FLUSHALL")
        crowd.run(story, forgets=True)

    def test_a_node_that_was_cut_off_hears_the_rest(self):
        """Its members wait; the others talk on. When it is back it has
        missed nothing, and what was said on it comes then."""
        server = Redis(self)
        link = Link(self, server.port)
        off, on = self.node(link), self.node(server)
        ws, other = self.v1(off)[0], self.v1(on)[0]
        first = self.say(on, "first")
        self.assertEqual(self.message(ws)["id"], first)
        link.rules(refuse=True)
        link.cut()
        self.wait_redis(off, "away")
        ids = [self.say(on, "m%d" % i) for i in range(200)]
        ws.json(message="mine")
        time.sleep(0.2)
        link.rules(refuse=False)
        got = [self.message(ws) for _ in range(201)]
        self.assertEqual([m["id"] for m in got[:200]], ids)
        self.assertEqual(got[200]["message"], "mine")
        self.message(other)
        self.assertEqual([self.message(other) for _ in range(201)][1:],
                         got[1:])


if __name__ == "__main__":
    unittest.main()
