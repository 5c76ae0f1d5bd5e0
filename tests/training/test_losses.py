"""Losses against their formulas, class weights against scikit-learn."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import log_loss
from sklearn.utils.class_weight import compute_class_weight

from skysieve.errors import SampleSetError
from skysieve.training.examples import Examples
from skysieve.training.losses import check_labels, class_balance, sample_losses, training_weights


@given(st.floats(-30, 30), st.integers(0, 1), st.floats(0, 0.5))
def test_binary_loss(logit: float, label: int, smoothing: float) -> None:
    target = label * (1 - smoothing) + smoothing / 2
    expected = target * math.log1p(math.exp(-logit)) + (1 - target) * math.log1p(math.exp(logit))
    (found,) = sample_losses(torch.tensor([[logit]]), torch.tensor([label]), smoothing).tolist()
    assert found == pytest.approx(expected, rel=1e-5, abs=1e-6)


def test_multiclass_loss_equals_scikit_learn() -> None:
    generator = np.random.default_rng(0)
    logits, labels = generator.normal(size=(50, 4)), generator.integers(0, 4, 50)
    found = sample_losses(torch.from_numpy(logits), torch.from_numpy(labels)).mean().item()
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert found == pytest.approx(log_loss(labels, probabilities, labels=range(4)), rel=1e-5)


def test_half_precision_logits_are_not_rounded_further() -> None:
    logits = torch.tensor([[3.0]], dtype=torch.bfloat16)
    assert sample_losses(logits, torch.tensor([1])).item() == pytest.approx(
        math.log1p(math.exp(-3)), rel=1e-6
    )


@given(st.floats(-15, 15), st.integers(0, 1), st.floats(0.1, 5))
def test_focal_loss_of_one_output_is_the_published_formula(logit: float, label: int, gamma: float) -> None:
    right = 1 / (1 + math.exp(-logit if label else logit))
    expected = -((1 - right) ** gamma) * math.log(right)
    (found,) = sample_losses(torch.tensor([[logit]]), torch.tensor([label]), focal_gamma=gamma).tolist()
    assert found == pytest.approx(expected, rel=1e-4, abs=3e-6)


@pytest.mark.parametrize("gamma", [0.5, 1.0, 2.0, 5.0])
def test_focal_loss_of_several_classes_is_the_published_formula(gamma: float) -> None:
    generator = np.random.default_rng(1)
    logits, labels = generator.normal(size=(50, 4), scale=3), generator.integers(0, 4, 50)
    right = (np.exp(logits) / np.exp(logits).sum(1, keepdims=True))[np.arange(50), labels]
    found = sample_losses(torch.from_numpy(logits), torch.from_numpy(labels), focal_gamma=gamma)
    np.testing.assert_allclose(found.numpy(), -((1 - right) ** gamma) * np.log(right), rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("outputs", [1, 3])
def test_focal_loss_of_gamma_zero_is_cross_entropy_to_the_last_bit(outputs: int) -> None:
    generator = torch.Generator().manual_seed(0)
    logits = 5 * torch.randn(64, outputs, generator=generator)
    labels = torch.arange(64) % 2
    assert torch.equal(sample_losses(logits, labels, focal_gamma=0), sample_losses(logits, labels))


@pytest.mark.parametrize("gamma", [0.5, 2.0])
@pytest.mark.parametrize("logit", [-200.0, 0.0, 200.0])
def test_focal_loss_has_a_slope_where_a_sample_is_certain(gamma: float, logit: float) -> None:
    logits = torch.tensor([[logit]]).requires_grad_()
    sample_losses(logits, torch.tensor([1]), focal_gamma=gamma).sum().backward()  # type: ignore[no-untyped-call]
    assert logits.grad is not None
    assert bool(torch.isfinite(logits.grad).all())
    assert (logits.grad < 0).all() == (logit < 100)


def test_class_balance_equals_scikit_learn() -> None:
    labels = np.array([0] * 3 + [1] * 17 + [2] * 80)
    expected = compute_class_weight("balanced", classes=np.arange(3), y=labels)
    np.testing.assert_allclose(class_balance(labels, np.ones(100), 3), expected)


def test_balanced_classes_count_the_same_whatever_the_sample_weights() -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 3, 90) // 2
    examples = Examples(np.zeros((90, 1)), labels, generator.random(90))
    weights = training_weights(examples, outputs=1, balanced=True)
    assert weights.mean() == pytest.approx(1)
    totals = np.bincount(labels, weights)
    assert totals[0] == pytest.approx(totals[1], rel=1e-5)


def test_absent_class_does_no_harm() -> None:
    examples = Examples(np.zeros((3, 1)), np.array([0, 2, 2]))
    np.testing.assert_allclose(training_weights(examples, outputs=3, balanced=True), [1.5, 0.75, 0.75])


@pytest.mark.parametrize(
    ("labels", "weights", "outputs", "message"),
    [
        ([1, 1], None, 1, "all 2 training samples are of class 1"),
        ([0, 1], [1.0, 0.0], 1, "all 1 training samples are of class 0"),
        ([0, 1, 2], None, 1, "label 2, but a network of 1 outputs takes labels 0 to 1"),
        ([0, 3], None, 3, "label 3"),
        ([], None, 1, "no samples"),
        ([0, 1], [0.0, 0.0], 1, "weights of the training split are zero"),
    ],
)
def test_labels_that_do_not_fit(labels: list[int], weights: Any, outputs: int, message: str) -> None:
    given_weights = None if weights is None else np.array(weights)
    examples = Examples(np.zeros((len(labels), 1)), np.array(labels, dtype=np.int64), given_weights)
    with pytest.raises(SampleSetError, match=message):
        check_labels(examples, outputs, "training")


def test_one_class_is_enough_for_validation() -> None:
    check_labels(Examples(np.zeros((2, 1)), np.array([1, 1])), 1, "validation")
