"""Rules: read, written, checked and evaluated as they are worded."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from skysieve.errors import ConfigurationError
from skysieve.models.rules import Jury, MemberScore, Rule, parse_rule

FAMILIES = {"rb": ("rb-1", "rb-2", "rb-3"), "sl": ("sl-1",), "kd": ("kd-1", "kd-2")}
MEMBERS = tuple(name for members in FAMILIES.values() for name in members)
JURY = Jury(FAMILIES, dict.fromkeys(MEMBERS, 0.5) | {"rb-3": 0.9})
DEEPSTREAKS = {"all": [{"any": "rb"}, {"any": "sl"}, {"any": "kd"}]}

thresholds = st.floats(0, 1)
families = st.sampled_from(list(FAMILIES))
atoms = st.one_of(
    st.builds(lambda how, family: {how: family}, st.sampled_from(["any", "all"]), families),
    st.builds(lambda family: {"at_least": len(FAMILIES[family]), "of": family}, families),
    st.builds(lambda member: {"score": member}, st.sampled_from(MEMBERS)),
    st.builds(lambda member, value: {"score": member, ">=": value}, st.sampled_from(MEMBERS), thresholds),
    st.builds(
        lambda how, family, value: {how: family, ">=": value},
        st.sampled_from(["mean", "max", "min", "median"]),
        families,
        thresholds,
    ),
)


def joined(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.builds(
        lambda how, rules: {how: rules},
        st.sampled_from(["all", "any"]),
        st.lists(inner, min_size=1, max_size=3),
    )


positive = st.recursive(atoms, joined, max_leaves=6)
rules = st.recursive(
    atoms, lambda inner: st.one_of(joined(inner), st.builds(lambda each: {"not": each}, inner)), max_leaves=6
)
columns = st.fixed_dictionaries(
    {
        name: arrays(np.float32, 5, elements=st.floats(0, 1, width=32) | st.just(float("nan")))
        for name in MEMBERS
    }
)


@given(rules)
def test_a_rule_comes_back_from_json(rule: dict[str, Any]) -> None:
    parsed = parse_rule(json.loads(json.dumps(rule)))
    parsed.check(JURY)
    assert parsed.to_json() == rule
    assert parse_rule(parsed.to_json()) == parsed
    assert parsed.explain()


@given(st.lists(rules, min_size=1, max_size=3), columns)
def test_de_morgan(some: list[dict[str, Any]], scores: dict[str, Any]) -> None:
    def evaluate(rule: dict[str, Any]) -> Any:
        return parse_rule(rule).evaluate(scores, JURY)

    negated = [{"not": rule} for rule in some]
    np.testing.assert_array_equal(evaluate({"not": {"all": some}}), evaluate({"any": negated}))
    np.testing.assert_array_equal(evaluate({"not": {"any": some}}), evaluate({"all": negated}))


@given(positive, columns, st.floats(0, 1, width=32))
def test_higher_scores_pass_all_the_more(rule: dict[str, Any], scores: dict[str, Any], raised: float) -> None:
    parsed = parse_rule(rule)
    higher = {name: np.fmax(column, np.float32(raised)) for name, column in scores.items()}
    before, after = parsed.evaluate(scores, JURY), parsed.evaluate(higher, JURY)
    assert before.dtype == bool
    assert before.shape == (5,)
    assert (after >= before).all()


@given(columns)
def test_the_rule_of_deepstreaks(scores: dict[str, Any]) -> None:
    found = parse_rule(DEEPSTREAKS).evaluate(scores, Jury(FAMILIES, dict.fromkeys(MEMBERS, 0.5)))
    expected = [
        all(any(scores[name][row] >= 0.5 for name in FAMILIES[family]) for family in FAMILIES)
        for row in range(5)
    ]
    assert found.tolist() == expected


@pytest.mark.parametrize(
    ("rule", "passing"),
    [
        ({"any": "rb"}, [True, True, False]),
        ({"all": "rb"}, [True, False, False]),
        ({"at_least": 2, "of": "rb"}, [True, True, False]),
        ({"at_least": 3, "of": "rb"}, [True, False, False]),
        ({"score": "rb-3"}, [True, False, False]),
        ({"score": "rb-3", ">=": 0.8}, [True, True, False]),
        ({"mean": "rb", ">=": 0.6}, [True, True, False]),
        ({"max": "rb", ">=": 0.85}, [True, False, False]),
        ({"min": "rb", ">=": 0.6}, [True, False, False]),
        ({"median": "rb", ">=": 0.5}, [True, True, False]),
        ({"not": {"any": "rb"}}, [False, False, True]),
        # One score is NaN: it reaches nothing, alone or within a mean.
        ({"score": "sl-1"}, [True, False, False]),
        ({"not": {"score": "sl-1"}}, [False, True, True]),
        ({"mean": "sl", ">=": 0}, [True, False, True]),
    ],
)
def test_rules_mean_what_they_say(rule: dict[str, Any], passing: list[bool]) -> None:
    scores = {
        "rb-1": np.array([0.9, 0.5, 0.49]),
        "rb-2": np.array([0.8, 0.6, 0.1]),
        "rb-3": np.array([0.9, 0.8, 0.2]),
        "sl-1": np.array([0.7, np.nan, 0.3]),
    }
    assert parse_rule(rule).evaluate(scores, JURY).tolist() == passing


def test_a_score_at_the_threshold_reaches_it_however_it_was_stored() -> None:
    for dtype in (np.float32, np.float64):
        for rule in ({"score": "sl-1", ">=": 0.9}, {"max": "sl", ">=": 0.9}, {"mean": "sl", ">=": 0.9}):
            scores = {"sl-1": np.array([0.9], dtype=dtype)}
            assert parse_rule(rule).evaluate(scores, JURY).tolist() == [True]


def test_rules_are_told_in_words() -> None:
    rule = {
        "all": [{"any": "rb"}, {"any": [{"at_least": 2, "of": "kd"}, {"not": {"score": "sl-1", ">=": 0.9}}]}]
    }
    assert parse_rule(rule).explain() == (
        "some rb member >= its threshold and (at least 2 kd members >= their thresholds or not (sl-1 >= 0.9))"
    )


@pytest.mark.parametrize(
    "rule",
    [
        "rb",
        [],
        {},
        {"any": []},
        {"any": ["rb"]},
        {"any": "rb", "all": "rb"},
        {"at_least": 0, "of": "rb"},
        {"at_least": True, "of": "rb"},
        {"at_least": 1.5, "of": "rb"},
        {"mean": "rb"},
        {"mean": ["rb"], ">=": 0.5},
        {"sum": "rb", ">=": 0.5},
        {"score": "rb-1", ">": 0.5},
        {"not": [{"any": "rb"}]},
        {">=": 0.5, 1: "rb"},
    ],
)
def test_what_is_no_rule_is_refused(rule: Any) -> None:
    with pytest.raises(ConfigurationError, match="is none of"):
        parse_rule(rule)


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), "0.5", True, None])
def test_thresholds_are_between_0_and_1(value: Any) -> None:
    with pytest.raises(ConfigurationError, match="between 0 and 1"):
        parse_rule({"score": "rb-1", ">=": value})


def test_names_are_checked_and_the_nearest_is_told() -> None:
    with pytest.raises(ConfigurationError, match="no family is called 'rbb'; did you mean 'rb'"):
        parse_rule({"not": {"all": [{"any": "rbb"}]}}).check(JURY)
    with pytest.raises(ConfigurationError, match="no member is called 'rb_1'; did you mean 'rb-1'"):
        parse_rule({"score": "rb_1"}).check(JURY)
    with pytest.raises(ConfigurationError, match="at least 4 of the family 'rb' can never be reached"):
        parse_rule({"at_least": 4, "of": "rb"}).check(JURY)
    with pytest.raises(ConfigurationError, match="no scores of the member 'sl-1'"):
        parse_rule({"score": "sl-1"}).evaluate({}, JURY)


def test_rules_within_rules_have_an_end() -> None:
    rule: dict[str, Any] = {"any": "rb"}
    for _ in range(2000):
        rule = {"not": rule}
    with pytest.raises(ConfigurationError, match="make it flatter"):
        parse_rule(rule)


def test_a_rule_that_leaves_something_out_cannot_be_made() -> None:
    silent = type("Silent", (MemberScore,), {"explain": Rule.explain})
    with pytest.raises(TypeError, match="explain"):
        silent("rb-1")
