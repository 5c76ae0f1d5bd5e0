"""Settings of a run: defaults, limits, and the way through JSON."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from skysieve.configuration import as_dict, from_dict, override
from skysieve.errors import ConfigurationError
from skysieve.training.configuration import AugmentationConfig, TrainingConfig


def test_defaults_are_those_of_braai() -> None:
    config = TrainingConfig()
    assert (config.epochs, config.batch_size, config.learning_rate) == (200, 64, 3e-4)
    assert (config.betas, config.patience, config.seed) == ((0.9, 0.999), 50, 42)
    assert config.augmentation == AugmentationConfig(flips=True, rotations=False)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("epochs", 0),
        ("epochs", 2.5),
        ("epochs", True),
        ("batch_size", 0),
        ("learning_rate", 0.0),
        ("learning_rate", float("nan")),
        ("learning_rate", float("inf")),
        ("betas", (0.9, 1.0)),
        ("betas", (0.9,)),
        ("weight_decay", -1e-4),
        ("optimizer", "rmsprop"),
        ("momentum", 1.0),
        ("decay", -1e-6),
        ("schedule", "step"),
        ("monitor", "training_loss"),
        ("class_weights", "auto"),
        ("precision", "float16"),
        ("patience", 0),
        ("warmup_epochs", 200),
        ("warmup_epochs", -1),
        ("seed", -1),
        ("threads", 0),
        ("label_smoothing", 1.0),
        ("focal_gamma", 3.0),
    ],
)
def test_value_out_of_limits_names_the_setting(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=f"'{name}'"):
        TrainingConfig(**{name: value})


@pytest.mark.parametrize(
    "values", [{"focal_gamma": -1.0}, {"focal_gamma": float("nan")}, {"label_smoothing": 0.1}]
)
def test_what_focal_loss_cannot_be(values: dict[str, float]) -> None:
    assert TrainingConfig(loss="focal", focal_gamma=0.5).focal_gamma == 0.5
    with pytest.raises(ConfigurationError, match=f"'{next(iter(values))}'"):
        TrainingConfig(loss="focal", **values)  # type: ignore[arg-type]


def test_overrides_and_json() -> None:
    config = override(TrainingConfig(), {"augmentation.rotations": True, "betas": [0.5, 0.9], "threads": 1})
    assert config.augmentation.rotations
    assert from_dict(TrainingConfig, as_dict(config)) == config
    with pytest.raises(ConfigurationError, match="'learning_rate'"):
        override(config, {"learning_rat": 1.0})


def test_needs_no_torch() -> None:
    code = "import sys, skysieve.training.configuration; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
