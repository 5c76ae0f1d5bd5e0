"""Values with a known full scale, such as the grey levels of an 8-bit image, brought to 0..1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skysieve.preprocess.masking import FillMasked
from skysieve.preprocess.steps import STEPS

__all__ = ["UnitRange"]


@STEPS.register("unit-range")
@dataclass(frozen=True)
class UnitRange:
    """Every value is divided by the full scale: grey levels 0..255 become 0..1.

    The only preprocessing of DeepStreaks. Nothing is measured on the image itself, so a pixel
    means the same in every cutout. Values outside the scale are not clipped.

    Parameters
    ----------
    full_scale : float
        The value that becomes 1.
    masked : float
        Value that NaN, infinities and sentinels count as: they were never measured. An 8-bit image
        has none of them; the default is what ZTF's streak cutouts hold there, the grey of a difference
        of zero.

    References
    ----------
    Duev et al. 2019, MNRAS 486, 4158 (DeepStreaks).

    Examples
    --------
    >>> import numpy as np
    >>> UnitRange()(np.array([0.0, 51.0, 255.0], dtype=np.float32)).tolist()
    [0.0, 0.20000000298023224, 1.0]
    """

    full_scale: float = 255.0
    masked: float = 204.0

    def __call__(self, images: Any) -> Any:
        """Apply the step to images of shape (N, C, H, W), float32."""
        return FillMasked(self.masked)(images) / self.full_scale
