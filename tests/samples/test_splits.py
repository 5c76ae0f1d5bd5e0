"""Splits keep groups whole, spread the classes and repeat under their seed."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skysieve.errors import SampleSetError
from skysieve.samples import Description, SampleSet, TensorColumn, assign_groups, with_folds, with_splits


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(-1, 2)), min_size=40, max_size=200),
    st.integers(0, 2**31),
)
def test_no_group_is_divided_and_the_seed_decides(rows: list[tuple[int, int]], seed: int) -> None:
    groups, labels = np.array(rows).T
    most = max(len(set(groups[labels == label])) for label in set(labels))
    try:
        parts = assign_groups(groups, labels, [0.7, 0.15, 0.15], seed=seed)
    except SampleSetError:
        # Where one class could fill all parts, all are filled.
        assert most < 3
        return
    assert set(parts) == {0, 1, 2}
    for group in set(groups):
        assert len(set(parts[groups == group])) == 1
    np.testing.assert_array_equal(parts, assign_groups(groups, labels, [7, 1.5, 1.5], seed=seed))


@pytest.mark.parametrize("seed", range(5))
def test_classes_are_spread_in_proportion(seed: int) -> None:
    rng = np.random.default_rng(seed)
    groups = rng.integers(0, 800, 2000)
    labels = (rng.random(2000) < 0.1).astype(int)
    parts = assign_groups(groups, labels, [0.6, 0.2, 0.2], seed=seed)
    for part, share in enumerate([0.6, 0.2, 0.2]):
        assert np.mean(parts == part) == pytest.approx(share, abs=0.01)
        assert labels[parts == part].mean() == pytest.approx(labels.mean(), abs=0.01)


def test_another_seed_gives_another_split() -> None:
    groups, labels = np.arange(100), np.arange(100) % 2
    one = assign_groups(groups, labels, [0.5, 0.5], seed=1)
    assert (one != assign_groups(groups, labels, [0.5, 0.5], seed=2)).any()


def test_a_set_carries_its_split_and_folds() -> None:
    n = 60
    samples = SampleSet.from_columns(
        {
            "id": range(n),
            "group": np.arange(n) // 3,
            "label": np.arange(n) % 2,
            "cutouts": np.zeros((n, 1, 1, 1)),
        },
        Description(tensors={"cutouts": TensorColumn((1, 1, 1))}, classes=("a", "b")),
    )
    split = with_splits(samples, {"train": 0.5, "test": 0.5}, seed=3)
    assert len(split.split_rows("train")) + len(split.split_rows("test")) == n
    both = with_folds(split, 5, seed=4)
    assert sorted(set(both.scalar("fold"))) == [0, 1, 2, 3, 4]
    assert both.description.splits["split"]["seed"] == 3
    assert both.description.splits["folds"]["folds"] == 5
    with pytest.raises(SampleSetError, match="no sample is in the split 'validation'"):
        split.split_rows("validation")


def test_impossible_splits_are_refused() -> None:
    with pytest.raises(SampleSetError, match="2 groups cannot fill 3 parts"):
        assign_groups([1, 1, 2], [0, 0, 0], [1, 1, 1], seed=0)
    with pytest.raises(SampleSetError, match="positive"):
        assign_groups([1, 2], [0, 0], [1, 0], seed=0)


def pairs() -> SampleSet:
    """Return two samples of each of two classes, each a group of its own."""
    columns = {"id": range(4), "group": range(4), "label": [0, 0, 1, 1], "cutouts": np.zeros((4, 1, 1, 1))}
    return SampleSet.from_columns(
        columns, Description(tensors={"cutouts": TensorColumn((1, 1, 1))}, classes=("a", "b"))
    )


def test_a_part_that_would_be_empty_is_named() -> None:
    reason = "no class has more than 2 of the 4 groups, for 3 parts"
    with pytest.raises(SampleSetError, match=f"nothing is left for the split 'test': {reason}"):
        with_splits(pairs())
    with pytest.raises(SampleSetError, match=f"nothing is left for the fold 2: {reason}"):
        with_folds(pairs(), 3)
    with pytest.raises(SampleSetError, match=r"nothing is left for part 2 and part 3: .*for 4 parts"):
        assign_groups(range(4), [0, 0, 1, 1], np.ones(4), seed=1)
    # A class that one part lacks is a finding of the validation; only a part without a sample is refused.
    parts = assign_groups(range(4), [0, 0, 0, 1], np.ones(3), seed=1)
    assert set(parts) == {0, 1, 2}


def test_splits_that_nothing_would_read_are_refused() -> None:
    columns = {"id": range(9), "group": range(9), "cutouts": np.zeros((9, 1, 1, 1))}
    samples = SampleSet.from_columns(columns, Description(tensors={"cutouts": TensorColumn((1, 1, 1))}))
    with pytest.raises(SampleSetError, match="the splits 'Train'; they are called train, validation, test"):
        with_splits(samples, {"Train": 0.5, "test": 0.5})
