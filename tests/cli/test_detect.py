"""What ``skysieve detect streaks`` writes, and how it refuses what it cannot use."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from astropy.io import fits
from typer.testing import CliRunner, Result

from skysieve.cli.application import application
from skysieve.errors import ConfigurationError, InputError
from skysieve.samples import SampleSet
from skysieve.sources.simulators.streak_frame_files import write_streak_frame
from skysieve.sources.simulators.streak_frames import simulate_streak_frame

NAMES = ("science", "reference", "difference")


@pytest.fixture
def frame(tmp_path: Path) -> Path:
    simulated = simulate_streak_frame(
        3, seed=4, shape=(300, 320), lengths=(20.0, 60.0), peak_snrs=(10.0, 20.0)
    )
    return write_streak_frame(tmp_path / "frame", simulated)


def detect(frame: Path, *options: str) -> Result:
    paths = [str(frame / f"{name}.fits") for name in NAMES]
    words = ["detect", "streaks", *paths, "-o", str(frame / "streaks.parquet"), *options]
    return CliRunner().invoke(application, words)


def test_streaks_are_on_the_sky_and_their_cutouts_a_sample_set(frame: Path) -> None:
    result = detect(frame, "--cutouts", str(frame / "cutouts.parquet"))
    assert result.exit_code == 0, result.output
    rows = pq.read_table(frame / "streaks.parquet").to_pylist()
    assert len(rows) >= 3
    assert f"{len(rows)} streaks on 320 x 300 pixels" in result.output
    for row in rows:
        assert row["rate"] == pytest.approx(row["length"] * 1.01 / 3600 * 2880, rel=1e-3)
        assert (row["ra"], row["dec"]) == pytest.approx((150.0, 20.0), abs=0.06)
    assert len(SampleSet.open(frame / "cutouts.parquet")) == len(rows)


def test_without_world_coordinates_pixels_have_to_be_given(frame: Path) -> None:
    for name in NAMES:
        path = frame / f"{name}.fits"
        fits.PrimaryHDU(fits.getdata(path)).writeto(path, overwrite=True)
    result = detect(frame)
    assert isinstance(result.exception, InputError)
    assert "--pixel-scale" in str(result.exception)
    given = detect(frame, "--pixel-scale", "1.01", "--psf-fwhm", "2.0")
    assert given.exit_code == 0, given.output
    assert "the table holds pixels only" in given.output
    assert "ra" not in pq.read_schema(frame / "streaks.parquet").names


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--fixed-cuts", "--minimum-score", "0.3"), "give one"),
        (("--cutouts", "{folder}/streaks.parquet"), "give two files"),
    ],
)
def test_options_that_contradict_each_other_are_refused(
    frame: Path, options: tuple[str, ...], message: str
) -> None:
    result = detect(frame, *(option.format(folder=frame) for option in options))
    assert isinstance(result.exception, ConfigurationError)
    assert message in str(result.exception)
    assert not (frame / "streaks.parquet").exists()


def test_an_empty_frame_gives_an_empty_table(frame: Path) -> None:
    rng = np.random.default_rng(1)
    science = rng.normal(100.0, 5.0, (300, 320)).astype(np.float32)
    for name, pixels in zip(NAMES, (science, 0 * science + 100, science - 100), strict=True):
        with fits.open(frame / f"{name}.fits", mode="update") as hdus:
            hdus[0].data = pixels
    result = detect(frame, "--psf-fwhm", "2.0", "--cutouts", str(frame / "cutouts.parquet"))
    assert result.exit_code == 0, result.output
    assert "0 streaks on" in result.output
    assert pq.read_table(frame / "streaks.parquet").num_rows == 0
    assert not (frame / "cutouts.parquet").exists()


def test_frames_that_cannot_be_used_leave_no_table(frame: Path) -> None:
    with fits.open(frame / "difference.fits", mode="update") as hdus:
        hdus[0].data[:] = np.nan
    result = detect(frame)
    assert isinstance(result.exception, InputError)
    assert result.exception.kind == "all-masked"
    assert not (frame / "streaks.parquet").exists()
