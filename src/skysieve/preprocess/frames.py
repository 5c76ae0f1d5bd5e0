"""Single exposures around an object, brought to 0..1 each by itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from skysieve.preprocess.masking import FillMasked
from skysieve.preprocess.steps import STEPS

__all__ = ["FrameMinMax"]


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
    >>> import numpy as np
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
