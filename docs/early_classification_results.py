"""Table and curves of early classification from ``experiments/results/crts_networks.json``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markdown_table import cell, table
from matplotlib.figure import Figure

from skysieve.evaluation.plot_style import figure_to_svg, new_figure, styled
from skysieve.evaluation.uncertainty_plots import SERIES

__all__ = ["parts"]

RESULTS = Path(__file__).parents[1] / "experiments" / "results"

Classifiers = Mapping[str, Mapping[str, Any]]


def parts() -> dict[str, str]:
    """Return the parts by file name."""
    names = ("early-classification.md", "early-classification-curves.md")
    path = RESULTS / "crts_networks.json"
    early = json.loads(path.read_text())["early"] if path.is_file() else {"classifiers": {}}
    if not early["classifiers"]:
        return dict.fromkeys(
            names, "Not run yet: `python experiments/crts_networks.py --only early` measures it.\n"
        )
    return dict(zip(names, (_told(early), _drawn(early["classifiers"])), strict=True))


def _told(early: Mapping[str, Any]) -> str:
    classifiers: Classifiers = early["classifiers"]
    first = next(iter(classifiers.values()))["truncations"]
    head = [
        "classifier",
        *(f"{cut['name']} ({cut['points']:.0f} points)" for cut in first),
        "settled at 50 %",
    ]
    rows = []
    for name, found in classifiers.items():
        settled = [_interval(cut["settled"]) for cut in found["truncations"] if cut["name"] == "50 %"]
        accuracies = [_interval(cut["accuracy"]) for cut in found["truncations"]]
        rows.append([cell(name), *accuracies, *(settled or [""])])
    return (
        f"Accuracy; {cell(early['protocol'])}. Settled: named as on the whole curve.\n\n{table(head, rows)}"
    )


def _interval(of: Mapping[str, float]) -> str:
    return f"{of['value']:.3f} ({of['low']:.3f} to {of['high']:.3f})"


def _drawn(classifiers: Classifiers) -> str:
    svg = figure_to_svg(
        _curves(classifiers),
        name="early-classification",
        description="Accuracy over the points of a curve that were seen",
    )
    return (
        "```{raw} html\n"
        '<figure style="max-width: 38rem; margin: 1rem 0; padding: .6rem; background: #fff; color: #222">\n'
        f"{svg}\n<figcaption>Accuracy over the median of the points that were "
        "seen, with bands of 95 %; dashed: trained on whole curves only.</figcaption>\n</figure>\n```\n"
    )


@styled
def _curves(classifiers: Classifiers) -> Figure:
    figure, axes = new_figure(6.4, 4.2)
    kinds = list(dict.fromkeys(name.split(",")[0] for name in classifiers))
    for name, found in classifiers.items():
        kind, whole = name.split(",")[0], "whole" in name
        colour = SERIES[kinds.index(kind) % len(SERIES)]
        points = [cut["points"] for cut in found["truncations"]]
        low, value, high = (
            _edge([cut["accuracy"] for cut in found["truncations"]], edge)
            for edge in ("low", "value", "high")
        )
        axes.fill_between(points, low, high, color=colour, alpha=0.16, linewidth=0)
        style = {"linestyle": "--", "linewidth": 1.0} if whole else {"label": kind, "marker": "o"}
        axes.plot(points, value, color=colour, markersize=4, **style)
    axes.set(xlabel="points seen (median)", ylabel="accuracy", xscale="log")
    axes.legend(frameon=False, loc="lower right", fontsize=8)
    return figure


def _edge(accuracies: Sequence[Mapping[str, float]], edge: str) -> list[float]:
    return [accuracy[edge] for accuracy in accuracies]
