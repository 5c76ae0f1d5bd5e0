"""Overriding a configuration: what is set is used, and nothing is ignored."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.configuration import as_dict, flatten, from_dict, override, parse_assignments, read_toml
from skysieve.errors import ConfigurationError


@dataclass(frozen=True)
class Training:
    epochs: int = 200
    rate: float = 3e-4
    betas: tuple[float, float] = (0.9, 0.999)
    precision: Literal["auto", "float32"] = "auto"
    threads: int | None = None
    flips: bool = True
    steps: tuple[str, ...] = ("fill",)


@dataclass(frozen=True)
class Recipe:
    training: Training = field(default_factory=Training)
    name: str = "braai"


def test_dotted_and_nested_keys_mean_the_same() -> None:
    dotted = override(Recipe(), {"training.epochs": 5, "training.rate": 1})
    nested = override(Recipe(), {"training": {"epochs": 5, "rate": 1.0}})
    assert dotted == nested
    assert dotted.training.epochs == 5
    assert isinstance(dotted.training.rate, float)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("training.epoch", 5, "did you mean 'training.epochs'"),
        ("epochs", 5, "did you mean 'training.epochs'"),
        ("trainig", {}, "no setting is called 'trainig'; did you mean 'training'"),
        ("training", 5, "group of settings"),
        ("training.epochs", 2.5, "takes int"),
        ("training.epochs", True, "takes int"),
        ("training.epochs", "many", "takes int"),
        ("training.flips", 1, "takes bool"),
        ("training.betas", [0.9], "takes tuple"),
        ("training.betas", [0.9, "x"], "takes float"),
        ("training.precision", "float64", "one of 'auto', 'float32'"),
        ("training.threads", "two", "takes int"),
    ],
)
def test_unknown_keys_and_wrong_types_are_errors(key: str, value: object, message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        override(Recipe(), {key: value})


def test_optional_values_can_be_set_and_unset() -> None:
    two = override(Recipe(), {"training.threads": 2})
    assert two.training.threads == 2
    assert override(two, {"training.threads": None}).training.threads is None
    assert override(two, parse_assignments(["training.threads=none"])).training.threads is None


@given(st.integers(1, 999), st.floats(1e-6, 1), st.booleans(), st.lists(st.sampled_from("abc"), max_size=3))
def test_what_is_written_reads_back(epochs: int, rate: float, flips: bool, steps: list[str]) -> None:
    recipe = Recipe(Training(epochs=epochs, rate=rate, flips=flips, steps=tuple(steps)))
    assert from_dict(Recipe, as_dict(recipe)) == recipe
    assert override(Recipe(), flatten(recipe)) == recipe


def test_a_toml_file_overrides(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    path.write_text('name = "x"\n[training]\nepochs = 3\n')
    recipe = override(Recipe(), read_toml(path))
    assert (recipe.name, recipe.training.epochs) == ("x", 3)


def test_a_bad_toml_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "run.toml"
    with pytest.raises(ConfigurationError, match="cannot be read"):
        read_toml(path)
    path.write_text("epochs = = 3")
    with pytest.raises(ConfigurationError, match=r"run\.toml: is not TOML"):
        read_toml(path)


@pytest.mark.parametrize("assignment", ["epochs", "=3"])
def test_an_assignment_needs_key_and_value(assignment: str) -> None:
    with pytest.raises(ConfigurationError, match="key=value"):
        parse_assignments([assignment])


def test_setting_a_key_twice_is_an_error() -> None:
    with pytest.raises(ConfigurationError, match="set twice"):
        parse_assignments(["a=1", "a=2"])
