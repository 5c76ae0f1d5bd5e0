"""Curves of the experiment on simulated galaxies of low surface brightness, as SVG to put into a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from skysieve.evaluation.plot_style import figure_to_svg, new_figure, styled
from skysieve.evaluation.uncertainty_plots import SERIES

__all__ = ["noise_curves", "roc_curves"]

Band = Mapping[str, Sequence[float]]


def roc_curves(fpr: Sequence[float], bands: Mapping[str, Band]) -> str:
    """Return ROC curves, each with the band of its intervals, as SVG."""
    return figure_to_svg(_roc(fpr, bands), name="lsbg-roc", description="ROC curves, simulated samples")


def noise_curves(
    curves: Mapping[str, Sequence[Mapping[str, Any]]], published: Mapping[str, Mapping[float, float]]
) -> str:
    """Return accuracies over the share of wrong labels, ours with bands beside the published ones, as SVG."""
    return figure_to_svg(
        _noise(curves, published),
        name="lsbg-noise",
        description="Accuracy with wrong labels, simulated samples",
    )


@styled
def _roc(fpr: Sequence[float], bands: Mapping[str, Band]) -> Figure:
    figure, axes = new_figure(6.4, 4.2)
    for number, (name, band) in enumerate(bands.items()):
        colour = SERIES[number % len(SERIES)]
        axes.fill_between(fpr, band["low"], band["high"], color=colour, alpha=0.16, linewidth=0)
        axes.plot(fpr, band["value"], color=colour, label=name)
    axes.set(xlabel="artefacts called galaxies", ylabel="galaxies found", xlim=(0, 0.5), ylim=(0.4, 1.005))
    axes.legend(frameon=False, loc="lower right", fontsize=8)
    return figure


@styled
def _noise(
    curves: Mapping[str, Sequence[Mapping[str, Any]]], published: Mapping[str, Mapping[float, float]]
) -> Figure:
    figure, axes = new_figure(6.4, 4.2)
    for number, name in enumerate(each for each in published if each in curves):
        colour, points = SERIES[number % len(SERIES)], curves[name]
        shares = [100 * point["fraction"] for point in points]
        low, value, high = (
            [point["figures"]["accuracy"][edge] for point in points] for edge in ("low", "value", "high")
        )
        axes.fill_between(shares, low, high, color=colour, alpha=0.16, linewidth=0)
        axes.plot(shares, value, "o-", color=colour, markersize=4, label=name.replace(" to ", " → "))
        theirs = published[name]
        axes.plot([100 * each for each in theirs], list(theirs.values()), "--", color=colour, linewidth=1)
    axes.set(xlabel="wrong labels in training, percent", ylabel="accuracy on clean labels")
    axes.legend(frameon=False, fontsize=8)
    return figure
