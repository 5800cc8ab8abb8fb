"""What bench/compare, bench/scaling and bench/guard make of measurements, which are made up here:
tables, pictures and verdicts."""

import argparse
import contextlib
import io
import pathlib
import sys
import unittest
import xml.etree.ElementTree

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "bench"))
from comparison import (curves, drawing, growth_report, picture, program,  # noqa: E402
                        regressions, report)

TITLES = {"muster": "Muster", "etcd": "etcd & more", "Muster": "Muster", "NATS": "NATS"}
LOADED = {"p50Ms": 1, "p99Ms": 2, "serverCores": 1.5, "clientCores": 0.5,
          "busiestThreadCores": 0.5, "errors": 0}


def load(make, round_number, per_second, size=128, in_flight=1, **more):
    return {"kind": "load", "make": make, "round": round_number, "size": size,
            "inFlight": in_flight, "perSecond": per_second, **LOADED, **more}


def cells(line):
    return [each.strip() for each in line.strip("|").split("|")]


def rows(text, head):
    """The rows of the table whose head begins so, each a list of cells."""
    lines = text.splitlines()
    begin = next(i for i, line in enumerate(lines) if line.startswith(f"| {head} |"))
    taken = []
    for line in lines[begin + 2:]:
        if not line.startswith("|"):
            break
        taken.append(cells(line))
    return taken


def column(text, head, name):
    names = cells(next(line for line in text.splitlines() if line.startswith(f"| {head} |")))
    return [row[names.index(name)] for row in rows(text, head)]


class Picture:
    """An SVG, parsed."""

    def __init__(self, drawn):
        self.tree = xml.etree.ElementTree.fromstring(drawn)

    def all(self, tag, kind=None):
        return [each for each in self.tree.iter("{http://www.w3.org/2000/svg}" + tag)
                if kind is None or each.get("class") == kind]

    def texts(self):
        return [each.text for each in self.all("text")]

    def named(self, tag):
        """By what they are said to be when one points at them."""
        titles = [(each.find("{http://www.w3.org/2000/svg}title"), each) for each in self.all(tag)]
        return {title.text: each for title, each in titles if title is not None}

    def text_at(self, words):
        return next((float(each.get("x")), float(each.get("y")))
                    for each in self.all("text") if each.text == words)


def place_of(mark):
    """Where a point is moved to."""
    return tuple(map(float, mark.get("transform")[len("translate("):-1].split()))


class ProgramTest(unittest.TestCase):
    def test_a_part_that_breaks_off_is_told_and_the_next_one_measured(self):
        measured, problems = [], []
        told = io.StringIO()
        with contextlib.redirect_stderr(told):
            for part in ("writes", "failover"):
                with program.going_on(part, problems):
                    measured.append(f"{part} begun")
                    if part == "writes":
                        raise program.Failure("no leader\nlog of a")
                    measured.append(f"{part} done")
        self.assertEqual(measured, ["writes begun", "failover begun", "failover done"])
        self.assertEqual(problems, ["writes: no leader\nlog of a"])
        self.assertEqual(told.getvalue(), "writes broke off: no leader\nlog of a\n")
        self.assertEqual(report.missing(problems)[2:],
                         ["    writes: no leader", "    log of a", ""])
        self.assertEqual(report.missing([]), [])

    def test_what_is_no_failure_ends_the_program(self):
        with self.assertRaises(KeyError), program.going_on("writes", []):
            raise KeyError("a mistake")

    def test_arguments_are_above_zero(self):
        self.assertEqual(program.positive(int)("3"), 3)
        self.assertEqual(program.positive(float)("0.5"), 0.5)
        for wrong in ("0", "-1", "many", "nan", ""):
            with self.assertRaisesRegex(argparse.ArgumentTypeError,
                                        f"^{wrong}: expected a number above zero$"):
                program.positive(float)(wrong)

    def test_each_part_has_its_own_rounds(self):
        taken = [load("etcd", 0, 1), load("etcd", 1, 1), {"kind": "failover", "round": 0},
                 {"kind": "memory", "round": 7}]
        self.assertEqual(report.rounds(taken), "writes 2, failover 1")


