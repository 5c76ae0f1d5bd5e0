"""Figures of a sieve: its errors, its regions, what it finds; each function returns a ``Figure``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.ticker import FuncFormatter

from skysieve.errors import ConfigurationError
from skysieve.evaluation.completeness import CompletenessPurity
from skysieve.evaluation.plot_parts import draw_confusion_cells, note, small_multiples
from skysieve.evaluation.plot_style import BLUE, COLOURS, GREEN, INK, MUTED, ORANGE, new_figure, styled
from skysieve.evaluation.sieve_evaluation import Confusion, KindShare
from skysieve.evaluation.sieve_ticks import few_digits
from skysieve.evaluation.sieve_venn import VennCounts

__all__ = [
    "completeness_plot",
    "confusion_matrices",
    "kind_bars",
    "known_objects_plot",
    "venn_plot",
]

MOST_FOUND = 3000
RULE_COLOURS = (BLUE, ORANGE, GREEN, "#8f63b8")


@styled
def confusion_matrices(
    matrices: Mapping[str, Confusion], classes: Mapping[str, tuple[str, str]], *, across: int = 3
) -> Figure:
    """Draw several 2 x 2 confusion matrices, shaded by the share of the row.

    Parameters
    ----------
    matrices : mapping of str to ((int, int), (int, int))
        Title to counts, true class in rows, called class in columns.
    classes : mapping of str to (str, str)
        Title to the names of its classes 0 and 1.
    across : int
        Matrices side by side.

    Raises
    ------
    ConfigurationError
        If there is none.
    """
    if not matrices:
        raise ConfigurationError("no confusion matrix to draw; expected at least one")
    figure, grid = small_multiples(len(matrices), across=across, height=1.7, margin=(0.1, 0.1))
    for axes, (title, matrix) in zip(grid.flat, matrices.items(), strict=False):
        _matrix(axes, title, matrix, classes[title])
    return figure


@styled
def venn_plot(
    counts: VennCounts, *, names: Mapping[str, str] | None = None, by_truth: bool = False
) -> Figure:
    """Draw what three filters let pass, alone and together.

    The circles are of equal size whatever they hold: areas say nothing, the numbers
    do. What passes no filter stands below.

    Parameters
    ----------
    counts : VennCounts
        Of three filters.
    names : mapping of str to str, optional
        Filter to the name written at its circle.
    by_truth : bool
        Write ``plausible + other`` under each total.

    Raises
    ------
    ConfigurationError
        If there are not three filters.
    """
    if len(counts.filters) != 3:
        raise ConfigurationError(f"{len(counts.filters)} filters; a Venn diagram is drawn of three")
    figure, axes = new_figure(4.8, 4.6)
    angles = np.deg2rad([90, 210, 330])
    outwards = np.column_stack([np.cos(angles), np.sin(angles)])
    colours = dict(zip(counts.filters, RULE_COLOURS, strict=False))
    for name, centre in zip(counts.filters, 0.62 * outwards, strict=True):
        axes.add_patch(Circle(centre, 1.0, facecolor=colours[name], alpha=0.16, linewidth=0))
        axes.add_patch(Circle(centre, 1.0, fill=False, edgecolor=colours[name], linewidth=1.6))
    for region in counts.regions:
        inside = np.array([name in region.passed for name in counts.filters])
        if not inside.any():
            place = np.array([0.0, -1.62])
        else:
            reach = {1: 1.02, 2: 0.62 * 1.25, 3: 0.0}[int(inside.sum())]
            pull = outwards[inside].sum(axis=0)
            place = reach * pull / max(float(np.hypot(*pull)), 1e-9)
        _region(axes, place, region.total, (region.plausible, region.other) if by_truth else None, inside)
    labels = names or {}
    for name, (x, y) in zip(
        counts.filters,
        ((0.0, 1.86), (-1.42, -1.42), (1.42, -1.42)),
        strict=True,
    ):
        total = counts.passing(name).total
        axes.text(
            x, y, f"{labels.get(name, name)}\n{total:,}", ha="center", va="center",
            color=colours[name], fontweight="bold", linespacing=1.4,
        )  # fmt: skip
    axes.set(xlim=(-1.95, 1.95), ylim=(-1.85, 2.08), aspect="equal")
    axes.set_axis_off()
    return figure


@styled
def completeness_plot(
    found: Mapping[str, CompletenessPurity], *, label: str = "", logarithmic: bool = False
) -> Figure:
    """Draw the share of the plausible streaks found, against a column, one line a rule.

    Parameters
    ----------
    found : mapping of str to CompletenessPurity
        Rule to its bins; bins without a plausible streak are left out.
    label : str
        Of the column, with its unit; the name of the column if empty.
    logarithmic : bool
        Whether the column is drawn so.

    Raises
    ------
    ConfigurationError
        If there is no rule.
    """
    if not found:
        raise ConfigurationError("no rule to draw the completeness of; expected at least one")
    figure, axes = new_figure()
    lowest, column = 1.0, ""
    for i, (rule, each) in enumerate(found.items()):
        column, bins = each.column, [one for one in each.bins if one.n_real]
        if not bins:
            continue
        colour = RULE_COLOURS[i % len(RULE_COLOURS)]
        edges = np.array([[one.low, one.high] for one in bins])
        part = 0.5 + 0.08 * (i - (len(found) - 1) / 2)
        at = edges[:, 0] ** (1 - part) * edges[:, 1] ** part if logarithmic else edges @ [1 - part, part]
        shares = [one.completeness for one in bins]
        axes.vlines(at, [s.low for s in shares], [s.high for s in shares], color=colour, alpha=0.55)
        axes.plot(at, [s.value for s in shares], "o-", color=colour, markersize=4.5)
        note(axes, 0.02 + i / max(len(found), 3), 1.04, rule, colour, align="left")
        lowest = min(lowest, *(s.low for s in shares))
    axes.set(xlabel=label or column, ylabel="share found", ylim=(max(lowest - 0.04, -0.02), 1.015))
    if logarithmic:
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: few_digits(value)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.3g} %"))
    return figure


@styled
def kind_bars(kinds: Sequence[KindShare], rules: Sequence[str]) -> Figure:
    """Draw what share of each kind of implausible streak gets through, one bar a rule.

    Parameters
    ----------
    kinds : sequence of KindShare
        Plausible kinds are left out.
    rules : sequence of str
        The rules, the first on top of each group of bars.

    Raises
    ------
    ConfigurationError
        If nothing is left to draw.
    """
    others = [kind for kind in kinds if not kind.plausible]
    if not others or not rules:
        raise ConfigurationError(
            f"{len(others)} kinds of other streaks, {len(rules)} rules; expected one or more"
        )
    figure, axes = new_figure(4.8, 1.1 + (0.2 + 0.16 * len(rules)) * len(others))
    height = 0.76 / len(rules)
    for i, rule in enumerate(rules):
        colour = RULE_COLOURS[i % len(RULE_COLOURS)]
        shares = [kind.rules[rule] for kind in others]
        at = np.arange(len(others)) + height * (i - (len(rules) - 1) / 2)
        axes.barh(at, [s.value for s in shares], 0.82 * height, color=colour, alpha=0.75)
        axes.hlines(at, [s.low for s in shares], [s.high for s in shares], color=colour, linewidth=1.2)
        note(axes, i / max(len(rules), 3), 1.03, rule, colour, align="left")
    axes.set_yticks(range(len(others)), [f"{kind.kind}  ({kind.n:,})" for kind in others])
    axes.set(xlabel="share that gets through", ylim=(len(others) - 0.5, -0.5))
    axes.set_xlim(left=0)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
    return figure


@styled
def known_objects_plot(
    magnitude: npt.ArrayLike,
    rate: npt.ArrayLike,
    found: npt.ArrayLike,
    *,
    x_label: str = "rate of motion (deg/day)",
    logarithmic: bool = True,
) -> Figure:
    """Draw known objects by magnitude and rate of motion, those missed on top in orange.

    Parameters
    ----------
    magnitude, rate : array_like of float, shape (N,)
        Of the objects; those with a value that is not finite are left out.
    found : array_like of bool, shape (N,)
        Whether the sieve let the object pass.
    x_label : str
        Of the second column, if it is another one (length in pixels).
    logarithmic : bool
        Whether that column is drawn so.
    """
    y, x, passed = np.asarray(magnitude, float), np.asarray(rate, float), np.asarray(found, dtype=bool)
    shown = np.isfinite(x) & np.isfinite(y)
    figure, axes = new_figure()
    size = float(np.clip(1500 / max(int(shown.sum()), 1), 4, 20))
    hits, misses = np.flatnonzero(shown & passed), np.flatnonzero(shown & ~passed)
    drawn = hits[:: -(-hits.size // MOST_FOUND) or 1]
    axes.scatter(x[drawn], y[drawn], size, color=BLUE, alpha=0.45, linewidths=0)
    axes.scatter(
        x[misses], y[misses], 1.6 * size, color=ORANGE, edgecolors=COLOURS["surface"], linewidths=0.3
    )
    if logarithmic and shown.any():
        axes.set_xscale("log")
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.xaxis.set_minor_formatter(FuncFormatter(lambda value, _: few_digits(value)))
    axes.set(xlabel=x_label, ylabel="magnitude")
    axes.invert_yaxis()
    note(axes, 0.02, 1.04, f"missed {misses.size:,}", ORANGE, align="left")
    thinned = f", {drawn.size:,} of them drawn" if drawn.size < hits.size else ""
    note(axes, 0.32, 1.04, f"found {hits.size:,}{thinned}", BLUE, align="left")
    return figure


def _matrix(axes: Axes, title: str, matrix: Confusion, classes: tuple[str, str]) -> None:
    draw_confusion_cells(axes, matrix, size=10, share_size=7.5, drop=0.24)
    axes.set_title(title, fontsize=9, color=INK, fontweight="bold")
    axes.set_xticks((0, 1), classes)
    axes.set_yticks((0, 1), classes, rotation=90, va="center")
    axes.set_xlabel("called", fontsize=7.5)
    axes.set_ylabel("true", fontsize=7.5)
    axes.tick_params(labelsize=7.5)


def _region(
    axes: Axes,
    place: npt.NDArray[np.float64],
    total: int,
    truth: tuple[int, int] | None,
    inside: npt.NDArray[np.bool_],
) -> None:
    all_of_them, x, y = bool(inside.all()), float(place[0]), float(place[1])
    text = f"{total:,}" if inside.any() else f"none: {total:,}"
    axes.text(
        x, y + (0.09 if truth else 0), text, ha="center", va="center",
        fontsize=11 if all_of_them else 9.5, fontweight="bold" if all_of_them else "normal",
        color=INK if inside.any() else MUTED,
    )  # fmt: skip
    if truth is not None:
        plausible, other = truth
        axes.text(
            x, y - 0.1, f"{plausible:,} + {other:,}", ha="center", va="center", fontsize=7.5, color=MUTED
        )
