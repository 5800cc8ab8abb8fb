"""Servers that are told nothing of each other found a group, join it, and come back to it."""

import os
import re
import unittest

from free_servers import FreeGroup
from muster_processes import wait_until

QUICK = ["--handover-after", "300ms", "--failure-timeout", "1500ms"]


def serve_refused(group, name, *options, seconds=15):
    """Runs a server that is expected to end by itself; returns exit code and its words."""
    server = group[name]
    server.start(*options)
    code = server.process.wait(seconds)
    return code, server.words()


class FoundingTest(unittest.TestCase):
    def test_three_with_nothing_but_folders_are_one_group_led_by_the_highest_number(self):
        with FreeGroup() as group:
            leader = group.found()
            group.wait_voters("abc")
            members = leader.members()
            self.assertEqual(sorted(each["number"] for each in members.values()), [1, 2, 3])
            self.assertEqual(members[leader.name]["number"], 3)
            for server in group.servers:
                wait_until(lambda: server.elections()[-1:] and
                           server.elections()[-1]["leader"] == leader.name, 5, "the last election")
                election = server.elections()[-1]
                self.assertEqual(sorted(election["candidates"].split(",")), ["a", "b", "c"])
                self.assertEqual(election["rule"], "highest-id")
                self.assertEqual(election["cause"], f"rank:{leader.name}")
                self.assertEqual(server.elections()[0]["previous"], "none")
            ready = [line for line in leader.process.output if line.startswith("ready ")]
            self.assertRegex(ready[0], rf"^ready group={group.name} server={leader.name} number=3 "
                             rf"port={leader.port} peer-port={leader.peer_port} leader=[abc]$")
            discovery = leader.status()["discovery"]
            self.assertEqual(discovery["phase"], "SETTLED")
            self.assertGreaterEqual(discovery["attempts"], 4)
            self.assertGreaterEqual(discovery["answers"], 2)
            self.assertGreaterEqual(discovery["duplicates"], 0)

    def test_killed_all_at_once_they_are_the_same_group_with_its_data_again(self):
        with FreeGroup(options=QUICK) as group:
            group.found()
            kept = group.folder / "kept"
            written = group.start_load("--keep", str(kept), "--in-flight", "16", "--duration",
                                       "1s", "--warm-up", "0")
            result, code = group.finish_load(written)
            self.assertEqual(code, 0, result)
            before = group.servers[0].status()
            for each in group.servers:
                each.kill()
            leader = group.found("c", "a", "b")
            after = leader.status()
            self.assertEqual(after["groupId"], before["groupId"])
            self.assertGreater(after["appliedIndex"], before["appliedIndex"])
            checked = group.muster("bench", "--check", str(kept), "--json",
                                   *group.server_options())
            self.assertEqual(checked.returncode, 0, checked.stdout + checked.stderr)
            group.wait_equal()

    def test_a_fourth_joins_and_takes_over_by_hand_over(self):
        with FreeGroup("abcd", QUICK) as group:
            former = group.found("a", "b", "c")
            group["d"].start()
            group["d"].wait_ready()
            group.wait_led_by("d", count=4)
            self.assertEqual(group["d"].status()["number"], 4)
            former.wait_words("no longer leader: handed to d", 5)
            for each in group.servers:
                each.wait_words(f"leader=d previous={former.name} rule=highest-id", 5)
            wait_until(lambda: sorted(m["role"] for m in group["d"].members().values())
                       == ["LEADER", "STANDBY", "VOTER", "VOTER"], 10, "three voters of four")

    def test_a_priority_counts_before_the_number(self):
        with FreeGroup("", QUICK) as group:
            group.add("a", "--priority", "200")
            group.add("b")
            group.add("c", "--priority", "0")
            for each in group.servers:
                each.start()
            group.wait_led_by("a", count=3)
            self.assertEqual(group["a"].members()["a"]["priority"], 200)
            group.wait_voters("abc")
            group["a"].kill()
            group.wait_led_by("b")
            group.wait_voters("bc")
            group["b"].kill()
            group.wait_led_by("c")  # Of priority 0, but no other can.

    def test_the_rule_lowest_id_lets_the_lowest_number_lead(self):
        with FreeGroup("abcd", [*QUICK, "--election", "lowest-id"]) as group:
            for each in group.servers[:3]:
                each.start()
            wait_until(lambda: all(group.statuses()), 15, "answers")
            lowest = wait_until(lambda: next(
                (n for n, m in group["a"].members().items() if m["number"] == 1), None), 15, "#1")
            group.wait_led_by(lowest, count=3)
            group["d"].start()
            group["d"].wait_ready()
            group.wait_led_by(lowest, count=4)
            wait_until(lambda: group["d"].elections(), 10, "an election line")
            self.assertEqual({each["rule"] for each in group["d"].elections()}, {"lowest-id"})
            self.assertEqual(group["d"].elections()[-1]["leader"], lowest)

    def test_the_rule_stable_lets_whoever_leads_stay(self):
        with FreeGroup("abc", [*QUICK, "--election", "stable"]) as group:
            group["a"].start("--found", "now")
            group["a"].wait_ready()
            for joiner in (group["b"], group["c"]):
                joiner.start()
                joiner.wait_ready()
                joiner.wait_words(f"cause=joined:{joiner.name} ")
            group.wait_voters("abc")
            self.assertEqual(group["c"].elections()[-1]["leader"], "a")
            self.assertEqual(group["c"].elections()[-1]["rule"], "stable")
            group["a"].kill()
            # The ranks count when a leader is lost.
            group.wait_led_by("c", count=3)
            group.wait_state("a", "FAILED")
            group["a"].start()
            group["a"].wait_ready()
            group["a"].wait_words(
                "election: cause=returned:a candidates=a,b,c leader=c previous=c")
            group.wait_voters("abc")  # Of two voters the one left would go on alone.
            group["c"].kill()
            group.wait_led_by("b", count=3)
            group.wait_state("c", "FAILED")
            group["c"].start()  # Back, it ranks best and does not lead.
            group["c"].wait_ready()
            group["c"].wait_words(
                "election: cause=returned:c candidates=a,b,c leader=b previous=b")
            group.wait_led_by("b", count=3)


