"""From labelled streaks of the service to a sample set: the columns that DeepStreaks' families learn from."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from skysieve.errors import SampleSetError, ServiceError
from skysieve.samples.description import RESERVED_COLUMNS
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.service.candidates.images import JPEG, PNG
from skysieve.service.database.tables import Candidate
from skysieve.service.feedback.alert_set import labelled_candidates
from skysieve.service.feedback.voted_labels import VotedLabels
from skysieve.service.service import Service
from skysieve.sources.streaks.families import FAMILIES
from skysieve.sources.streaks.night_files import parse_cutout_name
from skysieve.sources.streaks.samples import METADATA_PREFIX, streaks_to_samples

__all__ = ["streak_samples"]

_SUFFIX = {JPEG: "jpg", PNG: "png"}


def streak_samples(service: Service, voted: VotedLabels) -> SampleSet:
    """Collect labelled streaks.

    Parameters
    ----------
    service : Service
        The service, for the cutouts.
    voted : VotedLabels
        The labels.

    Returns
    -------
    SampleSet
        As of `skysieve.sources.streaks.samples.streaks_to_samples`, grouped by exposure.

    Raises
    ------
    SampleSetError
        If no cutout is usable.
    """
    findings: list[Finding] = []
    used: dict[int, Candidate] = {}
    # The reader of nights takes files: a set is then made of labels as of a folder, by the same code.
    with tempfile.TemporaryDirectory(prefix="skysieve-") as folder:
        for candidate in labelled_candidates(service, voted.candidates):
            finding = _place(service, candidate, used, Path(folder))
            if finding is None:
                used[_streakid(candidate)] = candidate
            else:
                findings.append(finding)
        if not used:
            first = findings[0].reason if findings else "there was none"
            raise SampleSetError(f"no usable cutout among {len(voted.candidates)}; first reason: {first}")
        made = streaks_to_samples([folder])
    columns = _labels(made, voted, used) | _fields(made, used)
    labelled = made.with_columns(columns)
    labelled.findings = (*findings, *made.findings)
    return labelled


def _streakid(candidate: Candidate) -> int:
    key = parse_cutout_name(f"{candidate.name}_scimref.jpg")
    assert key is not None
    return key[0]


def _place(
    service: Service, candidate: Candidate, used: Mapping[int, Candidate], folder: Path
) -> Finding | None:
    """Write the picture of a streak under its name in the depot; say why where that cannot be."""
    cutouts = candidate.cutouts
    if cutouts is None or cutouts.media_type not in _SUFFIX:
        return Finding(candidate.name, "no-cutouts", "has a label, but no picture to learn from")
    name = f"{candidate.name}_scimref.{_SUFFIX[cutouts.media_type]}"
    # The name came from outside: only what the depot would call a cutout becomes a path.
    if parse_cutout_name(name) is None:
        return Finding(candidate.name, "foreign-name", "is not named like a streak of the depot")
    if _streakid(candidate) in used:
        return Finding(candidate.name, "repeated-id", "its streakid came before with another pid")
    try:
        (folder / name).write_bytes(service.files.get(cutouts.sha256))
    except ServiceError as error:
        return Finding(candidate.name, "missing-file", str(error))
    return None


def _labels(made: SampleSet, voted: VotedLabels, used: Mapping[int, Candidate]) -> dict[str, Any]:
    at = {candidate: number for number, candidate in enumerate(voted.candidates)}
    rows = np.array([at[used[int(each)].id] for each in made.ids])
    columns: dict[str, Any] = {family: voted.answers[family][rows].astype(np.int8) for family in FAMILIES}
    columns["class"] = [voted.word[row] for row in rows]
    columns["label"] = [None if each < 0 else int(each) for each in columns["os"]]
    return columns | voted.columns(rows)


def _fields(made: SampleSet, used: Mapping[int, Candidate]) -> dict[str, Any]:
    """Return the metadata as columns, in the order of the samples, as a night with its tables has them."""
    fields = [used[int(each)].fields | {"jd": used[int(each)].jd} for each in made.ids]
    taken = {*made.column_names, *RESERVED_COLUMNS, "streakid", "pid"}
    columns: dict[str, Any] = {}
    for name in dict.fromkeys(name for each in fields for name in each):
        values = [each.get(name) for each in fields]
        kinds = {type(value) for value in values if value is not None}
        if not kinds or name in ("streakid", "pid"):
            continue
        if len(kinds) > 1:
            one: type = str if str in kinds else float
            values = [None if value is None else one(value) for value in values]
        columns[METADATA_PREFIX + name if name in taken else name] = values
    return columns