class ComparisonTableTest(unittest.TestCase):
    def test_figures_are_medians_with_the_least_and_the_greatest(self):
        self.assertEqual(report.spread([5]), "5.00")
        self.assertEqual(report.spread([30, 10, 20]), "20.0 (10.0–30.0)")
        self.assertEqual(report.spread([1000, 2000, 4000, 8000]), "3,000 (1,000–8,000)")
        self.assertEqual(report.spread([0, 0]), "0.00 (0.00–0.00)")

    def test_ratios_are_those_of_the_same_round(self):
        # Of the medians it would be 200 to 10; by rounds it is 10, 20 and 2.
        measured = [load("etcd", 2, 200), load("etcd", 0, 10), load("etcd", 1, 10),
                    load("muster", 0, 100), load("muster", 1, 200), load("muster", 2, 400)]
        told = report.of_all(measured, TITLES)
        self.assertEqual(column(told, "value", "make"), ["etcd & more", "Muster"])
        self.assertEqual(column(told, "value", "Muster to it"), ["10.00", "1"])
        self.assertEqual(column(told, "value", "writes/s"),
                         ["10.0 (10.0–200)", "200 (100–400)"])

    def test_a_ratio_to_nothing_is_none(self):
        told = report.of_all([load("muster", 0, 100), load("etcd", 0, 0)], TITLES)
        self.assertEqual(column(told, "value", "Muster to it"), ["1", "–"])
        self.assertEqual(column(told, "value", "writes/s"), ["100", "0.00"])

    def test_a_star_where_the_client_was_busy_in_any_round(self):
        measured = [load("muster", 0, 1, busiestThreadCores=0.2),
                    load("muster", 1, 1, busiestThreadCores=0.9),
                    load("etcd", 0, 1, busiestThreadCores=0.89),
                    load("etcd", 1, 1, busiestThreadCores=0.89)]
        told = report.of_all(measured, TITLES)
        self.assertEqual(column(told, "value", "cores of the client"), ["0.50 *", "0.50"])

    def test_errors_of_all_rounds_are_added(self):
        told = report.of_all([load("muster", 0, 1, errors=2), load("muster", 1, 1, errors=5)],
                             TITLES)
        self.assertEqual(column(told, "value", "errors"), ["7"])

    def test_each_size_and_load_has_a_row(self):
        measured = [load("muster", 0, size + in_flight, size=size, in_flight=in_flight)
                    for size in (128, 16384) for in_flight in (1, 4096)]
        told = rows(report.of_all(measured, TITLES), "value")
        self.assertEqual([row[:4] for row in told],
                         [["128 B", "1", "Muster", "129"], ["128 B", "4,096", "Muster", "4,224"],
                          ["16 KiB", "1", "Muster", "16,385"],
                          ["16 KiB", "4,096", "Muster", "20,480"]])

    def test_kills_by_place(self):
        measured = [{"kind": "failover", "make": "muster", "round": 0, "place": place, "ms": ms}
                    for place, ms in (("a survivor", 12), ("a survivor", 14), ("a survivor", 90),
                                      ("the victim", 40))]
        told = rows(report.of_all(measured, TITLES), "make")
        self.assertEqual(told, [["Muster", "14.0 (12.0–90.0)", "40.0", "3 + 1"]])

    def test_fan_out_and_idle_clients(self):
        measured = [{"kind": "fan-out", "make": make, "round": 0, "followers": 1000,
                     "inFlight": 64, "perSecond": rate}
                    for make, rate in (("Muster", 3_000_000), ("NATS", 1_500_000))]
        measured.append({"kind": "idle", "make": "NATS", "round": 0, "idleMegabytes": 8.25,
                         "clientKilobytes": 21.04})
        told = report.of_all(measured, TITLES)
        self.assertEqual(rows(told, "subscribers"),
                         [["1,000", "64", "Muster", "3,000,000", "1.00"],
                          ["1,000", "64", "NATS", "1,500,000", "2.00"]])
        self.assertEqual(rows(told, "make"), [["NATS", "8.25", "21.0"]])

    def test_nothing_measured_is_no_section(self):
        self.assertEqual(report.of_all([], TITLES), "")


