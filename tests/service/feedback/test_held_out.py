"""What is held out stays so: for other sets, other shares, whatever else there is."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import ConfigurationError
from skysieve.service.feedback.held_out import split_of_groups

GROUPS = st.lists(st.text(max_size=8), min_size=1, max_size=30)


@given(GROUPS, GROUPS)
def test_the_split_of_a_group_depends_on_its_name_alone(first, second) -> None:
    alone = dict(zip(first, split_of_groups(first).tolist(), strict=True))
    together = dict(zip([*second, *first], split_of_groups([*second, *first]).tolist(), strict=True))
    assert {name: together[name] for name in first} == alone


def test_known_names_keep_their_splits_for_ever() -> None:
    # Written down once: another hash would hand what judged earlier models to the training of later ones.
    names = ["ZTF18aaa", "ZTF18aab", "ZTF18aac", "ZTF18aad", "ZTF18aae", "ZTF18aaf"]
    assert split_of_groups(names).tolist() == ["train", "test", "train", "train", "train", "train"]


def test_shares_are_met_and_larger_ones_hold_out_what_was_held_out() -> None:
    groups = np.arange(20_000)
    split = split_of_groups(groups)
    assert np.mean(split == "test") == pytest.approx(0.2, abs=0.01)
    assert np.mean(split == "validation") == pytest.approx(0.15, abs=0.01)
    larger = split_of_groups(groups, held_out=0.3, validation=0.2)
    assert set(larger[split == "test"]) == {"test"}
    assert set(larger[split == "validation"]) == {"validation"}


@pytest.mark.parametrize("shares", [(0.0, 0.1), (0.1, 0.0), (0.6, 0.4), (-0.1, 0.2)])
def test_shares_that_leave_nothing_are_refused(shares) -> None:
    with pytest.raises(ConfigurationError, match="leave something"):
        split_of_groups([1], held_out=shares[0], validation=shares[1])
