"""On one machine a group goes on until its last server: two are killed, the third leads and takes
writes; what it was told meanwhile is kept when the others return."""

import unittest

from free_servers import FreeGroup

FAILURE = ["--failure-timeout", "1500ms", "--handover-after", "300ms"]


class LastServerTest(unittest.TestCase):
    def write(self, group, name):
        """Commands whose replies are kept in a file, to be compared later."""
        kept = group.folder / name
        load = group.start_load("--keep", str(kept), "--in-flight", "16", "--warm-up", "0",
                                "--duration", "500ms", servers=group.running)
        result, code = group.finish_load(load)
        self.assertEqual(code, 0, result)
        self.assertGreater(result["acknowledged"], 0)
        return kept

    def test_the_last_of_three_leads_and_takes_writes_and_nothing_is_lost_on_return(self):
        with FreeGroup(options=FAILURE) as group:
            highest = group.found()
            group.wait_voters("abc")
            kept = [self.write(group, "with_three")]
            highest.kill()
            second = group[group.wait_led_by_another(highest.name)]
            group.wait_state(highest.name, "FAILED")
            group.wait_voters([each.name for each in group.running])
            kept.append(self.write(group, "with_two"))

            second.kill()
            last, = group.running
            group.wait_led_by(last.name)
            group.wait_voters([last.name])
            last.wait_words("going on alone", 5)
            kept.append(self.write(group, "alone"))

            for each in (second, highest):
                each.start()
                each.wait_ready()
            group.wait_voters("abc")
            numbers = {name: each["number"] for name, each in last.members().items()}
            group.wait_led_by(max(numbers, key=numbers.get), count=3)
            for each in kept:
                checked = group.muster("bench", "--check", str(each), "--json",
                                       *group.server_options())
                self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
            group.wait_equal()


if __name__ == "__main__":
    unittest.main()
