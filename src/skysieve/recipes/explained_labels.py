"""The labels of samples that are explained: the set's own, a column's, or those of a sieve's family."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ContractError, SampleSetError
from skysieve.models.card import disclosure
from skysieve.models.model import Model
from skysieve.models.sieve import SIEVE
from skysieve.models.sieve_description import SieveDescription
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.table import encode_labels

__all__ = ["disclosed", "explained_labels"]


def explained_labels(
    samples: SampleSet, model: Model, column: str = ""
) -> tuple[NDArray[np.int64], tuple[Finding, ...]]:
    """Return the label of every sample, -1 where there is none.

    Parameters
    ----------
    samples : SampleSet
        The samples.
    model : Model
        Its classes are what the labels count. Lies it beside the ``sieve.json`` of a sieve, a set without
        labels of its own may have them in the column of the model's family.
    column : str
        Column of labels, class numbers or names; empty: see above.

    Returns
    -------
    labels : ndarray, shape (N,), int64
    findings : tuple of Finding
        The note that there are no labels, if so.

    Raises
    ------
    ContractError
        If the set's classes are not those of the model.
    SampleSetError
        If there is no such column, or it holds something else.
    """
    classes = model.description.classes
    own = samples.labels
    if not column and (own >= 0).any():
        if samples.classes != classes:
            raise ContractError(
                f"the samples have the classes {samples.classes}, the model {classes}, in this order; "
                "name the column of labels for this model (label=...)"
            )
        return own, ()
    column = column or _family_column(samples, model)
    if column:
        labels = _labels_of(samples, column, classes)
        if (labels >= 0).any():
            return labels, ()
    reason = "no sample has a label; samples are shown by what the model calls them only"
    return np.full(len(samples), -1, dtype=np.int64), (Finding("label", "unlabelled", reason, "note"),)


def disclosed(samples: SampleSet, labels: NDArray[np.int64], rows: NDArray[np.int64]) -> str:
    """Return how labels came to be, where that limits what figures and pages of chosen rows mean."""
    origin = samples.description.label_origin
    # Nobody asks where labels come from that are not there; images may be simulated all the same.
    return disclosure(origin) if origin or (labels[rows] >= 0).any() else ""


def _family_column(samples: SampleSet, model: Model) -> str:
    for folder in model.folder.resolve().parents[:2]:
        path = folder / SIEVE
        if path.is_file():
            described = SieveDescription.from_json(path.read_bytes(), path)
            families = [each.family for each in described.members if each.identity == model.identity]
            return next((name for name in families if name in samples.column_names), "")
    return ""


def _labels_of(samples: SampleSet, column: str, classes: tuple[str, ...]) -> NDArray[np.int64]:
    values = samples.scalar(column)
    if values.dtype.kind in "US":
        encoded, _ = encode_labels([value or None for value in values.tolist()], classes)
        return np.array([-1 if each is None else each for each in encoded], dtype=np.int64)
    numbers = np.nan_to_num(values.astype(float), nan=-1)
    labels: NDArray[np.int64] = numbers.astype(np.int64)
    wrong = (labels >= len(classes)) | (labels != numbers)
    if wrong.any():
        raise SampleSetError(
            f"the column {column!r} holds {numbers[wrong][0]:g}, which is no number of the classes "
            f"{', '.join(classes)}"
        )
    return labels
