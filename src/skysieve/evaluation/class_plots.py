"""Figures with a part for each of many classes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from skysieve.errors import ConfigurationError
from skysieve.evaluation.intervals import wilson_interval
from skysieve.evaluation.plot_parts import small_multiples
from skysieve.evaluation.plot_style import BLUE, GREY, MUTED, ORANGE, new_figure, styled
from skysieve.evaluation.reliability import ReliabilityCurve

__all__ = ["class_reliability_diagrams", "confusion_shares"]


@styled
def class_reliability_diagrams(curves: Mapping[str, ReliabilityCurve]) -> Figure:
    """Draw the observed share of each class against its probability, a small diagram a class.

    Dots grow with the number of samples in their bin; bars are Wilson's 95 %.

    Parameters
    ----------
    curves : mapping of str to ReliabilityCurve
        Curves by class.

    Raises
    ------
    ConfigurationError
        If there is no class.
    """
    if not curves:
        raise ConfigurationError("no class, so no reliability to draw; expected a curve for each class")
    figure, grid = small_multiples(len(curves), across=3, height=1.75, margin=(0.3, 0.3), shared=True)
    for axes, (name, curve) in zip(grid.flat, curves.items(), strict=False):
        _draw_reliability(axes, curve)
        axes.set_title(f"{name}, ECE {curve.error:.3f}", fontsize=8.5, loc="left")
    figure.supxlabel("probability of the class", fontsize=9, color=MUTED)
    figure.supylabel("share that is of it", fontsize=9, color=MUTED)
    return figure


@styled
def confusion_shares(matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> Figure:
    """Draw the share of each true class (row) that is called each class (column), in percent.

    Rows add up to 100; one without a sample stays empty, and so does a share of zero.
    """
    counts = np.asarray(matrix, dtype=np.int64)
    of_row = counts.sum(axis=1, keepdims=True)
    share = counts / np.maximum(of_row, 1)
    k = len(classes)
    figure, axes = new_figure(4.8, min(0.55 * k + 1.5, 8))
    for (row, column), value in np.ndenumerate(share):
        x, y = column + np.array([-0.48, 0.48, 0.48, -0.48]), row + np.array([-0.47, -0.47, 0.47, 0.47])
        colour = BLUE if row == column else ORANGE
        axes.fill(x, y, color=colour, alpha=0.06 + 0.6 * value, linewidth=0)
        if value:
            text = f"{100 * value:.0f}" if value >= 0.005 else "<1"
            axes.text(column, row, text, ha="center", va="center", fontsize=8 if k <= 12 else 6)
    axes.set_xticks(range(k), [str(name) for name in classes], rotation=40, ha="right")
    axes.set_yticks(range(k), [str(name) for name in classes])
    axes.set(xlabel="called", ylabel="true", xlim=(-0.52, k - 0.48), ylim=(k - 0.48, -0.52))
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    return figure


def _draw_reliability(axes: Axes, curve: ReliabilityCurve) -> None:
    filled = curve.count > 0
    mean, share, counts = curve.mean_score[filled], curve.frequency[filled], curve.count[filled]
    found = [wilson_interval(round(f * n), int(n)) for f, n in zip(share, counts, strict=True)]
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=0.8, linestyle=(0, (3, 3)))
    axes.vlines(mean, [i.low for i in found], [i.high for i in found], color=BLUE, linewidth=1, alpha=0.55)
    axes.plot(mean, share, color=BLUE, linewidth=1.1)
    axes.scatter(mean, share, s=4 + 26 * counts / counts.max(), color=BLUE, zorder=3)
    axes.set(xlim=(-0.04, 1.04), ylim=(-0.04, 1.04), xticks=[0, 0.5, 1], yticks=[0, 0.5, 1])
