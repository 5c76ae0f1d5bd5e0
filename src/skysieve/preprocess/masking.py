"""What becomes of pixels that carry no measurement: NaN, infinities, sentinels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from skysieve.preprocess.steps import STEPS

__all__ = ["FLOAT32_MAX", "FillMasked", "NanToNum"]

#: Largest finite float32.
FLOAT32_MAX = 3.4028234663852886e38


@STEPS.register("nan-to-num")
@dataclass(frozen=True)
class NanToNum:
    """NaN becomes 0, an infinity the largest float32; sentinels stay.

    This is what the published ZTF pipelines do. A template with the sentinel -3.4e38 then
    has an infinite norm in float32, and the row or cutout that holds it becomes zero: parity
    with published scores needs just that.

    Examples
    --------
    >>> import numpy as np
    >>> NanToNum()(np.array([np.nan, -2.0, np.inf], dtype=np.float32)).tolist()
    [0.0, -2.0, 3.4028234663852886e+38]
    """

    def __call__(self, images: Any) -> Any:
        """Apply the step to images of shape (N, C, H, W), float32."""
        xp = array_namespace(images)
        finite = xp.where(xp.isnan(images), xp.zeros_like(images), images)
        return xp.clip(finite, -FLOAT32_MAX, FLOAT32_MAX)


@STEPS.register("fill-masked")
@dataclass(frozen=True)
class FillMasked:
    """NaN, infinities and sentinels become one value: they were never measured.

    Parameters
    ----------
    value : float
        What they become.
    limit : float
        Magnitude from which a value is a sentinel, not a measurement. No detector counts
        to 1e30; the sentinel of ZTF templates is -3.4e38.

    Examples
    --------
    >>> import numpy as np
    >>> FillMasked()(np.array([np.nan, -2.0, np.inf, -3.4e38], dtype=np.float32)).tolist()
    [0.0, -2.0, 0.0, 0.0]
    """

    value: float = 0.0
    limit: float = 1e30

    def __call__(self, images: Any) -> Any:
        """Apply the step to images of shape (N, C, H, W), float32."""
        xp = array_namespace(images)
        # Comparison with NaN is false, so NaN is masked without a test of its own.
        measured = xp.abs(images) < self.limit
        return xp.where(measured, images, xp.zeros_like(images) + self.value)
