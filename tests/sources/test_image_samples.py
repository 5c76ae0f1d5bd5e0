"""From a table and a folder of images to a sample set, under the user's own names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from PIL import Image

from skysieve.errors import SampleSetError
from skysieve.sources.image_samples import image_samples


@pytest.fixture
def table(tmp_path: Path) -> Path:
    rows = ["name,kind,part,split"]
    for number, (kind, part) in enumerate([("real", "train"), ("bogus", "test"), ("", "validation")]):
        Image.fromarray(np.full((4, 4), number, "u1")).save(tmp_path / f"{number}.png")
        rows.append(f"{number},{kind},{part},x")
    path = tmp_path / "table.csv"
    path.write_text("\n".join(rows) + "\n")
    return path


def test_classes_split_and_the_origin_of_labels_are_the_users(table: Path) -> None:
    samples = image_samples(
        table, table.parent, id="name", path="{name}.png", group="name", label="kind", split="part",
        classes=["real", "bogus"], label_origin="two observers",
    )  # fmt: skip
    assert samples.classes == ("real", "bogus")
    assert samples.labels.tolist() == [0, 1, -1]
    assert samples.scalar("split").tolist() == ["train", "test", "validation"]
    assert samples.description.label_origin == "two observers"


def test_a_column_of_fixed_meaning_is_not_left_out_silently(table: Path) -> None:
    samples = image_samples(table, table.parent, id="name", path="{name}.png", group="name")
    assert [(each.kind, each.severity) for each in samples.findings] == [("reserved-column", "warning")]
    assert "'split' was left out" in samples.findings[0].reason
    with pytest.raises(SampleSetError, match="the splits 'x'; they are called train"):
        image_samples(table, table.parent, id="name", path="{name}.png", group="name", split="split")


@pytest.mark.parametrize("role", ["group", "label", "split"])
def test_a_column_that_is_not_there_is_an_error(table: Path, role: str) -> None:
    names = {"group": "name", role: "nope"}
    with pytest.raises(SampleSetError, match="no column 'nope'"):
        image_samples(table, table.parent, id="name", path="{name}.png", **names)


@pytest.mark.parametrize(("shape", "told"), [((16, 12, 3), True), ((3, 16, 12), False), ((3, 16, 3), False)])
def test_cubes_with_channels_last_are_not_read_silently(
    shape: tuple[int, ...], told: bool, tmp_path: Path
) -> None:
    for number in range(2):
        fits.writeto(tmp_path / f"{number}.fits", np.full(shape, number, np.float32))
    table = tmp_path / "table.csv"
    table.write_text("name\n0\n1\n")
    samples = image_samples(table, tmp_path, id="name", path="{name}.fits", group="name")
    assert len(samples) == 2
    found = [each for each in samples.findings if each.kind == "channels-last"]
    assert bool(found) is told
    if told:
        assert "16 x 12 x 3 are read as 16 channels of 12 x 3 pixels" in found[0].reason
