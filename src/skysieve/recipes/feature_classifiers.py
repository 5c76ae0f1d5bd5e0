"""Support vector machine, random forest and boosted trees on features: what a network has to beat.

Tanoglidis et al. 2021 (Astronomy and Computing 35, 100469) set beside their network, DeepShadows, an SVM
(RBF, C = 1e4, gamma = 0.001) and a random forest (100 trees, splits of at least 10 samples), on standardised
features of SourceExtractor. Boosted trees (histogram gradient boosting) are for features of light curves, and
take missing ones as they are. All are judged in cross-validation by group, repeated, with intervals. No
fitted classifier is stored here; trees become models by `skysieve.models.tree_graph`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.impute import SimpleImputer
from sklearn.metrics import balanced_accuracy_score, roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from skysieve.errors import SampleSetError, UnknownNameError
from skysieve.evaluation.intervals import Interval, bootstrap_intervals
from skysieve.recipes.feature_table import FeatureReference, FeatureTable, colour_order_findings
from skysieve.recipes.tree_classifiers import tree_classifier
from skysieve.samples.findings import Finding
from skysieve.samples.splits import assign_groups

__all__ = [
    "FEATURE_CLASSIFIERS",
    "FeatureCrossValidation",
    "FittedFeatureClassifier",
    "cross_validate_features",
    "fit_feature_classifier",
]


def _svm(_: int) -> Any:
    return SVC(C=1e4, gamma=1e-3)


#: Makers of the classifiers by name, the first two as published; they take a seed.
FEATURE_CLASSIFIERS: Mapping[str, Callable[[int], Any]] = {
    "svm": _svm,
    "forest": partial(tree_classifier, "forest"),
    "boosting": partial(tree_classifier, "boosting"),
}


@dataclass(frozen=True, eq=False)
class FittedFeatureClassifier:
    """A classifier, the names of its features in their order, and what they looked like.

    Parameters
    ----------
    name : str
        Of `FEATURE_CLASSIFIERS`.
    classes : tuple of str
        Names of the classes.
    reference : FeatureReference
        What the training samples looked like.
    pipeline : sklearn.pipeline.Pipeline
        Missing features filled with the training median, standardised, classified; boosting alone takes
        them as they are.
    """

    name: str
    classes: tuple[str, ...]
    reference: FeatureReference
    pipeline: Pipeline

    def check(self, table: FeatureTable) -> tuple[Finding, ...]:
        """Return what is suspicious about features, as of `FeatureReference.check`."""
        return self.reference.check(table)

    def scores(self, table: FeatureTable) -> NDArray[np.float64]:
        """Return a score of the last class, shape (N,), or of each class, shape (N, K).

        Of the forest they are shares of trees, of boosting probabilities; of the SVM distances from the
        boundary, which are no probabilities. Columns of the table may be in any order.
        """
        values = table.checked(self.reference.names).values
        if hasattr(self.pipeline[-1], "predict_proba"):
            scores = np.asarray(self.pipeline.predict_proba(values))
            return scores[:, 1] if len(self.classes) == 2 else scores
        return np.asarray(self.pipeline.decision_function(values))

    def predicted(self, table: FeatureTable) -> NDArray[np.int64]:
        """Return the class of each sample, shape (N,)."""
        return np.asarray(self.pipeline.predict(table.checked(self.reference.names).values), dtype=np.int64)


def fit_feature_classifier(
    name: str,
    table: FeatureTable,
    labels: NDArray[np.int64],
    classes: tuple[str, ...],
    *,
    seed: int = 0,
) -> FittedFeatureClassifier:
    """Fit a classifier.

    Parameters
    ----------
    name : {"svm", "forest", "boosting"}
        Which.
    table : FeatureTable
        Training samples; NaN is filled with the median of its column, or is a value of its own to boosting.
    labels : ndarray, shape (N,)
        Class index of each.
    classes : tuple of str
        Names of the classes, all of which must be there.
    seed : int
        Of the forest and of boosting.

    Raises
    ------
    UnknownNameError
        If there is no such classifier.
    SampleSetError
        If a class has no sample, or a feature has no number at all.
    """
    if name not in FEATURE_CLASSIFIERS:
        raise UnknownNameError(
            f"no feature classifier is called {name!r}; known are: {', '.join(FEATURE_CLASSIFIERS)}"
        )
    _check(table, labels, classes)
    prepared = [] if name == "boosting" else [SimpleImputer(strategy="median"), StandardScaler()]
    pipeline = make_pipeline(*prepared, FEATURE_CLASSIFIERS[name](seed))
    pipeline.fit(table.values, labels)
    return FittedFeatureClassifier(name, classes, FeatureReference.of(table, labels, classes), pipeline)


@dataclass(frozen=True, eq=False)
class FeatureCrossValidation:
    """What repeated cross-validation found.

    Parameters
    ----------
    scores : ndarray, shape (repeats, N) or (repeats, N, K)
        Score of every sample from the classifier that did not see its fold.
    predicted : ndarray, shape (repeats, N), int64
        Class that it gave.
    by_fold : dict of str to ndarray, shape (repeats · folds,)
        ``accuracy``, ``balanced_accuracy`` and, for two classes, ``roc_auc`` of every fold.
    figures : dict of str to Interval
        The same on all samples, meaned over the repeats, with bootstrap intervals by group.
    findings : tuple of Finding
        What is suspicious about the table.
    """

    scores: NDArray[np.float64]
    predicted: NDArray[np.int64]
    by_fold: dict[str, NDArray[np.float64]]
    figures: dict[str, Interval]
    findings: tuple[Finding, ...]

    def to_json(self) -> dict[str, Any]:
        """Return mean and standard deviation over the folds, the intervals, and the findings."""
        folds = {
            name: {"mean": float(values.mean()), "sd": float(values.std(ddof=1))}
            for name, values in self.by_fold.items()
        }
        return {
            "by_fold": folds,
            "figures": {name: interval.to_json() for name, interval in self.figures.items()},
            "findings": [finding.as_dict() for finding in self.findings],
        }


def cross_validate_features(
    name: str,
    table: FeatureTable,
    labels: NDArray[np.int64],
    groups: NDArray[Any],
    classes: tuple[str, ...],
    *,
    folds: int = 5,
    repeats: int = 4,
    seed: int = 0,
    replicates: int = 500,
) -> FeatureCrossValidation:
    """Judge a classifier of features: k-fold by group and stratified by class, repeated.

    Scaling, filling and fitting see the training folds only.

    Parameters
    ----------
    name, table, labels, classes
        As of `fit_feature_classifier`.
    groups : ndarray, shape (N,)
        What must not be divided between folds.
    folds, repeats : int
        How many folds, dealt anew how often.
    seed : int
        Of the folds, the forest and the bootstrap.
    replicates : int
        Bootstrap replicates.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> labels = np.arange(200) % 2
    >>> table = FeatureTable(("n", "mu_0"), generator.normal(size=(200, 2)) + 2 * labels[:, None])
    >>> classes, groups = ("artifact", "LSBG"), np.arange(200)
    >>> found = cross_validate_features("forest", table, labels, groups, classes, repeats=1)
    >>> found.figures["roc_auc"].value > 0.9
    True
    """
    _check(table, labels, classes)
    scores, predicted, by_fold = [], [], []
    for repeat in range(repeats):
        parts = assign_groups(groups, labels, np.ones(folds), seed=seed + repeat)
        called = np.empty(len(labels), dtype=np.int64)
        given: dict[int, NDArray[np.float64]] = {}
        for fold in range(folds):
            test = parts == fold
            fitted = fit_feature_classifier(
                name, table.take(~test), labels[~test], classes, seed=seed + repeat
            )
            given[fold], called[test] = fitted.scores(table.take(test)), fitted.predicted(table.take(test))
            by_fold.append(_figures(labels[test], called[test][:, None], given[fold][:, None]))
        order = np.argsort(parts, kind="stable").argsort(kind="stable")
        scores.append(np.concatenate([given[fold] for fold in range(folds)])[order])
        predicted.append(called)
    figures = bootstrap_intervals(
        _figures,
        labels,
        np.stack(predicted, axis=1),
        np.stack(scores, axis=1),
        groups=groups,
        replicates=replicates,
        seed=seed,
    )
    return FeatureCrossValidation(
        scores=np.stack(scores),
        predicted=np.stack(predicted),
        by_fold={figure: np.array([each[figure] for each in by_fold]) for figure in figures},
        figures=figures,
        findings=colour_order_findings(table, labels, classes),
    )


def _figures(
    labels: NDArray[np.int64], predicted: NDArray[np.int64], scores: NDArray[np.float64]
) -> dict[str, float]:
    """Return the figures of predictions of shape (N, repeats), meaned over the repeats."""
    repeats = range(predicted.shape[1])
    figures = {
        "accuracy": float((predicted == labels[:, None]).mean()),
        "balanced_accuracy": float(
            np.mean([balanced_accuracy_score(labels, predicted[:, repeat]) for repeat in repeats])
        ),
    }
    if scores.ndim == 2:
        both = len(np.unique(labels)) == 2
        areas = [roc_auc_score(labels, scores[:, repeat]) for repeat in repeats] if both else [np.nan]
        figures["roc_auc"] = float(np.mean(areas))
    return figures


def _check(table: FeatureTable, labels: NDArray[np.int64], classes: tuple[str, ...]) -> None:
    if len(table) != len(labels):
        raise SampleSetError(f"{len(table)} samples have {len(labels)} labels; give one label for each")
    strange = sorted(set(np.unique(labels).tolist()) - set(range(len(classes))))
    if strange:
        raise SampleSetError(
            f"the labels hold {', '.join(map(str, strange))}; expected 0 to {len(classes) - 1}, the classes "
            f"{', '.join(classes)}: leave out unlabelled samples"
        )
    counts = np.bincount(labels, minlength=len(classes))
    if missing := [name for name, count in zip(classes, counts, strict=True) if not count]:
        raise SampleSetError(
            f"no sample is of the class {' and '.join(missing)}; a classifier needs all of "
            f"{', '.join(classes)}: check the labels"
        )
    empty = [name for name, column in zip(table.names, table.values.T, strict=True) if np.isnan(column).all()]
    if empty:
        raise SampleSetError(f"the feature {empty[0]!r} has no number in {len(table)} samples; leave it out")
