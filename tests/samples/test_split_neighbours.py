"""Train and test share no sky, or it is said who does; regrouping by sky mends it."""

from __future__ import annotations

import csv
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from hypothesis import given, settings
from hypothesis import strategies as st

from skysieve.errors import SampleSetError
from skysieve.samples import Description, SampleSet, validate, with_folds, with_splits
from skysieve.samples.sky_cells import merged_groups, sky_groups, with_sky_groups
from skysieve.samples.split_neighbours import check_sky, cutout_width, split_neighbours

#: As `skysieve fetch cutouts` writes it.
FETCHED = {"service": "sdss", "settings": {"size": 100, "pixel_scale": 0.3}}


def make(ra: object, dec: object, origin: dict | None = None, **columns: object) -> SampleSet:
    n = len(np.asarray(ra))
    made = {"id": [f"s{row}" for row in range(n)], "group": [f"s{row}" for row in range(n)]} | columns
    return SampleSet.from_columns(made | {"ra": ra, "dec": dec}, Description(origin=origin or {}))


def crowded(n: int = 400) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(3)
    return rng.uniform(359.9, 360.1, n) % 360, rng.uniform(-60.1, -59.9, n)


def test_counts_agree_with_astropy() -> None:
    ra, dec = crowded()
    parts = np.repeat(["train", "validation", "test"], [200, 100, 100])
    (test, validation, between) = split_neighbours(ra, dec, parts, radius=30)
    assert [(each.part, each.other) for each in (test, validation, between)] == [
        ("test", "train"),
        ("validation", "train"),
        ("test", "validation"),
    ]
    places = SkyCoord(ra, dec, unit="deg")
    ours, theirs, apart, _ = places[parts == "train"].search_around_sky(
        places[parts == "test"], 30 * u.arcsec
    )
    assert test.pairs == len(ours) > 0
    assert test.close == len(set(ours)) < test.samples == 100
    assert test.nearest[0].arcsec == pytest.approx(apart.to_value(u.arcsec).min(), abs=1e-3)
    nearest = np.lexsort((theirs, apart.to_value(u.arcsec)))[0]
    assert (test.nearest[0].sample, test.nearest[0].neighbour) == (
        str(300 + ours[nearest]),
        str(theirs[nearest]),
    )


def test_the_radius_counts_and_the_same_place_is_told() -> None:
    dec = np.array([0.0, 0.0, 30 / 3600, 31 / 3600])
    (found,) = split_neighbours(np.full(4, 20.0), dec, ["train", "test", "test", "test"], radius=30)
    assert (found.samples, found.close, found.same_place, found.pairs) == (3, 2, 1, 2)


def test_many_copies_of_one_place_cost_no_memory() -> None:
    parts = np.repeat(["train", "test"], 50_000)
    (found,) = split_neighbours(np.full(100_000, 1.0), np.zeros(100_000), parts, radius=1)
    assert (found.close, found.pairs) == (50_000, 50_000**2)


def test_validate_warns_names_the_worst_and_says_what_to_do() -> None:
    samples = make([10, 10, 10.002, 80], [0, 0.001, 0, 0], FETCHED, split=["train", "test", "test", "test"])
    found = validate(samples)
    (finding,) = [each for each in found.findings if each.kind == "neighbours-across-splits"]
    assert (finding.item, finding.severity) == ("test", "warning")
    assert "2 of 3 samples (66.7%) lie within 30 arcsec of a sample of train" in finding.reason
    assert "the closest s1 and s0 (3.6 arcsec), s2 and s0 (7.2 arcsec)" in finding.reason
    assert "skysieve samples split --sky-radius 42.4" in finding.reason
    told = found.as_dict()["sky"]
    assert told["neighbours"][0]["nearest"][0] == {"sample": "s1", "neighbour": "s0", "arcsec": 3.6}


def test_a_radius_of_ones_own_stands_before_that_of_the_set() -> None:
    samples = make([10, 10], [0, 0.001], FETCHED, split=["train", "test"])
    assert check_sky(samples).neighbours[0].close == 1
    assert check_sky(samples, closer_than=3).neighbours[0].close == 0
    assert not check_sky(samples, closer_than=3).findings()
    with pytest.raises(SampleSetError, match="a positive number"):
        check_sky(samples, closer_than=0)


