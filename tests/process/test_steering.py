"""What operators do to a group, and servers that leave it in good order."""

import json
import shutil
import time
import unittest

from free_servers import FreeGroup
from muster_processes import wait_until

QUICK = ["--handover-after", "300ms", "--failure-timeout", "1500ms"]


def write(group, *options):
    """Commands for half a second; the result of the load."""
    load = group.start_load("--verify", "--in-flight", "8", "--warm-up", "0", "--duration",
                            "500ms", *options, servers=group.running)
    return group.finish_load(load)


def told_at(group, receipt):
    """What the group's events say at the place of a receipt."""
    leader = group.servers[0].status()["leader"]
    history = json.loads(group.muster("rmi", leader, "history", "--json").stdout)
    return next((each["text"] for each in history["result"]["events"]
                 if (each["index"], each["ordinal"]) ==
                 (receipt["index"], receipt["ordinal"])), "nothing")


class SteeringTest(unittest.TestCase):
    def test_the_leadership_is_transferred_and_stays_there(self):
        with FreeGroup(options=QUICK) as group:
            former = group.found()
            heir = next(each for each in group.servers if each is not former)
            number = heir.status()["number"]
            done = group.muster("transfer", f"#{number}")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertIn(heir.name, done.stdout)
            group.wait_led_by(heir.name)
            # A better-ranked server would be handed the leadership 300 ms after it caught up.
            handed = time.monotonic()
            wait_until(lambda: time.monotonic() - handed > 1, 5, "the time of a hand-over to pass")
            group.wait_led_by(heir.name)
            unknown = group.muster("lead", "nobody")
            self.assertEqual(unknown.returncode, 1)
            self.assertIn("nobody", unknown.stderr)

    def test_settings_are_shown_and_changed(self):
        with FreeGroup(options=QUICK) as group:
            group.found()
            done = group.muster("set", "handover-after=400ms", "election=lowest-id")
            self.assertEqual(done.returncode, 0, done.stderr)
            shown = group.muster("set").stdout.splitlines()
            self.assertIn("handover-after=400ms", shown)
            self.assertIn("election=lowest-id", shown)
            members = group.servers[0].members()
            lowest = next(name for name, each in members.items() if each["number"] == 1)
            group.wait_led_by(lowest)
            for wrong in ("election=mine", "nonsense=1", "heartbeat-interval=1h"):
                refused = group.muster("set", wrong)
                self.assertIn(refused.returncode, (1, 2), wrong)
                self.assertNotEqual(refused.stderr, "", wrong)

    def test_settings_that_are_changed_at_one_time_all_count(self):
        with FreeGroup("a", QUICK) as group:
            group.found()
            values = ["voters=3", "handover-after=4s", "session-timeout=20s", "forget-after=2h"]
            running = [group.begin("set", each, log=f"set-{i}.log")
                       for i, each in enumerate(values)]
            self.assertEqual([each.wait(10) for each in running], [0] * len(values))
            shown = group.muster("set").stdout.splitlines()
            self.assertLessEqual(set(values), set(shown))

    def test_a_change_without_an_answer_is_perhaps_applied(self):
        # The leader leads on for 5 s without those it needs.
        with FreeGroup(options=["--election-timeout", "5s", "--failure-timeout", "6s"]) as group:
            leader = group.found()
            others = [each for each in group.servers if each is not leader]
            for each in others:
                each.pause()
            try:
                done = leader.muster("set", "voters=3", "--timeout", "1s")
            finally:
                for each in others:
                    each.resume()
            self.assertEqual(done.returncode, 3, done.stderr)
            self.assertIn("perhaps applied", done.stderr)
            wait_until(lambda: "voters=3" in leader.muster("set").stdout, 10, "it is applied")

    def test_a_group_gives_way_only_to_one_that_it_has_met(self):
        with FreeGroup("a", QUICK) as group:
            group.found()
            other = "01a21472-d469-73e9-bf85-fc7ced010e07"
            done = group.muster("dissolve", "--into", other)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("has met no group " + other, done.stderr)
            self.assertEqual(group["a"].status()["phase"], "RUNNING")

    def test_a_snapshot_is_taken_by_the_server_that_is_named(self):
        with FreeGroup(options=QUICK) as group:
            group.found()
            for server in group.servers:
                number = server.status()["number"]
                for name in (server.name, f"#{number}"):
                    done = group.muster("snapshot", name, "--json")
                    self.assertEqual(done.returncode, 0, done.stderr)
                    receipt = json.loads(done.stdout)
                    self.assertEqual(receipt["target"], server.name)
                    self.assertIn(f"{server.name} (#{number}) {server.address}",
                                  receipt["message"])
            everybody = group.muster("snapshot", "all", "--json").stdout.splitlines()
            self.assertEqual(sorted(json.loads(line)["target"] for line in everybody),
                             ["a", "b", "c"])
            unknown = group.muster("snapshot", "nobody")
            self.assertEqual((unknown.returncode, unknown.stdout), (1, ""))
            self.assertIn("no server is called nobody", unknown.stderr)

    def test_a_receipt_has_its_place_and_what_was_asked(self):
        with FreeGroup(options=QUICK) as group:
            leader = group.found()
            # Not the leader: once drained, it would hand the leadership to another of itself.
            drained, heir = (each.name for each in group.servers if each is not leader)
            done = group.muster("set", "voters=3", "--json", "--key", "once", "--tag", "by=test")
            self.assertEqual(done.returncode, 0, done.stderr)
            receipt = json.loads(done.stdout)
            self.assertEqual(list(receipt),
                             ["index", "ordinal", "command", "target", "values", "message"])
            self.assertEqual((receipt["command"], receipt["target"], receipt["values"]),
                             ("set", "", {"voters": "3"}))
            self.assertIn("voters from 5 to 3", told_at(group, receipt))
            receipt = json.loads(group.muster("drain", drained, "--json").stdout)
            self.assertEqual((receipt["command"], receipt["target"], receipt["values"]),
                             ("drain", drained, {}))
            self.assertIn(f"{drained} is drained", told_at(group, receipt))
            receipt = json.loads(group.muster("transfer", heir, "--json").stdout)
            self.assertIn(f"election: cause=transfer:{heir} ", told_at(group, receipt))
            again = json.loads(group.muster("drain", drained, "--json").stdout)
            self.assertEqual((again["index"], again["ordinal"]), (0, 0))
            self.assertIn(f"{drained} is drained already", again["message"])

    def test_a_wish_waits_out_an_election_and_says_so_when_time_runs_out(self):
        with FreeGroup(options=QUICK) as group:
            group.found()
            first, *rest = group.servers
            for each in rest:
                each.kill()
            # One that led takes wishes in until it gives the leadership up.
            wait_until(lambda: (first.status() or {"leader": "?"})["leader"] == "", 20,
                       "nobody leads")
            late = first.muster("set", "voters=4", "--timeout", "1s")
            self.assertEqual(late.returncode, 1, late.stdout)
            self.assertRegex(late.stderr, r"UNAVAILABLE: 2 of 3 voters needed, 1 reachable: .*; it "
                                          r"was so for 1s: --timeout waits longer\n")
            waiting = group.begin("set", "voters=3", "--timeout", "30s", "--server", first.address,
                                  log="set.log")
            rest[0].start()
            self.assertEqual(waiting.wait(30), 0)
            self.assertIn("voters=3", first.muster("set").stdout.splitlines())

    def test_who_has_no_group_yet_says_what_it_waits_for(self):
        with FreeGroup("ab", [*QUICK, "--expect", "3"]) as group:
            for server in group.servers:
                server.start()
            server = group.servers[0]
            wait_until(lambda: "1 more of 3" in group.muster("members", *group.server_options())
                       .stderr, 10, "it waits for one more")
            for command in (["members"], ["members", "--all"], ["members", "--json"], ["set"],
                            ["sessions"], ["rmi", "all"], ["rmi", "b"], ["snapshot", "all"]):
                done = group.muster(*command, "--server", server.address)
                self.assertEqual((done.returncode, done.stdout), (1, ""), command)
                self.assertEqual(done.stderr,
                                 "UNAVAILABLE: a is in no group yet: waiting: 1 more of 3 servers "
                                 f"must answer to found group {group.name}\n")

    def test_waiting_for_servers_and_for_writes(self):
        with FreeGroup(options=QUICK) as group:
            waiting = group.begin("wait", "--servers", "3", "--writable", "--wait", log="wait.log")
            group.found()
            self.assertEqual(waiting.wait(10), 0)
            late = group.muster("wait", "--servers", "4", "--timeout", "300ms")
            self.assertEqual(late.returncode, 1)
            self.assertIn("3 of 4 servers", late.stderr)

    def test_a_server_that_lost_the_data_its_group_needs_is_told_so(self):
        # The leader, for good: the other one, as a leader, could still begin to let it in anew.
        with FreeGroup("ab", options=QUICK) as group:
            lost = group.found()
            other = next(each for each in group.servers if each is not lost)
            lost.kill()
            shutil.rmtree(lost.folder)
            lost.start()
            lost.wait_words(
                f"{other.name} does not let this server in: it is where {lost.name} was and has not "
                f"the data that {lost.name} had, without which its group has no leader (2 of 2 "
                f"voters needed, 1 reachable: {lost.name} does not answer): start it with that folder")
            told = json.loads(lost.muster("status", "--json").stdout)["reason"]
            self.assertIn("see muster recover --help", told)
            told = time.monotonic()
            wait_until(lambda: time.monotonic() - told > 4, 5, "time for the fence to fail again")
            self.assertEqual(
                other.words().count(f"going on without {lost.name} is not safe"), 1)

    def test_discover_lists_each_server_once(self):
        with FreeGroup(options=QUICK) as group:
            leader = group.found()
            done = group.muster("discover", "--group", group.name, "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            found = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual(sorted(each["name"] for each in found), ["a", "b", "c"])
            for each in found:
                self.assertEqual((each["leader"], each["phase"]), (leader.name, "RUNNING"))
                self.assertEqual(each["clientAddress"], group[each["name"]].address)
            table = [line.split() for line in group.muster("discover").stdout.splitlines()]
            short = leader.status()["groupId"].rsplit("-", 1)[1]
            self.assertEqual(table[0][:4], ["GROUP", "GROUP", "ID", "NUMBER"])
            self.assertEqual({tuple(line[:2]) for line in table[1:]}, {(group.name, short)})
            none = group.muster("discover", "--group", group.name + "x")
            self.assertEqual(none.returncode, 1)
            self.assertIn("--server", none.stderr)

    def test_a_server_leaves_for_good_and_a_failed_one_is_removed(self):
        with FreeGroup("abcd", QUICK) as group:
            leader = group.found()
            done = group.muster("leave", leader.name)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(leader.process.wait(10), 0)
            rest = group.running
            self.assertEqual(len(rest), 3)
            wait_until(lambda: all(leader.name not in each.members() for each in rest), 10,
                       "the member is gone")
            group.wait_voters([each.name for each in rest])
            failed = rest[0]
            refused = group.muster("remove", failed.name)
            self.assertEqual(refused.returncode, 1, refused.stdout)
            failed.kill()
            group.wait_state(failed.name, "FAILED")
            done = group.muster("remove", failed.name)
            self.assertEqual(done.returncode, 0, done.stderr)
            wait_until(lambda: all(failed.name not in each.members() for each in group.running),
                       10, "the failed one is gone")
            failed.start()
            self.assertEqual(failed.process.wait(15), 1)
            self.assertIn("--rejoin", failed.words())
            failed.start("--rejoin")
            failed.wait_ready()
            group.wait_voters([each.name for each in rest])
            self.assertEqual(failed.status()["number"], 5)


class StoppingTest(unittest.TestCase):
    def test_stopped_one_by_one_the_last_still_serves_and_all_vote_again_on_return(self):
        with FreeGroup(options=QUICK) as group:
            first = group.found()
            self.assertEqual(first.stop(), 0)
            group.wait_state(first.name, "STOPPED")
            group.wait_voters([each.name for each in group.running])
            second, last = group.running
            self.assertEqual(second.stop(), 0)
            group.wait_led_by(last.name)
            group.wait_state(second.name, "STOPPED")
            self.assertEqual(last.members()[first.name]["state"], "STOPPED")
            self.assertEqual(last.members()[last.name]["role"], "LEADER")
            result, code = write(group)
            self.assertEqual(code, 0, result)
            self.assertGreater(result["acknowledged"], 0)
            self.assertEqual((result["lost"], result["twice"], result["different"]), (0, 0, 0))
            for each in (first, second):
                each.start()
                each.wait_ready()
            group.wait_voters("abc")
            group.wait_led_by(first.name, count=3)
            group.wait_equal()

    def test_one_that_returns_to_those_that_stopped_later_says_whom_it_needs(self):
        with FreeGroup(options=QUICK) as group:
            first = group.found()
            first.stop()
            group.wait_voters([each.name for each in group.running])
            second, last = group.running
            second.stop()
            group.wait_led_by(last.name)
            last.stop()
            first.start()
            first.wait_words("muster reset", 10)
            self.assertRegex(first.words(), f"waiting: group {group.name} needs .*muster reset")
            last.start()
            last.wait_ready()
            first.wait_ready()
            group.wait_voters([first.name, last.name])


if __name__ == "__main__":
    unittest.main()
