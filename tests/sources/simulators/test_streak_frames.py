from typing import Any

import numpy as np
import pytest

from skysieve.errors import ConfigurationError
from skysieve.sources.simulators import SIMULATORS
from skysieve.sources.simulators import frame_artefacts as artefacts
from skysieve.sources.simulators.streak_frames import TRUTH_FIELDS, StreakFrame, simulate_streak_frame
from skysieve.sources.simulators.streaks.trail import trail_pixels


@pytest.fixture(scope="module")
def frame() -> StreakFrame:
    return simulate_streak_frame(12, seed=3, shape=(500, 620), lengths=(5.0, 60.0))


def test_the_same_seed_gives_the_same_frame(frame: StreakFrame) -> None:
    again = SIMULATORS.get("streak-frame")(12, seed=3, shape=(500, 620), lengths=(5.0, 60.0))
    other = simulate_streak_frame(12, seed=4, shape=(500, 620), lengths=(5.0, 60.0))
    np.testing.assert_array_equal(again.difference, frame.difference)
    assert not np.array_equal(other.difference, frame.difference, equal_nan=True)


def test_frames_are_float32_and_masked_in_the_same_places(frame: StreakFrame) -> None:
    images = (frame.science, frame.reference, frame.difference)
    assert all(image.shape == (500, 620) and image.dtype == np.float32 for image in images)
    masked = [np.isnan(image) for image in images]
    assert (masked[0] == masked[1]).all()
    assert (masked[0] == masked[2]).all()
    assert 0.0 < masked[0].mean() < 0.5


def test_empty_sky_has_the_noise_that_is_said(frame: StreakFrame) -> None:
    low, middle, high = np.nanquantile(frame.difference, (0.25, 0.5, 0.75))
    assert (high - low) / 1.349 == pytest.approx(frame.sky_sigma, rel=0.12)
    assert abs(middle) < frame.sky_sigma


def test_truth_is_consistent(frame: StreakFrame) -> None:
    truth = frame.truth
    assert tuple(truth) == TRUTH_FIELDS
    dx, dy = truth["x2"] - truth["x1"], truth["y2"] - truth["y1"]
    np.testing.assert_allclose(np.hypot(dx, dy), truth["length"])
    np.testing.assert_allclose(np.degrees(np.arctan2(dy, dx)) % 180.0, truth["pa"])
    np.testing.assert_allclose(truth["rate"], truth["length"] * 1.01 / 3600 / 30 * 86400)
    assert ((truth["x1"] >= 0) & (truth["x2"] <= 619) & (truth["y1"] >= 0) & (truth["y2"] <= 499)).all()
    assert ((truth["peak_snr"] >= 1.5) & (truth["peak_snr"] <= 25.0)).all()


def test_snr_is_that_of_a_matched_filter_with_its_own_photons(frame: StreakFrame) -> None:
    sigma, gain, truth = frame.sky_sigma, frame.exposure.gain, frame.truth
    for number, flux in enumerate(truth["flux"]):
        length = truth["length"][number]
        noise = np.sqrt(trail_pixels(length, frame.fwhm) * sigma**2 + flux / gain)
        assert flux / noise == pytest.approx(truth["snr"][number], rel=1e-6)
        beam = flux * frame.fwhm / np.hypot(length, frame.fwhm)
        noise = np.sqrt(trail_pixels(0.0, frame.fwhm) * sigma**2 + beam / gain)
        assert beam / noise == pytest.approx(truth["peak_snr"][number], rel=1e-6)


def test_the_light_of_a_trail_is_in_science_and_difference() -> None:
    settings: dict[str, Any] = {
        "seed": 30,
        "shape": (300, 300),
        "lengths": (40.0, 40.0),
        "peak_snrs": (20.0, 20.0),
    }
    frame = simulate_streak_frame(1, **settings)
    truth = {name: float(values[0]) for name, values in frame.truth.items()}
    y, x = np.mgrid[:300, :300]
    ux, uy = (truth["x2"] - truth["x1"]) / 40.0, (truth["y2"] - truth["y1"]) / 40.0
    along = (x - truth["x1"]) * ux + (y - truth["y1"]) * uy
    across = (y - truth["y1"]) * ux - (x - truth["x1"]) * uy
    near = (np.abs(across) < 4) & (along > -4) & (along < 44)
    assert truth["masked_fraction"] == 0.0
    for image in (frame.science, frame.difference):
        beside = (np.abs(across) > 7) & (np.abs(across) < 14) & (along > 0) & (along < 40)
        light = np.nansum(image[near] - np.nanmedian(image[beside]))
        assert light == pytest.approx(truth["flux"], rel=0.25)


def test_a_frame_without_trails_has_an_empty_truth() -> None:
    frame = simulate_streak_frame(0, seed=1, shape=(200, 200))
    assert all(values.size == 0 for values in frame.truth.values())


@pytest.mark.parametrize(
    "settings",
    [
        {"trails": -1},
        {"shape": (64, 300)},
        {"lengths": (0.0, 5.0)},
        {"lengths": (30.0, 10.0)},
        {"lengths": (10.0, 290.0)},
        {"peak_snrs": (0.0, 2.0)},
        {"satellites": -1.0},
    ],
)
def test_impossible_frames_are_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigurationError):
        simulate_streak_frame(**({"trails": 1, "seed": 1, "shape": (300, 300)} | settings))


def test_satellites_cross_the_frame() -> None:
    for seed in range(5):
        image = np.zeros((300, 400), np.float32)
        ends = artefacts.paint_satellite(image, 1.0, 2.0, np.random.default_rng(seed))
        assert image.max() > 0.5
        edges = [min(x, 399 - x, y, 299 - y) for x, y in (ends[:2], ends[2:])]
        assert max(edges) < 62.0


def test_cosmic_rays_are_sharper_than_the_psf_and_where_they_are_said_to_be() -> None:
    image = np.zeros((300, 400), np.float32)
    places = artefacts.paint_cosmic_rays(image, 8, 5.0, np.random.default_rng(1))
    assert places.shape == (8, 2)
    assert (image >= 0).all()
    for x, y in places.astype(int):
        assert image[max(y - 2, 0) : y + 3, max(x - 2, 0) : x + 3].max() > 0


def test_saturated_stars_are_masked_with_their_columns() -> None:
    counts, mask = np.zeros((400, 400), np.float32), np.zeros((400, 400), bool)
    counts[200, 150] = 60_000.0
    counts[100, 300] = 2e6
    artefacts.mask_saturated(counts, 50_000.0, mask)
    assert mask[196:205, 146:155].all()
    assert not mask[190, 150]
    assert mask[10:190, 300].all()
    assert not mask[100, 310]


def test_masks_of_frames_leave_most_of_them() -> None:
    for seed in range(10):
        mask = artefacts.draw_frame_mask((600, 500), np.random.default_rng(seed))
        assert 0.0 < mask.mean() < 0.6
