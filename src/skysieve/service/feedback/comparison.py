"""Whether a new scorer is better than the one on duty, judged on the same labels that neither has seen.

Both score the same candidates, so that differences are paired: every replicate of the bootstrap draws
objects, not candidates, and takes the figures of both from the same draw. What can be told is what the
interval of the difference tells; where labels are few, it tells nothing, and that is said.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.evaluation.intervals import Interval, bootstrap_intervals

__all__ = ["ENOUGH", "FIGURES", "Comparison", "Judged", "compare", "recall_at_fpr"]

#: Held-out candidates of either class below which nothing is concluded.
ENOUGH = 15

#: Figures by name: what they are, and whether more is better.
FIGURES: dict[str, tuple[str, bool]] = {
    "average_precision": ("average precision", True),
    "recall_at_duty_fpr": ("recall at the false-positive rate of the one on duty", True),
    "brier": ("Brier score", False),
}

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Judged:
    """What one scorer says of the held-out candidates.

    Parameters
    ----------
    name, identity : str
        The scorer.
    scores : ndarray, shape (N,)
        Headline scores; NaN where it could not score.
    passes : ndarray of bool, shape (N,)
        Whether they pass its rule.
    is_probability : bool
        Whether a score is a probability, so that a Brier score means something.
    """

    name: str
    identity: str
    scores: FloatArray
    passes: NDArray[np.bool_]
    is_probability: bool


@dataclass(frozen=True)
class Comparison:
    """Two scorers on the same labels.

    Parameters
    ----------
    duty, new : str
        Names of the scorer on duty and the new one.
    n, n_positive, groups : int
        Candidates that judged, real ones among them, and objects.
    seen : int
        Held-out candidates that were left out, because one of the two has learned from their objects.
    figures : dict of str to (Interval, Interval, Interval)
        Of the one on duty, of the new one, and the difference new less old, by name of `FIGURES`.
    rates : dict of str to dict of str to float
        Recall and false-positive rate of both (``duty``, ``new``) by their own rules.
    verdict : {"better", "worse", "alike", "too-few"}
        What can be told.
    words : str
        The verdict in a sentence.
    """

    duty: str
    new: str
    n: int
    n_positive: int
    groups: int
    seen: int
    figures: dict[str, tuple[Interval, Interval, Interval]]
    rates: dict[str, dict[str, float]]
    verdict: str
    words: str

    def to_json(self) -> dict[str, Any]:
        """Return everything as JSON can hold it."""
        return {
            "duty": self.duty,
            "new": self.new,
            "held_out": {
                "candidates": self.n,
                "real": self.n_positive,
                "objects": self.groups,
                "left_out_as_seen": self.seen,
            },
            "figures": {
                name: {
                    "what": FIGURES[name][0],
                    "more_is_better": FIGURES[name][1],
                    "duty": duty.to_json(),
                    "new": new.to_json(),
                    "difference": difference.to_json(),
                }
                for name, (duty, new, difference) in self.figures.items()
            },
            "rates_by_own_rule": self.rates,
            "verdict": self.verdict,
            "words": self.words,
        }


def compare(
    labels: NDArray[np.int64],
    groups: NDArray[Any],
    duty: Judged,
    new: Judged,
    *,
    seen: int = 0,
    replicates: int = 2000,
    level: float = 0.95,
    seed: int = 1,
) -> Comparison:
    """Compare two scorers.

    Parameters
    ----------
    labels : ndarray of int, shape (N,)
        0 or 1.
    groups : ndarray, shape (N,)
        Objects; what is of one object is drawn together.
    duty, new : Judged
        The scorer on duty, and the new one. Candidates that either could not score do not count.
    seen : int
        How many were left out before, for the account.
    replicates, seed
        As of `skysieve.evaluation.intervals.bootstrap_intervals`.
    level : float
        Confidence that no interval of a difference misses it: each has a share of what is left to chance
        (Bonferroni), or a verdict from several figures would be wrong more often than one of them.
    """
    both = np.isfinite(duty.scores) & np.isfinite(new.scores)
    labels, groups = labels[both], groups[both]
    old_scores, new_scores = duty.scores[both], new.scores[both]
    old_passes, new_passes = duty.passes[both], new.passes[both]
    positive = int(labels.sum())
    facts: dict[str, Any] = {
        "duty": duty.name,
        "new": new.name,
        "n": len(labels),
        "n_positive": positive,
        "groups": len(np.unique(groups)),
        "seen": seen,
        "rates": {"duty": _rates(labels, old_passes), "new": _rates(labels, new_passes)},
    }
    if not positive or positive == len(labels):
        return Comparison(**facts, figures={}, verdict="too-few", words=_too_few(facts))
    names = [name for name in FIGURES if name != "brier" or (duty.is_probability and new.is_probability)]
    found = bootstrap_intervals(
        functools.partial(_statistics, names),
        *(labels, old_scores, new_scores, old_passes),
        groups=groups,
        replicates=replicates,
        level=1 - (1 - level) / len(names),
        seed=seed,
    )
    figures = {
        name: (found[f"duty {name}"], found[f"new {name}"], found[f"difference {name}"]) for name in names
    }
    verdict, words = _verdict(figures, facts)
    return Comparison(**facts, figures=figures, verdict=verdict, words=words)


def recall_at_fpr(labels: NDArray[np.int64], scores: FloatArray, fpr: float) -> float:
    """Return the largest recall at no more than a false-positive rate; NaN without both classes.

    Examples
    --------
    >>> recall_at_fpr(np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.5, 0.9]), 0.0)
    0.5
    >>> recall_at_fpr(np.array([0, 0, 1, 1]), np.array([0.1, 0.6, 0.5, 0.9]), 0.5)
    1.0
    """
    bogus, real = np.sort(scores[labels == 0]), scores[labels == 1]
    if not len(bogus) or not len(real):
        return float("nan")
    # Rounding must not turn 3 of 30 into less than 0.1 of 30.
    allowed = int(np.floor(fpr * len(bogus) + 1e-9))
    if allowed >= len(bogus):
        return 1.0
    # Above the highest bogus that may not pass; those of the very same score pass together or not at all.
    return float(np.mean(real > bogus[len(bogus) - 1 - allowed]))


def _statistics(names: Sequence[str], y: Any, old: Any, new: Any, passed: Any) -> dict[str, float]:
    """Return the figures of one draw: of the scorer on duty, of the new one, and their difference."""
    pairs = {name: _pair(name, y, old, new, passed) for name in names}
    made = {f"duty {name}": pair[0] for name, pair in pairs.items()}
    made |= {f"new {name}": pair[1] for name, pair in pairs.items()}
    return made | {f"difference {name}": pair[1] - pair[0] for name, pair in pairs.items()}


def _pair(
    name: str, labels: NDArray[np.int64], old: FloatArray, new: FloatArray, passed: NDArray[np.bool_]
) -> tuple[float, float]:
    """Return a figure of both scorers; NaN where a draw lacks a class."""
    if len(np.unique(labels)) < 2:
        return float("nan"), float("nan")
    if name == "average_precision":
        from sklearn.metrics import average_precision_score

        return float(average_precision_score(labels, old)), float(average_precision_score(labels, new))
    if name == "brier":
        return float(np.mean((old - labels) ** 2)), float(np.mean((new - labels) ** 2))
    fpr = float(np.mean(passed[labels == 0]))
    return recall_at_fpr(labels, old, fpr), recall_at_fpr(labels, new, fpr)


def _rates(labels: NDArray[np.int64], passes: NDArray[np.bool_]) -> dict[str, float]:
    def share(of: int) -> float:
        chosen = passes[labels == of]
        return float(np.mean(chosen)) if len(chosen) else float("nan")

    return {"recall": share(1), "fpr": share(0)}


def _too_few(facts: dict[str, Any]) -> str:
    bogus = facts["n"] - facts["n_positive"]
    return (
        f"Nothing can be concluded: only {facts['n_positive']} real and {bogus} others are held out, and "
        f"{ENOUGH} of each are the least. Label more; objects are held out by their names."
    )


def _verdict(
    figures: dict[str, tuple[Interval, Interval, Interval]], facts: dict[str, Any]
) -> tuple[str, str]:
    if min(facts["n_positive"], facts["n"] - facts["n_positive"]) < ENOUGH:
        return "too-few", _too_few(facts)
    worse: list[str] = []
    better: list[str] = []
    for name, (_, _, difference) in figures.items():
        what, more_is_better = FIGURES[name]
        gains = difference.low > 0 if more_is_better else difference.high < 0
        loses = difference.high < 0 if more_is_better else difference.low > 0
        if gains or loses:
            (better if gains else worse).append(f"{what} ({difference.value:+.4f})")
    on = f"on {facts['n']:,} held-out candidates"
    if worse:
        but = f", though better in {' and '.join(better)}" if better else ""
        return "worse", f"The new one is worse in {' and '.join(worse)}{but}, {on}."
    if better:
        return "better", f"The new one is better in {' and '.join(better)}, and worse in nothing, {on}."
    return "alike", f"No difference can be told {on}: every interval of a difference holds zero."
