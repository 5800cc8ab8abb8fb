"""`muster watch` and `muster status` tell what happens to a group."""

import json
import re
import unittest

from free_servers import ELECTION, FreeGroup
from muster_processes import wait_until

QUICK = ["--handover-after", "300ms", "--failure-timeout", "1500ms"]
SUSPICION = re.compile(r" is suspected: | is back: ")  # Asked for, not from the log.


def seen(watch):
    return "\n".join(list(watch.output))


class WatchTest(unittest.TestCase):
    def wait_seen(self, watch, pattern, seconds=10):
        wait_until(lambda: re.search(pattern, seen(watch)), seconds,
                   lambda: f"'{pattern}' in what is watched:\n" + seen(watch))

    def test_who_joins_is_lost_and_leads_is_seen_also_across_the_death_of_the_server(self):
        with FreeGroup("abcd", QUICK) as group:
            leader = group.found("a", "b", "c")
            options = [each for server in group.servers[:3]
                       for each in ("--server", server.address)]
            # Both are told by the leader at first.
            options = ["--server", leader.address, *options]
            plain = group.begin("watch", "--from", "1", *options, log="plain.log")
            lines = group.begin("watch", "--json", "--from", "1", *options, log="lines.log")
            self.wait_seen(plain, r"election: cause=rank:" + leader.name)

            leader.kill()
            self.wait_seen(plain, rf"election: cause=lost:{leader.name} .* previous={leader.name} ")
            self.wait_seen(plain, rf"{leader.name} failed")
            group["d"].start()
            self.wait_seen(plain, r"d joined as number 4")
            self.wait_seen(plain, r"election: .* leader=d ")
            self.assertTrue(plain.running)

            self.wait_seen(lines, r'"leader":4')
            self.wait_seen(lines, "leader=d ")
            lines_told = [json.loads(line) for line in list(lines.output)]
            told = [each for each in lines_told if each["logged"]]
            missed = [each["text"] for each in lines_told if not each["logged"]]
            self.assertIn(f"{leader.name} is suspected: ", " ".join(missed))
            places = [(each["index"], each["ordinal"], each["sub"]) for each in told]
            self.assertEqual(places, sorted(set(places)))  # Each once, in order.
            for each in told:
                self.assertEqual(each["topic"], "group")
                self.assertRegex(each["time"], r"^\d{4}-\d\d-\d\dT[\d:.]+Z$")
            texts = [re.sub(r"^\S+ \S+ ", "", line) for line in list(plain.output)
                     if not SUSPICION.search(line)]
            self.assertEqual(texts, [each["text"] for each in told][:len(texts)])
            elections = [ELECTION.search(each)["leader"] for each in texts if ELECTION.search(each)]
            self.assertEqual(elections[-1], "d")

    def test_the_status_tells_how_the_servers_were_found(self):
        with FreeGroup(options=QUICK) as group:
            group.found()
            for status in group.statuses():
                discovery = status["discovery"]
                self.assertEqual(discovery["phase"], "SETTLED")
                self.assertEqual(discovery["attempts"], 4)
                self.assertGreaterEqual(discovery["answers"], 2)
                self.assertGreaterEqual(discovery["duplicates"], 0)
                self.assertLess(discovery["duplicates"], discovery["answers"])
                self.assertEqual(status["tolerates"], 1)
                self.assertEqual(status["reason"], "")


if __name__ == "__main__":
    unittest.main()
