# SPDX-License-Identifier: MIT
"""--store FILE: what was said outlives the process, however that ends, and a
file that is no store, or somebody else's, stays as it is."""

import hashlib
import os
import random
import resource
import shutil
import subprocess
import tempfile
import threading
import time

from support import (CHATD, PATIENCE, ServerCase, WebSocket, clean_environment,
                     load, run)

V1 = "chatd.v1"
KILLS = int(os.environ.get("E2E_KILLS") or load(20))


class StoreCase(ServerCase):
    """A folder with a file, and services that come and go over it."""

    limit = 240
    more = ()                   # options of every service

    def setUp(self):
        super().setUp()
        self.folder = tempfile.mkdtemp(prefix="chatd-store-")
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.file = os.path.join(self.folder, "rooms")

    def serve(self, *options, **more):
        return self.start("--store", self.file, *self.more, *options, **more)

    def history(self, server, room="tea", query="?history=1000"):
        """What a joiner is given: the messages, and whether it was a gap."""
        ws = WebSocket(server, "/ws/%s%s" % (room, query), protocols=V1)
        with ws:
            welcome = ws.recv_json()
            following, gap, messages = welcome["following"], False, []
            while len(messages) < following:
                got = ws.recv_json()
                gap |= got.get("event") == "gap"
                if "id" in got:
                    messages.append(got)
            ws.text('{"ping":1}')
            while True:
                got = ws.recv_json()
                if got == {"pong": 1}:
                    return messages, gap
                gap |= got.get("event") == "gap"

    def say(self, server, text, room="tea"):
        with self.peer(server) as peer:
            return self.post(peer, room, text)

    def post(self, peer, room, text):
        body = text.encode()
        peer.send(b"POST /chat/%s HTTP/1.1\r\nHost: x\r\nContent-Length: %d"
                  b"\r\n\r\n%s" % (room.encode(), len(body), body))
        answer = peer.response()
        self.assertEqual(answer.status, 200, answer)
        return answer.json()["id"]

    def refused(self, words, *options, **more):
        """It does not start: one line, exit status 1."""
        r = run("--store", self.file, "--addr", "127.0.0.1:1", *options,
                **more)
        self.assertEqual(r.returncode, 1, r)
        lines = r.stderr.splitlines()
        self.assertEqual(len(lines), 1, r)
        self.assertIn("--store: " + self.file, lines[0])
        self.assertIn(words, lines[0])

    def digest(self):
        with open(self.file, "rb") as file:
            return hashlib.sha1(file.read()).hexdigest()


