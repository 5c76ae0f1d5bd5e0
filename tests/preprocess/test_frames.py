"""Frames brought to 0..1, and frames that the edge of a detector cut off."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skysieve.errors import SampleSetError
from skysieve.preprocess import STEPS, Pipeline
from skysieve.preprocess.frames import FrameMinMax, paste_frame

VALUES = st.one_of(st.floats(-1e4, 1e4, width=32), st.sampled_from([np.nan, np.inf]))


@given(arrays(np.float32, (2, 1, 4, 3), elements=VALUES))
def test_every_frame_runs_from_0_to_1_or_is_zero(images: np.ndarray) -> None:
    found = FrameMinMax()(images)
    assert np.isfinite(found).all()
    for frame, raw in zip(found, images, strict=True):
        filled = np.where(np.isfinite(raw), raw, 0)
        assert frame.min() == 0
        assert frame.max() == (1 if np.ptp(filled) else 0)
    np.testing.assert_allclose(FrameMinMax()(torch.from_numpy(images)).numpy(), found, rtol=1e-6)


def test_a_missing_pixel_is_the_darkest_one() -> None:
    frame = np.array([[[[np.nan, 100.0], [200.0, 150.0]]]], dtype=np.float32)
    np.testing.assert_allclose(FrameMinMax()(frame).ravel(), [0.0, 0.5, 1.0, 0.75])


def test_is_stored_in_a_model() -> None:
    pipeline = Pipeline.of("frame-min-max")
    assert STEPS.get("frame-min-max") is FrameMinMax
    assert Pipeline.from_json(pipeline.to_json()) == pipeline


@pytest.mark.parametrize(
    ("shape", "place", "rows", "columns"),
    [
        ((28, 28), {}, (0, 28), (0, 28)),
        ((20, 28), {"row": 6.0}, (8, 28), (0, 28)),
        ((20, 28), {"row": 14.0}, (0, 20), (0, 28)),
        ((28, 15), {"column": 1.5, "row": 13.5}, (0, 28), (13, 28)),
        ((16, 17), {"row": 2.0, "column": 3.0}, (12, 28), (11, 28)),
        ((27, 27), {"row": 13.5, "column": 12.9}, (0, 27), (1, 28)),
    ],
)
def test_a_piece_lies_where_its_object_tells(
    shape: tuple[int, int], place: dict[str, float], rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    piece = np.random.default_rng(0).uniform(0.1, 1, shape).astype(np.float32)
    whole = paste_frame(piece, **place)
    np.testing.assert_array_equal(whole[slice(*rows), slice(*columns)], piece)
    assert (whole > 0).sum() == piece.size


def test_a_frame_larger_than_the_whole_is_refused() -> None:
    with pytest.raises(SampleSetError, match=r"\(29, 28\)"):
        paste_frame(np.ones((29, 28)))
