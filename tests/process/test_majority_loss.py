"""Without a majority reads go on and writes are refused with the reason; with one they go on."""

import json
import unittest

from muster_processes import Group, wait_until


class MajorityLossTest(unittest.TestCase):
    def test_reads_go_on_and_writes_wait_for_the_majority(self):
        with Group(options=["--session-timeout", "5m"]) as group:
            group.start()
            kept = group.folder / "kept"
            load = group.start_load("--duration", "500ms", "--warm-up", "0", "--in-flight", "8",
                                    "--keep", str(kept))
            result, _ = group.finish_load(load)
            group.wait_equal()
            survivor = group.leader()
            others = [each for each in group.servers if each is not survivor]
            for each in others:
                each.kill()

            def not_writable():
                status = survivor.status()
                return status if status and not status["writable"] else None
            status = wait_until(not_writable, 15, "the survivor to say that it cannot write")
            self.assertIn("2 of 3", status["reason"])
            self.assertEqual(status["tolerates"], 0)

            check = group.muster("bench", "--json", "--check", str(kept), "--server",
                                 survivor.address)
            self.assertEqual(check.returncode, 0, check.stderr)
            self.assertEqual(json.loads(check.stdout)["acknowledged"], result["acknowledged"])

            refused = group.muster("bench", "--server", survivor.address, "--timeout", "3s")
            self.assertEqual(refused.returncode, 1, refused.stdout)
            self.assertIn("UNAVAILABLE", refused.stderr)
            self.assertIn("2 of 3", refused.stderr)

            others[0].start()
            others[0].wait_ready()
            load = group.start_load("--duration", "500ms", "--verify",
                                    servers=[survivor, others[0]])
            result, code = group.finish_load(load)
            self.assertEqual(code, 0, result)
            self.assertEqual((result["lost"], result["twice"]), (0, 0))
            others[1].start()
            others[1].wait_ready()
            group.wait_equal()


if __name__ == "__main__":
    unittest.main()
