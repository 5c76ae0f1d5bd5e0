"""Bad input of still images as a user meets it: one line that says what to do, and neighbours unharmed.

What is walked through is the list of the issue: a damaged JPEG, a cube with its channels elsewhere, places
outside the footprint, votes that do not sum to one, one class only, labels that the recipe does not know,
features that are missing or swapped.
"""

from __future__ import annotations

import csv
import io
import shlex
import sys
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from skysieve.cli import application
from skysieve.cli.fetch_archives import SOME_FAILED
from skysieve.configuration import override
from skysieve.errors import SampleSetError
from skysieve.recipes.deepshadows import DEEPSHADOWS
from skysieve.recipes.feature_classifiers import fit_feature_classifier
from skysieve.recipes.feature_table import FeatureTable
from skysieve.recipes.night_sky_net import NIGHT_SKY_NET
from skysieve.samples import Description, SampleSet, TensorColumn, count_findings
from skysieve.sources.galaxies.pictures import PICTURE_CHANNELS

SIDE = 64


class Said(NamedTuple):
    """What a command left on the terminal."""

    status: int
    told: str
    error: str


Command = Callable[[str], Said]


@pytest.fixture
def skysieve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Command:
    """Run commands as a user does, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "500")

    def run(words: str) -> Said:
        monkeypatch.setattr(sys, "argv", ["skysieve", *shlex.split(words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            application.run()
        out, error = capsys.readouterr()
        return Said(int(stop.value.code or 0), " ".join(out.split()), error)

    return run


def refused(said: Said) -> str:
    """Return the one line in which a command refused, without a traceback."""
    assert said.status == 1
    (line,) = said.error.splitlines()
    assert line.startswith("error: ")
    return line


def picture(seed: int, side: int = SIDE) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 255, (side, side, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def jpeg(seed: int) -> bytes:
    file = io.BytesIO()
    picture(seed).save(file, "JPEG", quality=95)
    return file.getvalue()


def write_table(path: str, rows: list[dict[str, Any]]) -> None:
    with Path(path).open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def write_pictures(names: list[str], **columns: list[Any]) -> None:
    """Write a picture a name, and a table of them."""
    Path("pictures").mkdir()
    for seed, name in enumerate(names):
        Path("pictures", f"{name}.jpg").write_bytes(jpeg(seed))
    rows = [
        {"id": name} | {key: values[row] for key, values in columns.items()} for row, name in enumerate(names)
    ]
    write_table("table.csv", rows)


def names(count: int) -> list[str]:
    return [f"g{number:02d}" for number in range(count)]


DAMAGES: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "cut short": (lambda data: data[: len(data) // 2], "bad-image"),
    "no picture at all": (lambda _: b"<html>502 Bad Gateway</html>", "bad-image"),
    "empty": (lambda _: b"", "empty-file"),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_jpeg_costs_itself_only(damage: str, skysieve: Command) -> None:
    harm, kind = DAMAGES[damage]
    write_pictures(names(6), kind=["artifact", "lsbg"] * 3)
    broken = Path("pictures/g02.jpg")
    broken.write_bytes(harm(broken.read_bytes()))
    said = skysieve("samples images table.csv pictures/ -o images.parquet --path '{id}.jpg' --label kind")
    assert said.status == 0
    assert "1 finding:" in said.told
    assert f"error {kind} g02: " in said.told
    samples = SampleSet.open("images.parquet")
    assert samples.ids.tolist() == [name for name in names(6) if name != "g02"]
    for name, image in zip(samples.ids, samples.tensor("cutouts"), strict=True):
        with Image.open(f"pictures/{name}.jpg") as stored:
            np.testing.assert_array_equal(image, np.moveaxis(np.asarray(stored), -1, 0))


def test_a_damaged_jpeg_is_left_out_of_a_recipe(skysieve: Command) -> None:
    write_pictures(names(6), kind=["artifact", "lsbg"] * 3)
    broken = Path("pictures/g02.jpg")
    broken.write_bytes(broken.read_bytes()[:900])
    settings = override(DEEPSHADOWS.configuration, {"labels.table": "table.csv", "labels.column": "kind"})
    samples = DEEPSHADOWS.prepare(["pictures"], settings)
    assert [(each.item, each.kind) for each in samples.findings] == [("g02", "bad-image")]
    assert samples.labels.tolist() == [0, 1, 1, 0, 1]


def write_cube(name: str, pixels: np.ndarray) -> None:
    fits.writeto(Path("cubes", f"{name}.fits"), pixels.astype(np.float32))


@pytest.fixture
def cubes(skysieve: Command) -> None:
    """Write five cubes of three bands, the third of which has its bands in the last place."""
    Path("cubes").mkdir()
    for seed, name in enumerate(names(5)):
        pixels = np.random.default_rng(seed).integers(0, 255, (3, SIDE, SIDE))
        write_cube(name, pixels if seed != 2 else np.moveaxis(pixels, 0, -1))
    write_table("table.csv", [{"id": name, "kind": "lsbg"} for name in names(5)])


@pytest.mark.usefixtures("cubes")
def test_a_cube_with_its_channels_elsewhere_is_kept_aside(skysieve: Command) -> None:
    said = skysieve("samples images table.csv cubes/ -o images.parquet --path '{id}.fits' --label kind")
    assert said.status == 0
    assert "g02: " in said.told
    assert "(64, 64, 3)" in said.told
    samples = SampleSet.open("images.parquet")
    assert samples.ids.tolist() == ["g00", "g01", "g03", "g04"]
    assert samples.tensor("cutouts").shape == (4, 3, SIDE, SIDE)


@pytest.mark.usefixtures("cubes")
def test_a_recipe_says_where_the_channels_belong(skysieve: Command) -> None:
    asked = {"labels.table": "table.csv", "labels.column": "kind", "labels.path": "{id}.fits"}
    samples = DEEPSHADOWS.prepare(["cubes"], override(DEEPSHADOWS.configuration, asked))
    (finding,) = samples.findings
    assert (finding.item, finding.kind) == ("g02", "wrong-channels")
    assert "a picture has 3 (red, green, blue), in the first place of a cube" in finding.reason
    assert len(samples) == 4


def test_cubes_that_all_have_their_channels_elsewhere_are_refused_by_the_recipe(skysieve: Command) -> None:
    Path("cubes").mkdir()
    for seed, name in enumerate(names(16)):
        write_cube(name, np.random.default_rng(seed).integers(0, 255, (SIDE, SIDE, 3)))
    kinds = ["artifact", "lsbg"] * 8
    rows = [{"id": name, "kind": kind} for name, kind in zip(names(16), kinds, strict=True)]
    write_table("table.csv", rows)
    line = refused(
        skysieve(
            "train deepshadows cubes/ -o run --set labels.table=table.csv --set labels.column=kind "
            "--set labels.path='{id}.fits'"
        )
    )
    assert "no picture of cubes can be used" in line
    assert "in the first place of a cube" in line
    asked = "samples images table.csv cubes/ -o images.parquet --path '{id}.fits' --label kind"
    assert skysieve(asked).status == 0
    line = refused(skysieve("train deepshadows images.parquet -o run"))
    assert "found pictures of shape (64, 64, 3), expected (3, 64, 64): red, green, blue first" in line
    assert not Path("run").exists()


def test_a_set_without_pictures_is_refused(skysieve: Command) -> None:
    columns = {"id": [1, 2], "group": [1, 2], "label": [0, 1]}
    SampleSet.from_columns(columns, Description(classes=("artifact", "lsbg"))).write("bare.parquet")
    line = refused(skysieve("train deepshadows bare.parquet -o run"))
    assert "no tensor column 'cutouts', which holds the pictures; found none" in line


class Footprint:
    """A server of pictures: noise east of right ascension 5, black pages west of it."""

    def answer(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer as SkyServer does, with success wherever one asks."""
        query = parse_qs(urlsplit(handler.path).query)
        inside = float(query["ra"][0]) > 5
        side = int(query["width"][0])
        file = io.BytesIO()
        (picture(1, side) if inside else Image.new("RGB", (side, side))).save(file, "JPEG")
        handler.send_response(200)
        handler.send_header("Content-Type", "image/jpeg")
        handler.end_headers()
        handler.wfile.write(file.getvalue())


