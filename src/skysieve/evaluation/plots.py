"""Figures of an evaluation; each function returns a matplotlib ``Figure``.

Curves are labelled where they run instead of in a legend, and every figure is
drawn at the width of half a page, where its text stays legible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from skysieve.errors import ConfigurationError
from skysieve.evaluation.arrays import FloatArray
from skysieve.evaluation.completeness import CompletenessPurity
from skysieve.evaluation.intervals import Interval, wilson_interval
from skysieve.evaluation.metrics import Curves
from skysieve.evaluation.plot_parts import draw_confusion_cells, note
from skysieve.evaluation.plot_style import BLUE, COLOURS, GREEN, GREY, INK, MUTED, ORANGE, new_figure, styled
from skysieve.evaluation.reliability import ReliabilityCurve

__all__ = [
    "PublishedPoint",
    "completeness_purity_plot",
    "confusion",
    "error_rates",
    "learning_curves",
    "precision_recall",
    "reliability_diagram",
    "roc",
    "score_histogram",
]

CLASS_COLOURS = (ORANGE, BLUE, GREEN, "#8f63b8", "#b8a02f", "#c4527a")


@dataclass(frozen=True, slots=True)
class PublishedPoint:
    """Error rates that somebody published for one threshold."""

    source: str
    threshold: float
    fpr: float
    fnr: float


@styled
def roc(curves: Curves, *, threshold: float | None = None, auc: Interval | None = None) -> Figure:
    """Draw recall against false-positive rate, with the corner enlarged where the curve hugs it.

    Parameters
    ----------
    curves : Curves
        From `metrics.curves`.
    threshold : float, optional
        The operating point to mark.
    auc : Interval, optional
        Area under the curve, to write beside it.
    """
    figure, axes = new_figure()
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (3, 3)))
    _roc_line(axes, curves, threshold)
    axes.set(
        xlabel="false-positive rate", ylabel="completeness (recall)", xlim=(-0.01, 1.01), ylim=(-0.01, 1.02)
    )
    if np.interp(0.1, curves.fpr, curves.recall) > 0.9:
        corner = axes.inset_axes((0.42, 0.2, 0.55, 0.55))
        corner.set_facecolor(COLOURS["surface"])
        _roc_line(corner, curves, threshold)
        corner.set(xlim=(-0.001, 0.1), ylim=(0.9, 1.001), xticks=[0, 0.05, 0.1], yticks=[0.9, 0.95, 1])
        corner.tick_params(labelsize=7.5)
        axes.indicate_inset_zoom(corner, edgecolor=GREY, alpha=1, linewidth=0.7)
    if auc is not None:
        note(axes, 0.97, 0.05, f"AUC {_written(auc)}", BLUE)
    return figure


@styled
def precision_recall(
    curves: Curves,
    *,
    prevalence: float | None = None,
    threshold: float | None = None,
    average_precision: Interval | None = None,
    positive: str = "real",
) -> Figure:
    """Draw purity against completeness; a dashed line at the purity of calling everything positive."""
    figure, axes = new_figure()
    if prevalence is not None:
        axes.axhline(prevalence, color=GREY, linewidth=1, linestyle=(0, (3, 3)))
        axes.text(0.01, prevalence + 0.012, f"all called {positive}", color=MUTED, fontsize=8)
    axes.step(curves.recall, curves.precision, where="post", color=BLUE)
    if threshold is not None:
        at = _position(curves, threshold)
        _mark(axes, curves.recall[at], curves.precision[at])
    axes.set(
        xlabel="completeness (recall)", ylabel="purity (precision)", xlim=(-0.01, 1.02), ylim=(-0.01, 1.03)
    )
    if average_precision is not None:
        note(axes, 0.03, 0.05, f"average precision {_written(average_precision)}", BLUE, align="left")
    return figure


@styled
def confusion(matrix: Sequence[Sequence[int]], classes: Sequence[str]) -> Figure:
    """Draw counts by true (rows) and called class (columns), shaded by the share of the row."""
    k = len(classes)
    figure, axes = new_figure(4.8, 3.7 if k <= 4 else min(0.55 * k + 1.5, 8))
    draw_confusion_cells(axes, matrix, size=13 if k <= 3 else 8, share_size=9 if k <= 4 else 0)
    turned = 40 if k > 4 else 0
    axes.set_xticks(range(k), [str(c) for c in classes], rotation=turned, ha="right" if turned else "center")
    axes.set_yticks(range(k), [str(c) for c in classes])
    axes.set(xlabel="called", ylabel="true")
    return figure


@styled
def error_rates(
    curves: Curves,
    *,
    threshold: float | None = None,
    published: Sequence[PublishedPoint] = (),
    classes: Sequence[str] = ("bogus", "real"),
) -> Figure:
    """Draw both error rates against the threshold on a logarithmic scale.

    A rate of zero is drawn at the lower edge. Published rates stand as hollow
    marks at the threshold that they were published for.
    """
    figure, axes = new_figure()
    at, fpr, fnr = curves.thresholds[1:], curves.fpr[1:], curves.fnr[1:]
    positive = np.concatenate([fpr[fpr > 0], fnr[fnr > 0], [0.05]])
    floor = max(float(positive.min()) / 2, 1e-5)
    axes.step(at, np.maximum(fpr, floor), where="post", color=ORANGE)
    axes.step(at, np.maximum(fnr, floor), where="post", color=BLUE)
    if threshold is not None:
        axes.axvline(threshold, color=INK, linewidth=0.9)
        _beside_line(axes, threshold, "threshold")
    for point in published:
        axes.plot(point.threshold, max(point.fpr, floor), "D", color=ORANGE, markerfacecolor="none")
        axes.plot(point.threshold, max(point.fnr, floor), "D", color=BLUE, markerfacecolor="none")
        between = float(np.sqrt(max(point.fpr, floor) * max(point.fnr, floor)))
        axes.annotate(
            point.source, (point.threshold, between), (7, 0), textcoords="offset points", va="center",
            color=MUTED, fontsize=8,
        )  # fmt: skip
    axes.set(xlabel="threshold on the score", xlim=(0, 1), yscale="log", ylim=(floor, 1.3))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    note(axes, 0.02, 1.04, f"{classes[0]} called {classes[1]} (FPR)", ORANGE, align="left")
    note(axes, 0.98, 1.04, f"{classes[1]} called {classes[0]} (FNR)", BLUE)
    return figure


@styled
def reliability_diagram(
    curve: ReliabilityCurve, *, before: ReliabilityCurve | None = None, axis: str = "share that is real"
) -> Figure:
    """Draw the observed share against the mean score, with Wilson's 95 % and the number of samples.

    Parameters
    ----------
    curve : ReliabilityCurve
        After calibration.
    before : ReliabilityCurve, optional
        Before calibration, in grey.
    axis : str
        Label of the vertical axis.
    """
    figure, axes = new_figure()
    figure.clear()
    axes, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (3, 3)))
    if before is not None:
        axes.plot(*_filled(before), "o-", color=GREY, linewidth=1.2, markersize=3.5)
        note(axes, 0.03, 0.84, f"before calibration, ECE {before.error:.3f}", MUTED, align="left")
    mean, share = _filled(curve)
    counts = curve.count[curve.count > 0]
    found = [wilson_interval(round(f * n), int(n)) for f, n in zip(share, counts, strict=True)]
    axes.vlines(mean, [i.low for i in found], [i.high for i in found], color=BLUE, linewidth=1.2, alpha=0.6)
    axes.plot(mean, share, "o-", color=BLUE, markersize=4.5)
    note(axes, 0.03, 0.93, f"ECE {curve.error:.3f}", BLUE, align="left")
    axes.set(ylabel=axis, xlim=(-0.02, 1.02), ylim=(-0.03, 1.03))
    below.bar(
        curve.edges[:-1], curve.count, np.diff(curve.edges) * 0.92, align="edge", color=BLUE, alpha=0.55
    )
    below.set(xlabel="score", ylabel="samples")
    below.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    below.grid(visible=False, axis="x")
    return figure


@styled
def score_histogram(
    scores: npt.ArrayLike,
    *,
    labels: npt.ArrayLike | None = None,
    classes: Sequence[str] = ("bogus", "real"),
    threshold: float | None = None,
    bins: int = 40,
) -> Figure:
    """Draw how many samples have which score, by class where labels are known; logarithmic counts."""
    figure, axes = new_figure()
    array = np.asarray(scores, dtype=np.float64)
    scored = np.isfinite(array)
    array = array[scored]
    edges = np.linspace(0, 1, bins + 1)
    parts = [(array, BLUE, "")]
    if labels is not None:
        known = np.asarray(labels)[scored]
        parts = [(array[known == i], CLASS_COLOURS[i % 6], str(name)) for i, name in enumerate(classes)]
    counts = [np.histogram(part, edges)[0] for part, _, _ in parts]
    axes.set(xlabel="score", ylabel="samples", xlim=(0, 1), ylim=(0.7, max(2.5 * np.max(counts), 10)))
    axes.set_yscale("log")
    for i, (part, colour, name) in enumerate(parts):
        axes.stairs(counts[i], edges, fill=True, color=colour, alpha=0.22)
        axes.stairs(counts[i], edges, color=colour, linewidth=1.3, baseline=None)
        if name:
            note(axes, 0.02 + 0.25 * i, 1.04, f"{name} {part.size:,}", colour, align="left")
    if threshold is not None:
        axes.axvline(threshold, color=INK, linewidth=0.9)
        _beside_line(axes, threshold, "threshold")
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
    axes.yaxis.set_minor_formatter(NullFormatter())
    return figure


@styled
def completeness_purity_plot(found: CompletenessPurity) -> Figure:
    """Draw completeness and purity against the column, with their intervals."""
    figure, axes = new_figure()
    middle = np.array([(each.low + each.high) / 2 for each in found.bins])
    half = np.array([(each.high - each.low) / 2 for each in found.bins])
    lowest = 1.0
    for name, colour, shift in (("completeness", BLUE, -0.06), ("purity", GREEN, 0.06)):
        intervals: list[Interval] = [getattr(each, name) for each in found.bins]
        known = np.array([np.isfinite(each.value) for each in intervals], dtype=bool)
        if not known.any():
            continue
        value, low, high = (
            np.array([getattr(i, end) for i in intervals])[known] for end in ("value", "low", "high")
        )
        at = (middle + shift * half)[known]
        axes.vlines(at, low, high, color=colour, linewidth=1.3, alpha=0.55)
        axes.plot(at, value, "o-", color=colour, markersize=4.5)
        note(axes, 0.02 if colour == BLUE else 0.3, 1.04, name, colour, align="left")
        lowest = min(lowest, float(low.min()))
    axes.set(xlabel=found.column, ylabel="share", ylim=(max(lowest - 0.04, -0.02), 1.02))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.0f} %"))
    return figure


@styled
def learning_curves(history: Sequence[Mapping[str, float]]) -> Figure:
    """Draw what was measured in each epoch, training beside validation.

    Parameters
    ----------
    history : sequence of mapping
        One mapping an epoch: ``epoch`` and any numbers; ``train_x`` and
        ``validation_x`` (or ``val_x``) share a panel called x. At most three
        panels are drawn, losses first.

    Raises
    ------
    ConfigurationError
        If there is no epoch or nothing but the epoch.
    """
    panels = _panels(history)
    if not panels:
        raise ConfigurationError(f"a history of {len(history)} epochs holds no figure such as train_loss")
    figure, _ = new_figure(4.8, 3.7 if len(panels) == 1 else 1.2 + 1.5 * len(panels))
    figure.clear()
    rows = np.atleast_1d(figure.subplots(len(panels), 1, sharex=True))
    for axes, (name, lines) in zip(rows, panels.items(), strict=True):
        for i, (part, (epochs, values)) in enumerate(lines.items()):
            colour = {"train": GREY, "validation": BLUE}.get(part, GREEN)
            axes.plot(epochs, values, color=colour)
            best = values.argmin() if "loss" in name else values.argmax()
            if part == "validation":
                _mark(axes, epochs[best], values[best])
            if part:
                note(axes, 0.98 - 0.22 * i, 1.03, part, MUTED if part == "train" else colour)
        axes.set_ylabel(name.replace("_", " "))
    rows[-1].set_xlabel("epoch")
    rows[-1].xaxis.set_major_locator(MaxNLocator(integer=True))
    return figure


def _panels(
    history: Sequence[Mapping[str, float]],
) -> dict[str, dict[str, tuple[FloatArray, FloatArray]]]:
    """Sort the columns of a history into panels and, within them, into parts."""
    panels: dict[str, dict[str, tuple[FloatArray, FloatArray]]] = {}
    for key in dict.fromkeys(key for row in history for key in row if key != "epoch"):
        part, _, name = key.partition("_")
        part = {"val": "validation", "valid": "validation", "training": "train"}.get(part, part)
        if part not in ("train", "validation") or not name:
            part, name = "", key
        numbers = [(i, row) for i, row in enumerate(history) if _is_number(row.get(key))]
        pairs = [(row.get("epoch", i), row[key]) for i, row in numbers]
        if pairs:
            epochs, values = np.array(pairs, dtype=np.float64).T
            panels.setdefault(name, {})[part] = (epochs, values)
    two_part = sorted(panels, key=lambda name: ("loss" not in name, len(panels[name]) == 1))
    return {name: panels[name] for name in two_part[:3]}


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.number) and bool(np.isfinite(value))


def _roc_line(axes: Axes, curves: Curves, threshold: float | None) -> None:
    axes.plot(curves.fpr, curves.recall, color=BLUE)
    if threshold is not None:
        at = _position(curves, threshold)
        _mark(axes, curves.fpr[at], curves.recall[at])


def _position(curves: Curves, threshold: float) -> int:
    """Position of the loosest tabulated threshold that is not below ``threshold``."""
    return int(np.flatnonzero(curves.thresholds >= threshold)[-1])


def _mark(axes: Axes, x: float, y: float) -> None:
    axes.plot(x, y, "o", color=BLUE, markersize=6.5, markeredgecolor=COLOURS["surface"], zorder=5)


def _beside_line(axes: Axes, x: float, text: str) -> None:
    """Write beside a vertical line, on the side that has room."""
    left = x > 0.5
    axes.annotate(
        text, (x, 0.97), (-4 if left else 4, 0), xycoords=("data", "axes fraction"),
        textcoords="offset points", ha="right" if left else "left", va="top", fontsize=8, color=INK,
    )  # fmt: skip


def _filled(curve: ReliabilityCurve) -> tuple[FloatArray, FloatArray]:
    return curve.mean_score[curve.count > 0], curve.frequency[curve.count > 0]


def _written(interval: Interval) -> str:
    return f"{interval.value:.3f} ({interval.low:.3f}\N{EN DASH}{interval.high:.3f})"
