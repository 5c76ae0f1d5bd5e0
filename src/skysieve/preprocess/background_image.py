"""One image, the same for all samples, that is taken away before a network sees them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace, device

from skysieve.errors import ConfigurationError
from skysieve.preprocess.steps import STEPS

__all__ = ["SubtractBackground"]


@STEPS.register("subtract-background")
@dataclass(frozen=True)
class SubtractBackground:
    """A fixed image is subtracted from every sample, such as the background of the dmdt images of a survey.

    Its pixels travel inside the model (some ten kilobytes for a dmdt image), which then takes raw images.

    Parameters
    ----------
    pixels : tuple of float
        The image, C · H · W values in C order; a single 0, which takes nothing away, if left out.
    shape : tuple of int
        (C, H, W).
    clip : bool
        What would be negative becomes 0.

    Raises
    ------
    ConfigurationError
        If there are not as many pixels as the shape has.

    Examples
    --------
    >>> import numpy as np
    >>> step = SubtractBackground((1.0, 2.0), (1, 1, 2))
    >>> step(np.array([[[[3.0, 1.0]]]], dtype=np.float32)).tolist()
    [[[[2.0, 0.0]]]]
    """

    pixels: tuple[float, ...] = (0.0,)
    shape: tuple[int, ...] = (1, 1, 1)
    clip: bool = True

    def __post_init__(self) -> None:
        # Lists, as JSON has them, would make the step unequal to itself.
        object.__setattr__(self, "pixels", tuple(map(float, self.pixels)))
        object.__setattr__(self, "shape", tuple(map(int, self.shape)))
        channels, height, width = (*self.shape, 0, 0, 0)[:3]
        if len(self.shape) != 3 or channels * height * width != len(self.pixels):
            raise ConfigurationError(
                f"a background of shape {self.shape} does not have {len(self.pixels)} pixels"
            )

    def __call__(self, images: Any) -> Any:
        """Apply the step to images of shape (N, C, H, W), float32."""
        xp = array_namespace(images)
        background = xp.reshape(
            xp.asarray(self.pixels, dtype=images.dtype, device=device(images)), self.shape
        )
        left = images - background
        return xp.where(left > 0, left, xp.zeros_like(left)) if self.clip else left
