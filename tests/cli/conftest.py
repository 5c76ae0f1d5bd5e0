"""What the examples of sieves start from: a sieve of untrained networks, and a few streaks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from skysieve.models import InputContract, ModelDescription, save_model, write_sieve
from skysieve.models.rebuild import build_network
from skysieve.models.sieve import Member, Sieve
from skysieve.scoring.proposal_options import ProposalOptions
from skysieve.scoring.propose import propose_samples
from skysieve.scoring.streaks import score_streaks
from skysieve.sources.streaks.samples import streaks_to_samples

STREAKS = 12


@pytest.fixture(scope="session")
def streak_ground(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a sieve, a night of streaks with a truncated one, and their scores."""
    folder = tmp_path_factory.mktemp("streak-ground")
    contract = InputContract((1, 144, 144), ("difference",), unit="grey level")
    members = []
    for seed, (name, family) in enumerate({"rb-1": "rb", "rb-2": "rb", "sl-1": "sl"}.items()):
        description = ModelDescription(
            name=name,
            summary="An untrained network.",
            classes=("bogus", "streak"),
            contract=contract,
            preprocess=[{"step": "nan-to-num"}, {"step": "unit-range"}],
            network={"name": "compact", "outputs": 1, "arguments": {"width": 4, "depth": 1}},
            calibration={"kind": "sigmoid"},
        )
        torch.manual_seed(seed)
        model = save_model(folder / "models" / name, build_network(description), description)
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
        sky = np.random.default_rng(number).normal(204, 20.4, (157, 157))
        sky[70:72, 60 : 70 + number] -= 100
        path = folder / f"strkid{number}_pid{number}_scimref.jpg"
        Image.fromarray(sky.clip(0, 255).astype(np.uint8)).save(path, "JPEG")
    path.write_bytes(path.read_bytes()[:1000])
