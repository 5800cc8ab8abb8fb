"""Junk on every port: nothing crashes, memory stays bounded, and the group serves on."""

import os
import stat
import subprocess
import unittest

import junk
from muster_processes import Group, wait_until

# How much a server's own memory (RssAnon) may grow while junk comes in. A client that never reads
# may hold answers of 2 MiB, their bookkeeping and what it asked for last; 2 x 1,024 connections in
# their preface may hold 4 kB each.
GROWTH_MB_MAX = 64
GREEDY = 10
SILENT = 10_000
IN_PREFACE_MAX = 2 * 1_024  # Two ports.


def status_field(process, name):
    with open(f"/proc/{process.process.pid}/status", encoding="ascii") as lines:
        for line in lines:
            if line.startswith(name + ":"):
                return int(line.split()[1])
    raise KeyError(name)


def anonymous_mb(server):
    return status_field(server.process, "RssAnon") / 1_024


def descriptors(server):
    return len(os.listdir(f"/proc/{server.process.process.pid}/fd"))


class JunkTest(unittest.TestCase):
    """One group for all that is thrown at it, each time while clients write."""

    @classmethod
    def setUpClass(cls):
        cls.group = Group()
        cls.addClassCleanup(cls.group.__exit__, None, None, None)
        cls.group.start()
        cls.group.leader()

    def setUp(self):
        self.before = {each.name: anonymous_mb(each) for each in self.group.servers}
        self.held = []
        self.addCleanup(lambda: [each.close() for each in self.held])
        # Junk comes from the first moment on, also while the clients open their sessions.
        self.load = self.group.load_process(
            ["bench", "--json", *self.group.server_options(), "--verify", "--clients", "4",
             "--in-flight", "8", "--rate", "400", "--warm-up", "0", "--duration", "1200ms",
             "--timeout", "10s"])
        self.group.others.append(self.load)

    def throw(self, one, server):
        """`one(port, seed)` at both ports of a server again and again while the load runs."""
        count = 0
        while self.load.running:
            one((server.port, server.peer_port)[count % 2], count)
            count += 1
        self.assertGreater(count, 100)

    def check_served(self, growth_mb_max=GROWTH_MB_MAX):
        """The load met no error, nothing crashed, and nobody holds much memory."""
        growth = {each.name: anonymous_mb(each) - self.before[each.name]
                  for each in self.group.servers if each.running}
        self.assertEqual(len(growth), 3, "a server is gone")
        result, code = self.group.finish_load(self.load)
        print(f"{self.id().rsplit('.', 1)[1]}: grew by "
              + ", ".join(f"{name} {mb:.1f} MB" for name, mb in growth.items())
              + f"; longest pause of the load {result['longestGapMs']:.0f} ms", flush=True)
        self.assertEqual((code, result["errors"], result["unknown"], result["lost"],
                          result["twice"]), (0, 0, 0, 0, 0), result)
        self.assertGreater(result["acknowledged"], 0)
        self.assertLess(max(growth.values()), growth_mb_max)

    def test_random_bytes(self):
        a = self.group.servers[0]
        self.throw(junk.random_bytes, a)
        self.check_served()
        self.assertIn("was not let in: ", a.log.read_text())

    def test_frames_of_every_type_with_bodies_that_make_no_sense(self):
        b = self.group.servers[1]
        self.throw(junk.random_frames, b)
        self.check_served()

    def test_frames_that_break_off_claim_no_memory(self):
        b = self.group.servers[1]
        for i in range(500):
            connection = junk.connect(b.peer_port if i % 5 == 0 else b.port)
            self.held.append(connection)
            junk.send(connection, junk.hello() + junk.frame(19, b"x" * (i % 100), length=1 << 20))
        self.check_served(growth_mb_max=8)

    def test_a_frame_that_is_too_long_is_refused_with_the_reason(self):
        c = self.group.servers[2]
        with junk.connect(c.port) as connection:
            junk.send(connection, junk.hello() + junk.frame(19, length=(1 << 20) + 1))
            frames = junk.frames_in(junk.read_to_end(connection))
        reasons = [body for number, body in frames if number == junk.REFUSED]
        self.assertEqual(len(reasons), 1, frames)
        self.assertIn(b"passes the limit", reasons[0])
        self.check_served()
        self.assertIn("passes the limit", c.log.read_text())

    def test_versions_and_kinds_that_nobody_speaks(self):
        c = self.group.servers[2]
        with junk.connect(c.port) as connection:
            junk.send(connection, junk.hello(versions=(200, 201)))
            self.assertIn(b"version", junk.read_to_end(connection))
        self.throw(junk.wrong_version, c)
        self.check_served()

    def test_connections_that_say_nothing(self):
        a = self.group.servers[0]
        own = descriptors(a)
        count = min(SILENT, junk.allow_descriptors(SILENT + 500) - 500)
        self.held += junk.silent([a.port, a.peer_port], count)
        most = 0
        while self.load.running:
            most = max(most, descriptors(a))
        self.assertLessEqual(most, own + IN_PREFACE_MAX + 16)
        self.check_served()
        self.assertIn("too many are waiting to say who they are", a.log.read_text())
        wait_until(lambda: descriptors(a) <= own + 16, 10, "the end of those that say nothing")

    def test_clients_that_ask_and_never_read(self):
        b = self.group.servers[1]
        for _ in range(GREEDY):
            connection, asked = junk.greedy(b.port)
            self.held.append(connection)
            self.assertLess(asked, 2_000_000, "questions are taken without end")
        self.check_served()

    def test_followers_that_never_read_cost_what_is_kept_for_all(self):
        b = self.group.servers[1]
        for _ in range(50):
            self.held.append(junk.deaf_follower(b.port, "chat/loud"))
        lines = ("x" * 4_000 + "\n") * 2_000
        said = subprocess.run([self.group.binary, "chat", "loudmouth", "--room", "loud",
                               *self.group.server_options()], env=self.group.environment(),
                              input=lines, capture_output=True, text=True, timeout=60, check=False)
        self.assertEqual(said.returncode, 0, said.stderr)
        self.check_served()

    def test_a_flood_of_datagrams(self):
        port = int(self.group.discovery[1])
        count = 0
        while self.load.running:
            junk.datagrams(port, count, 500)
            count += 500
        self.assertGreater(count, 0)
        self.check_served()

    def test_wrong_secrets_and_connections_that_leave_at_once(self):
        a = self.group.servers[0]

        def come_and_go(port, seed):
            connection = junk.connect(port)
            if seed % 3 == 0:
                junk.send(connection, junk.hello(authentication=1) + os.urandom(32))
            connection.close()
        self.throw(come_and_go, a)
        self.check_served()


