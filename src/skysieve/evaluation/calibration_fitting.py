"""Which map from logits to probabilities the validation data ask for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import optimize, special
from sklearn.isotonic import IsotonicRegression
from sklearn.model_selection import StratifiedGroupKFold

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.arrays import FloatArray, IntArray, check_groups, check_labels, check_scores
from skysieve.evaluation.calibration import (
    SMALLEST_PROBABILITY,
    Calibrator,
    Isotonic,
    Sigmoid,
    Softmax,
    Temperature,
)

__all__ = ["CalibrationChoice", "choose_calibration", "fit_isotonic", "fit_temperature"]


def fit_temperature(logits: npt.ArrayLike, labels: npt.ArrayLike, *, bias: bool = False) -> Temperature:
    """Fit one temperature by the likelihood of the labels (Guo et al. 2017).

    The negative log-likelihood is convex in 1 / temperature and the bias, so
    that the minimum found is the minimum. The temperature is kept within
    [0.01, 100], which perfectly separated data would otherwise leave.

    Parameters
    ----------
    logits : array_like of float, shape (N,), (N, 1) or (N, K)
        Logits of samples that the network was not trained on, finite.
    labels : array_like of int, shape (N,)
        Class of each sample, two classes at least present.
    bias : bool
        Whether to fit a bias too (Platt scaling); for binary logits only.

    Raises
    ------
    SampleSetError
        If only one class occurs, or the arrays do not fit together.
    ConfigurationError
        If a bias is asked for with more than two classes.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> logits = rng.normal(0, 2, 20_000)
    >>> labels = rng.random(20_000) < 1 / (1 + np.exp(-logits))
    >>> round(fit_temperature(3 * logits, labels).temperature, 1)
    3.0
    """
    z, known = _check(logits, labels)
    if z.ndim == 1:
        found = _least(lambda x: _binary_loss(x, z, known), with_bias=bias)
        return Temperature(1 / float(found[0]), float(found[1]) if bias else 0.0)
    if bias:
        raise ConfigurationError(
            f"a bias was asked for with {z.shape[1]} classes; it is for binary logits only"
        )
    return Temperature(1 / float(_least(lambda x: _class_loss(x, z, known), with_bias=False)[0]))


def fit_isotonic(logits: npt.ArrayLike, labels: npt.ArrayLike, *, knots: int = 64) -> Isotonic:
    """Fit a non-decreasing function of the logit by least squares (scikit-learn).

    Probabilities are kept within [1e-6, 1 - 1e-6]. The function is thinned to
    the knots that reproduce it best: starting from the two ends, the point with
    the largest deviation is added until none deviates or the number is reached.

    Parameters
    ----------
    logits : array_like of float, shape (N,) or (N, 1)
        Binary logits of samples that the network was not trained on, finite.
    labels : array_like of int, shape (N,)
        0 or 1, both present.
    knots : int
        Largest number of knots, at least 2.

    Raises
    ------
    SampleSetError
        If only one class occurs, or the arrays do not fit together.
    ConfigurationError
        If fewer than two knots are asked for.

    Examples
    --------
    >>> fit_isotonic([-2.0, -1.0, 1.0, 2.0], [0, 1, 0, 1]).values
    (1e-06, 0.5, 0.5, 0.999999)
    """
    if knots < 2:
        raise ConfigurationError(f"{knots} knots; expected at least 2")
    z, known = _check(logits, labels)
    if z.ndim != 1:
        raise SampleSetError(f"logits have the shape {z.shape}; an isotonic calibration takes (N,) or (N, 1)")
    model = IsotonicRegression(
        y_min=SMALLEST_PROBABILITY, y_max=1 - SMALLEST_PROBABILITY, out_of_bounds="clip"
    )
    # Scores are float32 in the exported graph: knots that it cannot tell apart would divide by zero.
    model.fit(z.astype(np.float32).astype(np.float64), known)
    x, y = model.X_thresholds_, np.maximum.accumulate(model.y_thresholds_)
    if x.size == 1:
        x, y = np.array([x[0], x[0] + 1]), np.repeat(y, 2)
    kept = _thin(x, y, knots)
    return Isotonic(tuple(x[kept].tolist()), tuple(y[kept].tolist()))


@dataclass(frozen=True, slots=True)
class CalibrationChoice:
    """The calibrator chosen, and why.

    Parameters
    ----------
    calibrator : Calibrator
        Fitted to all the data given.
    name : str
        The candidate that it is, a key of ``log_loss``.
    log_loss : dict of str to float
        Cross-validated log-loss (nats a sample) of each candidate; empty where
        there were too few groups to compare, and the uncalibrated map was kept.
    folds : int
        Number of folds compared; 0 where there was no comparison.
    """

    calibrator: Calibrator
    name: str
    log_loss: dict[str, float]
    folds: int


def choose_calibration(
    logits: npt.ArrayLike, labels: npt.ArrayLike, groups: npt.ArrayLike, *, seed: int, folds: int = 5
) -> CalibrationChoice:
    """Choose among calibrations by log-loss in grouped cross-validation, then fit the best to all.

    Candidates for binary logits: ``uncalibrated``, ``temperature``,
    ``temperature-and-bias``, ``isotonic``; for (N, K): ``uncalibrated``,
    ``temperature``. Equal losses go to the simpler one.

    Parameters
    ----------
    logits : array_like of float, shape (N,), (N, 1) or (N, K)
        Logits on the validation split.
    labels : array_like of int, shape (N,)
        Their classes.
    groups : array_like, shape (N,)
        A group never straddles two folds.
    seed : int
        Seed of the folds.
    folds : int
        Number of folds; fewer where a class has fewer groups.

    Raises
    ------
    SampleSetError
        If only one class occurs, or the arrays do not fit together.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> logits = rng.normal(0, 2, 2000)
    >>> labels = rng.random(2000) < 1 / (1 + np.exp(-logits))
    >>> choice = choose_calibration(5 * logits, labels, np.arange(2000), seed=0)
    >>> round(choice.calibrator.temperature, 1), round(choice.log_loss["uncalibrated"], 2)
    (4.6, 0.94)
    """
    z, known = _check(logits, labels)
    codes = check_groups(groups, known.size)
    candidates = _BINARY_CANDIDATES if z.ndim == 1 else _CLASS_CANDIDATES
    splits = _splits(known, codes, folds, seed)
    losses: dict[str, float] = {}
    if splits:
        for name, fit in candidates.items():
            each = [_surprise(fit(z[fitted], known[fitted])(z[held]), known[held]) for fitted, held in splits]
            losses[name] = float(np.concatenate(each).mean())
    best = min(losses, key=losses.__getitem__) if losses else "uncalibrated"
    return CalibrationChoice(candidates[best](z, known), best, losses, len(splits))


Fit = Callable[[FloatArray, IntArray], Calibrator]
_BINARY_CANDIDATES: dict[str, Fit] = {
    "uncalibrated": lambda *_: Sigmoid(),
    "temperature": fit_temperature,
    "temperature-and-bias": lambda z, known: fit_temperature(z, known, bias=True),
    "isotonic": fit_isotonic,
}
_CLASS_CANDIDATES: dict[str, Fit] = {"uncalibrated": lambda *_: Softmax(), "temperature": fit_temperature}


def _check(logits: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[FloatArray, IntArray]:
    """Return float64 logits, (N,) if binary, and labels of at least two classes."""
    known = check_labels(labels)
    z = check_scores(logits, known.size).astype(np.float64)
    if z.ndim == 2 and z.shape[1] == 1:
        z = z[:, 0]
    if z.ndim not in (1, 2):
        raise SampleSetError(f"logits have the shape {z.shape}; expected (N,), (N, 1) or (N, K)")
    check_labels(known, classes=2 if z.ndim == 1 else z.shape[1])
    if known.min() == known.max():
        raise SampleSetError(f"all {known.size} samples are of class {known[0]}; a calibration needs two")
    return z, known


def _binary_loss(x: FloatArray, z: FloatArray, known: IntArray) -> tuple[float, FloatArray]:
    """Mean negative log-likelihood of sigmoid(x0 z + x1), and its gradient."""
    shifted = x[0] * z + (x[1] if x.size > 1 else 0.0)
    residual = special.expit(shifted) - known
    gradient = np.array([np.mean(residual * z), np.mean(residual)])[: x.size]
    return float(np.mean(np.logaddexp(0, shifted) - known * shifted)), gradient


def _class_loss(x: FloatArray, z: FloatArray, known: IntArray) -> tuple[float, FloatArray]:
    """Mean negative log-likelihood of softmax(x0 z), and its gradient."""
    log_p = special.log_softmax(x[0] * z, axis=1)
    of_truth = z[np.arange(known.size), known]
    gradient = np.mean(np.sum(np.exp(log_p) * z, axis=1) - of_truth)
    return float(-log_p[np.arange(known.size), known].mean()), np.array([gradient])


def _least(loss: Callable[[FloatArray], tuple[float, FloatArray]], *, with_bias: bool) -> FloatArray:
    start = np.array([1.0, 0.0]) if with_bias else np.array([1.0])
    bounds = [(0.01, 100.0), (-30.0, 30.0)][: start.size]
    found = optimize.minimize(
        loss, start, jac=True, bounds=bounds, method="L-BFGS-B", options={"ftol": 1e-14, "gtol": 1e-9}
    )
    least: FloatArray = found.x
    return least


def _thin(x: FloatArray, y: FloatArray, knots: int) -> IntArray:
    """Return the positions of at most ``knots`` points between which the rest is interpolated best."""
    kept = [0, x.size - 1]
    while len(kept) < min(knots, x.size):
        deviation = np.abs(np.interp(x, x[kept], y[kept]) - y)
        if deviation.max() < SMALLEST_PROBABILITY / 10:
            break
        kept = sorted([*kept, int(deviation.argmax())])
    return np.array(kept)


def _splits(known: IntArray, codes: IntArray, folds: int, seed: int) -> list[tuple[IntArray, IntArray]]:
    """Return grouped, stratified folds whose fitting part holds two classes; none if groups are too few."""
    groups_of = [np.unique(codes[known == each]).size for each in np.unique(known)]
    folds = min(folds, *groups_of)
    if folds < 2:
        return []
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=seed)
    pairs = list(splitter.split(known, known, codes))
    return [(fitted, held) for fitted, held in pairs if held.size and np.unique(known[fitted]).size > 1]


def _surprise(probabilities: FloatArray, known: IntArray) -> FloatArray:
    """Return -log p of the true class of each sample."""
    if probabilities.ndim == 1:
        of_truth = np.where(known == 1, probabilities, 1 - probabilities)
    else:
        of_truth = probabilities[np.arange(known.size), known]
    return -np.log(np.maximum(of_truth, np.finfo(np.float64).eps))
