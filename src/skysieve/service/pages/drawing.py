"""The geometry of the drawings on the pages: numbers in, points of SVG out; the templates write them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from skysieve.service.candidates.history import Point
from skysieve.service.web.formats import moment_of_jd

__all__ = [
    "Axis",
    "Bar",
    "Bars",
    "LightCurve",
    "Mark",
    "bars_by_hour",
    "light_curve",
    "nice_ticks",
    "score_bars",
]

#: Shapes of points by passband: a colour never stands alone.
_SHAPES = {"g": "circle", "r": "square", "i": "triangle", "u": "diamond", "z": "cross", "y": "star"}


@dataclass(frozen=True, slots=True)
class Axis:
    """Ticks of an axis: where, and what stands there."""

    ticks: list[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar, in the units of the drawing; ``words`` say what it means."""

    x: float
    y: float
    width: float
    height: float
    words: str


@dataclass(frozen=True, slots=True)
class Bars:
    """A histogram within ``width`` by ``height``; ``marks`` are upright lines with their words."""

    width: float
    height: float
    bars: list[Bar]
    across: Axis
    up: Axis
    marks: list[tuple[float, str]]


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a light curve; ``low`` and ``high`` are the ends of its error bar."""

    x: float
    y: float
    low: float
    high: float
    band: str
    shape: str
    detected: bool
    words: str
    candidate_id: int | None
    here: bool


@dataclass(frozen=True, slots=True)
class LightCurve:
    """A light curve within ``width`` by ``height``."""

    width: float
    height: float
    marks: list[Mark]
    across: Axis
    up: Axis
    bands: list[tuple[str, str]]


def nice_ticks(low: float, high: float, most: int = 5) -> list[float]:
    """Return round numbers between two, at the most so many.

    Examples
    --------
    >>> nice_ticks(0, 97), nice_ticks(17.92, 18.31)
    ([0.0, 25.0, 50.0, 75.0], [18.0, 18.1, 18.2, 18.3])
    """
    if not high > low:
        return [low]
    rough = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= rough * (1 - 1e-9))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [round(number * step, 10) for number in range(first, last + 1)]


def score_bars(
    counts: Sequence[int], threshold: float | None = None, *, width: float = 500, height: float = 150
) -> Bars:
    """Return the histogram of scores from 0 to 1; heights are logarithmic, since most is bogus.

    Parameters
    ----------
    counts : sequence of int
        Counts in bins of equal width.
    threshold : float, optional
        Where the rule on duty lets pass.
    width, height : float
        Size of the drawing.
    """
    top = max([*counts, 1])
    scale = height / math.log10(1 + top) / 1.06
    step = width / len(counts)
    bars = []
    for at, count in enumerate(counts):
        tall = math.log10(1 + count) * scale
        words = f"{at / len(counts):.2f} to {(at + 1) / len(counts):.2f}: {count:,}"
        bars.append(Bar(at * step + 1, height - tall, step - 2, tall, words))
    decades = [10**power for power in range(math.floor(math.log10(top)) + 1)]
    up = Axis([(height - math.log10(1 + number) * scale, f"{number:,}") for number in decades])
    across = Axis([(width * tick / 4, f"{tick / 4:g}") for tick in range(5)])
    marks = [] if threshold is None else [(width * threshold, f"passes from {threshold:.3g}")]
    return Bars(width, height, bars, across, up, marks)


def bars_by_hour(
    per_hour: Sequence[tuple[datetime, int]], *, width: float = 500, height: float = 150
) -> Bars:
    """Return arrivals by the hour, hours without any included."""
    if not per_hour:
        return Bars(width, height, [], Axis([]), Axis([]), [])
    first = per_hour[0][0]
    hours = {round((at - first).total_seconds() / 3600): (at, count) for at, count in per_hour}
    # A night that came in over weeks has hours with nothing in between; only what fits is drawn.
    shown = range(max(hours) + 1)[-48:]
    top = max(count for _, count in hours.values())
    step = width / max(len(shown), 12)
    bars = []
    for place, hour in enumerate(shown):
        if hour in hours:
            at, count = hours[hour]
            tall = height / 1.06 * count / top
            bars.append(Bar(place * step + 1, height - tall, step - 2, tall, f"{at:%d %b %H} h: {count:,}"))
    every = max(1, round(len(shown) / 6))
    start = first.hour + shown[0]
    across = Axis(
        [((place + 0.5) * step, f"{(start + place) % 24:02d}") for place in range(0, len(shown), every)]
    )
    up = Axis([(height - height / 1.06 * tick / top, f"{tick:,.0f}") for tick in nice_ticks(0, top, 4)])
    return Bars(width, height, bars, across, up, [])


def light_curve(
    points: Sequence[Point], here: int | None = None, *, width: float = 560, height: float = 190
) -> LightCurve | None:
    """Return the light curve, bright above; None where nothing is known.

    Parameters
    ----------
    points : sequence of Point
        Detections and limits.
    here : int, optional
        The candidate that is looked at.
    width, height : float
        Size of the drawing.
    """
    shown = [point for point in points if math.isfinite(point.jd) and math.isfinite(point.mag)]
    if not shown:
        return None
    first, last = _spread([point.jd for point in shown], least=1.0, margin=0.04)
    bright, faint = _spread([point.mag for point in shown], least=0.4, margin=0.1)

    def across(jd: float) -> float:
        return width * (jd - first) / (last - first)

    def down(mag: float) -> float:
        return height * (min(max(mag, bright), faint) - bright) / (faint - bright)

    marks = [_mark(point, across, down, here) for point in shown]
    # The one that is looked at lies on top.
    marks.sort(key=lambda mark: (mark.here, mark.detected))
    latest = max(point.jd for point in shown)
    ticks = [(across(latest + tick), f"{tick:g}") for tick in nice_ticks(first - latest, 0.0, 5)]
    up = [(down(tick), f"{tick:g}") for tick in nice_ticks(bright, faint, 5)]
    bands = sorted({(mark.band, mark.shape) for mark in marks})
    return LightCurve(width, height, marks, Axis(ticks), Axis(up), bands)


def _mark(
    point: Point, across: Callable[[float], float], down: Callable[[float], float], here: int | None
) -> Mark:
    error = point.mag_error or 0.0
    band = point.band or "?"
    said = f"{band} = {point.mag:.2f}" + (f" ± {error:.2f}" if error else "")
    words = f"{moment_of_jd(point.jd)}: {said if point.detected else f'{band} fainter than {point.mag:.2f}'}"
    return Mark(
        x=across(point.jd),
        y=down(point.mag),
        low=down(point.mag + error),
        high=down(point.mag - error),
        band=band,
        shape=_SHAPES.get(band, "circle"),
        detected=point.detected,
        words=words,
        candidate_id=point.candidate_id,
        here=point.candidate_id is not None and point.candidate_id == here,
    )


def _spread(values: Sequence[float], *, least: float, margin: float) -> tuple[float, float]:
    """Return a range that holds the values, no narrower than the least, with a margin."""
    low, high = min(values), max(values)
    if high - low < least:
        low, high = (low + high - least) / 2, (low + high + least) / 2
    edge = (high - low) * margin
    return low - edge, high + edge
