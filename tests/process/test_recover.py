"""A group whose majority is lost for good goes on from one folder; data that is not needed goes."""

import json
import unittest

from free_servers import FreeGroup
from muster_processes import wait_until

QUICK = ["--handover-after", "300ms", "--failure-timeout", "2s"]


def write(group, servers, duration="300ms"):
    load = group.start_load("--verify", "--in-flight", "8", "--warm-up", "0", "--duration",
                            duration, servers=servers)
    result, code = group.finish_load(load)
    assert code == 0, result
    return result["acknowledged"]


class RecoverTest(unittest.TestCase):
    def test_one_folder_goes_on_and_who_was_left_behind_lists_what_only_it_knows(self):
        with FreeGroup("abc", QUICK) as group:
            group.found()
            write(group, group.servers)
            group["a"].kill()
            group.wait_led_by_another("a")
            # What `a` will never know, acknowledged by the other two.
            lost = write(group, [group["b"], group["c"]])
            self.assertGreater(lost, 0)
            for each in (group["b"], group["c"]):
                each.pause()  # Neither may go on alone on the proof that the other is dead.
            for each in (group["b"], group["c"]):
                each.kill()

            folder = str(group["a"].folder)
            unforced = group.muster("recover", "--data", folder)
            self.assertEqual(unforced.returncode, 1)
            self.assertIn("--force", unforced.stderr)
            unconfirmed = group.muster("recover", "--data", folder, "--force")
            self.assertEqual(unconfirmed.returncode, 1)
            self.assertIn("nothing was changed", unconfirmed.stderr)
            done = group.muster("recover", "--data", folder, "--force", "--confirm", group.name)
            self.assertEqual(done.returncode, 0, done.stderr)
            for words in ("alone, under a new branch", "b (#", "c (#"):
                self.assertIn(words, done.stderr)
            branch = done.stdout.split("as branch ")[1].split(";")[0]

            group["a"].start()
            group["a"].wait_ready()
            status = group.wait_led_by("a", [group["a"]], count=1)[0]
            self.assertEqual(status["branch"], branch)
            shown = group["a"].muster("status")
            self.assertIn(branch, shown.stdout)

            group["b"].start()
            group["b"].wait_words("was recovered by force as branch " + branch)
            group.wait_led_by_another("", seconds=30)
            wait_until(lambda: all(s and s["servers"] == 2 for s in group.statuses()), 20,
                       "b is a member again")
            self.assertEqual({s["branch"] for s in group.statuses()}, {branch})
            archives = list(group.folder.glob("b.archived-*"))
            self.assertEqual(len(archives), 1)
            lines = (archives[0] / f"branch-{branch}.jsonl").read_text().splitlines()
            commands = [json.loads(line) for line in lines]
            # All that was acknowledged without `a`, and what was on its way when it was lost.
            self.assertGreaterEqual(len(commands), lost)
            self.assertEqual({each["service"] for each in commands}, {2})
            indexes = [(each["index"], each["ordinal"]) for each in commands]
            self.assertEqual(indexes, sorted(set(indexes)))
            # Nothing of it was replayed: the two agree.
            group.servers = group.servers[:2]
            group.wait_equal()


class ResetTest(unittest.TestCase):
    def test_data_of_stopped_servers_is_removed_and_that_of_running_ones_is_not(self):
        with FreeGroup("ab", QUICK) as group:
            group.found()
            group["b"].stop()
            held = group.muster("reset", "--data", str(group["a"].folder), "--yes")
            self.assertEqual(held.returncode, 1, held.stdout)
            self.assertIn("left alone", held.stderr)
            self.assertTrue((group["a"].folder / "identity").exists())

            asked = group.muster("reset", "--data", str(group["b"].folder))
            self.assertEqual(asked.returncode, 2)  # There is nobody to answer.
            self.assertIn("say --yes", asked.stderr)
            self.assertIn(str(group["b"].folder), asked.stdout)
            self.assertTrue(group["b"].folder.exists())
            done = group.muster("reset", "--data", str(group["b"].folder), "--yes")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn("server b", done.stdout)
            self.assertFalse(group["b"].folder.exists())

            nothing = group.muster("reset", "--data", str(group.folder / "nowhere"), "--yes")
            self.assertEqual(nothing.returncode, 1)
            self.assertIn("no data folder", nothing.stderr)

    def test_a_folder_with_other_files_keeps_them(self):
        with FreeGroup("a", QUICK) as group:
            group["a"].start()
            group["a"].wait_ready()
            group["a"].stop()
            (group["a"].folder / "notes").write_text("mine")
            done = group.muster("reset", "--data", str(group["a"].folder), "--yes")
            self.assertIn("it holds other files too", done.stderr)
            self.assertEqual([each.name for each in group["a"].folder.iterdir()], ["notes"])


if __name__ == "__main__":
    unittest.main()
