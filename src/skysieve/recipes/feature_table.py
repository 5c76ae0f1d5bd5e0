"""Tables of features for classifiers: columns pinned by name and order, and compared with those learned from.

A classifier of features takes numbers without names. Two columns that have changed places cost no error: in
the HSC table of DeepShadows, swapping g-r and g-i in one of the two classes raises the ROC AUC from .95 to
.998, because the swap itself is what is learned. Here columns have names, and their distributions are
looked at.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet

__all__ = ["FeatureReference", "FeatureTable", "colour_order_findings"]

#: Quantiles that stand for a distribution.
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)

#: How far quantiles may move, in half of the range from the lowest to the highest of the learned ones.
FAR = 0.25

#: Bands from blue to red: nearly all galaxies are brighter in each than in the one before.
BANDS = "ugrizy"


@dataclass(frozen=True, eq=False)
class FeatureTable:
    """Features of samples.

    Parameters
    ----------
    names : tuple of str
        Of the columns, in their order.
    values : ndarray, shape (N, F), float64
        One row a sample; NaN where a feature could not be measured.

    Examples
    --------
    >>> table = FeatureTable.of({"n": [1.0, 4.0], "g-r": [0.4, None], "id": ["a", "b"]}, ("g-r", "n"))
    >>> table.names, table.values.tolist()
    (('g-r', 'n'), [[0.4, 1.0], [nan, 4.0]])
    """

    names: tuple[str, ...]
    values: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.values.ndim != 2 or self.values.shape[1] != len(self.names):
            raise SampleSetError(
                f"found features of shape {self.values.shape}, expected (N, {len(self.names)}): "
                f"{', '.join(self.names)}"
            )
        if len(set(self.names)) < len(self.names):
            raise SampleSetError(
                f"features repeat: {', '.join(self.names)}; every column has a name of its own"
            )

    def __len__(self) -> int:
        return len(self.values)

    @classmethod
    def of(
        cls,
        table: SampleSet | Mapping[str, Sequence[Any] | NDArray[Any]],
        names: Sequence[str],
        *,
        exact: bool = False,
    ) -> FeatureTable:
        """Take the features of these names, in this order, from a table whose columns are in any.

        Parameters
        ----------
        table : SampleSet or mapping of columns
            May hold further columns.
        names : sequence of str
            The features.
        exact : bool
            Refuse further columns: for tables that hold nothing but features.

        Raises
        ------
        SampleSetError
            If a column is missing or, with ``exact``, there is another; if one does not hold numbers.
        """
        present = table.column_names if isinstance(table, SampleSet) else list(table)
        for name in names:
            if name not in present:
                near = difflib.get_close_matches(name, present, n=1, cutoff=0.5)
                hint = f"did you mean {near[0]!r}?" if near else f"it has {', '.join(present)}"
                raise SampleSetError(f"the table has no feature {name!r}; {hint}")
        if exact and (extra := [name for name in present if name not in names]):
            raise SampleSetError(
                f"the table has {', '.join(map(repr, extra))} beside the {len(names)} features; "
                "leave it out, or train with it"
            )
        columns = [_numbers(table, name) for name in names]
        return cls(tuple(names), np.stack(columns, axis=1))

    def take(self, rows: NDArray[Any]) -> FeatureTable:
        """Return chosen rows, by number or by mask."""
        return FeatureTable(self.names, self.values[rows])

    def checked(self, names: tuple[str, ...]) -> FeatureTable:
        """Return the table with its columns in the order of the names, which must all be there."""
        return FeatureTable.of(dict(zip(self.names, self.values.T, strict=True)), names)


@dataclass(frozen=True)
class FeatureReference:
    """What the features of the training samples looked like, in a few numbers a column.

    Parameters
    ----------
    names : tuple of str
        Of the columns.
    quantiles : mapping of str to list, each of shape (F, 5)
        Quantiles at 5, 25, 50, 75 and 95 % of every column: for each class, and for ``all``.
    """

    names: tuple[str, ...]
    quantiles: Mapping[str, list[list[float]]]

    @classmethod
    def of(
        cls, table: FeatureTable, labels: NDArray[np.int64] | None = None, classes: Sequence[str] = ()
    ) -> FeatureReference:
        """Measure the columns of a table that is known to be in order.

        Parameters
        ----------
        table : FeatureTable
            Training samples.
        labels : ndarray, shape (N,), optional
            Their classes.
        classes : sequence of str
            Names of the classes.
        """
        return cls(
            table.names,
            {name: _quantiles(table.values[rows]).tolist() for name, rows in _parts(table, labels, classes)},
        )

    def check(
        self, table: FeatureTable, labels: NDArray[np.int64] | None = None, classes: Sequence[str] = ()
    ) -> tuple[Finding, ...]:
        """Compare a table with what was learned from, class by class where its labels are known.

        Returns
        -------
        tuple of Finding
            ``swapped-columns`` (an error) for two columns that fit each other's place better than their
            own, ``shifted-column`` (a warning) for any other column far from what was learned,
            ``empty-column`` (an error) for one without a number.

        Raises
        ------
        SampleSetError
            If a column is missing.
        """
        table = table.checked(self.names)
        found: dict[tuple[str, str], Finding] = {}
        for part, rows in _parts(table, labels, classes):
            if part in self.quantiles and len(table.values[rows]):
                learned, seen = np.array(self.quantiles[part]), _quantiles(table.values[rows])
                for finding in self._compare(learned, seen, part):
                    found.setdefault((finding.item, finding.kind), finding)
        return tuple(found.values())

    def _compare(self, learned: NDArray[np.float64], seen: NDArray[np.float64], part: str) -> list[Finding]:
        findings = []
        distance = _distances(learned, seen)
        where = "" if part == "all" else f" of the class {part}"
        settled = set()
        for first, second in combinations(range(len(self.names)), 2):
            own = distance[first, first] + distance[second, second]
            crossed = distance[first, second] + distance[second, first]
            if own > 2 * FAR and crossed < 0.5 * own:
                pair = f"{self.names[first]} and {self.names[second]}"
                reason = (
                    f"the columns {pair}{where} fit each other's place better than their own (medians "
                    f"{seen[first, 2]:.3g} and {seen[second, 2]:.3g}, learned {learned[first, 2]:.3g} and "
                    f"{learned[second, 2]:.3g}): they have changed places; correct the table"
                )
                findings.append(Finding(pair, "swapped-columns", reason))
                settled |= {first, second}
        for number, name in enumerate(self.names):
            if np.isnan(seen[number]).any():
                findings.append(Finding(name, "empty-column", f"the column {name}{where} holds no number"))
            elif number not in settled and distance[number, number] > 4 * FAR:
                reason = (
                    f"the column {name}{where} has a median of {seen[number, 2]:.3g}, learned was "
                    f"{learned[number, 2]:.3g}: scores there mean little; check its unit and its origin"
                )
                findings.append(Finding(name, "shifted-column", reason, "warning"))
        return findings

    def to_json(self) -> dict[str, Any]:
        """Return the fields as a JSON-ready dictionary; ``FeatureReference(**fields)`` reads them back."""
        return {"names": list(self.names), "quantiles": dict(self.quantiles)}


def colour_order_findings(
    table: FeatureTable, labels: NDArray[np.int64], classes: Sequence[str]
) -> tuple[Finding, ...]:
    """Look for colours that have changed places, with no other table to compare with.

    From blue to red, galaxies become brighter: g-i is larger than g-r for nearly all of them. Where it
    is smaller for most samples of a class, the columns have changed places.

    Parameters
    ----------
    table : FeatureTable
        Colours are columns named like ``g-r``.
    labels : ndarray, shape (N,)
        Classes; each is looked at by itself.
    classes : sequence of str
        Their names.

    Returns
    -------
    tuple of Finding
        ``colours-out-of-order``, an error for each class and pair of colours.

    Examples
    --------
    >>> table = FeatureTable(("g-i", "g-r"), np.array([[0.4, 0.7], [0.5, 0.6], [0.7, 0.4]]))
    >>> [str(each) for each in colour_order_findings(table, np.array([0, 0, 1]), ("artifact", "LSBG"))]
    ['error: g-r and g-i: g-i is smaller than g-r for 100 % of the class artifact, as it hardly ever is: \
the columns have changed places; correct the table [colours-out-of-order]']
    """
    findings = []
    columns = dict(zip(table.names, table.values.T, strict=True))
    for nearer, farther in _colour_pairs(table.names):
        for number, name in enumerate(classes):
            both = np.stack([columns[nearer], columns[farther]])[:, labels == number]
            both = both[:, np.isfinite(both).all(0)]
            share = float((both[1] < both[0]).mean()) if both.size else 0.0
            if share > 0.5:
                reason = (
                    f"{farther} is smaller than {nearer} for {share:.0%} of the class {name}, as it hardly "
                    "ever is: the columns have changed places; correct the table"
                ).replace("%", " %", 1)
                findings.append(Finding(f"{nearer} and {farther}", "colours-out-of-order", reason))
    return tuple(findings)


def _colour_pairs(names: Sequence[str]) -> list[tuple[str, str]]:
    """Return pairs of colours of one blue band, that to the nearer red band first."""
    colours = [tuple(name.split("-")) for name in names if len(name) == 3 and name[1] == "-"]
    known = [(blue, red) for blue, red in colours if {blue, red} <= set(BANDS)]
    return [
        (f"{blue}-{near}", f"{blue}-{far}")
        for blue, near in known
        for other, far in known
        if other == blue and BANDS.index(blue) < BANDS.index(near) < BANDS.index(far)
    ]


def _numbers(table: Any, name: str) -> NDArray[np.float64]:
    values = table.scalar(name) if isinstance(table, SampleSet) else table[name]
    try:
        return np.array([np.nan if value is None else float(value) for value in values])
    except (TypeError, ValueError) as error:
        raise SampleSetError(f"the feature {name!r} does not hold numbers ({error})") from None


def _parts(
    table: FeatureTable, labels: NDArray[np.int64] | None, classes: Sequence[str]
) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the classes and their rows, or all rows as one."""
    everything = np.ones(len(table), dtype=np.bool_)
    by_class = [] if labels is None else [(name, labels == number) for number, name in enumerate(classes)]
    return [*by_class, ("all", everything)]


def _quantiles(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the quantiles of every column, shape (F, 5); NaN for one without a number."""
    finite = [column[np.isfinite(column)] for column in values.T]
    return np.array(
        [np.quantile(column, LEVELS) if len(column) else np.full(len(LEVELS), np.nan) for column in finite]
    )


def _distances(learned: NDArray[np.float64], seen: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each seen column (first axis) is from each learned one, in units of its own spread."""
    spread = np.maximum((learned[:, -1] - learned[:, 0]) / 2, 1e-9)
    moved = np.abs(seen[:, None] - learned[None]).mean(2)
    return np.asarray(moved / spread)
