"""Precision at other shares of the classes: against resampling by hand, at its ends, and in words."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.metrics import precision_at_prevalence
from skysieve.evaluation.prevalence import PrecisionByShare, precision_by_share, precisions_at_shares
from skysieve.evaluation.prevalence_words import count_of, one_in, precision_statement

CLASSES = ("spiral", "elliptical", "merger")


def by_share(
    labels: list[int],
    called: list[int],
    shares: dict[str, float] | None = None,
    classes: tuple[str, ...] = CLASSES,
) -> PrecisionByShare:
    return precision_by_share(
        np.array(labels),
        np.array(called),
        classes,
        np.arange(len(labels)),
        shares=shares,
        replicates=200,
        seed=1,
    )


@given(st.lists(st.integers(1, 50), min_size=4, max_size=4), st.floats(0.001, 0.999))
def test_two_classes_are_bayes_theorem(counts: list[int], share: float) -> None:
    tn, fp, fn, tp = counts
    expected = precision_at_prevalence(tp / (tp + fn), fp / (fp + tn), share)
    found = precisions_at_shares([[tn, fp], [fn, tp]], [1 - share, share])
    assert found[1] == pytest.approx(expected)


def test_several_classes_are_what_a_set_of_those_shares_would_show() -> None:
    confusion = np.array([[80, 15, 5], [4, 90, 6], [1, 2, 7]])
    shares = np.array([0.6, 0.395, 0.005])
    drawn = confusion * (shares / confusion.sum(axis=1))[:, None]
    np.testing.assert_allclose(precisions_at_shares(confusion, shares), np.diag(drawn) / drawn.sum(axis=0))
    own = confusion.sum(axis=1) / confusion.sum()
    np.testing.assert_allclose(
        precisions_at_shares(confusion, own), np.diag(confusion) / confusion.sum(axis=0)
    )


def test_what_no_sample_tells_is_not_a_number() -> None:
    assert np.isnan(precisions_at_shares([[5, 0], [0, 0]], [0.9, 0.1])).all()
    found = precisions_at_shares([[5, 0], [5, 0]], [0.9, 0.1])
    assert found[0] == pytest.approx(0.9)
    assert math.isnan(found[1])


def test_the_rarest_class_is_told_of_and_others_divide_the_rest() -> None:
    generator = np.random.default_rng(0)
    labels = generator.choice(3, 900, p=[0.5, 0.25, 0.25])
    called = np.where(generator.random(900) < 0.1, generator.integers(0, 3, 900), labels)
    found = by_share(list(labels), list(called), {"merger": 0.01})
    assert found.subject == "merger"
    sky = [each.sky for each in found.classes]
    assert [at.share for at in sky if at] == pytest.approx([0.66, 0.33, 0.01], abs=0.02)
    assert found.main.sky is not None
    interval = found.main.sky.precision
    assert interval.low < interval.value < interval.high < 0.5 < found.main.here.precision.low
    assert interval.value == pytest.approx(found.elsewhere[1].precision.value)
    assert found.elsewhere[0].precision.value > interval.value > found.elsewhere[2].precision.value


def test_no_mistake_among_a_hundred_says_little_of_one_in_a_thousand() -> None:
    labels = [0] * 100 + [1] * 100
    found = by_share(labels, labels, {"real": 0.001}, ("bogus", "real"))
    assert found.main.sky is not None
    sky = found.main.sky.precision
    assert (sky.value, sky.high) == (1.0, 1.0)
    # 3.7 % of the bogus may still be called real, which are 37 for each real one.
    assert sky.low == pytest.approx(0.026, abs=0.003)
    assert found.main.here.precision.low > 0.95


def test_no_right_call_leaves_room_above() -> None:
    found = by_share([0] * 50 + [1] * 5, [0] * 45 + [1] * 5 + [0] * 5, {"real": 0.5}, ("bogus", "real"))
    assert found.main.sky is not None
    assert found.main.sky.precision.value == 0
    assert 0.5 < found.main.sky.precision.high < 1


@pytest.mark.parametrize("right", [True, False])
def test_a_certain_precision_is_told_though_rarely_anything_is_called(right: bool) -> None:
    # One of 200 samples in 20 groups: a rate that rounds to no group at all.
    labels = np.repeat([0, 1], 200)
    called = np.zeros(400, dtype=np.int64)
    called[300 if right else 100] = 1
    found = precision_by_share(
        labels, called, ("bogus", "real"), np.arange(400) // 10, shares={"real": 0.01}, replicates=50, seed=1
    )
    assert found.main.sky is not None
    for each in (found.main.here, found.main.sky, *found.elsewhere):
        assert each.precision.value == float(right)
        assert each.precision.low <= each.precision.value <= each.precision.high
    assert "cannot be told" not in found.statement


def certain(value: float) -> Interval:
    return Interval(value, value, value, 0.95, 0, "wilson")


def test_the_statement_says_both_numbers_and_both_shares() -> None:
    text = precision_statement("merger", (0.25, certain(0.81)), (0.00294, certain(0.031)), [])
    for words in ("Of 100 samples called merger, 3 ", "1 in 340 is merger", "81 are, because here 1 in 4 is"):
        assert words in text


def test_a_statement_without_a_true_share_tells_what_becomes_of_it() -> None:
    text = precision_statement(
        "merger", (0.25, certain(0.81)), None, [(0.1, certain(0.6)), (0.001, certain(0.013))]
    )
    for words in ("81 (81 to 81) are right in this test set", "where 1 in 10 is, 60", "1 in 1,000 is, 1.3"):
        assert words in text


def test_statements_of_what_cannot_be_told() -> None:
    unknown = certain(float("nan"))
    assert "cannot be told" in precision_statement("a", (0.5, unknown), None, [])
    assert "cannot be told" in precision_statement("a", (0.5, certain(0.5)), (0.1, unknown), [])
    assert "much the same" in precision_statement("a", (0.1, certain(0.5)), (0.105, certain(0.51)), [])


def test_tiny_precision_is_counted_among_more() -> None:
    text = precision_statement("a", (0.5, certain(0.9)), (1e-5, certain(0.0004)), [])
    assert text.startswith("Of 10,000 samples called a, 4 (4 to 4) are right")
    assert "9,000 are" in text


@given(st.floats(0.0005, 0.9995))
def test_a_count_is_neither_none_nor_all_unless_it_is(share: float) -> None:
    assert float(count_of(share)) not in (0.0, 100.0)
    assert float(count_of(share)) == pytest.approx(100 * share, abs=5)


@given(st.floats(1e-5, 0.05))
def test_a_rare_share_is_one_in_as_many(share: float) -> None:
    number = int(one_in(share).removeprefix("1 in ").removesuffix(" is").replace(",", ""))
    assert 1 / number == pytest.approx(share, rel=0.06)
