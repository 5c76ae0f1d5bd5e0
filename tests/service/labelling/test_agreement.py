"""Agreement beside published worked examples, scikit-learn, and definitions by pairs."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from skysieve.errors import InputError
from skysieve.service.labelling.agreement import (
    agreement,
    cohen_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    pairwise_kappas,
)
from skysieve.service.labelling.votes import votes_from

#: Fleiss 1971 as worked out in textbooks: 14 people, 10 subjects, 5 classes; kappa 0.210.
FLEISS = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]

#: Krippendorff 2011, section C: four observers, twelve units, some left out; nominal alpha 0.743.
KRIPPENDORFF = [
    "123321412...",
    "1233224125.3",
    ".3332342251.",
    "12332441251.",
]


def _counts(rows: list[str]) -> np.ndarray:
    classes = sorted(set("".join(rows)) - {"."})
    return np.array([[column.count(name) for name in classes] for column in zip(*rows, strict=True)])


def test_fleiss_kappa_of_the_textbook() -> None:
    assert fleiss_kappa(FLEISS) == pytest.approx(0.20993, abs=5e-6)


def test_krippendorff_alpha_of_the_paper() -> None:
    assert krippendorff_alpha(_counts(KRIPPENDORFF)) == pytest.approx(0.743, abs=5e-4)
    assert krippendorff_alpha(_counts(["0100000010", "1110010000"])) == pytest.approx(0.095, abs=5e-4)


def test_nothing_can_be_said_where_all_say_one_word_or_nobody_is_doubled() -> None:
    assert math.isnan(krippendorff_alpha([[3, 0], [2, 0]]))
    assert math.isnan(krippendorff_alpha([[1, 0], [0, 1]]))
    assert math.isnan(cohen_kappa([0, -1], [-1, 0]))
    assert math.isnan(cohen_kappa([1, 1], [1, 1]))


def test_counts_that_differ_are_refused_by_fleiss() -> None:
    with pytest.raises(InputError, match="same number of votes"):
        fleiss_kappa([[2, 1], [1, 1]])
    with pytest.raises(InputError, match="two lists of one length"):
        cohen_kappa([1], [1, 0])


WORDS = st.lists(st.tuples(st.integers(-1, 3), st.integers(-1, 3)), min_size=4, max_size=60)


@given(WORDS)
def test_cohen_kappa_is_that_of_scikit_learn(pairs) -> None:
    first, second = np.array(pairs).T
    both = (first >= 0) & (second >= 0)
    ours = cohen_kappa(first, second)
    if len(np.unique(np.concatenate([first[both], second[both]]))) < 2:
        assert math.isnan(ours)
    else:
        assert ours == pytest.approx(cohen_kappa_score(first[both], second[both]), abs=1e-12)


@settings(deadline=None)
@given(st.lists(st.lists(st.integers(-1, 2), min_size=4, max_size=4), min_size=2, max_size=12))
def test_alpha_is_what_its_definition_by_pairs_gives(rows) -> None:
    kept = [[value for value in row if value >= 0] for row in rows]
    kept = [row for row in kept if len(row) >= 2]
    counts = np.array([[row.count(value) for value in range(3)] for row in rows])
    values = list(itertools.chain.from_iterable(kept))
    if len(set(values)) < 2:
        assert math.isnan(krippendorff_alpha(counts))
        return
    observed = sum(
        sum(a != b for a, b in itertools.permutations(row, 2)) / (len(row) - 1) for row in kept
    ) / len(values)
    drawn = list(itertools.permutations(values, 2))
    expected = sum(a != b for a, b in drawn) / len(drawn)
    assert krippendorff_alpha(counts) == pytest.approx(1 - observed / expected, abs=1e-9)


def test_agreement_of_votes_counts_what_it_rests_on_and_its_interval_holds_the_figure() -> None:
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 2, 120)
    said = [
        (item, rater, ("bogus", "real")[truth[item] ^ int(rng.random() < 0.1)])
        for item in range(120)
        for rater in range(3)
        if item or not rater
    ]
    votes = votes_from(said, ("bogus", "real"))
    found = agreement(votes, replicates=200)
    assert (found.items, found.raters, found.votes, found.fleiss_items) == (119, 3, 357, 119)
    assert found.alpha.low < found.alpha.value < found.alpha.high
    # Two who err one time in ten agree in .82 of all pairs.
    assert found.share.value == pytest.approx(0.82, abs=0.05)
    assert found.alpha.value == pytest.approx(found.fleiss, abs=0.01)
    kappas = pairwise_kappas(votes)
    assert sorted(kappas) == [(0, 1), (0, 2), (1, 2)]
    assert all(shared == 119 and 0.4 < kappa < 0.9 for kappa, shared in kappas.values())


def test_agreement_of_nothing_is_not_a_number() -> None:
    found = agreement(votes_from([(1, 1, "real")], ("bogus", "real")))
    assert math.isnan(found.alpha.value)
    assert found.items == 0
