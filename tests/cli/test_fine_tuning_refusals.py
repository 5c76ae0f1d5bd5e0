"""Wrong calls of ``skysieve finetune`` and ``skysieve transfer`` end before anything is trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from skysieve.cli.application import application
from skysieve.errors import SkysieveError
from skysieve.samples import Description, SampleSet, TensorColumn


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Return samples with the classes of braai in the other order."""
    columns = {
        "id": np.arange(4),
        "group": np.arange(4),
        "label": np.array([0, 1, 0, 1]),
        "cutouts": np.zeros((4, 3, 63, 63), dtype=np.float32),
    }
    layout = TensorColumn((3, 63, 63), channels=("science", "template", "difference"))
    samples = SampleSet.from_columns(columns, Description({"cutouts": layout}, ("real", "bogus")))
    return samples.write(tmp_path / "target.parquet")


def call(*words: object) -> str:
    """Return the message of the error that a call ends in."""
    found = CliRunner().invoke(application, list(map(str, words)))
    assert isinstance(found.exception, SkysieveError | SystemExit)
    return str(found.exception) if isinstance(found.exception, SkysieveError) else found.output


@pytest.mark.parametrize("verb", ["finetune", "transfer"])
def test_unlike_classes_are_told_with_both_sides(verb: str, target: Path, tmp_path: Path) -> None:
    message = call(verb, "braai-weak", target, "-o", tmp_path / "run")
    assert "real, bogus, the model braai-weak has bogus, real, in this order" in message
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--strategy", "heads"), "'heads' is no strategy of fine-tuning; give head, last-blocks:2"),
        (("--strategy", "last-blocks:9"), "the network has 5 before its head: conv1 (448 parameters)"),
        (("--features", "disk"), "needs a frozen network behind the head, found the strategy 'whole'"),
        (("--set", "training.epoch=3"), "did you mean 'training.epochs'?"),
    ],
)
def test_wrong_settings_are_refused(
    words: tuple[str, ...], message: str, target: Path, tmp_path: Path
) -> None:
    assert message in call("finetune", "braai-weak", target, "-o", tmp_path / "run", *words)


def test_run_folder_is_asked_for(target: Path) -> None:
    assert "name the run folder" in call("finetune", "braai-weak", target)


def test_sieve_is_refused_with_its_members(target: Path, tmp_path: Path) -> None:
    message = call("transfer", "streaks", target, "-o", tmp_path)
    assert "a sieve of several models; fine-tune one of them: streaks/rb-1" in message
