"""Validation finds what was put there, and nothing in a clean set."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from skysieve.samples import Description, SampleSet, TensorColumn, count_findings, validate


def make(cutouts: np.ndarray, **columns: object) -> SampleSet:
    n = len(cutouts)
    made = {"id": np.arange(n), "group": np.arange(n), "label": np.arange(n) % 2} | columns
    layout = Description(
        tensors={"cutouts": TensorColumn((2, 4, 4), channels=("science", "difference"))},
        classes=("bogus", "real"),
    )
    return SampleSet.from_columns(made | {"cutouts": cutouts}, layout)


def noise(n: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, 2, 4, 4)).astype(np.float32)


def test_a_clean_set_has_no_finding() -> None:
    result = validate(make(noise(20)))
    assert result.findings == ()
    assert result.ok
    assert result.class_counts == {"bogus": 10, "real": 10, "unlabelled": 0}


def test_bad_images_are_named_by_sample_and_channel() -> None:
    cutouts = noise(6)
    cutouts[1, 0] = np.nan
    cutouts[2, 1] = 5
    cutouts[3, 0, 0, 0] = np.finfo(np.float32).min
    cutouts[4, 0, :2] = np.nan
    result = validate(make(cutouts), batch=2)
    assert [(f.item, f.kind) for f in result.findings] == [
        ("1", "all-nan-image"),
        ("2", "constant-image"),
        ("3", "infinite-pixels"),
    ]
    assert "science holds NaN only" in result.findings[0].reason
    assert "difference is constant at 5" in result.findings[1].reason
    assert not result.ok


def test_duplicates_are_found_across_batches_splits_and_labels() -> None:
    cutouts = noise(8)
    cutouts[5] = cutouts[1]
    assert count_findings(validate(make(cutouts), batch=2).findings) == {"duplicate": 1}
    split = ["train"] * 4 + ["test"] * 4
    across = validate(make(cutouts, split=split))
    assert [(f.kind, f.severity) for f in across.findings] == [("duplicate-across-splits", "error")]
    assert "across test, train" in across.findings[0].reason
    cutouts[5], cutouts[2] = noise(9)[8], cutouts[1]
    assert count_findings(validate(make(cutouts)).findings) == {"duplicate-with-other-label": 1}


def test_groups_that_straddle_a_split_and_empty_classes() -> None:
    groups = [0, 0, 1, 1, 2, 2, 3, 3]
    split = ["train", "train", "train", "test", "test", "test", "test", "train"]
    result = validate(make(noise(8), group=groups, split=split, label=[0] * 8))
    kinds = count_findings(result.findings)
    assert kinds == {"group-straddles-splits": 2, "class-missing-in-split": 2, "empty-class": 1}
    assert {f.item for f in result.findings if f.kind == "group-straddles-splits"} == {"1", "3"}
    assert result.split_counts["test"] == {"bogus": 4, "real": 0, "unlabelled": 0}


def test_missing_labels_are_counted() -> None:
    result = validate(make(noise(4), label=[0, 1, None, None]))
    assert count_findings(result.findings) == {"unlabelled": 1}
    assert result.ok
    assert result.as_dict()["class_counts"]["unlabelled"] == 2


def test_rules_that_another_program_broke_are_errors() -> None:
    written = SampleSet(
        make(noise(4))._source, make(noise(4)).description, {name: pa.array(values) for name, values in {
            "id": [7, 7, 8, 9], "label": [0, 5, 9, 1], "split": ["train", "Train", "test", None]}.items()},
    )  # fmt: skip
    errors = [(each.item, each.kind) for each in validate(written).findings if each.severity == "error"]
    assert errors == [
        ("7", "repeated-id"), ("7", "unknown-label"), ("8", "unknown-label"),
        ("", "unknown-split"), ("Train", "unknown-split"),
    ]  # fmt: skip


def test_samples_without_tensors_are_not_called_the_same() -> None:
    samples = SampleSet.from_columns(
        {"id": [1, 2], "group": [1, 2], "label": [0, 1], "split": ["train", "test"], "size": [1.0, 2.0]},
        Description(classes=("bogus", "real")),
    )
    assert set(count_findings(validate(samples).findings)) == {"class-missing-in-split"}
