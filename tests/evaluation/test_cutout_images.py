from __future__ import annotations

import base64
import io

import numpy as np
import pytest
from PIL import Image

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.cutout_images import (
    MISSING_COLOUR,
    cutout_to_rgb,
    cutouts_to_data_uri,
    grey_to_data_uri,
    triplet_gallery,
)


@pytest.fixture
def star() -> np.ndarray:
    y, x = np.mgrid[:31, :31]
    noise = np.random.default_rng(0).normal(100, 5, (31, 31))
    return noise + 5000 * np.exp(-((x - 15) ** 2 + (y - 15) ** 2) / 4)


def test_missing_pixels_have_a_colour_that_no_grey_has(star: np.ndarray) -> None:
    star[0, :4] = [np.nan, np.inf, -np.inf, -3.4028235e38]
    picture = cutout_to_rgb(star)
    missing = (picture == MISSING_COLOUR).all(axis=-1)
    assert missing.sum() == 4
    assert missing[0, :4].all()
    grey = picture[~missing]
    assert (grey == grey[:, :1]).all()


def test_star_is_white_and_noise_keeps_its_texture(star: np.ndarray) -> None:
    picture = cutout_to_rgb(star)[..., 0].astype(float)
    assert picture[15, 15] == 255
    background = picture[:8]
    assert background.mean() < 90
    assert background.std() > 8


def test_one_hot_pixel_does_not_change_the_rest(star: np.ndarray) -> None:
    before = cutout_to_rgb(star).astype(int)
    star[3, 3] = 1e9
    after = cutout_to_rgb(star).astype(int)
    assert np.abs(after - before)[5:].max() <= 12


@pytest.mark.parametrize("value", [0.0, 7.0, np.nan])
def test_flat_and_empty_cutouts_have_a_picture(value: float) -> None:
    assert cutout_to_rgb(np.full((5, 4), value)).shape == (5, 4, 3)


def test_mostly_flat_cutouts_still_show_what_stands_out() -> None:
    image = np.zeros((9, 9))
    image[4, 4] = 1.0
    picture = cutout_to_rgb(image)[..., 0]
    assert picture[4, 4] > picture[0, 0]


def test_data_uri_is_a_png_of_the_channels_side_by_side(star: np.ndarray) -> None:
    uri = cutouts_to_data_uri(np.stack([star] * 3))
    picture = Image.open(io.BytesIO(base64.b64decode(uri.partition(",")[2])))
    assert picture.size == (2 * (3 * 31 + 2 * 2), 2 * 31)


def test_gallery_takes_any_size_and_any_title(star: np.ndarray) -> None:
    samples = [np.stack([star] * 3), np.stack([star[:20, :12]] * 3)]
    figure = triplet_gallery(samples, ["ZTF $x_1$ <script>", "second"], columns=1)
    figure.draw_without_rendering()
    assert sum(len(part.axes) for part in figure.subfigs) == 6


def test_refusals(star: np.ndarray) -> None:
    with pytest.raises(SampleSetError, match=r"\(31, 31\); expected \(channels"):
        cutouts_to_data_uri(star)
    with pytest.raises(SampleSetError, match=r"\(31,\)"):
        cutout_to_rgb(star[0])
    with pytest.raises(ConfigurationError, match="1 samples, 0 titles"):
        triplet_gallery([np.stack([star] * 3)], [])


def test_grey_levels_are_shown_as_they_are() -> None:
    cutout = np.random.default_rng(1).integers(0, 256, (1, 144, 144)).astype(np.uint8)
    decoded = Image.open(io.BytesIO(base64.b64decode(grey_to_data_uri(cutout).partition(",")[2])))
    np.testing.assert_array_equal(np.asarray(decoded), cutout[0])
    for wrong in (np.zeros((3, 9, 9), np.uint8), np.zeros((9, 9)), np.zeros((0, 0), np.uint8)):
        with pytest.raises(SampleSetError, match="expected"):
            grey_to_data_uri(wrong)
