"""`muster auction`: every format, refusals in plain words, keys, time, and the loss of servers."""

import csv
import io
import json
import pathlib
import subprocess
import time
import unittest

from muster_processes import Group, Process, wait_until
from terminals import Terminal

SHOWN = {"id", "title", "format", "currency", "state", "standing", "winner", "price", "bids",
         "closesAt"}
ENTRY = {"index", "ordinal", "bidder", "price", "time", "accepted", "reason", "hash"}


class House:
    """What is done with `muster auction` in a group, each command as a process of its own."""

    def __init__(self, group):
        self.group = group
        self.servers = group.server_options()
        self.state = group.folder / "state"  # Where the sealed bids of all bidders here are kept.
        self.state.mkdir()

    def environment(self, **more):
        return {**self.group.environment(), "XDG_STATE_HOME": str(self.state), "USER": "sel",
                "TZ": "UTC", **more}

    def __call__(self, *arguments, servers=None, **more):
        """Runs `muster auction ARGUMENTS` to its end."""
        return subprocess.run(
            [self.group.binary, "auction", *arguments, *(servers or self.servers)],
            env=self.environment(**more), timeout=40, stdin=subprocess.DEVNULL,
            capture_output=True, text=True)

    def told(self, *arguments, code=0, servers=None):
        """The lines of `muster auction ARGUMENTS --json`."""
        done = self(*arguments, "--json", servers=servers)
        if done.returncode != code:
            raise AssertionError(f"{arguments} ended with {done.returncode}: "
                                 f"{done.stdout}{done.stderr}")
        return [json.loads(line) for line in done.stdout.splitlines()]

    def open(self, title, *options):
        return self.told("open", title, *options)[0]["id"]

    def bid(self, lot, price, name, *options, code=0, servers=None):
        return self.told("bid", lot, price, "--as", name, *options, code=code, servers=servers)[0]

    def show(self, lot):
        return self.told("show", lot)[0]

    def history(self, lot):
        return self.told("history", lot)

    def wait_state(self, lot, state, seconds=15):
        return wait_until(lambda: next((one for one in [self.show(lot)] if one["state"] == state),
                                       None), seconds, f"lot {lot} to be {state}")

    def start(self, *arguments, servers=None):
        """Begins `muster auction ARGUMENTS --json`, whose lines are gathered."""
        process = Process([self.group.binary, "auction", *arguments, "--json",
                           *(servers or self.servers)],
                          self.group.folder / "auction.log", self.environment())
        self.group.others.append(process)
        return process


def lines_of(process):
    return [json.loads(line) for line in list(process.output)]


def seconds_of(text):
    """Since midnight, of a time as JSON has it."""
    hours, minutes, seconds = text.split("T")[1].rstrip("Z").split(":")
    return 3600 * int(hours) + 60 * int(minutes) + float(seconds)


class Auction:
    """What the tests of both kinds have."""

    def refused(self, done, code, words):
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(words, done.stderr)

    def bids_told(self, process):
        return [(each["entry"]["bidder"], each["entry"]["price"]) for each in lines_of(process)
                if each.get("what") == "BID"]

    def sealed_files(self):
        return sorted((self.house.state / "muster" / "sealed").iterdir())