class Restart(StoreCase):
    """It ends, and another one begins."""

    def test_a_room_goes_on_after_an_orderly_end(self):
        """Texts, names, bytes, epoch and numbers; and since joins up."""
        server = self.serve()
        with WebSocket(server, "/chat/tea?name=Ann") as ann:
            ann.text("hello")
            ann.binary(b"\0\1")
            ann.recv_text()
            ann.recv()
        first, _ = self.history(server)
        self.assertEqual(server.stop(), 0)
        server = self.serve()
        self.assertIn("found_messages=2", server.start_line())
        second, _ = self.history(server)
        self.assertEqual(second, first)
        self.assertEqual([m.get("message") or m["binary"] for m in second],
                         ["hello", "AAE="])
        self.assertEqual({m["name"] for m in second}, {"Ann"})
        epoch = first[0]["id"].split("-")[0]
        self.assertEqual(self.say(server, "again"), epoch + "-3")
        rest, gap = self.history(server, query="?since=" + first[0]["id"])
        self.assertEqual([m["id"] for m in rest],
                         [first[1]["id"], epoch + "-3"])
        self.assertFalse(gap)

    def test_whatever_was_heard_is_there_after_a_kill(self):
        """Members listen, others say; all is killed at any moment. What any
        member heard is in the history after it, and the numbers go on."""
        rng = random.Random(1)
        heard, epoch, last = {}, None, 0
        for _ in range(KILLS):
            server = self.serve("--room-log", "8M", "--history", "1000")
            held, gap = self.history(server)
            if held:
                numbers = [int(m["id"].split("-")[1]) for m in held]
                self.assertEqual(numbers, list(range(numbers[0],
                                                     numbers[-1] + 1)))
                epoch = epoch or held[0]["id"].split("-")[0]
                self.assertEqual({m["id"].split("-")[0] for m in held},
                                 {epoch})
                texts = {m["id"]: m["message"] for m in held}
                for id_, text in heard.items():
                    if int(id_.split("-")[1]) >= numbers[0]:
                        self.assertEqual(texts.get(id_), text, id_)
                self.assertGreaterEqual(numbers[-1], last)
            if last:
                rest, gap = self.history(server, query="?since=%s-%d"
                                         % (epoch, last))
                self.assertFalse(gap)
            heard, last = self.talk_until_killed(server, rng)

    def talk_until_killed(self, server, rng):
        """What anybody heard, by id, and the last number of it."""
        heard, lock = {}, threading.Lock()

        def listen(ws):
            try:
                while True:
                    got = ws.recv_json(PATIENCE)
                    if "id" in got:
                        with lock:
                            heard[got["id"]] = got["message"]
            except (AssertionError, OSError, TimeoutError):
                pass

        def speak(ws, who):
            try:
                for n in range(10 ** 6):
                    ws.text('{"message":"%d of %d %s"}'
                            % (n, who, "x" * rng.choice((0, 50, 3000))))
            except (AssertionError, OSError):
                pass

        members = [WebSocket(server, "/ws/tea", protocols=V1)
                   for _ in range(3)]
        threads = [threading.Thread(target=listen, args=(ws,), daemon=True)
                   for ws in members]
        threads += [threading.Thread(target=speak, args=(ws, i), daemon=True)
                    for i, ws in enumerate(members[:2])]
        for t in threads:
            t.start()
        time.sleep(rng.uniform(0.02, 0.2))
        server.kill()
        for t in threads:
            t.join(PATIENCE)
        for ws in members:
            ws.close()
        numbers = [int(id_.split("-")[1]) for id_ in heard]
        return heard, max(numbers, default=0)

    def test_another_geometry_carries_the_messages_over(self):
        """More and fewer rooms, longer and shorter logs: as far as they
        fit, the last ones."""
        server = self.serve("--room-log", "64K", "--rooms", "4",
                            "--max-message", "1K")
        ids = [self.say(server, "%d " % i + "x" * 500) for i in range(50)]
        self.say(server, "other", "coffee")
        server.stop()
        for options, least in ((("1M", "8"), 50), (("16K", "4"), 12),
                               (("64K", "2"), 12)):
            server = self.serve("--room-log", options[0], "--rooms",
                                options[1], "--max-message", "1K")
            self.assertIn(" carried=", server.start_line())
            held, _ = self.history(server)
            self.assertGreaterEqual(len(held), least)
            self.assertEqual([m["id"] for m in held], ids[-len(held):])
            other, _ = self.history(server, "coffee")
            self.assertEqual(len(other), 1)
            server.stop()
        self.assertEqual(os.listdir(self.folder), ["rooms"])

    def test_history_off_still_counts(self):
        """Nothing is replayed; the ids go on."""
        server = self.serve("--history", "0")
        first = self.say(server, "a")
        server.stop()
        server = self.serve("--history", "0")
        second = self.say(server, "b")
        self.assertEqual(second, first[:-1] + "2")
        self.assertEqual(self.history(server), ([], False))

    def test_rooms_that_were_empty_longest_give_way_after_a_restart_too(self):
        """Their order is in the file."""
        server = self.serve("--rooms", "3")
        for room in ("a", "b", "c", "a"):
            self.say(server, room, room)
        server.stop()
        server = self.serve("--rooms", "3")
        self.say(server, "d", "d")
        held = {room: len(self.history(server, room)[0])
                for room in ("a", "c", "d")}
        self.assertEqual(held, {"a": 2, "c": 1, "d": 1})


class RestartOfWorkers(Restart):
    """The same of a service of three processes."""

    more = ("--workers", "3")


