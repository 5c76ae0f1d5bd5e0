"""Occlusion: cover a patch of the image with sky, score again, and see how much of the score was due to it.

After Zeiler & Fergus (2014, ECCV, 818). It needs nothing of the network but its output, so that the exported
graph does. A patch is covered with the median of each channel, which asks "what if there were only sky here":
filled with NaN, which most models take as zero counts, it would be a hole with an edge of its own.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

__all__ = ["METHOD", "occlusion_of"]

#: What the method is called in the database.
METHOD = "occlusion"

#: Scores nearer to none and all than that have the log-odds of these.
_CLIP = 1e-6

Score = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def occlusion_of(image: NDArray[np.float32], score: Score) -> NDArray[np.float32]:
    """Return how much each part of an image speaks for its score.

    Parameters
    ----------
    image : ndarray, shape (C, H, W), float32
        What the network is given; NaN where nothing was measured.
    score : callable
        Takes images, shape (N, C, H, W), and returns a score of each.

    Returns
    -------
    ndarray, shape (H, W), float32
        Fall of the log-odds of the score when what is there is covered, the mean of all patches over a pixel:
        positive where the image speaks for the score, negative where it speaks against it.

    Examples
    --------
    >>> image = np.zeros((1, 30, 30), dtype=np.float32)
    >>> image[0, 14:16, 14:16] = 1
    >>> brightest = lambda images: images.max(axis=(1, 2, 3)) * np.float32(0.9)
    >>> found = occlusion_of(image, brightest)
    >>> bool(found[15, 15] > 0), float(found[0, 0])
    (True, 0.0)
    """
    side = min(image.shape[1:])
    patch = min(side, side // 9 + 4)
    corners = [
        (row, column) for row in _starts(image.shape[1], patch) for column in _starts(image.shape[2], patch)
    ]
    odds = _log_odds(score(_covered(image, corners, patch)))
    fallen, covers = np.zeros(image.shape[1:]), np.zeros(image.shape[1:])
    for (row, column), after in zip(corners, odds[1:], strict=True):
        place = (slice(row, row + patch), slice(column, column + patch))
        fallen[place] += odds[0] - after
        covers[place] += 1
    mean: NDArray[np.float32] = (fallen / covers).astype(np.float32)
    return mean


def _starts(size: int, patch: int) -> list[int]:
    """Return where patches begin: half over each other, the last at the edge."""
    number = -(-(size - patch) // max(1, patch // 2)) + 1
    starts: list[int] = np.linspace(0, size - patch, number).round().astype(int).tolist()
    return starts


def _covered(image: NDArray[np.float32], corners: list[tuple[int, int]], patch: int) -> NDArray[np.float32]:
    """Return the image, and behind it the image with each patch covered."""
    images = np.repeat(image[None], len(corners) + 1, axis=0)
    sky = np.array([_median(channel) for channel in image], dtype=np.float32)
    for covered, (row, column) in zip(images[1:], corners, strict=True):
        covered[:, row : row + patch, column : column + patch] = sky[:, None, None]
    return images


def _median(channel: NDArray[np.float32]) -> float:
    measured = channel[np.isfinite(channel)]
    return float(np.median(measured)) if measured.size else float("nan")


def _log_odds(scores: NDArray[np.float32]) -> NDArray[np.float64]:
    clipped = np.clip(scores.astype(np.float64), _CLIP, 1 - _CLIP)
    odds: NDArray[np.float64] = np.log(clipped / (1 - clipped))
    return odds
