"""The headline score agrees with the rule that it stands for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.models.rules import Jury, Rule, parse_rule
from skysieve.service.judging.headline import deciding_member, headline_of_classes, headline_of_rule

FAMILIES = {"rb": ("rb-1", "rb-2", "rb-3"), "kd": ("kd-1",)}
NAMES = [name for names in FAMILIES.values() for name in names]
ONE = st.floats(0, 1, width=32)
LEAVES = st.sampled_from(
    [{"any": "rb"}, {"all": "rb"}, {"at_least": 2, "of": "rb"}, {"score": "kd-1"}, {"score": "rb-2"}]
)
POSITIVE = st.recursive(
    LEAVES,
    lambda below: st.builds(
        lambda how, rules: {how: rules},
        st.sampled_from(["any", "all"]),
        st.lists(below, min_size=1, max_size=3),
    ),
    max_leaves=6,
)


def with_not(rules: st.SearchStrategy) -> st.SearchStrategy:
    return st.one_of(rules, rules.map(lambda rule: {"not": rule}))


def jury(threshold: float) -> Jury:
    return Jury(FAMILIES, dict.fromkeys(NAMES, threshold))


def headline(rule: Rule, scores: list[float]) -> float:
    arrays = {name: np.array([score], dtype=np.float32) for name, score in zip(NAMES, scores, strict=True)}
    return float(headline_of_rule(rule, arrays, jury(0.5))[0])


@given(POSITIVE, st.lists(ONE, min_size=4, max_size=4), ONE)
def test_with_one_threshold_for_all_a_rule_passes_where_its_headline_reaches_it(
    said: dict, scores: list[float], threshold: float
) -> None:
    rule = parse_rule(said)
    arrays = {name: np.array([score], dtype=np.float32) for name, score in zip(NAMES, scores, strict=True)}
    assert bool(rule.evaluate(arrays, jury(threshold))[0]) == (
        headline(rule, scores) >= np.float32(threshold)
    )


@given(with_not(POSITIVE), st.lists(ONE, min_size=4, max_size=4))
def test_a_headline_is_a_score_and_the_deciding_member_gave_it(said: dict, scores: list[float]) -> None:
    rule = parse_rule(said)
    found = headline(rule, scores)
    assert 0 <= found <= 1
    by_name = dict(zip(NAMES, scores, strict=True))
    decided = by_name[deciding_member(rule, by_name, jury(0.5))]
    assert min(abs(decided - found), abs(1 - decided - found)) < 1e-6


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"mean": "rb", ">=": 0.5}, 0.5),
        ({"median": "rb", ">=": 0.5}, 0.625),
        ({"max": "rb", ">=": 0.5}, 0.75),
        ({"min": "rb", ">=": 0.5}, 0.125),
        ({"not": {"score": "kd-1"}}, 0.75),
        ({"at_least": 3, "of": "rb"}, 0.125),
    ],
)
def test_statistics_and_negation(said: dict, expected: float) -> None:
    assert headline(parse_rule(said), [0.125, 0.625, 0.75, 0.25]) == expected


def test_nan_is_not_hidden() -> None:
    for said in ({"any": "rb"}, {"all": "rb"}, {"at_least": 2, "of": "rb"}, {"any": [{"score": "rb-1"}]}):
        assert np.isnan(headline(parse_rule(said), [np.nan, 0.5, 0.5, 0.5]))


def test_of_classes_the_most_certain_counts() -> None:
    scores = {"a": np.array([0.2, 0.9]), "b": np.array([0.8, 0.1])}
    assert headline_of_classes(scores).tolist() == pytest.approx([0.8, 0.9])