class LotsTest(Auction, unittest.TestCase):
    """On one group, whose servers all live on."""

    @classmethod
    def setUpClass(cls):
        cls.group = Group(3)
        cls.addClassCleanup(cls.group.__exit__, None, None, None)
        cls.group.start()
        cls.house = House(cls.group)

    def test_an_english_lot_its_refusals_and_its_record(self):
        house = self.house
        lot = house.open("An old chair", "--start", "10", "--increment", "0.50", "--reserve", "20",
                         "--buy-now", "90", "--duration", "60s")
        first = house.show(lot)
        self.assertLessEqual(SHOWN, set(first))
        self.assertEqual([first[name] for name in ("id", "title", "format", "currency", "state",
                                                   "standing", "winner", "price", "bids", "asking",
                                                   "buyNow", "hasReserve", "reserveMet",
                                                   "increments")],
                         [lot, "An old chair", "english", "EUR", "OPEN", None, "", None, 0, "10.00",
                          "90.00", True, False, "0.50"])
        self.assertNotIn("20.00", json.dumps(first))  # The reserve is hidden.

        ann = house.bid(lot, "12", "ann", "--max", "15")
        self.assertEqual([ann[name] for name in ("accepted", "standing", "standingBidder", "ownMax",
                                                 "number")], [True, "12.00", "ann", "15.00", 1])
        bob = house.bid(lot, "EUR 13", "bob")
        self.assertEqual([bob[name] for name in ("accepted", "standing", "standingBidder", "ownMax",
                                                 "asking")], [True, "13.50", "ann", None, "14.00"])
        self.assertNotIn("15.00", json.dumps(bob))  # Nobody else sees a maximum.

        for arguments, code, words in (
                (("bid", lot, "14.001"), 1, '"14.001" has too many decimals; EUR has 2'),
                (("bid", lot, "USD 15"), 1, "is in another currency; the price must be in EUR"),
                (("bid", lot, "-5"), 1, '"-5" is negative; a price is 0 or more'),
                (("bid", lot, "9" * 30), 1, "is too large; at most 10000000000000.00 EUR"),
                (("bid", lot, "14,50"), 1, "is no price; write digits and a point"),
                (("bid", lot, "13.99"), 1, "below what is asked; bid at least the asking price: "
                                           "14.00 EUR"),
                (("bid", lot, "15", "--max", "14"), 1, "the maximum is below the bid"),
                (("bid", lot, "15", "--max", "1.234"), 1, "--max: "),
                (("bid", "999.0", "15"), 1, "NOT_FOUND: there is no lot 999.0"),
                (("bid", "999", "15"), 2, "a lot's id is two numbers and a point"),
                (("bid", lot, "15", "--as", "a b"), 2, "must not have spaces"),
                (("bid", lot, "15", "--as", ""), 2, "--as: is empty"),
                (("bid", lot, "15", "--as", "a" * 33), 2, "has 33 bytes; at most 32 are allowed"),
                (("bid", lot, "15", "--key", ""), 2, "--key: is empty"),
                (("bid", lot), 2, "price is required"),
                (("reveal", lot), 1, "its bids are open, there is nothing to reveal"),
                (("close", lot), 1, "PERMISSION_DENIED: only the lot's seller may do that"),
                (("cancel", lot), 1, "PERMISSION_DENIED: only the lot's seller may do that"),
                (("bdi", lot), 2, "did you mean auction bid?"),
                ((), 2, "open|list|show|watch"),
                (("open", "x"), 2, "--start is required"),
                (("open", "", "--start", "1"), 2, "a title must not be empty"),
                (("open", "a" * 120_000, "--start", "1"), 2, "at most 200 are allowed"),
                (("open", "x", "--start", "1.234"), 2, "EUR has 2"),
                (("open", "x", "--start", "1", "--currency", "XXZ"), 2, "ISO 4217"),
                (("open", "x", "--start", "5", "--reserve", "3"), 2, "reserve is below the start"),
                (("open", "x", "--start", "1", "--duration", "3"), 2, "write 3s"),
                (("open", "x", "--start", "1", "--until", "noon"), 2, "noon is no time"),
                (("open", "x", "--start", "1", "--every", "3s"), 2, "for Dutch auctions only"),
                (("open", "x", "--start", "1", "--reveal-window", "3s"), 2, "for sealed auctions"),
                (("open", "x", "--start", "9", "--format", "dutch"), 2, "--step"),
                (("open", "x", "--start", "1", "--until", "2020-01-01T00:00:00Z"), 1,
                 "closes before it has opened")):
            with self.subTest(arguments=[each[:40] for each in arguments]):
                self.refused(house(*arguments, USER="bob"), code, words)
        with self.assertRaises(OSError):  # The system itself takes no argument of 1 MiB.
            house("open", "a" * 1_048_576, "--start", "1")
        self.refused(house("bid", lot, "15"), 1, "who else bids says so with --as NAME")
        self.refused(house("bid", lot, "15", "--as", "ann"), 1, "--max MAXIMUM")
        self.refused(house("bid", lot, "14", "--max", "15", "--as", "ann"), 1, "give a higher one")
        own = house.bid(lot, "15", "ann", code=1)
        self.assertEqual([own[name] for name in ("accepted", "reason", "atHome", "index")],
                         [False, "OWN_STANDING_BID", True, 0])

        # Raised, it meets the reserve, which is then the least it can be sold for.
        raised = house.bid(lot, "14", "ann", "--max", "25")
        self.assertEqual([raised[name] for name in ("standing", "reserveMet", "buyNow")],
                         ["20.00", True, None])
        sold = house.told("close", lot)[0]
        self.assertEqual([sold[name] for name in ("state", "winner", "price")],
                         ["SOLD", "ann", "20.00"])
        self.refused(house("bid", lot, "30", "--as", "bob"), 1, "the lot is sold")
        self.refused(house("cancel", lot), 1, "the lot is in no state for that")

        history = house.history(lot)
        for entry in history:
            self.assertLessEqual(ENTRY, set(entry))
        self.assertEqual([(each["bidder"], each["price"], each["reason"], each["number"])
                          for each in history],
                         [("ann", "12.00", "ACCEPTED", 1), ("bob", "13.00", "ACCEPTED", 2),
                          ("ann", "14.00", "MAX_NOT_RAISED", 0), ("ann", "20.00", "ACCEPTED", 3)])
        self.assertEqual([each["hash"] for each in history if each["accepted"]],
                         [ann["hash"], bob["hash"], raised["hash"]])
        self.assertEqual([each["index"] for each in history if each["accepted"]],
                         [ann["index"], bob["index"], raised["index"]])
        rows = list(csv.DictReader(io.StringIO(house("history", lot, "--csv").stdout, newline="")))
        self.assertEqual([(row["bidder"], row["price"], row["accepted"], row["hash"])
                          for row in rows],
                         [(each["bidder"], each["price"], str(each["accepted"]).lower(),
                           each["hash"]) for each in history])

        taken = house.open("A table, with \"leaves\"", "--start", "10", "--buy-now", "90")
        bought = house.bid(taken, "90", "bob")
        self.assertEqual([bought[name] for name in ("state", "winner", "price")],
                         ["SOLD", "bob", "90.00"])
        back = house.open("Taken back", "--start", "1")
        self.assertEqual(house.told("cancel", back)[0]["state"], "CANCELLED")
        self.refused(house("bid", back, "2", "--as", "bob"), 1, "the seller has taken the lot back")
        listed = [(each["id"], each["state"]) for each in house.told("list")
                  if each["id"] in (lot, taken, back)]
        self.assertEqual(listed, [(lot, "SOLD"), (taken, "SOLD"), (back, "CANCELLED")])

    def test_a_dutch_price_falls_and_is_taken(self):
        house = self.house
        lot = house.open("Tulips", "--start", "100", "--format", "Dutch", "--step", "10",
                         "--every", "700ms", "--floor", "50")
        self.assertEqual(house.show(lot)["asking"], "100.00")
        self.refused(house("bid", lot, "40", "--as", "ann"), 1, "below what is asked")
        self.refused(house("bid", lot, "80", "--max", "95", "--as", "ann"), 1, "")
        wait_until(lambda: float(house.show(lot)["asking"]) <= 80, 10, "the price to fall")
        taken = house.bid(lot, "85", "ann")
        self.assertEqual([taken[name] for name in ("accepted", "state", "winner")],
                         [True, "SOLD", "ann"])
        self.assertIn(taken["price"], ("80.00", "70.00", "60.00", "50.00"))
        self.assertEqual([(each["act"], each["price"]) for each in house.history(lot)
                          if each["accepted"]], [("TAKE", taken["price"])])
        unsold = house.open("Wilted", "--start", "2", "--format", "dutch", "--step", "1",
                            "--every", "100ms")
        house.wait_state(unsold, "UNSOLD", 5)

    def test_sealed_bids_are_revealed_from_what_was_kept(self):
        house = self.house
        options = ("--start", "2", "--duration", "60s", "--reveal-window", "7s")
        first = house.open("Vase", "--format", "sealed-first", *options)
        second = house.open("Urn", "--format", "vickrey", *options)
        for lot in (first, second):
            for name, price in (("ann", "10"), ("bob", "8"), ("carl", "50"), ("dora", "5")):
                told = house.bid(lot, price, name)
                self.assertEqual((told["accepted"], told["standing"]), (True, None))
        self.refused(house("bid", first, "1", "--as", "eve"), 1, "below the start")
        self.refused(house("bid", first, "9", "--as", "eve", "--max", "10"), 1, "--max is for")
        # Not before the close: everybody would know the price.
        self.refused(house("reveal", first, "--as", "ann"), 1, "reveal it after the close")
        self.assertEqual({each["price"] for each in house.history(first)}, {None})
        for lot in (first, second):
            self.assertEqual(house.told("close", lot)[0]["state"], "REVEALING")
        self.refused(house("bid", first, "9", "--as", "eve"), 1, "bidding is over")
        self.refused(house("reveal", first, "--as", "eve"), 1, "eve has made no sealed bid")

        # Whoever changes the price of what is kept has nothing that matches any more.
        kept = [path for path in self.sealed_files()
                if "bidder bob" in path.read_text() and f"lot {second}" in path.read_text()]
        text = kept[0].read_text()
        self.assertIn("price 800\n", text)
        self.assertEqual(kept[0].stat().st_mode & 0o077, 0)
        kept[0].write_text(text.replace("price 800\n", "price 1800\n"))
        self.refused(house("reveal", second, "--as", "bob"), 1, "it was changed")
        kept[0].write_text("nonsense")
        self.refused(house("reveal", second, "--as", "bob"), 1, "no sealed bid")
        kept[0].write_text(text)
        elsewhere = house("reveal", second, "--as", "bob", XDG_STATE_HOME=str(self.group.folder))
        self.refused(elsewhere, 1, "is not kept here")

        for lot in (first, second):  # carl does not reveal.
            for name in ("dora", "bob", "ann"):
                told = house.told("reveal", lot, "--as", name)[0]
                self.assertTrue(told["accepted"])
        self.refused(house("reveal", first, "--as", "ann"), 1, "is missing")
        self.assertEqual(house.show(first)["state"], "REVEALING")
        self.assertEqual(sorted("carl" in path.read_text() for path in self.sealed_files()),
                         [True, True])
        self.refused(house("close", first), 1, "in no state for that")  # It takes its time.
        closed = [house.wait_state(lot, "SOLD") for lot in (first, second)]
        self.assertEqual([(each["state"], each["winner"], each["price"]) for each in closed],
                         [("SOLD", "ann", "10.00"), ("SOLD", "ann", "8.00")])
        self.refused(house("reveal", first, "--as", "carl"), 1, "not revealed by then are lost")
        self.assertEqual([each["act"] for each in house.history(second) if each["accepted"]],
                         ["COMMIT"] * 4 + ["REVEAL"] * 3)

    def test_a_stop_of_the_whole_group_does_not_count(self):
        house, group = self.house, self.group
        options = ("--start", "1", "--duration", "6s")
        patient = house.open("Patient", *options)
        strict = house.open("Strict", *options, "--no-extend-on-outage")
        ends = {lot: seconds_of(house.show(lot)["closesAt"]) for lot in (patient, strict)}
        house.bid(patient, "2", "ann")
        for server in group.servers:
            server.pause()
        time.sleep(5.6)  # The outage: nothing can be waited for meanwhile.
        for server in group.servers:
            server.resume()
        extended = wait_until(
            lambda: next((one for one in [house.show(patient)]
                          if seconds_of(one["closesAt"]) > ends[patient]), None), 15,
            "the end to be put off")
        outage = seconds_of(extended["closesAt"]) - ends[patient]  # From the last sign of time on.
        self.assertGreater(outage, 5.5)
        self.assertLess(outage, 5.6 + 2 + 2)  # That sign, and an election.
        self.assertEqual(seconds_of(house.wait_state(strict, "UNSOLD")["closesAt"]), ends[strict])
        self.assertEqual(house.show(patient)["state"], "OPEN")
        over = house.wait_state(patient, "SOLD")
        self.assertEqual(over["closesAt"], extended["closesAt"])


