"""``skysieve simulate streaks`` and ``streak-night`` with another camera."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from typer.testing import CliRunner

from skysieve.cli.application import application
from skysieve.samples import SampleSet

CAMERA = ["--set", "camera.exposure_time=60", "--set", "camera.pixel_scale=0.5"]


def call(words: list[str]) -> str:
    return str(CliRunner().invoke(application, ["simulate", *words]).exception or "")


def test_a_sample_set_of_another_camera_says_so(tmp_path: Path) -> None:
    path = tmp_path / "streaks.parquet"
    assert not call(["streaks", str(path), "-n", "6", "--kind", "asteroid", *CAMERA])
    samples = SampleSet.open(path)
    assert samples.description.origin["camera"]["exposure_time"] == 60.0
    np.testing.assert_allclose(samples.scalar("length_arcsec"), samples.scalar("rate") * 60 / 24)
    np.testing.assert_allclose(samples.scalar("length_arcsec"), samples.scalar("length") * 0.5)


def test_a_night_of_another_camera(tmp_path: Path) -> None:
    assert not call(["streak-night", str(tmp_path), "--streaks", "3", "--real-fraction", "1", *CAMERA])
    with (tmp_path / "truth.csv").open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            np.testing.assert_allclose(float(row["length_arcsec"]), float(row["rate"]) * 60 / 24)


def test_a_misspelt_setting_is_named(tmp_path: Path) -> None:
    path = tmp_path / "streaks.parquet"
    assert "did you mean 'camera.seeing'?" in call(["streaks", str(path), "--set", "camera.seing=2"])
    assert "camera.seeing is -1.0; give a number above 0" in call(
        ["streaks", str(path), "--set", "camera.seeing=-1"]
    )
    assert not path.exists()
