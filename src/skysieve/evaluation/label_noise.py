"""Wrong labels on purpose: to see how much a classifier minds them."""

from __future__ import annotations

import difflib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from skysieve.errors import ConfigurationError, SampleSetError, UnknownNameError
from skysieve.evaluation.arrays import IntArray, check_fraction, check_labels

__all__ = ["class_number", "with_label_noise"]


def with_label_noise(
    labels: npt.ArrayLike,
    fraction: float,
    *,
    classes: int,
    seed: int,
    source: int | None = None,
    target: int | None = None,
) -> IntArray:
    """Return labels of which a fraction is wrong.

    The noise is nested: under one seed, what is wrong at 1 % is wrong in the same way at 5 %. So a curve
    over fractions shows the noise, not the luck of another draw.

    Parameters
    ----------
    labels : array_like of int, shape (N,)
        Classes; all of them known.
    fraction : float
        Share of all N labels that are made wrong, from 0 to 1.
    classes : int
        Number of classes.
    seed : int
        Of the draw.
    source, target : int, optional
        Change labels of the class ``source`` only, into ``target`` only. Without them any label becomes
        one of the others, each as likely.

    Raises
    ------
    ConfigurationError
        If the fraction is outside of 0 ... 1, or more than the class ``source`` can give.
    SampleSetError
        If there is one class only.

    Examples
    --------
    >>> with_label_noise([0, 0, 0, 1, 1], 0.4, classes=2, seed=1, source=0, target=1).tolist()
    [1, 1, 0, 1, 1]
    """
    check_fraction("the fraction of wrong labels", fraction, closed=True)
    known = check_labels(labels, classes=classes)
    if classes < 2 or np.unique(known).size < 2:
        raise SampleSetError(
            f"all {known.size} labels are of class {known[0]}; wrong labels need a second class to turn to"
        )
    rng = np.random.default_rng(seed)
    # Drawn for all labels whatever the fraction, or the noise would not be nested.
    order, steps = rng.permutation(known.size), rng.integers(1, classes, known.size)
    count = round(fraction * known.size)
    noisy = known.copy()
    if source is None or target is None:
        rows = order[:count]
        noisy[rows] = (known[rows] + steps[rows]) % classes
        return noisy
    _check_direction(known, source, target, fraction, count)
    rows = order[known[order] == source][:count]
    noisy[rows] = target
    return noisy


def class_number(name: str, classes: Sequence[str]) -> int:
    """Return the number of a class.

    Raises
    ------
    UnknownNameError
        If there is no such class; the message names the nearest.

    Examples
    --------
    >>> class_number("lsbg", ("artefact", "lsbg"))
    1
    """
    if name in classes:
        return list(classes).index(name)
    near = difflib.get_close_matches(name, classes, n=1, cutoff=0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(classes)}"
    raise UnknownNameError(f"no class is called {name!r}; {hint}")


def _check_direction(known: IntArray, source: int, target: int, fraction: float, count: int) -> None:
    if source == target:
        raise ConfigurationError("wrong labels turn from one class to another, found the same class twice")
    available = int((known == source).sum())
    if count > available:
        raise ConfigurationError(
            f"a fraction of {fraction:g} of {known.size} labels is {count}, but only {available} are of the "
            f"class that is to be mislabelled; the largest fraction is {available / known.size:.3g}"
        )
