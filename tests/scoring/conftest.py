"""What the tests of streaks start from: a sieve of untrained networks, and a night of drawn streaks."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from skysieve.models import InputContract, Model, ModelDescription, Sieve, save_model, write_sieve
from skysieve.models.rebuild import build_network
from skysieve.models.sieve import Member
from skysieve.scoring import streaks

CONTRACT = InputContract((1, 144, 144), ("difference",), unit="grey level")
FAMILIES = {"rb-1": "rb", "rb-2": "rb", "sl-1": "sl", "os": "os"}
RULES = {"plausible": {"all": [{"any": "rb"}, {"any": "sl"}]}, "one-shot": {"any": "os"}}


def save_member(folder: Path, seed: int, **changes: Any) -> Model:
    fields: dict[str, Any] = {
        "name": folder.name,
        "summary": "Tells streaks from bogus.",
        "classes": ("bogus", "streak"),
        "contract": CONTRACT,
        "preprocess": [{"step": "nan-to-num"}, {"step": "unit-range"}],
        "network": {"name": "compact", "outputs": 1, "arguments": {"width": 4, "depth": 1}},
        "calibration": {"kind": "sigmoid"},
    } | changes
    description = ModelDescription(**fields)
    torch.manual_seed(seed)
    network = build_network(description).eval()
    spread_scores(network)
    return save_model(folder, network, description)


def spread_scores(network: Any) -> None:
    """Give an untrained network's scores both sides of one half, so that a mix-up would show."""
    images = torch.from_numpy(np.stack([draw_cutout(number, 144) for number in range(20)])[:, None] / 255)
    with torch.inference_mode():
        logits = network(images.float())
    with torch.no_grad():
        network.output.weight.div_(logits.std())
        network.output.bias.sub_(logits.mean()).div_(logits.std())


@pytest.fixture(scope="session")
def streak_sieve(tmp_path_factory: pytest.TempPathFactory) -> Sieve:
    """Return a sieve whose members differ in their scores."""
    torch.set_num_threads(1)
    place = tmp_path_factory.mktemp("sieve")
    members = [
        Member(name, family, save_member(place / "models" / name, seed))
        for seed, (name, family) in enumerate(FAMILIES.items())
    ]
    return write_sieve(place / "toy", name="toy", members=members, rules=RULES)


def streak_id(number: int) -> str:
    return f"strkid5970{number:06d}15_pid5970{number:06d}15"


def draw_cutout(number: int, side: int = 157) -> np.ndarray[Any, np.dtype[np.uint8]]:
    rng = np.random.default_rng(number)
    sky = rng.normal(204, 20.4, (side, side))
    x = np.arange(side)
    start, length, slope = rng.integers(20, 80), rng.integers(5, 60), rng.uniform(-0.5, 0.5)
    for column in x[start : start + length]:
        row = int(side / 2 + slope * (column - side / 2))
        sky[row - 1 : row + 2, column] -= rng.uniform(20, 200)
    return sky.clip(0, 255).astype(np.uint8)


def write_cutout(folder: Path, number: int, side: int = 157) -> Path:
    path = folder / f"{streak_id(number)}_scimref.jpg"
    Image.fromarray(draw_cutout(number, side)).save(path, "JPEG", quality=90)
    return path


@pytest.fixture(scope="session")
def add_cutout() -> Callable[..., Path]:
    """Return what draws the streak of a number into a folder."""
    return write_cutout


@pytest.fixture(scope="session")
def whole_night(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    for number in range(40):
        write_cutout(folder, number)
    return folder


@pytest.fixture
def night(whole_night: Path, tmp_path: Path) -> Path:
    # copytree keeps the times of change, by which a changed file is known.
    return Path(shutil.copytree(whole_night, tmp_path / "night"))


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaks, "PART_STREAKS", 8)
