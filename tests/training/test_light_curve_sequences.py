"""Columns of the sequences that light curves become; and thinning."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.samples.light_curves import LightCurves
from skysieve.training.light_curve_sequences import light_curve_sequences
from skysieve.training.thinning import Thinning

torch.set_num_threads(1)


def two_bands() -> LightCurves:
    return LightCurves(
        np.array([0, 3, 5]),
        np.array([10.0, 11, 14, 3, 4]),
        np.array([15.0, 16, 17, 18, 19]),
        np.array([0.1, np.nan, 0.3, 0.4, 0.5]),
        np.array([0, 1, 0, 1, 1], dtype=np.int16),
        ("g", "r"),
        np.array(["a", "b"]),
    )


def test_columns() -> None:
    sequences = light_curve_sequences(two_bands(), errors=True, batch_tokens=9)
    nan = np.nan
    expected = [
        [0, 15, 0.1, 1, 0],
        [1, 16, nan, 0, 1],
        [4, 17, 0.3, 1, 0],
        [0, 18, 0.4, 0, 1],
        [1, 19, 0.5, 0, 1],
    ]
    np.testing.assert_allclose(sequences.steps, expected, rtol=1e-6)
    assert sequences.batch_tokens == 9
    assert light_curve_sequences(two_bands(), bands="none").shape == (2, 2)
    values = light_curve_sequences(two_bands(), bands="values").steps
    np.testing.assert_array_equal(values[:, 1], [15, nan, 17, nan, nan])
    np.testing.assert_array_equal(values[:, 2], [nan, 16, nan, 18, 19])


def test_order_of_bands_can_be_stated() -> None:
    steps = light_curve_sequences(two_bands(), band_names=("i", "r", "g")).steps
    np.testing.assert_array_equal(steps[:2, 2:], [[0, 0, 1], [0, 1, 0]])
    with pytest.raises(SampleSetError, match="'g'"):
        light_curve_sequences(two_bands(), band_names=("i", "r"))


def test_phases_are_sorted_within_each_curve() -> None:
    steps = light_curve_sequences(two_bands(), bands="none", periods=np.array([3.5, 2.0])).steps
    np.testing.assert_allclose(steps[:3], [[0, 15], [0.5 / 3.5, 17], [1 / 3.5, 16]], rtol=1e-6)
    np.testing.assert_allclose(steps[3:], [[0, 18], [0.5, 19]])


@pytest.mark.parametrize("periods", [np.array([1.0]), np.array([1.0, 0.0]), np.array([np.nan, 1.0])])
def test_periods_that_cannot_be(periods: np.ndarray) -> None:
    with pytest.raises(SampleSetError, match="positive period"):
        light_curve_sequences(two_bands(), periods=periods)


@pytest.mark.parametrize(
    "arguments", [{"bands": "values", "errors": True}, {"bands": "colour"}], ids=["errors", "name"]
)
def test_columns_that_cannot_be(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="bands"):
        light_curve_sequences(two_bands(), **arguments)


def test_curves_that_cannot_be_are_named() -> None:
    with pytest.raises(SampleSetError, match="first id b"):
        light_curve_sequences(LightCurves.from_lists([[1.0], []], [[1.0], []], ids=["a", "b"]))
    with pytest.raises(SampleSetError, match="light curve b go back"):
        light_curve_sequences(
            LightCurves.from_lists([[9.0], [2.0, 1.0]], [[1.0], [1.0, 1.0]], ids=["a", "b"])
        )


def test_thinning_keeps_the_share_the_order_and_whole_points() -> None:
    lengths, x = (40, 10, 3), torch.full((3, 40, 2), torch.nan)
    for row, length in enumerate(lengths):
        x[row, :length] = torch.arange(length)[:, None].float()
    thin = Thinning(keep=(0.5, 0.5), least=4)
    found = thin(x, torch.Generator().manual_seed(0))
    kept = [row[~row[:, 0].isnan()] for row in found]
    assert [len(row) for row in kept] == [20, 5, 3]
    assert found.shape == (3, 20, 2)
    for row in kept:
        assert torch.equal(row[:, 0], row[:, 1])
        assert (row[:, 0].diff() > 0).all()
    again, other = (thin(x, torch.Generator().manual_seed(seed)) for seed in (0, 1))
    assert torch.equal(again.nan_to_num(-1), found.nan_to_num(-1))
    assert not torch.equal(other.nan_to_num(-1), found.nan_to_num(-1))


def test_shares_of_thinning_are_drawn_between_the_two() -> None:
    x = torch.arange(100.0).expand(300, 100)[..., None]
    found = Thinning(keep=(0.2, 0.8), least=1)(x, torch.Generator().manual_seed(0))
    counts = (~found[..., 0].isnan()).sum(1)
    assert 18 <= counts.min() < 28
    assert 72 < counts.max() <= 81


@pytest.mark.parametrize("arguments", [{"keep": (0.0, 1.0)}, {"keep": (0.9, 0.5)}, {"least": 0}])
def test_thinning_that_cannot_be(arguments: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError, match="thinning"):
        Thinning(**arguments)
