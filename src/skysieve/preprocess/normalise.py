"""The two norms that both go by the name of "L2 normalisation", and how to tell them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from array_api_compat import array_namespace

from skysieve.preprocess.steps import STEPS

__all__ = ["L2PerCutout", "L2PerRow"]


@STEPS.register("l2-per-row")
@dataclass(frozen=True)
class L2PerRow:
    """Every row of every channel has unit Euclidean norm; a row of zeros stays zero.

    The norm of braai ``d6_m7``, whose score ZTF packets carry as ``drb``: Keras normalises
    along the last axis. It looks like `L2PerCutout` and is not: fed with that one, ``d6_m7``
    loses real objects without an error.

    Examples
    --------
    >>> import numpy as np
    >>> L2PerRow()(np.array([[[[3.0, 4.0], [0.0, 0.0]]]], dtype=np.float32))
    array([[[[0.6, 0.8], [0. , 0. ]]]], dtype=float32)
    """

    def __call__(self, images: Any) -> Any:
        """Apply the step to finite images of shape (N, C, H, W), float32."""
        return _unit_norm(images, (-1,))


@STEPS.register("l2-per-cutout")
@dataclass(frozen=True)
class L2PerCutout:
    """Every channel of every sample has unit Frobenius norm; a channel of zeros stays zero.

    The norm of braai ``d6_m9``, ACAI and BTSbot.

    Examples
    --------
    >>> import numpy as np
    >>> L2PerCutout()(np.array([[[[3.0, 0.0], [0.0, 4.0]]]], dtype=np.float32))
    array([[[[0.6, 0. ], [0. , 0.8]]]], dtype=float32)
    """

    def __call__(self, images: Any) -> Any:
        """Apply the step to finite images of shape (N, C, H, W), float32."""
        return _unit_norm(images, (-2, -1))


def _unit_norm(images: Any, axes: tuple[int, ...]) -> Any:
    xp = array_namespace(images)
    # Squares are summed as they stand: where a sentinel makes the sum infinite, the quotient
    # is zero, as in the published float32 pipelines.
    norm = xp.sqrt(xp.sum(images * images, axis=axes, keepdims=True))
    return images / xp.where(norm > 0, norm, xp.ones_like(norm))
