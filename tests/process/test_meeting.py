"""Two groups of one name meet, because a network that was parted is whole at last.

Each test makes network namespaces of its own and is skipped where that is not permitted.
"""

import unittest

from muster_processes import wait_until
from networks import Network, why_not
from test_networks import group_on

WHY_NOT = why_not()


def found_apart(network, group):
    """Both servers found a group of their own; returns the ids of the groups."""
    ids = []
    for each in group.servers:
        network[each.name].run("ip", "link", "set", "eth0", "down")
        each.start()
    for each in group.servers:
        each.wait_ready()
        ids.append(each.status()["groupId"])
    return ids


def connect(network, names):
    for name in names:
        network[name].run("ip", "link", "set", "eth0", "up")


def write(group, server):
    load = group.start_load("--in-flight", "8", "--warm-up", "0", "--duration", "300ms",
                            servers=[server], beside=server)
    return group.finish_load(load)[1]


@unittest.skipIf(WHY_NOT, WHY_NOT)
class MeetingTest(unittest.TestCase):
    def test_interfaces_that_come_up_later_are_used_and_the_larger_group_id_gives_way(self):
        with Network("ab") as network, group_on(network, "ab") as group:
            ids = found_apart(network, group)
            self.assertNotEqual(ids[0], ids[1])
            connect(network, "ab")
            wait_until(lambda: [each and (each["groupId"], each["servers"])
                                for each in group.statuses()] == [(min(ids), 2)] * 2,
                       30, lambda: f"one group {min(ids)} of two; they say {group.statuses()}")

    def test_a_group_without_data_gives_way_to_one_with(self):
        with Network("ab") as network, group_on(network, "ab") as group:
            ids = found_apart(network, group)
            with_data = group.servers[ids.index(max(ids))]
            self.assertEqual(write(group, with_data), 0)
            connect(network, "ab")
            wait_until(lambda: [each and (each["groupId"], each["servers"])
                                for each in group.statuses()] == [(max(ids), 2)] * 2,
                       30, lambda: f"one group {max(ids)} of two; they say {group.statuses()}")

    def test_two_with_data_only_say_so_until_a_person_decides(self):
        with Network("ab") as network, group_on(network, "ab") as group:
            ids = found_apart(network, group)
            for each in group.servers:
                self.assertEqual(write(group, each), 0)
            connect(network, "ab")
            for each, other in zip(group.servers, reversed(ids)):
                each.wait_words(f"another group is called {group.name} too: {other}", 30)
                each.wait_words("muster dissolve --into", 1)
            self.assertEqual([each["groupId"] for each in group.statuses()], ids)
            done = group["a"].muster("dissolve", "--into", ids[1])
            self.assertEqual(done.returncode, 0, done.stderr)
            wait_until(lambda: [each and (each["groupId"], each["servers"])
                                for each in group.statuses()] == [(ids[1], 2)] * 2,
                       30, lambda: f"one group {ids[1]} of two; they say {group.statuses()}")
            archived = [each.name for each in group.folder.iterdir()
                        if each.name.startswith("a") and each.name != "a" and each.is_dir()]
            self.assertEqual(len(archived), 1, list(group.folder.iterdir()))


if __name__ == "__main__":
    unittest.main()
