"""What the probability of a class owes to each feature of a sample: occlusion by other samples."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError

__all__ = ["FeatureOcclusion", "feature_effects"]


@dataclass(frozen=True)
class FeatureOcclusion:
    """The settings of `feature_effects` and of the permutation importances beside them.

    Parameters
    ----------
    background : int
        How many other samples lend their features, drawn at random from those explained.
    repeats : int
        How often each feature is shuffled for the importances.
    """

    background: int = 32
    repeats: int = 5

    def __post_init__(self) -> None:
        if self.background < 2 or self.repeats < 1:
            raise ConfigurationError(
                f"method.background is {self.background}, method.repeats {self.repeats}; expected at least 2 "
                "and 1"
            )


def feature_effects(
    predict: Callable[[NDArray[np.float32]], NDArray[np.floating]],
    sample: NDArray[np.float32],
    background: NDArray[np.float32],
    target: int,
) -> NDArray[np.float64]:
    """Return what the probability of a class loses, in the mean, without each feature, shape (F,).

    The effect of feature f on sample x is ``p(x) - mean over b of p(x with x_f = b_f)``, b being the
    background (interventional occlusion of one feature). Exact by its definition: nothing is fitted or drawn
    here. Unlike Shapley values effects of single features do not add up to anything.

    Parameters
    ----------
    predict : callable
        From features (N, F) to probabilities of the second of two classes (N,), or of each (N, K).
    sample : ndarray, shape (F,), float32
        NaN where not measured.
    background : ndarray, shape (B, F), float32
        Other samples.
    target : int
        The class.

    Examples
    --------
    >>> def predict(x):
    ...     return np.where(x[:, 1] > 0, 0.9, 0.1)
    >>> background = np.array([[5.0, -1.0], [6.0, 2.0]], dtype=np.float32)
    >>> feature_effects(predict, np.array([1.0, 1.0], dtype=np.float32), background, 1).round(3).tolist()
    [0.0, 0.4]
    """
    count, features = background.shape
    varied = np.repeat(sample[None], count * features, axis=0).reshape(features, count, features)
    at = np.arange(features)
    varied[at, :, at] = background.T
    asked = np.concatenate([sample[None], varied.reshape(-1, features)])
    found = _probability(predict(asked), target)
    return np.asarray(found[0] - found[1:].reshape(features, count).mean(axis=1))


def _probability(scores: NDArray[np.floating], target: int) -> NDArray[np.float64]:
    if scores.ndim == 1:
        return np.asarray(scores if target == 1 else 1.0 - scores, dtype=np.float64)
    return np.asarray(scores[:, target], dtype=np.float64)
