"""`kill -9` of the leader under write load: nothing acknowledged is lost, nothing taken twice.

MUSTER_ROUNDS says how often (10 unless given).
"""

import os
import time
import unittest

from muster_processes import Group, Failure

ROUNDS_OF_ONE_LOAD = 5


def next_acknowledgement(result, killed_at):
    """Milliseconds from the kill to the next acknowledgement, from the gaps of a load."""
    for gap in result["gaps"]:
        begin, end = gap["fromMonotonicMs"], gap["fromMonotonicMs"] + gap["ms"]
        if begin <= killed_at < end:
            return end - killed_at
    return None


def kill_leaders_under_load(group, rounds, seconds_apart=1.0):
    """Kills and restarts the leader `rounds` times under one load; returns the load's result and
    the times of the kills."""
    load = group.start_load("--verify", "--clients", "8", "--in-flight", "64", "--warm-up", "0",
                            "--timeout", "30s", "--duration", f"{int(rounds * 4 + 2)}s")
    killed = []
    for _ in range(rounds):
        leader = group.leader()
        if not load.running:
            raise Failure("the load ended early")
        killed.append(leader.kill())
        time.sleep(seconds_apart / 2)
        leader.start()
        leader.wait_ready()
        time.sleep(seconds_apart / 2)
    return load, killed


class LeaderLossTest(unittest.TestCase):
    def test_nothing_acknowledged_is_lost_and_nothing_taken_twice(self):
        rounds = int(os.environ.get("MUSTER_ROUNDS", "10"))
        with Group() as group:
            group.start()
            done = 0
            while done < rounds:
                now = min(ROUNDS_OF_ONE_LOAD, rounds - done)
                load, killed = kill_leaders_under_load(group, now)
                result, code = group.finish_load(load, seconds=120)
                done += now
                times = [next_acknowledgement(result, each) for each in killed]
                print(f"{done} of {rounds} kills: {result['acknowledged']} acknowledged, "
                      f"{result['lost']} lost, {result['twice']} twice, next acknowledgement after "
                      + ", ".join(f"{each:.0f} ms" if each else "?" for each in times), flush=True)
                self.assertEqual(code, 0, result)
                self.assertTrue(result["verified"])
                self.assertGreater(result["acknowledged"], 0)
                self.assertEqual((result["lost"], result["twice"], result["different"]), (0, 0, 0))
                self.assertEqual((result["errors"], result["unknown"]), (0, 0), result)
                group.wait_equal()


if __name__ == "__main__":
    unittest.main()
