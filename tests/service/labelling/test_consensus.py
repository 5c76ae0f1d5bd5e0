"""Consensus: simulated people of known confusion, another implementation, gold items, ties."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skysieve.errors import ConfigurationError, InputError
from skysieve.service.labelling.consensus import consensus, dawid_skene, majority
from skysieve.service.labelling.votes import Votes, votes_from

THREE = ("asteroid", "satellite", "ghost")


def _simulated(confusion: np.ndarray, items: int, seed: int, share: float = 1.0) -> tuple[Votes, np.ndarray]:
    """Return votes of people with known confusion tables, each on a share of the items, and the truth."""
    rng = np.random.default_rng(seed)
    size = confusion.shape[1]
    truth = rng.choice(size, items, p=np.linspace(1, 2, size) / np.linspace(1, 2, size).sum())
    said = [
        (item, rater, THREE[rng.choice(size, p=confusion[rater, truth[item]])])
        for item in range(items)
        for rater in range(len(confusion))
        if rng.random() < share
    ]
    return votes_from(said, THREE[:size], items=range(items)), truth


def _table(right: float, size: int = 3) -> np.ndarray:
    return np.full((size, size), (1 - right) / (size - 1)) + np.eye(size) * (right - (1 - right) / (size - 1))


def _straightforward(
    votes: Votes, gold: dict[int, int], smoothing: float, trust: float, rounds: int
) -> np.ndarray:
    """Dawid & Skene's formulas (2.3)-(2.5) with plain loops and products, from both starts."""
    size, n = len(votes.classes), len(votes.items)
    said = list(zip(votes.item.tolist(), votes.rater.tolist(), votes.value.tolist(), strict=True))

    def tables_of(truth: np.ndarray) -> np.ndarray:
        tables = np.full((len(votes.raters), size, size), smoothing)
        for true in range(size):
            tables[:, true, true] += trust
        for item, rater, value in said:
            for true in range(size):
                tables[rater, true, value] += truth[item, true]
        return tables / tables.sum(axis=2, keepdims=True)

    def products(tables: np.ndarray, prior: np.ndarray, item: int) -> np.ndarray:
        product = prior.copy()
        for at, rater, value in said:
            if at == item:
                product *= tables[rater, :, value]
        return product

    def climb(truth: np.ndarray) -> tuple[float, np.ndarray]:
        truth = truth.copy()
        for item, value in gold.items():
            truth[item] = np.eye(size)[value]
        for last in [False] * rounds + [True]:
            tables = tables_of(truth)
            prior = smoothing + sum(truth[item] for item in range(n) if item not in gold)
            prior /= prior.sum()
            if last:
                break
            for item in set(range(n)) - set(gold):
                product = products(tables, prior, item)
                truth[item] = product / product.sum()
        height = smoothing * (np.log(tables).sum() + np.log(prior).sum())
        height += trust * sum(np.log(tables[:, true, true]).sum() for true in range(size))
        for item in range(n):
            product = products(tables, np.ones(size) if item in gold else prior, item)
            height += np.log(product[gold[item]] if item in gold else product.sum())
        return height, truth

    majority_ = np.zeros((n, size))
    for item, _, value in said:
        majority_[item, value] += 1
    starts = [majority_ / majority_.sum(axis=1, keepdims=True)]
    if gold:
        only_gold = np.zeros((n, size))
        for item, value in gold.items():
            only_gold[item] = np.eye(size)[value]
        tables = tables_of(only_gold)
        made = np.array([products(tables, np.ones(size), item) for item in range(n)])
        starts.append(made / made.sum(axis=1, keepdims=True))
    return max((climb(start) for start in starts), key=lambda each: each[0])[1]


def test_confusion_tables_of_simulated_people_are_found() -> None:
    true = np.stack([_table(0.95), _table(0.85), _table(0.7), _table(0.5), _table(0.9)])
    true[4] = [[0.9, 0.05, 0.05], [0.6, 0.35, 0.05], [0.05, 0.05, 0.9]]
    votes, truth = _simulated(true, 3000, seed=1)
    found = dawid_skene(votes)
    assert found.converged
    assert np.abs(found.confusion - true).max() < 0.06
    assert np.abs(found.prior - np.bincount(truth) / len(truth)).max() < 0.03
    right = (found.value == truth).mean()
    assert right > 0.97
    assert right > (majority(votes).value == truth).mean() + 0.01


def test_probabilities_are_as_sure_as_they_say() -> None:
    votes, truth = _simulated(np.stack([_table(0.8), _table(0.7), _table(0.6)]), 4000, seed=2)
    found = dawid_skene(votes)
    for low, high in ((0.5, 0.7), (0.7, 0.9), (0.9, 1.01)):
        inside = (found.probability >= low) & (found.probability < high)
        claimed, held = found.probability[inside].mean(), (found.value == truth)[inside].mean()
        assert held == pytest.approx(claimed, abs=0.05)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), share=st.sampled_from([0.6, 1.0]), golden=st.integers(0, 5))
