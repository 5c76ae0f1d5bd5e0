"""Explaining a saved model: the maps, the gallery, the figures, and what is refused."""

from __future__ import annotations

import json
import re
import shlex
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from skysieve.cli.verbs.explain import settings_of_call
from skysieve.errors import ConfigurationError, ContractError, SampleSetError, UnknownNameError
from skysieve.explanation import attribute, build_explainer
from skysieve.explanation.sequence_registry import build_sequence_explainer
from skysieve.models import InputContract, Model, ModelDescription, save_model
from skysieve.models.model import WEIGHTS
from skysieve.models.rebuild import build_network
from skysieve.preprocess import Pipeline
from skysieve.recipes.explain import ExplainConfig, ExplanationRun, SanityConfig, explain_samples
from skysieve.recipes.explain_features import OCCLUSION
from skysieve.samples import Description, SampleSet, TensorColumn
from skysieve.sources.simulators.samples import write_triplet_samples
from skysieve.sources.simulators.streaks.samples import write_streak_samples

torch.set_num_threads(1)

COLOURS = ("red", "green", "blue")
CLASSES = ("smooth", "spiral", "edge-on")
FEW = ExplainConfig(replicates=20, sanity=SanityConfig(networks=2, samples=12))


class Page(HTMLParser):
    """What a page refers to, how often each class of element stands in it, and its text."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.classes: list[str] = []
        self.alternatives: list[str] = []
        self.text = ""
        self.source = path.read_text(encoding="utf-8")
        self.feed(self.source)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href", "data", "action")]
        self.classes += (given.get("class") or "").split()
        if tag == "img":
            self.alternatives.append(given["alt"] or "")

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def triplets(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_triplet_samples(tmp_path_factory.mktemp("triplets") / "triplets.parquet", n=60, seed=2)


@pytest.fixture(scope="module")
def explained(triplets: Path, tmp_path_factory: pytest.TempPathFactory) -> ExplanationRun:
    folder = tmp_path_factory.mktemp("explained")
    return explain_samples("braai-weak", triplets, folder, config=FEW, sanity=True)


def make_model(folder: Path, outputs: int, members: int = 1, name: str = "compact") -> Model:
    """Save a network that nobody trained."""
    arguments = {"dense": [4, 4]} if name == "fc4" else {"width": 8}
    description = ModelDescription(
        name="pictures",
        summary="A network that has learned nothing.",
        classes=CLASSES if outputs == 3 else CLASSES[:2],
        contract=InputContract((3, 32, 32), COLOURS, unit="grey level"),
        preprocess=[{"step": "nan-to-num"}, {"step": "unit-range"}],
        network={"name": name, "outputs": outputs, "arguments": arguments, "members": members},
        calibration={"kind": "softmax" if outputs == 3 else "sigmoid"},
    )
    torch.manual_seed(3)
    network = build_network(description)
    for layer in network.modules():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, 0, 20 if name == "compact" else 1)
    return save_model(folder, network.eval(), description)


@pytest.fixture(scope="module")
def pictures_model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return make_model(tmp_path_factory.mktemp("model") / "model", 3)


@pytest.fixture(scope="module")
def pictures() -> SampleSet:
    """Return colour pictures of 8 bits, each with a blob and its mask."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 60, (40, 3, 32, 32)).astype(np.uint8)
    masks = np.zeros((40, 1, 32, 32), dtype=np.uint8)
    for image, mask in zip(images, masks, strict=True):
        row, column, side = rng.integers(4, 20), rng.integers(4, 20), rng.integers(4, 9)
        mask[0, row : row + side, column : column + side] = 1
        image[:, mask[0] != 0] = rng.integers(120, 255, 3)[:, None]
    masks[:3] = 0
    number = np.arange(40)
    return SampleSet.from_columns(
        {
            "id": [f"g{n}" for n in number],
            "group": number // 2,
            "label": number % 3,
            "kind": [CLASSES[n % 3] for n in number],
            "wrong": number,
            "split": np.where(number < 25, "train", "test"),
            "cutouts": images,
            "mask": masks,
        },
        Description(
            {
                "cutouts": TensorColumn((3, 32, 32), "uint8", COLOURS, "grey level"),
                "mask": TensorColumn((1, 32, 32), "uint8"),
            },
            classes=CLASSES,
            label_origin="SIMULATED: blobs.",
        ),
    )


def without(samples: SampleSet, *names: str) -> SampleSet:
    """Return the set without some columns."""
    table = samples._source.drop_columns(list(names))
    tensors = {name: each for name, each in samples.description.tensors.items() if name not in names}
    return SampleSet(table, Description(tensors, classes=samples.classes))


