"""Clients are shared by the servers, and moved, without noticing: drains, restarts, joins, losses."""

import json
import unittest

from free_servers import FreeGroup
from muster_processes import wait_until

QUICK = ["--handover-after", "300ms", "--failure-timeout", "1500ms"]
CLIENTS = 60
LOAD_SECONDS = 22


def clients_of(server):
    """How many clients each server has, in the eyes of this one."""
    return {name: each["clients"] for name, each in server.members().items()}


def wait_shared(group, names, seconds=15):
    """Waits until these servers have all clients, each its share up to one or a tenth."""
    seen = {}
    share = CLIENTS / len(names)
    tolerated = max(1, share / 10) + 1

    def shared():
        seen.clear()
        seen.update(clients_of(group[names[0]]))
        return (sum(seen.get(name, 0) for name in names) == CLIENTS
                and all(abs(seen[name] - share) <= tolerated for name in names))
    wait_until(shared, seconds, lambda: f"{CLIENTS} clients shared by {names}: {seen}")


class PlacementTest(unittest.TestCase):
    def drain_and_undrain(self, group):
        done = group.muster("drain", "b")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("b is drained", done.stdout)
        wait_shared(group, "ac")
        self.assertEqual(clients_of(group["b"])["b"], 0)
        self.assertTrue(group["a"].members()["b"]["drained"])
        self.assertEqual(group["a"].status()["drained"], ["b"])
        self.assertEqual(group.muster("undrain", "b").returncode, 0)
        wait_shared(group, "abc")

    def restart_all(self, group):
        for name in "abc":
            self.assertEqual(group[name].stop(), 0)
            others = [each for each in group.servers if each.name != name]
            self.assertEqual(sum(clients_of(others[0])[each.name] for each in others), CLIENTS)
            group[name].start()
            group[name].wait_ready()
            group.wait_state(name, "ALIVE")
        wait_shared(group, "abc")

    def test_no_client_notices_what_its_servers_go_through(self):
        with FreeGroup(options=QUICK) as group:
            group.found()
            watch = group.begin("watch", "sessions", log="watch.log")
            # All begin at the server that is named first.
            load = group.start_load("--verify", "--clients", str(CLIENTS), "--rate", "300",
                                    "--warm-up", "0", "--duration", f"{LOAD_SECONDS}s")
            wait_shared(group, "abc")
            self.drain_and_undrain(group)
            self.restart_all(group)
            group.add("d").start()
            group["d"].wait_ready()
            wait_shared(group, "abcd")
            group["b"].kill()
            wait_shared(group, "acd")
            self.assertTrue(load.running, "the load ended before all was done")
            group["b"].start()  # The load compares with what each of the servers has.
            result, code = group.finish_load(load)
            self.assertEqual(code, 0)
            for what in ("errors", "unknown", "lost", "twice", "different"):
                self.assertEqual(result[what], 0, (what, result))
            words = "\n".join(watch.output)
            self.assertIn("(bench) moved to d", words)

    def test_clients_are_listed(self):
        with FreeGroup(options=QUICK) as group:
            group.found()
            load = group.start_load("--clients", "6", "--rate", "60", "--warm-up", "0",
                                    "--duration", "2s")
            done = group.muster("sessions", "--json")
            self.assertEqual(done.returncode, 0, done.stderr)
            sessions = [json.loads(line) for line in done.stdout.splitlines()]
            self.assertEqual(sorted(each["name"] for each in sessions),
                             [f"bench_{i}" for i in range(1, 7)])
            for each in sessions:
                self.assertEqual(each["kind"], "bench")
                self.assertIn(each["homeName"], "abc")
                self.assertEqual(each["state"], "ALIVE")
                self.assertIn("heartbeatAgeMs", each)
            everybody = group.muster("members", "--all").stdout
            for name in ("bench_1", "bench_6", " LEADER "):
                self.assertIn(name, everybody)
            group.finish_load(load)

    def losses(self, group):
        """What the clients of the load say of servers that they lost."""
        log = (group.folder / "load.log").read_text(errors="replace")
        return [line for line in log.splitlines() if " lost " in line]

    def test_the_clients_of_a_server_that_leaves_move_first(self):
        with FreeGroup(options=QUICK) as group:
            group.found()
            load = group.start_load("--clients", "12", "--rate", "120", "--warm-up", "0",
                                    "--duration", "8s", "--log-level", "info")
            wait_until(lambda: min(clients_of(group["a"]).values()) > 2, 10, "clients everywhere")
            leaver = group.followers()[0]
            done = group.muster("leave", leaver.name)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(leaver.process.wait(10), 0)
            group.servers.remove(leaver)
            self.assertIn("asked to leave the group for good", leaver.words())
            result, _ = group.finish_load(load)
            self.assertEqual((result["errors"], result["unknown"]), (0, 0), result)
            self.assertEqual(self.losses(group), [])

    def test_a_client_of_a_lost_server_that_comes_to_a_drained_one_is_sent_on(self):
        with FreeGroup(options=QUICK) as group:
            group.found()
            drained, lost = (each.name for each in group.followers())
            stays = group.leader().name
            self.assertEqual(group.muster("drain", drained).returncode, 0)
            watch = group.begin("watch", "sessions", "--server", group[stays].address,
                                log="watch.log")
            load = group.start_load("--clients", "20", "--rate", "100", "--warm-up", "0",
                                    "--duration", "10s")
            wait_until(lambda: clients_of(group[stays])[lost] > 7
                       and clients_of(group[stays])[drained] == 0, 10, "clients at two of three")
            self.assertTrue(watch.ready.wait(10))
            group[lost].kill()
            wait_until(lambda: clients_of(group[stays])[stays] == 20, 10, "all at one")
            result, _ = group.finish_load(load)
            self.assertEqual((result["errors"], result["unknown"]), (0, 0), result)
            moved = [line for line in watch.output if f"moved to {stays}" in line]
            self.assertGreater(len(moved), 3)
            self.assertEqual([line for line in watch.output if f"moved to {drained}" in line], [])

    def test_clients_are_told_that_their_only_server_stops(self):
        with FreeGroup("a") as group:
            group.found()
            load = group.start_load("--rate", "20", "--warm-up", "0", "--duration", "4s",
                                    "--log-level", "info")
            self.assertEqual(group["a"].stop(), 0)
            group["a"].start()
            result, _ = group.finish_load(load)
            self.assertEqual((result["errors"], result["unknown"]), (0, 0), result)
            self.assertEqual([line.split(": ", 1)[1] for line in self.losses(group)],
                             [f"{group['a'].address} sends its clients elsewhere: a stops"])

    def test_the_last_server_that_takes_clients_is_not_drained(self):
        with FreeGroup("ab", options=QUICK) as group:
            group.found()
            leader = group.leader().name
            self.assertEqual(group.muster("drain", leader).returncode, 0)
            other = "a" if leader == "b" else "b"
            group.wait_led_by(other)  # Whoever is drained ranks last.
            refused = group.muster("drain", other)
            self.assertEqual(refused.returncode, 1)
            self.assertIn("no other server takes clients", refused.stderr)


if __name__ == "__main__":
    unittest.main()
