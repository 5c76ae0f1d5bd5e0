"""Grey levels to units of the sky noise."""

from __future__ import annotations

import numpy as np
import torch

from skysieve.preprocess import STEPS, Pipeline
from skysieve.preprocess.sky_noise_units import SkyNoiseUnits
from skysieve.sources.simulators.streaks.stretch import to_grey


def test_the_stretch_of_a_difference_is_undone_to_half_a_grey_level():
    difference = np.random.default_rng(1).uniform(-2.4, 9.9, (2, 1, 8, 8)).astype(np.float32)
    grey = to_grey(difference).astype(np.float32)
    for found in (SkyNoiseUnits()(grey), SkyNoiseUnits()(torch.from_numpy(grey)).numpy()):
        np.testing.assert_allclose(found, difference, atol=0.51 / 20.4)


def test_what_was_never_measured_is_empty_sky():
    images = np.array([np.nan, np.inf, -3.4e38, 204.0], dtype=np.float32)
    assert SkyNoiseUnits()(images).tolist() == [0.0, 0.0, 0.0, 0.0]


def test_is_stored_in_a_model_with_its_numbers():
    assert STEPS.get("sky-noise-units") is SkyNoiseUnits
    described = Pipeline((SkyNoiseUnits(sky=100.0, levels_per_sigma=10.0),)).to_json()
    assert described == [{"step": "sky-noise-units", "sky": 100.0, "levels_per_sigma": 10.0}]
    assert Pipeline.from_json(described)(np.float32([[[[90.0]]]])).item() == 1.0
