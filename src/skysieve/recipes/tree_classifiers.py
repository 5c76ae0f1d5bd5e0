"""Boosted trees, random forests and extremely randomised trees on features that may be missing.

The one place that makes them. Boosting is histogram gradient boosting (Ke et al. 2017; Friedman 2001), the
forests are those of Breiman 2001 and Geurts et al. 2006, all of scikit-learn; they learn which way a missing
feature goes. `skysieve.models.tree_graph` makes graphs of them.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, SampleSetError, UnknownNameError
from skysieve.extras import require

__all__ = ["TREES", "fit_trees", "tree_classifier"]

#: Classes of scikit-learn by name, and what is set unless the arguments say otherwise.
TREES: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "boosting": (
        "HistGradientBoostingClassifier",
        {"max_iter": 200, "learning_rate": 0.07, "l2_regularization": 1.0},
    ),
    # As Tanoglidis et al. 2021 set it beside their network.
    "forest": ("RandomForestClassifier", {"n_estimators": 100, "min_samples_split": 10}),
    "extra-trees": ("ExtraTreesClassifier", {"n_estimators": 100, "min_samples_split": 10}),
}

#: Arguments of scikit-learn that are no arguments here, and why.
_REFUSED = {
    "random_state": "it is the seed of the run",
    "class_weight": "classes are weighted by the setting 'none' or 'balanced'",
    "categorical_features": "features are numbers",
    "early_stopping": "it would put samples aside without regard to groups; set max_iter",
    "validation_fraction": "it would put samples aside without regard to groups",
    "n_iter_no_change": "there is no early stop",
    "scoring": "there is no early stop",
    "tol": "there is no early stop",
    "warm_start": "trees are fitted once",
    "verbose": "nothing is printed",
}


def tree_classifier(
    name: str,
    seed: int,
    *,
    arguments: Mapping[str, Any] | None = None,
    class_weights: str = "none",
) -> Any:
    """Return a classifier that is not fitted yet.

    Parameters
    ----------
    name : {"boosting", "forest", "extra-trees"}
        Which.
    seed : int
        Of all that is random in it.
    arguments : mapping, optional
        Arguments of the class of scikit-learn, over those of `TREES`.
    class_weights : {"none", "balanced"}
        Whether every class weighs as much as any other, however many samples it has.

    Returns
    -------
    HistGradientBoostingClassifier, RandomForestClassifier or ExtraTreesClassifier

    Raises
    ------
    UnknownNameError
        If there is no such classifier.
    ConfigurationError
        If an argument does not exist or is not to be set, or the weights are others.
    MissingExtraError
        If scikit-learn is not installed.

    Examples
    --------
    >>> tree_classifier("forest", 7, arguments={"n_estimators": 30})
    RandomForestClassifier(min_samples_split=10, n_estimators=30, random_state=7)
    """
    if name not in TREES:
        raise UnknownNameError(f"no classifier of trees is called {name!r}; known are: {', '.join(TREES)}")
    if class_weights not in ("none", "balanced"):
        raise ConfigurationError(f"class weights are {class_weights!r}; expected 'none' or 'balanced'")
    kind, usual = TREES[name]
    made = getattr(require("sklearn.ensemble", extra="report", purpose="fit trees"), kind)()
    given = dict(arguments or {})
    _check_arguments(name, given, sorted(made.get_params()))
    weight = None if class_weights == "none" else "balanced"
    # The number of trees is fixed: an early stop would put samples aside without regard to groups.
    fixed = {"early_stopping": False} if name == "boosting" else {}
    return made.set_params(**{**usual, **fixed, **given}, class_weight=weight, random_state=seed)


def fit_trees(
    name: str,
    rows: NDArray[Any],
    labels: NDArray[np.integer[Any]],
    n_classes: int,
    arguments: Mapping[str, Any],
    seed: int,
    class_weights: str = "none",
) -> Any:
    """Fit a classifier of trees.

    Parameters
    ----------
    name : {"boosting", "forest", "extra-trees"}
        Which.
    rows : ndarray, shape (N, F)
        Features, taken as float32, which is what a graph is given; NaN is missing.
    labels : ndarray, shape (N,)
        Class of each, 0 to n_classes - 1, all of them present.
    n_classes : int
        Number of classes, two at least.
    arguments : mapping
        Arguments of the class of scikit-learn, over those of `TREES`.
    seed : int
        Of all that is random.
    class_weights : {"none", "balanced"}
        Whether every class weighs as much as any other.

    Returns
    -------
    HistGradientBoostingClassifier, RandomForestClassifier or ExtraTreesClassifier
        Fitted; its classes are 0 to n_classes - 1.

    Raises
    ------
    UnknownNameError
        If there is no such classifier.
    ConfigurationError
        If an argument does not exist, is not to be set, or has a value that scikit-learn refuses.
    SampleSetError
        If features and labels do not fit together, a class has no sample, or a feature is infinite.
    MissingExtraError
        If scikit-learn is not installed.

    Examples
    --------
    >>> X = np.random.default_rng(0).normal(size=(200, 3)).astype(np.float32)
    >>> y = (X[:, 1] > 0).astype(int)
    >>> trees = fit_trees("boosting", X, y, 2, {"max_iter": 20}, seed=0)
    >>> trees.predict([[np.nan, 1.0, 0.0], [np.nan, -1.0, 0.0]]).tolist()
    [1, 0]
    """
    classifier = tree_classifier(name, seed, arguments=arguments, class_weights=class_weights)
    with np.errstate(over="ignore"):
        rows = np.asarray(rows, dtype=np.float32)
    labels = np.asarray(labels)
    _check_samples(rows, labels, n_classes)
    try:
        return classifier.fit(rows, labels)
    except ValueError as error:
        raise ConfigurationError(f"{name}: {error}") from None


def _check_arguments(name: str, given: Mapping[str, Any], known: list[str]) -> None:
    allowed = [each for each in known if each not in _REFUSED]
    for argument in given:
        if argument in known and argument in _REFUSED:
            raise ConfigurationError(
                f"{name}: {argument!r} cannot be set, for {_REFUSED[argument]}; leave it out"
            )
        if argument not in allowed:
            near = difflib.get_close_matches(argument, allowed, n=1, cutoff=0.5)
            hint = f", did you mean {near[0]!r}?" if near else ";"
            raise ConfigurationError(
                f"{name}: has no argument {argument!r}{hint} known are: {', '.join(allowed)}"
            )


def _check_samples(rows: NDArray[np.float32], labels: NDArray[Any], n_classes: int) -> None:
    if rows.ndim != 2 or labels.shape != rows.shape[:1]:
        raise SampleSetError(
            f"features have the shape {rows.shape} and labels {labels.shape}; expected (N, F) and (N,)"
        )
    found = np.unique(labels).tolist()
    if n_classes < 2 or found != list(range(n_classes)):
        raise SampleSetError(
            f"the labels are {', '.join(map(str, found)) or 'none'}; expected samples of every class from 0 "
            f"to {max(n_classes, 2) - 1}: check the labels, or leave out classes without samples"
        )
    if np.isinf(rows).any():
        row, column = np.argwhere(np.isinf(rows))[0]
        raise SampleSetError(
            f"feature {column} of sample {row} is infinite in float32; give a number, or NaN where missing"
        )
