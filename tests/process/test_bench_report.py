"""What bench/compare makes of measurements, which are made up here: tables and a picture."""

import pathlib
import sys
import unittest
import xml.etree.ElementTree

root = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(root / "bench"))
from comparison import drawing, picture, report  # noqa: E402

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


if __name__ == "__main__":
    unittest.main()
