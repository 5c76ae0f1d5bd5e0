"""Statistics of sequences of vectors against their definitions."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from skysieve.errors import SampleSetError
from skysieve.preprocess.sequence_statistics import sequence_statistics, statistic_names


def test_every_column_is_what_its_name_says() -> None:
    generator = np.random.default_rng(0)
    sequences = [generator.normal(size=(length, 3)) for length in (1, 2, 40)]
    table = sequence_statistics(iter(sequences))
    names = statistic_names(3)
    assert table.shape == (3, len(names)) == (3, 24)
    for row, values in zip(table, sequences, strict=True):
        found = dict(zip(names, row, strict=True))
        for place in range(3):
            column = values[:, place].tolist()
            middle = float(np.median(column))
            steps = [abs(after - before) for before, after in pairwise(column)]
            expected = {
                "mean": np.mean(column),
                "sd": np.std(column),
                "p05": np.quantile(column, 0.05),
                "p50": middle,
                "p95": np.quantile(column, 0.95),
                "largest_deviation": max(abs(value - middle) for value in column),
                "mean_step": np.mean(steps) if steps else 0.0,
            }
            for name, value in expected.items():
                assert found[f"mu_{place}_{name}"] == pytest.approx(value, abs=1e-12), name
        norms = [float(np.sqrt(sum(value**2 for value in frame))) for frame in values.tolist()]
        assert found["mean_norm"] == pytest.approx(np.mean(norms))
        assert found["largest_norm"] == pytest.approx(max(norms))
        assert found["n_frames"] == len(values)


def test_half_precision_is_summed_in_double() -> None:
    many = np.full((5000, 1), 100.0, dtype=np.float16)
    assert sequence_statistics([many])[0, 0] == 100.0


def test_names_are_distinct() -> None:
    assert len(set(statistic_names(36))) == 255


@pytest.mark.parametrize(
    ("sequences", "reason"),
    [
        ([np.zeros((0, 2))], r"sequence 0 has shape \(0, 2\)"),
        ([np.zeros((3, 2)), np.zeros((3, 1))], r"sequence 1 has shape \(3, 1\); \(frames from 1, 2\)"),
        ([np.zeros((3, 2)), np.full((3, 2), np.nan)], "sequence 1 holds NaN"),
    ],
)
def test_what_cannot_be_summarised_is_named(sequences: list[np.ndarray], reason: str) -> None:
    with pytest.raises(SampleSetError, match=reason):
        sequence_statistics(sequences)


def test_no_sequences_make_no_rows() -> None:
    assert len(sequence_statistics([])) == 0
