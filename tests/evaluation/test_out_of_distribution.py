"""Scores of strangeness against scipy, scikit-learn and closed forms."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import special
from scipy.spatial import distance
from sklearn.covariance import LedoitWolf
from sklearn.metrics import roc_auc_score, roc_curve

from skysieve.errors import SampleSetError
from skysieve.evaluation.out_of_distribution import (
    Mahalanobis,
    NearestOfTraining,
    energy_score,
    max_softmax_score,
    separation,
)

LOGITS = hnp.arrays(np.float64, (6, 3), elements=st.floats(-30, 30))


@given(LOGITS)
def test_scores_of_logits(logits: np.ndarray) -> None:
    np.testing.assert_allclose(max_softmax_score(logits), 1 - special.softmax(logits, 1).max(1))
    np.testing.assert_allclose(energy_score(logits), -np.log(np.exp(logits).sum(1)), rtol=1e-9, atol=1e-12)


@given(hnp.arrays(np.float64, (8, 1), elements=st.floats(-12, 12).map(lambda x: round(x, 2))))
def test_a_single_logit_orders_alike_in_both(logits: np.ndarray) -> None:
    by_softmax, by_energy = max_softmax_score(logits), energy_score(logits)
    np.testing.assert_allclose(by_softmax, special.expit(-np.abs(logits[:, 0])), atol=1e-12)
    order = np.argsort(by_softmax, kind="stable")
    assert (np.diff(by_energy[order]) >= -1e-9).all()


def test_mahalanobis_is_that_of_scipy_to_the_nearest_class() -> None:
    rng = np.random.default_rng(1)
    labels = np.arange(200) % 2
    points = rng.normal(size=(200, 3)) @ np.diag([1, 2, 0.5]) + 4 * labels[:, None]
    known, new = Mahalanobis.fit(points, labels), rng.normal(size=(5, 3)) * 3
    centred = points - known.means[labels]
    inverse = np.linalg.inv(LedoitWolf(assume_centered=True).fit(centred).covariance_)
    expected = [min(distance.mahalanobis(point, mean, inverse) for mean in known.means) for point in new]
    np.testing.assert_allclose(known.score(new), expected, rtol=1e-6)


def test_neighbours_are_those_of_brute_force() -> None:
    rng = np.random.default_rng(2)
    training, new = rng.normal(size=(60, 4)), rng.normal(size=(7, 4))
    unit = [each / np.linalg.norm(each, axis=1, keepdims=True) for each in (training, new)]
    expected = np.sort(distance.cdist(unit[1], unit[0]), axis=1)[:, 4]
    np.testing.assert_allclose(NearestOfTraining.fit(training, k=5).score(new), expected)
    assert NearestOfTraining.fit(training, k=1000).k == 60


def test_an_embedding_of_zeros_is_no_error() -> None:
    assert np.isfinite(NearestOfTraining.fit(np.eye(3), k=1).score(np.zeros((1, 3)))).all()


def test_separation_is_complete_or_none() -> None:
    ids = np.arange(40)
    apart = separation(ids, ids + 40, inside_groups=ids, outside_groups=ids, seed=1, replicates=20)
    assert (apart["auroc"].value, apart["fpr_at_95"].value) == (1, 0)
    same = separation(ids, ids, inside_groups=ids, outside_groups=ids, seed=1, replicates=20)
    assert same["auroc"].value == pytest.approx(0.5)
    assert same["auroc"].low < 0.5 < same["auroc"].high


@settings(max_examples=25)
@given(st.integers(0, 10**6))
def test_separation_is_that_of_scikit_learn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    inside, outside = rng.normal(0, 1, 45).round(1), rng.normal(1, 1, 30).round(1)
    found = separation(
        inside, outside, inside_groups=np.arange(45), outside_groups=np.arange(30), seed=1, replicates=2
    )
    truth, scores = np.repeat([0, 1], [45, 30]), np.concatenate([inside, outside])
    assert found["auroc"].value == pytest.approx(roc_auc_score(truth, scores))
    fpr, tpr, _ = roc_curve(truth, scores, drop_intermediate=False)
    assert found["fpr_at_95"].value == pytest.approx(fpr[(tpr >= 0.95).argmax()])


@pytest.mark.parametrize("embeddings", [np.zeros(3), np.full((2, 2), np.nan)])
def test_embeddings_are_finite_rows(embeddings: Any) -> None:
    with pytest.raises(SampleSetError):
        NearestOfTraining.fit(embeddings)
