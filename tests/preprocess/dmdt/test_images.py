"""dmdt images against counts by brute force, and against light-curve."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path
from typing import Any

import light_curve
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.preprocess.dmdt.bins import BINS, DmdtBins
from skysieve.preprocess.dmdt.images import dmdt_channels, dmdt_images
from skysieve.samples.light_curves import LightCurves

PUBLISHED = BINS["mahabal2017"]
COARSE = DmdtBins(dm=(-1.0, -0.25, 0.0, 0.25, 1.0), dt=(0.5, 1.0, 2.0, 8.0))


def brute_force(time: Any, value: Any, bins: DmdtBins) -> NDArray[np.int64]:
    """Count every pair by comparing its differences with every edge."""
    found = np.zeros(bins.shape, dtype=np.int64)
    for i, j in combinations(range(len(time)), 2):
        dm, dt = value[j] - value[i], time[j] - time[i]
        for row, column in np.ndindex(bins.shape):
            inside = bins.dm[row] <= dm < bins.dm[row + 1] and bins.dt[column] <= dt < bins.dt[column + 1]
            found[row, column] += inside
    return found


def histogram(time: Any, value: Any, bins: DmdtBins) -> NDArray[np.float64]:
    """Count pairs as most people do; it differs from ours on the last edges only."""
    i, j = np.triu_indices(len(time), 1)
    counts: NDArray[np.float64] = np.histogram2d(value[j] - value[i], time[j] - time[i], (bins.dm, bins.dt))[
        0
    ]
    return counts


def light_curve_dmdt(bins: DmdtBins, **options: Any) -> Any:
    kinds = {"dt_type": "asis", "dm_type": "asis", "n_jobs": 1}
    return light_curve.DmDt(np.array(bins.dt), np.array(bins.dm), **kinds, **options)


def survey_curve(rng: np.random.Generator, points: int) -> tuple[NDArray[np.float64], ...]:
    """Return a curve on the grid of a catalogue: four exposures a night, some instants twice."""
    nights = np.sort(rng.uniform(0, 3000, -(-points // 4)))
    time = (nights[:, None] + 0.007 * np.arange(4)).ravel()[:points]
    time[5:6] = time[4:5]
    value = 15 + 0.5 * np.sin(2 * np.pi * time / 0.61) + rng.normal(0, 0.1, points)
    return np.round(np.sort(time), 5), np.round(value, 4), rng.uniform(0.01, 0.3, points)


@pytest.fixture(scope="module")
def survey() -> LightCurves:
    rng = np.random.default_rng(8)
    curves = [survey_curve(rng, points) for points in (0, 1, 2, 7, 60, 231)]
    return LightCurves.from_lists(*zip(*curves, strict=True))


# Steps of 1/8 are exact in binary, so that many differences lie exactly on edges.
points = st.lists(st.tuples(st.integers(0, 80), st.integers(-12, 12)), max_size=14)


@given(points)
@settings(max_examples=150, deadline=None)
def test_every_pair_is_in_the_bin_that_brute_force_finds(drawn: list[tuple[int, int]]) -> None:
    time = np.sort([point[0] / 8 for point in drawn])
    value = np.array([point[1] / 8 for point in drawn])
    made = dmdt_images(LightCurves.from_lists([time], [value]), COARSE, normalisation="counts")
    np.testing.assert_array_equal(made[0, 0], brute_force(time, value, COARSE))


@given(
    edges=st.lists(st.floats(-30, 30), min_size=2, max_size=30, unique=True).map(sorted),
    values=st.lists(st.floats(-20, 20), min_size=2, max_size=40),
)
@settings(max_examples=150, deadline=None)
def test_no_edges_are_too_close_for_the_table_of_the_kernel(edges: list[float], values: list[float]) -> None:
    bins = DmdtBins(tuple(edges), (0.0, 1e9))
    # One pair more, whose difference is exactly an edge.
    time, value = np.arange(len(values) + 2.0), np.array([0.0, edges[len(edges) // 2], *values])
    made = dmdt_images(LightCurves.from_lists([time], [value]), bins, normalisation="counts")
    i, j = np.triu_indices(len(time), 1)
    rows = np.searchsorted(bins.dm, value[j] - value[i], "right")
    expected = np.bincount(rows, minlength=len(edges) + 1)[1:-1]
    np.testing.assert_array_equal(made[0, 0, :, 0], expected)


@pytest.mark.parametrize("scale", [1e-308, 1e-12, 1e6, 1e280])
@pytest.mark.parametrize("first", [-2.0, 0.0, 1e9, -1e13])
@pytest.mark.parametrize("wide", [1.0, 1e-6, 1e9, 1e28])
def test_no_scale_is_too_small_or_too_large(scale: float, first: float, wide: float) -> None:
    drawn = np.random.default_rng(5).normal(0, 1, 30)
    bins = DmdtBins(tuple(scale * (first + np.array([0, 0.25, 1, 2]))), (0.0, 1e9))
    # Among others, pairs exactly on edges, and one whose difference may be beyond all numbers.
    value = scale * np.array([0, *drawn, first + 0.25, first, wide, -wide, first + 1])
    made = dmdt_images(LightCurves.from_lists([np.arange(36.0)], [value]), bins, normalisation="counts")
    i, j = np.triu_indices(36, 1)
    with np.errstate(over="ignore"):
        rows = np.searchsorted(bins.dm, value[j] - value[i], "right")
    np.testing.assert_array_equal(made[0, 0, :, 0], np.bincount(rows, minlength=5)[1:4])


def test_counts_are_those_of_light_curve(survey: LightCurves) -> None:
    reference = light_curve_dmdt(PUBLISHED)
    made = dmdt_images(survey, normalisation="counts")
    for curve, image in zip(survey, made, strict=True):
        if curve.counts[0] > 1:
            # Without sorted=True it refuses the instants that occur twice; their pairs are in its first bin.
            expected = reference.points(curve.time, curve.value, sorted=True).T
            np.testing.assert_array_equal(image[0], expected)
            np.testing.assert_array_equal(image[0], histogram(curve.time, curve.value, PUBLISHED))
    assert made[-1].sum() == 231 * 230 / 2
    assert not made[:2].any()


@pytest.mark.parametrize(("ours", "theirs"), [("dt", ["dt"]), ("max", ["max"])])
@pytest.mark.parametrize("smear", [False, True])
def test_norms_are_those_of_light_curve(
    survey: LightCurves, ours: Any, theirs: list[str], smear: bool
) -> None:
    bins = DmdtBins(dm=(-0.3, -0.1, 0.0, 0.1, 0.3), dt=(0, 0.01, 1, 100, 5000))
    reference = light_curve_dmdt(bins, norm=theirs)
    made = dmdt_images(survey, bins, normalisation=ours, smear=smear)
    curve = survey.curve(5)
    if smear:
        expected = reference.gausses(curve.time, curve.value, curve.error, sorted=True)
    else:
        expected = reference.points(curve.time, curve.value, sorted=True)
    np.testing.assert_allclose(made[5, 0], expected.T, atol=1e-6)


def test_smearing_spreads_pairs_as_light_curve_does(survey: LightCurves) -> None:
    reference = light_curve_dmdt(PUBLISHED)
    made = dmdt_images(survey, normalisation="counts", smear=True)
    for number in (2, 3, 4, 5):
        curve = survey.curve(number)
        expected = reference.gausses(curve.time, curve.value, curve.error, sorted=True).T
        np.testing.assert_allclose(made[number, 0], expected, rtol=1e-5, atol=1e-7)


def test_a_pair_is_spread_by_the_error_of_its_difference() -> None:
    curve = LightCurves.from_lists([[0.0, 1.5]], [[15.0, 15.0]], [[0.3, 0.4]])
    image = dmdt_images(curve, COARSE, normalisation="counts", smear=True)[0, 0, :, 1]
    # σ = 0.5: the edges lie at half of it, and at twice of it.
    np.testing.assert_allclose(image, [0.285788, 0.191462, 0.191462, 0.285788], atol=1e-5)


@pytest.mark.parametrize("error", [0.0, np.nan])
def test_pairs_without_an_error_stay_points(error: float) -> None:
    curve = LightCurves.from_lists([[0.0, 1.5]], [[15.0, 15.1]], [[error, error]])
    image = dmdt_images(curve, COARSE, normalisation="counts", smear=True)[0, 0]
    assert image[2, 1] == image.sum() == 1


def test_what_the_pixels_of_each_normalisation_sum_to(survey: LightCurves) -> None:
    def made(normalisation: Any) -> NDArray[np.float64]:
        return dmdt_images(survey, normalisation=normalisation)[3:, 0].astype(np.float64)

    np.testing.assert_allclose(made("published").sum(axis=(1, 2)), 255, rtol=1e-5)
    np.testing.assert_allclose(np.square(made("l2")).sum(axis=(1, 2)), 1, rtol=1e-5)
    assert (made("max").max(axis=(1, 2)) == 1).all()
    by_dt = made("dt").sum(axis=1)
    np.testing.assert_allclose(by_dt[by_dt > 0], 1, rtol=1e-5)


def test_published_norm_counts_pairs_outside_of_the_bins_too() -> None:
    curve = LightCurves.from_lists([[0.0, 1.0, 3.0]], [[15.0, 15.1, 25.0]])
    made = dmdt_images(curve, COARSE)
    assert made.sum() == pytest.approx(255 / 3)


def banded(rng: np.random.Generator) -> LightCurves:
    curves = LightCurves.from_lists(*zip(*(survey_curve(rng, n) for n in (40, 3, 25)), strict=True))
    band = rng.integers(0, 2, len(curves.time)).astype(np.int16)
    return LightCurves(curves.offsets, curves.time, curves.value, curves.error, band, ("g", "r"), curves.ids)


@pytest.mark.parametrize("smear", [False, True])
def test_channels_of_all_pairs_of_bands_hold_each_pair_once(smear: bool) -> None:
    curves = banded(np.random.default_rng(3))
    made = dmdt_images(curves, normalisation="counts", cross_bands=True, smear=smear)
    assert made.shape[1] == len(dmdt_channels(curves.bands, cross_bands=True)) == 4
    alone = LightCurves(
        curves.offsets, curves.time, curves.value, curves.error, 0 * curves.band, ("",), curves.ids
    )
    together = dmdt_images(alone, normalisation="counts", smear=smear)[:, 0]
    np.testing.assert_allclose(made.sum(axis=1), together, rtol=1e-5, atol=1e-5)


def test_a_channel_of_two_bands_holds_those_that_begin_in_the_first() -> None:
    curves = LightCurves.from_lists([[0.0, 1.0, 1.0, 9.0]], [[15.0, 15.5, 15.25, 15.0]])
    band = np.array([0, 1, 0, 1], dtype=np.int16)
    curves = LightCurves(
        curves.offsets, curves.time, curves.value, curves.error, band, ("g", "r"), curves.ids
    )
    bins = DmdtBins(dm=(-1, 0, 1), dt=(0, 0.5, 2, 10))
    made = dmdt_images(curves, bins, normalisation="counts", cross_bands=True)[0]
    np.testing.assert_array_equal(made[0], [[0, 0, 0], [0, 1, 0]])  # g: 15.0 to 15.25
    np.testing.assert_array_equal(made[1], [[0, 0, 1], [0, 0, 0]])  # r: 15.5 to 15.0
    np.testing.assert_array_equal(made[2], [[0, 0, 1], [0, 1, 1]])  # g>r: from 15.0 twice, from 15.25
    np.testing.assert_array_equal(made[3], [[1, 0, 0], [0, 0, 0]])  # r>g: in one instant, as stored


def test_bands_stand_where_they_are_asked_for() -> None:
    curves = banded(np.random.default_rng(4))
    made = dmdt_images(curves, bands=["r", "z", "g"])
    np.testing.assert_array_equal(made[:, [2, 0]], dmdt_images(curves))
    assert not made[:, 1].any()
    np.testing.assert_array_equal(made[:, :1], dmdt_images(curves.of_band("r"), bands=["r"]))


def test_threads_change_nothing(survey: LightCurves) -> None:
    many = survey.take(np.tile(np.arange(6), 200))
    np.testing.assert_array_equal(dmdt_images(many, workers=2), dmdt_images(many))


def test_no_curves_make_no_images(survey: LightCurves) -> None:
    assert dmdt_images(survey.span(0, 0)).shape == (0, 1, 22, 24)


def test_curves_that_are_not_in_order_are_named() -> None:
    curves = LightCurves.from_lists(
        [[5.0, 6.0], [1.0, 3.0, 2.0]], [[1.0, 1.0], [1.0, 1.0, 1.0]], ids=["a", "b"]
    )
    with pytest.raises(SampleSetError, match="light curve b is not in the order of time"):
        dmdt_images(curves)
    curves = LightCurves.from_lists([[5.0, 6.0], [1.0]], [[1.0, np.nan], [2.0]], ids=["a", "b"])
    with pytest.raises(SampleSetError, match="light curve a has a value that is not finite"):
        dmdt_images(curves)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"normalisation": "sum"}, "published, counts, l2, max, dt; found 'sum'"),
        ({"bands": ["g", "g"]}, "once each"),
        ({"bands": []}, "at least one"),
        ({"cross_bands": True}, "need two bands"),
    ],
)
def test_settings_that_make_no_sense(survey: LightCurves, settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        dmdt_images(survey, **settings)


@pytest.mark.realdata
def test_real_curves_are_counted_as_light_curve_counts_them(real_data: Path) -> None:
    stored = np.load(real_data / "lightcurves" / "crts_south.npz")
    offsets = stored["offset"].astype(np.int64)
    time = np.repeat(stored["t0"], np.diff(offsets)) + stored["dt_1e5"] * 1e-5
    value = stored["mag_1e4"] * 1e-4
    error, band = np.full(len(time), np.nan), np.zeros(len(time), np.int16)
    curves = LightCurves(offsets, time, value, error, band, ("",), stored["id"])
    made = dmdt_images(curves, normalisation="counts")
    reference = light_curve_dmdt(PUBLISHED)
    chosen = range(0, len(curves), 60)
    lists = [(curves.curve(number).time, curves.curve(number).value) for number in chosen]
    expected = reference.points_many(lists, sorted=True).transpose(0, 2, 1)
    np.testing.assert_array_equal(made[::60, 0], expected)
    # Magnitudes stand on a grid of 1e-4, as edges do: the last bit decides, and the two agree on it.
    counts = curves.counts
    assert (made.sum(axis=(1, 2, 3)) > 0.99 * counts * (counts - 1) / 2).all()
