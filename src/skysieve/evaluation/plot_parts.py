"""Parts that several figures are drawn of: notes, grids of small plots, the cells of a confusion matrix."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from skysieve.evaluation.plot_style import BLUE, ORANGE

__all__ = ["draw_confusion_cells", "note", "small_multiples"]


def note(axes: Axes, x: float, y: float, text: str, colour: str, *, align: str = "right") -> None:
    """Write a name or a figure at a place of the axes, from (0, 0) to (1, 1), in the colour of its line."""
    axes.text(x, y, text, color=colour, transform=axes.transAxes, ha=align, fontsize=9, fontweight="bold")


def small_multiples(
    count: int, *, across: int, height: float, margin: tuple[float, float], shared: bool = False
) -> tuple[Figure, NDArray[Any]]:
    """Return a figure with a grid of small axes, of which those beyond ``count`` stay blank.

    Parameters
    ----------
    count : int
        Plots, at least one.
    across : int
        Plots side by side at the most.
    height : float
        Of a plot, in inches.
    margin : (float, float)
        Added to width and height of the figure, in inches.
    shared : bool
        Whether all have the same axes.

    Returns
    -------
    Figure, ndarray of Axes, shape (rows, columns)
        The figure and its axes.
    """
    columns = min(across, count)
    rows = -(-count // columns)
    size = (max(1.85 * columns, 3.6) + margin[0], height * rows + margin[1])
    figure = Figure(figsize=size, layout="constrained")
    grid = figure.subplots(rows, columns, squeeze=False, sharex=shared, sharey=shared)
    for axes in grid.flat[count:]:
        axes.set_axis_off()
    return figure, grid


def draw_confusion_cells(
    axes: Axes, matrix: Sequence[Sequence[int]], *, size: float, share_size: float, drop: float = 0.2
) -> None:
    """Draw counts by true (rows) and called class (columns), shaded by the share of the row.

    Parameters
    ----------
    axes : Axes
        Where to draw; nothing else is drawn there.
    matrix : sequence of sequence of int, shape (k, k)
        The counts.
    size, share_size : float
        Size of the counts and of the shares below them, in points; 0 leaves the shares out.
    drop : float
        How far below the middle of its cell a share stands, in cells.
    """
    counts = np.asarray(matrix, dtype=np.int64)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    for (row, column), count in np.ndenumerate(counts):
        x, y = column + np.array([-0.48, 0.48, 0.48, -0.48]), row + np.array([-0.47, -0.47, 0.47, 0.47])
        colour = BLUE if row == column else ORANGE
        axes.fill(x, y, color=colour, alpha=0.06 + 0.6 * share[row, column], linewidth=0)
        raised = row - 0.1 if share_size else row
        axes.text(column, raised, f"{count:,}", ha="center", va="center", fontsize=size)
        if share_size:
            text = f"{share[row, column]:.1%}"
            axes.text(column, row + drop, text, ha="center", va="center", fontsize=share_size)
    last = len(counts) - 0.48
    axes.set(xlim=(-0.52, last), ylim=(last, -0.52))
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
