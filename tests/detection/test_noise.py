import numpy as np
import pytest

from skysieve.detection.noise import tile_statistics, whiten


def field(sigma: float, shape: tuple[int, int] = (256, 320)) -> np.ndarray:
    return np.random.default_rng(1).normal(0.0, sigma, shape).astype(np.float32)


def test_sky_becomes_white_whatever_its_level_and_gradient() -> None:
    image = field(7.0) + 300.0 + np.linspace(0.0, 40.0, 320, dtype=np.float32)
    frame = whiten(image, np.zeros_like(image) + field(1.0), np.ones(image.shape, bool))
    assert np.median(frame.sky_sigma) == pytest.approx(7.0, rel=0.05)
    assert frame.signal.std() == pytest.approx(1.0, abs=0.05)
    assert abs(float(frame.signal.mean())) < 0.03


def test_places_without_data_carry_no_weight_and_do_no_harm() -> None:
    image, valid = field(3.0), np.ones((256, 320), bool)
    valid[:, 100:140] = False
    image[:, 100:140] = np.nan
    frame = whiten(image, field(1.0), valid)
    assert not frame.weight[~valid].any()
    assert not frame.signal[~valid].any()
    assert all(np.isfinite(each).all() for each in (frame.flat, frame.sky_sigma, frame.light))
    assert frame.signal[valid].std() == pytest.approx(1.0, abs=0.05)


def test_residuals_of_stars_lose_weight_in_proportion_to_what_they_scatter() -> None:
    rng = np.random.default_rng(2)
    image, reference = field(2.0), field(0.5)
    rows, columns = rng.integers(5, 251, 400), rng.integers(5, 315, 400)
    reference[rows, columns] += 500.0
    image[rows, columns] += rng.normal(0.0, 40.0, 400).astype(np.float32)
    frame = whiten(image, reference, np.ones(image.shape, bool))
    at_stars = frame.weight[rows, columns]
    # Eight in nine of the pixels around each star scatter like sky, which the quantile cannot know.
    assert 0.02 < np.median(at_stars) < 0.8
    sky = np.ones(image.shape, bool)
    for row, column in zip(rows, columns, strict=True):
        sky[row - 2 : row + 3, column - 2 : column + 3] = False
    assert np.median(frame.weight[sky]) == 1.0


def test_one_hot_pixel_is_cut() -> None:
    image = field(1.0)
    image[100, 100] = 1e6
    frame = whiten(image, field(1.0), np.ones(image.shape, bool))
    assert 7.0 < frame.signal[100, 100] <= 8.0


def test_tiles_with_few_pixels_have_no_statistics() -> None:
    valid = np.zeros((128, 128), bool)
    valid[:64, :64] = True
    median, sigma = tile_statistics(field(2.0, (128, 128)), valid, 64)
    assert np.isnan(median).sum() == 3
    assert sigma[0, 0] == pytest.approx(2.0, rel=0.15)
