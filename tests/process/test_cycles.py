"""Random servers are started, killed, stopped and started again: never two groups for long, never a
member left out.

MUSTER_CYCLES says how often (8 unless given), MUSTER_SEED with which choices (random unless given;
it is printed). Options are the default ones. Each tenth cycle begins with empty folders.
"""

import os
import random
import shutil
import time
import unittest

from free_servers import FreeGroup
from muster_processes import Failure, wait_until

CYCLES_OF_A_GROUP = 10
WHOLE_WITHIN_SECONDS = 45


class Cycles:
    """One group and what is done to it."""

    def __init__(self, group, choose):
        self.group = group
        self.choose = choose
        self.group_id = None

    def pause(self, most):
        """A random time passes between two faults."""
        time.sleep(self.choose.uniform(0, most))

    def begin_anew(self):
        for each in self.group.servers:
            if each.running:
                each.kill()
            shutil.rmtree(each.folder, ignore_errors=True)
        self.group_id = None
        self.start_those_that_are_down(self.choose.choice([0.05, 1, 3]))
        return "found"

    def start_those_that_are_down(self, most):
        down = [each for each in self.group.servers if not each.running]
        self.choose.shuffle(down)
        for each in down:
            each.start()
            self.pause(most)

    def disturb(self):
        """Takes some servers down, in one way or the other, and starts them again."""
        servers = self.group.servers
        victims = self.choose.sample(servers, self.choose.randint(1, len(servers)))
        done = []
        for each in victims:
            if self.choose.random() < 0.7:
                each.kill()
                done.append("kill " + each.name)
            else:
                each.terminate()
                done.append("stop " + each.name)
            self.pause(self.choose.choice([0, 0.3, 1]))
        for each in victims:
            code = each.process.wait(15)
            if code not in (0, -9):
                raise Failure(f"{each.name} ended with {code}:\n{each.log_tail()}")
        self.pause(self.choose.choice([0, 1, 6]))
        self.start_those_that_are_down(self.choose.choice([0.05, 0.5, 2]))
        return ", ".join(done)

    def is_whole(self, founding):
        """Nothing, or why not: every server is in the one group, sees all others alive, and all
        are led by one; after the founding by the highest number. (Later that may take minutes: a
        server that was lost again and again is trusted with the leadership later each time.)"""
        leaders = set()
        names = sorted(each.name for each in self.group.servers)
        for each in self.group.servers:
            if not each.running:
                raise Failure(f"{each.name} ended by itself:\n{each.log_tail()}")
            status = each.status()
            if not status or not status["groupId"]:
                return f"{each.name} does not serve yet"
            if self.group_id is None:
                self.group_id = status["groupId"]  # The founding may still be disputed.
            if status["groupId"] != self.group_id:
                two = f"{each.name} is in group {status['groupId']}, not {self.group_id}"
                if founding:
                    return two
                raise Failure(two)
            members = each.members()
            alive = sorted(n for n, m in members.items() if m["state"] == "ALIVE")
            if sorted(members) != names or alive != names:
                return f"{each.name} sees {[(n, m['state']) for n, m in members.items()]}"
            if not status["writable"]:
                return f"{each.name}: {status['reason']}"
            leaders.add(status["leader"])
            highest = max(members, key=lambda name: members[name]["number"])
            if founding and status["leader"] != highest:
                return f"{each.name} is led by {status['leader']}, not by {highest}"
        return None if len(leaders) == 1 else f"they are led by {sorted(leaders)}"

    def wait_whole(self, founding):
        why = [None]

        def whole():
            why[0] = self.is_whole(founding)
            if why[0] and founding:
                self.group_id = None
            return why[0] is None
        try:
            wait_until(whole, WHOLE_WITHIN_SECONDS, "a whole group")
        except Failure as failure:
            raise Failure(f"{failure}: {why[0]}") from None


    def end(self):
        """The best-ranked leads in the end: one that was lost often is waited for 64 times as
        long, so the group is told to wait less."""
        done = self.group.muster("set", "handover-after=50ms")
        if done.returncode != 0:
            raise Failure(f"set: {done.stderr}")
        members = self.group.servers[0].members()
        self.group.wait_led_by(max(members, key=lambda name: members[name]["number"]),
                               count=len(self.group.servers))


class CyclesTest(unittest.TestCase):
    def test_never_two_groups_and_never_a_member_left_out(self):
        cycles = int(os.environ.get("MUSTER_CYCLES", "8"))
        seed = int(os.environ.get("MUSTER_SEED", str(random.randrange(1_000_000))))
        print(f"MUSTER_SEED={seed}", flush=True)
        choose = random.Random(seed)
        done = 0
        took = []
        while done < cycles:
            with FreeGroup("abcde"[:choose.randint(3, 5)]) as group:
                run = Cycles(group, choose)
                for i in range(min(CYCLES_OF_A_GROUP, cycles - done)):
                    begun = time.monotonic()
                    what = run.begin_anew() if i == 0 else run.disturb()
                    changed = time.monotonic()
                    run.wait_whole(founding=i == 0)
                    done += 1
                    took.append(time.monotonic() - changed)
                    print(f"{done:3} of {cycles}, {len(group.servers)} servers: {what}; whole "
                          f"{took[-1]:.1f} s after {changed - begun:.1f} s", flush=True)
                run.end()
        print(f"{done} cycles, whole again after {sum(took) / len(took):.1f} s on average, "
              f"{max(took):.1f} s at most", flush=True)
        self.assertEqual(done, cycles)


if __name__ == "__main__":
    unittest.main()
