from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from skysieve.detection import DetectionOptions, detect_streaks
from skysieve.detection.detect import find_candidates, select_streaks
from skysieve.detection.features import FEATURES
from skysieve.detection.matching import match_streaks
from skysieve.detection.streak import FLAGS, Streak, streak_columns
from skysieve.errors import ConfigurationError, InputError
from skysieve.sources.simulators.streak_frames import StreakFrame, simulate_streak_frame


@pytest.fixture(scope="module")
def frame() -> StreakFrame:
    return simulate_streak_frame(8, seed=12, shape=(600, 700), lengths=(15.0, 80.0), peak_snrs=(8.0, 20.0))


@pytest.fixture(scope="module")
def found(frame: StreakFrame) -> tuple[Streak, ...]:
    return detect(frame)


def detect(frame: StreakFrame, **settings: Any) -> tuple[Streak, ...]:
    given = {"pixel_scale": 1.01, "psf_fwhm": frame.fwhm} | settings
    return detect_streaks(frame.science, frame.reference, frame.difference, **given)


def ends_of(streaks: tuple[Streak, ...]) -> np.ndarray:
    return np.array([(each.x1, each.y1, each.x2, each.y2) for each in streaks]).reshape(-1, 4)


def test_bright_trails_are_found_measured_and_nothing_else(
    frame: StreakFrame, found: tuple[Streak, ...]
) -> None:
    truth = frame.truth
    true = np.column_stack([truth[name] for name in ("x1", "y1", "x2", "y2")])
    matched = match_streaks(ends_of(found), true)
    open_ = truth["masked_fraction"] < 0.3
    assert set(np.flatnonzero(open_)) <= set(matched.tolist())
    assert np.count_nonzero(matched < 0) <= 1
    for streak, number in zip(found, matched.tolist(), strict=True):
        if number >= 0 and truth["masked_fraction"][number] == 0 and "on-star" not in streak.flags:
            assert streak.length == pytest.approx(truth["length"][number], abs=6 * streak.length_error)
            assert streak.flux == pytest.approx(truth["flux"][number], abs=6 * streak.flux_error)
            assert streak.peak_snr == pytest.approx(truth["peak_snr"][number], rel=0.3)
            assert abs((streak.pa - truth["pa"][number] + 90) % 180 - 90) < 1.5


def test_streaks_come_by_snr_with_scores_and_known_flags(found: tuple[Streak, ...]) -> None:
    snrs = [streak.snr for streak in found]
    assert snrs == sorted(snrs, reverse=True)
    assert all(streak.x1 <= streak.x2 and 0 <= streak.pa < 180 for streak in found)
    assert all(0.5 <= streak.score <= 1.0 for streak in found)
    assert {flag for streak in found for flag in streak.flags} <= set(FLAGS)
    assert all(streak.length_arcsec == pytest.approx(1.01 * streak.length) for streak in found)


def test_threads_do_not_change_anything(frame: StreakFrame, found: tuple[Streak, ...]) -> None:
    assert detect(frame, workers=2) == found


def test_the_width_of_the_psf_is_measured_if_it_is_not_given() -> None:
    frame = simulate_streak_frame(2, seed=5, shape=(700, 700))
    candidates = find_candidates(frame.science, frame.reference, frame.difference, pixel_scale=1.01)
    assert candidates.fwhm == pytest.approx(frame.fwhm, rel=0.1)


def test_scale_and_offset_of_the_counts_do_not_matter(frame: StreakFrame, found: tuple[Streak, ...]) -> None:
    settings: dict[str, Any] = {"pixel_scale": 1.01, "psf_fwhm": frame.fwhm}
    other = detect_streaks(
        50 * frame.science + 900, 50 * frame.reference - 30, 50 * frame.difference + 200, **settings
    )
    assert len(other) == len(found)
    for each, same in zip(other, found, strict=True):
        assert each.flux == pytest.approx(50 * same.flux, rel=0.02)
        assert each.length == pytest.approx(same.length, abs=0.3)


def test_mirrored_frames_give_mirrored_streaks(frame: StreakFrame, found: tuple[Streak, ...]) -> None:
    mirrored = replace(
        frame,
        science=frame.science[:, ::-1],
        reference=frame.reference[:, ::-1],
        difference=frame.difference[:, ::-1],
    )
    ends = ends_of(detect(mirrored))
    ends[:, [0, 2]] = 699.0 - ends[:, [0, 2]]
    matched = match_streaks(ends, ends_of(found), tolerance=1.5, least=0.9)
    bright = [streak.snr > 40 and not streak.flags for streak in found]
    assert set(np.flatnonzero(bright)) <= set(matched.tolist())


def test_fixed_cuts_have_no_score(frame: StreakFrame) -> None:
    by_cuts = detect(frame, options=DetectionOptions(classifier=False))
    assert by_cuts
    assert all(np.isnan(streak.score) for streak in by_cuts)


