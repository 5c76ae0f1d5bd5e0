"""Chosen rows of a sample set whose tensors stay where they are until one is looked at."""

from __future__ import annotations

import dataclasses
import importlib.util
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skysieve.evaluation.evaluate import Evaluation
from skysieve.evaluation.mistake_pictures import MistakePictures, mistake_pictures
from skysieve.models.contract import InputContract
from skysieve.models.readings.light_curve_steps import searched_periods
from skysieve.samples.sample_set import SampleSet

__all__ = ["StoredImages", "images_of", "pictures_of", "scalars_of"]


class StoredImages:
    """Images of chosen samples, each read when it is asked for.

    Parameters
    ----------
    samples : SampleSet
        Where they are stored.
    column : str
        The tensor column.
    rows : ndarray of int, shape (N,)
        The chosen rows.
    """

    def __init__(self, samples: SampleSet, column: str, rows: NDArray[np.integer[Any]]) -> None:
        self._samples = samples
        self._column = column
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, number: int) -> NDArray[np.float32]:
        """Return the image of one of the chosen rows, shape (C, H, W)."""
        image: NDArray[np.float32] = self._samples.tensor(self._column, rows=self._rows[[number]])[0]
        return image


def images_of(
    samples: SampleSet, contract: InputContract, rows: NDArray[np.integer[Any]]
) -> StoredImages | None:
    """Return the images of chosen rows; None where a model takes no images as they are stored."""
    if not contract.image or contract.column not in samples.description.tensors:
        return None
    return StoredImages(samples, contract.column, rows)


def pictures_of(
    samples: SampleSet, evaluation: Evaluation, rows: NDArray[np.integer[Any]]
) -> MistakePictures | None:
    """Return how the mistakes of a report are drawn where samples are light curves or sequences of frames.

    Periods are searched for where the samples have no column of them and the search is installed.
    """
    searched = all(importlib.util.find_spec(name) for name in ("numba", "nifty_ls"))
    return mistake_pictures(samples, evaluation, rows, search=searched_periods if searched else None)


def scalars_of(samples: SampleSet, rows: NDArray[np.integer[Any]]) -> SampleSet:
    """Return the scalar columns of chosen rows as a set without tensors, in memory."""
    names = [name for name in samples.column_names if name not in samples.description.tensors]
    # Numbers that have nulls come as NaN, which from_pandas makes null again.
    columns = {name: pa.array(samples.scalar(name)[rows].tolist(), from_pandas=True) for name in names}
    table = pa.table(columns)
    return SampleSet(table, dataclasses.replace(samples.description, tensors={}), findings=samples.findings)
