"""Cutouts from the edge of a detector are smaller than the others: bring them to one shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ContractError

__all__ = ["stack_cutouts"]


def stack_cutouts(
    cutouts: Sequence[NDArray[Any]],
    shape: tuple[int, int, int],
    *,
    item: str,
    out: NDArray[np.float32] | None = None,
) -> NDArray[np.float32]:
    """Stack the channels of one sample; smaller ones are filled up with NaN at bottom and right.

    NaN says "not measured", and every model treats it by its own rule. The published pipelines
    normalise first and pad with 1e-9 then; NaN that becomes 0 before the norm gives the same
    norm, and pixels that differ by 1e-9.

    Parameters
    ----------
    cutouts : sequence of ndarray, shape (H, W)
        One array a channel, in the order of the model's contract.
    shape : tuple of int
        (C, H, W) that the model expects.
    item : str
        Name of the sample, for the error.
    out : ndarray, shape (C, H, W), float32, optional
        Where to put the result.

    Returns
    -------
    ndarray, shape (C, H, W), float32
        The stack; NaN where nothing was measured.

    Raises
    ------
    ContractError
        If a channel is missing, is not an image or is larger than expected.

    Examples
    --------
    >>> stack_cutouts([np.ones((1, 2))], (1, 2, 2), item="a").tolist()
    [[[1.0, 1.0], [nan, nan]]]
    """
    channels, height, width = shape
    if len(cutouts) != channels:
        raise ContractError(f"{item}: has {len(cutouts)} cutouts, the model expects {channels}")
    stack = np.empty(shape, dtype=np.float32) if out is None else out
    for channel, cutout in enumerate(cutouts):
        if cutout.ndim != 2 or cutout.shape[0] > height or cutout.shape[1] > width:
            raise ContractError(
                f"{item}: cutout {channel} has shape {cutout.shape}, "
                f"the model expects ({height}, {width}) or smaller"
            )
        if cutout.shape != (height, width):
            stack[channel] = np.nan
        stack[channel, : cutout.shape[0], : cutout.shape[1]] = cutout
    return stack
