"""Frames that the edge of a detector cut off, placed in whole ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import SampleSetError

__all__ = ["paste_frame"]


def paste_frame(
    frame: NDArray[np.floating], *, side: int = 28, row: float | None = None, column: float | None = None
) -> NDArray[np.float32]:
    """Place a frame that the edge of a detector cut off where it belongs in a whole one of zeros.

    Archives return the pixels there are, and do not say which sides are missing; where the object
    stands in them does. SNAD's pipeline brings a piece to 0..1 before, so that the zeros are as dark as
    its darkest pixel.

    Parameters
    ----------
    frame : ndarray, shape (h, w)
        Neither larger than ``side``.
    side : int
        Height and width of the whole frame.
    row, column : float, optional
        Where the object stands in the piece, from 0. One that is nearer to the first row than half a
        frame tells that rows are missing before it. The middle of a whole frame by default.

    Returns
    -------
    ndarray, shape (side, side), float32

    Raises
    ------
    SampleSetError
        If the frame is larger than the whole.

    Examples
    --------
    >>> paste_frame(np.ones((2, 3)), side=3, row=0.0).astype(int).tolist()
    [[0, 0, 0], [1, 1, 1], [1, 1, 1]]
    """
    if frame.ndim != 2 or max(frame.shape) > side:
        raise SampleSetError(f"a frame has shape {frame.shape}, at most ({side}, {side}) is expected")
    middle = (side - 1) // 2
    starts = [
        0 if at is None or int(at) >= middle else side - size
        for at, size in zip((row, column), frame.shape, strict=True)
    ]
    whole = np.zeros((side, side), dtype=np.float32)
    whole[tuple(slice(start, start + size) for start, size in zip(starts, frame.shape, strict=True))] = frame
    return whole
