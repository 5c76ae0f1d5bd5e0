"""How far several opinions on the same samples lie apart: passes with dropout, or members of an ensemble."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import special

from skysieve.errors import SampleSetError
from skysieve.evaluation.arrays import FloatArray

__all__ = ["ProbabilitySpread", "accuracy_of_surest", "probability_spread"]


@dataclass(frozen=True, slots=True, eq=False)
class ProbabilitySpread:
    """Several probabilities of each sample, summed up.

    Parameters
    ----------
    mean : ndarray, shape (N,) or (N, K)
        Mean probability.
    spread : ndarray, shape (N,)
        Standard deviation of the probability of the class that the mean calls.
    entropy : ndarray, shape (N,)
        Of the mean, in nats: the uncertainty in all.
    mutual_information : ndarray, shape (N,)
        The part of it on which the opinions disagree, in nats: what more data could teach (BALD; Houlsby
        et al. 2011, arXiv:1112.5745). The rest is noise that every opinion sees.
    """

    mean: FloatArray
    spread: FloatArray
    entropy: FloatArray
    mutual_information: FloatArray


def probability_spread(probabilities: npt.ArrayLike) -> ProbabilitySpread:
    """Sum up several probabilities of each sample.

    Parameters
    ----------
    probabilities : array_like, shape (T, N) or (T, N, K)
        T opinions on N samples: the probability of the second of two classes, or of each class.

    Raises
    ------
    SampleSetError
        If there are fewer than two opinions, or they are not finite.

    Examples
    --------
    >>> found = probability_spread([[0.5, 0.0], [0.5, 1.0]])
    >>> found.entropy.round(3).tolist(), found.mutual_information.round(3).tolist()
    ([0.693, 0.693], [0.0, 0.693])
    """
    opinions = np.asarray(probabilities, dtype=np.float64)
    if opinions.ndim not in (2, 3) or len(opinions) < 2 or not np.isfinite(opinions).all():
        raise SampleSetError(
            f"opinions of shape {opinions.shape}; expected finite (T, N) or (T, N, K) with T of 2 or more"
        )
    of_classes = np.stack([1 - opinions, opinions], axis=-1) if opinions.ndim == 2 else opinions
    mean = of_classes.mean(axis=0)
    called = mean.argmax(axis=1)
    of_called = np.take_along_axis(of_classes, called[None, :, None], axis=2)[..., 0]
    entropy = special.entr(mean).sum(axis=1)
    shared = special.entr(of_classes).sum(axis=2).mean(axis=0)
    return ProbabilitySpread(
        mean=mean[:, 1] if opinions.ndim == 2 else mean,
        spread=of_called.std(axis=0, ddof=1),
        entropy=entropy,
        # Rounding may leave a little below 0, which no information is.
        mutual_information=np.maximum(entropy - shared, 0.0),
    )


def accuracy_of_surest(right: npt.ArrayLike, uncertainty: npt.ArrayLike, kept: npt.ArrayLike) -> FloatArray:
    """Return the accuracy on the least uncertain samples.

    Parameters
    ----------
    right : array_like of bool, shape (N,)
        Whether each sample is called what it is.
    uncertainty : array_like, shape (N,)
        Large where the caller is unsure. Samples of equal uncertainty count alike.
    kept : array_like, shape (M,)
        Shares of the samples to keep, above 0 and up to 1.

    Examples
    --------
    >>> accuracy_of_surest([True, True, False, True], [0.1, 0.2, 0.9, 0.3], [0.5, 0.75, 1.0]).tolist()
    [1.0, 1.0, 0.75]
    """
    correct, unsure = np.asarray(right, dtype=np.float64), np.asarray(uncertainty, dtype=np.float64)
    counts = np.maximum(np.ceil(np.asarray(kept) * len(correct) - 1e-9).astype(int), 1)
    # Of equals each has the mean of them all, or the order of the rows would decide.
    _, tied = np.unique(unsure, return_inverse=True)
    fair = (np.bincount(tied, correct) / np.bincount(tied))[tied]
    total = np.cumsum(fair[np.argsort(unsure, kind="stable")])
    found: FloatArray = total[counts - 1] / counts
    return found
