"""Servers find each other on networks that are not as one would wish, and survive their parting.

Each test makes network namespaces of its own and is skipped where that is not permitted.
"""

import re
import time
import unittest

from free_servers import FreeGroup
from muster_processes import wait_until
from networks import Network, why_not

QUICK = ["--handover-after", "300ms", "--failure-timeout", "1500ms"]
WHY_NOT = why_not()
DROP_DATAGRAMS = "meta l4proto udp drop"
DROP_MULTICAST = """ip daddr 224.0.0.0/4 udp dport 1-65535 drop
ip6 daddr ff00::/8 udp dport 1-65535 drop"""


def group_on(network, names, options=(), secret="five of one mind"):
    """A group with a server in each of these namespaces, every one with its own home."""
    group = FreeGroup("", [*QUICK, *options], separate_homes=True)
    if secret:
        path = group.folder / "secret"
        path.write_text(secret + "\n")
        path.chmod(0o600)
        group.client_options = ["--secret-file", str(path)]
        group.options += group.client_options
    for name in names:
        group.add(name, namespace=network.namespace(name), ports=(8888, 8889),
                  host=network.address(name))
    return group


@unittest.skipIf(WHY_NOT, WHY_NOT)
class OneMachineTest(unittest.TestCase):
    def found_three(self, network, separate_homes):
        with FreeGroup("", QUICK, separate_homes=separate_homes) as group:
            for name in "abc":
                group.add(name, namespace=network.namespace("lo"))
            leader = group.found()
            group.wait_voters("abc")
            self.assertEqual(leader.status()["number"], 3)
            return leader.status()["discovery"]

    def test_with_only_loopback_up_they_find_each_other_by_multicast(self):
        with Network() as network:
            self.assertGreaterEqual(self.found_three(network, True)["answers"], 2)

    def test_with_all_datagrams_dropped_they_find_each_other_by_local_files(self):
        with Network() as network:
            network["lo"].filter(DROP_DATAGRAMS)
            self.found_three(network, False)


@unittest.skipIf(WHY_NOT, WHY_NOT)
class BridgeTest(unittest.TestCase):
    def test_the_side_without_a_majority_refuses_the_other_elects_and_they_heal(self):
        with Network("abcde") as network, group_on(network, "abcde") as group:
            leader = group.found()
            group.wait_voters("abcde")
            rest = [each for each in group.servers if each is not leader]
            load = group.start_load("--verify", "--clients", "4", "--in-flight", "32",
                                    "--warm-up", "0", "--timeout", "30s", "--duration", "8s",
                                    servers=rest, beside=rest[0])
            cut_off = time.monotonic()
            network[leader.name].filter('oifname "eth0" drop\niifname "eth0" drop')
            heir = wait_until(lambda: self.led_anew(rest, leader), 10, "a leader of the majority")
            took = time.monotonic() - cut_off
            print(f"the majority elected {heir.name} {took * 1000:.0f} ms after the cut",
                  flush=True)
            self.assertLess(took, 2)
            alone = wait_until(lambda: self.refusing(leader), 10, "the cut-off side refuses")
            self.assertRegex(alone["reason"], r"3 of 5 voters (are )?needed, 1 reachable")
            for each in rest:
                self.assertIn(each.name, alone["reason"])
            refused = leader.muster("bench", "--duration", "200ms", "--warm-up", "0",
                                    "--timeout", "1s")
            self.assertNotEqual(refused.returncode, 0)

            network[leader.name].pass_all()
            result, code = group.finish_load(load)
            self.assertEqual(code, 0, result)
            self.assertGreater(result["acknowledged"], 0)
            self.assertEqual((result["lost"], result["twice"], result["different"]), (0, 0, 0))
            group.wait_led_by(leader.name, count=5)  # It has the highest number.
            group.wait_voters("abcde")
            group.wait_equal()

    def led_anew(self, servers, former):
        statuses = [each.status(1) for each in servers]
        named = {each["leader"] for each in statuses if each and each["writable"]}
        if len(named) != 1 or named <= {"", former.name}:
            return None
        return next(each for each in servers if each.name in named)

    def refusing(self, server):
        status = server.status(1)
        if not status or status["writable"] or "voters" not in status["reason"]:
            return None
        return status

    def test_without_the_secret_nobody_gets_in_and_is_told_why(self):
        with Network("ab") as network, group_on(network, "a") as group:
            group["a"].start("--found", "now")
            group["a"].wait_ready()
            stranger = group.add("b", namespace=network.namespace("b"), ports=(8888, 8889),
                                 host=network.address("b"))
            group.options = [each for each in group.options if each not in group.client_options]
            stranger.start("--found", "never")
            stranger.wait_words("--secret-file", 15)
            wait_until(lambda: re.search(r"10\.77\.0\.1.*--secret-file", stranger.words()), 10,
                       lambda: "the address and the remedy in one line:\n" + stranger.words())
            self.assertEqual(group["a"].status()["servers"], 1)
            self.assertEqual(stranger.process.output, [])

    def test_without_any_secret_machines_stay_apart_and_say_how_to_join(self):
        with Network("ab") as network, group_on(network, "ab", secret=None) as group:
            for each in group.servers:
                each.start()
            for each in group.servers:
                each.wait_ready()
                each.wait_words("--open", 10)
                wait_until(lambda: re.search(r"10\.77\.0\..*--secret-file", each.words()), 10,
                           lambda: "the address and the remedy in one line:\n" + each.words())
                self.assertEqual(each.status()["servers"], 1)

    def found_three(self, network):
        with group_on(network, "abc") as group:
            leader = group.found()
            group.wait_voters("abc")
            self.assertEqual(leader.status()["number"], 3)

    def test_interfaces_that_do_no_multicast_are_served_by_broadcast(self):
        with Network("abc", multicast=False) as network:
            self.found_three(network)

    def test_where_multicast_is_lost_on_the_way_broadcast_finds_them(self):
        with Network("abc") as network:
            for name in "abc":
                network[name].filter(DROP_MULTICAST)
            self.found_three(network)


if __name__ == "__main__":
    unittest.main()
