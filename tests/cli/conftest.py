"""What examples start from: a sieve whose scores are known beforehand, a few streaks, archives close by."""

from __future__ import annotations

import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image
from torch import nn
from typer.testing import CliRunner

import service_ground
from labelled_service import write_labelled_service
from served_archives import public_archives, write_braai
from skysieve.cli.application import application
from skysieve.configuration import override
from skysieve.models import InputContract, ModelDescription, save_model, write_sieve
from skysieve.models.keras_import import import_keras_model
from skysieve.models.rebuild import build_network
from skysieve.models.sieve import Member, Sieve
from skysieve.networks.frame_vae import FrameEncoder, FrameVAE
from skysieve.networks.weights import save_weights
from skysieve.recipes.braai import BRAAI
from skysieve.recipes.dmdt import DMDT_RECIPE
from skysieve.recipes.lightcurve_features import LIGHTCURVE_FEATURES
from skysieve.recipes.recipe import Recipe
from skysieve.recipes.run import train_recipe
from skysieve.recipes.static_rnn import STATIC_RNN
from skysieve.samples import SampleSet, with_splits
from skysieve.scoring.proposal_options import ProposalOptions
from skysieve.scoring.propose import propose_samples
from skysieve.scoring.streaks import score_streaks
from skysieve.sources.simulators.frames.samples import write_frame_samples
from skysieve.sources.simulators.light_curves.samples import write_light_curve_samples
from skysieve.sources.simulators.night import simulate_night
from skysieve.sources.simulators.samples import write_triplet_samples
from skysieve.sources.simulators.streak_frame_files import write_streak_frame
from skysieve.sources.simulators.streak_frames import simulate_streak_frame
from skysieve.sources.simulators.streak_night import simulate_streak_night
from skysieve.sources.simulators.streaks.samples import write_streak_samples
from skysieve.sources.streaks.samples import streaks_to_samples

#: A fixture from elsewhere.
__all__ = ["public_archives"]

STREAKS = 12

#: Each streak lies on a sky darker by so many grey levels than the one before it.
SKY, DARKER = 204, 8

#: The family of each member, with the slope and the zero of its logit, which is a line in the number of the
#: streak: rb-1 scores .27 on number 3, .73 on 4 and .95 on 5; rb-2 is one behind; sl-1 falls from .73 on 7.
MEMBERS = {"rb-1": ("rb", 2.0, 3.5), "rb-2": ("rb", 2.0, 4.5), "sl-1": ("sl", -2.0, 7.5)}

KERAS_LAYERS = {
    "conv1": (3, 3, 3, 16),
    "conv2": (3, 3, 16, 16),
    "conv3": (3, 3, 16, 32),
    "conv4": (3, 3, 32, 32),
    "fc_1": (1152, 256),
    "fc_out": (256, 1),
}
STREAK_LAYERS = {
    "conv2d_1": (3, 3, 1, 16),
    "conv2d_2": (3, 3, 16, 32),
    "dense_1": (9248, 256),
    "dense_2": (256, 1),
}

#: Enough of every kind for a split in three.
CURVE_KINDS = {"EW": 0.4, "EA": 0.3, "LPV": 0.3}

#: What is seen on the pictures of a table.
KINDS = ("star", "galaxy", "star", "galaxy")


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
def provide(tmp_path_factory: pytest.TempPathFactory, streak_ground: Path) -> Callable[[Path, str], None]:
    """Return what copies the named things that examples start from; each is made once, when first named."""
    folder = tmp_path_factory.mktemp("ground")
    shutil.copytree(streak_ground, folder, dirs_exist_ok=True)

    def copy(place: Path, names: str) -> None:
        for name in names.split():
            source = made(folder, name)
            if source.is_dir():
                shutil.copytree(source, place / name)
            else:
                shutil.copy(source, place / name)

    return copy


