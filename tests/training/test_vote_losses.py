"""Losses on votes and on sets of classes, against scipy and closed forms; a network learns from them."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import special
from scipy.stats import dirichlet_multinomial

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.networks import build_network
from skysieve.training.configuration import TrainingConfig
from skysieve.training.examples import Examples
from skysieve.training.fit import fit
from skysieve.training.losses import sample_losses
from skysieve.training.predict import predict_logits
from skysieve.training.vote_losses import (
    check_targets,
    dirichlet_multinomial_losses,
    partial_label_losses,
    soft_cross_entropy_losses,
)

torch.set_num_threads(1)

LOGITS = hnp.arrays(np.float64, (5, 3), elements=st.floats(-8, 8))
COUNTS = hnp.arrays(np.int64, (5, 3), elements=st.integers(0, 60)).filter(lambda x: (x.sum(1) > 0).all())


@given(LOGITS, COUNTS)
def test_dirichlet_multinomial_equals_scipy(logits: Any, counts: Any) -> None:
    found = dirichlet_multinomial_losses(torch.from_numpy(logits), torch.from_numpy(counts)).numpy()
    expected = [
        -dirichlet_multinomial.logpmf(n, np.exp(z), n.sum()) for z, n in zip(logits, counts, strict=True)
    ]
    np.testing.assert_allclose(found, expected, rtol=2e-5, atol=2e-5)


@given(LOGITS, COUNTS)
def test_its_gradient_is_that_of_the_digamma_formula(logits: Any, counts: Any) -> None:
    given_logits = torch.from_numpy(logits).requires_grad_()
    dirichlet_multinomial_losses(given_logits, torch.from_numpy(counts)).sum().backward()
    alphas = np.exp(logits)
    total, counted = alphas.sum(1, keepdims=True), counts.sum(1, keepdims=True)
    slope = special.digamma(total + counted) - special.digamma(total)
    slope = slope - special.digamma(alphas + counts) + special.digamma(alphas)
    assert given_logits.grad is not None
    np.testing.assert_allclose(given_logits.grad.numpy(), slope * alphas, rtol=1e-6, atol=1e-6)


def test_all_outcomes_together_are_certain() -> None:
    votes = torch.tensor([[a, b, 4.0 - a - b] for a in range(5) for b in range(5 - a)])
    losses = dirichlet_multinomial_losses(torch.tensor([[0.3, -1.0, 2.0]]).expand(len(votes), 3), votes)
    assert (-losses).exp().sum().item() == pytest.approx(1, abs=1e-5)


def test_logits_beyond_reason_stay_finite() -> None:
    logits = torch.tensor([[90.0, -90.0, 0.0]], requires_grad=True)
    loss = dirichlet_multinomial_losses(logits, torch.tensor([[0.0, 3.0, 1.0]])).sum()
    loss.backward()  # type: ignore[no-untyped-call]
    assert math.isfinite(loss.item())
    assert logits.grad is not None
    assert bool(torch.isfinite(logits.grad).all())


@given(LOGITS, st.lists(st.integers(0, 2), min_size=5, max_size=5))
def test_certain_votes_are_labels(logits: Any, labels: list[int]) -> None:
    one_hot = torch.from_numpy(np.eye(3)[labels])
    expected = sample_losses(torch.from_numpy(logits), torch.tensor(labels))
    for losses in (soft_cross_entropy_losses, partial_label_losses):
        torch.testing.assert_close(losses(torch.from_numpy(logits), one_hot), expected, atol=1e-5, rtol=1e-5)


@given(st.floats(-20, 20), st.floats(0, 1), st.integers(1, 50))
def test_a_single_logit_sees_shares_whatever_their_number(logit: float, share: float, votes: int) -> None:
    target = torch.tensor([[1 - share, share]]) * votes
    (found,) = soft_cross_entropy_losses(torch.tensor([[logit]]), target).tolist()
    expected = share * math.log1p(math.exp(-logit)) + (1 - share) * math.log1p(math.exp(logit))
    assert found == pytest.approx(expected, rel=1e-4, abs=1e-5)


@given(LOGITS, hnp.arrays(np.bool_, (5, 3)).filter(lambda x: x.any(1).all()))
def test_partial_labels_cost_the_probability_that_is_ruled_out(logits: Any, allowed: Any) -> None:
    found = partial_label_losses(torch.from_numpy(logits), torch.from_numpy(allowed.astype(float))).numpy()
    kept = (special.softmax(logits, axis=1) * allowed).sum(1)
    np.testing.assert_allclose(np.exp(-found), kept, rtol=1e-4, atol=1e-6)
    assert (found >= 0).all()


TEN = Examples(np.zeros((2, 1, 4, 4), np.float32), np.array([0, 1]))
VOTES = np.array([[3, 1, 0], [0, 4, 2]], dtype=np.float32)


@pytest.mark.parametrize(
    ("targets", "outputs", "loss", "error", "message"),
    [
        (VOTES[:, :2], 1, "dirichlet-multinomial", ConfigurationError, "an output a class"),
        (None, 3, "partial", SampleSetError, "needs votes or allowed classes"),
        (VOTES, 4, "soft-cross-entropy", SampleSetError, "votes on 3 classes, expected 4"),
        (VOTES * [[1], [0]], 3, "partial", SampleSetError, "1 samples .* the first is number 1"),
    ],
)
def test_targets_that_do_not_fit(
    targets: Any, outputs: int, loss: str, error: type[Exception], message: str
) -> None:
    examples = dataclasses.replace(TEN, targets=None if targets is None else targets.astype(np.float32))
    with pytest.raises(error, match=message):
        check_targets(examples, outputs, loss, "training")


@pytest.mark.parametrize("votes", [[[-1, 2]], [[np.nan, 2]]])
def test_votes_are_not_negative(votes: Any) -> None:
    with pytest.raises(SampleSetError, match="finite and not negative"):
        Examples(np.zeros((1, 4)), np.array([0]), targets=np.array(votes, np.float32))
    with pytest.raises(SampleSetError, match="2 examples have votes of shape"):
        dataclasses.replace(TEN, targets=np.array(votes, np.float32))


def test_a_network_learns_the_shares_of_votes(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    kinds = rng.integers(0, 2, 160)
    shares = np.array([[0.7, 0.2, 0.1], [0.2, 0.2, 0.6]])
    votes = np.array([rng.multinomial(40, shares[kind]) for kind in kinds], dtype=np.float32)
    images = rng.normal(size=(160, 1, 16, 16)).astype(np.float32) + 2 * kinds[:, None, None, None]
    examples = Examples(images.astype(np.float32), votes.argmax(1), targets=votes)
    train, validation = examples.take(np.arange(120)), examples.take(np.arange(120, 160))
    assert train.targets is not None
    np.testing.assert_array_equal(train.targets, votes[:120])
    config = TrainingConfig(
        epochs=12, batch_size=16, learning_rate=0.01, device="cpu", precision="float32", threads=1,
        loss="dirichlet-multinomial",
    )  # fmt: skip
    torch.manual_seed(1)
    network = build_network("compact", shape=(1, 16, 16), outputs=3)
    result = fit(network, train, validation, config, tmp_path, progress=False)
    assert result.history[-1].validation_loss < result.history[0].validation_loss
    found = special.softmax(predict_logits(result.network, images[120:]), axis=1)
    for kind in (0, 1):
        np.testing.assert_allclose(found[kinds[120:] == kind].mean(0), shares[kind], atol=0.12)
    other = dataclasses.replace(config, loss="soft-cross-entropy")
    torch.manual_seed(1)
    with pytest.raises(ConfigurationError, match="loss was"):
        fit(build_network("compact", shape=(1, 16, 16), outputs=3), train, validation, other, tmp_path)


def test_smoothing_belongs_to_cross_entropy() -> None:
    with pytest.raises(ConfigurationError, match=r"label_smoothing.*0 for the loss 'partial'"):
        TrainingConfig(loss="partial", label_smoothing=0.1)
