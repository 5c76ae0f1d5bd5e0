"""The labelled variable stars of CRTS South and of Hipparcos and OGLE, and the folds that all methods share.

Of every five folds one judges; an eighth of the others chooses (epochs, calibration, weights of a
combination), the rest is learned from. All methods see the same division, so that their probabilities can be
combined and compared star by star.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.samples.light_curves import LightCurves
from skysieve.samples.splits import assign_groups

__all__ = ["FOLDS", "LOOKED_AT", "SEED", "VariableStars", "read_crts", "read_debosscher"]

FOLDS, SEED = 5, 42
#: Share of what is not judged that chooses.
CHOOSING = 0.125

#: While features were developed, stars up to this row and all of the first fold were looked at.
LOOKED_AT = 5120

#: Classes of CRTS South by their number in the file.
CRTS_CLASSES = {1: "RRab", 2: "RRc", 3: "RRd", 5: "EW", 6: "EA", 7: "rotational", 8: "LPV"}


@dataclass(frozen=True, eq=False)
class VariableStars:
    """Labelled light curves with their folds.

    Parameters
    ----------
    curves : LightCurves
        Magnitudes, sorted by time.
    labels : ndarray, shape (N,), int64
        Index into ``classes``.
    classes : tuple of str
        Names.
    folds : ndarray, shape (N,), int64
        The fold that judges each, stratified by class.
    periods : ndarray, shape (N,), float64
        Period of the catalogue in days, NaN where there is none. Not used by any method: people found it.
    """

    curves: LightCurves = field(repr=False)
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    folds: NDArray[np.int64]
    periods: NDArray[np.float64]

    def parts(self, fold: int) -> dict[str, NDArray[np.int64]]:
        """Return the rows that ``train``, ``validation`` and ``test`` have when a fold judges."""
        rest = np.flatnonzero(self.folds != fold)
        shares = np.array([1 - CHOOSING, CHOOSING])
        chooses = assign_groups(rest, self.labels[rest], shares, seed=SEED + 1 + fold) == 1
        return {
            "train": rest[~chooses],
            "validation": rest[chooses],
            "test": np.flatnonzero(self.folds == fold),
        }

    def fresh(self) -> NDArray[np.bool_]:
        """Return which stars nobody looked at while features were developed, shape (N,)."""
        return (np.arange(len(self.labels)) >= LOOKED_AT) & (self.folds != 0)

    def take(self, rows: NDArray[Any]) -> VariableStars:
        """Return some of the stars, with their folds."""
        which = np.arange(len(self.labels))[rows]
        return VariableStars(
            self.curves.take(which), self.labels[which], self.classes, self.folds[which], self.periods[which]
        )


def read_crts(folder: Path) -> VariableStars:
    """Read ``folder / "lightcurves" / "crts_south.npz"``: 12,004 curves of 7 classes in the V band."""
    with np.load(folder / "lightcurves" / "crts_south.npz") as file:
        curves, numbers, periods = _curves(file), file["label"], file["period"]
    order = list(CRTS_CLASSES)
    labels = np.array([order.index(number) for number in numbers.tolist()])
    return VariableStars(curves, labels, tuple(CRTS_CLASSES.values()), _folds(labels, FOLDS), periods)


def read_debosscher(folder: Path, *, folds: int = 10, least: int = 10) -> VariableStars:
    """Read ``folder / "lightcurves" / "debosscher_hip_ogle.npz"``, classes of ``least`` stars or more."""
    with np.load(folder / "lightcurves" / "debosscher_hip_ogle.npz") as file:
        curves, names = _curves(file), file["label"]
    classes, labels, counts = np.unique(names, return_inverse=True, return_counts=True)
    kept = np.flatnonzero(counts[labels] >= least)
    classes, labels = np.unique(names[kept], return_inverse=True)
    return VariableStars(
        curves.take(kept), labels, tuple(classes.tolist()), _folds(labels, folds), np.full(len(kept), np.nan)
    )


def _curves(file: Any) -> LightCurves:
    offsets = file["offset"].astype(np.int64)
    counts, size = np.diff(offsets), int(offsets[-1])
    return LightCurves(
        offsets,
        np.repeat(file["t0"], counts) + file["dt_1e5"] * 1e-5,
        file["mag_1e4"] * 1e-4,
        file["err_1e4"] * 1e-4,
        np.zeros(size, dtype=np.int16),
        ("V",),
        file["id"],
    )


def _folds(labels: NDArray[np.int64], folds: int) -> NDArray[np.int64]:
    return assign_groups(np.arange(len(labels)), labels, np.ones(folds), seed=SEED)
