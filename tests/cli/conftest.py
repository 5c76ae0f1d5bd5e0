"""What the examples of sieves start from: a sieve whose scores are known beforehand, and a few streaks."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from torch import nn
from typer.testing import CliRunner

from skysieve.cli.application import application
from skysieve.models import InputContract, ModelDescription, save_model, write_sieve
from skysieve.models.rebuild import build_network
from skysieve.models.sieve import Member, Sieve
from skysieve.scoring.proposal_options import ProposalOptions
from skysieve.scoring.propose import propose_samples
from skysieve.scoring.streaks import score_streaks
from skysieve.sources.streaks.samples import streaks_to_samples

STREAKS = 12

#: Each streak lies on a sky darker by so many grey levels than the one before it.
SKY, DARKER = 204, 8

#: The family of each member, with the slope and the zero of its logit, which is a line in the number of the
#: streak: rb-1 scores .27 on number 3, .73 on 4 and .95 on 5; rb-2 is one behind; sl-1 falls from .73 on 7.
MEMBERS = {"rb-1": ("rb", 2.0, 3.5), "rb-2": ("rb", 2.0, 4.5), "sl-1": ("sl", -2.0, 7.5)}


@pytest.fixture(scope="session")
def streak_ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a sieve, a night of streaks with a truncated one, and their scores."""
    folder = tmp_path_factory.mktemp("streak-ground")
    contract = InputContract((1, 144, 144), ("difference",), unit="grey level")
    members = []
    for name, (family, slope, zero) in MEMBERS.items():
        description = ModelDescription(
            name=name,
            summary="A network that looks at nothing but the mean.",
            classes=("bogus", "streak"),
            contract=contract,
            preprocess=[{"step": "nan-to-num"}, {"step": "unit-range"}],
            network={"name": "fc4", "outputs": 1, "arguments": {"dense": [1, 1]}},
            calibration={"kind": "sigmoid"},
        )
        model = save_model(folder / "models" / name, mean_network(description, slope, zero), description)
        members.append(Member(name, family, model))
    rules = {"plausible": {"all": [{"any": "rb"}, {"any": "sl"}]}}
    figures = {"test": {"recall": {"value": 0.97, "low": 0.95, "high": 0.99}}}
    sieve = write_sieve(
        folder / "streak-sieve",
        name="toy",
        members=members,
        rules=rules,
        thresholds={"rb": 0.4},
        figures=figures,
    )
    write_streaks(folder / "streaks")
    write_labels(folder, sieve)
    score_streaks(sieve, [folder / "streaks"], folder / "streaks.parquet")
    return folder


def mean_network(description: ModelDescription, slope: float, zero: float) -> nn.Module:
    """Return a network whose logit is a line in how many steps the sky is darker than that of streak 0."""
    network: nn.Module = build_network(description)
    weights = {
        "fc_1.weight": 1 / np.prod(description.contract.shape),
        "fc_1.bias": 0,
        "fc_2.weight": 1,
        "fc_2.bias": 0,
        "fc_out.weight": -slope * 255 / DARKER,
        "fc_out.bias": slope * (SKY / DARKER - zero),
    }
    for name, parameter in network.named_parameters():
        nn.init.constant_(parameter, weights[name])
    return network


@pytest.fixture
def streak_place(streak_ground: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Go to a folder of its own that holds what is in `streak_ground`."""
    shutil.copytree(streak_ground, tmp_path, dirs_exist_ok=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def call() -> Callable[[list[str]], tuple[str, str]]:
    """Return what runs the program, and gives what it said and the message of its error."""

    def run(words: list[str]) -> tuple[str, str]:
        result = CliRunner().invoke(application, words)
        return result.stdout, str(result.exception or "")

    return run


def write_labels(folder: Path, sieve: Sieve) -> None:
    """Write classes of streaks, and samples proposed for labelling with their answers."""
    (folder / "classes.json").write_text('{"strkid1_pid1_scimref.jpg": ["Cosmic rays"]}')
    pool = streaks_to_samples([folder / "streaks"])
    proposal = propose_samples(sieve, pool, ProposalOptions({"random": 4}))
    proposal.samples.write(folder / "proposed.parquet")
    first, second = proposal.samples.ids[:2]
    (folder / "labels.csv").write_text(f"id,rb,sl\n{first},streak,short\n{second},0,\n99,streak,\n")


def write_streaks(folder: Path) -> None:
    folder.mkdir()
    for number in range(STREAKS):
        sky = np.random.default_rng(number).normal(SKY - DARKER * number, 20.4, (157, 157))
        sky[70:72, 60 : 70 + number] -= 100
        path = folder / f"strkid{number}_pid{number}_scimref.jpg"
        Image.fromarray(sky.clip(0, 255).astype(np.uint8)).save(path, "JPEG")
    path.write_bytes(path.read_bytes()[:1000])
