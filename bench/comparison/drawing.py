"""What the pictures have in common. They are SVG for light and dark pages alike: no background, and
colours that show on both."""

import html
import math

from .report import number

SHORT = 100  # A scale whose end is so many times its beginning has steps within decades.
GREEN, BLUE, OCHRE, PURPLE = "#2f9e6e", "#4a86d8", "#c9852f", "#9a67c9"
STYLE = """text{font:12px system-ui,sans-serif;fill:#808080}.title{font-size:14px;font-weight:600}
.grid{stroke:#808080;stroke-opacity:.3}.spread{stroke:#808080;stroke-width:1.5}"""


def text(x, y, words, kind="", anchor="start"):
    return (f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" text-anchor="{anchor}">'
            f"{html.escape(words)}</text>")


def page(parts, width, height):
    """A whole picture, with a margin around."""
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="-10 -6 {width + 20} {height:g}" '
            f'width="{width + 20}">\n<style>{STYLE}</style>\n' + "\n".join(parts) + "\n</svg>\n")


def step_in_words(step):
    return number(step) if step >= 100 else f"{step:g}"


class Scale:
    """Where figures lie on a logarithmic scale, whose first and last step are its ends."""

    def __init__(self, steps, begin, length):
        self.steps = steps  # In order.
        self.low = math.log10(steps[0])
        self.high = math.log10(steps[-1])
        self.begin = begin
        self.length = length

    @classmethod
    def around(cls, figures, begin, length, within=(1,)):
        """Powers of ten around the figures that are above nothing, at least one step. `within` a
        decade the scale may begin and end at other multiples, too; if it is not long, they all
        are steps."""
        some = [each for each in figures if each > 0] or [1]
        exponents = range(math.floor(math.log10(min(some))), math.ceil(math.log10(max(some))) + 2)
        every = [multiple * 10 ** exponent for exponent in exponents for multiple in within]
        first = max(each for each in every if each <= min(some))
        last = min(each for each in every if each >= max(some) and each > first)
        steps = [each for each in every if first <= each <= last]
        if last > first * SHORT:
            powers = [10 ** exponent for exponent in exponents]
            steps = [each for each in steps if each in (first, last) or each in powers]
        return cls(steps, begin, length)

    def place(self, value):
        """Within the scale: what is beyond lies at its end, and nothing at its beginning."""
        if self.low == self.high:
            share = 0.5
        elif value <= 0:
            share = 0
        else:
            share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.begin + self.length * min(max(share, 0), 1)