class LimitsTest(unittest.TestCase):
    def test_a_secret_that_is_guessed_is_refused_and_named_in_the_log(self):
        with Group(1, options=["--found", "now"]) as group:
            secret = group.folder / "secret"
            secret.write_text("correct horse\n")
            secret.chmod(stat.S_IRUSR)
            group.options += ["--secret-file", str(secret)]
            group.start()
            server = group.servers[0]
            for _ in range(200):
                with junk.connect(server.port) as connection:
                    junk.send(connection, junk.hello(authentication=1) + os.urandom(32))
                    self.assertIn(b"secret", junk.read_to_end(connection))
            right = group.muster("status", *group.server_options(), "--secret-file", str(secret))
            self.assertEqual(right.returncode, 0, right.stderr)
            self.assertIn("secret", server.log.read_text().split("was not let in: ", 1)[1])

    def test_all_connections_in_use_leave_files_enough_to_go_on_writing(self):
        """With few descriptors: its log goes over into new files, and clients who come are told."""
        with Group(1, options=["--found", "now"]) as group:
            server = group.servers[0]
            command = server.command()
            server.command = lambda: ["prlimit", "--nofile=200:200", *command]
            group.start()
            load = group.start_load("--verify", "--size", "60000", "--in-flight", "8",
                                    "--duration", "2s", "--warm-up", "0")
            held = []
            try:
                taken_in = 0
                for _ in range(150):
                    held.append(junk.connect(server.port))
                    junk.send(held[-1], junk.hello())
                    taken_in += junk.is_taken_in(held[-1])
                self.assertTrue(90 <= taken_in <= 100, taken_in)
                result, code = group.finish_load(load)
            finally:
                for each in held:
                    each.close()
            self.assertEqual((code, result["errors"], result["lost"]), (0, 0, 0), result)
            self.assertGreater(result["acknowledged"] * 60_000, 2 * (16 << 20), "of one segment")
            self.assertIn("are in use", server.log.read_text())
            wait_until(lambda: server.status(), 5, "clients again, once there is room")


if __name__ == "__main__":
    unittest.main()
