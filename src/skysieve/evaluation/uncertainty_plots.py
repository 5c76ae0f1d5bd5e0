"""Figures about how sure figures are: intervals, repeated runs, curves with bands, scores of two sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from skysieve.evaluation.arrays import FloatArray
from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.plot_style import COLOURS, figure_to_svg, new_figure, styled
from skysieve.evaluation.report_figures import ReportFigure

__all__ = ["curve_plot", "interval_plot", "line_plot", "page_figure", "run_plot", "score_plot"]

SERIES = (COLOURS["positive"], COLOURS["negative"], COLOURS["third"], "#8f63b8", "#b8a02f", "#c4527a")
MUTED, GREY = COLOURS["muted"], COLOURS["before"]


@styled
def interval_plot(intervals: Mapping[str, Mapping[str, Interval]]) -> Figure:
    """Draw figures with their intervals, one row a figure.

    Parameters
    ----------
    intervals : mapping of str to (mapping of str to Interval)
        The intervals of each way to make them: the same figures in all, one colour a way.
    """
    names = list(next(iter(intervals.values())))
    figure, axes = new_figure(6.4, 0.36 * len(names) * max(len(intervals), 1) ** 0.5 + 1.2)
    for number, (way, rows) in enumerate(intervals.items()):
        at = np.arange(len(names)) + 0.22 * (number - (len(intervals) - 1) / 2)
        found = np.array([[rows[name].low, rows[name].value, rows[name].high] for name in names])
        axes.hlines(at, found[:, 0], found[:, 2], color=SERIES[number], linewidth=1.8)
        axes.plot(found[:, 1], at, "o", color=SERIES[number], markersize=4, label=way)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    _legend(axes, len(intervals))
    return figure


@styled
def run_plot(values: npt.ArrayLike, names: Sequence[str], quantity: str) -> Figure:
    """Draw one figure of repeated runs, a row a split, a dot a seed.

    Parameters
    ----------
    values : array_like, shape (splits, seeds)
        The figure.
    names : sequence of str
        Of the splits.
    quantity : str
        What it is.
    """
    table = np.asarray(values, dtype=np.float64)
    figure, axes = new_figure(5.2, 0.34 * len(table) + 1.2)
    for row, (name, runs) in enumerate(zip(names, table, strict=True)):
        axes.plot(runs, np.full(len(runs), row), "o", color=SERIES[0], alpha=0.75, markersize=5, label=name)
        axes.plot([runs.mean()] * 2, [row - 0.25, row + 0.25], color=SERIES[1])
    axes.set_yticks(range(len(table)), list(names))
    axes.invert_yaxis()
    axes.set_xlabel(quantity)
    return figure


@styled
def curve_plot(
    x: Sequence[float], series: Mapping[str, Sequence[Interval]], *, xlabel: str, title: str = ""
) -> Figure:
    """Draw figures along a quantity, each with the band of its intervals.

    Parameters
    ----------
    x : sequence of float
        The quantity.
    series : mapping of str to sequence of Interval
        The figures, one interval a value of ``x``.
    xlabel : str
        What the quantity is.
    title : str
        What has to be known of the figures wherever the curve is shown.
    """
    figure, axes = new_figure(5.6, 3.9)
    axes.set_title(title, fontsize=9, color=MUTED)
    for number, (name, intervals) in enumerate(series.items()):
        low, value, high = (
            np.array([getattr(each, edge) for each in intervals]) for edge in ("low", "value", "high")
        )
        colour = SERIES[number % len(SERIES)]
        axes.fill_between(x, low, high, color=colour, alpha=0.16, linewidth=0)
        axes.plot(x, value, "o-", color=colour, markersize=4, label=name)
    axes.set_xlabel(xlabel)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    _legend(axes, 2)
    return figure


@styled
def line_plot(
    x: npt.ArrayLike,
    series: Mapping[str, npt.ArrayLike],
    *,
    xlabel: str,
    ylabel: str,
    diagonal: bool = False,
) -> Figure:
    """Draw lines over one axis; with a dashed diagonal where both axes mean the same."""
    figure, axes = new_figure()
    along = np.asarray(x, dtype=np.float64)
    if diagonal:
        axes.plot(along[[0, -1]], along[[0, -1]], color=GREY, linewidth=1, linestyle=(0, (3, 3)))
    for number, (name, values) in enumerate(series.items()):
        axes.plot(along, np.asarray(values), "o-", color=SERIES[number], markersize=3.5, label=name)
    axes.set(xlabel=xlabel, ylabel=ylabel)
    _legend(axes, len(series))
    return figure


@styled
def score_plot(scores: Mapping[str, npt.ArrayLike], *, xlabel: str) -> Figure:
    """Draw how several sets of samples share out over a score, each to the same area."""
    figure, axes = new_figure(4.8, 3.2)
    arrays = {name: np.asarray(each, dtype=np.float64) for name, each in scores.items()}
    edges = _edges(np.concatenate(list(arrays.values())))
    for number, (name, each) in enumerate(arrays.items()):
        weights = np.full(each.size, 1 / max(each.size, 1))
        heights, _ = np.histogram(each, edges, weights=weights)
        axes.stairs(heights, edges, fill=True, color=SERIES[number], alpha=0.18)
        axes.stairs(heights, edges, color=SERIES[number], label=name)
    axes.set(xlabel=xlabel, ylabel="share of the samples")
    _legend(axes, len(arrays))
    return figure


def page_figure(name: str, title: str, figure: Figure, caption: str) -> ReportFigure:
    """Return a figure as a page shows it."""
    # matplotlib escapes every text that it writes into an SVG.
    svg = Markup(figure_to_svg(figure, name=name, description=f"{title}. {caption}"))  # noqa: S704
    return ReportFigure(name, title, svg, caption)


def _edges(values: FloatArray) -> FloatArray:
    # A few far-off samples would leave all others in one bin.
    low, high = np.quantile(values, [0.002, 0.998])
    if not high > low:
        low, high = low - 0.5, low + 0.5
    edges: FloatArray = np.linspace(low, high, 41)
    return np.concatenate([[min(low, values.min()) - 1e-9], edges[1:-1], [max(high, values.max()) + 1e-9]])


def _legend(axes: Axes, series: int) -> None:
    if series > 1:
        axes.legend(frameon=False, labelcolor=MUTED, fontsize=8)
