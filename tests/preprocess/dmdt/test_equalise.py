"""Edges by histogram equalisation."""

from __future__ import annotations

import numpy as np
import pytest

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.preprocess.dmdt.equalise import equalised_bins
from skysieve.preprocess.dmdt.images import dmdt_images
from skysieve.samples.light_curves import LightCurves


@pytest.fixture(scope="module")
def curves() -> LightCurves:
    rng = np.random.default_rng(5)
    times = [np.sort(rng.exponential(300, n)) for n in (1, 30, 200, 80)]
    return LightCurves.from_lists(times, [rng.normal(15, 0.3, len(time)) for time in times])


def test_rows_and_columns_of_the_mean_image_are_even(curves: LightCurves) -> None:
    bins = equalised_bins(curves, (6, 8), pairs=300_000)
    mean = dmdt_images(curves, bins)[1:].mean(axis=0)[0] / 255
    assert mean.sum() == pytest.approx(1, rel=1e-6)
    np.testing.assert_allclose(mean.sum(axis=1), 1 / 6, rtol=0.05)
    np.testing.assert_allclose(mean.sum(axis=0), 1 / 8, rtol=0.05)


def test_edges_are_those_of_the_seed(curves: LightCurves) -> None:
    first = equalised_bins(curves, pairs=5000)
    assert first.shape == (22, 24)
    assert first == equalised_bins(curves, pairs=5000)
    assert first != equalised_bins(curves, pairs=5000, seed=1)


def test_edges_lie_between_differences_that_occur_often() -> None:
    # Half of all pairs have dm = 0; the other bins share what is left.
    value = np.tile([15.0, 15.0, 15.0, 15.2, 15.4], 30)
    curves = LightCurves.from_lists([np.arange(150.0)], [value])
    bins = equalised_bins(curves, (5, 4))
    assert np.abs(np.array(bins.dm)[:, None] - [-0.4, -0.2, 0.0, 0.2, 0.4]).min() < 1e-6
    inner = np.array(bins.dm[1:-1])
    np.testing.assert_allclose(inner, [-0.3, -0.1, 0.1, 0.3], atol=1e-6)
    assert dmdt_images(curves, bins, normalisation="counts").sum() == 150 * 149 / 2


def test_points_of_two_bands_are_not_paired() -> None:
    curves = LightCurves.from_lists([np.arange(40.0)], [np.arange(40.0) * 0.01])
    band = (np.arange(40) % 2).astype(np.int16)
    shifted = curves.value + 5 * band
    both = LightCurves(curves.offsets, curves.time, shifted, curves.error, band, ("g", "r"), curves.ids)
    assert equalised_bins(both, (3, 3)).dm[-1] < 1


def test_what_cannot_be_equalised() -> None:
    with pytest.raises(SampleSetError, match="none of 2 light curves has two points"):
        equalised_bins(LightCurves.from_lists([[1.0], []], [[2.0], []]))
    with pytest.raises(ConfigurationError, match="22 bins of dm need as many different differences, found 2"):
        equalised_bins(LightCurves.from_lists([[1.0, 2.0, 4.0]], [[15.0, 15.0, 15.5]]))
