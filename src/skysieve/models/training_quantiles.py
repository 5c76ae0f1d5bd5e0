"""What the training samples looked like, in a few numbers a channel, to notice drift later."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LEVELS", "quantiles_of", "training_quantiles"]

#: Levels of the quantiles.
LEVELS = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


def training_quantiles(
    images: NDArray[Any], channels: tuple[str, ...], scores: NDArray[Any]
) -> dict[str, Any]:
    """Return quantiles over samples of simple statistics of each channel, and of the scores.

    Parameters
    ----------
    images : ndarray, shape (N, C, ...)
        Raw training images, features, or sequences with their steps last; values that are not finite,
        or beyond 1e30, count as not measured.
    channels : tuple of str
        Names of the channels.
    scores : ndarray, shape (N,) or (N, K)
        Scores of the same samples.

    Returns
    -------
    dict
        ``levels``; for each channel ``median``, ``spread`` (half of the 16-84 % range),
        ``maximum`` and ``unmeasured`` (fraction of values); ``score``. None where a quantile does
        not exist.

    Examples
    --------
    >>> images = np.arange(8, dtype=np.float32).reshape(2, 1, 2, 2)
    >>> training_quantiles(images, ("science",), np.array([0.1, 0.9]))["science"]["median"][3]
    3.5
    """
    quantiles: dict[str, Any] = {"levels": list(LEVELS)}
    for number, channel in enumerate(channels):
        pixels = images[:, number].reshape(len(images), -1).astype(np.float64)
        measured = np.abs(pixels) < 1e30
        pixels[~measured] = np.nan
        pixels = pixels[measured.any(axis=1)]
        # Rows of NaN alone would only make warnings; without any other there is nothing to sort.
        low, median, high, top = (
            np.nanquantile(pixels, [0.16, 0.5, 0.84, 1], axis=1) if len(pixels) else np.empty((4, 0))
        )
        quantiles[channel] = {
            "median": quantiles_of(median),
            "spread": quantiles_of((high - low) / 2),
            "maximum": quantiles_of(top),
            "unmeasured": quantiles_of(1 - measured.mean(axis=1)),
        }
    quantiles["score"] = quantiles_of(scores.reshape(len(scores), -1)[:, -1].astype(np.float64))
    return quantiles


def quantiles_of(values: NDArray[np.float64]) -> list[float | None]:
    """Return the quantiles of values at `LEVELS`, to six digits; None where there are no values."""
    if not len(values):
        return [None] * len(LEVELS)
    return [float(f"{value:.6g}") for value in np.quantile(values, LEVELS)]
