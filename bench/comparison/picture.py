"""Bars of what was measured side by side, as SVG."""

import html
import statistics

from .drawing import BLUE, GREEN, OCHRE, PURPLE, Scale, page, step_in_words, text
from .report import bytes_in_words, distinct, number, select, values

COLOURS = {"Muster": GREEN, "Muster by IRC": "#6cc39c", "etcd": BLUE, "ZooKeeper": OCHRE,
           "NATS": PURPLE, "NATS JetStream": PURPLE, "Mosquitto QoS 0": BLUE,
           "Mosquitto QoS 1": "#86aee6", "InspIRCd": OCHRE, "ngIRCd": "#c65d5d"}
OTHER_COLOUR = "#909090"

BAR = 15
GAP = 3
GROUP_GAP = 14
LEFT = 190
WIDTH = 520
RIGHT = 120


class Panel:
    """Bars in groups over one logarithmic scale, drawn from `top` down."""

    def __init__(self, title, unit, groups, titles, top):
        self.parts = [text(0, top + 14, title, "title")]
        figures = [each for _, bars in groups for _, some in bars for each in some]
        self.scale = Scale.around(figures, LEFT, WIDTH)
        begin = y = top + 40
        for name, bars in groups:
            middle = y + len(bars) * (BAR + GAP) / 2 + 3
            self.parts.append(text(0, middle, name))
            for make, some in bars:
                self.bar(y, titles[make], some)
                y += BAR + GAP
            y += GROUP_GAP
        self.bottom = y
        grid = []
        for step in self.scale.steps:
            x = self.scale.place(step)
            grid.append(f'<path class="grid" d="M{x:.1f} {begin - 4}V{y - GROUP_GAP}"/>')
            grid.append(text(x, begin - 8, step_in_words(step), anchor="middle"))
        grid.append(text(LEFT + WIDTH + RIGHT, top + 14, unit, anchor="end"))
        self.parts[1:1] = grid

    def bar(self, y, title, figures):
        middle = statistics.median(figures)
        end = self.scale.place(middle)
        self.parts.append(f'<rect x="{LEFT}" y="{y}" width="{max(end - LEFT, 1):.1f}" '
                          f'height="{BAR}" fill="{COLOURS.get(title, OTHER_COLOUR)}">'
                          f"<title>{html.escape(title)}: {number(middle)}</title></rect>")
        if len(figures) > 1:
            least, most = map(self.scale.place, (min(figures), max(figures)))
            self.parts.append(f'<path class="spread" d="M{least:.1f} {y + BAR / 2}H{most:.1f}"/>')
        self.parts.append(text(LEFT - 6, y + BAR - 3, title, anchor="end"))
        greatest = max(end, self.scale.place(max(figures)))
        self.parts.append(text(greatest + 5, y + BAR - 3, number(middle)))


def panels(measurements):
    """Title, unit and groups of bars for each kind there is something of."""
    loads = select(measurements, kind="load")
    for size in distinct(loads, "size"):
        here = select(loads, size=size)
        groups = [(f"{in_flight:,} in flight",
                   [(make, values(select(here, make=make, inFlight=in_flight), "perSecond"))
                    for make in distinct(here, "make")])
                  for in_flight in distinct(here, "inFlight")]
        title = f"Durable, ordered writes of {bytes_in_words(size)}, three servers"
        yield title, "per second, log scale", groups
    kills = select(measurements, kind="failover")
    if kills:
        groups = [(f"client at {place}",
                   [(make, values(select(kills, make=make, place=place), "ms"))
                    for make in distinct(kills, "make")])
                  for place in distinct(kills, "place")]
        title = "From kill -9 of the leader to the next acknowledged write"
        yield title, "ms, log scale", groups
    rates = select(measurements, kind="fan-out")
    for followers in distinct(rates, "followers"):
        here = select(rates, followers=followers)
        groups = [(f"{in_flight:,} in flight",
                   [(make, values(select(here, make=make, inFlight=in_flight), "perSecond"))
                    for make in distinct(here, "make")])
                  for in_flight in distinct(here, "inFlight")]
        title = f"One sender, {followers:,} subscribers of one server, 128 bytes"
        yield title, "deliveries per second, log scale", groups


def draw(measurements, titles):
    """The picture, or nothing if there is nothing to draw."""
    parts, top = [], 0
    for title, unit, groups in panels(measurements):
        panel = Panel(title, unit, groups, titles, top)
        parts += panel.parts
        top = panel.bottom + 20
    return page(parts, LEFT + WIDTH + RIGHT, top) if parts else None
