import numpy as np
import pytest

from skysieve.sources.simulators.streaks.stretch import SKY, jpeg_round_trip, normalise, to_grey, to_sigma


def test_stretch_is_undone_within_half_a_level() -> None:
    difference = np.linspace(-2.4, 9.9, 1000, dtype=np.float32)
    np.testing.assert_allclose(to_sigma(to_grey(difference)), difference, atol=0.5 * 12.5 / 255 + 1e-5)


def test_every_level_survives_both_ways() -> None:
    levels = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(to_grey(to_sigma(levels)), levels)


def test_light_is_dark_and_no_data_is_sky() -> None:
    values = np.array([-np.inf, -9.0, 0.0, 5.0, 80.0, np.inf, np.nan], np.float32)
    assert to_grey(values).tolist() == [255, 255, SKY, 102, 0, 0, SKY]


def test_compression_loses_little_and_less_at_high_quality() -> None:
    rng = np.random.default_rng(1)
    grey = to_grey(rng.standard_normal((157, 157), dtype=np.float32))
    errors = [float(np.std(jpeg_round_trip(grey, quality).astype(float) - grey)) for quality in (75, 90, 98)]
    assert errors[0] > errors[1] > errors[2] > 0.0
    assert errors[0] < 12.0
    flat = np.full((157, 157), SKY, np.uint8)
    assert np.abs(jpeg_round_trip(flat, 75).astype(int) - SKY).max() <= 2


def test_noise_and_sky_are_measured_on_the_cutout() -> None:
    rng = np.random.default_rng(1)
    difference = 7.0 * rng.standard_normal((157, 157), dtype=np.float32) + 3.0
    difference[:40] = 0.0
    normal = normalise(difference)
    assert not normal[:40].any()
    assert np.median(normal[40:]) == pytest.approx(0.0, abs=0.03)
    assert normal[40:].std() == pytest.approx(1.0 / 1.02, rel=0.03)
    difference[60:100, 60:100] += 100.0
    assert normalise(difference)[110:].std() < 0.95 * normal[110:].std()


def test_what_cannot_be_measured_is_left_alone() -> None:
    empty = np.zeros((157, 157), np.float32)
    assert normalise(empty) is empty
    empty[0, :30] = 5.0
    assert normalise(empty) is empty
