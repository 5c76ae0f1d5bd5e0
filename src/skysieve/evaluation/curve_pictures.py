"""Light curves as pictures for a page: as measured, and folded at their period."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.plot_style import BLUE, GREEN, ORANGE
from skysieve.evaluation.svg_panel import HEIGHT, LEFT, RIGHT, TOP, WIDTH, Axis, Panel, svg_element, svg_text
from skysieve.samples.light_curves import LightCurves

__all__ = ["LEGEND", "curve_picture"]

LEGEND = (
    "Each curve as measured and, where a period is known, folded at it and shown twice; magnitudes have "
    "bright on top, bars are one standard deviation where it is larger than the mark. The period is that of "
    "the samples, whether the model saw it or not."
)
"""How the pictures are to be read, for `ReportContent.picture_legend`."""

VIOLET, ROSE, OCHRE = "#8f63b8", "#c4527a", "#b8a02f"
OF_BAND = {"u": BLUE, "g": GREEN, "r": ORANGE, "i": VIOLET, "z": ROSE, "y": OCHRE}
"""Colours of the bands that surveys share; others get the next that is free."""

LINE = 46
"""Height of a line of text."""

SMALLEST_BAR = 16
"""A bar of fewer units lies within the mark of its point."""

MARKS = {
    "\N{BLACK CIRCLE}": "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0",
    "\N{BLACK SQUARE}": "M-3.5-3.5h7v7h-7z",
    "\N{BLACK UP-POINTING TRIANGLE}": "M0-4.6 4.4 3.4h-8.8z",
    "\N{BLACK DIAMOND}": "M0-5 5 0 0 5-5 0z",
    "\N{BLACK DOWN-POINTING TRIANGLE}": "M0 4.6 4.4-3.4h-8.8z",
    "\N{HEAVY GREEK CROSS}": "M-1.5-4.5h3v3h3v3h-3v3h-3v-3h-3v-3h3z",
}
"""A mark a band besides its colour, for readers and printers that know no colours: sign and shape."""


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """The points of a curve that are drawn, and how many there are."""

    time: NDArray[np.float64]
    value: NDArray[np.float64]
    error: NDArray[np.float64]
    band: NDArray[np.int64]
    names: tuple[str, ...]
    total: int
    unusable: int

    @property
    def note(self) -> str:
        """What is not drawn; empty if all is."""
        said = [] if self.time.size == self.total else [f"{self.time.size:,} of {self.total:,} points drawn"]
        return "; ".join(said + ([f"{self.unusable:,} without a value"] if self.unusable else []))


def curve_picture(
    curve: LightCurves,
    *,
    period: float | None = None,
    multiple: int = 1,
    name: str = "curve",
    limit: int = 400,
) -> Markup:
    """Draw a light curve as one small SVG, or as two: as measured, and folded.

    Bands differ in colour and in the shape of their marks, greys follow the light or dark theme of the page,
    and magnitudes have bright on top.

    Parameters
    ----------
    curve : LightCurves
        A set of one curve: ``curves.curve(7)``. Points without time or value are left out and counted.
    period : float, optional
        Days. Without one, and where it is NaN, zero or less, nothing is folded.
    multiple : int
        How many periods the curve is folded at: 2 shows both minima of an eclipsing binary whose period was
        taken for half of what it is. Phase 0 is the first point.
    name : str
        Prefix of the ids inside, one of its own for each picture of a page.
    limit : int
        Largest number of points drawn. Of more, every band is thinned evenly in order of time, and the
        picture says so.

    Returns
    -------
    Markup
        One or two ``<svg>`` elements, below 15 kB with 400 points.

    Raises
    ------
    SampleSetError
        If ``curve`` is not one curve.
    ConfigurationError
        If ``limit`` or ``multiple`` is below 1.

    Examples
    --------
    >>> curves = LightCurves.from_lists([[1.0, 2.0, 4.0]], [[15.1, 15.3, 15.2]], ids=["a"])
    >>> curve_picture(curves, period=1.5).count("<svg")
    2
    """
    if len(curve) != 1:
        raise SampleSetError(f"{len(curve)} light curves to draw as one; expected one: curves.curve(number)")
    if limit < 1 or multiple < 1:
        raise ConfigurationError(f"limit {limit}, multiple {multiple}; expected both to be 1 or more")
    name, points = escape(name), _points(curve, limit)
    if not points.time.size:
        body = svg_text(WIDTH // 2, HEIGHT // 2, "no point with a value", anchor="middle")
        return Markup(svg_element(body, f"Light curve of {curve.ids[0]}: no point with a value"))  # noqa: S704
    colours = _colours(points.names)
    value = _value_axis(curve, points)
    raw = Panel(_time_axis(points.time), value)
    body = _marks(name, colours, points) + _legend(points, colours) + raw.frame()
    body += _drawn(raw, points.time, points, name, colours)
    height = HEIGHT + LINE if points.note else HEIGHT
    body += svg_text(RIGHT, HEIGHT + LINE - 20, points.note, anchor="end") if points.note else ""
    pictures = svg_element(body, _description(curve, points), height=height)
    if period is not None and math.isfinite(period) and period > 0:
        pictures += _folded(curve, points, value, period * multiple, multiple, name, colours)
    # Every text and name went through html.escape; all else is numbers and the shapes above.
    return Markup(pictures)  # noqa: S704


def _points(curve: LightCurves, limit: int) -> _Points:
    """Return the points that can be drawn, at most ``limit``, every band thinned evenly."""
    usable = np.flatnonzero(np.isfinite(curve.time) & np.isfinite(curve.value))
    usable = usable[np.argsort(curve.time[usable], kind="stable")]
    codes, band = np.unique(curve.band[usable], return_inverse=True)
    chosen = np.arange(usable.size)
    if usable.size > limit:
        chosen = np.concatenate(
            [_thinned(np.flatnonzero(band == b), usable.size, limit) for b in range(codes.size)]
        )
    rows = usable[chosen]
    return _Points(
        curve.time[rows],
        curve.value[rows],
        curve.error[rows],
        band[chosen],
        tuple(curve.bands[code] for code in codes),
        usable.size,
        curve.time.size - usable.size,
    )


def _thinned(rows: NDArray[np.int64], total: int, limit: int) -> NDArray[np.int64]:
    """Return the share of ``limit`` that rows of one band have, evenly, at least one."""
    keep = max(1, rows.size * limit // total)
    return rows[np.unique(np.linspace(0, rows.size - 1, keep).astype(np.int64))]


def _colours(names: Sequence[str]) -> list[str]:
    """Return a colour for each band: that of its name, or the first that no band has yet."""
    wanted = [OF_BAND.get(name, OF_BAND.get(name[-1:], "")) for name in names]
    free = [colour for colour in OF_BAND.values() if colour not in wanted]
    found: list[str] = []
    for number, colour in enumerate(wanted):
        if not colour or colour in found:
            colour = free.pop(0) if free else list(OF_BAND.values())[number % len(OF_BAND)]
        found.append(colour)
    return found


def _time_axis(time: NDArray[np.float64]) -> Axis:
    low, high = float(time.min()), float(time.max())
    pad = 0.02 * (high - low) or 0.5
    # Days since 1858 have five digits before those that differ.
    origin = math.floor(low) if low > 10_000 else 0
    label = f"days since {origin}" if origin else "time (d)"
    return Axis(low - pad, high + pad, label, origin=origin)


def _value_axis(curve: LightCurves, points: _Points) -> Axis:
    low, high = float(points.value.min()), float(points.value.max())
    known = points.error[np.isfinite(points.error)]
    pad = max(0.07 * (high - low), float(np.median(known)) if known.size else 0.0) or 0.1 * abs(high) or 1.0
    return Axis(low - pad, high + pad, curve.quantity, curve.unit, reversed=curve.quantity == "magnitude")


def _legend(points: _Points, colours: Sequence[str]) -> str:
    """Return the names of the bands over the plot, as many as there is room for."""
    x, written = LEFT, ""
    for number, (band, colour) in enumerate(zip(points.names, colours, strict=True)):
        if not band:
            continue
        text = f"{_sign(number)} {band}"
        following = x + 22 * len(text) + 30
        if following > WIDTH:
            return written + svg_text(x, TOP - 20, "…")
        written += svg_text(x, TOP - 20, text, colour=colour)
        x = following
    return written


def _sign(number: int) -> str:
    return list(MARKS)[number % len(MARKS)]


def _marks(name: str, colours: Sequence[str], points: _Points) -> str:
    """Return the definition of each band's mark; marks of many points are smaller."""
    size = 28 if points.time.size <= 120 else 20
    shapes = list(MARKS.values())
    made = "".join(
        f'<marker id="{name}-{number}" viewBox="-5 -5 10 10" markerUnits="userSpaceOnUse" '
        f'markerWidth="{size}" markerHeight="{size}">'
        f'<path d="{shapes[number % len(shapes)]}" fill="{colour}" fill-opacity=".8"/></marker>'
        for number, colour in enumerate(colours)
    )
    return f"<defs>{made}</defs>"


