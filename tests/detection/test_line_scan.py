import math

import numpy as np
import pytest

from skysieve.detection.line_scan import brightest_stretch, line_profile
from skysieve.detection.trail_model import Trail
from skysieve.sources.simulators.streaks.trail import add_trail

LINE = Trail(100.0, 80.0, 0.5, 8.0, 1.8)


def scan(half: float, reach: float, seed: int = 1) -> tuple[float, float]:
    image = np.random.default_rng(seed).normal(size=(400, 500)).astype(np.float32)
    dx, dy = math.cos(0.5), math.sin(0.5)
    add_trail(
        image, 100 - half * dx, 80 - half * dy, 100 + half * dx, 80 + half * dy, flux=20.0 * half, fwhm=2.0
    )
    profile = line_profile(image, np.ones_like(image), LINE, reach)
    return brightest_stretch(*profile, seed=(-8.0, 8.0))


@pytest.mark.parametrize("half", [10.0, 30.0, 60.0])
def test_the_stretch_is_the_trail(half: float) -> None:
    first, last = scan(half, 120.0)
    assert (first, last) == pytest.approx((-half, half), abs=3.0)


def test_long_scans_are_binned() -> None:
    along, amplitude, information = line_profile(
        np.zeros((400, 500), np.float32), np.ones((400, 500), np.float32), LINE, 900.0
    )
    assert along.size <= 402
    assert amplitude.shape == information.shape == along.shape


def test_places_off_the_frame_have_no_information() -> None:
    along, amplitude, information = line_profile(
        np.ones((400, 500), np.float32), np.ones((400, 500), np.float32), LINE, 190.0
    )
    off = 100.0 + along * math.cos(0.5) < -4
    assert off.any()
    assert not information[off].any()
    assert not amplitude[off].any()


def test_noise_per_bin_is_the_root_of_its_information() -> None:
    image = np.random.default_rng(3).normal(size=(400, 500)).astype(np.float32)
    _, amplitude, information = line_profile(
        image, np.ones_like(image), Trail(250.0, 200.0, 0.3, 8.0, 1.8), 180.0
    )
    assert (amplitude / np.sqrt(information)).std() == pytest.approx(1.0, abs=0.15)