class BarsTest(unittest.TestCase):
    def test_each_make_has_a_bar_as_long_as_its_logarithm(self):
        measured = [load("muster", 0, 1000), load("muster", 1, 3000), load("muster", 2, 2000),
                    load("etcd", 0, 100)]
        drawn = Picture(picture.draw(measured, TITLES))
        # From 100 to 10,000 on 520 pixels: 2,000 is 1.30103 of two decades.
        bars = drawn.named("rect")
        self.assertEqual({name: (bar.get("x"), bar.get("width")) for name, bar in bars.items()},
                         {"Muster: 2,000": ("190", "338.3"), "etcd & more: 100": ("190", "1.0")})
        # The first group begins 40 below the panel; a bar and its gap take 18.
        self.assertEqual([bar.get("y") for bar in bars.values()], ["40", "58"])
        # 1,000 is half of the way, 3,000 is 1.47712 of two decades.
        self.assertEqual([each.get("d") for each in drawn.all("path", "spread")],
                         ["M450.0 47.5H574.1"])
        self.assertEqual([each.get("d") for each in drawn.all("path", "grid")],
                         ["M190.0 36V76", "M450.0 36V76", "M710.0 36V76"])
        for words in ("Muster", "etcd & more", "2,000", "100", "1,000", "10,000", "1 in flight"):
            self.assertIn(words, drawn.texts())

    def test_one_figure_alone(self):
        drawn = Picture(picture.draw([load("muster", 0, 50)], TITLES))
        # Of the decade from 10: 0.69897 of 520 pixels.
        self.assertEqual(drawn.named("rect")["Muster: 50.0"].get("width"), "363.5")
        self.assertEqual(drawn.all("path", "spread"), [])

    def test_nothing_per_second_is_a_bar_without_length(self):
        for others in ([], [load("etcd", 0, 500)]):
            with self.subTest(others=len(others)):
                drawn = Picture(picture.draw([load("muster", 0, 0), load("muster", 1, 0), *others],
                                             TITLES))
                self.assertEqual(drawn.named("rect")["Muster: 0.00"].get("width"), "1.0")

    def test_no_bar_is_shorter_than_nothing_or_beyond_the_scale(self):
        figures = [0, 0.004, 0.9, 1, 9.99, 1000, 12_345_678]
        measured = [load("muster", 0, each, in_flight=i) for i, each in enumerate(figures)]
        widths = [float(bar.get("width"))
                  for bar in Picture(picture.draw(measured, TITLES)).all("rect")]
        self.assertEqual(len(widths), len(figures))
        self.assertEqual(widths, sorted(widths))
        self.assertGreaterEqual(widths[0], 0)
        self.assertLessEqual(widths[-1], picture.WIDTH)

    def test_panels_are_one_below_the_other(self):
        measured = [load("muster", 0, 10), load("muster", 0, 10, size=1024)]
        drawn = Picture(picture.draw(measured, TITLES))
        # The first: head 40, one bar with its gap 18, after the group 14; then 20 between panels.
        self.assertEqual([each.get("y") for each in drawn.all("rect")], ["40", "132"])
        self.assertEqual(drawn.tree.get("viewBox"), "-10 -6 850 184")

    def test_nothing_measured_is_no_picture(self):
        self.assertIsNone(picture.draw([], TITLES))


class ScaleTest(unittest.TestCase):
    def test_whole_decades_around_the_figures(self):
        scale = drawing.Scale.around([20, 5000, 0], 100, 300)
        self.assertEqual(scale.steps, [10, 100, 1000, 10_000])
        self.assertEqual([scale.place(each) for each in (10, 100, 10_000)], [100, 200, 400])
        self.assertEqual([scale.place(each) for each in (0, 1, 1e9)], [100, 100, 400])

    def test_steps_within_decades(self):
        def steps(*figures):
            return drawing.Scale.around(figures, 0, 1, within=(1, 2, 5)).steps

        self.assertEqual(steps(30, 400), [20, 50, 100, 200, 500])
        self.assertEqual(steps(20, 50), [20, 50])
        self.assertEqual(steps(0.3, 0.3), [0.2, 0.5])
        self.assertEqual(steps(100, 10_000), [100, 200, 500, 1000, 2000, 5000, 10_000])
        self.assertEqual(steps(30, 4000), [20, 100, 1000, 5000])

    def test_at_least_one_step(self):
        for figures, steps in (([100], [100, 1000]), ([0], [1, 10]), ([], [1, 10])):
            with self.subTest(figures):
                self.assertEqual(drawing.Scale.around(figures, 0, 1).steps, steps)

    def test_one_place_is_in_the_middle(self):
        self.assertEqual(drawing.Scale([7], 100, 50).place(7), 125)