class LossTest(Auction, unittest.TestCase):
    """Each with a group of its own, servers of which die."""

    def setUp(self):
        self.group = Group(3, ["--failure-timeout", "1500ms"])
        self.addCleanup(self.group.__exit__, None, None, None)
        self.group.start()
        self.house = House(self.group)

    def test_a_key_makes_a_bid_once_whichever_server_hears_it(self):
        house, group = self.house, self.group
        lots = [house.open("With a key", "--start", "10", "--key", "lot-1",
                           "--duration", "60s") for _ in range(2)]
        self.assertEqual(lots[0], lots[1])
        lot = lots[0]
        ways = [group.server_options([server]) for server in group.servers]
        told = [house.bid(lot, "12", "ann", "--key", "k", servers=way) for way in ways]
        for name in ("index", "ordinal", "hash", "number", "time", "standing"):
            self.assertEqual(len({each[name] for each in told}), 1, name)
        self.assertEqual([each["repeated"] for each in told], [False, True, True])
        house.bid(lot, "14", "bob")
        # Also when it would be refused now, and when the one that heard it first is gone.
        group.leader().kill()
        again = house.bid(lot, "12", "ann", "--key", "k")
        self.assertEqual((again["accepted"], again["hash"]), (True, told[0]["hash"]))
        self.assertEqual([(each["bidder"], each["price"]) for each in house.history(lot)],
                         [("ann", "12.00"), ("bob", "14.00")])
        other = house("bid", lot, "15", "--as", "ann", "--key", "k")
        self.refused(other, 1, "ALREADY_EXISTS: this key came with another command before")
        # Without a majority nothing is taken, and what is shown is said to be one server's.
        group.leader().kill()
        alone = group.server_options([server for server in group.servers if server.running])
        shown = house("show", lot, "--timeout", "1500ms", servers=alone)
        self.assertEqual(shown.returncode, 0, shown.stderr)
        self.assertIn("stands at 14.00 EUR by bob", shown.stdout)
        self.assertIn("no majority now", shown.stderr)
        lost = house("bid", lot, "20", "--as", "carl", "--timeout", "1500ms", servers=alone)
        self.assertIn(lost.returncode, (1, 3), lost.stdout)

    def test_who_stays_reveals_by_itself_though_the_leader_is_lost(self):
        house, group = self.house, self.group
        lot = house.open("Vase", "--format", "vickrey", "--start", "1", "--duration", "4s",
                         "--reveal-window", "30s", "--no-extend-on-outage")
        house.bid(lot, "4", "ann")  # Her next one takes its place.
        stays = [house.start("bid", lot, price, "--as", name, "--stay")
                 for name, price in (("ann", "10"), ("bob", "8"))]
        wait_until(lambda: house.show(lot)["bids"] == 3, 10, "both to bid")
        watcher = house.start("watch", lot, servers=group.server_options([group.leader()])
                              + house.servers)
        wait_until(lambda: lines_of(watcher), 10, "the watcher to begin")
        group.leader().kill()
        for process in stays + [watcher]:
            self.assertEqual(process.wait(20), 0)
        over = house.show(lot)
        self.assertEqual([over[name] for name in ("state", "winner", "price")],
                         ["SOLD", "ann", "8.00"])
        # When all are revealed nothing more is waited for.
        self.assertEqual([each["what"] for each in lines_of(watcher) if "what" in each],
                         ["REVEALING", "BID", "BID", "ENDED"])
        self.assertEqual(self.sealed_files(), [])

    def test_a_late_bid_puts_the_end_off_and_a_watcher_hears_each_bid_once(self):
        house, group = self.house, self.group
        leader = group.leader()
        home = group.followers()[0]
        others = [server for server in group.servers if server is not home]
        lot = house.open("Clock", "--start", "1", "--duration", "5s", "--soft-close", "5s")
        end = seconds_of(house.show(lot)["closesAt"])
        watcher = house.start("watch", lot, servers=group.server_options([home] + others))
        wait_until(lambda: lines_of(watcher), 10, "the watcher to begin")
        expected = []
        for price, name in enumerate(("ann", "bob", "ann"), 2):
            house.bid(lot, str(price), name)
            expected.append((name, f"{price}.00"))
        wait_until(lambda: self.bids_told(watcher) == expected, 10, "the watcher to hear of them")
        home.kill()
        ways = group.server_options(others)
        for price, name in enumerate(("bob", "ann", "bob"), 5):
            house.bid(lot, str(price), name, servers=ways)
            expected.append((name, f"{price}.00"))
        wait_until(lambda: self.bids_told(watcher) == expected, 10,
                   lambda: f"each bid once: {self.bids_told(watcher)}")
        last = seconds_of(house.history(lot)[-1]["time"])
        # A dead server is none that agrees.
        checked = house("verify", lot)
        self.assertEqual(checked.returncode, 1, checked.stdout)
        self.assertIn(f"{home.name} (#", checked.stdout)
        self.assertIn("UNAVAILABLE", checked.stdout)
        home.start()
        home.wait_ready()
        self.assertEqual(watcher.wait(20), 0)
        told = [each for each in lines_of(watcher) if "what" in each]
        self.assertIn("EXTENDED", [each["what"] for each in told])
        self.assertEqual(told[-1]["what"], "ENDED")
        self.assertEqual(self.bids_told(watcher), expected)
        over = house.show(lot)
        self.assertEqual([over[name] for name in ("state", "winner", "price")],
                         ["SOLD", "bob", "7.00"])
        self.assertAlmostEqual(seconds_of(over["closesAt"]), last + 5, places=2)
        self.assertGreater(seconds_of(over["closesAt"]), end)

        def agreed():
            done = house("verify", lot, "--json")
            records = [json.loads(line) for line in done.stdout.splitlines()]
            return records if done.returncode == 0 else None
        records = wait_until(agreed, 20, "all servers to have the same record")
        self.assertEqual([each["entries"] for each in records], [6, 6, 6])
        self.assertEqual({each["head"] for each in records}, {over["head"]})
        self.assertTrue(leader.running)

    def test_a_lot_on_a_terminal(self):
        house, group = self.house, self.group
        lot = house.open("\u00c4" * 70 + " and more", "--start", "10", "--duration", "60s",
                         "--reserve", "14")
        terminal = Terminal(group, "auction", "watch", lot, "--as", "ann", *house.servers)
        terminal.wait_seen("no bid yet")
        house.bid(lot, "12", "ann")
        terminal.wait_seen("your bid stands")
        house.bid(lot, "15", "bob")
        terminal.wait_seen("you are outbid")
        self.assertIn("the reserve is not met", terminal.text())
        self.assertIn("\u00c4" * 70 + " and more", terminal.text())
        group.followers()[0].kill()
        house.bid(lot, "20", "ann", servers=group.server_options(
            [server for server in group.servers if server.running]))
        terminal.wait_seen(r"20\.00 EUR\x1b\[0m  by ann")
        house.told("close", lot, servers=group.server_options(
            [server for server in group.servers if server.running]))
        terminal.wait_seen("sold to ann for 20.00 EUR")
        self.assertEqual(terminal.close(), 0)  # It ends with the lot.


if __name__ == "__main__":
    unittest.main()
