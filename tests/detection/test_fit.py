import math

import numpy as np
import pytest

from skysieve.detection.fit import fit_trail, snr_of_beam
from skysieve.detection.noise import Whitened
from skysieve.detection.trail_model import CORE_PER_FWHM, Trail, noise_pixels
from skysieve.sources.simulators.streaks.trail import add_trail


def frame_of(image: np.ndarray, weight: np.ndarray | None = None) -> Whitened:
    ones = np.ones(image.shape, np.float32)
    weight = ones if weight is None else weight
    return Whitened(image, ones, weight, np.clip(image, -6, 8) * weight**2, 0.0 * ones)


def draw(
    seed: int, length: float = 25.0, snr: float = 30.0, angle: float = 0.8
) -> tuple[np.ndarray, Trail, float]:
    rng = np.random.default_rng(seed)
    image = rng.normal(size=(90, 90)).astype(np.float32)
    trail = Trail(44.6 + rng.uniform(), 45.3, angle, 0.5 * length, 2.1 * CORE_PER_FWHM)
    flux = snr * math.sqrt(noise_pixels(length, 2.1))
    add_trail(image, *trail.ends(), flux=flux, fwhm=2.1)
    return image, trail, flux


def start_near(trail: Trail) -> Trail:
    return Trail(trail.x + 1.2, trail.y - 0.9, trail.angle + 0.06, trail.half * 0.8, trail.core)


def test_without_noise_the_truth_comes_back() -> None:
    image = np.zeros((90, 90), np.float32)
    true = Trail(45.2, 44.7, 2.2, 12.0, 2.1 * CORE_PER_FWHM)
    add_trail(image, *true.ends(), flux=500.0, fwhm=2.1)
    fit = fit_trail(frame_of(image + 3.0), start_near(true))
    assert fit is not None
    assert fit.converged
    assert (fit.trail.x, fit.trail.y) == pytest.approx((45.2, 44.7), abs=2e-3)
    assert (fit.trail.angle, fit.trail.half, fit.trail.fwhm) == pytest.approx((2.2, 12.0, 2.1), abs=5e-3)
    assert (fit.flux, fit.background) == pytest.approx((500.0, 3.0), rel=5e-3)


def test_errors_are_those_of_repeated_frames() -> None:
    pulls = []
    for seed in range(40):
        image, true, flux = draw(seed)
        fit = fit_trail(frame_of(image), start_near(true))
        assert fit is not None
        pulls.append(
            [
                (fit.flux - flux) / fit.errors["flux"],
                (fit.trail.half - true.half) / fit.errors["half"],
                (fit.trail.angle - true.angle) / fit.errors["angle"],
                (fit.trail.core - true.core) / fit.errors["core"],
            ]
        )
    scatter = np.std(pulls, axis=0)
    assert (scatter > 0.7).all()
    assert (scatter < 1.35).all()
    assert (np.abs(np.mean(pulls, axis=0)) < 0.6).all()


def test_snr_is_that_of_the_matched_filter() -> None:
    image, true, _ = draw(1, snr=40.0)
    fit = fit_trail(frame_of(image), start_near(true))
    assert fit is not None
    assert fit.snr == pytest.approx(40.0, abs=3.5)
    assert fit.chi2 == pytest.approx(1.0, abs=0.3)


def test_a_point_gains_nothing_from_length_and_a_trail_does() -> None:
    image, true, _ = draw(2, length=0.2)
    point = fit_trail(frame_of(image), start_near(true))
    trail = fit_trail(frame_of(draw(2)[0]), start_near(draw(2)[1]))
    assert point is not None
    assert trail is not None
    assert point.gain < 15.0
    assert trail.gain > 200.0
    assert point.trail.length < 2.1


def test_masked_pixels_do_not_count() -> None:
    image, true, flux = draw(5)
    weight = np.ones(image.shape, np.float32)
    weight[40:47] = 0.0
    image[40:47] = 1e4
    fit = fit_trail(frame_of(image, weight), start_near(true))
    assert fit is not None
    assert fit.flux == pytest.approx(flux, rel=0.2)
    assert fit.trail.half == pytest.approx(true.half, abs=1.5)


def test_nothing_to_fit_gives_none() -> None:
    image = np.zeros((40, 40), np.float32)
    assert fit_trail(frame_of(image, np.zeros_like(image)), Trail(20.0, 20.0, 0.0, 5.0, 1.8)) is None


def test_snr_of_a_beam_is_that_of_the_whole_for_a_point_and_falls_with_length() -> None:
    assert snr_of_beam(10.0, 0.01, 2.0) == pytest.approx(10.0, rel=1e-2)
    assert snr_of_beam(40.0, 20.0, 2.0) < 40.0 * math.sqrt(2.0 / 20.0) * 1.5
    # The contract: the flux of one FWHM over the noise of a point source.
    flux = 40.0 * math.sqrt(noise_pixels(20.0, 2.0))
    beam = flux * 2.0 / math.hypot(20.0, 2.0)
    assert snr_of_beam(40.0, 20.0, 2.0) == pytest.approx(beam / math.sqrt(noise_pixels(0.0, 2.0)))
