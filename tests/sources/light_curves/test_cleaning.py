from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from skysieve.samples.light_curves import LightCurves
from skysieve.sources.light_curves import Cleaning, Tally, clean

NAN, INF = float("nan"), float("inf")

numbers = st.one_of(
    st.sampled_from([NAN, INF, -INF, 99.0, -999.0, 2455000.5, 15.0, 16.0]), st.floats(-1e6, 1e6)
)
points = st.tuples(
    numbers, numbers, st.one_of(numbers, st.sampled_from([0.0, -1.0, 1e-60])), st.integers(0, 2)
)
many = st.lists(st.lists(points, max_size=12), min_size=1, max_size=5)


def made(rows: list[list[tuple[float, float, float, int]]]) -> LightCurves:
    columns = [[[point[part] for point in row] for row in rows] for part in range(3)]
    curves = LightCurves.from_lists(*columns)
    bands = np.array([point[3] for row in rows for point in row], dtype=np.int16)
    return replace(curves, band=bands, bands=("g", "i", "r"))


def kinds(tally: Tally) -> dict[str, str]:
    return {finding.kind: finding.severity for finding in tally.findings("file")}


@settings(max_examples=60, deadline=None)
@given(many, st.sampled_from(["keep", "average"]))
def test_what_is_left_is_as_measuring_code_wants_it(
    rows: list[list[tuple[float, float, float, int]]], same: str
) -> None:
    curves, left = clean(made(rows), Cleaning(same_time=same), Tally())  # type: ignore[arg-type]
    assert np.isfinite(curves.time).all()
    assert np.isfinite(curves.value).all()
    assert (np.isnan(curves.error) | (curves.error > 0)).all()
    assert (curves.counts > 0).all()
    assert left.tolist() == curves.ids.tolist()
    for curve in curves:
        assert (np.diff(curve.time) >= 0).all()
        seen = list(zip(curve.time, curve.band, *([] if same == "average" else [curve.value]), strict=True))
        assert len(set(seen)) == len(seen)


@settings(max_examples=40, deadline=None)
@given(many, st.randoms(use_true_random=False))
def test_the_order_of_the_points_does_not_matter(
    rows: list[list[tuple[float, float, float, int]]], random: object
) -> None:
    shuffled = [list(row) for row in rows]
    for row in shuffled:
        random.shuffle(row)  # type: ignore[attr-defined]
    first, _ = clean(made(rows), Cleaning(), Tally())
    second, _ = clean(made(shuffled), Cleaning(), Tally())
    for name in ("offsets", "time", "value", "error", "band", "ids"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


@settings(max_examples=30, deadline=None)
@given(many)
def test_cleaning_twice_changes_nothing(rows: list[list[tuple[float, float, float, int]]]) -> None:
    once, _ = clean(made(rows), Cleaning(), Tally())
    twice, left = clean(once, Cleaning(), Tally())
    assert len(left) == len(once)
    np.testing.assert_array_equal(once.time, twice.time)
    np.testing.assert_array_equal(once.error, twice.error)


def test_each_rule_and_its_count() -> None:
    curves = LightCurves.from_lists(
        [[3.0, 1.0, 1.0, 2.0, NAN, 5.0], [2455000.5, 2455001.5], [1.0], [NAN]],
        [[15.0, 16.0, 16.0, INF, 15.0, 99.0], [15.0, 15.1], [-7.0], [15.0]],
        [[0.1, 0.0, 0.2, 0.1, 0.1, 0.1], [0.1, INF], [0.1], [0.1]],
        ids=["a", "b", "c", "d"],
    )
    tally = Tally()
    left, rows = clean(curves, Cleaning(), tally)
    assert rows.tolist() == [0, 1, 2]
    assert left.curve(0).time.tolist() == [1.0, 3.0]
    # Of a point that comes twice, the known error stays.
    assert left.curve(0).error.tolist() == [0.2, 0.1]
    assert left.curve(1).time.tolist() == [55000.0, 55001.0]
    assert kinds(tally) == {
        "no-points": "error",
        "placeholder-value": "note",
        "julian-date": "warning",
        "not-finite": "warning",
        "bad-error": "warning",
        "unsorted": "note",
        "duplicate-point": "warning",
        "one-point": "note",
        "looks-like-flux": "warning",
    }
    assert {kind: tally.points(kind) for kind in ("not-finite", "bad-error", "julian-date")} == {
        "not-finite": 3,
        "bad-error": 2,
        "julian-date": 2,
    }


def test_values_of_one_time_are_averaged_by_their_errors_on_request() -> None:
    curves = LightCurves.from_lists(
        [[1.0, 1.0, 2.0, 2.0, 3.0]], [[10.0, 13.0, 5.0, 7.0, 0.1]], [[1, 2, 1, NAN, NAN]]
    )
    left, _ = clean(curves, Cleaning(same_time="average"), Tally())
    assert left.value.tolist() == [pytest.approx(10.6), 6.0, 0.1]
    assert left.error[0] == pytest.approx(np.sqrt(0.8))
    assert np.isnan(left.error[1:]).all()
    kept, _ = clean(curves, Cleaning(), Tally())
    assert len(kept.time) == 5


def test_points_of_two_bands_at_one_time_are_no_duplicates() -> None:
    curves = made([[(1.0, 15.0, 0.1, 0), (1.0, 15.0, 0.1, 2)]])
    assert len(clean(curves, Cleaning(same_time="average"), Tally())[0].time) == 2


def test_flags_drop_the_points_that_carry_one_of_the_bits() -> None:
    curves = LightCurves.from_lists([[1.0, 2.0, 3.0]], [[15.0, 15.0, 15.0]])
    flags = np.array([0, 1, 32768])
    assert clean(curves, Cleaning(), Tally(), flags=flags)[0].time.tolist() == [1.0]
    tally = Tally()
    left, _ = clean(curves, Cleaning(reject_flags=32768), tally, flags=flags)
    assert left.time.tolist() == [1.0, 2.0]
    assert tally.points("flagged-point") == 1


def test_settings_keep_what_is_strange() -> None:
    curves = LightCurves.from_lists([[2455000.5], [1.0, 1.0]], [[99.0], [15.0, 15.0]])
    policy = Cleaning(julian_dates="keep", placeholders=(), drop_duplicates=False)
    left, _ = clean(curves, policy, Tally())
    assert left.time.tolist() == [2455000.5, 1.0, 1.0]
    tally = Tally()
    assert len(clean(curves, replace(policy, min_points=2), tally)[0]) == 1
    assert kinds(tally)["too-few-points"] == "error"


def test_findings_stay_few_however_many_curves() -> None:
    times = [[2.0, 1.0, NAN]] * 2500 + [[NAN]] * 1200
    tally = Tally()
    clean(LightCurves.from_lists(times, [[15.0] * len(row) for row in times]), Cleaning(), tally)
    findings = tally.findings("file")
    assert tally.curves("no-points") == 1200
    assert len(findings) == 1000 + 1 + 2
    assert "200 further curves" in str([each for each in findings if each.item == "file"])
