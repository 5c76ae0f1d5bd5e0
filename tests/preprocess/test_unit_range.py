"""Grey levels to 0..1."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from skysieve.preprocess import STEPS, Pipeline
from skysieve.preprocess.unit_range import UnitRange


def test_every_grey_level_is_that_level_over_255() -> None:
    levels = np.arange(256, dtype=np.uint8)
    images = levels.astype(np.float32).reshape(1, 1, 16, 16)
    expected = np.array([level / 255 for level in range(256)], dtype=np.float32)
    for found in (UnitRange()(images), UnitRange()(torch.from_numpy(images)).numpy()):
        assert found.dtype == np.float32
        assert found.shape == images.shape
        np.testing.assert_array_equal(found.ravel(), expected)


def test_nothing_is_clipped() -> None:
    found = UnitRange(full_scale=2.0)(np.array([-2.0, 8.0], dtype=np.float32))
    np.testing.assert_array_equal(found, [-1.0, 4.0])


def test_what_was_never_measured_is_the_grey_of_no_difference() -> None:
    images = np.array([np.nan, np.inf, -3.4e38, 204.0], dtype=np.float32)
    assert set(UnitRange()(images).tolist()) == {float(np.float32(0.8))}
    assert UnitRange(masked=51.0)(torch.from_numpy(images))[0].item() == pytest.approx(0.2)


def test_integers_of_numpy_and_torch_become_floats_too() -> None:
    assert UnitRange()(torch.tensor([255], dtype=torch.uint8)).item() == 1.0
    assert UnitRange()(np.array([255], dtype=np.uint8)).item() == 1.0


def test_is_stored_in_a_model_with_its_scale() -> None:
    assert STEPS.get("unit-range") is UnitRange
    described = Pipeline((UnitRange(4095.0),)).to_json()
    assert described == [{"step": "unit-range", "full_scale": 4095.0, "masked": 204.0}]
    again = Pipeline.from_json(described)
    assert again(np.float32([4095.0]).reshape(1, 1, 1, 1)).item() == pytest.approx(1.0)
