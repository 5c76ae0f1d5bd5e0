"""Figures of the members of a sieve, family by family: how they learned, rank and score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from skysieve.errors import ConfigurationError
from skysieve.evaluation.arrays import FloatArray
from skysieve.evaluation.metrics import Curves
from skysieve.evaluation.plot_parts import small_multiples
from skysieve.evaluation.plot_style import BLUE, COLOURS, GREEN, GREY, INK, MUTED, ORANGE, new_figure, styled
from skysieve.evaluation.sieve_evaluation import MemberFigures
from skysieve.evaluation.sieve_ticks import few_digits

__all__ = ["ROC_DOTS", "family_learning_curves", "family_roc", "score_distributions"]

MEMBER_COLOURS = (BLUE, ORANGE, GREEN, "#8f63b8", "#b8a02f", "#c4527a")

ROC_DOTS = (0.01, 0.1, 0.5, 0.9, 0.99)
"""Thresholds marked on every ROC curve, as in Duev et al. (2019)."""


@styled
def family_learning_curves(histories: Mapping[str, Sequence[Mapping[str, float]]]) -> Figure:
    """Draw loss and accuracy against epoch for the members of a family.

    Parameters
    ----------
    histories : mapping of str to sequence of mapping
        Member to its epochs: ``epoch``, ``training_loss``, ``validation_loss``,
        ``training_accuracy``, ``validation_accuracy``; what is missing or not finite is
        left out. Validation is drawn in full, training dashed and pale.

    Raises
    ------
    ConfigurationError
        If no member has an epoch.
    """
    if not any(histories.values()):
        raise ConfigurationError(f"no epoch in the histories of {', '.join(histories) or 'no member'}")
    figure, _ = new_figure(4.8, 4.6)
    figure.clear()
    panels = figure.subplots(2, 1, sharex=True)
    for i, (member, history) in enumerate(histories.items()):
        colour = MEMBER_COLOURS[i % len(MEMBER_COLOURS)]
        for axes, quantity in zip(panels, ("loss", "accuracy"), strict=True):
            epochs, values = _column(history, f"training_{quantity}")
            axes.plot(epochs, values, color=colour, linewidth=1, linestyle=(0, (2, 1.5)), alpha=0.6)
            epochs, values = _column(history, f"validation_{quantity}")
            axes.plot(epochs, values, color=colour, linewidth=1.5)
        _names(panels[0], i, len(histories), member, colour)
    panels[0].set(ylabel="loss", yscale="log")
    panels[0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    panels[0].yaxis.set_minor_formatter(FuncFormatter(lambda value, _: few_digits(value)))
    panels[1].set(ylabel="accuracy", xlabel="epoch")
    panels[1].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g} %"))
    panels[1].xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


@styled
def family_roc(members: Sequence[MemberFigures], *, zoom: float = 0.05) -> Figure:
    """Draw the ROC curves of the members of a family, whole and with the corner enlarged.

    Parameters
    ----------
    members : sequence of MemberFigures
        Those without a curve (one class only) are left out.
    zoom : float
        False-positive rate at which the corner ends.

    Raises
    ------
    ConfigurationError
        If no member has a curve.
    """
    drawn = [member for member in members if member.curves is not None]
    if not drawn:
        raise ConfigurationError(f"none of {len(members)} members has a ROC curve; both classes must occur")
    figure, _ = new_figure(5.8, 3.3)
    figure.clear()
    whole, corner = figure.subplots(1, 2)
    whole.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (3, 3)))
    lowest = 1.0
    for i, member in enumerate(drawn):
        colour = MEMBER_COLOURS[i % len(MEMBER_COLOURS)]
        curve: Curves = member.curves  # type: ignore[assignment]
        for axes in (whole, corner):
            axes.plot(curve.fpr, curve.recall, color=colour, linewidth=1.5, drawstyle="steps-post")
        text = f"{member.name}  AUC {member.roc_auc.value:.4f}"
        whole.text(
            0.97, 0.05 + 0.08 * (len(drawn) - 1 - i), text, transform=whole.transAxes,
            ha="right", color=colour, fontsize=7.5, fontweight="bold",
        )  # fmt: skip
        lowest = min(lowest, float(np.interp(0.1 * zoom, curve.fpr, curve.recall)))
    floor = min(max(lowest - 0.02, 0.0), 0.95)
    for i, member in enumerate(drawn):
        if member.curves is not None:
            colour = MEMBER_COLOURS[i % len(MEMBER_COLOURS)]
            _dots(whole, member.curves, colour, 1.0, 0.0)
            _dots(corner, member.curves, colour, zoom, floor)
    whole.fill([0, zoom, zoom, 0], [floor, floor, 1, 1], color=GREY, alpha=0.3, linewidth=0)
    whole.set(xlabel="false-positive rate", ylabel="true-positive rate", xlim=(-0.01, 1), ylim=(0, 1.01))
    corner.set(xlabel="false-positive rate", xlim=(-0.02 * zoom, zoom), ylim=(floor, 1 + 0.03 * (1 - floor)))
    return figure


@styled
def score_distributions(
    scores: Mapping[str, npt.ArrayLike],
    labels: Mapping[str, npt.ArrayLike],
    thresholds: Mapping[str, float],
    *,
    across: int = 3,
    bins: int = 40,
) -> Figure:
    """Draw how each member scores either class, logarithmic counts; class 0 orange, class 1 blue.

    Parameters
    ----------
    scores : mapping of str to array_like, shape (N,)
        Member to its scores.
    labels : mapping of str to array_like of int, shape (N,)
        Member to the labels of its family; -1 is left out.
    thresholds : mapping of str to float
        Member to its cut.
    across : int
        Members side by side.
    bins : int
        Bins between 0 and 1.

    Raises
    ------
    ConfigurationError
        If there is no member.
    """
    if not scores:
        raise ConfigurationError("no member to draw the scores of; expected at least one")
    figure, grid = small_multiples(len(scores), across=across, height=1.4, margin=(0.2, 0.3), shared=True)
    edges, highest = np.linspace(0, 1, bins + 1), 10
    for axes, (member, values) in zip(grid.flat, scores.items(), strict=False):
        for label, colour in ((0, ORANGE), (1, BLUE)):
            counts = np.histogram(np.asarray(values)[np.asarray(labels[member]) == label], edges)[0]
            axes.stairs(counts, edges, fill=True, color=colour, alpha=0.22)
            axes.stairs(counts, edges, color=colour, linewidth=1.1, baseline=None)
            highest = max(highest, int(counts.max()))
        axes.axvline(thresholds[member], color=INK, linewidth=0.8)
        axes.set_title(member, fontsize=8.5, color=INK, fontweight="bold")
    grid[0, 0].set(yscale="log", ylim=(0.7, 2 * highest), xlim=(0, 1))
    grid[0, 0].yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    grid[0, 0].yaxis.set_minor_formatter(NullFormatter())
    figure.supxlabel("score", fontsize=9, color=MUTED)
    figure.supylabel("streaks", fontsize=9, color=MUTED)
    return figure


def _column(history: Sequence[Mapping[str, float]], name: str) -> tuple[FloatArray, FloatArray]:
    pairs = [(row.get("epoch", i + 1), row[name]) for i, row in enumerate(history) if name in row]
    table = np.array(pairs, dtype=np.float64).reshape(-1, 2)
    table = table[np.isfinite(table).all(axis=1)]
    return table[:, 0], table[:, 1]


def _dots(axes: Axes, curve: Curves, colour: str, zoom: float, floor: float) -> None:
    """Mark `ROC_DOTS` on a curve, the smallest dot for the loosest threshold."""
    for threshold, size in zip(ROC_DOTS, (2.5, 3.5, 5, 6.5, 8), strict=True):
        at = int(np.flatnonzero(curve.thresholds >= threshold)[-1])
        if curve.fpr[at] <= zoom and curve.recall[at] >= floor:
            axes.plot(
                curve.fpr[at], curve.recall[at], "o", color=colour, markersize=size,
                markeredgecolor=COLOURS["surface"], markeredgewidth=0.6, zorder=5, clip_on=False,
            )  # fmt: skip


def _names(axes: Axes, i: int, n: int, text: str, colour: str) -> None:
    axes.text(
        i / max(n, 3), 1.04, text, transform=axes.transAxes, color=colour, fontsize=8.5, fontweight="bold"
    )
