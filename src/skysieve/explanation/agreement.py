"""Do maps point at what is known to be the object: maps against true masks."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.intervals import Interval, bootstrap_intervals

__all__ = ["MaskAgreement", "mask_agreement", "mask_intervals", "top_pixels"]


@dataclass(frozen=True)
class MaskAgreement:
    """How each of N maps agrees with its mask; NaN for a sample whose mask is empty.

    Parameters
    ----------
    iou_top : ndarray, shape (N,), float64
        Intersection over union of the mask and as many of the map's largest pixels. Needs no threshold.
    iou_threshold : ndarray, shape (N,), float64
        The same with the pixels of at least a share of the map's maximum.
    pointing : ndarray, shape (N,), float64
        1 where the largest pixel is in the mask, else 0: the pointing game.
    share : ndarray, shape (N,), float64
        Share of the attribution that lies in the mask.
    coverage : ndarray, shape (N,), float64
        Share of the image that the mask covers: what ``pointing`` and ``share`` are by chance.
    chance_iou : ndarray, shape (N,), float64
        What ``iou_top`` is for pixels drawn at random.
    """

    iou_top: NDArray[np.float64]
    iou_threshold: NDArray[np.float64]
    pointing: NDArray[np.float64]
    share: NDArray[np.float64]
    coverage: NDArray[np.float64]
    chance_iou: NDArray[np.float64]

    def columns(self) -> dict[str, NDArray[np.float64]]:
        """Return the figures by name, each of shape (N,)."""
        return {field.name: getattr(self, field.name) for field in fields(self)}


def mask_agreement(
    maps: NDArray[Any], masks: NDArray[Any], *, threshold: float = 0.5, tolerance: int = 0
) -> MaskAgreement:
    """Compare maps with true masks.

    What speaks against the class is left out: of a signed map the positive part counts. A map without
    any attribution points nowhere; its figures are 0.

    Parameters
    ----------
    maps : ndarray, shape (N, H, W)
        Finite maps.
    masks : ndarray, shape (N, H, W)
        Not 0 where the object is.
    threshold : float
        Share of a map's maximum for ``iou_threshold``.
    tolerance : int
        Pixels by which the pointing game may miss the mask.

    Raises
    ------
    SampleSetError
        If the shapes differ.
    ConfigurationError
        If a setting is out of range.

    References
    ----------
    Zhang et al. 2018, IJCV 126, 1084 (pointing game).

    Examples
    --------
    >>> mask = np.zeros((1, 4, 4))
    >>> mask[0, :2, :2] = 1
    >>> found = mask_agreement(mask * 3.0, mask)
    >>> found.iou_top, found.pointing, found.share, found.coverage
    (array([1.]), array([1.]), array([1.]), array([0.25]))
    """
    if maps.shape != masks.shape or maps.ndim != 3:
        raise SampleSetError(f"maps {maps.shape} and masks {masks.shape}; expected both (N, H, W)")
    if not 0 < threshold <= 1 or tolerance < 0:
        raise ConfigurationError(
            f"threshold is {threshold}, tolerance {tolerance}; expected 0 < threshold <= 1, tolerance >= 0"
        )
    spoken = np.maximum(maps.reshape(len(maps), -1), 0).astype(np.float64)
    inside = masks.reshape(len(masks), -1) != 0
    sizes = inside.sum(axis=1)
    peak = spoken.max(axis=1, keepdims=True)
    bright = (spoken >= threshold * peak) & (peak > 0)
    coverage = sizes / inside.shape[1]
    near = _grown(inside.reshape(masks.shape), tolerance).reshape(inside.shape)
    hit = near[np.arange(len(near)), spoken.argmax(axis=1)] & (peak[:, 0] > 0)
    total = spoken.sum(axis=1)
    empty = sizes == 0

    def known(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.where(empty, np.nan, values.astype(np.float64))

    return MaskAgreement(
        iou_top=known(_iou(top_pixels(spoken, sizes), inside)),
        iou_threshold=known(_iou(bright, inside)),
        pointing=known(hit),
        share=known(
            np.divide((spoken * inside).sum(axis=1), total, where=total > 0, out=np.zeros(len(maps)))
        ),
        coverage=known(coverage),
        chance_iou=known(coverage / (2 - coverage)),
    )


def top_pixels(maps: NDArray[Any], counts: NDArray[np.integer[Any]]) -> NDArray[np.bool_]:
    """Mark the largest pixels of each map; a pixel without attribution is never one of them.

    Parameters
    ----------
    maps : ndarray, shape (N, pixels)
        Values of 0 or more.
    counts : ndarray of int, shape (N,)
        How many pixels of each.

    Examples
    --------
    >>> top_pixels(np.array([[0.0, 3.0, 1.0], [0.0, 0.0, 1.0]]), np.array([2, 2])).tolist()
    [[False, True, True], [False, False, True]]
    """
    order = np.argsort(-maps, axis=1, kind="stable")
    rank = np.empty_like(order)
    np.put_along_axis(rank, order, np.arange(maps.shape[1])[None], axis=1)
    chosen: NDArray[np.bool_] = (rank < counts[:, None]) & (maps > 0)
    return chosen


def mask_intervals(
    figures: dict[str, NDArray[np.float64]], groups: NDArray[Any], *, replicates: int = 1000, seed: int = 1
) -> dict[str, Interval]:
    """Return the means of figures a sample with their intervals, by bootstrap over groups.

    Parameters
    ----------
    figures : dict of str to ndarray, shape (N,)
        Figures by name; a NaN is left out of its mean.
    groups : ndarray, shape (N,)
        Group of each sample.
    replicates, seed
        Of the bootstrap.

    Examples
    --------
    >>> print(mask_intervals({"iou": np.array([0.2, np.nan, 0.4])}, np.arange(3))["iou"].value)
    0.3...
    """
    names = list(figures)
    table = np.column_stack([figures[name] for name in names])
    kept = np.isfinite(table).any(axis=1)
    if not kept.any():
        raise SampleSetError("no sample has such a figure; are all masks empty?")

    def means(rows: NDArray[np.float64]) -> dict[str, float]:
        present = np.isfinite(rows)
        count = present.sum(axis=0)
        total = np.where(present, rows, 0).sum(axis=0)
        return {
            name: float(total[at] / count[at]) if count[at] else float("nan") for at, name in enumerate(names)
        }

    return bootstrap_intervals(means, table[kept], groups=groups[kept], replicates=replicates, seed=seed)


def _iou(first: NDArray[np.bool_], second: NDArray[np.bool_]) -> NDArray[np.float64]:
    union = (first | second).sum(axis=1)
    both = (first & second).sum(axis=1)
    iou: NDArray[np.float64] = np.divide(both, union, where=union > 0, out=np.zeros(len(first)))
    return iou


def _grown(masks: NDArray[np.bool_], pixels: int) -> NDArray[np.bool_]:
    if not pixels:
        return masks
    from scipy.ndimage import binary_dilation

    side = 2 * pixels + 1
    grown: NDArray[np.bool_] = binary_dilation(masks, structure=np.ones((1, side, side), dtype=bool))
    return grown
