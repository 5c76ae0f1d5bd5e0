"""What examples start from: a sieve whose scores are known beforehand, a few streaks, archives close by."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

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
from skysieve.sources.archives import braai, legacy_survey, sdss
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


@pytest.fixture
def public_archives(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Iterator[None]:
    """Serve small stand-ins for public archives from this machine, at the paths where they answer."""
    folder = tmp_path_factory.mktemp("served")
    write_archives(folder)

    class Handler(SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Keep the test output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder)) as server:
        url = f"http://127.0.0.1:{server.server_port}/"
        served = tuple(replace(remote, url=url + remote.name) for remote in braai.BRAAI_FILES)
        monkeypatch.setattr(braai, "BRAAI_FILES", served)
        for module in (legacy_survey, sdss):
            monkeypatch.setattr(module, "BASE_URL", url)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield
        server.shutdown()
        thread.join()


def write_archives(folder: Path) -> None:
    """Write the public set of braai, a picture of the Legacy Survey, and a picture and votes of SkyServer."""
    (folder / braai.BRAAI_FILES[0].name).write_text("candid,label\n1,0\n2,1\n")
    np.save(folder / braai.BRAAI_FILES[1].name, np.zeros((2, 63, 63, 3), "f4"))
    for name, side in (("jpeg-cutout", 64), ("dr17/SkyServerWS/ImgCutout/getjpeg", 120)):
        sky = np.random.default_rng(side).integers(0, 255, (side, side, 3), dtype=np.uint8)
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(sky).save(folder / name, "JPEG")
    query = folder / "dr18/SkyServerWS/SearchTools/SqlSearch"
    query.parent.mkdir(parents=True)
    votes = "id,ra,dec,nvote,p_el,p_cw,p_acw,p_edge,p_dk,p_mg,p_cs"
    query.write_text(f"#Table1\n{votes}\n11,1,2,40,.75,.25,0,0,0,0,.25\n12,1,3,40,.75,.75,0,0,0,0,.75\n")