def test_the_same_as_formulas_written_out_in_loops(seed: int, share: float, golden: int) -> None:
    votes, truth = _simulated(np.stack([_table(0.9), _table(0.7), _table(0.5)]), 25, seed, share)
    votes = votes_from(
        [
            (votes.items[i], votes.raters[r], votes.classes[v])
            for i, r, v in zip(votes.item, votes.rater, votes.value, strict=True)
        ],
        THREE,
    )
    gold = {item: int(truth[item]) for item in votes.items[:golden]}
    ours = dawid_skene(
        votes, {item: THREE[value] for item, value in gold.items()}, most_iterations=7, tolerance=0.0
    )
    places = {votes.items.index(item): value for item, value in gold.items()}
    theirs = _straightforward(votes, places, smoothing=0.5, trust=2.0, rounds=7)
    np.testing.assert_allclose(ours.probabilities, theirs, atol=1e-10)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_every_round_makes_the_votes_likelier(seed: int) -> None:
    votes, _ = _simulated(np.stack([_table(0.8), _table(0.6), _table(0.4)]), 40, seed, 0.8)

    def objective(rounds: int) -> float:
        found = dawid_skene(votes, most_iterations=rounds, tolerance=0.0)
        logs = np.tile(np.log(found.prior), (len(votes.items), 1))
        np.add.at(logs, votes.item, np.log(found.confusion[votes.rater, :, votes.value]))
        voted = found.votes > 0
        return float(
            np.log(np.exp(logs[voted]).sum(axis=1)).sum()
            + ((0.5 + 2.0 * np.eye(3)) * np.log(found.confusion)).sum()
            + 0.5 * np.log(found.prior).sum()
        )

    values = [objective(rounds) for rounds in (1, 2, 4, 8)]
    assert all(later >= earlier - 1e-9 for earlier, later in itertools.pairwise(values))


def test_gold_items_unmask_who_always_says_the_opposite() -> None:
    honest, opposite = _table(0.75, 2), _table(0.05, 2)
    votes, truth = _simulated(np.stack([honest, opposite, opposite]), 400, seed=5)
    gold = {item: THREE[truth[item]] for item in range(40)}
    without, with_gold = dawid_skene(votes), dawid_skene(votes, gold)
    rest = slice(40, None)
    assert (without.value[rest] == truth[rest]).mean() < 0.2
    assert (with_gold.value[rest] == truth[rest]).mean() > 0.9
    np.testing.assert_array_equal(with_gold.value[:40], truth[:40])
    assert with_gold.confusion[1, 0, 0] < 0.15


def test_two_people_and_a_class_that_nobody_names_do_not_stand_for_anything_else() -> None:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 2, 90)
    said = [(item, 1, THREE[truth[item]]) for item in range(90)]
    said += [(item, 2, THREE[truth[item] ^ int(item % 10 == 0)]) for item in range(90)]
    # Two gold items, of which both people are wrong about one: little to go by, and misleading.
    for gold in ({}, {1: THREE[1 - truth[1]], 2: THREE[truth[2]]}):
        found = dawid_skene(votes_from(said, THREE), gold)
        agreed = np.array([item % 10 != 0 and item != 1 for item in range(90)])
        np.testing.assert_array_equal(found.value[agreed], truth[agreed])
        assert found.probabilities[:, 2].max() < 0.2


def test_majority_leaves_ties_and_silence_open_and_counts_votes() -> None:
    votes = votes_from(
        [(1, 1, "real"), (1, 2, "bogus"), (2, 1, "real"), (2, 2, "real"), (2, 3, "bogus"), (4, 3, "real")],
        ("bogus", "real"),
        items=(1, 2, 3, 4),
    )
    found = consensus(votes, "majority", {4: "bogus"})
    assert found.value.tolist() == [-1, 1, -1, 0]
    assert found.votes.tolist() == [2, 3, 0, 1]
    assert np.isnan(found.probabilities[2]).all()
    assert found.probability[1] == pytest.approx(2 / 3)
    assert math.isnan(found.probability[0])
    # Of person 3 the truth was bogus once and called real, real once and called bogus.
    np.testing.assert_array_equal(found.confusion[2], [[0, 1], [1, 0]])
    assert np.isnan(found.confusion[0, 0]).all()


def test_an_item_without_votes_has_no_class_and_one_vote_is_not_certain() -> None:
    found = dawid_skene(votes_from([(1, 1, "real")], ("bogus", "real"), items=(1, 2)))
    assert found.value.tolist() == [1, -1]
    assert 0.5 < found.probability[0] < 1
    assert np.isnan(found.probabilities[1]).all()


def test_the_order_of_votes_and_of_people_does_not_matter() -> None:
    votes, _ = _simulated(np.stack([_table(0.9), _table(0.6), _table(0.7)]), 60, seed=9, share=0.7)
    triples = [
        (votes.items[i], votes.raters[r], votes.classes[v])
        for i, r, v in zip(votes.item, votes.rater, votes.value, strict=True)
    ]
    shuffled = [triples[at] for at in np.random.default_rng(0).permutation(len(triples))]
    again = votes_from([(item, 7 - rater, word) for item, rater, word in shuffled], THREE, items=range(60))
    one, other = dawid_skene(votes), dawid_skene(again)
    np.testing.assert_allclose(one.probabilities, other.probabilities, atol=1e-9)
    np.testing.assert_allclose(one.confusion, other.confusion[::-1], atol=1e-9)


def test_wrong_requests_are_refused() -> None:
    votes = votes_from([(1, 1, "real")], ("bogus", "real"))
    with pytest.raises(ConfigurationError, match="majority, dawid-skene"):
        consensus(votes, "loudest")
    for options in ({"smoothing": 0}, {"trust": -1}):
        with pytest.raises(ConfigurationError, match="positive"):
            dawid_skene(votes, **options)
    with pytest.raises(InputError, match="none of bogus, real"):
        majority(votes, {1: "asteroid"})
    with pytest.raises(InputError, match="none of bogus, real"):
        votes_from([(1, 1, "asteroid")], ("bogus", "real"))
