"""The public set of braai: fetched from a server like its own, read row by row."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skysieve.errors import InputError
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
