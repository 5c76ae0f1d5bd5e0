"""Figures of what was measured on galaxies, from the files that ``make experiments`` leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from skysieve.evaluation.plot_style import BLUE, GREY, INK, styled

__all__ = ["parts"]

RESULTS = Path(__file__).parents[1] / "experiments" / "results"


def parts() -> dict[str, bytes]:
    """Return the figures by file name; what was not measured has an empty one that says so."""
    return {
        "efigi-confusion.png": _png("efigi", _confusions),
        "galaxy-zoo-votes.png": _png("galaxy_zoo_votes", _votes),
    }


def _png(name: str, draw: Any) -> bytes:
    path = RESULTS / f"{name}.json"
    figure = draw(json.loads(path.read_text())) if path.is_file() else _empty(name)
    written = BytesIO()
    # No date and no version of matplotlib in the file: the same figures are the same bytes.
    figure.savefig(written, format="png", dpi=130, metadata={"Software": None})
    return written.getvalue()


@styled
def _empty(name: str) -> Figure:
    figure = Figure(figsize=(6, 1), layout="constrained")
    figure.text(0.5, 0.5, f"Not measured: experiments/{name}.py measures it.", ha="center")
    return figure


@styled
def _confusions(found: Mapping[str, Any]) -> Figure:
    results = dict(sorted(found["results"].items()))
    classes = [name.replace("_", "\n") for name in found["classes"]]
    figure = Figure(figsize=(4.3 * len(results) + 0.6, 4.2), layout="constrained")
    for column, (name, told) in enumerate(results.items(), start=1):
        axes = figure.add_subplot(1, len(results), column)
        _confusion(axes, np.asarray(told["confusion"], dtype=float), classes)
        axes.set_title(f"{name}: {told['figures']['accuracy']['value']:.3f} right", color=INK, fontsize=10)
        axes.set_xlabel("called")
        if column == 1:
            axes.set_ylabel("type of the experts")
    return figure


def _confusion(axes: Axes, matrix: Any, classes: list[str]) -> None:
    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    axes.grid(visible=False)
    for row, column in np.ndindex(matrix.shape):
        colour = "white" if shares[row, column] > 0.5 else INK
        axes.text(
            column, row, f"{shares[row, column]:.2f}", ha="center", va="center", color=colour, fontsize=8
        )
    axes.set_xticks(range(len(classes)), classes, fontsize=7.5)
    axes.set_yticks(range(len(classes)), classes, fontsize=7.5)


@styled
def _votes(found: Mapping[str, Any]) -> Figure:
    told = found["results"]["dirichlet-multinomial"]["classes"]
    figure = Figure(figsize=(3.1 * len(told), 3.2), layout="constrained")
    for column, (name, of) in enumerate(told.items(), start=1):
        axes = figure.add_subplot(1, len(told), column)
        tenths = of["tenths"]
        x, y, low, high = (
            np.array([each[key] for each in tenths]) for key in ("predicted", "counted", "low", "high")
        )
        axes.plot([0, 1], [0, 1], color=GREY, linewidth=1, linestyle=(0, (3, 3)))
        axes.vlines(x, low, high, color=BLUE, alpha=0.35, linewidth=4)
        axes.plot(x, y, "o", color=BLUE, markersize=4.5)
        axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal", xlabel="predicted share")
        axes.set_title(name.replace("_", " "), color=INK, fontsize=10)
        if column == 1:
            axes.set_ylabel("share of the people")
    return figure
