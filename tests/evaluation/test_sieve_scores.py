from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import SampleSetError, UnknownNameError
from skysieve.evaluation.sieve_scores import STAGES, SieveScores

MEMBERS = {"rb_a": "rb", "rb_b": "rb", "sl_a": "sl", "kd_a": "kd"}


def sieve(n: int = 4, **changes: Any) -> SieveScores:
    given_ = {
        "families": MEMBERS,
        "scores": {name: np.linspace(0.1, 0.9, n) for name in MEMBERS},
        "thresholds": dict.fromkeys(MEMBERS, 0.5),
        "passed": {"plausible": np.zeros(n, dtype=bool)},
        "groups": np.arange(n),
    }
    return SieveScores(**{**given_, **changes})


unit = st.floats(0, 1, width=32)


@given(st.lists(st.tuples(unit, unit, unit, unit), min_size=1, max_size=20), st.tuples(*[unit] * 4))
def test_a_joint_score_of_a_half_is_the_rule(
    rows: list[tuple[float, ...]], thresholds: tuple[float, ...]
) -> None:
    columns = np.array(rows).T
    found = sieve(
        len(rows),
        scores=dict(zip(MEMBERS, columns, strict=True)),
        thresholds=dict(zip(MEMBERS, thresholds, strict=True)),
    )
    passes = columns >= np.array(thresholds)[:, None]
    expected = (passes[0] | passes[1]) & passes[2] & passes[3]
    joint = found.joint_score()
    np.testing.assert_array_equal(joint >= 0.5, expected)
    np.testing.assert_array_equal(np.all([found.family_passes(f) for f in STAGES], axis=0), expected)
    assert ((joint >= 0) & (joint <= 1)).all()


def test_the_joint_score_is_the_lowest_of_the_highest() -> None:
    scores = {"rb_a": [0.2, 0.9], "rb_b": [0.7, 0.3], "sl_a": [0.6, 0.8], "kd_a": [0.9, 0.1]}
    found = sieve(2, scores=scores)
    assert found.joint_score().tolist() == [0.6, 0.1]
    assert found.joint_score(["rb"]).tolist() == [0.7, 0.9]


def test_the_truth_is_that_of_the_one_shot_family_or_of_all_stages() -> None:
    labels = {"rb": [1, 1, 0, 1, -1], "sl": [1, 0, -1, 1, 1], "kd": [1, 0, 0, -1, 1]}
    assert sieve(5, labels=labels).plausible.tolist() == [1, 0, 0, -1, -1]
    assert sieve(5, labels={**labels, "os": [0, 0, 1, 1, -1]}).plausible.tolist() == [0, 0, 1, 1, -1]
    assert sieve(5, labels={"rb": labels["rb"]}).plausible.tolist() == [-1, -1, 0, -1, -1]
    assert sieve(5).plausible.tolist() == [-1] * 5


def test_a_night_without_a_streak() -> None:
    found = sieve(0)
    assert (found.n, found.grouped, found.joint_score().shape) == (0, False, (0,))


def test_groups_of_several_are_seen() -> None:
    assert not sieve().grouped
    assert sieve(groups=["a", "b", "a", "c"]).grouped


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"thresholds": {"rb_a": 0.5}}, "thresholds and families name different members: kd_a, rb_b, sl_a"),
        ({"scores": {name: np.full(4, 1.5) for name in MEMBERS}}, "run from 1.5 to 1.5"),
        ({"scores": {name: np.full(3, 0.5) for name in MEMBERS}}, r"shape \(3,\); expected \(4,\)"),
        ({"labels": {"rb": [0, 1, 2, 0]}}, "expected 0, 1, or -1"),
        ({"scores": {name: [0.1, np.nan, 0.2, 0.3] for name in MEMBERS}}, "not finite"),
    ],
    ids=["members", "logits", "length", "labels", "nan"],
)
def test_what_does_not_fit_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SampleSetError, match=words):
        sieve(**changes)


def test_unknown_names_are_told_beside_the_known() -> None:
    with pytest.raises(UnknownNameError, match="'typo'; the sieve has plausible"):
        sieve().rule("typo")
    assert sieve().stages == STAGES
    with pytest.raises(UnknownNameError, match="no member of the family 'os'"):
        sieve().joint_score(["os"])
