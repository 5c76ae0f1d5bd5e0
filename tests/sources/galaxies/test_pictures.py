"""Folders of pictures: sizes, labels, votes, and each bad picture kept aside by itself."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.samples.findings import count_findings
from skysieve.samples.votes import VoteScheme
from skysieve.sources.galaxies import PICTURE_CHANNELS, picture_samples

SCHEME = VoteScheme({"smooth": ("s",), "spiral": ("cw", "acw")}, total="n")


def picture(side: int = 20, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (side, side, 3), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for number in range(4):
        Image.fromarray(picture(seed=number)).save(tmp_path / f"g{number}.png")
    (tmp_path / "types.csv").write_text(
        "name,type,field,s,cw,acw,n\n"
        "g0,spiral,a,0,.6,.4,10\ng1,smooth,a,.97,.03,0,30\ng2,spiral,b,.5,.5,0,20\ng3,,b,.5,.7,0,20\n"
    )
    return tmp_path


def read(folder: Path, **options: object) -> object:
    return picture_samples(
        folder / "types.csv", folder, **{"id": "name", "path": "{name}.png", "side": 20} | options
    )


def test_pictures_and_labels_belong_together(folder: Path) -> None:
    samples = read(folder, label="type", group="field")
    assert samples.classes == ("smooth", "spiral")
    assert samples.labels.tolist() == [1, 0, 1, -1]
    assert samples.groups.tolist() == ["a", "a", "b", "b"]
    layout = samples.description.tensors["cutouts"]
    assert (layout.dtype, layout.channels) == ("uint8", PICTURE_CHANNELS)
    for number, cutout in enumerate(samples.tensor("cutouts")):
        np.testing.assert_array_equal(cutout, np.moveaxis(picture(seed=number), -1, 0))
    assert samples.scalar("n").tolist() == [10, 30, 20, 20]


def test_the_middle_is_cut_out_or_all_is_averaged(folder: Path) -> None:
    whole = np.moveaxis(picture(seed=1), -1, 0)
    cropped = read(folder, side=12).tensor("cutouts")[1]
    np.testing.assert_array_equal(cropped, whole[:, 4:16, 4:16])
    averaged = read(folder, side=10, fit="resize").tensor("cutouts")[1]
    expected = whole.reshape(3, 10, 2, 10, 2).mean((2, 4))
    np.testing.assert_allclose(averaged, expected, atol=1)


def test_votes_become_labels_and_stay(folder: Path) -> None:
    samples = read(folder, votes=SCHEME)
    assert samples.labels.tolist() == [1, 0, -1, -1]
    np.testing.assert_array_equal(samples.scalar("votes_spiral"), [10, 1, 10, np.nan])
    kinds = count_findings(samples.findings)
    assert kinds == {"votes-do-not-sum-to-one": 1, "below-the-cut": 1}
    assert "agrees on" in samples.description.label_origin
    assert read(folder, votes=replace(SCHEME, tolerance=0.5), cut=0).labels.tolist() == [1, 0, 0, 1]


def test_what_is_no_picture_costs_itself_only(folder: Path) -> None:
    Image.fromarray(picture(8)).save(folder / "small.png")
    Image.fromarray(picture()[..., 0]).save(folder / "grey.png")
    (folder / "torn.jpg").write_bytes((folder / "g0.png").read_bytes()[:99])
    fits.PrimaryHDU(np.zeros((20, 20, 3), np.float32)).writeto(folder / "turned.fits")
    fits.PrimaryHDU(np.full((3, 20, 20), 900, np.float32)).writeto(folder / "fluxes.fits")
    names = ("g0.png", "small.png", "grey.png", "torn.jpg", "turned.fits", "fluxes.fits", "gone.jpg")
    (folder / "all.csv").write_text("file\n" + "\n".join(names))
    samples = picture_samples(folder / "all.csv", folder, id="file", path="file", side=20)
    assert samples.ids.tolist() == ["g0.png"]
    kinds = {finding.item: finding.kind for finding in samples.findings if finding.severity == "error"}
    assert kinds == {
        "small.png": "wrong-size",
        "grey.png": "wrong-channels",
        "torn.jpg": "bad-image",
        "turned.fits": "wrong-channels",
        "fluxes.fits": "not-a-picture",
        "gone.jpg": "missing-file",
    }


def test_labels_the_recipe_does_not_know(folder: Path) -> None:
    with pytest.raises(SampleSetError, match=r"'spiral' is not among the classes \('smooth', 'merger'\)"):
        read(folder, label="type", classes=("smooth", "merger"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"label": "kind"}, "no column 'kind'; it has name, type"),
        ({"group": "cell"}, "no column 'cell'"),
        ({"label": "type", "votes": SCHEME}, "not both"),
    ],
)
def test_settings_that_make_no_sense(folder: Path, options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        read(folder, **options)


def test_an_empty_group_is_named(folder: Path) -> None:
    text = (folder / "types.csv").read_text().replace("smooth,a", "smooth,")
    (folder / "types.csv").write_text(text)
    samples = read(folder, group="field")
    assert [(finding.item, finding.kind) for finding in samples.findings] == [("g1", "missing-group")]


def test_nothing_left_is_an_error(folder: Path) -> None:
    with pytest.raises(SampleSetError, match=r"no picture .* g0: is 20 x 20 pixels"):
        read(folder, side=64)
