"""`muster mobility`: clients of four kinds by lines, their ids, sessions that are lost, the lists."""

import csv
import io
import json
import re
import signal
import subprocess
import unittest

from muster_processes import Group, Process, wait_until
from test_readme import typed_commands

INCIDENT = {"id", "index", "ordinal", "car", "state", "ambulance", "hospital", "steps"}
STEP = {"index", "kind", "follows", "time"}


class Unit:
    """A client of `muster mobility client` whose keys come as lines."""

    def __init__(self, group, *options):
        group.number = getattr(group, "number", 0) + 1
        self.log = group.folder / f"unit{group.number}.log"
        self.process = Process(
            [group.binary, "mobility", "client", *options, *group.server_options()], self.log,
            group.environment(), stdin=subprocess.PIPE)
        group.others.append(self.process)

    def type(self, *keys):
        self.process.process.stdin.write("".join(f"{key}\n" for key in keys).encode())
        self.process.process.stdin.flush()

    def says(self, pattern, seconds=10):
        def found():
            return next((match for line in list(self.process.output)
                         if (match := re.search(pattern, line))), None)
        return wait_until(found, seconds, lambda: f"'{pattern}' of {self.process.arguments[3:7]}: "
                          f"{self.process.output} {self.log.read_text()}")

    def complains(self, pattern, seconds=10):
        wait_until(lambda: re.search(pattern, self.log.read_text()), seconds,
                   lambda: f"'{pattern}' in {self.log.read_text()!r}")

    def quit(self):
        self.type("q")
        return self.process.wait(10)


class MobilityTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.group = Group(3)
        cls.addClassCleanup(cls.group.__exit__, None, None, None)
        cls.group.start()

    def run_mobility(self, *arguments):
        return self.group.muster("mobility", *arguments, *self.group.server_options())

    def told(self, *arguments):
        done = self.run_mobility(*arguments, "--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        return [json.loads(line) for line in done.stdout.splitlines()]

    def refused(self, arguments, code, words):
        done = self.run_mobility(*arguments)
        self.assertEqual(done.returncode, code, done.stdout + done.stderr)
        self.assertIn(words, done.stderr)

    def tearDown(self):
        """What a test began ends with it."""
        for process in self.group.others:
            process.signal(signal.SIGCONT)
            process.signal(signal.SIGTERM)
            process.wait(10)
        self.group.others.clear()
        # Of the next test's ambulances none is to have one of these.
        for incident in self.told("incidents", "--open"):
            done = self.group.muster("rmi", self.group.leader().address, "mobility.cancel",
                                     incident["id"])
            self.assertEqual(done.returncode, 0, done.stderr)

    def test_a_crash_from_the_key_to_the_hospital(self):
        hospital = Unit(self.group, "--client-type", "hospital", "--beds", "2")
        hospital.says("^Hospital hospital_1 is signed on at ")
        ambulance = Unit(self.group)
        ambulance.says("^Ambulance ambulance_1 is signed on at ")
        cars = [Unit(self.group, "--client-type", "CAR") for _ in range(2)]
        self.assertEqual(sorted(car.says(r"^Car (\S+) is signed on")[1] for car in cars),
                         ["car_1", "car_2"])
        self.refused(("client", "--client-id", "ambulance_1"), 1, "ambulance_2 is free")

        car = cars[0]
        car.type("x", "C")
        incident = car.says(r"^incident (\S+) is reported")[1]
        car.complains("^nothing was reported; c reports a crash")
        ambulance.says(f"^go to the scene: incident {incident}, car_., serious, 1 person, at ")
        ambulance.type("t")
        ambulance.complains(rf"incident {incident} is assigned: next is accepted \(key o\)")
        ambulance.type("o", "r", "t", "a")  # Also before the hospital is chosen.
        car.says(f"^incident {incident}: .* closed")
        hospital.says(f"^patient arrived: incident {incident}, ambulance_1")

        [told] = [each for each in self.told("incidents") if each["id"] == incident]
        self.assertLessEqual(INCIDENT, set(told))
        self.assertEqual([told[name] for name in ("state", "ambulance", "hospital")],
                         ["CLOSED", "ambulance_1", "hospital_1"])
        self.assertEqual([step["kind"] for step in told["steps"]],
                         ["REPORTED", "ASSIGNED", "ACCEPTED", "ON_SCENE", "BED_RESERVED",
                          "TRANSPORTING", "HANDED_OVER", "CLOSED"])
        for place, step in enumerate(told["steps"]):
            self.assertLessEqual(STEP, set(step))
            self.assertEqual((step["index"], step["follows"]), (place + 1, place))

        hospital.type("+", "d")
        hospital.says("^2 free beds, on diversion")
        [shown] = self.told("units", "--kind", "Hospital")
        self.assertEqual((shown["freeBeds"], shown["diversion"]), (2, True))

        done = self.run_mobility("figures", "--csv")
        [row] = list(csv.DictReader(io.StringIO(done.stdout, newline="")))
        [figures] = self.told("figures")
        self.assertEqual(list(row), list(figures))
        self.assertEqual((int(row["incidents"]), int(row["closed"])),
                         (figures["incidents"], figures["closed"]))
        self.assertGreaterEqual(figures["closed"], 1)
        self.assertEqual([unit.quit() for unit in (hospital, ambulance, *cars)], [0] * 4)

    def test_a_light_is_alone_at_its_crossing(self):
        city = self.run_mobility("city", "--grid", "2x2", "--duration", "1s", "--cars", "0",
                                 "--ambulances", "0", "--hospitals", "0", "--lights", "0")
        self.assertEqual(city.returncode, 0, city.stderr)
        for number in (1, 2):
            light = Unit(self.group, "--client-type", "TrafficLight")
            light.says(f"^TrafficLight traffic_light_{number} is")
        self.refused(("client", "--client-type", "TrafficLight"), 1,
                     "each of the 2 crossings with a light has one")

    def test_whoever_loses_the_session_is_back_as_it_was_and_its_incident_goes_on(self):
        hospital = Unit(self.group, "--client-type", "hospital", "--client-id", "north",
                        "--beds", "5", "--json")
        hospital.says('"id":"north"')
        hospital.type("7", "d")
        hospital.says('"freeBeds":7,"diversion":true')
        # Neither is nearer, so that none is given the other one's case when both are there.
        place = ("--latitude", "48.7758", "--longitude", "9.1829")
        first = Unit(self.group, "--client-id", "first", *place)
        first.says("^Ambulance first is signed on")
        car = Unit(self.group, "--client-type", "car", "--client-id", "red")
        car.says("^Car red is signed on")
        car.type("c")
        incident = car.says(r"^incident (\S+) is reported")[1]
        first.says(f"^go to the scene: incident {incident}")
        first.type("o")
        car.says(f"^incident {incident}: .*accepted +first")

        for unit in (first, hospital):
            unit.process.signal(signal.SIGSTOP)
        car.says(f"^incident {incident}: .*queued +first +.the ambulance was lost")
        second = Unit(self.group, "--json", *place)
        second.says(f'"event":"order",.*"kind":"GO_TO_SCENE","incident":"{incident}"')
        second.type("o")
        car.says(f"^incident {incident}: .*accepted +ambulance_1")
        for unit in (first, hospital):
            unit.process.signal(signal.SIGCONT)
        first.says("^the session has ended; signing on again")
        wait_until(lambda: sum("is signed on" in line for line in first.process.output) == 2, 10,
                   "the first ambulance to be back")
        [shown] = wait_until(lambda: [each for each in self.told("units", "--kind", "hospital")
                                      if each["diversion"]], 10, "the hospital to be as it was")
        self.assertEqual((shown["id"], shown["freeBeds"]), ("north", 7))
        # No other hospital is there, so it has the patient although it is on diversion.
        second.type("r")
        car.says(f"^incident {incident}: .*bed reserved +north +.over capacity")
        first.type("r")
        first.complains("there is no order; wait for one")
        second.type("t", "a")
        car.says(f"^incident {incident}: .*closed +ambulance_1")
        [told] = self.told("show", incident)
        self.assertEqual([step["unit"] for step in told["steps"] if step["kind"] == "ACCEPTED"],
                         ["first", "ambulance_1"])

    def test_what_the_readme_shows_of_a_city_works(self):
        commands = [command[1:] for command in typed_commands("A city", self.group.folder)]
        self.assertEqual([command[:2] for command in commands],
                         [["mobility", "city"], ["mobility", "incidents"], ["mobility", "figures"]])
        city = self.group.muster(*commands[0], "--duration", "2s")
        self.assertEqual((city.returncode, city.stderr), (0, ""))
        self.assertIn("clients       ", city.stdout)
        for command in commands[1:]:
            done = self.group.muster(*command)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("incident", done.stdout.lower())

    def test_bad_usage_is_told_with_what_to_do(self):
        for arguments, code, words in (
                (("client", "--client-type", "bus"), 2, "Ambulance, Car, TrafficLight or Hospital"),
                (("client", "--client-id", ""), 2, "--client-id: it must not be empty"),
                (("client", "--beds", "3"), 2, "of the kind Hospital, not Ambulance"),
                (("client", "--pace", "3"), 2, "give --auto too"),
                (("client", "--latitude", "48"), 2, "needs the other one too"),
                (("client", "--latitude", "0", "--longitude", "0"), 1, "is within 500 m of"),
                (("client", "--heartbeat-interval", "14"), 2, "at least 15ms"),
                (("crash", "--car", "nobody"), 1, "NOT_FOUND: there is no Car nobody"),
                (("show", "9.9"), 1, "NOT_FOUND: there is no incident 9.9"),
                (("show", "9"), 2, "two numbers and a point"),
                (("city", "--grid", "1x1"), 2, "2 to 400 crossings"),
                (("city", "--network", "/"), 1, "is no file that can be read"),
                (("figures", "--csv", "--json"), 2, "choose")):
            with self.subTest(arguments):
                self.refused(arguments, code, words)


if __name__ == "__main__":
    unittest.main()