def _drawn(panel: Panel, at: NDArray[np.float64], points: _Points, name: str, colours: Sequence[str]) -> str:
    """Return points and error bars, one path of each a band, ordered from left to right."""
    x, y = panel.place(at, points.value)
    error = np.where(np.isfinite(points.error), points.error, 0.0)
    _, top = panel.place(at, points.value - error)
    _, bottom = panel.place(at, points.value + error)
    visible = np.abs(bottom - top) > SMALLEST_BAR
    paths = ""
    for number, colour in enumerate(colours):
        rows = np.flatnonzero(points.band == number)
        rows = rows[np.argsort(x[rows], kind="stable")]
        barred = rows[visible[rows]]
        if barred.size:
            bars = _bars(x[barred], top[barred], bottom[barred])
            paths += f'<path d="{bars}" fill="none" stroke="{colour}" stroke-opacity=".45" stroke-width="3"/>'
        vertices = _vertices(x[rows], y[rows])
        paths += f'<path d="{vertices}" fill="none" style="marker:url(#{name}-{number})"/>'
    return paths


def _folded(
    curve: LightCurves,
    points: _Points,
    value: Axis,
    period: float,
    multiple: int,
    name: str,
    colours: Sequence[str],
) -> str:
    """Return the second picture: phase 0 to 1, and the same again from 1 to 2."""
    phase = (points.time - points.time.min()) / period % 1
    panel = Panel(Axis(0, 2, "phase"), value)
    title = f"{multiple if multiple > 1 else ''}P = {period:.6g} d"
    body = svg_text(RIGHT, TOP - 20, title, anchor="end") + panel.frame()
    body += f'<g id="{name}-cycle">{_drawn(panel, phase, points, name, colours)}</g>'
    body += f'<use href="#{name}-cycle" x="{(RIGHT - LEFT) // 2}"/>'
    return svg_element(body, f"Light curve of {curve.ids[0]} folded at {title}, shown twice")


