"""The figures of each class, side by side: how complete, how pure, how well calibrated."""

from __future__ import annotations

from dataclasses import dataclass

from skysieve.evaluation.evaluate import Evaluation
from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.metrics import BinaryMetrics
from skysieve.evaluation.reliability import ReliabilityCurve, reliability

__all__ = ["ClassFigures", "class_figures", "class_reliability"]


@dataclass(frozen=True, slots=True)
class ClassFigures:
    """One class of an evaluation against all others.

    Parameters
    ----------
    name : str
        Name of the class.
    n : int
        Samples that are of it.
    completeness, purity, f1, calibration_error : Interval
        Recall, precision, their harmonic mean, and the expected calibration error of the probability of
        this class (10 bins of equal width); NaN where undefined.
    purity_on_sky : Interval or None
        Precision at the true shares of the classes, where they are known.
    """

    name: str
    n: int
    completeness: Interval
    purity: Interval
    f1: Interval
    calibration_error: Interval
    purity_on_sky: Interval | None


def class_figures(evaluation: Evaluation) -> tuple[ClassFigures, ...]:
    """Return the figures of each class in the order of the classes.

    Nothing for two classes, whose figures are those of the evaluation itself.

    Examples
    --------
    >>> import numpy as np
    >>> from skysieve.evaluation.evaluate import evaluate
    >>> rng = np.random.default_rng(0)
    >>> labels = rng.integers(0, 3, 300)
    >>> scores = (rng.dirichlet(np.ones(3), 300) + 2 * np.eye(3)[labels]) / 3
    >>> found = evaluate(labels, scores, groups=range(300), split="test", seed=0, classes="abc", replicates=9)
    >>> [each.name for each in class_figures(found)]
    ['a', 'b', 'c']
    >>> print(class_figures(found)[0].completeness)
    1.0000 [0.9591, 1.0000]
    """
    if isinstance(evaluation.metrics, BinaryMetrics):
        return ()
    found = evaluation.intervals
    return tuple(
        ClassFigures(
            name=name,
            n=n,
            completeness=found[f"recall: {name}"],
            purity=found[f"precision: {name}"],
            f1=found[f"f1: {name}"],
            calibration_error=found[f"ece: {name}"],
            purity_on_sky=found.get(f"precision_at_prevalence: {name}"),
        )
        for name, n in zip(evaluation.classes, evaluation.metrics.counts, strict=True)
    )


def class_reliability(evaluation: Evaluation) -> dict[str, ReliabilityCurve]:
    """Return how often a sample is of a class against the probability of it, class by class.

    Nothing for two classes: `Evaluation.reliability` is that of the positive one.
    """
    if evaluation.threshold is not None:
        return {}
    return {
        name: reliability(evaluation.labels == k, evaluation.scores[:, k])
        for k, name in enumerate(evaluation.classes)
    }