class Refused(StoreCase):
    """What it cannot use it leaves as it is."""

    def test_a_second_service(self):
        server = self.serve()
        self.say(server, "hello")
        self.refused("another service has it")
        self.assertEqual(len(self.history(server)[0]), 1)

    def test_what_is_no_store(self):
        """A text, a page of noise, half a store, one of another format."""
        server = self.serve("--rooms", "1", "--room-log", "4K",
                            "--max-message", "1K")
        server.stop()
        with open(self.file, "rb") as file:
            store = file.read()
        later = store[:20] + b"\2\0\0\0" + store[24:]
        cases = (b"hello\n", os.urandom(20000), store[:5000], later)
        for bytes_ in cases:
            with open(self.file, "wb") as file:
                file.write(bytes_)
            before = self.digest()
            self.refused("")
            self.assertEqual(self.digest(), before)
        self.assertEqual(os.listdir(self.folder), ["rooms"])

    def test_what_is_no_file(self):
        os.mkdir(self.file)
        self.refused("cannot be opened")
        os.rmdir(self.file)
        os.mkfifo(self.file)
        self.refused("cannot be opened")
        os.unlink(self.file)
        os.symlink("/etc/passwd", self.file)
        self.refused("cannot be opened")

    def test_a_folder_that_is_not_there(self):
        self.file = os.path.join(self.folder, "no", "rooms")
        self.refused("cannot be opened")

    def test_no_blocks_for_it(self):
        """A limit of file sizes stands for a disk that is full."""
        self.refused("blocks cannot be reserved",
                     limits={resource.RLIMIT_FSIZE: (4096, 4096)})
        self.assertEqual(os.listdir(self.folder), [])

    def refused_on(self, kind, options, words):
        """The same in a folder that is a filesystem of this kind."""
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c",
             'mount -t "$1" -o "$2" none "$3" || exit 77; shift 3; exec "$@"',
             "sh", kind, options, self.folder, CHATD, "--addr",
             "127.0.0.1:1", "--store", self.file],
            env=clean_environment(), capture_output=True, text=True,
            timeout=PATIENCE)
        if done.returncode == 77 or "unshare" in done.stderr:
            self.skipTest("no mounts here: " + done.stderr.strip())
        self.assertEqual(done.returncode, 1, done)
        self.assertEqual(len(done.stderr.splitlines()), 1, done)
        self.assertIn("--store: " + self.file, done.stderr)
        self.assertIn(words, done.stderr)

    def test_a_disk_that_is_too_small(self):
        self.refused_on("tmpfs", "size=1M", "blocks cannot be reserved")

    def test_a_disk_that_is_read_only(self):
        self.refused_on("tmpfs", "ro", "cannot be opened")

    def test_a_filesystem_that_reserves_nothing(self):
        self.refused_on("ramfs", "mode=0700", "blocks cannot be reserved")

    def test_it_is_for_its_owner_alone(self):
        self.serve("--rooms", "1", "--room-log", "4K", "--max-message", "1K")
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o600)


class Lost(StoreCase):
    """The file goes away under it."""

    def test_a_page_that_is_gone_ends_the_process(self):
        """One line, exit status 1."""
        server = self.serve()
        self.say(server, "hello")
        os.truncate(self.file, 4096)
        with self.peer(server) as peer:
            peer.send(b"POST /chat/tea HTTP/1.1\r\nHost: x\r\n"
                      b"Content-Length: 1\r\n\r\nx")
            self.assertEqual(server.wait(), 1)
        self.assertIn("chatd: --store: a page cannot be read or written",
                      server.stderr_text())

    def test_one_put_back_from_elsewhere_begins_new_epochs(self):
        """Its messages are there, and no id is given twice."""
        server = self.serve()
        first = self.say(server, "a")
        server.stop()
        copy = self.file + ".copy"
        shutil.copy(self.file, copy)
        server = self.serve()
        second = self.say(server, "b")
        server.stop()
        os.replace(copy, self.file)
        server = self.serve()
        self.assertIn("epochs=new", server.start_line())
        held, _ = self.history(server)
        self.assertEqual([m["id"] for m in held], [first])
        third = self.say(server, "c")
        self.assertEqual(third.split("-")[1], "1")
        self.assertNotIn(third, (first, second))
        rest, gap = self.history(server, query="?since=" + first)
        self.assertEqual(([m["id"] for m in rest], gap), ([third], False))
        rest, gap = self.history(server, query="?since=" + second)
        self.assertTrue(gap)