class LinesTest(unittest.TestCase):
    def plot(self, **lines):
        return curves.Plot("Title", "clients", "ms", lines)

    def test_points_lie_where_their_logarithms_are(self):
        plot = self.plot(slow=[(10, [1, 10, 100]), (100, [1000])], fast=[(10, [1]), (1000, [10])])
        drawn = Picture(curves.draw([plot]))
        # Across: 10, 100 and 1,000 on 640 pixels from 70. Up: 1 to 1,000 on 200 pixels from 250.
        marks = {name: place_of(each) for name, each in drawn.named("path").items()}
        self.assertEqual(marks, {"slow, 10: 10.0": (70.0, 183.3), "slow, 100: 1,000": (390.0, 50.0),
                                 "fast, 10: 1.00": (70.0, 250.0),
                                 "fast, 1,000: 10.0": (710.0, 183.3)})
        self.assertEqual([each.get("points") for each in drawn.all("polyline")],
                         ["70.0,183.3 390.0,50.0", "70.0,250.0 710.0,183.3"])
        self.assertEqual([each.get("d") for each in drawn.all("path", "spread")],
                         ["M70.0 250.0V116.7"])
        self.assertEqual(drawn.text_at("1,000"), (62.0, 54.0))  # Left of its line of the grid.
        self.assertEqual(drawn.text_at("10"), (62.0, 187.3))
        self.assertEqual(len(drawn.all("path", "key")), 2)
        for words in ("Title", "clients", "ms", "slow", "fast"):
            self.assertIn(words, drawn.texts())

    def test_lines_differ_in_colour_and_form(self):
        plot = self.plot(**{name: [(1, [1])] for name in "abcd"})
        marks = Picture(curves.draw([plot])).all("path", "mark")
        self.assertEqual(len({each.get("fill") for each in marks}), 4)
        self.assertEqual(len({each.get("d") for each in marks}), 4)

    def test_one_point_alone_has_no_line(self):
        drawn = Picture(curves.draw([self.plot(only=[(5, [20])])]))
        self.assertEqual(place_of(drawn.named("path")["only, 5: 20.0"])[0], 390.0)
        self.assertEqual(drawn.all("polyline"), [])

    def test_nothing_is_left_out_of_the_line(self):
        drawn = Picture(curves.draw([self.plot(some=[(1, [10]), (2, [0, 0]), (4, [10])])]))
        self.assertEqual(list(drawn.named("path")), ["some, 1: 10.0", "some, 4: 10.0"])
        self.assertEqual(drawn.all("polyline")[0].get("points"), "70.0,250.0 710.0,250.0")
        spread = Picture(curves.draw([self.plot(some=[(1, [0, 10, 100])])])).all("path", "spread")
        self.assertEqual([each.get("d") for each in spread], ["M390.0 250.0V50.0"])
        only = Picture(curves.draw([self.plot(none=[(1, [0]), (2, [0])])]))
        self.assertEqual((only.all("polyline"), only.all("path", "mark")), ([], []))

    def test_panels_are_one_below_the_other(self):
        drawn = Picture(curves.draw([self.plot(a=[(1, [1])]), self.plot(a=[(1, [1])])]))
        self.assertEqual([place_of(each)[1] for each in drawn.all("path", "mark")], [250.0, 550.0])

    def test_nothing_to_draw_is_no_picture(self):
        self.assertIsNone(curves.draw([]))


class PowerTest(unittest.TestCase):
    def test_the_power_of_a_line(self):
        self.assertAlmostEqual(curves.power([(1, [7]), (10, [70]), (100, [700])]), 1)
        self.assertAlmostEqual(curves.power([(1, [8]), (4, [2])]), -1)
        self.assertAlmostEqual(curves.power([(1, [5]), (9, [5])]), 0)
        # Four times as much for eight times as many.
        self.assertAlmostEqual(curves.power([(1, [2]), (8, [8]), (64, [32])]), 2 / 3)
        # One in the middle turns nothing.
        self.assertAlmostEqual(curves.power([(1, [1]), (10, [1000]), (100, [100])]), 1)

    def test_it_goes_by_medians(self):
        self.assertAlmostEqual(curves.power([(1, [1, 1, 500]), (10, [10, 0.1, 10])]), 1)

    def test_there_is_none_of_one_point_or_of_nothing(self):
        for line in ([], [(1, [1])], [(1, [1]), (2, [0])]):
            with self.subTest(line):
                self.assertIsNone(curves.power(line))


