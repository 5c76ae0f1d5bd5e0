"""Counts of what was found in many curves, told as a few findings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

from skysieve.samples.findings import Finding

__all__ = ["Tally"]

#: Curves that are named for each kind.
_NAMED = 3
#: Curves kept aside that are each told by a finding of their own.
_TOLD = 1000

_Severity = Literal["error", "warning", "note"]

#: What is found in points, and how it is told.
_POINTS: dict[str, tuple[_Severity, str]] = {
    "flagged-point": ("note", "dropped for their flags"),
    "julian-date": ("warning", "times that look like Julian dates; 2400000.5 was subtracted"),
    "julian-date-kept": ("warning", "times that look like Julian dates, kept as they are"),
    "placeholder-value": ("note", "dropped for values that mean none, such as 99"),
    "not-finite": ("warning", "dropped, as their time or value is missing or infinite"),
    "bad-error": ("warning", "errors that are zero, negative or infinite, now unknown"),
    "duplicate-point": ("warning", "dropped, as they repeat another"),
    "same-time": ("note", "kept beside another of the same time and band and another value"),
    "same-time-averaged": ("note", "averaged with others of the same time and band"),
    "point-without-id": ("error", "left out, as they do not name their curve"),
    "bad-number": ("warning", "cells that are no number and count as missing"),
}
#: What is found in curves.
_CURVES: dict[str, tuple[_Severity, str]] = {
    "unsorted": ("note", "sorted, as they were not in the order of time"),
    "one-point": ("note", "with one point only"),
    "looks-like-flux": ("warning", "without a value from 0 to 40: fluxes? say so by quantity=flux"),
    "no-label-row": ("note", "without a row in the table of labels"),
    "row-without-curve": ("note", "in the table of labels, but in no file"),
    "varying-column": ("warning", "with values that differ from point to point; the middle one was kept"),
}
#: Why curves are kept aside.
_LOST: dict[str, str] = {
    "no-points": "has no point left and was kept aside",
    "too-few-points": "has fewer points than min_points and was kept aside",
    "lengths-differ": "has lists of different lengths, so that points cannot be told; it was kept aside",
    "missing-id": "has no id and was kept aside",
    "missing-split": "has no split and was kept aside",
    "repeated-id": "stands in several rows; the first was kept",
}


@dataclass(slots=True)
class _Count:
    curves: int = 0
    points: int = 0
    names: list[str] = field(default_factory=list)


class Tally:
    """Counts by kind; the memory that it takes does not grow with the curves.

    Examples
    --------
    >>> tally = Tally()
    >>> tally.count("not-finite", ["a", "b"], points=5)
    >>> print(*tally.findings("curves.csv"))
    warning: curves.csv: dropped, as their time or value is missing or infinite: 5 points of 2 curves (a, b)
    [not-finite]
    """

    def __init__(self) -> None:
        self._counts: dict[str, _Count] = {}
        self._others: list[Finding] = []

    def count(self, kind: str, curves: Iterable[Any], points: int) -> None:
        """Add curves (their ids) in which ``points`` points are of a kind."""
        names = list(curves)
        if not names:
            return
        entry = self._counts.setdefault(kind, _Count())
        entry.curves += len(names)
        entry.points += points
        entry.names += [str(name) for name in names[: _NAMED - len(entry.names)]]

    def lose(self, kind: str, curves: Iterable[Any]) -> None:
        """Add curves that are kept aside."""
        for name in curves:
            entry = self._counts.setdefault(kind, _Count())
            entry.curves += 1
            if entry.curves <= _TOLD:
                self._others.append(Finding(str(name), kind, _LOST[kind]))

    def add(self, finding: Finding) -> None:
        """Add a finding as it is."""
        self._others.append(finding)

    def curves(self, kind: str) -> int:
        """Return the number of curves of a kind."""
        return self._counts[kind].curves if kind in self._counts else 0

    def points(self, kind: str) -> int:
        """Return the number of points of a kind."""
        return self._counts[kind].points if kind in self._counts else 0

    def findings(self, item: str) -> tuple[Finding, ...]:
        """Return all findings; those of many curves are one of ``item``."""
        told = list(self._others)
        for kind, entry in self._counts.items():
            if kind in _LOST:
                if entry.curves > _TOLD:
                    reason = f"{entry.curves - _TOLD:,} further curves: each {_LOST[kind]}"
                    told.append(Finding(item, kind, reason))
                continue
            named = ", ".join(filter(None, entry.names))
            named += ", ..." if entry.curves > len(entry.names) else ""
            if kind in _CURVES:
                severity, words = _CURVES[kind]
                told.append(Finding(item, kind, f"{words}: {_many(entry.curves, named)}", severity))
            else:
                severity, words = _POINTS[kind]
                points = f"{entry.points:,} point{'s' * (entry.points != 1)}"
                where = f" of {_many(entry.curves, named)}" if named else ""
                told.append(Finding(item, kind, f"{words}: {points}{where}", severity))
        return tuple(told)


def _many(curves: int, named: str) -> str:
    return f"{curves:,} curve{'s' * (curves != 1)} ({named})"
