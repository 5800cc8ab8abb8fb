"""A follower that stands still for a while catches up, also when the log was compacted meanwhile."""

import time
import unittest

from muster_processes import Group, wait_until


class StoppedFollowerTest(unittest.TestCase):
    def load_without(self, group, follower, *options):
        others = [each for each in group.servers if each is not follower]
        load = group.start_load("--verify", "--warm-up", "0", *options, servers=others)
        result, code = group.finish_load(load)
        self.assertEqual(code, 0, result)
        self.assertEqual((result["lost"], result["twice"]), (0, 0))

    def test_catches_up_from_the_log(self):
        with Group() as group:
            group.start()
            follower = group.followers()[0]
            follower.pause()
            try:
                self.load_without(group, follower, "--duration", "2s", "--in-flight", "16")
            finally:
                follower.resume()
            group.wait_equal()

    def test_catches_up_past_a_compacted_log(self):
        with Group() as group:
            group.start()
            follower = group.followers()[0]
            stopped_at = wait_until(lambda: follower.status(), 5, "its status")["lastIndex"]
            follower.kill()
            # Snapshots are taken after so many bytes of log, so it takes a lot to get there.
            leader = group.leader()
            deadline = time.monotonic() + 60
            while leader.status()["firstIndex"] <= stopped_at + 1:
                self.assertLess(time.monotonic(), deadline, "the log was not compacted")
                self.load_without(group, follower, "--duration", "2s", "--size", "16384",
                                  "--in-flight", "256", "--clients", "4")
            follower.start()
            follower.wait_ready()
            group.wait_equal()


if __name__ == "__main__":
    unittest.main()