def _vertices(x: NDArray[np.int64], y: NDArray[np.int64]) -> str:
    """Return a path through all points by relative steps, which are the shortest to write."""
    steps = "".join(_pair(dx, dy) for dx, dy in zip(np.diff(x).tolist(), np.diff(y).tolist(), strict=True))
    return f"M{x[0]} {y[0]}" + (f"l{steps.lstrip()}" if steps else "h0")


def _bars(x: NDArray[np.int64], top: NDArray[np.int64], bottom: NDArray[np.int64]) -> str:
    right, down = np.diff(x, prepend=0), np.diff(top, prepend=0)
    down[1:] = top[1:] - bottom[:-1]
    columns = zip(right.tolist(), down.tolist(), (bottom - top).tolist(), strict=True)
    return "".join(f"m{_pair(dx, dy).lstrip()}v{height}" for dx, dy, height in columns)


def _pair(x: int, y: int) -> str:
    """Write two numbers; a minus sign parts them as well as a blank does."""
    return f"{'' if x < 0 else ' '}{x}{'' if y < 0 else ' '}{y}"


def _description(curve: LightCurves, points: _Points) -> str:
    bands = ", ".join(name for name in points.names if name)
    low, high = points.value.min(), points.value.max()
    days = points.time.max() - points.time.min()
    said = f"Light curve of {curve.ids[0]}: {points.total:,} points"
    said += f" in {bands}" if bands else ""
    said += f" over {days:,.4g} days, {curve.quantity} {low:.4g} to {high:.4g} {curve.unit}"
    return said + (f"; {points.note}" if points.note else "")
