"""The features that moved a probability most, as bars."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.evaluation.plot_style import BLUE, ORANGE
from skysieve.evaluation.svg_panel import WIDTH, svg_element, svg_text

__all__ = ["EFFECT_LEGEND", "effect_bars"]

EFFECT_LEGEND = (
    "Each bar is what the probability of the class loses, in the mean, when one feature of the sample is "
    "replaced by that of other samples: orange to the right where the sample's own value speaks for the "
    "class, blue to the left where it speaks against it. The eight largest are shown, with the value that "
    "the sample has."
)
"""How the pictures are to be read."""

TALL, BAR = 100, 24
"""A feature and its bar, in units of the picture."""

MIDDLE, REACH = 450, 300
"""Where the bars begin, and how far the largest goes."""

LONGEST_NAME = 34


def effect_bars(
    names: Sequence[str],
    values: NDArray[np.floating],
    effects: NDArray[np.floating],
    *,
    label: str = "",
    shown: int = 8,
) -> Markup:
    """Draw the largest effects of features on a probability.

    Parameters
    ----------
    names : sequence of str
        Of the features.
    values : ndarray, shape (F,)
        What the sample has; NaN where it could not be measured.
    effects : ndarray, shape (F,)
        What the probability loses without each.
    label : str
        What a screen reader calls the sample.
    shown : int
        How many.

    Raises
    ------
    SampleSetError
        If there is not one value and one effect for each name.

    Examples
    --------
    >>> picture = effect_bars(["period", "skew"], np.array([0.5, np.nan]), np.array([0.3, -0.1]), label="a")
    >>> picture.count("<rect"), "not measured" in picture
    (2, True)
    """
    if not len(names) == len(values) == len(effects):
        raise SampleSetError(
            f"{len(names)} names, {len(values)} values and {len(effects)} effects; expected as many of each"
        )
    order = np.argsort(-np.abs(effects), kind="stable")[:shown]
    most = float(np.abs(effects[order]).max(initial=0.0)) or 1.0
    body = ""
    for place, feature in enumerate(order.tolist()):
        body += _bar(place, names[feature], float(values[feature]), float(effects[feature]), most)
    told = ", ".join(f"{names[feature]} {effects[feature]:+.2g}" for feature in order.tolist())
    # Every text went through html.escape; all else is numbers.
    return Markup(svg_element(body, f"{label}: {told}", height=TALL * len(order)))  # noqa: S704


def _bar(place: int, name: str, value: float, effect: float, most: float) -> str:
    top = place * TALL
    known = f"{value:.4g}".replace("-", "\N{MINUS SIGN}") if np.isfinite(value) else "not measured"
    short = name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"
    width = round(REACH * abs(effect) / most)
    left = MIDDLE - (width if effect < 0 else 0)
    written = f"{effect:+.3f}".replace("-", "\N{MINUS SIGN}")
    anchor, at = ("start", MIDDLE + width + 14) if effect >= 0 else ("end", MIDDLE - width - 14)
    return (
        svg_text(0, top + 36, short)
        + svg_text(WIDTH, top + 36, known, anchor="end")
        + f'<path d="M{MIDDLE} {top + 50}v{BAR + 8}" style="stroke:var(--muted,#5f6b7a)" stroke-width="2"/>'
        + f'<rect x="{left}" y="{top + 54}" width="{max(width, 1)}" height="{BAR}" '
        f'fill="{BLUE if effect < 0 else ORANGE}"/>'
        + f'<g font-size="30">{svg_text(at, top + 78, written, anchor=anchor)}</g>'
    )
