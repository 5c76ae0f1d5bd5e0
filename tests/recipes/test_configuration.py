"""Settings out of their limits are refused before anything is computed."""

from __future__ import annotations

from typing import Any

import pytest

from skysieve.configuration import override, parse_assignments
from skysieve.errors import ConfigurationError
from skysieve.recipes.configuration import Configuration, EvaluationConfig


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


def test_true_shares_are_of_classes_that_there_are() -> None:
    classes = ("spiral", "elliptical", "merger")
    settings = override(Configuration(), parse_assignments(["evaluation.prevalences.merger=0.003"]))
    assert settings.evaluation.true_shares(classes) == {"merger": 0.003}
    assert Configuration().evaluation.true_shares(classes) == {}
    with pytest.raises(ConfigurationError, match="'merger', which there is not"):
        settings.evaluation.true_shares(("bogus", "real"))
    with pytest.raises(ConfigurationError, match=r"prevalences\.merger=0\.05"):
        EvaluationConfig(prevalence=0.05).true_shares(classes)


@pytest.mark.parametrize("share", [0, 1.0, "many", True])
def test_true_shares_are_shares(share: Any) -> None:
    with pytest.raises(ConfigurationError, match="shares between 0 and 1; found"):
        EvaluationConfig(prevalences={"merger": share})
    with pytest.raises(ConfigurationError, match="keep one"):
        EvaluationConfig(prevalence=0.1, prevalences={"real": 0.1})
