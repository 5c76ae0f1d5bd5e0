"""Numbers of classes follow their names: sets that list other classes, or in another order, fit together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from skysieve.errors import SampleSetError
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet

__all__ = ["with_classes", "with_present_classes"]


def with_classes(samples: SampleSet, classes: Sequence[str]) -> SampleSet:
    """Return samples whose labels number these classes, by name.

    Parameters
    ----------
    samples : SampleSet
        Labelled by names of its own.
    classes : sequence of str
        The classes in their order. A sample of any other class becomes unlabelled, which is in ``findings``.

    Raises
    ------
    SampleSetError
        If the set has none of the classes.

    Examples
    --------
    >>> from skysieve.samples import Description
    >>> columns = {"id": [1, 2, 3], "group": [1, 2, 3], "label": [0, 1, 2]}
    >>> samples = SampleSet.from_columns(columns, Description(classes=("EW", "LPV", "RRab")))
    >>> renamed = with_classes(samples, ("RRab", "EW"))
    >>> renamed.labels.tolist(), renamed.classes, renamed.findings[0].kind
    ([1, -1, 0], ('RRab', 'EW'), 'unknown-class')
    """
    if samples.classes == tuple(classes):
        return samples
    known = {name: number for number, name in enumerate(classes)}
    number_of = np.array([known.get(name, -1) for name in samples.classes] + [-1])
    labels = number_of[samples.labels]
    if samples.classes and not (number_of >= 0).any():
        raise SampleSetError(
            f"the samples have the classes {', '.join(samples.classes)}; none of them is one of "
            f"{', '.join(classes)}: give samples of these classes, or name the column of the labels "
            "(labels.column)"
        )
    renamed: dict[str, Any] = {"label": [None if label < 0 else int(label) for label in labels]}
    made = samples.with_columns(renamed, classes=tuple(classes))
    made.findings = samples.findings + _unknown(samples, number_of)
    return made


def with_present_classes(samples: SampleSet) -> SampleSet:
    """Return samples that list those classes only of which there is one, in the order of the set."""
    present = np.unique(samples.labels[samples.labels >= 0])
    if len(present) == len(samples.classes):
        return samples
    absent = [name for number, name in enumerate(samples.classes) if number not in present]
    made = with_classes(samples, [samples.classes[number] for number in present])
    reason = f"no sample is of the class {', '.join(absent)}; a model of these samples does not know it"
    made.findings += (Finding("label", "class-without-samples", reason, "note"),)
    return made


def _unknown(samples: SampleSet, number_of: np.ndarray[Any, Any]) -> tuple[Finding, ...]:
    found = []
    for number, name in enumerate(samples.classes):
        count = int((samples.labels == number).sum())
        if number_of[number] < 0 and count:
            reason = (
                f"{count:,} samples are of the class {name}, which is none of the model's; no figure has them"
            )
            found.append(Finding(name, "unknown-class", reason, "warning"))
    return tuple(found)
