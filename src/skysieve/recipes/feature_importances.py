"""Which features a classifier needs: what it loses when one is shuffled.

An importance that trees report while they are fitted (impurity, gain) is of the training samples, and favours
features with many values. Permutation importances (Breiman 2001, Machine Learning 45, 5) are of samples that
the classifier did not see. Features that say the same share their importance: one can replace the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import accuracy_score, balanced_accuracy_score

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.recipes.feature_classifiers import FittedFeatureClassifier
from skysieve.recipes.feature_table import FeatureTable

__all__ = ["FIGURES", "FeatureImportances", "permutation_importances"]

#: What may be lost.
FIGURES = {"accuracy": accuracy_score, "balanced_accuracy": balanced_accuracy_score}


@dataclass(frozen=True, eq=False)
class FeatureImportances:
    """What is lost when a feature is shuffled.

    Parameters
    ----------
    names : tuple of str
        Of the features, in the order of the table.
    losses : ndarray, shape (F, repeats)
        Of the figure, for each feature and repeat; below 0 by chance only.
    figure : str
        Which figure.
    reference : float
        The figure with nothing shuffled.
    """

    names: tuple[str, ...]
    losses: NDArray[np.float64]
    figure: str
    reference: float

    def ranked(self) -> list[tuple[str, float, float]]:
        """Return name, mean and standard deviation over the repeats, the most important first."""
        order = np.argsort(-self.losses.mean(1), kind="stable")
        return [(self.names[n], float(self.losses[n].mean()), float(self.losses[n].std())) for n in order]

    def to_json(self) -> dict[str, Any]:
        """Return the ranking as a JSON-ready dictionary."""
        rows = [{"feature": name, "loss": mean, "sd": sd} for name, mean, sd in self.ranked()]
        return {"figure": self.figure, "reference": self.reference, "importances": rows}


def permutation_importances(
    fitted: FittedFeatureClassifier,
    table: FeatureTable,
    labels: NDArray[np.int64],
    *,
    figure: str = "balanced_accuracy",
    repeats: int = 5,
    seed: int = 0,
) -> FeatureImportances:
    """Shuffle each feature among samples that the classifier did not see.

    Parameters
    ----------
    fitted : FittedFeatureClassifier
        The classifier.
    table : FeatureTable
        Samples that it was not fitted to.
    labels : ndarray, shape (N,)
        Their classes.
    figure : {"accuracy", "balanced_accuracy"}
        What may be lost.
    repeats : int
        How often each feature is shuffled.
    seed : int
        Of the shuffles.

    Raises
    ------
    ConfigurationError
        If there is no such figure, or no repeat.
    SampleSetError
        If there are no samples, or not one label for each.

    Examples
    --------
    >>> from skysieve.recipes.feature_classifiers import fit_feature_classifier
    >>> generator = np.random.default_rng(0)
    >>> labels = np.arange(300) % 2
    >>> table = FeatureTable(("noise", "signal"), generator.normal(size=(300, 2)) + [0, 3] * labels[:, None])
    >>> fitted = fit_feature_classifier("forest", table.take(slice(200)), labels[:200], ("EW", "RRab"))
    >>> permutation_importances(fitted, table.take(slice(200, None)), labels[200:]).ranked()[0][0]
    'signal'
    """
    if figure not in FIGURES or repeats < 1:
        raise ConfigurationError(
            f"the figure is one of {', '.join(FIGURES)}, repeats is 1 or more; found {figure!r}, {repeats}"
        )
    if not len(table) or len(table) != len(labels):
        raise SampleSetError(f"{len(table)} samples have {len(labels)} labels; give one label for each")
    table = table.checked(fitted.reference.names)
    measured, generator = FIGURES[figure], np.random.default_rng(seed)
    reference = float(measured(labels, fitted.predicted(table)))
    losses = np.empty((len(table.names), repeats))
    for repeat in range(repeats):
        # One order for all features of a repeat: their losses can be compared.
        order = generator.permutation(len(table))
        for number in range(len(table.names)):
            values = table.values.copy()
            values[:, number] = values[order, number]
            called = fitted.predicted(FeatureTable(table.names, values))
            losses[number, repeat] = reference - float(measured(labels, called))
    return FeatureImportances(table.names, losses, figure, reference)
