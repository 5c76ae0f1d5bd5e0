"""The recipes of galaxies: their protocols, and a whole run from a folder with votes to a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from PIL import Image

from skysieve.configuration import override
from skysieve.errors import ConfigurationError, ContractError, SampleSetError
from skysieve.models.check import check_model
from skysieve.recipes.deepshadows import DEEPSHADOWS, DEEPSHADOWS_THREE_CLASSES
from skysieve.recipes.night_sky_net import NIGHT_SKY_NET
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.recipes.run import train_samples
from skysieve.samples import Description, SampleSet, TensorColumn
from skysieve.sources.galaxies import PICTURE_CHANNELS

torch.set_num_threads(1)
pytestmark = pytest.mark.xdist_group("galaxy_pictures")

QUICK: dict[str, Any] = {
    "splits": {"train": 0.5, "validation": 0.25, "test": 0.25},
    "training": {"epochs": 2, "batch_size": 16, "precision": "float32", "threads": 1},
    "calibration": {"method": "none"},
    "evaluation": {"replicates": 20},
}
SMALL_NET = {"arguments": {"crop": 60, "dense": [16, 16, 16, 8], "pieces": 2}}
ZOO_1 = {"elliptical": "P_EL", "edge_on_disk": "P_EDGE", "merger": "P_MG", "face_on_spiral": "P_CW"}


def pictures(side: int, classes: int, count: int = 64) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Return dark pictures with a patch in the middle whose colour tells the class, and labels."""
    generator = np.random.default_rng(4)
    labels = np.arange(count) % classes
    images = generator.integers(0, 40, (count, 3, side, side)).astype(np.uint8)
    middle = slice(side // 2 - 6, side // 2 + 6)
    for image, label in zip(images, labels, strict=True):
        image[label % 3, middle, middle] += np.uint8(100 + 60 * (label // 3))
    return images, labels


def sample_set(recipe: Recipe, **columns: Any) -> SampleSet:
    images, labels = pictures(recipe.contract.shape[1], len(recipe.classes))
    layout = TensorColumn(recipe.contract.shape, "uint8", PICTURE_CHANNELS, "picture level")
    rows = np.arange(len(labels))
    content = {"id": rows, "group": rows, "label": labels, "cutouts": images} | columns
    content = {name: values for name, values in content.items() if values is not None}
    return SampleSet.from_columns(content, Description({"cutouts": layout}, recipe.classes))


@pytest.fixture
def zoo(tmp_path: Path) -> Path:
    """Return a folder of pictures with a table of votes; the last row has votes that sum to two."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    images, labels = pictures(124, 4, count=12)
    header = ["name", "P_EL", "P_CW", "P_ACW", "P_EDGE", "P_MG", "P_DK", "NVOTE"]
    place = {0: "P_EDGE", 1: "P_EL", 2: "P_ACW", 3: "P_MG"}
    lines = [",".join(header)]
    for number, (image, label) in enumerate(zip(images, labels, strict=True)):
        Image.fromarray(np.moveaxis(image, 0, -1)).save(folder / f"g{number}.png")
        votes = dict.fromkeys(header[1:], 0.0) | {place[int(label)]: 2.0 if number == 11 else 1.0}
        lines.append(",".join([f"g{number}", *(str(votes[name]) for name in header[1:-1]), "30"]))
    (folder / "votes.csv").write_text("\n".join(lines))
    return folder


def test_the_protocols_are_the_published_ones() -> None:
    training = DEEPSHADOWS.configuration.training
    assert (training.optimizer, training.learning_rate, training.batch_size) == ("adadelta", 0.1, 64)
    assert DEEPSHADOWS.contract.shape == (3, 64, 64)
    training = NIGHT_SKY_NET.configuration.training
    assert (training.optimizer, training.learning_rate, training.momentum) == ("sgd", 0.005, 0.9)
    assert (training.copies, training.most_copies, training.augmentation.shift) == (10_000, 25, 3.9)
    assert NIGHT_SKY_NET.configuration.network.arguments == {"crop": 60}
    assert {"deepshadows", "deepshadows-three-classes", "night-sky-net"} <= set(RECIPES)
    published = {figure.quantity: figure.published for figure in NIGHT_SKY_NET.published}
    assert published["precision of merger"] == "0.03"


@pytest.mark.parametrize("network", ["deepshadows", "compact"])
def test_a_run_of_deepshadows_leaves_a_whole_model(network: str, tmp_path: Path) -> None:
    arguments = {"dense": 16} if network == "deepshadows" else {"width": 8}
    settings = override(
        DEEPSHADOWS.configuration, QUICK | {"network": {"name": network, "arguments": arguments}}
    )
    run = train_samples(DEEPSHADOWS, sample_set(DEEPSHADOWS), tmp_path / "run", settings, progress=False)
    assert [check.outcome for check in check_model(run.model)] == ["passed"] * 4
    rows = run.split.rows("test")
    given = run.model.predict(run.split.images[rows].astype(np.float32))
    np.testing.assert_allclose(given, run.scores[rows], atol=1e-4)
    stored = json.loads((run.folder / "model" / "model.json").read_text())
    assert stored["preprocess"] == [{"step": "picture-levels", "full_scale": 255.0}]
    if network == "deepshadows":
        assert stored["network"]["arguments"] == {"dense": 16}


def test_three_classes(tmp_path: Path) -> None:
    recipe = DEEPSHADOWS_THREE_CLASSES
    settings = override(recipe.configuration, QUICK | {"network": {"arguments": {"dense": 16}}})
    run = train_samples(recipe, sample_set(recipe), tmp_path / "run", settings, progress=False)
    assert run.scores.shape == (64, 3)
    np.testing.assert_allclose(run.scores.sum(1), 1, atol=1e-5)


def test_a_run_of_night_sky_net_crops_inside_the_model(tmp_path: Path) -> None:
    copies = {"training": QUICK["training"] | {"copies": 20}}
    settings = override(NIGHT_SKY_NET.configuration, QUICK | copies | {"network": SMALL_NET})
    run = train_samples(NIGHT_SKY_NET, sample_set(NIGHT_SKY_NET), tmp_path / "run", settings, progress=False)
    images = run.split.images[:4].astype(np.float32)
    framed = images.copy()
    framed[:, :, :30] = framed[..., :30] = 255
    np.testing.assert_allclose(run.model.predict(framed), run.scores[:4], atol=1e-4)


def test_a_folder_with_votes_is_prepared(zoo: Path) -> None:
    settings = override(
        NIGHT_SKY_NET.configuration,
        {"labels": {"table": str(zoo / "votes.csv"), "id": "name", "path": "{name}.png"}},
    )
    samples = NIGHT_SKY_NET.prepare([zoo], settings)
    assert samples.classes == NIGHT_SKY_NET.classes
    assert samples.labels.tolist() == [*([0, 1, 2, 3] * 3)[:11], -1]
    assert samples.scalar("votes_face_on_spiral")[2] == 30
    assert [(each.item, each.kind) for each in samples.findings] == [("g11", "votes-do-not-sum-to-one")]
    assert samples.tensor("cutouts").shape == (12, 3, 120, 120)


def test_votes_of_a_sample_set_become_labels(tmp_path: Path) -> None:
    votes = {name: np.zeros(64) for name in (*ZOO_1.values(), "P_ACW", "P_DK")}
    votes["P_ACW"][:40], votes["P_MG"][40:] = 1.0, 1.0
    unlabelled = sample_set(NIGHT_SKY_NET, label=None, **votes)
    settings = override(
        NIGHT_SKY_NET.configuration,
        {"labels.votes": {"columns": ZOO_1 | {"face_on_spiral": ["P_CW", "P_ACW"]}, "dont_know": ["P_DK"]}},
    )
    made = NIGHT_SKY_NET.prepare([unlabelled.write(tmp_path / "zoo.parquet")], settings)
    assert made.labels.tolist() == [2] * 40 + [3] * 24


@pytest.mark.parametrize(
    ("labels", "error", "message"),
    [
        ({}, ConfigurationError, "need a table of labels or votes"),
        ({"table": "types.csv", "column": "type"}, SampleSetError, "'blob' is not among the classes"),
        ({"table": "types.csv"}, ConfigurationError, "no labels; name their column"),
        (
            {"table": "types.csv", "votes": {"columns": {"artifact": "a", "galaxy": "b"}}},
            ConfigurationError,
            "for the classes artifact, galaxy; the recipe has artifact, lsbg",
        ),
        ({"table": "types.csv", "votes": {"cut": 2.0}}, ConfigurationError, r"cut is a share from 0 to 1"),
    ],
)
def test_labels_that_do_not_do(
    labels: dict[str, Any], error: type[Exception], message: str, tmp_path: Path
) -> None:
    Image.new("RGB", (70, 70)).save(tmp_path / "a.jpg")
    (tmp_path / "types.csv").write_text("id,type\na,blob\n")
    given = labels | ({"table": str(tmp_path / labels["table"])} if "table" in labels else {})
    with pytest.raises(error, match=message):
        DEEPSHADOWS.prepare([tmp_path], override(DEEPSHADOWS.configuration, {"labels": given}))


def test_inputs_that_do_not_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="found 2 inputs"):
        DEEPSHADOWS.prepare([tmp_path, tmp_path], DEEPSHADOWS.configuration)
    with pytest.raises(ConfigurationError, match="neither a sample set nor a folder"):
        DEEPSHADOWS.prepare([tmp_path / "x"], DEEPSHADOWS.configuration)


def test_a_set_with_other_channels_or_without_labels_is_refused(tmp_path: Path) -> None:
    turned = sample_set(DEEPSHADOWS)
    layout = TensorColumn((3, 64, 64), "uint8", ("blue", "green", "red"))
    columns = {
        "id": turned.ids,
        "group": turned.ids,
        "label": turned.labels,
        "cutouts": turned.tensor("cutouts"),
    }
    other = SampleSet.from_columns(columns, Description({"cutouts": layout}, DEEPSHADOWS.classes))
    with pytest.raises(ContractError, match="blue, green, red"):
        DEEPSHADOWS.prepare([other.write(tmp_path / "turned.parquet")], DEEPSHADOWS.configuration)
    bare = sample_set(DEEPSHADOWS, label=None)
    with pytest.raises(ConfigurationError, match="the pictures have no labels"):
        DEEPSHADOWS.prepare([bare.write(tmp_path / "bare.parquet")], DEEPSHADOWS.configuration)


def test_one_class_only_is_refused(tmp_path: Path) -> None:
    alike = sample_set(DEEPSHADOWS, label=np.zeros(64, dtype=int))
    settings = override(DEEPSHADOWS.configuration, QUICK | {"network": {"arguments": {"dense": 16}}})
    with pytest.raises(SampleSetError, match="no sample of the class lsbg"):
        train_samples(DEEPSHADOWS, alike, tmp_path, settings, progress=False)
