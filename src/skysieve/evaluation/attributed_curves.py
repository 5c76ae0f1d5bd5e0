"""Light curves and sequences of frames as pictures whose points show what they contributed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.evaluation.attribution_images import full_scale
from skysieve.evaluation.plot_style import BLUE, GREY, ORANGE
from skysieve.evaluation.svg_panel import HEIGHT, LEFT, RIGHT, TOP, WIDTH, Axis, Panel, svg_element, svg_text
from skysieve.samples.light_curves import LightCurves

__all__ = ["CURVE_LEGEND", "FRAMES_LEGEND", "attributed_curve", "attributed_frames", "ramp_css"]

CURVE_LEGEND = (
    "Each curve as measured and, where a period is known, folded at it and shown twice; points of all bands "
    "together, magnitudes with bright on top. The more a point contributed, the larger and the less grey it "
    "is: orange circles speak for the class, blue diamonds against it."
)
FRAMES_LEGEND = (
    "Each picture has a bar a frame, in the order of time: how much all numbers of the frame contributed. "
    "Orange bars upwards speak for the class, blue ones downwards against it."
)
"""How the pictures are to be read."""

LEVELS = 4
"""Steps from grey to the full colour; more are not told apart on small marks."""

SMALLEST, LARGEST = 15, 30
"""Marks of no and of the most attribution, in units of the picture."""

CIRCLE, DIAMOND = "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0", "M0-5 5 0 0 5-5 0z"
LINE = 46


@dataclass(frozen=True, slots=True, eq=False)
class _Points:
    """What is drawn: points ordered by level, so that those that contributed most lie on top."""

    time: NDArray[np.float64]
    value: NDArray[np.float64]
    level: NDArray[np.int64]
    total: int


def attributed_curve(
    curve: LightCurves,
    attribution: NDArray[np.floating],
    *,
    period: float | None = None,
    name: str = "curve",
    limit: int = 600,
) -> Markup:
    """Draw a light curve with its points coloured by what they contributed; twice, where it has a period.

    Orange and blue are told apart by colour-blind readers; marks differ in shape and size, too, for
    printers without colours, and greys follow the light or dark theme of the page.

    Parameters
    ----------
    curve : LightCurves
        A set of one curve.
    attribution : ndarray, shape (P,)
        Of its points in their order; `full_scale` of them has the full colour.
    period : float, optional
        Days. Without one, and where it is NaN, zero or less, nothing is folded.
    name : str
        Prefix of the ids inside, one of its own for each picture of a page.
    limit : int
        Largest number of points drawn: those that contributed most, and the others thinned evenly.

    Returns
    -------
    Markup
        One or two ``<svg>`` elements.

    Raises
    ------
    SampleSetError
        If it is not one curve with a number for each point.

    Examples
    --------
    >>> curves = LightCurves.from_lists([[1.0, 2.0, 4.0]], [[15.1, 15.3, 15.2]], ids=["a"])
    >>> attributed_curve(curves, np.array([0.0, 1.0, -0.5]), period=1.5).count("<svg")
    2
    """
    if len(curve) != 1 or np.shape(attribution) != curve.time.shape:
        raise SampleSetError(
            f"{len(curve)} light curves of {curve.time.size} points and attributions of shape "
            f"{np.shape(attribution)}; expected one curve and a number for each of its points"
        )
    points = _points(curve, np.asarray(attribution, dtype=np.float64), limit)
    said = f"Light curve of {curve.ids[0]}, its {points.total:,} points coloured by what they contributed"
    if not points.time.size:
        return Markup(svg_element("", f"{said}: none with a value"))  # noqa: S704
    value = _value_axis(curve, points)
    low, high = float(points.time.min()), float(points.time.max())
    pad = 0.02 * (high - low) or 0.5
    # Days since 1858 have five digits before those that differ.
    origin = math.floor(low) if low > 10_000 else 0
    axis = Axis(low - pad, high + pad, f"days since {origin}" if origin else "time (d)", origin=origin)
    panel = Panel(axis, value)
    body = _marks(name) + panel.frame() + _drawn(panel, points.time, points, name)
    drawn, height = points.time.size, HEIGHT
    if drawn < points.total:
        height += LINE
        text = f"{drawn:,} of {points.total:,} points drawn"
        body += svg_text(RIGHT, height - 20, text, anchor="end")
    pictures = svg_element(body, said, height=height)
    if period is not None and math.isfinite(period) and period > 0:
        pictures += _folded(points, value, period, name, f"{curve.ids[0]}")
    # Every text went through html.escape; all else is numbers and the shapes above.
    return Markup(pictures)  # noqa: S704


def attributed_frames(
    attribution: NDArray[np.floating], *, label: str = "", unit: str = "", limit: int = 300
) -> Markup:
    """Draw what every frame of a sequence contributed, a bar a frame.

    Parameters
    ----------
    attribution : ndarray, shape (T,)
        Of the frames in their order.
    label : str
        What a screen reader calls the sequence.
    unit : str
        Of the attribution.
    limit : int
        Largest number of bars; of more frames so many neighbours are summed up that no more are drawn.

    Raises
    ------
    SampleSetError
        If there is no frame.

    Examples
    --------
    >>> "in bins of 2 frames" in attributed_frames(np.ones(400), label="a")
    True
    """
    values = np.asarray(attribution, dtype=np.float64)
    if values.ndim != 1 or not values.size:
        raise SampleSetError(f"attributions of shape {values.shape}; expected one a frame")
    binned = -(-values.size // limit)
    first = np.arange(0, values.size, binned)
    sums = np.add.reduceat(values, first)
    low, high = min(float(sums.min()), 0.0), max(float(sums.max()), 0.0)
    pad = 0.08 * (high - low) or 1.0
    panel = Panel(
        Axis(0.5, values.size + 0.5, "frame"),
        Axis(low - pad if low < 0 else 0.0, high + pad if high > 0 or not low else 0.0, "attribution", unit),
    )
    edges = np.append(first, values.size).astype(np.float64) + 0.5
    left, zero = panel.place(edges[:-1], np.zeros(first.size))
    right, top = panel.place(edges[1:], sums)
    body = panel.frame()
    for colour, chosen in ((ORANGE, sums > 0), (BLUE, sums < 0)):
        path = "".join(
            f"M{x} {base}V{end}H{max(to - 1, x + 1)}V{base}z"
            for x, to, base, end in zip(left[chosen], right[chosen], zero[chosen], top[chosen], strict=True)
        )
        body += f'<path d="{path}" fill="{colour}"/>' if path else ""
    if binned > 1:
        body += svg_text(RIGHT, TOP - 20, f"in bins of {binned} frames", anchor="end")
    said = f"{label}: what each of {values.size:,} frames contributed"
    return Markup(svg_element(body, said))  # noqa: S704


def ramp_css(signed: bool) -> str:
    """Return the scale of colours as a CSS gradient, none or most against on the left.

    Examples
    --------
    >>> ramp_css(False)
    'linear-gradient(90deg, #98a1b0, #d9762b)'
    """
    against = f"{BLUE}, " if signed else ""
    return f"linear-gradient(90deg, {against}{GREY}, {ORANGE})"


def _points(curve: LightCurves, attribution: NDArray[np.float64], limit: int) -> _Points:
    usable = np.flatnonzero(np.isfinite(curve.time) & np.isfinite(curve.value))
    scale = full_scale(attribution) if attribution.size else 0.0
    share = attribution[usable] / scale if scale else np.zeros(usable.size)
    level = np.rint(np.clip(share, -1, 1) * LEVELS).astype(np.int64)
    order = np.lexsort((curve.time[usable], np.abs(level)))
    if order.size > limit:
        # The half that contributed most, and of the rest as many as there is room for, evenly.
        most = order[-(limit // 2) :]
        rest = order[: -(limit // 2)]
        spread = np.linspace(0, rest.size - 1, limit - most.size).astype(np.int64)
        order = np.concatenate([rest[np.unique(spread)], most])
    rows = usable[order]
    return _Points(curve.time[rows], curve.value[rows], level[order], usable.size)


def _value_axis(curve: LightCurves, points: _Points) -> Axis:
    low, high = float(points.value.min()), float(points.value.max())
    pad = 0.07 * (high - low) or 0.1 * abs(high) or 1.0
    return Axis(low - pad, high + pad, curve.quantity, curve.unit, reversed=curve.quantity == "magnitude")


def _marks(name: str) -> str:
    """Return the definition of a mark for each level, from against to for."""
    made = ""
    for level in range(-LEVELS, LEVELS + 1):
        share = abs(level) / LEVELS
        size = round(SMALLEST + (LARGEST - SMALLEST) * share)
        colour = _mixed(GREY, BLUE if level < 0 else ORANGE, share)
        shape = DIAMOND if level < 0 else CIRCLE
        made += (
            f'<marker id="{name}-{level + LEVELS}" viewBox="-5 -5 10 10" markerUnits="userSpaceOnUse" '
            f'markerWidth="{size}" markerHeight="{size}">'
            f'<path d="{shape}" fill="{colour}" fill-opacity="{0.6 + 0.4 * share:.2f}"/></marker>'
        )
    return f"<defs>{made}</defs>"


def _mixed(first: str, second: str, share: float) -> str:
    pairs = [(int(first[at : at + 2], 16), int(second[at : at + 2], 16)) for at in (1, 3, 5)]
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _drawn(panel: Panel, at: NDArray[np.float64], points: _Points, name: str) -> str:
    """Return a path for each level, the smallest attributions first."""
    x, y = panel.place(at, points.value)
    paths = ""
    for level in sorted(set(points.level.tolist()), key=abs):
        rows = np.flatnonzero(points.level == level)
        rows = rows[np.argsort(x[rows], kind="stable")]
        places = "L".join(f"{x[row]} {y[row]}" for row in rows)
        vertices = f"M{places}" + ("h0" if rows.size == 1 else "")
        paths += f'<path d="{vertices}" fill="none" style="marker:url(#{name}-{level + LEVELS})"/>'
    return paths


def _folded(points: _Points, value: Axis, period: float, name: str, label: str) -> str:
    """Return the second picture: phase 0 to 1, and the same again from 1 to 2."""
    phase = (points.time - points.time.min()) / period % 1
    panel, title = Panel(Axis(0, 2, "phase"), value), f"P = {period:.6g} d"
    body = svg_text(RIGHT, TOP - 20, title, anchor="end") + panel.frame()
    body += f'<g id="{name}-cycle">{_drawn(panel, phase, points, name)}</g>'
    body += f'<use href="#{name}-cycle" x="{(RIGHT - LEFT) // 2}"/>'
    return svg_element(body, f"Light curve of {label} folded at {title}, shown twice", width=WIDTH)
