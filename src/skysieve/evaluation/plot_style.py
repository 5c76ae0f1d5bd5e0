"""The look of every figure, and the way of a figure into a page.

Figures are built with matplotlib's objects, never through pyplot: no global
figure, no window, no backend to choose.
"""

from __future__ import annotations

import base64
import functools
import io
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Literal, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from skysieve.errors import ConfigurationError

if TYPE_CHECKING:
    from matplotlib.typing import RcKeyType

__all__ = [
    "BLUE",
    "COLOURS",
    "GREEN",
    "GREY",
    "INK",
    "MUTED",
    "ORANGE",
    "STYLE",
    "figure_to_data_uri",
    "figure_to_svg",
    "new_figure",
    "styled",
]

P = ParamSpec("P")

COLOURS = {
    "positive": "#2f7ed8",
    "negative": "#d9762b",
    "third": "#1d9a86",
    "before": "#98a1b0",
    "ink": "#1c2430",
    "muted": "#5f6b7a",
    "rule": "#dfe3e8",
    "surface": "#ffffff",
}
"""Blue, orange and green that a colour-blind reader and a grey printer tell apart, and the greys."""

BLUE, ORANGE, GREEN, GREY = (COLOURS[name] for name in ("positive", "negative", "third", "before"))
MUTED, INK = COLOURS["muted"], COLOURS["ink"]

THEMED = {COLOURS[name]: f"--{name}" for name in ("ink", "muted", "rule", "surface")}
"""Grounds and greys that a page may replace by its own (light or dark) through CSS variables."""

STYLE: dict[RcKeyType, Any] = {
    "font.family": "sans-serif",
    "font.sans-serif": ["Inter", "Helvetica Neue", "Helvetica", "Arial", "Liberation Sans", "DejaVu Sans"],
    "font.size": 9.0,
    "text.color": COLOURS["ink"],
    "axes.labelcolor": COLOURS["muted"],
    "axes.labelsize": 9.0,
    "axes.edgecolor": COLOURS["rule"],
    "axes.facecolor": "none",
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": COLOURS["rule"],
    "grid.linewidth": 0.6,
    "xtick.color": COLOURS["muted"],
    "ytick.color": COLOURS["muted"],
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "xtick.major.size": 0.0,
    "ytick.major.size": 0.0,
    "xtick.minor.size": 0.0,
    "ytick.minor.size": 0.0,
    "lines.linewidth": 1.8,
    "lines.solid_capstyle": "round",
    "figure.facecolor": "white",
    "figure.dpi": 110,
    # Names of classes and columns are text, also where they hold a dollar sign.
    "text.parse_math": False,
    "svg.fonttype": "none",
    "svg.hashsalt": "skysieve",
    "savefig.facecolor": "auto",
}
"""matplotlib settings under which every figure is drawn and saved."""


def styled(draw: Callable[P, Figure]) -> Callable[P, Figure]:
    """Run a drawing function under `STYLE`, and leave matplotlib's settings as they were."""

    @functools.wraps(draw)
    def under_style(*args: P.args, **kwargs: P.kwargs) -> Figure:
        with mpl.rc_context(STYLE):
            return draw(*args, **kwargs)

    return under_style


def new_figure(width: float = 4.8, height: float = 3.7) -> tuple[Figure, Axes]:
    """Return a figure (inches) with one set of axes, laid out so that no label is cut."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.add_subplot()


def figure_to_svg(figure: Figure, *, name: str, description: str) -> str:
    """Return a figure as an ``<svg>`` element to put into a page.

    The element fills the width it is given, has a transparent ground, real
    text, and greys that follow the CSS variables ``--ink``, ``--muted``,
    ``--rule`` and ``--surface`` where the page defines them.

    Parameters
    ----------
    figure : Figure
        The figure.
    name : str
        Prefix of the ids inside, one of its own for each figure of a page.
    description : str
        What a screen reader says in place of the figure.

    Raises
    ------
    ConfigurationError
        If the name cannot be part of an id.

    Examples
    --------
    >>> figure, axes = new_figure()
    >>> figure_to_svg(figure, name="empty", description="Nothing yet")[:50]
    '<svg role="img" aria-label="Nothing yet" viewBox="'
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise ConfigurationError(f"figure name {name!r}; expected lower-case letters, digits and hyphens")
    text = _save(figure, "svg", facecolor="none").decode()
    view_box = re.search(r'viewBox="([^"]+)"', text)
    start = text.index(">", text.index("<svg")) + 1
    body = text[start : text.rindex("</svg>")]
    body = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", "", body, flags=re.DOTALL)
    body = re.sub(r'( id="|href="#|url\(#)', rf"\g<1>{name}-", body)
    for colour, variable in THEMED.items():
        body = body.replace(colour, f"var({variable}, {colour})")
    spoken = description.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;")
    return (
        f'<svg role="img" aria-label="{spoken}" viewBox="{view_box[1] if view_box else ""}" '
        'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'stroke-linejoin="round">{body.strip()}</svg>'
    )


def figure_to_data_uri(figure: Figure, *, kind: Literal["png", "svg"] = "png", dpi: int = 160) -> str:
    """Return a figure as a ``data:`` address for an ``<img>``, on a white ground.

    Examples
    --------
    >>> figure, axes = new_figure(1, 1)
    >>> figure_to_data_uri(figure)[:26]
    'data:image/png;base64,iVBO'
    """
    if kind not in ("png", "svg"):
        raise ConfigurationError(f"figure of kind {kind!r}; expected 'png' or 'svg'")
    media = "svg+xml" if kind == "svg" else "png"
    content = _save(figure, kind, facecolor="white", dpi=dpi)
    return f"data:image/{media};base64,{base64.b64encode(content).decode()}"


def _save(figure: Figure, kind: str, **options: Any) -> bytes:
    # Without a date two runs of equal content give equal files.
    metadata: dict[str, Any] = {"Date": None, "Creator": None} if kind == "svg" else {"Software": None}
    buffer = io.BytesIO()
    with mpl.rc_context(STYLE):
        figure.savefig(buffer, format=kind, metadata=metadata, **options)
    return buffer.getvalue()