@pytest.fixture
def footprint(import_experiment: Callable[[str], ModuleType]) -> Iterator[str]:
    with import_experiment("local_server").local_server(Footprint().answer) as url:
        yield url


def test_places_outside_the_footprint_are_listed(skysieve: Command, footprint: str) -> None:
    places = [("in-1", 10), ("out-1", 1), ("in-2", 20), ("out-2", 2), ("in-3", 30)]
    write_table("places.csv", [{"id": name, "ra": ra, "dec": 3} for name, ra in places])
    said = skysieve(
        f"fetch cutouts places.csv -o set.parquet --service sdss --size {SIDE} --pause 0 --backoff 0.01 "
        f"--set base_url={footprint}"
    )
    assert said.status == SOME_FAILED
    assert "2 positions have no cutout" in said.told
    with Path("set.parquet.failures.csv").open(encoding="utf-8") as file:
        failures = {row["id"]: row["kind"] for row in csv.DictReader(file)}
    assert failures == {"out-1": "outside-footprint", "out-2": "outside-footprint"}
    assert SampleSet.open("set.parquet").ids.tolist() == ["in-1", "in-2", "in-3"]


#: Votes of Galaxy Zoo 1 in the order of its columns.
VOTES = ("P_EL", "P_CW", "P_ACW", "P_EDGE", "P_DK", "P_MG")


