"""The truth of a night of streaks, joined by id to what was scored."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.evaluation.sieve_scores import ONE_SHOT, STAGES

__all__ = ["StreakTruth", "read_streak_truth"]

#: True parameters against which completeness is drawn.
_PARAMETERS = ("magnitude", "rate", "length", "snr", "peak_snr")


@dataclass(frozen=True, slots=True, eq=False)
class StreakTruth:
    """What is true of N streaks, in their order.

    Parameters
    ----------
    known : ndarray of bool, shape (N,)
        Whether the table tells the streak.
    labels : dict of str to ndarray of int, shape (N,)
        Labels of each question that the table has: 0, 1, or -1.
    kinds : ndarray of str, shape (N,), or None
        What each streak is; empty where that is not told.
    parameters : dict of str to ndarray of float, shape (N,)
        True parameters; NaN where there is none.
    groups : ndarray, shape (N,)
        What must not be resampled apart; each streak is its own group if the table has no ``group``.
    """

    known: NDArray[np.bool_]
    labels: dict[str, NDArray[np.int64]]
    kinds: NDArray[np.str_] | None
    parameters: dict[str, NDArray[np.float64]]
    groups: NDArray[np.str_]


def read_streak_truth(path: str | Path, ids: Sequence[str]) -> StreakTruth:
    """Read a table of the truth and join it to the streaks of a night.

    Parameters
    ----------
    path : path
        CSV with the columns ``id`` and ``os`` (1 plausible, 0 anything else, -1 or empty unknown), or the
        three of ``rb``, ``sl`` and ``kd``. Used where they are there: ``kind``, ``group``, and the
        parameters ``magnitude``, ``rate``, ``length``, ``snr``, ``peak_snr``.
    ids : sequence of str, length N
        The streaks that were scored.

    Raises
    ------
    ConfigurationError
        If it is no such table, says two things of one streak, or tells none of these streaks.
    """
    rows, columns = _read(path)
    questions = [name for name in (ONE_SHOT, *STAGES) if name in columns]
    if "id" not in columns or (ONE_SHOT not in questions and len(questions) < len(STAGES)):
        raise ConfigurationError(
            f"{path}: is no table of the truth (columns: {', '.join(columns) or 'none'}); "
            "it needs id and os (1 plausible, 0 other), or id, rb, sl and kd"
        )
    found = [rows.get(name, {}) for name in ids]
    known = np.array([bool(row) for row in found], dtype=bool)
    if len(ids) and not known.any():
        raise ConfigurationError(
            f"{path}: tells none of the {len(ids):,} scored streaks; expected ids such as {ids[0]}"
        )
    return StreakTruth(
        known=known,
        labels={name: _labels(found, name, path) for name in questions},
        kinds=np.array([row.get("kind") or "" for row in found], dtype=str) if "kind" in columns else None,
        parameters={name: _numbers(found, name, path) for name in _PARAMETERS if name in columns},
        groups=np.array([row.get("group") or name for row, name in zip(found, ids, strict=True)], dtype=str),
    )


def _read(path: str | Path) -> tuple[dict[str, dict[str, str]], list[str]]:
    """Return the rows by id, and the names of the columns."""
    try:
        with Path(path).open(newline="", encoding="utf-8") as file:
            table = csv.DictReader(file)
            listed = list(table)
            columns = list(table.fieldnames or ())
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigurationError(f"{path}: is no table of the truth ({error})") from None
    rows: dict[str, dict[str, str]] = {}
    for row in listed:
        name = row.get("id") or ""
        if name and rows.setdefault(name, row) != row:
            raise ConfigurationError(f"{path}: has two rows of {name} that differ; keep one")
    return rows, columns


def _labels(rows: Sequence[Mapping[str, str]], name: str, path: str | Path) -> NDArray[np.int64]:
    values = _numbers(rows, name, path)
    labels = np.where(np.isfinite(values), values, -1)
    if not np.isin(labels, (-1, 0, 1)).all():
        raise ConfigurationError(f"{path}: the column {name} holds labels other than 0, 1, -1 or nothing")
    return labels.astype(np.int64)


def _numbers(rows: Sequence[Mapping[str, str]], name: str, path: str | Path) -> NDArray[np.float64]:
    try:
        return np.array([float(row.get(name) or "nan") for row in rows], dtype=np.float64)
    except ValueError as error:
        raise ConfigurationError(
            f"{path}: the column {name} holds something else than numbers ({error})"
        ) from None
