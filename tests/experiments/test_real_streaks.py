"""What the experiment on real cutouts measures, tried on trails that are known."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType

import numpy as np
import pytest

from skysieve.sources.simulators.streaks.stretch import to_grey
from skysieve.sources.simulators.streaks.trail import add_trail, trail_peak, trail_pixels


@pytest.fixture
def real_streaks(import_experiment: Callable[[str], ModuleType]) -> ModuleType:
    return import_experiment("real_streaks")


def tiles(*ridges: float) -> np.ndarray:
    rng = np.random.default_rng(4)
    found = []
    for ridge in ridges:
        image = rng.standard_normal((131, 132)).astype(np.float32)
        flux = ridge / trail_peak(30.0, 2.0) if ridge else 0.0
        add_trail(image, 52.0, 66.0, 82.0, 66.0, flux=flux, fwhm=2.0)
        found.append(to_grey(image))
    return np.stack(found)


@pytest.mark.parametrize("ridge", [5.0, 40.0])
def test_a_trail_is_measured_even_where_it_is_black(real_streaks: ModuleType, ridge: float) -> None:
    trail = real_streaks.measure(tiles(ridge))["each"][0]["trail"]
    snr = ridge / trail_peak(30.0, 2.0) / np.sqrt(trail_pixels(30.0, 2.0))
    assert trail["length"] == pytest.approx(30.0, abs=1.0)
    assert trail["fwhm"] == pytest.approx(2.0, rel=0.1)
    assert trail["ridge_sigma"] == pytest.approx(ridge, rel=0.15)
    assert trail["snr"] == pytest.approx(snr, rel=0.1)
    assert trail["offset"] == pytest.approx(np.hypot(67.0 - 65.5, 66.0 - 65.0), abs=0.3)


def test_sky_is_that_of_the_stretch(real_streaks: ModuleType) -> None:
    sky = real_streaks.measure(tiles(5.0, 40.0))["sky"]
    assert sky["median_grey"]["median"] == pytest.approx(204, abs=1)
    assert sky["sigma_grey"]["median"] == pytest.approx(20.4, abs=0.6)
    assert sky["neighbour_correlation"]["largest"] < 0.05
    # Beyond 2.5 sigma.
    assert sky["white_share"]["median"] == pytest.approx(0.0062, abs=0.002)


def test_a_cutout_without_a_trail_counts_as_not_fitted(real_streaks: ModuleType) -> None:
    found = real_streaks.measure(tiles(0.0, 10.0))
    assert (found["cutouts"], found["fitted"]) == (2, 1)
    assert found["each"][0]["trail"] is None