def write_votes(rows: list[tuple[float, ...]]) -> Any:
    columns = {name: [row[at] for row in rows] for at, name in enumerate(VOTES)}
    Path("pictures").mkdir()
    for seed, name in enumerate(names(len(rows))):
        picture(seed, 120).save(Path("pictures", f"{name}.jpg"), quality=95)
    write_table(
        "table.csv",
        [
            {"id": name, "NVOTE": 40} | {each: columns[each][row] for each in VOTES}
            for row, name in enumerate(names(len(rows)))
        ],
    )
    return override(NIGHT_SKY_NET.configuration, {"labels.table": "table.csv"})


def test_votes_that_do_not_sum_to_one_cost_themselves_only(skysieve: Command) -> None:
    settings = write_votes(
        [(1, 0, 0, 0, 0, 0), (1, 0.6, 0, 0, 0, 0), (0, 0.5, 0.5, 0, 0, 0), (0, 0, 0, 0.97, 0.03, 0)]
    )
    samples = NIGHT_SKY_NET.prepare(["pictures"], settings)
    (finding,) = [each for each in samples.findings if each.kind == "votes-do-not-sum-to-one"]
    assert finding.item == "g01"
    assert "1.6" in finding.reason
    labelled = [samples.classes[each] if each >= 0 else "" for each in samples.labels]
    assert labelled == ["elliptical", "", "face_on_spiral", "edge_on_disk"]


def test_votes_for_one_class_only_are_told(skysieve: Command) -> None:
    settings = write_votes([(1, 0, 0, 0, 0, 0)] * 3)
    samples = NIGHT_SKY_NET.prepare(["pictures"], settings)
    assert "one-class-only" in count_findings(samples.findings)


@pytest.mark.parametrize("kinds", [["lsbg"] * 12, ["lsbg"] * 11 + ["artifact"]])
def test_a_class_that_is_not_there_is_named(kinds: list[str], skysieve: Command) -> None:
    write_pictures(names(12), kind=kinds)
    words = "train deepshadows pictures/ -o run --set labels.table=table.csv --set labels.column=kind"
    line = refused(skysieve(words))
    assert "artifact" in line
    assert not list(Path().glob("run/model*"))


