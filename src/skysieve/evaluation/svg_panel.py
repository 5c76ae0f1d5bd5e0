"""Axes of one small plot, written as SVG: for pages with so many plots that each must be a few kilobytes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import numpy as np
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from skysieve.evaluation.plot_style import INK, MUTED, THEMED

__all__ = ["HEIGHT", "LEFT", "RIGHT", "TOP", "WIDTH", "Axis", "Panel", "svg_element", "svg_text"]

WIDTH, HEIGHT = 900, 610
"""Size of a panel in its own units; whole numbers of them place a point well enough."""

LEFT, RIGHT, TOP, BOTTOM = 176, 864, 62, 474
"""Where the axes lie on it."""

LETTERS = 39
_SUPERSCRIPTS = str.maketrans(
    "-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"
)


@dataclass(frozen=True, slots=True)
class Axis:
    """A range of numbers with its label.

    Parameters
    ----------
    low, high : float
        Ends of the range, ``low < high``.
    label : str
        What is measured.
    unit : str
        Its unit; empty if it has none.
    reversed : bool
        Whether small numbers are on the right or on top, as for magnitudes.
    origin : float
        Subtracted from the numbers that are written.
    """

    low: float
    high: float
    label: str
    unit: str = ""
    reversed: bool = False
    origin: float = 0.0

    def share(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return how far along the axis numbers lie, from 0 to 1 within the range."""
        along = (values - self.low) / (self.high - self.low)
        return 1 - along if self.reversed else along

    def ticks(self, count: int) -> tuple[NDArray[np.float64], list[str], str]:
        """Return places, their numbers as they are written, and the label with unit and power of ten.

        Examples
        --------
        >>> places, written, label = Axis(0, 5e6, "flux", "nJy").ticks(3)
        >>> written, label
        (['0', '2', '4'], 'flux (10⁶ nJy)')
        """
        low, high = self.low - self.origin, self.high - self.origin
        shown = np.asarray(MaxNLocator(count, steps=[1, 2, 2.5, 5, 10]).tick_values(low, high))
        shown = shown[(shown >= low) & (shown <= high)]
        places = shown + self.origin
        largest = float(np.abs(shown).max(initial=0.0))
        power = math.floor(math.log10(largest)) if largest else 0
        power = 0 if -2 <= power <= 3 else power
        shown = shown / 10.0**power
        unit = f"10{str(power).translate(_SUPERSCRIPTS)} {self.unit}".strip() if power else self.unit
        return places, _written(shown), f"{self.label} ({unit})" if unit else self.label


@dataclass(frozen=True, slots=True)
class Panel:
    """Two axes, and where their numbers lie on the panel."""

    x: Axis
    y: Axis

    def place(
        self, x: NDArray[np.float64], y: NDArray[np.float64]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return whole units from the left and from the top; beyond the axes is at their ends."""
        right = LEFT + (RIGHT - LEFT) * np.clip(self.x.share(x), 0, 1)
        down = BOTTOM - (BOTTOM - TOP) * np.clip(self.y.share(y), 0, 1)
        return np.rint(right).astype(np.int64), np.rint(down).astype(np.int64)

    def frame(self) -> str:
        """Return grid, ticks and labels."""
        across, x_written, x_label = self.x.ticks(5)
        up, y_written, y_label = self.y.ticks(4)
        columns, _ = self.place(across, np.full(across.size, self.y.low))
        _, rows = self.place(np.full(up.size, self.x.low), up)
        grid = "".join(f"M{LEFT} {row}H{RIGHT}" for row in rows) + f"M{LEFT} {TOP}V{BOTTOM}H{RIGHT}"
        below = "".join(
            f'<text x="{column}" y="{BOTTOM + 46}">{text}</text>'
            for column, text in zip(columns, x_written, strict=True)
        )
        beside = "".join(
            f'<text x="{LEFT - 12}" y="{row + 13}">{text}</text>'
            for row, text in zip(rows, y_written, strict=True)
        )
        middle = (TOP + BOTTOM) // 2
        return (
            f'<path d="{grid}" fill="none" stroke-width="2" style="stroke:{_themed("rule")}"/>'
            f'<g style="fill:{_themed("muted")}"><g text-anchor="middle">{below}'
            f'<text x="{(LEFT + RIGHT) // 2}" y="{BOTTOM + 106}">{escape(x_label)}</text>'
            f'<text transform="translate(34 {middle})rotate(-90)">{escape(y_label)}</text></g>'
            f'<g text-anchor="end">{beside}</g></g>'
        )


def svg_text(x: int, y: int, text: str, *, anchor: str = "start", colour: str = "") -> str:
    """Return a line of text in a colour, that of the page's text unless given."""
    style = f"fill:{colour or _themed('ink')}"
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}" style="{style}">{escape(text)}</text>'


def svg_element(body: str, description: str, *, width: int = WIDTH, height: int = HEIGHT) -> str:
    """Return an ``<svg>`` element that fills the width it is given, with what a screen reader says."""
    return (
        f'<svg role="img" aria-label="{escape(description)}" viewBox="0 0 {width} {height}" '
        f'xmlns="http://www.w3.org/2000/svg" font-family="inherit" font-size="{LETTERS}">{body}</svg>'
    )


def _written(numbers: NDArray[np.float64]) -> list[str]:
    """Write numbers with as few decimals as tell them apart exactly, all with equally many."""
    step = float(np.diff(numbers).min()) if numbers.size > 1 else 1.0
    for decimals in range(10):
        if np.abs(numbers.round(decimals) - numbers).max(initial=0.0) < 1e-3 * abs(step):
            break
    # Adding 0.0 turns -0.0 into 0.0.
    return [
        f"{number + 0.0:.{decimals}f}".replace("-", "\N{MINUS SIGN}") for number in numbers.round(decimals)
    ]


def _themed(name: str) -> str:
    """Return a grey of the page where the page has one, and that of the figures elsewhere."""
    colour = {"ink": INK, "muted": MUTED}.get(name) or next(c for c, v in THEMED.items() if v == f"--{name}")
    return f"var({THEMED[colour]},{colour})"
