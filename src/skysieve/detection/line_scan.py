"""Where along a line a streak begins and ends: the stretch of highest S/N."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from skysieve.detection.trail_model import Trail, Values

__all__ = ["brightest_stretch", "line_profile"]

#: Bins that a scan has at most; longer lines get coarser bins.
_MOST_BINS = 400
#: Half width of the band that is summed across the line, in cores.
_BAND = 2.5

Frame = NDArray[np.float32]


def line_profile(signal: Frame, weight: Frame, trail: Trail, reach: float) -> tuple[Values, Values, Values]:
    """Sum the pixels across a line, weighted as a trail's light falls off.

    Parameters
    ----------
    signal, weight : ndarray, shape (height, width), float32
        Weighted deviations, and weights.
    trail : Trail
        The line and its width.
    reach : float
        Distance in pixels from the middle to which the line is followed.

    Returns
    -------
    along, amplitude, information : ndarray, shape (n,), float64
        Place of the bins along the line from its middle, in pixels; sum of signal times profile; sum of
        squared profile times squared weight. Amplitude over the root of the information is S/N. Places
        off the frame have no information.
    """
    step = max(1.0, 2.0 * reach / _MOST_BINS)
    along = np.arange(-reach, reach + 0.5, 1.0)
    band = math.ceil(_BAND * trail.core)
    across = np.arange(-band, band + 1.0)
    cosine, sine = math.cos(trail.angle), math.sin(trail.angle)
    columns = np.rint(trail.x + along[:, None] * cosine - across[None, :] * sine).astype(np.intp)
    rows = np.rint(trail.y + along[:, None] * sine + across[None, :] * cosine).astype(np.intp)
    inside = (rows >= 0) & (rows < signal.shape[0]) & (columns >= 0) & (columns < signal.shape[1])
    rows, columns = np.where(inside, rows, 0), np.where(inside, columns, 0)
    # Distances are those of the pixels that were hit, not of the places that were aimed at.
    distance = (rows - trail.y) * cosine - (columns - trail.x) * sine
    profile = np.where(inside, (1.0 + (distance / trail.core) ** 2) ** -2, 0.0)
    amplitude = (profile * signal[rows, columns]).sum(axis=1)
    information = ((profile * weight[rows, columns]) ** 2).sum(axis=1)
    if step <= 1.0:
        return np.asarray(along), np.asarray(amplitude), np.asarray(information)
    bins = ((along + reach) / step).astype(np.intp)
    count = np.bincount(bins)
    return (
        np.bincount(bins, along) / count,
        np.bincount(bins, amplitude).astype(np.float64),
        np.bincount(bins, information).astype(np.float64),
    )


def brightest_stretch(
    along: Values, amplitude: Values, information: Values, seed: tuple[float, float]
) -> tuple[float, float]:
    """Return the ends of the stretch of highest S/N among those that touch ``seed``.

    Every pair of bins is tried.
    """
    total = np.concatenate([[0.0], np.cumsum(amplitude)])
    known = np.concatenate([[0.0], np.cumsum(information)])
    signal = total[None, :] - total[:, None]
    noise = np.sqrt(np.maximum(known[None, :] - known[:, None], 1e-9))
    spacing = float(along[1] - along[0])
    edges = np.concatenate([along - 0.5 * spacing, [along[-1] + 0.5 * spacing]])
    snr = np.where(edges[None, :] > edges[:, None], signal / noise, -np.inf)
    touches = (edges[:, None] < seed[1]) & (edges[None, :] > seed[0])
    first, last = np.unravel_index(int(np.argmax(np.where(touches, snr, -np.inf))), snr.shape)
    return float(edges[first]), float(edges[last])
