"""Fixed peers: founding by all of an entry file, losses of the leader and of the majority, returns,
and every mistake in the file or the command line."""

import json
import shutil
import subprocess
import unittest

from muster_processes import HOST, wait_until
from networks import Network, why_not
from peers import Peers

IDS = [0, 1, 2, 5, 9]
WHY_NOT = why_not()


class PeersTest(unittest.TestCase):
    def test_five_peers_through_their_losses(self):
        with Peers(IDS) as peers:
            for number in IDS[:3]:
                peers[number].start()
            missing = ", ".join(f"{number} ({peers[number].address})" for number in IDS[3:])
            peers.wait_for(f"waiting for {missing}: 3 of 5 connected", IDS[:3])
            self.assertEqual(peers.say("too early", peers[0], "1s").returncode, 1)
            status = peers.muster("status", "--server", peers[0].address).stdout
            self.assertIn("not connected: 5, 9", status)

            for number in IDS[3:]:
                peers[number].start()
            peers.wait_for("online 0,1,2,5,9")
            peers.wait_for("leader 0")
            members = peers.muster("members", "--json", "--server", peers[9].address).stdout
            self.assertEqual([(each["number"], each["role"], each["address"])
                              for each in map(json.loads, members.splitlines())],
                             [(number, "LEADER" if number == 0 else "VOTER",
                               peers[number].address) for number in IDS])
            self.assertEqual(peers.say("kept", peers[2]).returncode, 0)

            peers[0].kill()
            rest = IDS[1:]
            peers.wait_for("online 1,2,5,9", rest)
            peers.wait_for("leader 1", rest, seconds=3)
            peers[1].kill()
            peers.wait_for("leader 2", IDS[2:], seconds=3)
            peers[2].kill()
            peers.wait_for("leader none: 2 of 5 online, 3 needed", [5, 9], seconds=3)
            refused = peers.say("lost", peers[9], "7s")
            self.assertEqual(refused.returncode, 1, refused.stdout)
            self.assertIn("3 of 5 voters needed, 2 reachable", refused.stderr)
            self.assertIn("kept", peers.said(peers[9]))

            peers[1].start()
            peers.wait_for("leader 1", [1, 5, 9])
            self.assertEqual(peers.say("goes on", peers[5]).returncode, 0)
            for number in (0, 2):
                peers[number].start()
            peers.wait_for("online 0,1,2,5,9")
            peers.wait_for("leader 0", seconds=20)
            said = peers.said(peers[2])
            self.assertIn("kept", said)
            self.assertIn("goes on", said)
            self.assertNotIn("lost", said)
            self.assert_stops_in_order(peers)

    def assert_stops_in_order(self, peers):
        for peer in peers.all.values():
            peer.process.signal(15)
        self.assertEqual([peer.process.wait(10) for peer in peers.all.values()], [0] * len(IDS))

    def test_a_peer_with_another_file_is_refused_by_name(self):
        with Peers([0, 1, 2]) as peers:
            other = peers.folder / "other"
            other.write_text(peers.entry.read_text().replace("\n2 ", "\n3 "))
            peers[0].start()
            peers[1].start(other)
            text = f"peer-1 ({peers[1].address}) is not let in: its entry file says something else"
            wait_until(lambda: text in peers[0].log_tail(), 5, lambda: peers[0].log_tail())
            peers[1].kill()
            peers[1].start()
            peers[2].start()
            peers.wait_for("leader 0")

    def test_an_address_of_another_machine_is_warned_of(self):
        with Peers([0, 1]) as peers:
            other = peers.folder / "other"
            other.write_text(f"2\n0 198.51.100.7\n1 {HOST}\n")
            for number, words in ((0, f"warning: 198.51.100.7 is the address of ID 0 in {other}, "
                                      "and none of this machine's"), (1, "info server peer-1")):
                process = subprocess.Popen(
                    [peers.binary, "peer", str(number), str(peers.port), "--entry", str(other),
                     "--data", str(peers.folder / f"other{number}")],
                    env=peers.environment(), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                    text=True)
                try:
                    self.assertIn(words, process.stderr.readline())
                finally:
                    process.terminate()
                    process.wait(15)
                    process.stderr.close()

    def test_a_folder_belongs_to_an_id(self):
        with Peers([0, 1, 2]) as peers:
            peers.start()
            peers.wait_for("leader 0")
            peers[1].stop()
            swapped = peers.muster("peer", "0", str(peers.port), "--entry", str(peers.entry),
                                   "--data", str(peers.folder / "1"))
            self.assertEqual(swapped.returncode, 1)
            self.assertIn("taken", swapped.stderr)
            peers[0].stop()
            swapped = peers.muster("peer", "0", str(peers.port), "--entry", str(peers.entry),
                                   "--data", str(peers.folder / "1"))
            self.assertEqual(swapped.returncode, 1)
            self.assertIn("is that of ID 1, not of ID 0", swapped.stderr)

    def test_a_peer_without_its_data_is_told_that_it_is_not_let_in(self):
        with Peers([0, 1, 2]) as peers:
            peers.start()
            peers.wait_for("leader 0")
            peers[1].kill()
            peers.wait_for("online 0,2", [0, 2])
            shutil.rmtree(peers.folder / "1")
            peers[1].start()
            text = ("warning waiting: peer-0 does not let this server in: it has not the data that "
                    "ID 1 had: start it with that folder, or begin anew with all peers: "
                    "muster reset")
            wait_until(lambda: text in peers[1].log_tail(), 5, lambda: peers[1].log_tail())
            status = peers.muster("status", "--server", peers[1].address).stdout
            self.assertIn("it has not the data that ID 1 had", status)

    def test_nobody_is_taken_out_of_the_file(self):
        with Peers([0, 1, 2]) as peers:
            peers.start()
            peers.wait_for("leader 0")
            peers[1].kill()
            peers.wait_for("online 0,2", [0, 2])
            for wish in ("remove", "leave"):
                refused = peers.muster(wish, "peer-1", "--server", peers[0].address)
                self.assertEqual(refused.returncode, 1)
                self.assertIn("those of its entry file", refused.stderr)

    @unittest.skipIf(WHY_NOT, WHY_NOT)
    def test_only_machines_in_the_file_are_let_in_and_need_no_secret(self):
        with Network("abc") as network, Peers([0, 1]) as peers:
            peers.entry.write_text(f"2\n0 {network.address('a')}\n1 {network.address('b')}\n")
            peers.port = 9000
            for number, machine in ((0, "a"), (1, "b")):
                peers[number].prefix = ["ip", "netns", "exec", network.namespace(machine)]
                peers[number].start()
            peers.wait_for("leader 0")
            self.assertIn("no secret: whoever connects from an address in the entry file is let in",
                          peers[0].log_tail())
            status = ["status", "--timeout", "1s", "--server", f"{network.address('a')}:9000"]
            self.assertEqual(peers.muster(*status, within=peers[1].prefix).returncode, 0)
            refused = peers.muster(*status, within=["ip", "netns", "exec", network.namespace("c")])
            self.assertEqual(refused.returncode, 1)
            self.assertIn("lets in only the addresses in its entry file", refused.stderr)

    def test_every_mistake_is_told_with_its_line_and_reason(self):
        with Peers([0]) as peers:
            def refusal(text, number="0", port="9000"):
                path = peers.folder / "wrong"
                path.write_bytes(text if isinstance(text, bytes) else text.encode())
                done = peers.muster("peer", number, port, "--entry", "wrong")
                self.assertEqual((done.returncode, done.stdout), (2, ""), text)
                return done.stderr

            for text, told in [
                    ("", "wrong: it is empty"),
                    ("x\n", "wrong: line 1: 'x' is no number"),
                    ("0\n", "wrong: line 1: '0' peers are not possible: from 1 to 15"),
                    ("16\n", "wrong: line 1: '16' peers are not possible: from 1 to 15"),
                    ("2\n0 a\n", "wrong: line 3: a line is missing: line 1 says 2 peers"),
                    ("1\n0 a\n1 b\n", "wrong: line 3: one line too many"),
                    ("1\nb a\n", "wrong: line 2: the ID 'b' is no number"),
                    ("1\n70000 a\n", "wrong: line 2: the ID '70000' is too large"),
                    ("2\n0 a\n0 b\n", "wrong: line 3: the ID 0 stands there twice"),
                    ("2\n0 a\n1 a:9000\n", "wrong: line 3: the address a:9000 is that of ID 0"),
                    ("1\n0 1.2.3.400\n", "wrong: line 2: '1.2.3.400' is no address"),
                    ("1\n0 [::1\n", "wrong: line 2: '[::1' is no address (a ] is missing)"),
                    ("1\n0 a:0\n", "wrong: line 2: 'a:0': the port must be a number"),
                    ("1\n1 a\n", "wrong: no line has the ID 0: there are 1"),
                    (b"1\n0 \xff\n", "wrong: line 2: it is no text (no UTF-8)"),
                    (b"1\n0 a\x00\n", "wrong: line 2: it is no text (it has control characters)"),
                    ("1" * 20_000, "wrong: it is larger than 16384 bytes")]:
                self.assertIn(told, refusal(text))
            for number, port in [("x", "9000"), ("-1", "9000"), ("70000", "9000"), ("0", "0"),
                                 ("0", "65536"), ("0", "x")]:
                refusal("1\n0 127.0.0.1\n", number, port)
            for path, reason in [("absent", "No such file"), (".", "is it a folder?")]:
                done = peers.muster("peer", "0", "9000", "--entry", path)
                self.assertEqual(done.returncode, 2)
                self.assertIn(f"the entry file {path} can't be read", done.stderr)
                self.assertIn(reason, done.stderr)


if __name__ == "__main__":
    unittest.main()