@pytest.fixture(scope="session")
def answering_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """Yield the address of a running service with a scored night, and a token for it."""
    folder = tmp_path_factory.mktemp("answering")
    simulate_night(folder / "night", n=12, seed=1)
    with service_ground.answering_service(folder / "service", folder / "night" / "packets") as answering:
        yield answering


def made(folder: Path, name: str) -> Path:
    """Return the file or folder of this name, written by its entry of `GROUND` if it is not there yet."""
    path = folder / name
    if not path.exists():
        GROUND[name](path)
    return path


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


def packets(path: Path) -> Path:
    """Return the folder of the packets of the night beside a thing."""
    return made(path.parent, "night") / "packets"


def write_packed_night(path: Path) -> None:
    with tarfile.open(path, "w:gz") as archive:
        archive.add(made(path.parent, "night") / "packets", "packets")


def write_run(path: Path) -> None:
    """Leave a run of two small members, with large splits to choose and to judge on."""
    splits = {"train": 0.4, "validation": 0.3, "test": 0.3}
    small = {"network.name": "compact", "network.members": 2, "training.epochs": 1, "splits": splits}
    settings = override(BRAAI.configuration, {**small, "evaluation.replicates": 20})
    train_recipe(BRAAI, [made(path.parent, "samples.parquet")], path, settings, progress=False)


def write_keras_weights(path: Path, layers: dict[str, tuple[int, ...]]) -> None:
    generator = np.random.default_rng(1)
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [name.encode() for name in layers]
        for name, shape in layers.items():
            weights = {
                f"{name}/kernel:0": generator.normal(0, 0.1, shape),
                f"{name}/bias:0": np.zeros(shape[-1]),
            }
            file.create_group(name).attrs["weight_names"] = [weight.encode() for weight in weights]
            for weight, array in weights.items():
                file[name][weight] = array.astype(np.float32)


def write_imported(path: Path) -> None:
    import_keras_model(made(path.parent, "braai.weights.h5"), path, norm="l2-per-cutout")


def write_image_table(path: Path) -> None:
    rows = ["name,file,kind,part"]
    for number, kind in enumerate(KINDS):
        rows.append(f"s{number},{number}.png,{kind},{'test' if number > 1 else 'train'}")
    path.write_text("\n".join(rows) + "\n")


def write_images(folder: Path) -> None:
    folder.mkdir()
    for number, _ in enumerate(KINDS):
        pixels = np.random.default_rng(number).integers(0, 255, (24, 24), dtype=np.uint8)
        Image.fromarray(pixels).save(folder / f"{number}.png")


def write_positions(path: Path) -> None:
    rows = ["id,ra,dec,kind", "a,10.5,41.25,spiral", "b,10.5,41.2501,spiral", "c,359.9,-3,", "d,1,90,merger"]
    path.write_text("\n".join(rows) + "\n")


def write_objects(path: Path) -> None:
    """Write objects of ZTF: two seen in red, one in green."""
    rows = ["oid,ra,dec,kind", "257201400000001,10,1,ghost", "257201400000002,11,1,star"]
    path.write_text("\n".join([*rows, "257101400000003,12,1,star"]) + "\n")


def write_frame(folder: Path) -> None:
    frame = simulate_streak_frame(3, seed=4, shape=(300, 320), lengths=(20.0, 60.0), peak_snrs=(10.0, 20.0))
    write_streak_frame(folder, frame)


def write_points(path: Path) -> None:
    rows = [
        "star,mjd,mag,magerr",
        "s1,2,15.2,.1",
        "s1,1,15.1,.1",
        "s1,1,15.1,.2",
        "s2,1,faint,.1",
        "s2,2,16,0",
    ]
    path.write_text("\n".join(rows) + "\n")


def write_star_files(folder: Path) -> None:
    """Write a file a star, under names of columns that nobody would guess."""
    folder.mkdir()
    for star, epochs in (("long", 6), ("short", 2)):
        rows = [f"{2455000.5 + epoch},{15 + epoch},.1" for epoch in range(epochs)]
        (folder / f"{star}.csv").write_text("\n".join(["hjd,V,eV", *rows]) + "\n")


