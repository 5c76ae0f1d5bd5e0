"""``skysieve simulate galaxies`` and ``lsbg`` with other kinds and surveys."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from skysieve.cli.application import application
from skysieve.samples import SampleSet


def call(words: list[str]) -> str:
    return str(CliRunner().invoke(application, ["simulate", *words]).exception or "")


def test_a_sample_set_of_another_survey_says_so(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    words = [
        "--survey",
        "hsc",
        "--set",
        "survey.seeing=[1, 1, 1]",
        "--fluxes",
        "--size",
        "20",
        "--width",
        "0",
    ]
    assert not call(["lsbg", str(path), "-n", "3", *words])
    description = SampleSet.open(path).description
    assert description.tensors["cutouts"].shape == (3, 20, 20)
    assert description.tensors["cutouts"].channels == ("g", "r", "z")
    survey = description.origin["survey"]
    assert (survey["seeing"], survey["pixel_scale"]) == ([1.0, 1.0, 1.0], 0.168)
    assert description.origin["pixel"] == 0.168


def test_kinds_come_with_shares(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    kinds = ["--kind", "merger", "--kind", "elliptical=0"]
    assert not call(["galaxies", str(path), "-n", "4", "--size", "16", *kinds])
    assert set(pq.read_table(path)["kind"].to_pylist()) == {"merger"}
    assert pq.read_table(path, columns=["cutouts"]).num_rows == 4


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["galaxies", "--kind", "merger=few"], "'few' is no number; give KIND or KIND=SHARE"),
        (["galaxies", "--kind", "cirrus"], r"no kind of the set 'morphology' is called ['cirrus']"),
        (["lsbg", "--survey", "lsst"], "no simulated survey is called 'lsst'; known are: des, hsc"),
        (["lsbg", "--set", "survey.seing=2"], "did you mean 'survey.seeing'?"),
        (["lsbg", "--set", "survey.seeing=2"], "'survey.seeing' takes tuple[float, float, float]; found 2"),
        (["lsbg", "--set", "survey.stretch.softening=0"], "survey.stretch.softening is 0.0; give a number"),
    ],
)
def test_what_cannot_be_is_named(words: list[str], message: str, tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    assert message in call([words[0], str(path), *words[1:]])
    assert not path.exists()