def grown(kind, round_number=0, **figures):
    usual = {"perSecond": 1000, "p50Ms": 1, "p99Ms": 2, "errors": 0, "leaderCores": 0.5,
             "serverCores": 1.2, "clientCores": 0.3, "leaderMegabytes": 5}
    return {"kind": kind, "round": round_number, **usual, **figures}


class GrowthTest(unittest.TestCase):
    def test_servers_by_load(self):
        measured = [grown("servers", each, servers=servers, inFlight=in_flight,
                          perSecond=1000 * (each + 1) / servers, clientCores=(0.7, 0.9)[each])
                    for each in (0, 1) for servers in (1, 5) for in_flight in (1, 256)]
        told = rows(growth_report.of_all(measured), "servers")
        self.assertEqual([row[:3] for row in told],
                         [["1", "1", "1,500 (1,000–2,000)"], ["5", "1", "300 (200–400)"],
                          ["1", "256", "1,500 (1,000–2,000)"], ["5", "256", "300 (200–400)"]])
        self.assertEqual(told[0][7], "0.80 (0.70–0.90) *")
        self.assertEqual(rows(growth_report.of_all(measured), "what"),
                         [["Durable, ordered commands", f"{in_flight} in flight", "1 to 5 servers",
                           "1,500 to 300 commands per second", "-1.00"] for in_flight in (1, 256)])

    def test_clients_by_what_they_do(self):
        measured = [grown("clients", clients=clients, loop=loop, clientKilobytes=3.5)
                    for clients in (10, 1000) for loop in ("none", "closed", "open")]
        told = growth_report.of_all(measured)
        self.assertEqual([row[:2] for row in rows(told, "clients")],
                         [["10", "one command each, always"],
                          ["1,000", "one command each, always"],
                          ["10", "2 commands a second each"],
                          ["1,000", "2 commands a second each"]])
        idle = told[told.index("do nothing"):]
        self.assertEqual([row[:2] for row in rows(idle, "clients")],
                         [["10", "3.50"], ["1,000", "3.50"]])

    def test_sizes_in_bytes_and_commands(self):
        measured = [grown("sizes", size=16, megabytesPerSecond=0.016),
                    grown("sizes", size=65536, megabytesPerSecond=65.5)]
        told = growth_report.of_all(measured)
        self.assertEqual([row[:3] for row in rows(told, "a command")],
                         [["16 B", "0.02", "1,000"], ["64 KiB", "65.5", "1,000"]])
        self.assertEqual([row[1:3] for row in rows(told, "what")],
                         [["commands", "16 B to 64 KiB"], ["MB", "16 B to 64 KiB"]])
        self.assertIn("64 KiB", Picture(curves.draw(growth_report.plots(measured))).texts())

    def test_restarts_by_what_is_on_disk(self):
        measured = [{"kind": "restart", "round": 0, "megabytes": megabytes, "kept": kept,
                     "written": megabytes + 0.5, "logMegabytes": 33.5, "readyMs": megabytes,
                     "appliedMs": megabytes * 2}
                    for megabytes in (8, 64) for kept in ("log", "snapshot")]
        told = rows(growth_report.of_all(measured), "on disk")
        self.assertEqual(told, [["the log as it was", "8.50", "33.5", "8.00", "16.0"],
                                ["the log as it was", "64.5", "33.5", "64.0", "128"],
                                ["a snapshot of all", "8.50", "33.5", "8.00", "16.0"],
                                ["a snapshot of all", "64.5", "33.5", "64.0", "128"]])
        [plot] = growth_report.plots(measured)
        self.assertEqual(plot.lines, {"the log as it was": [(8, [16]), (64, [128])],
                                      "a snapshot of all": [(8, [16]), (64, [128])]})

    def test_topics_spoken_in_and_quiet(self):
        measured = [grown("topics", spoken=spoken, quiet=quiet, messagesPerSecond=10,
                          perSecond=1000 / spoken)
                    for spoken, quiet in ((1, 0), (10, 0), (1, 9), (1, 99))]
        told = growth_report.of_all(measured)
        self.assertEqual([row[:3] for row in rows(told, "topics spoken in")],
                         [["1", "0", "1,000"], ["10", "0", "100"], ["1", "9", "1,000"],
                          ["1", "99", "1,000"]])
        self.assertEqual([row[1:] for row in rows(told, "what")],
                         [["all are spoken in", "1 to 10 topics followed",
                           "1,000 to 100 deliveries per second", "-1.00"],
                          ["one is spoken in, the others are quiet", "1 to 100 topics followed",
                           "1,000 to 1,000 deliveries per second", "+0.00"]])
        [plot] = growth_report.plots(measured)
        self.assertEqual(list(plot.lines.values()), [[(1, [1000]), (10, [100])],
                                                     [(1, [1000]), (10, [1000]), (100, [1000])]])

    def test_what_a_broken_off_run_has_is_shown(self):
        measured = [grown("clients", clients=10, loop="none", clientKilobytes=3)]
        self.assertEqual(rows(growth_report.of_all(measured).split("do nothing")[1], "clients"),
                         [["10", "3.00", "5.00", "0.50"]])
        self.assertEqual(growth_report.plots(measured), [])
        measured.append(grown("clients", clients=10, loop="closed"))
        self.assertEqual([list(plot.lines) for plot in growth_report.plots(measured)],
                         [["always one each, p50", "always one each, p99"]])


