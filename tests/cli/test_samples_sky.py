"""`skysieve samples validate` and `split`: sky that splits share."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from skysieve.cli.application import application
from skysieve.errors import SampleSetError
from skysieve.samples import Description, SampleSet


def run(*arguments: object) -> tuple[int, str]:
    result = CliRunner().invoke(application, [str(each) for each in arguments], env={"COLUMNS": "400"})
    return result.exit_code, " ".join(result.output.split())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    rng = np.random.default_rng(1)
    columns = {
        "id": [f"s{row}" for row in range(60)],
        "group": [f"s{row}" for row in range(60)],
        "label": np.arange(60) % 2,
        # Twenty places with three samples each.
        "ra": np.repeat(rng.uniform(0, 360, 20), 3),
        "dec": np.repeat(rng.uniform(-30, 30, 20), 3) + np.tile([0, 0.001, 0.002], 20),
    }
    samples = SampleSet.from_columns(columns, Description(classes=("artifact", "lsbg")))
    return samples.write(tmp_path / "samples.parquet")


def test_validate_finds_what_split_mends(path: Path, tmp_path: Path) -> None:
    divided, mended = tmp_path / "divided.parquet", tmp_path / "mended.parquet"
    assert "not checked whether splits share sky: the set has no split" in run("samples", "validate", path)[1]
    assert run("samples", "split", path, "-o", divided)[0] == 0
    status, told = run("samples", "validate", divided)
    assert status == 0
    assert "give it in arcsec (--closer-than)" in told
    status, told = run(
        "samples", "validate", divided, "--closer-than", "30", "--json", tmp_path / "found.json"
    )
    assert status == 0
    assert "neighbours-across-splits" in told
    assert "--sky-radius 42.4" in told
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["sky"]["neighbours"][0]["close"] > 0

    status, told = run("samples", "split", path, "-o", mended, "--sky-radius", "42.4")
    assert status == 0
    assert "groups: 20 of 60 are left within 42.4 arcsec" in told
    status, told = run("samples", "validate", mended, "--closer-than", "30")
    assert status == 0
    assert "sky: 0 of" in told
    assert "neighbours-across-splits" not in told


def test_split_says_that_parts_share_sky(path: Path, tmp_path: Path) -> None:
    wide = (
        SampleSet.open(path).with_columns({}, origin={"field_of_view": 30.0}).write(tmp_path / "wide.parquet")
    )
    told = run("samples", "split", wide, "-o", tmp_path / "divided.parquet")[1]
    assert "neighbours-across-splits" in told
    assert "--sky-radius 42.4" in told
    told = run("samples", "split", wide, "-o", tmp_path / "mended.parquet", "--sky-radius", "42.4")[1]
    assert "neighbours-across-splits" not in told
    assert "sky: 0 of" in told


def test_a_division_from_before_is_not_kept_where_it_tears_new_groups(path: Path, tmp_path: Path) -> None:
    old, new, folds = (tmp_path / f"{name}.parquet" for name in ("old", "new", "folds"))
    assert run("samples", "split", path, "-o", old)[0] == 0
    arguments = ["samples", "split", old, "-o", folds, "--folds", "3", "--sky-radius", "42.4"]
    result = CliRunner().invoke(application, [str(each) for each in arguments])
    assert isinstance(result.exception, SampleSetError)
    assert "the column 'split' that the set has divides" in str(result.exception)
    assert not folds.exists()
    assert run("samples", "split", old, "-o", new, "--sky-radius", "42.4")[0] == 0
    assert run("samples", "split", new, "-o", folds, "--folds", "3", "--sky-radius", "42.4")[0] == 0
    assert run("samples", "validate", folds, "--closer-than", "30")[0] == 0


def test_a_radius_without_positions_is_refused(tmp_path: Path) -> None:
    samples = SampleSet.from_columns({"id": [1, 2, 3, 4], "group": [1, 2, 3, 4]}, Description())
    path = samples.write(tmp_path / "bare.parquet")
    status, _ = run("samples", "split", path, "-o", tmp_path / "x.parquet", "--sky-radius", "5")
    assert status != 0
    assert not (tmp_path / "x.parquet").exists()
