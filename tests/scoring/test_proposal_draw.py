"""Draws: nobody twice, groups within their limit, weights that restore the pool."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skysieve.scoring.proposal_bins import cells_of
from skysieve.scoring.proposal_draw import Drawing, reweigh

bins = st.lists(st.lists(st.booleans(), min_size=60, max_size=60), min_size=0, max_size=4)


@settings(deadline=None)
@given(bins, st.integers(0, 99), st.one_of(st.none(), st.integers(1, 3)), st.integers(1, 30))
def test_weights_sum_to_the_cells_that_were_reached(
    inside: list[list[bool]], seed: int, per_group: int | None, count: int
) -> None:
    membership = np.array(inside, dtype=bool).reshape(-1, 60)
    groups = np.random.default_rng(seed).integers(0, 20, 60)
    drawing = Drawing(groups, seed, per_group)
    drawing.draw("random", np.ones(60, dtype=bool), count)
    for number, each in enumerate(membership):
        before = set(drawing.chosen)
        drawn = drawing.draw(f"bin:{number}", each, count)
        free = each & drawing.eligible
        free[list(before)] = False
        assert drawn == min(count, free.sum())
        assert each[drawing.rows[len(before) :]].all()
    cells = cells_of(membership)
    weights = reweigh(drawing.rows, cells, groups, per_group)
    assert len(set(drawing.chosen)) == len(drawing.chosen)
    assert per_group is None or np.bincount(groups[drawing.rows]).max() <= per_group
    assert (weights > 0).all()
    reached = np.unique(cells[drawing.rows])
    assert weights.sum() == pytest.approx(np.isin(cells, reached).sum())
    for cell in reached:
        assert weights[cells[drawing.rows] == cell].sum() == pytest.approx((cells == cell).sum())


@pytest.mark.parametrize("per_group", [None, 2])
def test_weighted_shares_are_those_of_the_pool_on_average(per_group: int | None) -> None:
    generator = np.random.default_rng(0)
    score = generator.random(400)
    groups = np.minimum(generator.integers(0, 300, 400), 250)
    truth = generator.random(400) < np.where(score > 0.9, 0.8, 0.05)
    membership = np.array([score > 0.9, score > 0.8, score <= 0.8])
    weighted, plain = [], []
    for seed in range(400):
        drawing = Drawing(groups, seed, per_group)
        drawing.draw("random", np.ones(400, dtype=bool), 20)
        for each in membership:
            drawing.draw("bin", each, 15)
        weights = reweigh(drawing.rows, cells_of(membership), groups, per_group)
        weighted.append(np.average(truth[drawing.rows], weights=weights))
        plain.append(truth[drawing.rows].mean())
    error = np.std(weighted) / 20
    # With a limit a group the estimate is a ratio, which is unbiased to first order only.
    assert np.mean(weighted) == pytest.approx(truth.mean(), abs=4 * error + (0.01 if per_group else 0))
    assert np.mean(plain) > truth.mean() + 0.1


def test_picks_go_from_the_top_and_respect_groups_and_what_was_drawn() -> None:
    drawing = Drawing(np.array(list("aabbc")), seed=3, per_group=1)
    assert drawing.draw("random", np.array([False, False, False, False, True]), 5) == 1
    assert drawing.pick("uncertainty", np.array([0.1, 0.9, 0.8, 0.7, 1.0]), 5) == 2
    assert drawing.rows.tolist() == [4, 1, 2]
    assert drawing.ranks == [1, 1, 2]


def test_ties_do_not_go_by_the_order_of_rows() -> None:
    picked = set()
    for seed in range(20):
        drawing = Drawing(np.arange(10), seed)
        drawing.pick("uncertainty", np.ones(10), 1)
        picked |= set(drawing.chosen)
    assert len(picked) > 3


def test_draws_are_seeded() -> None:
    def chosen(seed: int) -> list[int]:
        drawing = Drawing(np.arange(100), seed)
        drawing.draw("random", np.ones(100, dtype=bool), 10)
        return drawing.chosen

    assert chosen(1) == chosen(1) != chosen(2)
