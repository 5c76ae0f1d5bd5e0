"""The labelled frame sequences of SNAD as the published classifiers saw them: embeddings, labels, folds."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["SnadData", "read_light_curve_features", "read_snad"]


@dataclass(frozen=True, eq=False)
class SnadData:
    """Objects in the order of the published folds, one fold after another.

    Parameters
    ----------
    ids : ndarray, shape (N,), int64
        Of ZTF's data releases.
    labels : ndarray, shape (N,), int64
        1 for an artefact.
    folds : ndarray, shape (N,), int64
        Published fold of each.
    sequences : list of ndarray, shape (T, 36), float16
        Published embeddings of all frames, rounded to half precision.
    """

    ids: NDArray[np.int64]
    labels: NDArray[np.int64]
    folds: NDArray[np.int64]
    sequences: list[NDArray[np.float16]] = field(repr=False)


def read_snad(folder: Path) -> SnadData:
    """Read the embeddings and labels below ``folder / "snad"``."""
    sequences: dict[int, NDArray[np.float16]] = {}
    labels: dict[int, int] = {}
    for path in sorted((folder / "snad").glob("embeddings_mu_f16_part*.npz")):
        with np.load(path) as part:
            ids, label = part["oid"].tolist(), part["label"].tolist()
            cut = np.split(part["mu"], np.cumsum(part["length"])[:-1])
        sequences |= dict(zip(ids, cut, strict=True))
        labels |= dict(zip(ids, label, strict=True))
    folds = json.loads((folder / "snad" / "folds_seed7.json").read_text())["folds"]
    order = [oid for fold in folds for oid in fold]
    return SnadData(
        np.array(order),
        np.array([labels[oid] for oid in order]),
        np.repeat(np.arange(len(folds)), [len(fold) for fold in folds]),
        [sequences[oid] for oid in order],
    )


def read_light_curve_features(folder: Path) -> tuple[tuple[str, ...], dict[int, list[float]]]:
    """Return the names of the 54 published features, and their values by object."""
    with (folder / "snad" / "akb_obj_features_snad4_comp_nn.csv").open(newline="") as stream:
        rows = list(csv.reader(stream))
    names = tuple(rows[0][2:])
    return names, {int(row[0]): [float(value) for value in row[2:]] for row in rows[1:]}