def test_one_class_only_is_told_by_validate(skysieve: Command) -> None:
    write_pictures(names(4), kind=["lsbg"] * 4)
    asked = "samples images table.csv pictures/ -o images.parquet --path '{id}.jpg' --label kind"
    assert skysieve(f"{asked} --classes artifact,lsbg").status == 0
    said = skysieve("samples validate images.parquet")
    assert said.status == 0
    assert "empty-class artifact: no sample has this label" in said.told


def test_labels_that_the_recipe_does_not_know_are_named(skysieve: Command) -> None:
    write_pictures(names(4), kind=["artifact", "lsbg", "nebula", "lsbg"])
    words = "train deepshadows pictures/ -o run --set labels.table=table.csv --set labels.column=kind"
    line = refused(skysieve(words))
    assert "the label 'nebula' is not among the classes ('artifact', 'lsbg'); 1 of 4 samples hold it" in line
    assert not Path("run").exists()


def test_a_set_with_classes_of_its_own_is_refused(skysieve: Command) -> None:
    layout = TensorColumn((3, SIDE, SIDE), "uint8", PICTURE_CHANNELS)
    pixels = np.random.default_rng(1).integers(0, 255, (8, 3, SIDE, SIDE), dtype=np.uint8)
    columns = {"id": np.arange(8), "group": np.arange(8), "label": np.arange(8) % 2, "cutouts": pixels}
    SampleSet.from_columns(columns, Description({"cutouts": layout}, ("galaxy", "star"))).write("own.parquet")
    line = refused(skysieve("train deepshadows own.parquet -o run"))
    assert "galaxy" in line
    assert "lsbg" in line
    assert not Path("run").exists()


def features(count: int = 60) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Return features of galaxies and artefacts: from blue to red both become brighter."""
    rng = np.random.default_rng(5)
    labels = np.arange(count) % 2
    redness = rng.normal(0.5, 0.05, count) + 0.05 * labels
    columns = {
        "r_e": rng.normal(4, 1, count) + labels,
        "g-r": redness,
        "g-i": redness + rng.normal(0.3, 0.03, count),
    }
    return columns, labels


NAMES = ("r_e", "g-r", "g-i")


def test_a_missing_feature_is_named_with_the_nearest() -> None:
    columns, labels = features()
    fitted = fit_feature_classifier("forest", FeatureTable.of(columns, NAMES), labels, ("artifact", "lsbg"))
    columns["g_r"] = columns.pop("g-r")
    with pytest.raises(SampleSetError, match="no feature 'g-r'; did you mean 'g_r'"):
        FeatureTable.of(columns, NAMES)
    bare = FeatureTable.of({name: columns[name] for name in ("r_e", "g-i")}, ("r_e", "g-i"))
    with pytest.raises(SampleSetError, match="no feature 'g-r'"):
        fitted.scores(bare)


def test_features_in_another_order_score_the_same() -> None:
    columns, labels = features()
    table = FeatureTable.of(columns, NAMES)
    fitted = fit_feature_classifier("svm", table, labels, ("artifact", "lsbg"))
    turned = FeatureTable.of(columns, NAMES[::-1])
    np.testing.assert_array_equal(fitted.scores(turned), fitted.scores(table))
    assert fitted.check(turned) == ()


def test_swapped_colours_are_a_finding() -> None:
    columns, labels = features()
    fitted = fit_feature_classifier("forest", FeatureTable.of(columns, NAMES), labels, ("artifact", "lsbg"))
    swapped = columns | {"g-r": columns["g-i"], "g-i": columns["g-r"]}
    (finding,) = fitted.check(FeatureTable.of(swapped, NAMES))
    assert (finding.item, finding.kind, finding.severity) == ("g-r and g-i", "swapped-columns", "error")
    assert "they have changed places; correct the table" in finding.reason


def test_features_of_one_class_are_refused() -> None:
    columns, labels = features()
    with pytest.raises(SampleSetError, match="artifact"):
        fit_feature_classifier(
            "svm", FeatureTable.of(columns, NAMES), np.ones_like(labels), ("artifact", "lsbg")
        )
