"""Frames brought to 0..1."""

from __future__ import annotations

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skysieve.preprocess import STEPS, Pipeline
from skysieve.preprocess.frames import FrameMinMax

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
