"""From a night of streaks to a sample set: one row a streak, with labels where somebody looked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.samples.description import RESERVED_COLUMNS, Description, TensorColumn
from skysieve.samples.findings import Finding
from skysieve.samples.labelling import ANSWERS
from skysieve.samples.sample_set import SampleSet
from skysieve.sources.streaks.cutout_file import INPUT_SIDE
from skysieve.sources.streaks.families import FAMILIES, FAMILY_ANSWERS
from skysieve.sources.streaks.labels import UNLABELLED, StreakLabels, read_streak_labels
from skysieve.sources.streaks.night import StreakCutout, list_streak_night, read_streak

__all__ = ["METADATA_PREFIX", "streaks_to_samples"]

#: Stands before columns of the metadata whose name has a fixed meaning in a sample set.
METADATA_PREFIX = "streak_"

_LAYOUT = TensorColumn(
    (1, INPUT_SIDE, INPUT_SIDE), dtype="uint8", channels=("difference",), unit="grey level"
)
# Night, fraction of the day; the last four digits of a pid are quadrant and kind of image.
_PIDS_AN_EXPOSURE = 10_000


def streaks_to_samples(
    inputs: Iterable[str | Path],
    *,
    labels: str | Path | Mapping[str, Sequence[str]] | None = None,
    group: str = "exposure",
    label_origin: str = "",
    origin: Mapping[str, Any] | None = None,
) -> SampleSet:
    """Collect the streaks of nights, or of folders of cutouts, into a sample set.

    Parameters
    ----------
    inputs : iterable of str or Path
        As of `list_streak_night`. Metadata and reports are taken where they are; none is demanded.
    labels : path or mapping, optional
        As of `read_streak_labels`.
    group : str
        What no split may divide: ``exposure`` (all quadrants of one exposure: a satellite crosses several,
        and its pieces look alike), or a column, such as ``pid`` (one quadrant) or ``streakid`` (each alone).
    label_origin : str
        How the labels came about.
    origin : mapping, optional
        Where the cutouts came from.

    Returns
    -------
    SampleSet
        ``id`` is the streakid, ``cutouts`` uint8 grey levels of shape (1, 144, 144); ``rb``, ``sl``, ``kd``,
        ``os`` int8 with -1 where unknown; ``class`` as it was chosen, ``source``, and every column of the
        metadata. What can be answered stands in the origin, for `skysieve.samples.labelling.merge_labels`.
        What cannot be used, and labels of which the cutout is absent, are in ``findings``.

    Raises
    ------
    SampleSetError
        If no cutout is usable.
    ConfigurationError
        If no streak has the column ``group``.
    """
    known = StreakLabels({}, {}, ()) if labels is None else read_streak_labels(labels)
    night = list_streak_night(inputs, expect=())
    findings = [*night.findings, *known.findings]
    cutouts: list[StreakCutout] = []
    seen: set[int] = set()
    for item in night.items:
        outcome = read_streak(item)
        if isinstance(outcome, Finding):
            findings.append(outcome)
        elif item.row["streakid"] in seen:
            reason = f"streakid {item.row['streakid']} came before with another pid; the first is kept"
            findings.append(Finding(item.source, "repeated-id", reason))
        else:
            seen.add(item.row["streakid"])
            cutouts.append(outcome)
    if not cutouts:
        first = next((f"{finding.item}: {finding.reason}" for finding in findings), "there was no input")
        raise SampleSetError(f"no usable cutout; first reason: {first}")
    columns = _columns(cutouts, known, group)
    absent = len(known.labels) - sum(_key(each) in known.labels for each in cutouts)
    if absent:
        reason = f"{absent:,} labels are of streaks whose cutout is not here; they are left out"
        findings.append(Finding("labels", "label-without-cutout", reason, "note"))
    answers = {family: list(words) for family, words in FAMILY_ANSWERS.items()}
    description = Description(
        {"cutouts": _LAYOUT}, FAMILY_ANSWERS["os"], label_origin, {}, {ANSWERS: answers, **(origin or {})}
    )
    return SampleSet.from_columns(columns, description, tuple(findings))


def _key(cutout: StreakCutout) -> tuple[int, int]:
    return cutout.row["streakid"], cutout.row["pid"]


def _columns(cutouts: list[StreakCutout], known: StreakLabels, group: str) -> dict[str, Any]:
    answers = np.asarray([known.labels.get(_key(each), UNLABELLED) for each in cutouts], dtype=np.int8)
    columns: dict[str, Any] = {
        "id": [each.row["streakid"] for each in cutouts],
        "group": _groups(cutouts, group),
        "label": [None if answer < 0 else int(answer) for answer in answers[:, FAMILIES.index("os")]],
        "source": [each.source for each in cutouts],
        "class": [known.classes.get(_key(each), "") for each in cutouts],
        **{family: answers[:, at] for at, family in enumerate(FAMILIES)},
    }
    names = dict.fromkeys(name for each in cutouts for name in each.row if name != "streakid")
    taken = {*columns, "cutouts", *RESERVED_COLUMNS}
    for name in names:
        values = [each.row.get(name) for each in cutouts]
        if any(value is not None for value in values):
            columns[METADATA_PREFIX + name if name in taken else name] = values
    columns["cutouts"] = np.stack([each.grey for each in cutouts])[:, None]
    return columns


def _groups(cutouts: list[StreakCutout], group: str) -> list[Any]:
    if group == "exposure":
        return [each.row["pid"] // _PIDS_AN_EXPOSURE for each in cutouts]
    values = [each.row.get(group) for each in cutouts]
    if all(value is None for value in values):
        raise ConfigurationError(f"group={group!r}: no streak has this column; give 'exposure' or a column")
    # Those that lack it are each a group of their own.
    return [
        str(each.row["_id"] if value is None else value) for each, value in zip(cutouts, values, strict=True)
    ]
