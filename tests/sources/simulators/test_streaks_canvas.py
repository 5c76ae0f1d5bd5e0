"""The conditions that canvases are drawn with, beside those of the real cutouts."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from skysieve.sources.simulators.camera import Camera
from skysieve.sources.simulators.streaks.canvas import draw_canvas

MEASURED = Path(__file__).parents[3] / "experiments" / "results" / "real_streaks.json"


def test_widths_are_those_that_are_told() -> None:
    rng, camera = np.random.default_rng(1), Camera()
    drawn = np.quantile([draw_canvas(camera, rng, 8).fwhm for _ in range(2000)], (0.25, 0.5, 0.75))
    assert drawn == pytest.approx([1.7, 1.9, 2.2], abs=0.05)
    real = json.loads(MEASURED.read_text())["trails"]["fwhm"]
    assert [round(real[name], 1) for name in ("lower_quartile", "median", "upper_quartile")] == [
        1.6,
        1.9,
        2.5,
    ]
