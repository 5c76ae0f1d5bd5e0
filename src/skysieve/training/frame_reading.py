"""Frames of a sample set as one array: what embedding them and training on them begin with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.networks.frame_vae import SIDE
from skysieve.preprocess.masking import FillMasked
from skysieve.samples.description import Description
from skysieve.samples.sample_set import SampleSet

__all__ = ["FRAMES", "PREPROCESS", "flat_items", "measured_pixels", "require_frames"]

#: Tensor column with the frames of a sequence.
FRAMES = "frames"

#: The only preprocessing of frames, as published.
PREPROCESS = ("frame-min-max",)


def require_frames(path: Path, description: Description) -> None:
    """Refuse a set without frames of the size that the published network takes.

    Raises
    ------
    SampleSetError
        If there is no ragged column ``frames`` of shape (T, 1, 28, 28).
    """
    found, expected = description.tensors.get(FRAMES), (None, 1, SIDE, SIDE)
    if found is None or found.shape != expected:
        shapes = ", ".join(f"{name} {column.shape}" for name, column in description.tensors.items())
        raise SampleSetError(
            f"{path}: has no column {FRAMES!r} of shape {expected}, found {shapes or 'no tensors'}; "
            "`skysieve fetch frames` makes such a set"
        )


def flat_items(part: SampleSet, name: str) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Return where the items of each sequence begin, (N + 1,), and all items, (P, *shape)."""
    offsets, items = part.ragged_flat(name)
    shape = part.description.tensors[name].fixed_shape
    values = (items.flatten() if shape else items).to_numpy(zero_copy_only=False)
    return offsets, values.reshape(-1, *shape)


def measured_pixels(frames: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which pixels were measured, as `FillMasked` sees it."""
    measured: NDArray[np.bool_] = np.abs(frames) < FillMasked().limit
    return measured
