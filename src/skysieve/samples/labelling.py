"""Labels that people filled into a table, merged into a sample set."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import InputError, SampleSetError
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet

__all__ = ["ANSWERS", "answers_of", "merge_labels", "read_label_table"]

#: Where the origin of a set says what can be answered, by column: the words in the order of the label.
ANSWERS = "answers"


def answers_of(samples: SampleSet) -> dict[str, tuple[str, ...]]:
    """Return the words of the answers by label column: what the set says, or its classes for ``label``.

    Examples
    --------
    >>> from skysieve.samples import Description
    >>> columns = {"id": [1], "group": [1], "label": [None]}
    >>> answers_of(SampleSet.from_columns(columns, Description(classes=("bogus", "real"))))
    {'label': ('bogus', 'real')}
    """
    said = samples.description.origin.get(ANSWERS, {})
    answers = {name: tuple(words) for name, words in said.items()}
    return answers if answers or not samples.classes else {"label": samples.classes}


def read_label_table(path: str | Path) -> dict[str, list[str]]:
    """Read a table of labels (CSV; comma, semicolon or tab) as columns of words.

    Raises
    ------
    InputError
        ``missing-path``; ``bad-table`` if it is no text or has no column ``id``.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise InputError(str(path), "missing-path", "the labels do not exist; check the path") from None
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(str(path), "bad-table", f"the labels cannot be read: {error}") from None
    lines = text.splitlines()
    heading = lines[0] if lines else ""
    delimiter = max(",;\t", key=heading.count)
    try:
        rows = list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise InputError(str(path), "bad-table", f"is no CSV: {error}") from None
    names = [name.strip() for name in rows[0]] if rows else []
    if "id" not in names or len(set(names)) < len(names):
        raise InputError(
            str(path),
            "bad-table",
            f"the first line names the columns {names}; expected id and others, each once",
        )
    filled = [row + [""] * (len(names) - len(row)) for row in rows[1:] if any(row)]
    return {name: [row[at].strip() for row in filled] for at, name in enumerate(names)}


def merge_labels(
    samples: SampleSet,
    labels: str | Path | Mapping[str, Sequence[Any]],
    *,
    origin: str,
    answers: Mapping[str, Sequence[str]] | None = None,
) -> tuple[SampleSet, tuple[Finding, ...]]:
    """Merge labels into a sample set; what is empty in the table leaves the set as it is.

    Parameters
    ----------
    samples : SampleSet
        The set, such as one of proposed samples.
    labels : path or mapping of columns
        A column ``id``, and one or more of labels: ``label``, families such as ``rb``. A label is the word
        of a class (capitals do not matter) or its number.
    origin : str
        Who labelled, in a sentence; it is printed beside every figure that rests on the labels.
    answers : mapping, optional
        Words of the classes by column, in the order of their numbers; those of the set (`answers_of`) if
        not given.

    Returns
    -------
    samples : SampleSet
        With the labels, and ``origin`` at the end of its ``label_origin``.
    findings : tuple of Finding
        ``unknown-id``, ``unknown-class``, ``unknown-column`` (warnings), ``contradictory-label`` (a sample
        that stands in the table more than once with different labels stays as it was), ``changed-label`` (a
        note on each label that there was and that is another now).

    Raises
    ------
    InputError
        If the table cannot be read.
    SampleSetError
        If the origin is empty, or the table has no column of labels.

    Examples
    --------
    >>> from skysieve.samples import Description
    >>> columns = {"id": [1, 2], "group": [1, 2], "label": [None, None]}
    >>> samples = SampleSet.from_columns(columns, Description(classes=("bogus", "real")))
    >>> table = {"id": ["1", "3"], "label": ["real", "bogus"]}
    >>> merged, findings = merge_labels(samples, table, origin="two observers, 2026")
    >>> merged.labels.tolist(), [finding.kind for finding in findings]
    ([1, -1], ['unknown-id'])
    """
    if not origin.strip():
        raise SampleSetError("say who labelled, in a sentence (origin): figures that rest on labels print it")
    table = labels if isinstance(labels, Mapping) else read_label_table(labels)
    known = {name: tuple(words) for name, words in (answers or answers_of(samples)).items()}
    columns = [name for name in table if name in known]
    if "id" not in table or not columns:
        raise SampleSetError(
            f"the labels have the columns {', '.join(table)}; expected id and one or more of "
            f"{', '.join(known) or 'label (the set names no classes)'}"
        )
    rows, findings = _rows_of(samples, table["id"])
    for name in table:
        if name not in (*columns, "id"):
            reason = f"is no column of labels ({', '.join(known)}); it is left out"
            findings.append(Finding(name, "unknown-column", reason, "warning"))
    merged: dict[str, NDArray[np.int64]] = {}
    for name in columns:
        before = _labels_before(samples, name)
        given, found = _read_column(table, name, known[name], rows)
        merged[name], changed = _merge(before, given, name)
        findings += [*found, *changed]
    said = samples.description.label_origin
    both = f"{said}; then {origin}" if said and said != origin else origin
    return samples.with_columns(merged, label_origin=both), tuple(findings)


