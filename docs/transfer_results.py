"""Tables and curves of the transfer between surveys, from the file that ``make experiments`` leaves."""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib as mpl
from markdown_table import cell, code, table
from matplotlib.figure import Figure

from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.plot_style import MUTED, STYLE
from skysieve.evaluation.transfer_plots import draw_transfer

__all__ = ["parts"]

RESULT = Path(__file__).parents[1] / "experiments" / "results" / "lsbg_transfer.json"
ABSENT = "Not measured in this version; `python experiments/lsbg_transfer.py` measures it.\n"

QUANTITIES = {"accuracy": "accuracy at 0.5", "roc_auc": "ROC AUC"}
DISTANCES = {
    "ks": ("scores", "Kolmogorov-Smirnov"),
    "wasserstein": ("scores", "Wasserstein"),
    "psi": ("scores", "population stability index"),
    "frechet": ("embeddings", "Fréchet"),
    "mmd": ("embeddings", "maximum mean discrepancy"),
    "auc": ("embeddings", "ROC AUC, source against target"),
}

Found = Mapping[str, Any]


def parts() -> dict[str, str | bytes]:
    """Return the parts by file name."""
    found: Found = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    return {
        "transfer-curve.md": _curve(found) if found else ABSENT,
        "transfer-shift.md": _shift(found) if found else ABSENT,
        "transfer-curve.png": _picture(found),
    }


def _curve(found: Found) -> str:
    """Return the figures of every strategy at every number of samples, published ones below."""
    rows = []
    for network, told in found["networks"].items():
        home = told["at_home"]
        rows.append([code(network), "on the source itself", "", *map(_interval, _both(home)), "", ""])
        for point in told["points"]:
            gain, beside = point["change"], point["over_scratch"]
            rows.append(
                [
                    code(network),
                    cell(point["strategy"]),
                    f"{point['size']:,}",
                    *map(_interval, _both(point["figures"])),
                    _difference(gain.get("accuracy")),
                    _difference(beside.get("accuracy")),
                ]
            )
    for each in found["published"]:
        name = "as it is" if not each["size"] else "whole"
        figures = (f"{each[quantity]:.3f}" for quantity in QUANTITIES)
        rows.append(["published, real pictures", name, f"{each['size']:,}", *figures, "", ""])
    head = [
        "network", "learned on", "target samples", *QUANTITIES.values(), "accuracy gained",
        "accuracy over scratch",
    ]  # fmt: skip
    return f"**SIMULATED labels and pictures.** {cell(found['protocol'])}.\n\n" + table(head, rows)


def _shift(found: Found) -> str:
    """Return the distances between the surveys, before and after."""
    rows = []
    for network, told in found["networks"].items():
        for of, (part, title) in DISTANCES.items():
            for name, shifts in told["shift"].items():
                each = shifts[part][of]
                rows.append(
                    [
                        code(network),
                        f"{part}: {title}",
                        cell(name),
                        f"{each['value']:.3f}",
                        f"{each['null']:.3f} ({each['null_high']:.3f})",
                        f"{each['p_value']:.2g}",
                    ]
                )
    head = ["network", "distance", "after", "value", "chance (95 %)", "p"]
    return "**SIMULATED pictures.**\n\n" + table(head, rows)


def _picture(found: Found) -> bytes:
    """Return the curves: a row a network, accuracy and area under the ROC curve side by side."""
    networks = found.get("networks", {})
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(8.6, 3.5 * max(len(networks), 1)), layout="constrained")
        grid = figure.subplots(max(len(networks), 1), len(QUANTITIES), squeeze=False)
        for row, (network, told) in zip(grid, networks.items(), strict=False):
            for axes, (of, title) in zip(row, QUANTITIES.items(), strict=True):
                series, draws = _series(told["points"], of)
                draw_transfer(axes, series, draws, quantity=title)
                axes.set_title(f"{network}, SIMULATED", fontsize=9, color=MUTED, loc="left")
        if not networks:
            for axes in grid.flat:
                axes.set_axis_off()
                axes.text(0.5, 0.5, "not measured yet", ha="center", color=MUTED)
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=120, metadata={"Software": None})
    return buffer.getvalue()


def _series(
    points: list[Found], of: str
) -> tuple[dict[str, dict[int, Interval]], dict[str, dict[int, list[float]]]]:
    series: dict[str, dict[int, Interval]] = {}
    draws: dict[str, dict[int, list[float]]] = {}
    start = {0: Interval(**points[0]["figures"][of])}
    for point in points[1:]:
        name = point["strategy"]
        series.setdefault(name, {} if name == "scratch" else dict(start))
        series[name][point["size"]] = Interval(**point["figures"][of])
        draws.setdefault(name, {})[point["size"]] = point["draws"][of]
    return series, draws


def _both(figures: Found) -> list[Found]:
    return [figures[each] for each in QUANTITIES]


def _interval(told: Found) -> str:
    return f"{told['value']:.3f} ({told['low']:.3f} to {told['high']:.3f})"


def _difference(told: Found | None) -> str:
    return f"{told['value']:+.3f} ({told['low']:+.3f} to {told['high']:+.3f})" if told else ""
