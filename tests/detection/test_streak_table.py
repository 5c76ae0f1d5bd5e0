import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from skysieve.detection.streak import Streak
from skysieve.detection.streak_table import cut_out, write_cutouts, write_streaks
from skysieve.errors import SampleSetError
from skysieve.samples import SampleSet
from skysieve.sources.simulators.streaks import simulate_streaks
from skysieve.sources.simulators.streaks.trail import add_trail
from skysieve.sources.streaks.cutout_file import resize_cutouts


def streak(x: float, y: float, *flags: str) -> Streak:
    numbers = dict.fromkeys((name for name in Streak.__slots__ if name != "flags"), 1.0)
    return Streak(**numbers | {"x1": x - 10, "y1": y, "x2": x + 10, "y2": y}, flags=flags)


def image() -> np.ndarray:
    frame = np.random.default_rng(1).normal(50.0, 4.0, (300, 400)).astype(np.float32)
    add_trail(frame, 190.0, 150.0, 210.0, 150.0, flux=2000.0, fwhm=2.0)
    return frame


def test_a_table_has_one_row_a_streak_and_says_where_it_comes_from(tmp_path: Path) -> None:
    path = write_streaks(
        tmp_path / "new" / "streaks.parquet",
        [streak(50, 60, "long", "masked"), streak(90, 60)],
        sky={"ra": np.array([1.0, 2.0])},
        origin={"pixel_scale": 1.01},
    )
    table = pq.read_table(path)
    assert table["flags"].to_pylist() == ["long masked", ""]
    assert table["ra"].to_pylist() == [1.0, 2.0]
    assert json.loads(table.schema.metadata[b"skysieve"]) == {"kind": "detected-streaks", "pixel_scale": 1.01}


def test_a_table_without_streaks_has_all_columns(tmp_path: Path) -> None:
    full = write_streaks(tmp_path / "full.parquet", [streak(50, 60)])
    empty = write_streaks(tmp_path / "empty.parquet", [])
    assert pq.read_table(empty).num_rows == 0
    assert pq.read_schema(empty).equals(pq.read_schema(full))


def test_cutouts_are_grey_dark_where_there_is_light_and_centred() -> None:
    (grey,) = cut_out(image(), [streak(200, 150)], pixel_scale=1.01)
    assert grey.shape == (144, 144)
    assert np.median(grey) == pytest.approx(204, abs=2)
    assert grey[68:76, 66:78].min() < 60
    rows, columns = np.nonzero(grey < 60)
    assert abs(rows.mean() - 71.5) < 2
    assert abs(columns.mean() - 71.5) < 3


def test_what_lies_off_the_frame_or_is_masked_is_sky() -> None:
    frame = image()
    frame[:, :8] = np.nan
    (grey,) = cut_out(frame, [streak(3, 150)], pixel_scale=1.01)
    assert (grey[:, :72] == 204).all()
    assert (cut_out(np.full((50, 50), np.nan, np.float32), [streak(25, 25)], 1.01) == 204).all()


def test_other_pixel_scales_are_resampled() -> None:
    frame = np.kron(image(), np.ones((2, 2), np.float32))
    (coarse,) = cut_out(image(), [streak(200, 150)], pixel_scale=1.01)
    (fine,) = cut_out(frame, [streak(400.5, 300.5)], pixel_scale=0.505)
    assert np.corrcoef(coarse.ravel(), fine.ravel())[0, 1] > 0.6


def noise_of(grey: np.ndarray) -> float:
    return float(np.median(grey.astype(float).std(axis=(-1, -2))))


def test_cutouts_are_those_that_sieves_have_learned_from() -> None:
    differences = simulate_streaks(40, seed=3, kinds=["asteroid"], stretch=False).cutouts
    expected = resize_cutouts(simulate_streaks(40, seed=3, kinds=["asteroid"], jpeg=False).cutouts)
    # The mask of a simulated cutout is its zeros.
    frames = np.where(differences == 0, np.float32(np.nan), 3.0 * differences + 50.0).astype(np.float32)
    found = np.stack([cut_out(frame, [streak(78, 78)], 1.01)[0] for frame in frames])
    # Which fifth of the pixels tells the noise differs where some are masked: by 1.4 %.
    away = np.abs(found.astype(int) - expected)
    assert away.max() <= 16
    assert (away <= 2).mean() > 0.95
    open_ones = ~np.isnan(frames).any(axis=(1, 2))
    assert open_ones.sum() > 10
    assert away[open_ones].max() <= 1
    assert noise_of(found) == pytest.approx(noise_of(expected), rel=0.01)


@pytest.mark.parametrize("pixel_scale", [1.0, 0.7, 0.5, 0.25])
def test_sky_is_as_noisy_whatever_the_pixels(pixel_scale: float) -> None:
    learned = resize_cutouts(simulate_streaks(100, seed=1, kinds=["noise"], jpeg=False).cutouts)
    frame = np.random.default_rng(3).normal(7.0, 3.0, (720, 720)).astype(np.float32)
    (grey,) = cut_out(frame, [streak(360, 360)], pixel_scale)
    # Averages of pixels that share some of theirs are a little alike: 12 % at worst.
    assert noise_of(grey) == pytest.approx(noise_of(learned), rel=0.12)
    assert np.median(grey) == pytest.approx(204, abs=1)


def test_finer_pixels_show_the_same_trail_in_the_same_place() -> None:
    rng = np.random.default_rng(2)
    means = []
    for scale in (1.01, 0.505):
        finer = 1.01 / scale
        side, middle, half = round(170 * finer), finer * 85.5 - 0.5, finer * 10.0
        trail = np.full((side, side), 50.0, dtype=np.float32)
        ends = (middle - half, middle, middle + half, middle)
        add_trail(trail, *ends, flux=900.0 * finer**2, fwhm=2.0 * finer)
        frames = trail + rng.normal(0.0, 4.0 * finer, (20, side, side)).astype(np.float32)
        means.append(
            np.mean([204.0 - cut_out(each, [streak(middle, middle)], scale)[0] for each in frames], 0)
        )
    coarse, fine = (mean[60:84, 56:88] for mean in means)
    assert fine.sum() == pytest.approx(coarse.sum(), rel=0.1)
    # Half a pixel to the side moves the flanks of the profile by 20 grey levels; its noise is 1.
    np.testing.assert_allclose(fine[:, 6:26].mean(axis=1), coarse[:, 6:26].mean(axis=1), atol=6.0)


def test_cutouts_are_a_sample_set(tmp_path: Path) -> None:
    path = write_cutouts(tmp_path / "cutouts.parquet", image(), [streak(200, 150)], pixel_scale=1.01)
    samples = SampleSet.open(path)
    assert samples.tensor("cutouts").shape == (1, 1, 144, 144)
    assert samples.description.tensors["cutouts"].unit == "grey level"
    assert samples.scalar("x1").tolist() == [190.0]


def test_no_streaks_are_no_sample_set(tmp_path: Path) -> None:
    with pytest.raises(SampleSetError, match="no streak was found"):
        write_cutouts(tmp_path / "cutouts.parquet", image(), [], pixel_scale=1.01)