def _rows_of(samples: SampleSet, ids: Sequence[Any]) -> tuple[list[int | None], list[Finding]]:
    places = {str(each): row for row, each in enumerate(samples.ids.tolist())}
    rows = [places.get(str(each).strip()) for each in ids]
    findings = [
        Finding(
            str(each), "unknown-id", "is the id of no sample of the set; its labels are left out", "warning"
        )
        for each, row in zip(ids, rows, strict=True)
        if row is None
    ]
    return rows, findings


def _labels_before(samples: SampleSet, name: str) -> NDArray[np.int64]:
    if name == "label":
        return samples.labels
    if name not in samples.column_names:
        return np.full(len(samples), -1, dtype=np.int64)
    return np.asarray(np.nan_to_num(samples.scalar(name).astype(float), nan=-1), dtype=np.int64)


def _read_column(
    table: Mapping[str, Sequence[Any]], name: str, words: tuple[str, ...], rows: list[int | None]
) -> tuple[dict[int, tuple[Any, int]], list[Finding]]:
    """Return id and label by row of the set, those that are given and clear."""
    numbers = {word.casefold(): number for number, word in enumerate(words)}
    # A class may itself be called by a digit: words count before numbers.
    numbers = {str(number): number for number in range(len(words))} | numbers
    given: dict[int, tuple[Any, int]] = {}
    findings: list[Finding] = []
    contradictory: set[int] = set()
    for item, value, row in zip(table["id"], table[name], rows, strict=True):
        word = "" if value is None else str(value).strip().casefold()
        if row is None or not word or word == "-1":
            continue
        label = numbers.get(word)
        if label is None:
            reason = f"{name} is {str(value)!r:.80}; expected {', '.join(words)}, or 0 to {len(words) - 1}"
            findings.append(Finding(str(item), "unknown-class", reason, "warning"))
        elif given.setdefault(row, (item, label))[1] != label and row not in contradictory:
            contradictory.add(row)
            reason = f"{name} is both {words[given[row][1]]} and {words[label]}; it stays as it was"
            findings.append(Finding(str(item), "contradictory-label", reason, "warning"))
    return {row: each for row, each in given.items() if row not in contradictory}, findings


def _merge(
    before: NDArray[np.int64], given: Mapping[int, tuple[Any, int]], name: str
) -> tuple[NDArray[np.int64], list[Finding]]:
    merged = before.copy()
    findings = []
    for row, (item, label) in given.items():
        if before[row] not in (-1, label):
            reason = f"{name} was {before[row]}, it is {label} now"
            findings.append(Finding(str(item), "changed-label", reason, "note"))
        merged[row] = label
    return merged, findings
