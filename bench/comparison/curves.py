"""Lines over logarithmic axes, as SVG: how one figure grows with another."""

import dataclasses
import html
import math
import statistics
import typing

from .drawing import BLUE, GREEN, OCHRE, PURPLE, Scale, page, step_in_words, text
from .report import number

LEFT = 70
WIDTH = 640
HEIGHT = 200
RIGHT = 40
HEAD = 50  # For the title and what the marks mean.
FOOT = 50
LEGEND_MARK = 10
COLOURS = (GREEN, BLUE, OCHRE, PURPLE)
# Told apart by form, too; around 0,0.
MARKS = ("M-4 0A4 4 0 1 1 4 0A4 4 0 1 1 -4 0Z", "M-3.5 -3.5H3.5V3.5H-3.5Z", "M0 -5L4.5 3.5H-4.5Z",
         "M0 -5L5 0L0 5L-5 0Z")


@dataclasses.dataclass(frozen=True)
class Plot:
    """One panel: lines by name, each with points of a place above nothing and all that was measured
    there."""

    title: str
    across: str  # What grows from left to right.
    unit: str
    lines: dict[str, list[tuple[float, list[float]]]]
    place_in_words: typing.Callable = "{:,}".format


def points(line):
    """Place and median, without those that a logarithm can't show."""
    medians = [(place, statistics.median(figures)) for place, figures in line]
    return [(place, median) for place, median in medians if median > 0]


def power(line):
    """The power of the place that the medians grow with, fitted by least squares of logarithms; or
    nothing if there are fewer than two points."""
    logarithms = [(math.log(place), math.log(median)) for place, median in points(line)]
    if len({place for place, _ in logarithms}) < 2:
        return None
    middle = [statistics.fmean(each) for each in zip(*logarithms)]
    return (sum((x - middle[0]) * (y - middle[1]) for x, y in logarithms)
            / sum((x - middle[0]) ** 2 for x, _ in logarithms))


class Panel:
    """One plot, drawn from `top` down."""

    def __init__(self, plot, top):
        self.plot = plot
        self.top = top + HEAD
        self.bottom = self.top + HEIGHT
        places = [place for line in plot.lines.values() for place, _ in line]
        figures = [each for line in plot.lines.values() for _, some in line for each in some]
        self.across = Scale(sorted(set(places)), LEFT, WIDTH)
        self.up = Scale.around(figures, self.bottom, -HEIGHT, within=(1, 2, 5))
        self.parts = [text(0, top + 14, plot.title, "title"),
                      text(LEFT + WIDTH + RIGHT, top + 14, plot.unit, anchor="end"),
                      text(LEFT + WIDTH / 2, self.bottom + 34, plot.across, anchor="middle")]
        self.grid()
        self.legend(top + 36)
        for (name, line), colour, mark in zip(plot.lines.items(), COLOURS, MARKS):
            self.line(name, line, colour, mark)

    def grid(self):
        for step in self.up.steps:
            y = self.up.place(step)
            self.parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{LEFT + WIDTH}"/>')
            self.parts.append(text(LEFT - 8, y + 4, step_in_words(step), anchor="end"))
        for place in self.across.steps:
            x = self.across.place(place)
            self.parts.append(f'<path class="grid" d="M{x:.1f} {self.top}V{self.bottom}"/>')
            self.parts.append(text(x, self.bottom + 17, self.plot.place_in_words(place),
                                   anchor="middle"))

    def legend(self, y):
        room = WIDTH / len(self.plot.lines)
        for i, (name, colour, mark) in enumerate(zip(self.plot.lines, COLOURS, MARKS)):
            x = LEFT + 5 + i * room
            self.parts.append(f'<path class="key" fill="{colour}" '
                              f'transform="translate({x:.1f} {y - 4})" d="{mark}"/>')
            self.parts.append(text(x + LEGEND_MARK, y, name))

    def line(self, name, line, colour, mark):
        ends = [(self.across.place(place), self.up.place(median), place, median)
                for place, median in points(line)]
        for place, figures in line:
            if len(figures) > 1:
                self.parts.append(f'<path class="spread" d="M{self.across.place(place):.1f} '
                                  f'{self.up.place(min(figures)):.1f}V'
                                  f'{self.up.place(max(figures)):.1f}"/>')
        if len(ends) > 1:
            way = " ".join(f"{x:.1f},{y:.1f}" for x, y, _, _ in ends)
            self.parts.append(f'<polyline points="{way}" fill="none" stroke="{colour}" '
                              'stroke-width="2"/>')
        for x, y, place, median in ends:
            words = f"{name}, {self.plot.place_in_words(place)}: {number(median)}"
            self.parts.append(f'<path class="mark" fill="{colour}" '
                              f'transform="translate({x:.1f} {y:.1f})" d="{mark}">'
                              f"<title>{html.escape(words)}</title></path>")


def draw(plots):
    """The picture, or nothing if there is nothing to draw."""
    parts, top = [], 0
    for plot in plots:
        panel = Panel(plot, top)
        parts += panel.parts
        top = panel.bottom + FOOT
    return page(parts, LEFT + WIDTH + RIGHT, top) if parts else None
