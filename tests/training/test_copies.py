"""Copies of rare classes: the published rule, and what goes with a copied sample."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import ConfigurationError
from skysieve.training.configuration import TrainingConfig
from skysieve.training.copies import copies_per_class, with_copies
from skysieve.training.examples import Examples


@given(st.lists(st.integers(1, 30_000), min_size=2, max_size=5))
def test_the_rule_of_night_sky_net(counts: list[int]) -> None:
    found = copies_per_class(np.repeat(np.arange(len(counts)), counts), aim=10_000, most=25)
    assert found.tolist() == [max(1, min(25, round(10_000 / count))) for count in counts]


def test_a_class_without_samples_does_no_harm() -> None:
    assert copies_per_class(np.array([0, 2]), aim=10, most=25).tolist() == [10, 1, 10]


def test_weights_votes_and_rows_go_with_a_sample() -> None:
    inputs = np.arange(4, dtype=np.float32)[:, None]
    votes = np.eye(2, dtype=np.float32)[[0, 1, 0]]
    examples = Examples(inputs, np.array([0, 1, 0]), np.array([1.0, 2.0, 3.0]), np.array([3, 1, 0]), votes)
    copied = with_copies(examples, TrainingConfig(copies=4))
    assert copied.labels.tolist() == [0, 0, 1, 1, 1, 1, 0, 0]
    assert copied.weights.tolist() == [1, 1, 2, 2, 2, 2, 3, 3]
    assert copied.batch(np.arange(8))[:, 0].tolist() == [3, 3, 1, 1, 1, 1, 0, 0]
    assert copied.targets.argmax(1).tolist() == copied.labels.tolist()
    assert copied.inputs is examples.inputs


def test_none_by_default() -> None:
    examples = Examples(np.zeros((3, 1)), np.array([0, 0, 1]))
    assert with_copies(examples, TrainingConfig()) is examples


@pytest.mark.parametrize("settings", [{"copies": -1}, {"most_copies": 0}])
def test_settings_that_make_no_sense(settings: dict[str, int]) -> None:
    with pytest.raises(ConfigurationError, match="copies"):
        TrainingConfig(**settings)