def test_the_maps_are_a_sample_set_of_what_was_scored(triplets: Path, explained: ExplanationRun) -> None:
    maps, samples = SampleSet.open(explained.maps), SampleSet.open(triplets)
    model = Model.load("braai-weak")
    np.testing.assert_array_equal(maps.ids, samples.ids)
    np.testing.assert_array_equal(maps.groups, samples.groups)
    np.testing.assert_array_equal(maps.labels, samples.labels)
    images = samples.tensor("cutouts")
    np.testing.assert_allclose(maps.scalar("score"), model.predict(images), atol=1e-6)
    np.testing.assert_array_equal(maps.scalar("predicted"), maps.scalar("score") >= 0.5)
    np.testing.assert_array_equal(maps.scalar("target"), maps.scalar("predicted"))
    assert maps.description.origin["identity"] == model.identity
    assert maps.description.origin["method"]["name"] == "grad-cam"
    assert maps.description.origin["method"]["activation"] == "relu (32 x 25 x 25)"
    assert maps.description.label_origin == samples.description.label_origin
    network = build_network(model.description, model.folder / WEIGHTS)
    expected = attribute(
        network,
        images,
        target=maps.scalar("predicted"),
        preprocess=Pipeline.from_json(model.description.preprocess),
    )
    found = maps.tensor("map")
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[:, 0], expected.maps, rtol=1e-4, atol=1e-6)


def test_the_gallery_has_four_quadrants_of_sure_samples(explained: ExplanationRun) -> None:
    page, maps = Page(explained.page), SampleSet.open(explained.maps)
    titles = ("True negatives", "False negatives", "False positives", "True positives")
    places = [page.text.index(title, page.text.index("How to read this", 300)) for title in titles]
    assert places == sorted(places)
    score, label = maps.scalar("score"), maps.labels
    sure = {
        0: int(((score < 0.2) & (label == 0)).sum()),
        3: int(((score > 0.8) & (label == 1)).sum()),
    }
    wrong = int(((score < 0.2) & (label == 1)).sum()), int(((score > 0.8) & (label == 0)).sum())
    shown = sum(min(8, count) for count in (*sure.values(), *wrong))
    assert page.classes.count("sample") == shown
    # Three channels, the map, and the bar of its colours.
    assert len(page.alternatives) == 5 * shown
    assert "science" in page.text
    assert "does not show why" in page.text


def test_the_gallery_needs_nothing_from_elsewhere(explained: ExplanationRun) -> None:
    page = Page(explained.page)
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    assert not re.search(r"url\(|@import|<script", page.source)
    assert "prefers-color-scheme: dark" in page.source
    assert 'name="viewport"' in page.source
    assert all(page.alternatives)


def test_the_comparison_with_randomised_networks_is_told(explained: ExplanationRun) -> None:
    figures = explained.figures
    assert figures.compared == 12
    assert -1 <= figures.similarity["rank_correlation"].value < 0.7
    assert not figures.mask
    told = json.loads(explained.table.read_text())
    assert told["similarity"]["rank_correlation"]["value"] == pytest.approx(
        figures.similarity["rank_correlation"].value
    )
    page = Page(explained.page)
    assert "Does the network matter?" in page.text
    assert "2 networks with the same weights in random order" in page.text


def test_maps_and_gallery_do_not_depend_on_the_batch(
    triplets: Path, explained: ExplanationRun, tmp_path: Path
) -> None:
    config = ExplainConfig(batch=7, replicates=20, sanity=FEW.sanity)
    again = explain_samples("braai-weak", triplets, tmp_path, config=config, sanity=True)
    maps = [SampleSet.open(run.maps).tensor("map") for run in (explained, again)]
    np.testing.assert_allclose(*maps, rtol=1e-3, atol=1e-6)
    assert Page(again.page).alternatives == Page(explained.page).alternatives
    assert again.figures.similarity["rank_correlation"].value == pytest.approx(
        explained.figures.similarity["rank_correlation"].value, abs=1e-3
    )


