"""Resumption after a kill, and checkpoints that cannot be used."""

from __future__ import annotations

import pickle
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch

from skysieve.errors import ModelError
from skysieve.training.checkpoint import RunState, load_checkpoint, save_checkpoint
from skysieve.training.history import EpochRecord
from skysieve.training.identity import Identity

SCRIPT = """
import os, signal, sys
import numpy as np, torch
from skysieve.networks import build_network
from skysieve.training.configuration import TrainingConfig
from skysieve.training.examples import Examples
from skysieve.training.fit import fit

folder, die_at, precision = sys.argv[1], int(sys.argv[2]), sys.argv[3]
generator = np.random.default_rng(0)
labels = np.arange(120) % 2
inputs = (generator.normal(size=(120, 1, 20, 20)) + 0.2 * labels[:, None, None, None]).astype(np.float32)
examples = Examples(inputs, labels)
calls = 0

def preprocess(samples):
    global calls
    calls += 1
    if calls == die_at:
        os.kill(os.getpid(), signal.SIGKILL)
    return samples * 0.5

torch.manual_seed(0)
network = build_network("{name}", shape=(1, 20, 20), outputs=1, width=4)
config = TrainingConfig(epochs=6, batch_size=16, learning_rate=1e-3, schedule="cosine", warmup_epochs=1,
                        class_weights="balanced", precision=precision, device="cpu", threads=1)
fit(network, examples.take(np.arange(100)), examples.take(np.arange(100, 120)), config, folder,
    preprocess=preprocess, progress=False)
"""


@pytest.mark.parametrize(("name", "precision"), [("vgg6", "bfloat16"), ("compact", "float32")])
def test_killed_run_ends_with_the_same_bits(name: str, precision: str, tmp_path: Path) -> None:
    script = tmp_path / "train.py"
    script.write_text(textwrap.dedent(SCRIPT).replace("{name}", name))

    def run(folder: str, die_at: int) -> int:
        command = [sys.executable, str(script), str(tmp_path / folder), str(die_at), precision]
        return subprocess.run(command, check=False).returncode

    # Seven batches and a validation make an epoch: the 20th call lies in the third epoch.
    assert run("killed", die_at=20) == -signal.SIGKILL
    assert len((tmp_path / "killed" / "history.csv").read_text().splitlines()) == 3
    assert run("killed", die_at=-1) == 0
    assert run("whole", die_at=-1) == 0
    for file in ("best.safetensors", "history.csv", "history.json"):
        assert (tmp_path / "killed" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes(), file
    killed, whole = (
        torch.load(tmp_path / folder / "checkpoint.pt", weights_only=True) for folder in ("killed", "whole")
    )
    for key, tensor in whole["network"].items():
        assert torch.equal(killed["network"][key], tensor), key


RECORD = EpochRecord(1, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
IDENTITY = Identity({"epochs": 3}, torch.zeros(2))


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    network = torch.nn.Linear(2, 1)
    state = RunState([RECORD], 1, 0.4, network.state_dict(), 2.5)
    save_checkpoint(
        tmp_path / "checkpoint.pt", state, network, torch.optim.Adam(network.parameters()), IDENTITY
    )
    return tmp_path / "checkpoint.pt"


def _load(path: Path) -> RunState:
    network = torch.nn.Linear(2, 1)
    return load_checkpoint(path, network, torch.optim.Adam(network.parameters()), IDENTITY)


def test_round_trip(saved: Path) -> None:
    state = _load(saved)
    assert state.history == [RECORD]
    assert (state.best_epoch, state.best_value, state.seconds) == (1, 0.4, 2.5)


@pytest.mark.parametrize("size", [0, 10, 1000])
def test_truncated(saved: Path, size: int) -> None:
    saved.write_bytes(saved.read_bytes()[:size])
    with pytest.raises(ModelError, match="not a complete checkpoint"):
        _load(saved)


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    class Touch:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return open, (str(tmp_path / "touched"), "w")

    torch.save({"format": 1, "facts": Touch()}, tmp_path / "checkpoint.pt", pickle_module=pickle)
    with pytest.raises(ModelError, match="not a complete checkpoint"):
        _load(tmp_path / "checkpoint.pt")
    assert not (tmp_path / "touched").exists()


def test_foreign_file(tmp_path: Path) -> None:
    torch.save({"epoch": 3}, tmp_path / "checkpoint.pt")
    with pytest.raises(ModelError, match="not a checkpoint of format 1"):
        _load(tmp_path / "checkpoint.pt")