def write_curve_model(path: Path, recipe: Recipe = DMDT_RECIPE, **small: Any) -> None:
    named = {name.replace("__", "."): value for name, value in small.items()} or {"training.epochs": 2}
    settings = override(recipe.configuration, {"evaluation.replicates": 20, **named})
    run = path.parent / f"{path.name}-run"
    train_recipe(recipe, [made(path.parent, "curves.parquet")], run, settings, progress=False)
    shutil.copytree(run / "model", path)


def write_catalogue(folder: Path) -> None:
    """Write a small HATS catalogue with nested light curves."""
    points = [{"mjd": 1.0 + epoch, "mag": 15.0, "magerr": 0.1, "band": "gr"[epoch % 2]} for epoch in range(4)]
    for pixel, kind in enumerate(("RRab", "EW")):
        path = folder / "dataset" / "Norder=0" / "Dir=0" / f"Npix={pixel}.parquet"
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table({"objectId": [pixel], "kind": [kind], "lc": [points]}), path)
    pq.write_table(pq.read_table(path), folder / "dataset" / "data_thumbnail.parquet")


def write_split_curves(path: Path) -> None:
    with_splits(SampleSet.open(made(path.parent, "curves.parquet")), seed=1).write(path)


#: What writes the things that examples start from, besides those of `streak_ground`.
GROUND: dict[str, Callable[[Path], Any]] = {
    "night": lambda path: simulate_night(path, n=60, seed=1, bad_packets=True),
    "night.tar.gz": write_packed_night,
    "samples.parquet": lambda path: write_triplet_samples(path, n=100, seed=1),
    "strange.parquet": lambda path: write_triplet_samples(path, n=30, seed=2),
    "trained": write_run,
    "braai.weights.h5": lambda path: write_keras_weights(path, KERAS_LAYERS),
    "sl.weights.h5": lambda path: write_keras_weights(path, STREAK_LAYERS),
    "imported": write_imported,
    "table.csv": write_image_table,
    "cutouts": write_images,
    "positions.csv": write_positions,
    "objects.csv": write_objects,
    "braai-data": write_braai,
    "streaks-set.parquet": lambda path: write_streak_samples(path, n=100, seed=1),
    "streak-night": lambda path: simulate_streak_night(path, n=30, seed=1, bad_files=True),
    "frame": write_frame,
    "curves.parquet": lambda path: write_light_curve_samples(path, n=60, seed=1, kinds=CURVE_KINDS),
    "split-curves.parquet": write_split_curves,
    "curve-model": write_curve_model,
    "sequence-model": lambda path: write_curve_model(
        path, STATIC_RNN, training__epochs=2, network__arguments={"hidden": 4}
    ),
    "features-model": lambda path: write_curve_model(
        path, LIGHTCURVE_FEATURES, network__arguments={"max_iter": 10}, features__sets=["statistics"]
    ),
    "frames.parquet": lambda path: write_frame_samples(path, n=4, seed=1, lengths=(3, 6)),
    "encoder.zip": lambda path: torch.save(FrameEncoder().state_dict(), path),
    "vae.safetensors": lambda path: save_weights(FrameVAE(), path),
    "observatory": service_ground.write_observatory,
    "service": service_ground.write_service,
    "service.tar": lambda path: service_ground.write_backup(made(path.parent, "service"), path),
    "vetting": lambda path: service_ground.write_vetting(path, packets(path), made(path.parent, "imported")),
    "labelled-service": write_labelled_service,
    "packet.avro": lambda path: shutil.copy(sorted(packets(path).glob("2*.avro"))[-1], path),
    "words.json": lambda path: path.write_text(
        '[{"name": "real", "real": true}, {"name": "junk", "key": "j"}]'
    ),
    "points.csv": write_points,
    "stars.csv": lambda path: path.write_text("name,kind\ns1,RRab\ns2,EW\n"),
    "stars": write_star_files,
    "catalogue": write_catalogue,
}