def test_colour_pictures_of_several_classes_with_masks(
    pictures_model: Model, pictures: SampleSet, tmp_path: Path
) -> None:
    config = ExplainConfig(high=0.5, replicates=20, sanity=FEW.sanity)
    method = build_explainer("saliency", {"channels": "sum"})
    run = explain_samples(pictures_model, pictures, tmp_path, method, config=config, sanity=True)
    maps = SampleSet.open(run.maps)
    scores = pictures_model.predict(pictures.tensor("cutouts").astype(np.float32))
    np.testing.assert_allclose(maps.scalar("score"), scores.max(1), atol=1e-6)
    np.testing.assert_array_equal(maps.scalar("predicted"), scores.argmax(1))
    assert run.figures.masks == 37
    assert np.isnan(maps.scalar("mask_iou_top")[:3]).all()
    assert run.figures.mask["iou_top"].value == pytest.approx(np.nanmean(maps.scalar("mask_iou_top")))
    assert run.figures.gap["pointing"].low <= run.figures.gap["pointing"].value
    page = Page(run.page)
    assert {"Smooth: right", "Smooth: wrong", "Edge-on: right"} <= set(
        re.findall(r"[A-Z][a-z-]+: \w+", page.text)
    )
    assert "Against true masks" in page.text
    # Before the first map, not among the provenance at the end.
    assert page.text.index("SIMULATED: ") < page.text.rindex("How to read this")
    assert run.disclosure.startswith("SIMULATED: ")
    assert json.loads(run.table.read_text())["labels"] == run.disclosure
    assert "border of the true mask" in page.text
    # One picture in colour, one with the map, one bar.
    assert len(page.alternatives) == 3 * page.classes.count("sample") > 0


def test_labels_can_be_a_column(pictures_model: Model, pictures: SampleSet, tmp_path: Path) -> None:
    unlabelled = without(pictures, "label")
    config = ExplainConfig(label="kind", high=0.5, replicates=20)
    run = explain_samples(pictures_model, unlabelled, tmp_path, "saliency", config=config)
    np.testing.assert_array_equal(SampleSet.open(run.maps).labels, pictures.labels)
    assert not run.findings


def test_without_labels_samples_are_shown_by_what_they_are_called(
    pictures_model: Model, pictures: SampleSet, tmp_path: Path
) -> None:
    run = explain_samples(
        pictures_model, without(pictures, "label"), tmp_path, config=ExplainConfig(high=0.4, replicates=20)
    )
    assert [finding.kind for finding in run.findings] == ["unlabelled"]
    page = Page(run.page)
    assert "Called smooth" in page.text
    assert "Smooth: right" not in page.text
    assert "No sample has a label" in page.text
    assert (SampleSet.open(run.maps).labels == -1).all()


def test_a_split_and_a_limit(pictures_model: Model, pictures: SampleSet, tmp_path: Path) -> None:
    run = explain_samples(
        pictures_model,
        pictures,
        tmp_path,
        "saliency",
        split="test",
        config=ExplainConfig(limit=6, replicates=20),
    )
    ids = SampleSet.open(run.maps).ids
    assert run.samples == len(ids) == 6
    assert set(ids) <= set(pictures.ids[25:])


def test_the_class_to_explain_can_be_named(
    pictures_model: Model, pictures: SampleSet, tmp_path: Path
) -> None:
    config = ExplainConfig(target="spiral", replicates=20)
    run = explain_samples(pictures_model, pictures, tmp_path, config=config)
    assert (SampleSet.open(run.maps).scalar("target") == 1).all()
    with pytest.raises(ConfigurationError, match="expected 'predicted' or one of the classes smooth, spiral"):
        explain_samples(pictures_model, pictures, tmp_path / "no", config=ExplainConfig(target="elliptical"))
    assert not (tmp_path / "no").exists()


def test_an_ensemble_is_explained(pictures: SampleSet, tmp_path: Path) -> None:
    model = make_model(tmp_path / "model", 1, members=2)
    two = without(pictures, "label")
    method = build_explainer("integrated-gradients", {"steps": 2})
    run = explain_samples(model, two, tmp_path / "explained", method, config=FEW, sanity=True)
    maps = SampleSet.open(run.maps)
    assert maps.tensor("map").any()
    error, difference = maps.scalar("completeness_error"), maps.scalar("logit_difference")
    missed = np.abs(error).mean() / np.abs(difference).mean()
    assert json.loads(run.table.read_text())["incompleteness"] == pytest.approx(missed, rel=1e-4)
    assert ("incomplete" in [finding.kind for finding in run.findings]) == (missed > 0.05)


def test_a_member_of_a_shipped_sieve_finds_the_labels_of_its_family(tmp_path: Path) -> None:
    streaks = write_streak_samples(tmp_path / "streaks.parquet", n=12, seed=1)
    run = explain_samples("streaks/rb-1", streaks, tmp_path / "explained", config=FEW)
    np.testing.assert_array_equal(SampleSet.open(run.maps).labels, SampleSet.open(streaks).scalar("rb"))
    assert SampleSet.open(run.maps).classes == ("bogus", "streak")


