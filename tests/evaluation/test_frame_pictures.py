from __future__ import annotations

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.cutout_images import MISSING_COLOUR
from skysieve.evaluation.frame_pictures import embedding_picture, frame_strip

RNG = np.random.default_rng(0)


def images(markup: str) -> list[np.ndarray]:
    found = re.findall(r'href="data:image/png;base64,([^"]+)"', markup)
    return [np.asarray(Image.open(io.BytesIO(base64.b64decode(each))).convert("RGBA")) for each in found]


def texts(markup: str) -> list[str]:
    return re.findall(r"<text[^>]*>([^<]*)</text>", markup)


def test_twelve_frames_are_spread_from_the_first_to_the_last() -> None:
    strip = frame_strip(RNG.normal(size=(45, 1, 28, 28)), time=58_000 + 2.0 * np.arange(45), label="x")
    assert texts(strip)[0] == "0 d"
    assert texts(strip)[11:] == ["88 d", "12 of 45 frames drawn"]
    assert 'aria-label="x: 12 of 45 frames drawn"' in strip
    assert [image.shape for image in images(strip)] == [(28, 6 * 28 + 5 * 2, 4)] * 2
    assert len(strip.encode()) < 15_000


def test_few_frames_are_all_drawn() -> None:
    strip = frame_strip(RNG.normal(size=(3, 8, 8)))
    assert texts(strip) == ["1", "2", "3"]
    assert "3 frames" in strip


def test_what_brightens_looks_brighter_whatever_the_sky() -> None:
    frames = RNG.normal(0, 1, (3, 20, 20)) + np.array([100.0, 9000.0, 400.0])[:, None, None]
    frames[:, 8:12, 8:12] += np.array([10.0, 30.0, 90.0])[:, None, None]
    grey = images(frame_strip(frames))[0][..., 0].astype(float)
    centre = [grey[8:12, 21 * k + 8 : 21 * k + 12].mean() for k in range(3)]
    ground = [grey[:6, 21 * k : 21 * k + 20].mean() for k in range(3)]
    assert centre[0] < centre[1] < centre[2]
    assert np.ptp(ground) < 12


def test_missing_pixels_are_violet_and_gaps_let_the_page_through() -> None:
    frames = RNG.normal(size=(2, 10, 10))
    frames[1] = np.nan
    (strip,) = images(frame_strip(frames))
    assert (strip[:, 11:, :3] == MISSING_COLOUR).all()
    assert (strip[:, 10, 3] == 0).all()
    assert (strip[:, :10, 3] == 255).all()


def test_an_embedding_is_drawn_as_deviation_from_the_median_of_each_dimension() -> None:
    embedding = np.tile([5.0, -3.0, 100.0], (21, 1))
    embedding[10:, 0] += np.linspace(0, 1, 11)
    embedding[:10, 1] -= 1
    embedding[4, 2] = np.nan
    (picture,) = images(embedding_picture(embedding))
    assert picture.shape == (3, 21, 4)
    purple, green = picture[0, -1].astype(int), picture[1, 0].astype(int)
    assert purple[0] > purple[1]
    assert green[1] > green[0]
    assert picture[2, 4, :3].tolist() == [128, 128, 128]
    assert (picture[2, [0, 20], :3] > 230).all()


def test_long_embeddings_are_thinned_and_say_so() -> None:
    markup = embedding_picture(RNG.normal(size=(2000, 36)), label="oid")
    assert images(markup)[0].shape == (36, 300, 4)
    assert "300 of 2,000 drawn" in texts(markup)
    assert len(markup.encode()) < 15_000


@pytest.mark.parametrize("value", [np.nan, 0.0, 7.0])
def test_nothing_to_see_is_drawn_too(value: float) -> None:
    assert images(embedding_picture(np.full((4, 5), value)))
    assert images(frame_strip(np.full((4, 5, 5), value), time=np.full(4, np.nan)))


def test_refusals() -> None:
    with pytest.raises(SampleSetError, match=r"frames of shape \(28, 28\)"):
        frame_strip(np.zeros((28, 28)))
    with pytest.raises(SampleSetError, match=r"times of shape \(2,\) beside 3 frames"):
        frame_strip(np.zeros((3, 5, 5)), time=[0, 1])
    with pytest.raises(ConfigurationError, match="at most 0"):
        frame_strip(np.zeros((3, 5, 5)), limit=0)
    with pytest.raises(SampleSetError, match=r"embedding of shape \(0, 36\)"):
        embedding_picture(np.zeros((0, 36)))
