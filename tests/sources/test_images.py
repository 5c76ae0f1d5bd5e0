"""Folders of images with a table: one sample a row, one finding for whatever does not fit."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from skysieve.errors import ConfigurationError, InputError
from skysieve.samples.findings import Finding
from skysieve.sources.images import ImageSample, read_image_table


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Make ``{1,2,3}_{g,r}.fits``, each full of its own number."""
    for name in (1, 2, 3):
        for offset, band in ((0.0, "g"), (0.5, "r")):
            fits.PrimaryHDU(np.full((4, 5), name + offset, "f4")).writeto(tmp_path / f"{name}_{band}.fits")
    return tmp_path


def kinds(found: Any) -> list[str]:
    return [each.kind if isinstance(each, Finding) else each.id for each in found]


def test_rows_become_samples_by_a_template(folder: Path) -> None:
    table = {"name": ["1", "2", "3"], "label": [0, 1, 0]}
    found = list(read_image_table(table, folder, id="name", path="{name}_g.fits"))
    samples, findings = found[:3], found[3:]
    for number, sample in enumerate(samples, 1):
        assert isinstance(sample, ImageSample)
        assert sample.id == str(number)
        assert sample.row == {"name": str(number), "label": table["label"][number - 1]}
        assert sample.source == f"{folder.as_posix()}/{number}_g.fits"
        np.testing.assert_array_equal(sample.image, np.full((1, 4, 5), number))
    assert kinds(findings) == ["file-without-row"] * 3
    assert all(isinstance(each, Finding) and each.severity == "warning" for each in findings)


def test_the_path_may_be_a_column(folder: Path) -> None:
    table = {"objid": [7], "file": ["2_r.fits"]}
    sample = next(read_image_table(table, folder, id="objid", path="file"))
    assert isinstance(sample, ImageSample)
    assert (sample.id, sample.image[0, 0, 0]) == ("7", 2.5)


BANDS = {"g": "{id}_g.fits", "r": "{id}_r.fits"}


@pytest.mark.parametrize("channels", [list(BANDS.values()), BANDS])
def test_bands_in_a_file_each_are_stacked_in_order(folder: Path, channels: Any) -> None:
    found = list(read_image_table({"id": [1, 2, 3]}, folder, channels=channels))
    assert kinds(found) == ["1", "2", "3"]
    assert isinstance(found[2], ImageSample)
    np.testing.assert_array_equal(found[2].image[:, 0, 0], [3.0, 3.5])


def test_bands_may_be_columns(folder: Path) -> None:
    table = {"id": ["x"], "blue": ["1_g.fits"], "red": ["1_r.fits"]}
    sample = next(read_image_table(table, folder, channels={"g": "blue", "r": "red"}))
    assert isinstance(sample, ImageSample)
    assert sample.image.shape == (2, 4, 5)


def test_a_bad_row_costs_only_itself(folder: Path) -> None:
    fits.PrimaryHDU(np.ones((9, 9), "f4")).writeto(folder / "big.fits")
    Image.new("L", (5, 4)).save(folder / "cut.jpg")
    (folder / "cut.jpg").write_bytes((folder / "cut.jpg").read_bytes()[:300])
    files = ["1_g.fits", "nowhere.fits", "big.fits", "cut.jpg", "", "notes.txt", "2_g.fits", "2_r.fits"]
    (folder / "notes.txt").write_text("x")
    table = {"id": ["a", "b", "c", "d", "e", "f", "g", "a"], "file": files}
    found = list(read_image_table(table, folder, path="file", shape=(4, 5)))
    assert kinds(found[:8]) == [
        "a", "missing-file", "wrong-size", "bad-image", "missing-path", "foreign-file", "g", "duplicate",
    ]  # fmt: skip
    assert [each.item for each in found[:8] if isinstance(each, Finding)] == ["b", "c", "d", "e", "f", "a"]


def test_bands_that_differ_in_size_are_a_finding(folder: Path) -> None:
    fits.PrimaryHDU(np.ones((9, 9), "f4")).writeto(folder / "big.fits")
    table = {"id": ["a"], "g": ["1_g.fits"], "r": ["big.fits"]}
    assert kinds(read_image_table(table, folder, channels=["g", "r"]))[0] == "wrong-size"


def test_images_in_subfolders_and_hidden_ones(folder: Path) -> None:
    (folder / "sub").mkdir()
    (folder / "1_g.fits").rename(folder / "sub" / "1.fits")
    (folder / "._1.fits").write_bytes(b"x")
    found = list(read_image_table({"id": ["1"], "field": ["sub"]}, folder, path="{field}/{id}.fits"))
    assert kinds(found) == ["1"] + ["file-without-row"] * 5


def test_a_csv_with_leading_zeros(folder: Path) -> None:
    (folder / "1_g.fits").rename(folder / "001.fits")
    (folder / "t.csv").write_text("id,z\n001,0.5\n")
    sample = next(read_image_table(folder / "t.csv", folder))
    assert isinstance(sample, ImageSample)
    assert sample.id == "001"


def test_settings_that_cannot_be_meant_are_refused_at_once(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match="no column 'id'"):
        read_image_table({"name": ["1"]}, folder)
    with pytest.raises(ConfigurationError, match="did you mean 'file'"):
        read_image_table({"id": ["1"], "file": ["x"]}, folder, path="files")
    with pytest.raises(ConfigurationError, match="channels"):
        read_image_table({"id": ["1"]}, folder, channels="g")
    with pytest.raises(InputError, match="does not exist"):
        read_image_table(folder / "t.csv", folder)


@pytest.mark.realdata
def test_efigi_is_read_by_its_table(real_data: Path) -> None:
    folder = real_data / "galaxies" / "efigi"
    found = list(read_image_table(folder / "labels.csv", folder, id="pgc", path="{pgc}.jpg", shape=(88, 88)))
    assert len(found) == 3538
    for sample in found:
        assert isinstance(sample, ImageSample), str(sample)
        assert sample.image.shape == (3, 88, 88)
        assert sample.row["class6"]


def test_names_that_no_file_can_have_cost_only_themselves(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"\xff.png")).write_bytes(b"x")
    long, stray = read_image_table({"id": ["a"], "file": ["x" * 5000]}, tmp_path, path="file")
    assert isinstance(long, Finding)
    assert isinstance(stray, Finding)
    assert long.kind == "missing-file"
    assert stray.item.encode().endswith(b"\\udcff.png")
