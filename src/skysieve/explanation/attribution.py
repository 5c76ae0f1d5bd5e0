"""What an explainer returns: a map an image, and all that is needed to read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Attribution"]


@dataclass(frozen=True)
class Attribution:
    """Maps of what spoke for a class, one an image.

    Parameters
    ----------
    maps : ndarray, shape (N, H, W), float32
        Finite; 0 where no channel of the pixel was measured. The unit is that of the logit for
        integrated gradients, logits per unit of input for a gradient, and arbitrary for Grad-CAM.
    signed : bool
        Whether negative values mean "against the class"; False: there are none.
    target : ndarray, shape (N,), int64
        Index of the class that each map is about.
    logits : ndarray, shape (N, K), float32
        What the network said; K = 1 for two classes.
    method : str
        Name of the explainer.
    settings : mapping
        Its settings, and what it found out, such as the layer of Grad-CAM.
    figures : mapping of str to ndarray, shape (N,)
        Figures of the method on each image, such as ``completeness_error``.

    Examples
    --------
    >>> maps = np.zeros((1, 2, 2), dtype=np.float32)
    >>> made = Attribution(maps, False, np.array([1]), np.array([[0.3]]), "saliency", {})
    >>> len(made)
    1
    """

    maps: NDArray[np.float32]
    signed: bool
    target: NDArray[np.int64]
    logits: NDArray[np.float32]
    method: str
    settings: Mapping[str, Any]
    figures: Mapping[str, NDArray[np.float32]] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.maps)
