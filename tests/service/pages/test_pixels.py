from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from skysieve.service.api.pixels import pack_pixels, picture

PURPLE = (104, 58, 122)


def read(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def test_fits_stands_on_its_first_row_and_a_picture_hangs_from_it():
    image = np.zeros((4, 5), np.float32)
    image[0] = 100.0
    assert read(picture(image))[-1, 0].sum() > read(picture(image))[0, 0].sum()
    assert read(picture(image, upright=True))[0, 0].sum() > 0


@pytest.mark.parametrize("missing", [np.nan, -np.inf, np.float32(-3.4e38)])
def test_missing_pixels_have_a_colour_of_their_own(missing):
    image = np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32)
    image[2, 3] = missing
    drawn = read(picture(image, upright=True, zoom=3))
    assert drawn.shape == (24, 24, 3)
    assert tuple(drawn[7, 10]) == PURPLE
    others = drawn.reshape(-1, 3)[(drawn.reshape(-1, 3) != PURPLE).any(axis=1)]
    assert (others == others[:, :1]).all()


@given(arrays(np.float32, (6, 7), elements=st.floats(width=32, allow_nan=True, allow_infinity=True)))
def test_whatever_came_in_makes_a_picture(image):
    assert read(picture(image)).shape == (6, 7, 3)


def test_a_sentinel_is_missing_in_the_pixels_too():
    packed = pack_pixels({"science": np.array([[-3.4028235e38, 1.0]], np.float32)})
    assert np.isnan(np.frombuffer(packed[-8:], "<f4")[0])


def test_a_bright_source_does_not_hide_the_sky():
    random = np.random.default_rng(1)
    image = random.normal(100, 5, (63, 63)).astype(np.float32)
    image[31, 31] = 60_000
    drawn = read(picture(image))[..., 0]
    assert drawn.std() > 10
