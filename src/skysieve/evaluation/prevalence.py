"""Precision at other shares of the classes than those of the judged samples.

Which class a sample is called does not depend on how common the classes are; how many of the called ones are
right does. Where the classes have the shares ``s``, the precision of class c is
``s[c] R[c, c] / sum_k s[k] R[k, c]``, ``R`` being the confusion matrix with rows that sum to one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from skysieve.evaluation.arrays import FloatArray, IntArray
from skysieve.evaluation.intervals import Interval, bootstrap_intervals, wilson_interval
from skysieve.evaluation.prevalence_words import precision_statement
from skysieve.evaluation.shares import complete_shares
from skysieve.evaluation.sieve_rates import purity_interval

__all__ = [
    "OTHER_SHARES",
    "ClassPrecision",
    "PrecisionAt",
    "PrecisionByShare",
    "precision_by_share",
    "precisions_at_shares",
]

#: For which the precision is told whatever is known of the true shares.
OTHER_SHARES = (0.1, 0.01, 0.001)


@dataclass(frozen=True, slots=True)
class PrecisionAt:
    """The precision of a class where it has a certain share of all objects."""

    share: float
    precision: Interval


@dataclass(frozen=True, slots=True)
class ClassPrecision:
    """The precision of one class among the judged samples, and on the sky if its share there is known."""

    name: str
    samples: int
    here: PrecisionAt
    sky: PrecisionAt | None


@dataclass(frozen=True, slots=True)
class PrecisionByShare:
    """How the precision depends on how common a class is.

    Parameters
    ----------
    classes : tuple of ClassPrecision
        Every class.
    subject : str
        The class in whose words this is told: of two the positive one, else the rarest.
    elsewhere : tuple of PrecisionAt
        Of the subject at `OTHER_SHARES`, the other classes keeping their proportions.
    """

    classes: tuple[ClassPrecision, ...]
    subject: str
    elsewhere: tuple[PrecisionAt, ...]

    @property
    def main(self) -> ClassPrecision:
        """The subject's figures."""
        return next(each for each in self.classes if each.name == self.subject)

    @property
    def statement(self) -> str:
        """What a reader must not miss, in words."""
        sky = self.main.sky
        return precision_statement(
            self.subject,
            (self.main.here.share, self.main.here.precision),
            None if sky is None else (sky.share, sky.precision),
            [(each.share, each.precision) for each in self.elsewhere],
        )

    def to_json(self) -> dict[str, Any]:
        """Return statement and figures as plain JSON."""
        return {"statement": self.statement, **asdict(self)}


def precisions_at_shares(confusion: npt.ArrayLike, shares: npt.ArrayLike) -> FloatArray:
    """Return the precision of each class where the classes have other shares than in the confusion matrix.

    Parameters
    ----------
    confusion : array_like of int, shape (K, K)
        Samples of class i called j.
    shares : array_like of float, shape (K,)
        True shares; a class with a share needs samples.

    Returns
    -------
    ndarray, shape (K,)
        NaN for all if a class with a share has no sample, and for a class that nothing would be called.

    Examples
    --------
    >>> precisions_at_shares([[90, 10], [0, 10]], [0.99, 0.01]).round(3)
    array([1.   , 0.092])
    """
    counts, weights = np.asarray(confusion, dtype=np.float64), np.asarray(shares, dtype=np.float64)
    totals = counts.sum(axis=1)
    known = totals > 0
    if weights[~known].any():
        return np.full(len(weights), np.nan)
    rates = np.divide(counts, totals[:, None], out=np.zeros_like(counts), where=known[:, None])
    called = weights @ rates
    right = weights * np.diag(rates)
    found: FloatArray = np.divide(right, called, out=np.full(len(weights), np.nan), where=called > 0)
    return found


