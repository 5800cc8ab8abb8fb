"""Loads on each service that `muster bench` knows."""

import json
import unittest

from muster_processes import Group


class BenchTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.group = cls.enterClassContext(Group(3))
        cls.group.start()
        cls.group.leader()

    def bench(self, *options):
        return self.group.muster("bench", *self.group.server_options(), "--duration", "500ms",
                                 "--warm-up", "0", *options)

    def test_each_service_does_what_it_is_told(self):
        for service in ("echo", "chat", "auction"):
            with self.subTest(service):
                done = self.bench("--json", "--service", service, "--clients", "3",
                                  "--in-flight", "30", "--size", "100")
                self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
                result = json.loads(done.stdout.splitlines()[-1])
                self.assertEqual((result["service"], result["errors"], result["unknown"]),
                                 (service, 0, 0), result["lastError"])
                self.assertGreater(result["commands"], 0)

    def test_what_was_said_is_in_the_rooms(self):
        done = self.bench("--json", "--service", "chat", "--clients", "1", "--size", "50")
        commands = json.loads(done.stdout.splitlines()[-1])["commands"]
        told = self.group.muster("chat", "--room", "bench-0", "--history", "1", "--json",
                                 *self.group.server_options())
        text = json.loads(told.stdout.splitlines()[-1])["text"]
        self.assertEqual(len(text), 50)
        self.assertGreaterEqual(int(text.rstrip(".")), commands)

    def test_what_a_service_can_not_do_is_refused(self):
        verified = self.bench("--service", "chat", "--verify")
        self.assertEqual(verified.returncode, 2)
        self.assertIn("--verify and --keep are for --service echo", verified.stderr)
        too_long = self.bench("--service", "chat", "--size", "5000")
        self.assertEqual(too_long.returncode, 2)
        self.assertIn("a line of the chat has at most 4096 bytes", too_long.stderr)


if __name__ == "__main__":
    unittest.main()
