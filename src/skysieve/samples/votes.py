"""From the votes of many people to classes, where enough of them agree, and to soft labels everywhere."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.samples.findings import Finding

__all__ = ["GALAXY_ZOO_1", "VOTES_PREFIX", "VoteLabels", "VoteScheme", "classes_from_votes"]

#: The columns of a sample set that hold votes, one a class: ``votes_<class>``.
VOTES_PREFIX = "votes_"


@dataclass(frozen=True)
class VoteScheme:
    """Which columns of a table of votes mean which class.

    Parameters
    ----------
    columns : mapping of str to tuple of str
        Columns of each class, in the order of the classes; several are added up: a spiral that turns
        clockwise and one that turns the other way are both face-on spirals.
    dont_know : tuple of str
        Columns of votes for no class.
    policy : {"count", "drop"}
        What becomes of them. ``count`` keeps them in the denominator: a galaxy is a spiral if enough of
        all people said so. ``drop`` asks only those who named a class, and calls a galaxy of which nine
        people in ten knew nothing by what the tenth said.
    total : str
        Column with the number of votes, where the others are shares; empty: not known.
    kind : {"shares", "counts"}
        What the columns hold. Shares of all columns, those of ``dont_know`` among them, sum to one.
    tolerance : float
        By how much the sum of shares may differ from one: tables are rounded.
    """

    columns: Mapping[str, tuple[str, ...]]
    dont_know: tuple[str, ...] = ()
    policy: Literal["count", "drop"] = "count"
    total: str = ""
    kind: Literal["shares", "counts"] = "shares"
    tolerance: float = 0.02

    def __post_init__(self) -> None:
        if len(self.columns) < 2 or not all(self.columns.values()):
            raise ConfigurationError(
                f"votes are for at least two classes with a column each, found {dict(self.columns)}"
            )
        if self.policy not in ("count", "drop") or self.kind not in ("shares", "counts"):
            raise ConfigurationError(
                f"votes for no class are 'count'ed or 'drop'ped and columns hold 'shares' or 'counts', found "
                f"policy={self.policy!r}, kind={self.kind!r}"
            )
        if not 0 <= self.tolerance < 1:
            raise ConfigurationError(f"the tolerance of votes is from 0 to below 1, found {self.tolerance}")

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes in their order."""
        return tuple(self.columns)


#: Table 2 of Galaxy Zoo 1 (Lintott et al. 2011, MNRAS 410, 166); P_CS repeats other columns and is left out.
GALAXY_ZOO_1 = VoteScheme(
    columns={
        "edge_on_disk": ("P_EDGE",),
        "elliptical": ("P_EL",),
        "face_on_spiral": ("P_CW", "P_ACW"),
        "merger": ("P_MG",),
    },
    dont_know=("P_DK",),
    total="NVOTE",
)


@dataclass(frozen=True, eq=False)
class VoteLabels:
    """What votes make of samples.

    Parameters
    ----------
    classes : tuple of str
        Names of the classes.
    labels : ndarray, shape (N,), int64
        Class that enough people agree on; -1 where they do not, or where the votes cannot be used.
    agreement : ndarray, shape (N,)
        Share of the votes for the most frequent class; NaN where the votes cannot be used.
    votes : ndarray, shape (N, K)
        Whole numbers of votes where they are known, else shares that sum to one; NaN where the votes
        cannot be used. Those for no class are left out, whatever the policy.
    findings : tuple of Finding
        ``missing-votes``, ``negative-votes``, ``votes-do-not-sum-to-one``, ``no-votes`` for samples, and
        ``below-the-cut``, ``one-class-only``, ``class-without-samples`` for the whole.
    """

    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    agreement: NDArray[np.float64]
    votes: NDArray[np.float64]
    findings: tuple[Finding, ...] = field(default=())

    def columns(self) -> dict[str, list[float | None]]:
        """Return the votes as columns of a sample set, null where they cannot be used."""
        return {
            VOTES_PREFIX + name: [None if np.isnan(vote) else float(vote) for vote in self.votes[:, number]]
            for number, name in enumerate(self.classes)
        }


