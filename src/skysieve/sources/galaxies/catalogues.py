"""Published collections of galaxy pictures as they are distributed: EFIGI and Galaxy Zoo 2.

Cite Baillard et al. 2011 (A&A 532, A74) for EFIGI; Willett et al. 2013 (MNRAS 435, 2835) and Hart et al. 2016
(MNRAS 461, 3663) for Galaxy Zoo 2.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import InputError, SampleSetError
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.votes import VoteLabels, VoteScheme, classes_from_votes
from skysieve.sources.galaxies.pictures import picture_samples

__all__ = ["EFIGI_CLASSES", "GALAXY_ZOO_2", "efigi_samples", "galaxy_zoo2_samples", "galaxy_zoo2_votes"]

#: Classes of galaxies by ranges of the Hubble stage, from early to late.
EFIGI_CLASSES = (
    "elliptical",
    "lenticular",
    "early_spiral",
    "late_spiral",
    "irregular",
    "dwarf_elliptical",
)

_TASK_1, _TASK_2 = "t01_smooth_or_features_{}_weighted_fraction", "t02_edgeon_{}_weighted_fraction"
SMOOTH, FEATURED, ARTIFACT = (
    _TASK_1.format(answer) for answer in ("a01_smooth", "a02_features_or_disk", "a03_star_or_artifact")
)
EDGE_ON, NOT_EDGE_ON = (_TASK_2.format(answer) for answer in ("a04_yes", "a05_no"))

#: The first two questions as one: smooth; features or a disk, seen from above or edge-on.
GALAXY_ZOO_2 = VoteScheme(
    columns={"edge_on": ("edge_on",), "featured": ("featured",), "smooth": ("smooth",)},
    dont_know=("star_or_artifact",),
    total="total_classifications",
)


def efigi_samples(folder: str | Path, *, side: int = 88) -> SampleSet:
    """Return the pictures of EFIGI with their type.

    Parameters
    ----------
    folder : path
        With ``labels.csv`` (columns ``pgc``, ``class6``, the attributes) and pictures ``<pgc>.jpg``.
    side : int
        Pixels in the set; the pictures of 88, which hold all of a galaxy, are averaged down to fewer.

    Raises
    ------
    InputError
        If there is no such table.
    """
    return picture_samples(
        Path(folder) / "labels.csv",
        folder,
        id="pgc",
        path="{pgc}.jpg",
        side=side,
        fit="resize",
        label="class6",
        classes=EFIGI_CLASSES,
        label_origin="EFIGI: types by experts, averaged (Baillard et al. 2011).",
    )


def galaxy_zoo2_votes(
    table: Mapping[str, Sequence[Any]], *, cut: float = 0.0, ids: Sequence[Any] | None = None
) -> VoteLabels:
    """Return what the first two questions of Galaxy Zoo 2 make of galaxies.

    Who says that a galaxy has features is asked whether it is a disk seen edge-on: the share of all
    people who said so is the product of both shares. Nobody was asked where nobody saw features.

    Parameters
    ----------
    table : mapping of str to sequence
        Columns of the vote table.
    cut : float
        As of `classes_from_votes`.
    ids : sequence, optional
        Names of the galaxies, for findings.

    Raises
    ------
    SampleSetError
        If a column is missing, or no row can be used.
    """
    columns = (SMOOTH, FEATURED, ARTIFACT, EDGE_ON, NOT_EDGE_ON, GALAXY_ZOO_2.total)
    if missing := [name for name in columns if name not in table]:
        raise SampleSetError(
            f"the vote table of Galaxy Zoo 2 has no column {missing[0]!r}; it has {len(table)} others"
        )
    smooth, featured, artifact, yes, no, total = (_numbers(table[name]) for name in columns)
    answered = yes + no
    edge_on = np.where(answered > 0, yes / np.where(answered > 0, answered, 1), 0.0) * featured
    answers = {
        "edge_on": edge_on,
        "featured": featured - edge_on,
        "smooth": smooth,
        "star_or_artifact": artifact,
        GALAXY_ZOO_2.total: total,
    }
    return classes_from_votes(answers, GALAXY_ZOO_2, cut=cut, ids=ids)


def galaxy_zoo2_samples(folder: str | Path, *, side: int = 224, cut: float = 0.0) -> SampleSet:
    """Return pictures of Galaxy Zoo 2 with the votes on them.

    Parameters
    ----------
    folder : path
        With ``labels_manifest_*.csv`` (one row a galaxy) and ``thumbs/<asset_id>.jpg``.
    side : int
        Pixels in the set; larger pictures are averaged down.
    cut : float
        Share of the votes that makes a label; 0 labels every galaxy by the most votes.

    Returns
    -------
    SampleSet
        Classes edge_on, featured (not edge-on), smooth; the votes in ``votes_<class>``.

    Raises
    ------
    InputError
        If there is not one such table.
    """
    tables = sorted(Path(folder).glob("labels_manifest_*.csv"))
    if len(tables) != 1:
        reason = f"has {len(tables)} tables labels_manifest_*.csv; one is expected"
        raise InputError(str(folder), "missing-table", reason)
    samples = picture_samples(
        tables[0],
        Path(folder) / "thumbs",
        id="asset_id",
        path="{asset_id}.jpg",
        side=side,
        fit="resize",
        group="objid",
        label_origin="Galaxy Zoo 2: weighted votes of volunteers (Willett et al. 2013).",
    )
    with tables[0].open(encoding="utf-8") as file:
        row_of = {row["asset_id"]: row for row in csv.DictReader(file)}
    rows = [row_of[name] for name in samples.ids.tolist()]
    votes = galaxy_zoo2_votes(
        {name: [row[name] for row in rows] for name in rows[0]}, cut=cut, ids=samples.ids.tolist()
    )
    labels: dict[str, Any] = {"label": [None if each < 0 else int(each) for each in votes.labels]}
    made = samples.with_columns(labels | votes.columns(), classes=votes.classes)
    made.findings += votes.findings
    return made


def _numbers(values: Sequence[Any]) -> NDArray[np.float64]:
    return np.array([np.nan if value in (None, "") else float(value) for value in values])
