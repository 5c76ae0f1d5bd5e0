"""The public set of braai: fetched from a server like its own, read row by row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skysieve.errors import InputError
from skysieve.samples import SampleSet
from skysieve.sources.archives import braai
from skysieve.sources.archives.braai import BRAAI_FILES, fetch_braai, read_braai
from skysieve.sources.archives.dataset import DATASETS

LABELS, TRIPLETS = (remote.name for remote in BRAAI_FILES)
CANDIDS = [1234567890123456789, 2, 3]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    rows = "\n".join(f"{index},{candid},0.5,{index % 2}" for index, candid in enumerate(CANDIDS))
    (tmp_path / LABELS).write_text(f",candid,drb,label\n{rows}\n")
    np.save(tmp_path / TRIPLETS, np.stack([np.full((63, 63, 3), index, "f4") for index in range(3)]))
    return tmp_path


def test_rows_of_both_files_belong_together(folder: Path) -> None:
    found = read_braai(folder)
    assert len(found) == 3
    assert found.candid.tolist() == CANDIDS
    assert found.label.tolist() == [0, 1, 0]
    assert isinstance(found.triplets, np.memmap)
    assert found.triplets.shape == (3, 63, 63, 3)
    assert found.triplets[2].max() == 2


def kind_of(folder: Path) -> str:
    with pytest.raises(InputError) as caught:
        read_braai(folder)
    return caught.value.kind


def test_what_does_not_belong_together_is_refused(folder: Path) -> None:
    np.save(folder / TRIPLETS, np.zeros((2, 63, 63, 3), "f4"))
    assert kind_of(folder) == "wrong-size"
    np.save(folder / TRIPLETS, np.zeros((3, 3, 63, 63), "f4"))
    assert kind_of(folder) == "wrong-size"
    np.save(folder / TRIPLETS, np.array([object()] * 3), allow_pickle=True)
    assert kind_of(folder) == "bad-array"
    (folder / TRIPLETS).write_bytes(b"")
    assert kind_of(folder) == "bad-array"
    (folder / LABELS).write_text("candid,real\n1,1\n")
    assert kind_of(folder) == "bad-table"
    (folder / LABELS).unlink()
    assert kind_of(folder) == "missing-file"


def test_the_set_is_fetched_and_recorded(
    folder: Path, server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served = tuple(replace(remote, url=server.url + remote.name) for remote in BRAAI_FILES)
    monkeypatch.setattr(braai, "BRAAI_FILES", served)
    server.files = {name: (folder / name).read_bytes() for name in (LABELS, TRIPLETS)}
    target = fetch_braai(tmp_path / "braai")
    assert read_braai(target).label.tolist() == [0, 1, 0]
    assert sorted(path.suffix for path in target.iterdir()) == [".csv", ".npy", ".sha256", ".sha256"]


def test_it_is_registered_with_its_address_and_citation() -> None:
    assert "braai" in list(DATASETS)
    dataset = DATASETS.get("braai")
    assert [remote.url for remote in dataset.files] == [
        "https://storage.googleapis.com/ztf-braai/braai.candidates.programid1.csv",
        "https://storage.googleapis.com/ztf-braai/braai.triplets.norm.programid1.npy",
    ]
    assert dataset.fetch is fetch_braai
    assert "Duev" in dataset.citation


def test_what_was_fetched_becomes_a_sample_set(folder: Path) -> None:
    pixels = np.random.default_rng(1).normal(size=(3, 63, 63, 3)).astype("f4")
    np.save(folder / TRIPLETS, pixels)
    assert DATASETS.get("braai").write_samples(folder, folder / "set.parquet") == ()
    samples = SampleSet.open(folder / "set.parquet")
    assert samples.ids.tolist() == CANDIDS
    assert samples.groups.tolist() == [str(candid) for candid in CANDIDS]
    assert samples.labels.tolist() == [0, 1, 0]
    assert samples.classes == ("bogus", "real")
    np.testing.assert_array_equal(samples.tensor("cutouts")[1, 2], pixels[1, :, :, 2])
    description = samples.description
    assert description.label_origin.startswith("Human labels of the braai public set")
    assert "already L2-normalised per cutout" in description.origin["pixels"]
    assert "names no objects" in description.origin["groups"]


def test_objects_are_the_groups_where_they_are_named(folder: Path) -> None:
    (folder / LABELS).write_text("objectId,candid,label\nZTFa,1,0\nZTFa,2,1\n,3,1\n")
    DATASETS.get("braai").write_samples(folder, folder / "set.parquet")
    samples = SampleSet.open(folder / "set.parquet")
    assert samples.groups.tolist() == ["ZTFa", "ZTFa", "3"]
    assert "groups" not in samples.description.origin


def test_rows_that_cannot_be_samples_are_kept_aside(folder: Path) -> None:
    (folder / LABELS).write_text("candid,label\n1,0\n1,1\n3,7\n")
    findings = DATASETS.get("braai").write_samples(folder, folder / "set.parquet")
    assert [(each.item, each.kind) for each in findings] == [("1", "repeated-id"), ("3", "bad-label")]
    assert SampleSet.open(folder / "set.parquet").ids.tolist() == [1]
    (folder / LABELS).write_text("candid,label\n1,0\n,1\n3,1\n")
    assert kind_of(folder) == "bad-table"