def classes_from_votes(
    table: Mapping[str, Sequence[Any] | NDArray[Any]],
    scheme: VoteScheme,
    *,
    cut: float = 0.95,
    ids: Sequence[Any] | NDArray[Any] | None = None,
) -> VoteLabels:
    """Give every sample the class that a share ``cut`` of the people agrees on, if there is one.

    Parameters
    ----------
    table : mapping of str to array-like, shape (N,)
        Columns of votes.
    scheme : VoteScheme
        What they mean.
    cut : float
        Smallest share of the votes for a class to be a label, 0 to 1; 0 takes the most frequent class
        whatever its share.
    ids : array-like, shape (N,), optional
        Names of the samples, for findings; row numbers if not given.

    Raises
    ------
    SampleSetError
        If a column is absent or holds something other than numbers, or no row can be used.
    ConfigurationError
        If the cut is not from 0 to 1.

    Examples
    --------
    >>> table = {"P_EL": [0.97, 0.5, 0.2], "P_EDGE": [0.0, 0.4, 0.9], "P_CW": [0.01, 0.1, 0.0],
    ...          "P_ACW": [0.0, 0.0, 0.0], "P_MG": [0.0, 0.0, 0.0], "P_DK": [0.02, 0.0, 0.0],
    ...          "NVOTE": [30, 20, 10]}
    >>> made = classes_from_votes(table, GALAXY_ZOO_1)
    >>> made.labels.tolist(), made.votes[0].tolist()
    ([1, -1, -1], [0.0, 29.0, 0.0, 0.0])
    >>> [finding.kind for finding in made.findings][:2]
    ['votes-do-not-sum-to-one', 'below-the-cut']
    """
    if not 0 <= cut <= 1:
        raise ConfigurationError(f"the share of votes that makes a class is from 0 to 1, found {cut}")
    wanted = [column for columns in scheme.columns.values() for column in columns]
    votes = np.stack([_numbers(table, name) for name in (*wanted, *scheme.dont_know)], axis=1)
    names = [f"row {row}" for row in range(len(votes))] if ids is None else [str(each) for each in ids]
    total = _numbers(table, scheme.total) if scheme.total else None
    usable, findings = _usable(votes, total, scheme, names)
    if not usable.any():
        first = f"; the first: {findings[0]}" if findings else ""
        raise SampleSetError(f"none of {len(votes)} rows has votes that can be used{first}")

    votes = np.where(usable[:, None], votes, np.nan)
    by_class = _summed(votes, scheme)
    counted = votes if scheme.policy == "count" else votes[:, : len(wanted)]
    with np.errstate(invalid="ignore", divide="ignore"):
        agreement = by_class.max(1) / counted.sum(1)
        shares = by_class / by_class.sum(1, keepdims=True)
    labels = np.where(usable & (np.nan_to_num(agreement) >= cut), by_class.argmax(1), -1).astype(np.int64)
    labels[~(by_class.sum(1) > 0)] = -1
    findings += _on_the_whole(labels, usable, scheme.classes, cut)
    return VoteLabels(
        classes=scheme.classes,
        labels=labels,
        agreement=agreement,
        votes=_counts(by_class, shares, total, scheme),
        findings=tuple(findings),
    )


def _numbers(table: Mapping[str, Any], name: str) -> NDArray[np.float64]:
    if name not in table:
        near = difflib.get_close_matches(name, list(table), n=3, cutoff=0.4)
        hint = f"did you mean {' or '.join(map(repr, near))}?" if near else f"it has {', '.join(table)}"
        raise SampleSetError(f"the table of votes has no column {name!r}; {hint}")
    try:
        return np.array([np.nan if value is None else float(value) for value in table[name]])
    except (TypeError, ValueError) as error:
        raise SampleSetError(f"the column {name!r} of votes does not hold numbers ({error})") from None


def _usable(
    votes: NDArray[np.float64],
    total: NDArray[np.float64] | None,
    scheme: VoteScheme,
    names: list[str],
) -> tuple[NDArray[np.bool_], list[Finding]]:
    """Say which rows have votes that make sense, and what is wrong with the others."""
    sums = votes.sum(1)
    negative = np.asarray((votes < 0).any(1), dtype=np.bool_)
    missing = np.asarray(~np.isfinite(votes).all(1), dtype=np.bool_)
    if total is not None:
        missing |= ~np.isfinite(total)
        negative |= total < 0
    off = np.abs(sums - 1) > scheme.tolerance if scheme.kind == "shares" else np.zeros(len(votes), bool)
    nobody = np.asarray(sums == 0, dtype=np.bool_)
    if total is not None:
        nobody |= total == 0
    findings = []
    for row in np.flatnonzero(missing | negative | off | nobody):
        listed = ", ".join(f"{vote:g}" for vote in votes[row])
        if missing[row]:
            kind, what = "missing-votes", "some are missing"
        elif negative[row]:
            kind, what = "negative-votes", "votes are not negative"
        elif nobody[row]:
            kind, what = "no-votes", "nobody has voted"
        else:
            kind, what = "votes-do-not-sum-to-one", f"their sum is {sums[row]:.4g}, expected 1"
        reason = f"the votes are {listed}: {what}; the sample gets no label"
        findings.append(Finding(names[row], kind, reason))
    return ~(missing | negative | off | nobody), findings


def _summed(votes: NDArray[np.float64], scheme: VoteScheme) -> NDArray[np.float64]:
    """Add up the columns of each class."""
    ends = np.cumsum([len(columns) for columns in scheme.columns.values()])
    parts = np.split(votes[:, : ends[-1]], ends[:-1], axis=1)
    return np.stack([part.sum(1) for part in parts], axis=1)


def _counts(
    by_class: NDArray[np.float64],
    shares: NDArray[np.float64],
    total: NDArray[np.float64] | None,
    scheme: VoteScheme,
) -> NDArray[np.float64]:
    if scheme.kind == "counts":
        return by_class
    return shares if total is None else np.round(by_class * total[:, None])


def _on_the_whole(
    labels: NDArray[np.int64], usable: NDArray[np.bool_], classes: tuple[str, ...], cut: float
) -> list[Finding]:
    found = []
    below = int((usable & (labels < 0)).sum())
    if below:
        reason = f"of {below} of {len(labels)} samples no class has a share of {cut:g} of the votes: no label"
        found.append(Finding("votes", "below-the-cut", reason, "note"))
    present = np.unique(labels[labels >= 0])
    if len(present) == 1:
        reason = f"all {int((labels >= 0).sum())} labelled samples are of the class {classes[present[0]]}"
        advice = "; lower the cut, or add samples of other classes"
        found.append(Finding("votes", "one-class-only", reason + advice, "warning"))
    for number, name in enumerate(classes):
        if number not in present:
            reason = f"no sample is labelled {name} at a cut of {cut:g}"
            found.append(Finding("votes", "class-without-samples", reason, "warning"))
    return found
