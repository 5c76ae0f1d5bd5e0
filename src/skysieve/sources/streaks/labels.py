"""Labels of streaks: from the classes that people chose to the four questions that the networks answer."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from skysieve.errors import InputError
from skysieve.samples.findings import Finding
from skysieve.sources.row_table import read_rows
from skysieve.sources.streaks.families import FAMILIES
from skysieve.sources.streaks.night_files import StreakKey, parse_cutout_name

__all__ = ["CLASS_LABELS", "UNLABELLED", "StreakLabels", "read_streak_labels"]

#: A streak of which no question is answered.
UNLABELLED = (-1, -1, -1, -1)

#: What a class says of rb, sl, kd, os; -1 where it says nothing. The first eight are those of the
#: Zooniverse project of DeepStreaks, the others the two classes of each family in Zwickyverse.
#: Satellites and cosmic rays are streaks, as there; flashes may end within the cutout or without.
CLASS_LABELS: dict[str, tuple[int, int, int, int]] = {
    "Plausible Asteroid (short streak)": (1, 1, 1, 1),
    "Satellite (long streak - could be partially masked)": (1, 0, 0, 0),
    "Satellite flashes": (1, -1, 0, 0),
    "Cosmic rays": (1, 1, 0, 0),
    "Masked bright star": (0, -1, 0, 0),
    "Yin-Yang (multiple badly subtracted stars)": (0, -1, 0, 0),
    "Dementors and ghosts": (0, -1, 0, 0),
    "Skip (Includes 'Not Sure' and seemingly 'Blank Images')": UNLABELLED,
    "bogus": (0, -1, -1, -1),
    "real": (1, -1, -1, -1),
    "non-streak": (0, -1, -1, -1),
    "streak": (1, -1, -1, -1),
    "long": (-1, 0, -1, -1),
    "short": (-1, 1, -1, -1),
    "ditch": (-1, -1, 0, -1),
    "keep": (-1, -1, 1, -1),
    "other": (-1, -1, -1, 0),
    "plausible": (-1, -1, -1, 1),
}

_FOLDED = {name.casefold(): labels for name, labels in CLASS_LABELS.items()}


@dataclass(frozen=True, slots=True)
class StreakLabels:
    """Labels by streak.

    Parameters
    ----------
    labels : dict
        rb, sl, kd, os by ``(streakid, pid)``; -1 where there is none.
    classes : dict
        The class that was chosen, empty where there is not exactly one.
    findings : tuple of Finding
        ``skipped-label`` and ``several-labels`` (notes), ``unknown-class``, ``foreign-name`` (warnings).
    """

    labels: dict[StreakKey, tuple[int, int, int, int]]
    classes: dict[StreakKey, str]
    findings: tuple[Finding, ...]


def read_streak_labels(source: str | Path | Mapping[str, Sequence[str]]) -> StreakLabels:
    """Read labels of streaks.

    Parameters
    ----------
    source : path or mapping
        JSON as of Zwickyverse or Zooniverse, ``{"strkid..._pid..._scimref.jpg": ["Cosmic rays"]}``, or the
        same as a mapping; or a table (CSV, Parquet) with a column ``id`` or ``file`` and any of ``class``,
        ``rb``, ``sl``, ``kd``, ``os``.

    Returns
    -------
    StreakLabels
        What bears several classes, or one that is unknown or means "skip", is unlabelled.

    Raises
    ------
    InputError
        ``missing-path``, ``bad-table``.

    Examples
    --------
    >>> labels = read_streak_labels({"strkid10001_pid1_scimref.jpg": ["Cosmic rays"]})
    >>> labels.labels
    {(10001, 1): (1, 1, 0, 0)}
    """
    if isinstance(source, Mapping):
        return _from_classes(source, "labels")
    path = Path(source)
    if path.suffix.lower() == ".json":
        return _from_classes(_read_json(path), str(path))
    return _from_table(path)


def _read_json(path: Path) -> Mapping[str, Sequence[str]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(str(path), "missing-path", "the labels do not exist; check the path") from None
    except (OSError, ValueError) as error:
        raise InputError(str(path), "bad-table", f"the labels cannot be read: {error}") from error
    if not isinstance(content, dict) or not all(isinstance(value, list) for value in content.values()):
        raise InputError(str(path), "bad-table", "is no JSON object of lists of classes by file name")
    return content


def _from_classes(content: Mapping[str, Sequence[str]], origin: str) -> StreakLabels:
    labels: dict[StreakKey, tuple[int, int, int, int]] = {}
    classes: dict[StreakKey, str] = {}
    findings: list[Finding] = []
    for name, given in content.items():
        key = _key(name)
        if key is None:
            findings.append(_foreign(f"{origin}::{name}"))
            continue
        chosen = sorted({str(each) for each in given})
        labels[key], finding = _meaning(chosen, f"{origin}::{name}")
        classes[key] = chosen[0] if len(chosen) == 1 else ""
        findings += [finding] if finding else []
    return StreakLabels(labels, classes, tuple(findings))


def _meaning(chosen: list[str], item: str) -> tuple[tuple[int, int, int, int], Finding | None]:
    if len(chosen) != 1:
        reason = f"bears {len(chosen)} classes ({', '.join(chosen)}): it stays unlabelled"
        return UNLABELLED, Finding(item, "several-labels", reason, "note")
    labels = _FOLDED.get(chosen[0].casefold())
    if labels is None:
        reason = f"bears the class {chosen[0]!r:.80}, which is none of {len(CLASS_LABELS)} known: unlabelled"
        return UNLABELLED, Finding(item, "unknown-class", reason, "warning")
    if labels == UNLABELLED:
        return labels, Finding(item, "skipped-label", "was skipped by who looked at it: unlabelled", "note")
    return labels, None


def _from_table(path: Path) -> StreakLabels:
    labels: dict[StreakKey, tuple[int, int, int, int]] = {}
    classes: dict[StreakKey, str] = {}
    findings: list[Finding] = []
    for number, row in enumerate(read_rows(path), start=1):
        item = f"{path}:row {number}"
        key = _key(str(row.get("file") or row.get("id") or ""))
        if key is None:
            findings.append(_foreign(item))
            continue
        meaning = UNLABELLED
        chosen = str(row.get("class") or "")
        if chosen:
            meaning, finding = _meaning([chosen], item)
            findings += [finding] if finding else []
        first, second, third, fourth = (
            _answer(row.get(family), known) for family, known in zip(FAMILIES, meaning, strict=True)
        )
        labels[key], classes[key] = (first, second, third, fourth), chosen
    return StreakLabels(labels, classes, tuple(findings))


def _answer(value: Any, otherwise: int) -> int:
    return int(value) if value in (0, 1) else otherwise


def _key(name: str) -> StreakKey | None:
    """Return the ids in the name of a file or of a streak."""
    return parse_cutout_name(name) or parse_cutout_name(f"{name}_scimref.jpg")


def _foreign(item: str) -> Finding:
    reason = "is not named like a cutout (strkid..._pid..._scimref.jpg): the label is left out"
    return Finding(item, "foreign-name", reason, "warning")
