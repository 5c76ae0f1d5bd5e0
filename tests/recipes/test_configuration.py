"""Settings out of their limits are refused before anything is computed."""

from __future__ import annotations

from typing import Any

import pytest

from skysieve.configuration import override
from skysieve.errors import ConfigurationError
from skysieve.recipes.configuration import Configuration


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("evaluation.replicates", 1),
        ("evaluation.prevalence", 1.5),
        ("evaluation.prevalence", 0.0),
        ("threshold.value", 7),
        ("threshold.value", -0.1),
        ("threshold.value", float("nan")),
        ("network.members", 0),
        ("splits.folds", 2),
    ],
)
def test_a_setting_out_of_its_limits_is_named(name: str, value: Any) -> None:
    with pytest.raises(ConfigurationError, match=rf"^{name} is .*found {value}"):
        override(Configuration(), {name: value})


@pytest.mark.parametrize(
    ("name", "value"),
    [("evaluation.replicates", 2), ("evaluation.prevalence", 0.05), ("threshold.value", 1.0)],
)
def test_settings_at_their_limits_are_taken(name: str, value: Any) -> None:
    override(Configuration(), {name: value})