def test_the_surest_are_shown_first(pictures_model: Model, pictures: SampleSet, tmp_path: Path) -> None:
    config = ExplainConfig(order="surest", shown=2, high=0.34, replicates=20)
    run = explain_samples(pictures_model, without(pictures, "label"), tmp_path, config=config)
    maps = SampleSet.open(run.maps)
    alternatives = Page(run.page).alternatives
    for number, name in enumerate(CLASSES):
        score = np.where(maps.scalar("predicted") == number, maps.scalar("score"), 0)
        surest = [maps.ids[at] for at in np.argsort(-score)[:2] if score[at] > 0.34]
        shown = [text for text in alternatives if text.endswith(f"for {name}")]
        assert shown == [f"map of {each}, for {name}" for each in surest]


def test_bad_input_is_refused(
    pictures_model: Model, pictures: SampleSet, triplets: Path, tmp_path: Path
) -> None:
    with pytest.raises(
        ContractError, match=r"found images of shape \(3, 63, 63\), the model expects \(3, 32, 32\)"
    ):
        explain_samples(pictures_model, triplets, tmp_path)
    with pytest.raises(ConfigurationError, match=r"streaks is a sieve.*streaks/rb-1, streaks/rb-2"):
        explain_samples("streaks", triplets, tmp_path)
    with pytest.raises(UnknownNameError, match=r"did you mean 'stages\.4\.second'|did you mean 'stages"):
        explain_samples(pictures_model, pictures, tmp_path, build_explainer("grad-cam", {"layer": "stage"}))
    with pytest.raises(SampleSetError, match="holds 3, which is no number of the classes smooth"):
        explain_samples(pictures_model, pictures, tmp_path, config=ExplainConfig(label="wrong"))
    renamed = pictures.with_columns({}, classes=("a", "b", "c"))
    with pytest.raises(ContractError, match="in this order; name the column of labels"):
        explain_samples(pictures_model, renamed, tmp_path)
    with pytest.raises(ContractError, match="no tensor column 'cutouts'"):
        explain_samples(pictures_model, without(pictures, "cutouts"), tmp_path)
    assert not list(tmp_path.iterdir())


def test_masks_of_another_size_are_refused(
    pictures_model: Model, pictures: SampleSet, tmp_path: Path
) -> None:
    columns: dict[str, Any] = {"id": pictures.ids, "group": pictures.groups}
    columns |= {"cutouts": pictures.tensor("cutouts"), "mask": np.zeros((40, 1, 16, 16), dtype=np.uint8)}
    tensors = {**pictures.description.tensors, "mask": TensorColumn((1, 16, 16), "uint8")}
    with pytest.raises(ContractError, match=r"'mask' has the shape \(1, 16, 16\); .* have \(1, 32, 32\)"):
        explain_samples(pictures_model, SampleSet.from_columns(columns, Description(tensors)), tmp_path)


def test_a_network_without_places_names_the_other_methods(pictures: SampleSet, tmp_path: Path) -> None:
    model = make_model(tmp_path / "model", 3, name="fc4")
    with pytest.raises(ConfigurationError, match="use saliency or integrated-gradients instead"):
        explain_samples(model, pictures, tmp_path / "explained")
    assert not (tmp_path / "explained").exists()


def test_documented_settings_exist() -> None:
    page = (Path(__file__).parents[2] / "docs" / "explanations.md").read_text(encoding="utf-8")
    lines = re.findall(r"^skysieve explain .*$", page, re.MULTILINE)
    assert len(lines) > 3
    for line in lines:
        words = shlex.split(line)
        given = [words[at + 1] for at, word in enumerate(words) if word == "--set"]
        method = words[words.index("--method") + 1] if "--method" in words else ""
        _, own = settings_of_call("", given)
        if method != OCCLUSION and method:
            assert any(_makes(build, method, own) for build in (build_explainer, build_sequence_explainer))
    with pytest.raises(ConfigurationError, match="did you mean 'shown'"):
        settings_of_call("", ["show=3"])
    with pytest.raises(ConfigurationError, match="give one of them"):
        settings_of_call("conv1", ["method.layer=conv2"])
    with pytest.raises(ConfigurationError, match="no setting is called 'layer'"):
        build_explainer("saliency", settings_of_call("conv1", [])[1])


def _makes(build: Any, method: str, own: dict[str, Any]) -> bool:
    try:
        build(method, own)
    except ConfigurationError:
        return False
    return True


@pytest.mark.parametrize(
    "settings", [{"low": 0.9}, {"high": 1.0}, {"batch": 0}, {"limit": -1}, {"sanity.networks": 0}]
)
def test_settings_out_of_range_are_refused(settings: dict[str, Any]) -> None:
    from skysieve.configuration import override

    with pytest.raises(ConfigurationError, match="expected"):
        override(ExplainConfig(), settings)
