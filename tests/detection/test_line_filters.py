import math

import numpy as np
import pytest

from skysieve.detection.line_filters import make_bank, search
from skysieve.detection.options import DetectionOptions
from skysieve.detection.trail_model import noise_pixels
from skysieve.sources.simulators.streaks.trail import add_trail

OPTIONS = DetectionOptions(filter_lengths=(10.0, 30.0), search_tile=200)


@pytest.fixture(scope="module")
def noise() -> np.ndarray:
    return np.random.default_rng(3).normal(size=(300, 420)).astype(np.float32)


def test_filters_have_unit_norm() -> None:
    bank = make_bank(2.0, OPTIONS)
    for transform in bank.transforms:
        image = np.fft.irfft2(transform, s=(bank.side, bank.side))
        assert (image**2).sum() == pytest.approx(1.0, rel=1e-4)


@pytest.mark.parametrize("degrees", [0.0, 37.0, 90.0, 151.0])
def test_a_trail_is_found_where_it_is_with_the_snr_that_it_has(noise: np.ndarray, degrees: float) -> None:
    image, angle = noise.copy(), math.radians(degrees)
    dx, dy = 15.0 * math.cos(angle), 15.0 * math.sin(angle)
    flux = 25.0 * math.sqrt(noise_pixels(30.0, 2.0))
    add_trail(image, 200.0 - dx, 150.0 - dy, 200.0 + dx, 150.0 + dy, flux=flux, fwhm=2.0)
    bank = make_bank(2.0, OPTIONS)
    found = search(image, bank, OPTIONS)
    assert math.hypot(found.x[0] - 200, found.y[0] - 150) < 5.0
    assert 20.0 < found.snr[0] < 28.0
    best = found.filters[0]
    assert bank.lengths[best] == 30.0
    assert abs((bank.angles[best] - angle + math.pi / 2) % math.pi - math.pi / 2) < 0.12


def test_white_noise_is_quiet_and_calibrated(noise: np.ndarray) -> None:
    bank = make_bank(2.0, OPTIONS)
    assert len(search(noise, bank, OPTIONS).x) == 0
    low = DetectionOptions(filter_lengths=(10.0, 30.0), search_tile=200, threshold=4.0)
    loud = search(noise, bank, low)
    assert 5 < len(loud.x) < 500
    assert loud.snr.max() < 6.0


def test_tiles_and_threads_do_not_matter(noise: np.ndarray) -> None:
    image = noise.copy()
    add_trail(image, 90.0, 95.0, 130.0, 102.0, flux=900.0, fwhm=2.0)
    one_tile = DetectionOptions(filter_lengths=(10.0, 30.0), search_tile=480)
    whole = search(image, make_bank(2.0, one_tile), one_tile)
    tiled = search(image, make_bank(2.0, OPTIONS), OPTIONS, workers=2)
    again = search(image, make_bank(2.0, OPTIONS), OPTIONS)
    np.testing.assert_array_equal(tiled.x, again.x)
    np.testing.assert_array_equal(tiled.snr, again.snr)
    # Each tile measures the scatter of its own filters.
    assert (tiled.x[0], tiled.y[0]) == (whole.x[0], whole.y[0])
    assert tiled.snr[0] == pytest.approx(whole.snr[0], rel=0.05)


def test_a_frame_without_data_has_no_peaks() -> None:
    assert len(search(np.zeros((100, 100), np.float32), make_bank(2.0, OPTIONS), OPTIONS).x) == 0


def test_progress_advances_once_a_tile(noise: np.ndarray) -> None:
    steps: list[int] = []
    search(noise, make_bank(2.0, OPTIONS), OPTIONS, advance=lambda: steps.append(1))
    assert len(steps) == 2 * 3
