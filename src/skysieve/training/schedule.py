"""The learning rate as a function of the time since the start."""

from __future__ import annotations

import math

from skysieve.training.configuration import TrainingConfig

__all__ = ["learning_rate_at"]


def learning_rate_at(epochs: float, config: TrainingConfig) -> float:
    """Return the learning rate after a number of epochs, whole or not.

    It depends on nothing else, so a resumed run needs no memory of it.

    Parameters
    ----------
    epochs : float
        Time since the start; 1.5 is the middle of the second epoch.
    config : TrainingConfig
        Gives ``learning_rate``, ``schedule``, ``decay``, ``warmup_epochs`` and ``epochs``.

    Examples
    --------
    >>> config = TrainingConfig(epochs=12, learning_rate=1.0, schedule="cosine", warmup_epochs=2)
    >>> [round(learning_rate_at(t, config), 3) for t in (0.5, 1, 2, 7, 12)]
    [0.25, 0.5, 1.0, 0.5, 0.0]
    """
    if epochs < config.warmup_epochs:
        return config.learning_rate * epochs / config.warmup_epochs
    if config.schedule == "constant":
        return config.learning_rate
    if config.schedule == "inverse-time":
        return config.learning_rate / (1 + config.decay * (epochs - config.warmup_epochs))
    passed = (epochs - config.warmup_epochs) / (config.epochs - config.warmup_epochs)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * min(passed, 1.0)))
