"""The learning rate over time."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.training.configuration import TrainingConfig
from skysieve.training.schedule import learning_rate_at

COSINE = TrainingConfig(epochs=20, learning_rate=0.1, schedule="cosine", warmup_epochs=4)


def test_constant() -> None:
    config = TrainingConfig(epochs=3, learning_rate=0.1)
    assert [learning_rate_at(t, config) for t in (0, 1.5, 3)] == [0.1, 0.1, 0.1]


def test_cosine_after_warm_up() -> None:
    assert learning_rate_at(0, COSINE) == 0
    assert learning_rate_at(4, COSINE) == pytest.approx(0.1)
    assert learning_rate_at(12, COSINE) == pytest.approx(0.05)
    assert learning_rate_at(20, COSINE) == pytest.approx(0)


@given(st.floats(0, 20), st.floats(0, 20))
def test_rises_in_the_warm_up_and_falls_after_it(first: float, second: float) -> None:
    earlier, later = (learning_rate_at(t, COSINE) for t in sorted((first, second)))
    assert 0 <= earlier <= 0.1
    if max(first, second) <= 4:
        assert earlier <= later
    if min(first, second) >= 4:
        assert earlier >= later


def test_inverse_time_is_the_decay_of_keras() -> None:
    # Keras divides by 1 + decay * step; here the decay is that of an epoch, of 5000 steps for instance.
    config = TrainingConfig(epochs=40, learning_rate=0.005, schedule="inverse-time", decay=1e-6 * 5000)
    assert learning_rate_at(0, config) == 0.005
    assert learning_rate_at(12.5, config) == pytest.approx(0.005 / (1 + 1e-6 * 12.5 * 5000))
