"""Margins of rules, uncertainty and disagreement, against what can be reckoned by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import ConfigurationError
from skysieve.models.rules import Jury, MemberScore, Rule, parse_rule
from skysieve.scoring.proposal_ranking import disagreement, rule_margin, uncertainty
from skysieve.scoring.sample_scores import PoolScores

FAMILIES = {"rb": ("rb-1", "rb-2", "rb-3"), "sl": ("sl-1",)}
MEMBERS = [name for names in FAMILIES.values() for name in names]
JURY = Jury(FAMILIES, dict.fromkeys(MEMBERS, 0.5))
RULES = [
    {"all": [{"any": "rb"}, {"any": "sl"}]},
    {"at_least": 2, "of": "rb"},
    {"any": [{"all": "rb"}, {"not": {"score": "sl-1", ">=": 0.75}}]},
    {"not": {"any": [{"score": "rb-2"}, {"median": "rb", ">=": 0.25}]}},
]


def pool_of(scores: dict[str, list[float]], rule: Rule | None = None) -> PoolScores:
    arrays = {name: np.array(values, dtype=np.float32) for name, values in scores.items()}
    return PoolScores("toy", "", arrays, JURY, rule or parse_rule(RULES[0]), {})


@pytest.mark.parametrize("rule", RULES, ids=str)
@given(seed=st.integers(0, 1000))
def test_the_sign_of_the_margin_is_the_verdict(rule: dict[str, object], seed: int) -> None:
    # Quarters, so that scores meet thresholds.
    values = np.random.default_rng(seed).integers(0, 5, (len(MEMBERS), 40)) / 4
    scores = dict(zip(MEMBERS, values.astype(np.float32), strict=True))
    margin = rule_margin(parse_rule(rule), scores, JURY)
    passes = parse_rule(rule).evaluate(scores, JURY)
    assert (margin[passes] >= 0).all()
    assert (margin[~passes] <= 0).all()


@pytest.mark.parametrize("rule", RULES, ids=str)
def test_less_than_the_margin_turns_no_verdict(rule: dict[str, object]) -> None:
    generator = np.random.default_rng(1)
    values = generator.random((len(MEMBERS), 500))
    parsed = parse_rule(rule)
    margin = np.abs(rule_margin(parsed, dict(zip(MEMBERS, values.astype(np.float32), strict=True)), JURY))
    moved = values + 0.99 * margin * generator.choice([-1, 1], values.shape)
    before, after = (
        parsed.evaluate(dict(zip(MEMBERS, each.astype(np.float32), strict=True)), JURY)
        for each in (values, moved)
    )
    assert (before == after).all()


def test_uncertainty_is_largest_where_the_verdict_hangs_in_the_balance() -> None:
    pool = pool_of(
        {"rb-1": [0.9, 0.52, 0.1], "rb-2": [0.9, 0.5, 0.1], "rb-3": [0.9, 0.5, 0.1], "sl-1": [0.9] * 3}
    )
    assert [int(np.argmax(uncertainty(pool, name))) for name in ("threshold", "entropy", "margin")] == [
        1,
        1,
        1,
    ]
    assert uncertainty(pool)[1] == pytest.approx(-0.02, abs=1e-6)
    expected = -sum(p * np.log(p) for p in (0.1, 0.9, 0.1, 0.9))
    assert uncertainty(pool, "entropy")[2] == pytest.approx(expected)


def test_uncertainty_of_several_classes() -> None:
    scores = {"a": np.array([0.4, 0.9]), "b": np.array([0.35, 0.1]), "c": np.array([0.25, 0.0])}
    jury = Jury({name: (name,) for name in scores}, dict.fromkeys(scores, 0.5))
    pool = PoolScores("classes", "", scores, jury, None, {})
    assert uncertainty(pool, "margin") == pytest.approx([-0.05, -0.8])
    assert uncertainty(pool, "entropy")[1] == pytest.approx(-0.9 * np.log(0.9) - 0.1 * np.log(0.1))
    with pytest.raises(ConfigurationError, match="has no threshold"):
        uncertainty(pool, "threshold")


@pytest.mark.parametrize("measure", ["bald", "vote-entropy", "range"])
def test_the_divided_come_before_the_unanimous(measure: str) -> None:
    scores = {
        "rb-1": [0.99, 0.99, 0.5],
        "rb-2": [0.99, 0.01, 0.5],
        "rb-3": [0.99, 0.5, 0.5],
        "sl-1": [0.5] * 3,
    }
    found = disagreement(pool_of(scores), measure)
    assert int(np.argmax(found)) == 1
    # That nobody knows is no disagreement.
    assert found[[0, 2]] == pytest.approx(0, abs=1e-9)


def test_disagreement_is_that_of_the_most_divided_family_and_by_hand() -> None:
    scores = {"rb-1": [1.0], "rb-2": [0.0], "rb-3": [0.0], "sl-1": [0.5]}
    by_hand = -(1 / 3) * np.log(1 / 3) - (2 / 3) * np.log(2 / 3)
    assert disagreement(pool_of(scores), "bald") == pytest.approx([by_hand])
    assert disagreement(pool_of(scores), "vote-entropy") == pytest.approx([by_hand])
    assert disagreement(pool_of(scores), "range") == pytest.approx([1.0])


@pytest.mark.parametrize("measure", ["bald", "vote-entropy", "range"])
def test_a_missing_score_is_no_disagreement(measure: str) -> None:
    scores = {"rb-1": [np.nan], "rb-2": [0.0], "rb-3": [1.0], "sl-1": [0.5]}
    assert np.isnan(disagreement(pool_of(scores), measure)).all()


def test_what_does_not_exist_or_cannot_be_is_refused() -> None:
    alone = PoolScores(
        "one",
        "",
        {"score": np.array([0.5])},
        Jury({"score": ("score",)}, {"score": 0.5}),
        MemberScore("score"),
        {},
    )
    with pytest.raises(ConfigurationError, match="no family of 'one' has two members"):
        disagreement(alone)
    with pytest.raises(ConfigurationError, match="one of bald, vote-entropy, range, not 'spread'"):
        disagreement(alone, "spread")
    with pytest.raises(ConfigurationError, match="one of threshold, entropy, margin, not 'doubt'"):
        uncertainty(alone, "doubt")
    with pytest.raises(ConfigurationError, match="no margin is known"):
        rule_margin(object(), {}, JURY)
