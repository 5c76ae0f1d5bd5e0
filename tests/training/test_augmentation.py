"""Random symmetries: exact members of the dihedral group, one a sample."""

from __future__ import annotations

from collections import Counter

import hypothesis.extra.numpy as hnp
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.training.augmentation import apply_shifts, apply_symmetries, augment, draw_symmetries
from skysieve.training.configuration import AugmentationConfig

torch.set_num_threads(1)

SQUARE = np.arange(2 * 5 * 5, dtype=np.float32).reshape(2, 5, 5)


def _members(image: NDArray[np.float32]) -> list[bytes]:
    """Return the eight symmetric versions, made by numpy: rotations, then mirrored rotations."""
    rotated = [np.rot90(image, turns, axes=(1, 2)) for turns in range(4)]
    return [version.tobytes() for version in (*rotated, *(np.flip(version, 2) for version in rotated))]


def _drawn(image: NDArray[np.float32], config: AugmentationConfig, count: int, seed: int = 0) -> Counter[int]:
    """Count which member each of many copies of an image became."""
    generator = torch.Generator().manual_seed(seed)
    copies = torch.from_numpy(np.repeat(image[None], count, axis=0))
    members = _members(image)
    return Counter(members.index(copy.numpy().tobytes()) for copy in augment(copies, config, generator))


@pytest.mark.parametrize(
    ("config", "members"),
    [
        (AugmentationConfig(flips=True, rotations=True), {0, 1, 2, 3, 4, 5, 6, 7}),
        (AugmentationConfig(flips=False, rotations=True), {0, 1, 2, 3}),
        (AugmentationConfig(flips=True, rotations=False), {0, 2, 4, 6}),
        (AugmentationConfig(flips=False, rotations=False), {0}),
    ],
)
def test_draws_exactly_the_chosen_group_uniformly(config: AugmentationConfig, members: set[int]) -> None:
    counts = _drawn(SQUARE, config, 4000)
    assert set(counts) == members
    expected = 4000 / len(members)
    chi_square = sum((counts[member] - expected) ** 2 / expected for member in members)
    assert chi_square < 25


@settings(max_examples=40, deadline=None)
@given(
    images=hnp.arrays(
        np.float32,
        st.tuples(st.integers(1, 6), st.integers(1, 3), st.integers(1, 6), st.integers(1, 6)),
        elements=st.floats(width=32, allow_nan=True),
    ),
    seed=st.integers(0, 2**32 - 1),
)
def test_every_pixel_survives(images: NDArray[np.float32], seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    config = AugmentationConfig(rotations=images.shape[2] == images.shape[3])
    moved = augment(torch.from_numpy(images), config, generator).numpy()
    assert moved.shape == images.shape
    np.testing.assert_array_equal(
        np.sort(moved.reshape(*images.shape[:2], -1), axis=2),
        np.sort(images.reshape(*images.shape[:2], -1), axis=2),
    )


def test_channels_move_together_and_nan_stays_nan() -> None:
    image = SQUARE[:1].copy()
    image[0, 0, 1] = np.nan
    triplets = torch.from_numpy(np.repeat(np.repeat(image, 3, axis=0)[None], 50, axis=0))
    moved = augment(triplets, AugmentationConfig(rotations=True), torch.Generator().manual_seed(1))
    assert torch.isnan(moved).sum() == torch.isnan(triplets).sum()
    for channel in (1, 2):
        torch.testing.assert_close(moved[:, 0], moved[:, channel], equal_nan=True, rtol=0, atol=0)


def test_leading_axes_and_oblong_images() -> None:
    frames = torch.arange(2.0 * 3 * 2 * 4 * 6).reshape(2, 3, 2, 4, 6)
    moved = apply_symmetries(frames, torch.tensor([1, 2]))
    torch.testing.assert_close(moved[0], frames[0].flip(-1))
    torch.testing.assert_close(moved[1], frames[1].flip(-2))


def test_rotations_of_oblong_images_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"square images, found \(4, 6\)"):
        augment(torch.zeros(1, 1, 4, 6), AugmentationConfig(rotations=True), torch.Generator())


def test_draws_depend_on_the_generator_alone() -> None:
    config = AugmentationConfig(rotations=True)
    first, second = (draw_symmetries(100, config, torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(first, second)
    assert not torch.equal(first, draw_symmetries(100, config, torch.Generator().manual_seed(4)))


@given(
    hnp.arrays(np.float32, (3, 2, 4, 6), elements=st.floats(-9, 9, width=32)),
    st.lists(st.tuples(st.integers(-9, 9), st.integers(-9, 9)), min_size=3, max_size=3),
)
def test_shifts_equal_numpy(images: NDArray[np.float32], shifts: list[tuple[int, int]]) -> None:
    down, right = torch.tensor(shifts).T
    found = apply_shifts(torch.from_numpy(images), down, right).numpy()
    for image, moved, shift in zip(images, found, shifts, strict=True):
        np.testing.assert_array_equal(moved, np.roll(image, shift, axis=(1, 2)))


def test_shifts_have_the_asked_spread() -> None:
    images = torch.zeros(4000, 1, 41, 41)
    images[:, 0, 20, 20] = 1
    config = AugmentationConfig(flips=False, shift=3.9)
    moved = augment(images, config, torch.Generator().manual_seed(1))
    places = np.argwhere(moved[:, 0].numpy() == 1)[:, 1:] - 20
    np.testing.assert_allclose(places.std(0), 3.9, rtol=0.05)
    np.testing.assert_allclose(places.mean(0), 0, atol=0.2)


def test_a_negative_shift_is_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"augmentation\.shift"):
        AugmentationConfig(shift=-1)