def precision_by_share(
    labels: IntArray,
    called: IntArray,
    classes: Sequence[str],
    codes: IntArray,
    *,
    shares: Mapping[str, float] | None = None,
    level: float = 0.95,
    replicates: int = 1000,
    seed: int,
) -> PrecisionByShare:
    """Judge how the precision of every class depends on the shares of the classes.

    Intervals are those of a bootstrap over groups; where a precision is exactly 0 or 1, which has no spread
    there, those that follow from Wilson's intervals of the rates (MOVER), with groups as trials.

    Parameters
    ----------
    labels, called : ndarray of int, shape (N,)
        True class of each sample, and the class that it is called.
    classes : sequence of str
        Names of the classes.
    codes : ndarray of int, shape (N,)
        Groups from 0.
    shares : mapping of str to float, optional
        True shares on the sky, as far as they are known.
    level, replicates, seed
        Of the intervals.
    """
    counts = np.bincount(labels, minlength=len(classes))
    here = counts / counts.sum()
    sky = complete_shares(shares, classes, counts) if shares else None
    subject = _subject(classes, counts, sky)
    at = {"here": here} | ({} if sky is None else {"sky": sky})
    others = {f"{share:g}": _with_share(here, subject, share) for share in OTHER_SHARES}

    def figures(truth: IntArray, says: IntArray) -> dict[str, float]:
        table = _confusion(truth, says, len(classes))
        own = {"here": np.bincount(truth, minlength=len(classes)) / len(truth)}
        found = {name: precisions_at_shares(table, own.get(name, at[name])) for name in at}
        told = {f"{name} {k}": float(each[k]) for name, each in found.items() for k in range(len(classes))}
        return told | {
            name: float(precisions_at_shares(table, each)[subject]) for name, each in others.items()
        }

    drawn = bootstrap_intervals(
        figures, labels, called, groups=codes, level=level, replicates=replicates, seed=seed
    )
    trials = _Trials(labels, called, codes, len(classes), level)

    def interval(name: str, k: int, weights: FloatArray) -> Interval:
        found = drawn[name]
        at_an_end = min(abs(found.value), abs(1 - found.value)) < 1e-12
        # Trials are groups, whose rates are rounded: the value stays that of the samples.
        return replace(trials.interval(k, weights), value=found.value) if at_an_end else found

    return PrecisionByShare(
        classes=tuple(
            ClassPrecision(
                name,
                int(counts[k]),
                PrecisionAt(float(here[k]), interval(f"here {k}", k, here)),
                None if sky is None else PrecisionAt(float(sky[k]), interval(f"sky {k}", k, sky)),
            )
            for k, name in enumerate(classes)
        ),
        subject=classes[subject],
        elsewhere=tuple(
            PrecisionAt(share, interval(name, subject, others[name]))
            for share, name in zip(OTHER_SHARES, others, strict=True)
        ),
    )


@dataclass(frozen=True, slots=True)
class _Trials:
    """Rates of calls with Wilson's intervals, groups being trials."""

    labels: IntArray
    called: IntArray
    codes: IntArray
    classes: int
    level: float

    def interval(self, k: int, shares: FloatArray) -> Interval:
        """Return the precision of class k from the rates at which each class is called so."""
        if not 0 < shares[k] < 1:
            value = precisions_at_shares(_confusion(self.labels, self.called, self.classes), shares)[k]
            return Interval(float(value), 0.0, 1.0, self.level, 0, "mover")
        rest = [i for i in range(self.classes) if i != k and shares[i] > 0]
        rates = [self._rate(i, k) for i in rest]
        weights = [shares[i] / (1 - shares[k]) for i in rest]
        value = sum(weight * rate.value for weight, rate in zip(weights, rates, strict=True))
        # Squares of distances add up, as variances do.
        down, up = (
            math.sqrt(
                sum((w * (r.value - getattr(r, end))) ** 2 for w, r in zip(weights, rates, strict=True))
            )
            for end in ("low", "high")
        )
        wrong = Interval(value, max(value - down, 0.0), min(value + up, 1.0), self.level, 0, "mover")
        return purity_interval(self._rate(k, k), wrong, float(shares[k]))

    def _rate(self, truth: int, k: int) -> Interval:
        rows = self.labels == truth
        n = int(np.unique(self.codes[rows]).size)
        share = float((self.called[rows] == k).mean()) if n else float("nan")
        return wilson_interval(0 if n == 0 else round(share * n), n, level=self.level)


def _confusion(labels: IntArray, called: IntArray, k: int) -> IntArray:
    return np.bincount(k * labels + called, minlength=k * k).reshape(k, k)


def _subject(classes: Sequence[str], counts: IntArray, sky: FloatArray | None) -> int:
    """Return the positive class of two, else the rarest on the sky, or of the judged samples."""
    if len(classes) == 2:
        return 1
    of_which = counts.astype(np.float64) if sky is None else sky
    return int(np.where(of_which > 0, of_which, np.inf).argmin())


def _with_share(here: FloatArray, k: int, share: float) -> FloatArray:
    """Return shares with that of class k changed and the others in their proportions."""
    rest = 1 - here[k]
    changed = here * (1 - share) / rest if rest > 0 else np.full(len(here), np.nan)
    changed[k] = share
    return changed
