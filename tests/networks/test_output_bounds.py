"""Outputs are compared as far as their calibration lets rounding be seen."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from skysieve.evaluation.calibration import Isotonic, Softmax, Temperature
from skysieve.networks.output_bounds import output_bounds
from skysieve.networks.vetter import Vetter

STEEP = Isotonic((0.0, 1e-5), (0.1, 0.9))


def moved(vetter: Vetter, samples: np.ndarray, by: float) -> np.ndarray:
    """Return outputs of logits that all are off by as much, in turns up and down."""
    shifts = by * (-1.0) ** np.arange(samples.size).reshape(samples.shape)
    with torch.inference_mode():
        return vetter(torch.from_numpy((samples + shifts).astype(np.float32))).numpy()


@pytest.mark.parametrize(
    ("calibrate", "columns"),
    [(STEEP, 1), (Temperature(0.01, bias=1.0), 1), (None, 1), (Softmax(), 3), (Temperature(0.01), 4)],
)
def test_logits_within_the_tolerance_hold_and_others_do_not(calibrate: object, columns: int) -> None:
    vetter = Vetter(nn.Identity(), calibrate=calibrate)  # type: ignore[arg-type]
    samples = np.random.default_rng(1).normal(0.0, 3e-6, (200, columns)).astype(np.float32)
    bounds = output_bounds(vetter, samples, tolerance=1e-5)
    assert bounds.hold(bounds.expected)
    assert bounds.hold(moved(vetter, samples, 0.9e-5))
    assert not bounds.hold(moved(vetter, samples, 1e-3))


def test_a_steep_calibration_moves_probabilities_further_than_the_tolerance() -> None:
    vetter = Vetter(nn.Identity(), calibrate=STEEP)
    samples = np.full((1, 1), 5e-6, np.float32)
    found = moved(vetter, samples, 1e-7)
    bounds = output_bounds(vetter, samples, tolerance=1e-6)
    assert np.abs(found - bounds.expected).max() > 1e-3
    assert bounds.hold(found)


def test_where_the_calibration_is_flat_outputs_must_be_the_same() -> None:
    vetter = Vetter(nn.Identity(), calibrate=STEEP)
    bounds = output_bounds(vetter, np.full((1, 1), 3.0, np.float32), tolerance=1e-5)
    assert bounds.high - bounds.low == pytest.approx(2e-5, rel=0.05)


def test_nan_lies_outside() -> None:
    bounds = output_bounds(nn.Identity(), np.zeros((2, 1), np.float32), tolerance=1e-5)
    assert not bounds.hold(np.array([[0.0], [np.nan]], np.float32))


def test_outputs_of_any_other_module_are_compared_as_they_are() -> None:
    samples = np.array([[200.0], [0.0]], np.float32)
    bounds = output_bounds(nn.Identity(), samples, tolerance=1e-5)
    assert bounds.hold(samples + np.float32(1e-3))
    assert not bounds.hold(samples + np.float32(3e-3))
