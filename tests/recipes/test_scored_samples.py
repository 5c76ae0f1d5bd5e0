"""Scores written and read, and judged as they were."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skysieve.errors import SampleSetError
from skysieve.evaluation.thresholds import fixed
from skysieve.recipes.scored_samples import ScoredSamples


def scored(classes: tuple[str, ...] = ("bogus", "real"), n: int = 60) -> ScoredSamples:
    rng = np.random.default_rng(2)
    labels = np.where(np.arange(n) % 10 == 9, -1, np.arange(n) % len(classes))
    logits = rng.normal(size=(n, len(classes))) + 2 * np.eye(len(classes))[labels]
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    return ScoredSamples(
        ids=np.array([f"s{number}" for number in range(n)]),
        groups=np.arange(n) // 2,
        labels=labels,
        split=np.array(["train", "validation", "test", ""])[np.arange(n) // 2 % 4],
        scores=shares[:, 1] if len(classes) == 2 else shares,
        classes=classes,
        threshold=fixed(0.4) if len(classes) == 2 else None,
        learned=np.arange(n) // 2 % 4 == 0,
        seen=np.arange(n) // 2 % 4 < 2,
        model={"name": "toy", "identity": "ab"},
        data={"simulator": "toy", "seed": 1},
    )


@pytest.mark.parametrize("classes", [("bogus", "real"), ("a", "b", "c")])
def test_what_is_read_is_what_was_written(classes: tuple[str, ...], tmp_path: Path) -> None:
    written = scored(classes)
    read = ScoredSamples.read(written.write(tmp_path / "scores.parquet"))
    for name in ("ids", "groups", "labels", "split", "scores", "learned", "seen"):
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))
    assert (read.classes, read.threshold) == (written.classes, written.threshold)
    assert (read.model, read.data) == (written.model, written.data)


def test_only_labelled_samples_of_the_split_are_judged() -> None:
    samples = scored()
    rows = samples.rows("test")
    assert set(samples.split[rows]) == {"test"}
    assert (samples.labels[rows] >= 0).all()
    assert len(samples.rows("")) == 54
    assert samples.evaluate("test", seed=1, replicates=10).metrics.n == len(rows)
    with pytest.raises(SampleSetError, match=r"of the split 'tests' was scored; splits found: '', 'test'"):
        samples.rows("tests")


def test_groups_widen_intervals() -> None:
    alike = scored().take(np.repeat(np.arange(60), 8))
    alike = replace(alike, groups=np.repeat(np.arange(60), 8))
    by_group, by_sample = (
        alike.evaluate("", seed=1, replicates=200, by_group=each).intervals["accuracy"]
        for each in (True, False)
    )
    assert by_group.high - by_group.low > 1.8 * (by_sample.high - by_sample.low)


def test_other_tables_are_no_scores(tmp_path: Path) -> None:
    pq.write_table(pa.table({"score": [0.5]}), tmp_path / "table.parquet")
    with pytest.raises(SampleSetError, match="holds no scores of samples; give the scores of a run"):
        ScoredSamples.read(tmp_path / "table.parquet")
    with pytest.raises(SampleSetError, match="is not a readable table"):
        ScoredSamples.read(tmp_path / "none.parquet")
