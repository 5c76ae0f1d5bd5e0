"""Preprocessing: the same numbers in numpy, in torch and from an independent formula."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from sklearn.preprocessing import normalize

from skysieve.errors import ConfigurationError, ContractError, UnknownNameError
from skysieve.preprocess import STEPS, Pipeline, stack_cutouts

IMAGES = hnp.arrays(
    np.float32,
    st.tuples(st.integers(1, 3), st.integers(1, 3), st.integers(1, 6), st.integers(1, 6)),
    # scikit-learn takes norms below some 1e-15 for zero; counts of a detector are far from there.
    elements=st.sampled_from([0.0, np.nan])
    | st.floats(2**-10, 1e6, width=32)
    | st.floats(-1e6, -(2**-10), width=32),
)


@given(IMAGES)
def test_norm_per_row_is_that_of_scikit_learn(images: Any) -> None:
    ours = Pipeline.of("nan-to-num", "l2-per-row")(images)
    rows = np.nan_to_num(images).reshape(-1, images.shape[-1]).astype(np.float64)
    np.testing.assert_allclose(ours.reshape(rows.shape), normalize(rows), atol=2e-6)


@given(IMAGES)
def test_norm_per_cutout_is_that_of_scikit_learn(images: Any) -> None:
    ours = Pipeline.of("nan-to-num", "l2-per-cutout")(images)
    cutouts = np.nan_to_num(images).reshape(images.shape[0] * images.shape[1], -1).astype(np.float64)
    np.testing.assert_allclose(ours.reshape(cutouts.shape), normalize(cutouts), atol=2e-6)


@pytest.mark.parametrize("name", list(STEPS))
@given(images=IMAGES)
def test_torch_and_numpy_agree(name: str, images: Any) -> None:
    pipeline = Pipeline.of("fill-masked", name)
    with np.errstate(over="ignore"):
        expected = pipeline(images)
    assert expected.dtype == np.float32
    np.testing.assert_allclose(pipeline(torch.from_numpy(images)).numpy(), expected, rtol=1e-6, atol=1e-7)


def test_the_sentinel_zeroes_what_it_touches_in_float32_as_published() -> None:
    images = np.ones((1, 1, 2, 2), dtype=np.float32)
    images[0, 0, 0, 0] = np.finfo(np.float32).min
    tensor = torch.from_numpy(images)
    assert Pipeline.of("nan-to-num", "l2-per-row")(tensor)[0, 0, 0].tolist() == [0, 0]
    assert Pipeline.of("nan-to-num", "l2-per-row")(tensor)[0, 0, 1].tolist() == pytest.approx([0.5**0.5] * 2)
    assert not Pipeline.of("nan-to-num", "l2-per-cutout")(tensor).any()
    masked = Pipeline.of("fill-masked", "l2-per-cutout")(tensor)
    assert masked.flatten().tolist() == pytest.approx([0, 3**-0.5, 3**-0.5, 3**-0.5])


def test_the_two_norms_differ() -> None:
    images = np.random.default_rng(0).normal(size=(1, 3, 63, 63)).astype(np.float32)
    assert abs(Pipeline.of("l2-per-row")(images) - Pipeline.of("l2-per-cutout")(images)).max() > 0.1


def test_unknown_steps_are_named() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'l2-per-row'"):
        Pipeline.of("l2-row")
    with pytest.raises(ConfigurationError, match="not a registered"):
        Pipeline((np.abs,)).to_json()


@given(st.integers(1, 5), st.integers(1, 5))
def test_small_cutouts_are_filled_up_at_bottom_and_right(height: int, width: int) -> None:
    cutout = np.arange(height * width, dtype=np.float32).reshape(height, width)
    stack = stack_cutouts([cutout, cutout], (2, 5, 5), item="a")
    np.testing.assert_array_equal(stack[1, :height, :width], cutout)
    assert np.isnan(stack).sum() == 2 * (25 - height * width)


def test_padding_before_the_norm_changes_nothing() -> None:
    cutout = np.random.default_rng(1).normal(size=(41, 63)).astype(np.float32)
    for norm in ("l2-per-row", "l2-per-cutout"):
        padded = Pipeline.of("nan-to-num", norm)(stack_cutouts([cutout], (1, 63, 63), item="a")[None])
        published = np.full((63, 63), 1e-9)
        published[:41] = Pipeline.of("nan-to-num", norm)(cutout[None, None])[0, 0]
        np.testing.assert_allclose(padded[0, 0], published, rtol=1e-6, atol=2e-9)


@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        ([(3, 3)], "a: has 1 cutouts, the model expects 2"),
        ([(3, 3), (6, 3)], r"a: cutout 1 has shape \(6, 3\)"),
        ([(3, 3), (3,)], r"cutout 1 has shape \(3,\)"),
    ],
)
def test_cutouts_that_cannot_fit_are_named(shapes: list[tuple[int, ...]], message: str) -> None:
    with pytest.raises(ContractError, match=message):
        stack_cutouts([np.zeros(shape) for shape in shapes], (2, 5, 5), item="a")
