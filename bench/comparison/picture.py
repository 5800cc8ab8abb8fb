"""Bars as SVG, for light and dark pages alike: no background, and colours that show on both."""

import html
import math
import statistics

from .report import bytes_in_words, distinct, number, select, values

COLOURS = {"Muster": "#2f9e6e", "Muster by IRC": "#6cc39c", "etcd": "#4a86d8",
           "ZooKeeper": "#c9852f", "NATS": "#9a67c9", "NATS JetStream": "#9a67c9",
           "Mosquitto QoS 0": "#4a86d8", "Mosquitto QoS 1": "#86aee6", "InspIRCd": "#c9852f",
           "ngIRCd": "#c65d5d"}
OTHER_COLOUR = "#909090"
STYLE = """text{font:12px system-ui,sans-serif;fill:#808080}.title{font-size:14px;font-weight:600}
.grid{stroke:#808080;stroke-opacity:.3}.spread{stroke:#808080;stroke-width:1.5}"""

BAR = 15
GAP = 3
GROUP_GAP = 14
LEFT = 190
WIDTH = 520
RIGHT = 120


def text(x, y, words, kind="", anchor="start"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">'
            f"{html.escape(words)}</text>")


class Panel:
    """Bars in groups over one logarithmic scale, drawn from `top` down."""

    def __init__(self, title, unit, groups, titles, top):
        self.parts = [text(0, top + 14, title, "title")]
        figures = [each for _, bars in groups for _, some in bars for each in some if each > 0]
        self.low = math.floor(math.log10(min(figures)))
        self.high = max(math.ceil(math.log10(max(figures))), self.low + 1)
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
        for power in range(self.low, self.high + 1):
            x = self.place(10 ** power)
            grid.append(f'<path class="grid" d="M{x:.1f} {begin - 4}V{y - GROUP_GAP}"/>')
            grid.append(text(x, begin - 8, number(10 ** power) if power >= 2
                             else f"{10 ** power:g}", anchor="middle"))
        grid.append(text(LEFT + WIDTH + RIGHT, top + 14, unit, anchor="end"))
        self.parts[1:1] = grid

    def place(self, value):
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return LEFT + WIDTH * min(max(share, 0), 1)

    def bar(self, y, title, figures):
        middle = statistics.median(figures)
        end = self.place(middle)
        self.parts.append(f'<rect x="{LEFT}" y="{y}" width="{max(end - LEFT, 1):.1f}" '
                          f'height="{BAR}" fill="{COLOURS.get(title, OTHER_COLOUR)}">'
                          f"<title>{html.escape(title)}: {number(middle)}</title></rect>")
        if len(figures) > 1:
            line = y + BAR / 2
            self.parts.append(f'<path class="spread" d="M{self.place(min(figures)):.1f} {line}'
                              f'H{self.place(max(figures)):.1f}"/>')
        self.parts.append(text(LEFT - 6, y + BAR - 3, title, anchor="end"))
        greatest = max(end, self.place(max(figures)))
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
    if not parts:
        return None
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 -6 {LEFT + WIDTH + RIGHT + 20} '
            f'{top}" width="{LEFT + WIDTH + RIGHT + 20}">\n<style>{STYLE}</style>\n'
            + "\n".join(parts) + "\n</svg>\n")
