"""Grey levels of a stretched difference image, back in units of its noise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from skysieve.preprocess.masking import FillMasked
from skysieve.preprocess.steps import STEPS

__all__ = ["SkyNoiseUnits"]


@STEPS.register("sky-noise-units")
@dataclass(frozen=True)
class SkyNoiseUnits:
    """Grey levels become the difference in units of its sky noise: empty sky is 0, light is positive.

    A network that fills up its borders with zeros then fills them up with empty sky. With a sky of 0.8,
    as `unit-range` leaves it, it would see a bright frame around every image.

    Parameters
    ----------
    sky : float
        Grey level of empty sky, and of what was never measured (masked, NaN, infinite).
    levels_per_sigma : float
        Grey levels of one standard deviation of the sky noise; light is dark.

    Notes
    -----
    The defaults are those of ZTF's streak cutouts, measured on 24 of them: a linear stretch from -2.5
    (white) to +10 (black) standard deviations.

    Examples
    --------
    >>> import numpy as np
    >>> SkyNoiseUnits()(np.array([204.0, 255.0, 0.0, np.nan], dtype=np.float32)).tolist()
    [0.0, -2.5, 10.0, 0.0]
    """

    sky: float = 204.0
    levels_per_sigma: float = 20.4

    def __call__(self, images: Any) -> Any:
        """Apply the step to images of shape (N, C, H, W), float32."""
        return (self.sky - FillMasked(self.sky)(images)) / self.levels_per_sigma
