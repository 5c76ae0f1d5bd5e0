"""The curve of what samples of another survey bring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.plot_style import COLOURS, new_figure, styled

__all__ = ["draw_transfer", "transfer_plot"]

SERIES = (COLOURS["positive"], COLOURS["third"], "#8f63b8", "#b8a02f", "#c4527a")
SCRATCH = COLOURS["negative"]


@styled
def transfer_plot(
    series: Mapping[str, Mapping[int, Interval]],
    draws: Mapping[str, Mapping[int, Sequence[float]]],
    *,
    quantity: str,
    scratch: str = "scratch",
) -> Figure:
    """Draw a figure over the number of target samples, a line a strategy.

    Parameters
    ----------
    series : mapping of str to (mapping of int to Interval)
        The figure of every strategy by the number of samples; 0 is the model as it was.
    draws : mapping of str to (mapping of int to sequence of float)
        The same of every single draw, drawn as dots.
    quantity : str
        What the figure is called.
    scratch : str
        The name of training from nothing, in a colour of its own.
    """
    figure, axes = new_figure(5.0, 3.8)
    draw_transfer(axes, series, draws, quantity=quantity, scratch=scratch)
    return figure


def draw_transfer(
    axes: Axes,
    series: Mapping[str, Mapping[int, Interval]],
    draws: Mapping[str, Mapping[int, Sequence[float]]],
    *,
    quantity: str,
    scratch: str = "scratch",
) -> None:
    """Draw the same into axes that are there; see `transfer_plot`."""
    sizes = sorted({size for points in series.values() for size in points})
    at = {size: place for place, size in enumerate(sizes)}
    colours = iter(SERIES * len(series))
    for number, (name, points) in enumerate(series.items()):
        colour = SCRATCH if name == scratch else next(colours)
        ordered = sorted(points)
        x = np.array([at[size] for size in ordered], dtype=np.float64)
        low, value, high = (
            np.array([getattr(points[size], edge) for size in ordered]) for edge in ("low", "value", "high")
        )
        axes.fill_between(x, low, high, color=colour, alpha=0.14, linewidth=0)
        style = (0, (4, 2)) if name == scratch else "-"
        axes.plot(x, value, marker="o", linestyle=style, color=colour, markersize=4, label=name)
        # Side by side, so that the dots of two strategies do not hide each other.
        aside = 0.05 * (number - (len(series) - 1) / 2)
        for size, values in draws.get(name, {}).items():
            at_size = np.full(len(values), at[size] + aside)
            axes.plot(at_size, values, ".", color=colour, alpha=0.5, markersize=4)
    before = next((points[0] for points in series.values() if 0 in points), None)
    if before is not None:
        axes.axhline(before.value, color=COLOURS["before"], linewidth=1, linestyle=(0, (2, 3)))
    axes.set_xticks(range(len(sizes)), [f"{size:,}" for size in sizes])
    axes.set(xlabel="samples of the target survey", ylabel=quantity)
    axes.yaxis.set_major_locator(MaxNLocator(6))
    axes.legend(frameon=False, labelcolor=COLOURS["muted"], fontsize=8, loc="best")