class FoundOptionsTest(unittest.TestCase):
    def test_found_now_is_refused_when_the_group_answers(self):
        with FreeGroup("ab", QUICK) as group:
            group["a"].start("--found", "now")
            group["a"].wait_ready()
            code, words = serve_refused(group, "b", "--found", "now")
            self.assertEqual(code, 1, words)
            self.assertIn(group.name, words)
            self.assertIn("--found", words)
            self.assertEqual(group["a"].status()["servers"], 1)
            self.assertEqual(list(group["a"].members()), ["a"])  # Nobody took it in meanwhile.

    def test_found_never_waits_and_says_so_until_somebody_founds(self):
        with FreeGroup("ab", QUICK) as group:
            group["a"].start("--opt", "0", "--expect", "2")
            group["a"].wait_words("waiting: no group", 10)
            group["a"].wait_words("this server only joins", 10)
            self.assertTrue(group["a"].running)
            self.assertEqual(group["a"].process.output, [])
            group["b"].start("--opt", "1")
            group["a"].wait_ready()
            group.wait_voters("ab")
            self.assertEqual(group["a"].status()["number"], 2)

    def test_a_joiner_with_other_settings_says_so_and_uses_those_of_the_group(self):
        with FreeGroup("ab", ["--handover-after", "300ms"]) as group:
            group["a"].start("--found", "now", "--heartbeat-interval", "60ms")
            group["a"].wait_ready()
            group["b"].start("--heartbeat-interval", "70ms", "--voters", "3")
            group["b"].wait_ready()
            group["b"].wait_words("heartbeat-interval=60ms (here 70ms)", 5)
            group["b"].wait_words("voters=5 (here 3)", 5)
            group["b"].wait_words("muster set", 5)
            settings = group["b"].status()["settings"]
            self.assertEqual((settings["heartbeatIntervalMs"], settings["voters"]), (60, 5))


class ReturnTest(unittest.TestCase):
    def test_all_stopped_at_once_come_back_in_any_order_and_one_alone_says_whom_it_needs(self):
        with FreeGroup(options=QUICK) as group:
            leader = group.found()
            before = leader.status()
            for each in group.servers:
                each.terminate()
            codes = [each.process.wait(10) for each in group.servers]
            self.assertEqual(codes, [0, 0, 0])
            # Who let the others go may go on alone; of two that stopped at once nobody did.
            last = max(group.servers, key=lambda each: (
                each.words().count("votes no more: it stops"), os.stat(each.log).st_mtime_ns))
            first, second = [each for each in group.servers if each is not last]
            said = len(first.words())  # It may have waited as it was founded, too.
            first.start()
            [wait, *_] = wait_until(
                lambda: re.findall("waiting: group .* needs (.*)", first.words()[said:]), 15,
                lambda: "whom it needs:\n" + first.words()[said:])
            self.assertRegex(wait, r"start (it|them), or begin anew")
            # By name; and when it stopped, if that was still written here.
            self.assertRegex(wait, r"[abc] \((a|last) voter( that does not answer"
                                   r"|, stopped \d\d:\d\d UTC)\)")
            self.assertIn("muster reset", wait)
            second.start()
            last.start()
            for each in group.servers:
                each.wait_ready()
            statuses = group.wait_led_by(leader.name, count=3)
            self.assertEqual({each["groupId"] for each in statuses}, {before["groupId"]})
            group.wait_voters("abc")


if __name__ == "__main__":
    unittest.main()
