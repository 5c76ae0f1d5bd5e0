"""Single exposures around an object, brought to 0..1 each by itself and to one size."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from array_api_compat import array_namespace
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.preprocess.masking import FillMasked
from skysieve.preprocess.steps import STEPS

__all__ = ["FrameMinMax", "paste_frame"]


@STEPS.register("frame-min-max")
@dataclass(frozen=True)
class FrameMinMax:
    """Pixels without a measurement become 0, then each channel runs from 0 to 1.

    The only preprocessing of SNAD's frames. A frame with a missing pixel is crushed, as published: its
    lowest value becomes 0 although the sky lies far above. A constant frame, which was a division of
    zero by zero, becomes zeros.

    References
    ----------
    Semenikhin 2024, Systems and Means of Informatics 34(1), 70; github.com/semtim/RB_ZTF.

    Examples
    --------
    >>> FrameMinMax()(np.array([[[[100.0, 150.0], [np.nan, 200.0]]]], dtype=np.float32)).tolist()
    [[[[0.5, 0.75], [0.0, 1.0]]]]
    """

    def __call__(self, images: Any) -> Any:
        """Apply the step to images of shape (N, C, H, W), float32."""
        filled = FillMasked()(images)
        xp = array_namespace(filled)
        lowest = xp.min(filled, axis=(-2, -1), keepdims=True)
        span = xp.max(filled, axis=(-2, -1), keepdims=True) - lowest
        return (filled - lowest) / xp.where(span > 0, span, xp.ones_like(span))


def paste_frame(
    frame: NDArray[np.floating], *, side: int = 28, row: float | None = None, column: float | None = None
) -> NDArray[np.float32]:
    """Place a frame that the edge of a detector cut off where it belongs in a whole one of zeros.

    Archives return the pixels there are, and do not say which sides are missing; where the object
    stands in them does. Paste after `FrameMinMax`, as published, so that 0 is the darkest pixel.

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
