"""Three servers form a group by --seeds; what was written survives stopping all of them."""

import itertools
import json
import unittest

from muster_processes import Group


class RestartTest(unittest.TestCase):
    def check_kept(self, group, kept):
        done = group.muster("bench", "--json", "--check", str(kept), *group.server_options())
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        self.assertEqual([each["lost"] for each in lines], [0] * len(group.servers))
        self.assertEqual([each["twice"] for each in lines], [0] * len(group.servers))
        return lines[0]["acknowledged"]

    def test_forms_and_keeps_its_data_through_restarts_in_any_order(self):
        with Group(options=["--session-timeout", "5m"]) as group:
            group.start()
            statuses = [each.status() for each in group.servers]
            self.assertEqual(len({each["groupId"] for each in statuses}), 1)
            self.assertEqual(len({each["leader"] for each in statuses}), 1)
            self.assertEqual(sum(each["role"] == "LEADER" for each in statuses), 1)
            self.assertEqual([each["servers"] for each in statuses], [3, 3, 3])
            members = group.muster("members", "--json", *group.server_options())
            rows = [json.loads(line) for line in members.stdout.splitlines()]
            self.assertEqual(sorted(each["name"] for each in rows), ["a", "b", "c"])

            kept = group.folder / "kept"
            load = group.start_load("--duration", "1s", "--warm-up", "0", "--clients", "4",
                                    "--in-flight", "32", "--keep", str(kept))
            result, code = group.finish_load(load)
            self.assertEqual(code, 0, result)
            self.assertGreater(result["acknowledged"], 0)
            self.assertEqual((result["lost"], result["twice"]), (0, 0))

            for order in list(itertools.permutations(range(3)))[1::2]:
                for each in group.servers:
                    each.terminate()
                for each in group.servers:
                    self.assertEqual(each.process.wait(15), 0, each.log_tail())
                for number in order:
                    group.servers[number].start()
                for each in group.servers:
                    each.wait_ready()
                self.assertEqual(self.check_kept(group, kept), result["acknowledged"])
                group.wait_equal()


if __name__ == "__main__":
    unittest.main()