def test_features_are_finite_and_named(frame: StreakFrame) -> None:
    candidates = find_candidates(
        frame.science, frame.reference, frame.difference, pixel_scale=1.01, psf_fwhm=frame.fwhm
    )
    assert candidates.features.shape == (len(candidates.candidates), len(FEATURES))
    assert np.isfinite(candidates.features).all()
    everything = DetectionOptions(minimum_score=0.0, minimum_snr=0.0, minimum_length=0.0)
    assert len(select_streaks(candidates, everything)) >= len(select_streaks(candidates, DetectionOptions()))


def test_a_satellite_is_flagged() -> None:
    frame = simulate_streak_frame(0, seed=6, shape=(400, 500), satellites=1.0)
    assert len(frame.satellites) == 1
    found = detect(frame, options=DetectionOptions(minimum_score=0.0))
    assert found[0].length > 250
    assert "crosses-edge" in found[0].flags


def test_an_empty_sky_has_no_streaks() -> None:
    rng = np.random.default_rng(1)
    science = rng.normal(100.0, 5.0, (300, 300))
    reference = np.full((300, 300), 100.0) + rng.normal(0.0, 1.0, (300, 300))
    assert detect_streaks(science, reference, science - reference, pixel_scale=1.0, psf_fwhm=2.0) == ()
    assert streak_columns(())["x1"].shape == (0,)


@pytest.mark.parametrize(
    ("change", "kind", "says"),
    [
        ({"science": np.zeros((50, 60))}, "shape-mismatch", r"science \(50, 60\), reference \(64, 64\)"),
        (
            dict.fromkeys(("science", "reference", "difference"), np.zeros((3, 9, 9))),
            "shape-mismatch",
            "one shape",
        ),
        (dict.fromkeys(("science", "reference", "difference"), np.ones((20, 90))), "too-small", "32 x 32"),
        ({"difference": np.full((64, 64), np.nan)}, "all-masked", "difference frame: no pixel holds data"),
        ({"difference": np.zeros((64, 64))}, "not-a-difference", "same value"),
        ({"science": np.zeros((64, 64))}, "not-a-difference", "science frame: all pixels"),
        ({"difference": np.random.default_rng(9).normal(size=(64, 64))}, "not-a-difference", "correlation"),
    ],
)
def test_unusable_frames_are_refused(change: dict[str, Any], kind: str, says: str) -> None:
    rng = np.random.default_rng(1)
    science, reference = rng.normal(100.0, 5.0, (64, 64)), rng.normal(100.0, 1.0, (64, 64))
    images = {"science": science, "reference": reference, "difference": science - reference} | change
    with pytest.raises(InputError, match=says) as caught:
        detect_streaks(**images, pixel_scale=1.0, psf_fwhm=2.0)
    assert caught.value.kind == kind


def test_a_difference_the_wrong_way_round_is_refused() -> None:
    rng = np.random.default_rng(1)
    science, reference = rng.normal(100.0, 5.0, (64, 64)), rng.normal(100.0, 1.0, (64, 64))
    with pytest.raises(InputError, match="positive where light is new"):
        detect_streaks(science, reference, reference - science, pixel_scale=1.0, psf_fwhm=2.0)


def test_moonlight_across_the_frame_does_not_hide_that_it_is_a_difference() -> None:
    rng = np.random.default_rng(1)
    noise = rng.normal(0.0, 5.0, (200, 200))
    science = 100.0 + noise + np.linspace(0.0, 2000.0, 200)
    assert detect_streaks(science, 0 * noise + 100, noise, pixel_scale=1.0, psf_fwhm=2.0) == ()


def test_frames_that_share_no_pixels_are_refused() -> None:
    rng = np.random.default_rng(1)
    science, reference = rng.normal(100.0, 5.0, (64, 64)), rng.normal(100.0, 1.0, (64, 64))
    difference = science - reference
    science[:40] = np.nan
    reference[40:] = np.nan
    with pytest.raises(InputError, match="do they overlap"):
        detect_streaks(science, reference, difference, pixel_scale=1.0, psf_fwhm=2.0)


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"pixel_scale": 0.0}, "pixel scale is 0.0"),
        ({"pixel_scale": float("nan")}, "pixel scale is nan"),
        ({"psf_fwhm": 0.1}, "FWHM of the PSF is 0.1"),
        ({"workers": 0}, "workers is 0"),
    ],
)
def test_settings_that_make_no_sense_are_refused(settings: dict[str, Any], says: str) -> None:
    images = [np.ones((64, 64))] * 3
    with pytest.raises(ConfigurationError, match=says):
        detect_streaks(*images, **({"pixel_scale": 1.0, "psf_fwhm": 2.0} | settings))
