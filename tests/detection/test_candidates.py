import math

import numpy as np
import pytest

from skysieve.detection.candidates import Candidate, measure_peaks
from skysieve.detection.line_filters import make_bank, search
from skysieve.detection.noise import whiten
from skysieve.detection.options import DetectionOptions
from skysieve.sources.simulators.streaks.trail import add_trail, trail_pixels

OPTIONS = DetectionOptions(filter_lengths=(8.0, 24.0, 60.0), search_tile=256)
FWHM = 2.0


def find(image: np.ndarray) -> list[Candidate]:
    valid = np.isfinite(image)
    frame = whiten(image, np.zeros_like(image), valid)
    bank = make_bank(FWHM, OPTIONS)
    return measure_peaks(frame, search(frame.signal, bank, OPTIONS), bank, FWHM, OPTIONS.threshold)


def noise(seed: int = 1, shape: tuple[int, int] = (320, 360)) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def paint(image: np.ndarray, x1: float, y1: float, x2: float, y2: float, snr: float) -> None:
    length = math.hypot(x2 - x1, y2 - y1)
    add_trail(image, x1, y1, x2, y2, flux=snr * math.sqrt(trail_pixels(length, FWHM)), fwhm=FWHM)


def lengths(found: list[Candidate]) -> list[float]:
    return sorted(each.fit.trail.length for each in found)


def test_a_bright_trail_is_one_candidate_without_a_fan() -> None:
    image = noise()
    paint(image, 100.0, 90.0, 180.0, 150.0, snr=300.0)
    assert lengths(find(image)) == pytest.approx([100.0], abs=1.0)


def test_a_trail_longer_than_every_filter_and_across_tiles_is_one() -> None:
    image = noise()
    paint(image, 20.0, 30.0, 330.0, 250.0, snr=150.0)
    found = find(image)
    assert lengths(found) == pytest.approx([math.hypot(310, 220)], abs=1.5)
    assert found[0].fit.trail.fwhm == pytest.approx(FWHM, rel=0.1)


def test_crossing_trails_are_two() -> None:
    image = noise()
    paint(image, 100.0, 150.0, 200.0, 150.0, snr=80.0)
    paint(image, 150.0, 110.0, 165.0, 190.0, snr=80.0)
    assert lengths(find(image)) == pytest.approx([81.4, 100.0], abs=3.0)


def test_parallel_trails_are_two() -> None:
    image = noise()
    paint(image, 100.0, 150.0, 150.0, 150.0, snr=60.0)
    paint(image, 100.0, 162.0, 150.0, 162.0, snr=60.0)
    assert lengths(find(image)) == pytest.approx([50.0, 50.0], abs=2.5)


def test_a_trail_that_leaves_the_frame_ends_at_its_border() -> None:
    image = noise()
    paint(image, -200.0, 100.0, 80.0, 180.0, snr=200.0)
    (found,) = find(image)
    x1, _, x2, _ = found.fit.trail.ends()
    assert min(x1, x2) == pytest.approx(-1.0, abs=1.5)
    assert max(x1, x2) == pytest.approx(80.0, abs=1.0)


def test_a_bad_column_through_a_trail_does_not_split_it() -> None:
    image = noise()
    paint(image, 100.0, 100.0, 180.0, 130.0, snr=90.0)
    image[:, 139:142] = np.nan
    found = find(image)
    assert lengths(found) == pytest.approx([math.hypot(80, 30)], abs=1.5)


def test_white_noise_and_single_hot_pixels_are_no_candidates() -> None:
    image = noise()
    image[50::60, 40::70] = 500.0
    assert find(image) == []


def test_the_frame_is_not_changed() -> None:
    image = noise()
    paint(image, 100.0, 100.0, 150.0, 130.0, snr=60.0)
    frame = whiten(image, np.zeros_like(image), np.isfinite(image))
    before = frame.signal.copy()
    bank = make_bank(FWHM, OPTIONS)
    steps: list[int] = []
    peaks = search(frame.signal, bank, OPTIONS)
    measure_peaks(frame, peaks, bank, FWHM, OPTIONS.threshold, advance=lambda: steps.append(1))
    np.testing.assert_array_equal(frame.signal, before)
    assert len(steps) == len(peaks.x)