class RegressionsTest(unittest.TestCase):
    """Two builds of which one is told to be slower."""

    def judge(self, before, now, rounds=2):
        """`before` and `now`: what each gives in its first round, its second one, and so on."""
        self.asked = []
        left = {"before": iter(before), "now": iter(now)}

        def measure(side, names):
            self.asked.append((side, names))
            return next(left[side])

        with contextlib.redirect_stderr(io.StringIO()):
            return regressions.judge(measure, rounds, 20)

    def test_the_least_of_all_rounds_counts_and_sides_take_turns(self):
        figures = self.judge([{"decode": (100, 2)}, {"decode": (300, 2)}],
                             [{"decode": (900, 2)}, {"decode": (119, 2)}])
        self.assertEqual(figures, {"decode": (100, 119, 1.19), "decode, allocations": (2, 2, 1)})
        self.assertEqual(regressions.worse(figures, 20), [])
        self.assertEqual([side for side, _ in self.asked], ["before", "now", "now", "before"])

    def test_what_seems_slower_is_measured_twice_more_and_stays_so(self):
        slow, other = {"decode": (121, None), "encode": (5, None)}, {"decode": (130, None)}
        figures = self.judge([{"decode": (100, None), "encode": (5, None)}] * 2
                             + [{"decode": (101, None)}] * 4, [slow] * 2 + [other] * 4)
        self.assertEqual(figures, {"decode": (100, 121, 1.21), "encode": (5, 5, 1)})
        self.assertEqual(regressions.worse(figures, 20), ["decode"])
        self.assertEqual([names for _, names in self.asked], [None] * 4 + [{"decode"}] * 8)
        self.assertIn("| decode | 100 ns | 121 ns | 1.21 | **slower** |",
                      regressions.table(figures, ["decode"]))
        self.assertIn("| encode | 5 ns | 5 ns | 1.00 |  |", regressions.table(figures, ["decode"]))

    def test_what_was_noise_is_no_loss(self):
        figures = self.judge([{"decode": (100, None)}] * 6,
                             [{"decode": (200, None)}] * 2 + [{"decode": (105, None)}] * 4)
        self.assertEqual(regressions.worse(figures, 20), [])

    def test_more_allocations_are_a_loss_and_the_disk_is_none(self):
        figures = self.judge([{"decode": (100, 1), "append_and_sync": (100, 0)}] * 6,
                             [{"decode": (100, 2), "append_and_sync": (500, 0)}] * 6)
        self.assertEqual(regressions.worse(figures, 20), ["decode, allocations"])
        self.assertEqual(figures["append_and_sync"], (100, 500, 5))

    def test_what_one_side_does_not_have_is_not_compared(self):
        figures = self.judge([{"decode": (100, None)}] * 2,
                             [{"decode": (100, None), "new": (7, None)}] * 2)
        self.assertEqual(list(figures), ["decode"])


if __name__ == "__main__":
    unittest.main()
