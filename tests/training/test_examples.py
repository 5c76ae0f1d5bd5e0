"""Labelled samples: what is refused, and that inputs stay on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skysieve.errors import SampleSetError
from skysieve.training.examples import Examples

INPUTS = np.arange(4 * 1 * 2 * 2, dtype=np.float32).reshape(4, 1, 2, 2)
LABELS = np.array([0, 1, 1, 0])


def test_take_of_take_reads_the_right_rows() -> None:
    examples = Examples(INPUTS, LABELS, np.array([1.0, 2.0, 3.0, 4.0]))
    taken = examples.take(LABELS == 1).take(np.array([1]))
    assert taken.labels.tolist() == [1]
    assert taken.weights is not None
    assert taken.weights.tolist() == [3.0]
    np.testing.assert_array_equal(taken.batch(np.array([0])), INPUTS[2:3])
    assert taken.inputs is INPUTS


def test_batches_of_a_file_are_float32_copies(tmp_path: Path) -> None:
    np.save(tmp_path / "inputs.npy", INPUTS.astype(">f8"))
    examples = Examples(np.load(tmp_path / "inputs.npy", mmap_mode="r"), LABELS)
    batch = examples.batch(np.array([3, 1]))
    assert batch.dtype == np.float32
    assert batch.dtype.isnative
    assert batch.flags.writeable
    np.testing.assert_array_equal(batch, INPUTS[[3, 1]])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": LABELS[:3]}, "4 inputs have 3 labels"),
        ({"labels": LABELS.astype(float)}, "whole numbers"),
        ({"labels": LABELS - 1}, "count from 0, found -1"),
        ({"weights": np.ones(3)}, r"weights of shape \(3,\)"),
        ({"weights": np.array([1, 1, np.nan, 1])}, "weight of example 2 is nan"),
        ({"weights": np.array([1, -1, 1, 1.0])}, "weight of example 1 is -1"),
        ({"inputs": INPUTS.astype(str)}, "inputs are numbers"),
        ({"inputs": INPUTS[:, 0, 0, 0]}, r"of shape \(N, ...\)"),
    ],
)
def test_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(SampleSetError, match=message):
        Examples(**{"inputs": INPUTS, "labels": LABELS, **arguments})