@pytest.mark.parametrize(
    ("samples", "reason"),
    [
        (make([10, 10], [0, 0], FETCHED), "the set has no split"),
        (make([10, 10], [0, 0], split=["train", "test"]), "does not say how much of the sky a cutout shows"),
        (make([np.nan] * 2, [0, 0], FETCHED, split=["train", "test"]), "no sample has a place"),
    ],
)
def test_what_is_not_checked_is_said(samples: SampleSet, reason: str) -> None:
    sky = validate(samples).sky
    assert reason in str(sky)
    assert sky.neighbours == ()


def test_a_set_without_positions_says_so() -> None:
    samples = SampleSet.from_columns(
        {"id": [1, 2], "group": [1, 2], "split": ["train", "test"]}, Description()
    )
    assert "no columns ra and dec" in str(validate(samples).sky)


def test_samples_without_a_place_are_left_out() -> None:
    samples = make([10, 10, None], [0, 0, None], FETCHED, split=["train", "test", "test"])
    sky = check_sky(samples)
    assert (sky.positions, sky.neighbours[0].samples) == (2, 1)


def test_every_fold_is_compared_with_the_others() -> None:
    ra, dec = crowded(60)
    folds = with_folds(make(ra, dec, FETCHED), 3, seed=1)
    told = check_sky(folds).neighbours
    assert [each.part for each in told] == ["fold 0", "fold 1", "fold 2"]
    assert sum(each.samples for each in told) == 60
    mended = with_folds(with_sky_groups(make(ra, dec, FETCHED), 30), 3, seed=1)
    assert sum(each.close for each in told) > 0 == sum(each.close for each in check_sky(mended).neighbours)


def test_regrouping_leaves_no_neighbours_across_a_split() -> None:
    ra, dec = crowded()
    samples = make(ra, dec, FETCHED)
    assert check_sky(with_splits(samples, seed=1)).neighbours[0].close > 0
    mended = with_splits(with_sky_groups(samples, 30), seed=1)
    assert all(each.close == 0 for each in check_sky(mended).neighbours)
    assert mended.description.splits["groups"]["radius_arcsec"] == 30


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 8)), min_size=1, max_size=30),
    st.integers(1, 4),
)
def test_neither_sky_nor_old_groups_are_divided(samples: list[tuple[int, int]], radius: int) -> None:
    places, groups = np.array(samples).T
    made = make(places / 3600, np.zeros(len(places)), group=[f"g{each}" for each in groups])
    found = with_sky_groups(made, radius).groups
    for old in (sky_groups(places / 3600, np.zeros(len(places)), radius), groups):
        assert all(len(set(found[old == name])) == 1 for name in np.unique(old))
    # And no more is merged than these two ask for.
    assert len(set(found)) == len(set(merged_groups(groups.astype(str), found)))


def test_a_sample_without_a_place_keeps_its_group() -> None:
    made = with_sky_groups(make([10, 10, None, None], [0, 0, None, None], group=["a", "b", "c", "a"]), 5)
    first = made.groups[0]
    assert made.groups.tolist() == [first, first, "c", first]


def test_regrouping_needs_places() -> None:
    samples = SampleSet.from_columns({"id": [1], "group": [1], "ra": [10.0]}, Description())
    with pytest.raises(SampleSetError, match="no column dec"):
        with_sky_groups(samples, 5)
    with pytest.raises(SampleSetError, match="no sample has a place"):
        with_sky_groups(make([np.nan], [np.nan]), 5)


def test_the_width_of_a_cutout_is_read_wherever_it_stands() -> None:
    assert cutout_width({"samples": FETCHED}) == pytest.approx(30)
    assert cutout_width({"field_of_view": 63.8, "size": 1, "pixel_scale": 1}) == 63.8
    assert cutout_width({"size": 64, "pixel_scale": "as of the survey"}) is None
    assert cutout_width({"size": 0, "pixel_scale": 0.3}) is None


def published(folder: Path, name: str) -> np.ndarray:
    with (folder / "deepshadows" / f"Baseline_{name}.csv").open(encoding="utf-8") as file:
        return np.array([(float(row["ra"]), float(row["dec"])) for row in csv.DictReader(file)])


@pytest.mark.realdata
def test_published_positions_are_counted_as_by_astropy(real_data: Path) -> None:
    ra, dec = published(real_data, "test").T
    names = np.where(np.arange(len(ra)) % 2, "test", "train")
    (found,) = split_neighbours(ra, dec, names, radius=30)
    places = SkyCoord(ra, dec, unit="deg")
    ours, _, apart, _ = places[names == "train"].search_around_sky(places[names == "test"], 30 * u.arcsec)
    assert (found.pairs, found.close) == (len(ours), len(set(ours)))
    assert found.close > 0
    assert found.same_place == len(set(ours[apart.to_value(u.arcsec) <= 0.01]))
