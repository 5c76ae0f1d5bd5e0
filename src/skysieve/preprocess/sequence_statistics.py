"""A sequence of vectors of any length as a fixed number of statistics, for classifiers of features."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import SampleSetError

__all__ = ["PERCENTILES", "sequence_statistics", "statistic_names"]

#: Percentiles of each number along a sequence.
PERCENTILES = (5, 50, 95)

_ALONG = ("mean", "sd", *(f"p{level:02d}" for level in PERCENTILES), "largest_deviation", "mean_step")
_WHOLE = ("mean_norm", "largest_norm", "n_frames")


def statistic_names(width: int, prefix: str = "mu") -> tuple[str, ...]:
    """Return the names of the columns of `sequence_statistics`.

    Parameters
    ----------
    width : int
        Numbers of one frame.
    prefix : str
        Name of a number, which its place follows.

    Examples
    --------
    >>> statistic_names(1)[:5]
    ('mu_0_mean', 'mu_0_sd', 'mu_0_p05', 'mu_0_p50', 'mu_0_p95')
    """
    along = [f"{prefix}_{place}_{name}" for name in _ALONG for place in range(width)]
    return (*along, *_WHOLE)


def sequence_statistics(
    sequences: Iterable[NDArray[np.floating]] | Sequence[NDArray[np.floating]],
) -> NDArray[np.float64]:
    """Summarise sequences of vectors, such as the embeddings of all frames of an object.

    Of each number along the sequence: mean, standard deviation, percentiles 5, 50 and 95, largest
    distance from its median, mean absolute difference between neighbours (0 for one frame). Of the
    whole: mean and largest Euclidean norm of a frame, and the number of frames.

    Parameters
    ----------
    sequences : iterable of ndarray, shape (T, F)
        In the order of time; T of at least 1, all values finite; one at a time is held.

    Returns
    -------
    ndarray, shape (N, 7 F + 3), float64
        Columns as of `statistic_names`.

    Raises
    ------
    SampleSetError
        If a sequence is empty, has another width than the first, or holds NaN or infinities.

    Examples
    --------
    >>> sequence_statistics([np.array([[0.0], [3.0], [6.0]])]).round(2).tolist()
    [[3.0, 2.45, 0.3, 3.0, 5.7, 3.0, 3.0, 3.0, 6.0, 3.0]]
    """
    rows: list[NDArray[np.float64]] = []
    width = None
    for number, sequence in enumerate(sequences):
        values = np.asarray(sequence, dtype=np.float64)
        width = values.shape[-1] if width is None else width
        if values.ndim != 2 or not len(values) or values.shape[1] != width:
            raise SampleSetError(
                f"sequence {number} has shape {values.shape}; (frames from 1, {width}) is expected"
            )
        if not np.isfinite(values).all():
            raise SampleSetError(f"sequence {number} holds NaN or infinities; leave such frames out")
        rows.append(_statistics(values))
    return np.stack(rows) if rows else np.empty((0, 0))


def _statistics(values: NDArray[np.float64]) -> NDArray[np.float64]:
    percentiles = np.percentile(values, PERCENTILES, axis=0)
    median = percentiles[PERCENTILES.index(50)]
    steps = np.abs(np.diff(values, axis=0)).mean(0) if len(values) > 1 else np.zeros(values.shape[1])
    norms = np.linalg.norm(values, axis=1)
    along = (values.mean(0), values.std(0), *percentiles, np.abs(values - median).max(0), steps)
    return np.concatenate([*along, [norms.mean(), norms.max(), len(values)]])
