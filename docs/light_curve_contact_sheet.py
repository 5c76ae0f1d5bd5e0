"""A sheet of simulated light curves, some of every kind, periodic ones folded with their true period."""

from __future__ import annotations

import io
from typing import Any

import matplotlib

matplotlib.use("Agg")
import numpy as np
from matplotlib.figure import Figure

from skysieve.sources.simulators.light_curves import (
    CURVE_KINDS,
    CURVE_SURVEYS,
    SimulatedCurves,
    simulate_light_curves,
)

__all__ = ["light_curve_contact_sheet"]

EXAMPLES, SEED = 4, 3
SURVEYS = ("crts", "crts", "ztf", "ztf")
COLOURS = {"V": "#1f4e9c", "g": "#2e8b57", "r": "#c0392b"}


def light_curve_contact_sheet() -> bytes:
    """Return the sheet as PNG: a row a kind, two curves as of CRTS and two as of ZTF."""
    figure = Figure(figsize=(11, 1.75 * len(CURVE_KINDS)), layout="constrained")
    figure.suptitle(
        "SIMULATED light curves: left two as of CRTS (V), right two as of ZTF (g green, r red)", size=10
    )
    axes = figure.subplots(len(CURVE_KINDS), EXAMPLES)
    for row, kind in enumerate(CURVE_KINDS):
        for column, survey in enumerate(SURVEYS):
            start = EXAMPLES * row + column
            one = simulate_light_curves(1, seed=SEED, kinds=[kind], survey=CURVE_SURVEYS[survey], start=start)
            _draw(axes[row, column], one)
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=80, metadata={"Software": None})
    return file.getvalue()


def _draw(axes: Any, one: SimulatedCurves) -> None:
    kind, period = str(one.kind[0]), float(one.truth["period"][0])
    folded = np.isfinite(period) and kind != "LPV"
    curves = one.curves
    time = (curves.time - one.truth["epoch"][0]) / period % 1.0 if folded else curves.time
    for number, band in enumerate(curves.bands):
        own = curves.band == number
        for turn in (0, 1) if folded else (0,):
            axes.errorbar(
                time[own] + turn,
                curves.value[own],
                curves.error[own],
                fmt=".",
                markersize=2,
                elinewidth=0.3,
                color=COLOURS[band],
            )
    low, high = np.percentile(curves.value, [0.5, 99.5])
    axes.set_ylim(high + 0.15 * (high - low), low - 0.15 * (high - low))
    axes.set_title(f"{kind}, {period:.4g} d" if np.isfinite(period) else kind, size=8, pad=2)
    axes.tick_params(labelsize=6)
    axes.set_xlabel("phase" if folded else "MJD", size=6, labelpad=0)
