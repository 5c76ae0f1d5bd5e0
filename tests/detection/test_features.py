import math

import numpy as np
import pytest

from skysieve.detection.candidates import Candidate
from skysieve.detection.cuts import passes_cuts
from skysieve.detection.features import FEATURES, measure_features
from skysieve.detection.fit import fit_trail
from skysieve.detection.noise import Whitened, whiten
from skysieve.detection.trail_model import CORE_PER_FWHM, Trail
from skysieve.sources.simulators.streaks.trail import add_trail, trail_pixels

FWHM = 2.0
LINE = Trail(150.0, 140.0, 0.5, 20.0, FWHM * CORE_PER_FWHM)


def measured(image: np.ndarray, reference: np.ndarray | None = None) -> tuple[dict[str, float], bool]:
    """Return the features of the line, and whether it passes the cuts."""
    reference = np.zeros_like(image) if reference is None else reference
    frame: Whitened = whiten(image, reference, np.isfinite(image))
    fit = fit_trail(frame, LINE)
    assert fit is not None
    rows = measure_features(frame, [Candidate(fit, 25.0)], FWHM)
    return dict(zip(FEATURES, rows[0].tolist(), strict=True)), bool(passes_cuts(rows)[0])


def noise() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(300, 320)).astype(np.float32)


def with_trail(snr: float = 40.0, **changes: float) -> np.ndarray:
    image, settings = noise(), {"fwhm": FWHM} | changes
    flux = snr * math.sqrt(trail_pixels(40.0, FWHM))
    add_trail(image, *LINE.ends(), flux=flux, fwhm=settings["fwhm"])
    return image


def test_a_trail_is_as_wide_as_the_psf_even_and_passes() -> None:
    features, passes = measured(with_trail())
    assert features["width"] == pytest.approx(1.0, abs=0.12)
    assert features["snr"] == pytest.approx(40.0, abs=4.0)
    assert features["uneven"] < 4.0
    assert features["chi2"] == pytest.approx(1.0, abs=0.4)
    assert abs(features["beyond_ends"]) < 0.3
    assert (features["masked"], features["light"], features["neighbours"]) == (0.0, 0.0, 0.0)
    assert passes


def test_what_was_never_blurred_is_narrow_and_what_is_out_of_focus_wide() -> None:
    sharp = noise()
    for step in np.linspace(-20.0, 20.0, 41):
        sharp[round(140 + step * math.sin(0.5)), round(150 + step * math.cos(0.5))] += 15.0
    wide = with_trail(snr=60.0, fwhm=5.0)
    assert measured(sharp)[0]["width"] < 0.6
    assert measured(wide)[0]["width"] > 1.8
    assert not measured(sharp)[1]
    assert not measured(wide)[1]


def test_beads_are_uneven() -> None:
    image = noise()
    for step in (-18.0, 18.0):
        x, y = 150 + step * math.cos(0.5), 140 + step * math.sin(0.5)
        add_trail(image, x, y, x, y, flux=150.0, fwhm=FWHM)
    features, passes = measured(image)
    assert features["uneven"] > 10.0 or features["length"] < 5.0
    assert not passes


def test_light_of_the_reference_and_masks_are_seen() -> None:
    reference = 0.1 * noise()
    add_trail(reference, 150.0, 140.0, 150.0, 140.0, flux=5e4, fwhm=2.5)
    assert measured(with_trail(), reference)[0]["light"] > measured(with_trail())[0]["light"] + 2.0
    image = with_trail()
    image[:, 140:150] = np.nan
    features, _ = measured(image)
    assert 0.1 < features["masked"] < 0.5
    assert features["masked_around"] > 0.05


def test_no_candidates_have_no_features() -> None:
    frame = whiten(noise(), 0 * noise(), np.ones((300, 320), bool))
    assert measure_features(frame, [], FWHM).shape == (0, len(FEATURES))
    assert passes_cuts(np.zeros((0, len(FEATURES)), np.float32)).shape == (0,)
