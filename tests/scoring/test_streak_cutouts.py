"""Cutouts to show: found again by the names in the table, from folders and archives."""

from __future__ import annotations

import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

from skysieve.scoring.streak_cutouts import read_streak_cutouts


def test_cutouts_are_found_again(tmp_path: Path) -> None:
    paths = []
    for number in range(4):
        sky = np.random.default_rng(number).normal(204, 20, (157, 157)).clip(0, 255).astype(np.uint8)
        paths.append(tmp_path / f"strkid{number}_pid{number}_scimref.jpg")
        Image.fromarray(sky).save(paths[-1], "JPEG")
    archive = tmp_path / "night.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        tar.add(paths[0], paths[0].name)
        tar.add(paths[1], paths[1].name)
    paths[3].write_bytes(b"\xff\xd8\xff")
    sources = [
        f"{archive}::{paths[0].name}",
        str(paths[2]),
        str(paths[3]),
        str(tmp_path / "strkid9_pid9.jpg"),
    ]
    found = read_streak_cutouts(sources)
    assert list(found) == sources[:2]
    for source, path in zip(sources, (paths[0], paths[2]), strict=False):
        with Image.open(path) as picture:
            expected = np.asarray(picture.resize((144, 144), Image.Resampling.BILINEAR))
        np.testing.assert_array_equal(found[source], expected)
