"""What can be measured on the real cutouts must come out alike on simulated ones."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter, minimum_filter

from skysieve.sources.simulators.streaks import simulate_streaks

pytestmark = pytest.mark.realdata


@pytest.fixture(scope="module")
def real(real_data: Path) -> NDArray[np.float64]:
    tiles = np.load(real_data / "deepstreaks" / "reals_zoo_24_tiles.npz")["tiles"]
    tiles = tiles[..., 0] if tiles.ndim == 4 else tiles
    return np.asarray(tiles[:, :131, :131], np.float64)


@pytest.fixture(scope="module")
def simulated() -> NDArray[np.float64]:
    return np.asarray(
        simulate_streaks(150, seed=4, kinds=["asteroid"]).cutouts[:, 13:144, 13:144], np.float64
    )


def open_sky(cutout: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return where the sky is not masked: a mask is flat over five pixels."""
    flat = maximum_filter(cutout, 5) - minimum_filter(cutout, 5) < 14.0
    return np.asarray(~maximum_filter(flat, 5))


def quantities(cutout: NDArray[np.float64]) -> dict[str, float]:
    sky = open_sky(cutout)
    values = cutout[sky]
    low, level, high = np.percentile(values, (15.87, 50.0, 84.13))
    pairs = (
        sky[:, 1:]
        & sky[:, :-1]
        & (np.abs(cutout - level) < 60.0)[:, 1:]
        & (abs(cutout - level) < 60.0)[:, :-1]
    )
    return {
        "level": float(level),
        "noise": float(high - low) / 2.0,
        "correlation": float(np.corrcoef(cutout[:, 1:][pairs], cutout[:, :-1][pairs])[0, 1]),
        "black": float((values < 20.0).mean()),
        "white": float((values > 250.0).mean()),
        "masked": float(1.0 - sky.mean()),
    }


def table(cutouts: NDArray[np.float64]) -> dict[str, NDArray[np.float64]]:
    rows = [quantities(cutout) for cutout in cutouts]
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def test_sky_noise_and_extremes_agree(real: NDArray[np.float64], simulated: NDArray[np.float64]) -> None:
    found, expected = table(simulated), table(real)
    assert np.median(found["level"]) == pytest.approx(np.median(expected["level"]), abs=1.0)
    assert np.median(found["noise"]) == pytest.approx(np.median(expected["noise"]), abs=0.8)
    assert np.median(found["correlation"]) == pytest.approx(np.median(expected["correlation"]), abs=0.03)
    # The real ones were chosen to be shown: simulated ones go fainter, hence less of them is black.
    for name, factor in (("black", 4.0), ("white", 1.3)):
        ratio = found[name].mean() / expected[name].mean()
        assert 1.0 / factor < ratio < factor, name
    # Masks: on eight of 24 real cutouts.
    share = (found["masked"] > 0.01).mean(), (expected["masked"] > 0.01).mean()
    assert share[0] == pytest.approx(share[1], abs=0.2)


def test_each_real_cutout_lies_in_the_simulated_range(
    real: NDArray[np.float64], simulated: NDArray[np.float64]
) -> None:
    found, expected = table(simulated), table(real)
    allowed = {"level": 1.0, "noise": 1.0, "correlation": 0.05, "black": 0.005, "white": 0.003}
    for name, margin in allowed.items():
        outside = (expected[name] < found[name].min() - margin) | (
            expected[name] > found[name].max() + margin
        )
        assert outside.mean() < 0.1, name
