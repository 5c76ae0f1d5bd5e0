"""Levels of colour pictures, 0 to 255, brought to 0..1."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skysieve.preprocess.masking import FillMasked
from skysieve.preprocess.steps import STEPS

__all__ = ["PictureLevels"]


@STEPS.register("picture-levels")
@dataclass(frozen=True)
class PictureLevels:
    """Every level is divided by 255; what was not measured counts as black, as the sky of a picture is.

    The only preprocessing of DeepShadows and Night Sky Net. Networks look at all three colours on one
    scale, so that a colour is a colour in every picture.

    Parameters
    ----------
    full_scale : float
        The level that becomes 1.

    Examples
    --------
    >>> import numpy as np
    >>> PictureLevels()(np.array([0.0, 51.0, 255.0, np.nan], dtype=np.float32)).round(3).tolist()
    [0.0, 0.20000000298023224, 1.0, 0.0]
    """

    full_scale: float = 255.0

    def __call__(self, images: Any) -> Any:
        """Apply the step to images of shape (N, C, H, W), float32."""
        return FillMasked(0.0)(images) / self.full_scale
