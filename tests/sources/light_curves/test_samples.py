from __future__ import annotations

import random
import re
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from astropy.table import Table
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skysieve.configuration import flatten
from skysieve.errors import ConfigurationError, InputError, SampleSetError
from skysieve.samples import SampleSet, count_findings
from skysieve.samples.light_curves import LightCurves
from skysieve.sources.light_curves import (
    Cleaning,
    ColumnNames,
    CurveReading,
    LabelTable,
    light_curve_samples,
    write_curve_samples,
)

Row = tuple[str, float, float, float, str]

rows = st.lists(
    st.tuples(
        st.sampled_from(["007", "a", "b,c", "d"]),
        st.integers(50_000, 50_050).map(float),
        st.floats(10.0, 20.0),
        st.floats(0.01, 1.0),
        st.sampled_from("gr"),
    ),
    min_size=1,
    max_size=40,
)
quick = settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def write_long(path: Path, points: list[Row]) -> Path:
    names = ("star", "mjd", "mag", "magerr", "band")
    table = pa.table({name: [point[part] for point in points] for part, name in enumerate(names)})
    if path.suffix == ".csv":
        pyarrow.csv.write_csv(table, path)
    elif path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        Table({name: table[name].to_pylist() for name in names}).write(path, overwrite=True)
    return path


def curves_of(samples: SampleSet) -> dict[str, list[tuple[float, float, float, str]]]:
    """Return the points by curve."""
    curves = LightCurves.of(samples)
    return {
        str(name): [
            (time, value, error, curves.bands[band])
            for time, value, error, band in zip(each.time, each.value, each.error, each.band, strict=True)
        ]
        for name, each in zip(curves.ids, curves, strict=True)
    }


def expected_of(points: list[Row]) -> dict[str, list[tuple[float, float, float, str]]]:
    """Return the same by the policy, point by point."""
    made: dict[str, dict[tuple[float, str, float], float]] = {}
    for star, time, value, error, band in points:
        known = made.setdefault(star, {})
        key = (time, band, value)
        known[key] = min(error, known.get(key, np.inf))
    return {
        star: [
            (time, value, float(np.float32(error)), band)
            for (time, band, value), error in sorted(known.items())
        ]
        for star, known in sorted(made.items())
    }


@quick
@given(rows, st.sampled_from([".csv", ".parquet", ".ecsv"]))
def test_long_tables_come_back_as_they_are(tmp_path: Path, points: list[Row], suffix: str) -> None:
    found = curves_of(light_curve_samples([write_long(tmp_path / f"points{suffix}", points)]))
    assert list(found) == list(expected_of(points))
    assert found == expected_of(points)


@quick
@given(rows, st.integers(1, 20), st.randoms(use_true_random=False))
def test_shuffled_rows_in_two_files_sorted_on_disk_give_the_same_set(
    tmp_path: Path, points: list[Row], memory: int, order: random.Random
) -> None:
    shuffled = list(points)
    order.shuffle(shuffled)
    half = len(points) // 2
    files = [
        write_long(tmp_path / f"{name}.parquet", part)
        for name, part in (("first", shuffled[:half]), ("second", shuffled[half:]))
        if part
    ]
    report = write_curve_samples(files, tmp_path / "set.parquet", CurveReading(points_in_memory=memory))
    assert curves_of(SampleSet.open(report.path)) == expected_of(points)
    assert report.curves == len({point[0] for point in points})
    assert report.points == sum(map(len, expected_of(points).values()))


@quick
@given(
    rows,
    st.lists(
        st.sampled_from(
            ["z,,15,.1,g", "z,when,15,.1,g", "a,50001,nan,.1,g", ",5,15,.1,g", "a,1", "a,1,2,3,4,5,6"]
        ),
        min_size=1,
        max_size=5,
    ),
)
def test_bad_rows_cost_themselves_only(tmp_path: Path, points: list[Row], bad: list[str]) -> None:
    path = write_long(tmp_path / "points.csv", points)
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *bad, *lines[1:]]) + "\n")
    samples = light_curve_samples([path])
    assert curves_of(samples) == expected_of(points)
    assert any(finding.severity != "note" for finding in samples.findings)


def nested_table(points: list[Row], form: str) -> pa.Table:
    stars = list(dict.fromkeys(point[0] for point in points))
    lists = [
        [{"mjd": t, "mag": m, "magerr": e, "band": b} for star, t, m, e, b in points if star == each]
        for each in stars
    ]
    of = {
        name: [[point[name] for point in row] for row in lists] for name in ("mjd", "mag", "magerr", "band")
    }
    if form == "lists":
        return pa.table({"star": stars, **of})
    if form == "structs of lists":
        fields = [pa.array(of[name]) for name in of]
        return pa.table({"star": stars, "lc": pa.StructArray.from_arrays(fields, list(of))})
    if form == "large lists":
        large = {
            name: pa.array(of[name]).cast(pa.large_list(pa.array(of[name]).type.value_type)) for name in of
        }
        return pa.table({"star": stars, **large})
    return pa.table({"star": stars, "lc": lists})


@quick
@given(rows, st.sampled_from(["lists", "large lists", "structs of lists", "lists of structs"]))
def test_nested_tables_come_back_as_they_are(tmp_path: Path, points: list[Row], form: str) -> None:
    pq.write_table(nested_table(points, form), tmp_path / "nested.parquet")
    samples = light_curve_samples([tmp_path / "nested.parquet"], CurveReading(curves_at_once=2))
    assert dict(sorted(curves_of(samples).items())) == expected_of(points)


def test_nested_text_and_rows_that_do_not_fit(tmp_path: Path) -> None:
    path = tmp_path / "nested.csv"
    path.write_text(
        'id,mjd,mag,kind\n007,"[1, 2, 3]","[15.5, 16, none]",x\nb,1 2,15 16,y\n'
        "c,1;2,15,y\n007,1 2,1 2,x\n,1 2,1 2,x\n"
    )
    samples = light_curve_samples([path], CurveReading(columns=ColumnNames(label="kind")))
    curves = LightCurves.of(samples)
    assert samples.ids.tolist() == ["007", "b"]
    assert (curves.time.tolist(), curves.value.tolist()) == ([1, 2, 1, 2], [15.5, 16, 15, 16])
    assert [samples.classes[label] for label in samples.labels] == ["x", "y"]
    kinds = count_findings(samples.findings)
    assert {"lengths-differ", "repeated-id", "missing-id", "no-errors"} <= set(kinds)


def test_ecsv_of_fluxes_says_its_unit(tmp_path: Path) -> None:
    from astropy import units

    table = Table(
        {"name": ["a", "a"], "time": [1.0, 2.0], "flux": [5.0, -1.0] * units.nJy, "flux_err": [1.0, 1.0]}
    )
    table.write(tmp_path / "flux.ecsv")
    curves = LightCurves.of(light_curve_samples([tmp_path / "flux.ecsv"]))
    assert (curves.quantity, curves.unit) == ("flux", "nJy")
    assert curves.value.tolist() == [5.0, -1.0]


def test_hats_catalogue_is_read_once_and_in_order(tmp_path: Path) -> None:
    table = nested_table([(str(n), 50_000.0, 15.0, 0.1, "g") for n in range(12)], "lists of structs")
    pixels = tmp_path / "catalogue" / "dataset" / "Norder=1" / "Dir=0"
    pixels.mkdir(parents=True)
    for number in range(12):
        pq.write_table(table.slice(number, 1), pixels / f"Npix={number}.parquet")
    pq.write_table(table.slice(0, 5), tmp_path / "catalogue" / "dataset" / "data_thumbnail.parquet")
    (tmp_path / "catalogue" / "partition_info.csv").write_text("Norder,Npix\n1,0\n")
    samples = light_curve_samples([tmp_path / "catalogue"])
    assert samples.ids.tolist() == [str(number) for number in range(12)]


def ztf_release(path: Path) -> Path:
    table = pa.table(
        {
            "objectid": pa.array([202101100000001, 202201100000002]),
            "filterid": pa.array([1, 2], pa.int8()),
            "objra": pa.array([1.5, 1.5], pa.float32()),
            "hmjd": pa.array([[58001.0, 58002.0, 58003.0], [58001.5]]),
            "mag": pa.array([[15.0, 15.5, 16.0], [14.5]], pa.list_(pa.float32())),
            "magerr": pa.array([[0.1, 0.1, 0.1], [0.1]], pa.list_(pa.float32())),
            "clrcoeff": pa.array([[0.0, 0.0, 0.0], [0.0]], pa.list_(pa.float32())),
            "catflags": pa.array([[0, 32768, 2], [0]], pa.list_(pa.int32())),
        }
    )
    pq.write_table(table, path)
    return path


def test_ztf_release_loses_what_its_flags_advise_against(tmp_path: Path) -> None:
    samples = light_curve_samples([ztf_release(tmp_path / "field.parquet")])
    curves = LightCurves.of(samples)
    assert curves.time.tolist() == [58001.0, 58003.0, 58001.5]
    assert [curves.bands[band] for band in curves.band] == ["g", "g", "r"]
    assert samples.scalar("objra").tolist() == [1.5, 1.5]
    assert samples.ids.dtype == np.int64
    assert samples.description.origin["cleaning"]["reject_flags"] == 32768
    strict = CurveReading(cleaning=Cleaning(reject_flags=-1))
    assert LightCurves.of(light_curve_samples([tmp_path / "field.parquet"], strict)).time.tolist() == [
        58001.0,
        58001.5,
    ]


def test_labels_groups_and_further_columns_come_from_a_table(tmp_path: Path) -> None:
    points = write_long(
        tmp_path / "points.csv", [(star, 50_000.0, 15.0, 0.1, "g") for star in ("007", "a", "d")]
    )
    (tmp_path / "stars.csv").write_text(
        "name,kind,field,period,label\n007,RRab,F1,.5,x\na,,F1,2,x\nzz,EA,F2,3,x\n"
    )
    given = LabelTable(str(tmp_path / "stars.csv"), label="kind", group="field")
    samples = light_curve_samples([points], CurveReading(labels=given, label_origin="two people"))
    assert samples.classes == ("EA", "RRab")
    assert samples.labels.tolist() == [1, -1, -1]
    assert samples.groups.tolist() == ["F1", "F1", "d"]
    np.testing.assert_array_equal(samples.scalar("period"), [0.5, 2.0, np.nan])
    assert samples.description.label_origin == "two people"
    kinds = count_findings(samples.findings)
    assert {"no-label-row", "row-without-curve", "reserved-column"} <= set(kinds)


def test_labels_may_stand_with_the_points_and_more_in_a_table(tmp_path: Path) -> None:
    points = write_long(tmp_path / "points.csv", [(star, 50_000.0, 15.0, 0.1, star) for star in ("a", "d")])
    (tmp_path / "stars.csv").write_text("id,period\nd,2\na,1\n")
    reading = CurveReading(columns=ColumnNames(label="band"), labels=LabelTable(str(tmp_path / "stars.csv")))
    samples = light_curve_samples([points], reading)
    assert [samples.classes[label] for label in samples.labels] == ["a", "d"]
    assert samples.scalar("period").tolist() == [1.0, 2.0]


def test_coordinates_with_blanks_are_no_lists(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("id,raj2000,mjd,mag\n1 2,12 34 56.7,1,15\n1 2,12 34 56.7,2,15\n")
    samples = light_curve_samples([tmp_path / "p.csv"])
    assert (samples.ids.tolist(), samples.scalar("raj2000").tolist()) == (["1 2"], ["12 34 56.7"])


def test_settings_and_findings_of_the_page_exist() -> None:
    page = Path(__file__).parents[3].joinpath("docs", "light-curves.md").read_text(encoding="utf-8")
    named = set(re.findall(r"\b(?:columns|labels|cleaning)\.\w+", page)) - {"labels.parquet"}
    assert len(named) > 10
    assert named <= set(flatten(CurveReading()))


def test_a_split_of_the_users_own_is_kept(tmp_path: Path) -> None:
    points = write_long(tmp_path / "points.csv", [(star, 50_000.0, 15.0, 0.1, "g") for star in ("a", "d")])
    (tmp_path / "stars.csv").write_text("id,part\na,train\n")
    reading = CurveReading(labels=LabelTable(str(tmp_path / "stars.csv"), split="part"))
    samples = light_curve_samples([points], reading)
    assert samples.scalar("split").tolist() == ["train"]
    assert "missing-split" in count_findings(samples.findings)


def test_columns_of_points_that_describe_the_curve_are_kept(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("id,mjd,mag,ra,type\na,1,15,10,x\na,2,15,11,x\na,3,15,12,y\nb,1,15,5,\n")
    reading = CurveReading(columns=ColumnNames(label="type"))
    samples = light_curve_samples([tmp_path / "p.csv"], reading)
    assert samples.scalar("ra").tolist() == [11.0, 5.0]
    assert (samples.classes, samples.labels.tolist()) == (("x", "y"), [0, -1])
    assert "varying-column" in count_findings(samples.findings)


def test_files_without_ids_are_a_curve_each(tmp_path: Path) -> None:
    folder = tmp_path / "stars"
    folder.mkdir()
    (folder / "x1.csv").write_text("# from a telescope\n# JD;mag;err\n2455000.5;15;.1\n2455001.5;15;.1\n")
    (folder / "x2.csv").write_text("JD;mag;err\n2455000.5;15;.1\n")
    (folder / "broken.parquet").write_bytes(b"PAR1 not really")
    (folder / "other.csv").write_text("a,b\n1,2\n")
    samples = light_curve_samples([folder])
    assert samples.ids.tolist() == ["x1", "x2"]
    assert LightCurves.of(samples).time.tolist() == [55000.0, 55001.0, 55000.0]
    assert {"bad-table", "missing-column", "julian-date"} <= set(count_findings(samples.findings))


def test_dates_become_mjd(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("id,date,mag\na,2000-01-01T12:00:00,15\na,2000-01-02 00:00:00Z,15\n")
    assert LightCurves.of(light_curve_samples([tmp_path / "p.csv"])).time.tolist() == [51544.5, 51545.0]


def test_refusals_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file of light curves"):
        light_curve_samples([tmp_path])
    path = write_long(tmp_path / "p.csv", [("a", float("nan"), 15.0, 0.1, "g")])
    with pytest.raises(SampleSetError, match="no light curve is left; first reason: a: has no point left"):
        light_curve_samples([path])
    good = write_long(tmp_path / "good.csv", [("a", 1.0, 15.0, 0.1, "g")])
    with pytest.raises(ConfigurationError, match="has no column 'magg'; did you mean"):
        light_curve_samples([good], CurveReading(columns=ColumnNames(value="magg")))
    reading = CurveReading(columns=ColumnNames(label="band"), classes=("u",))
    with pytest.raises(SampleSetError, match="not among the classes"):
        write_curve_samples([good], tmp_path / "set.parquet", reading)
    assert not (tmp_path / "set.parquet").exists()


@pytest.mark.realdata
def test_real_curves_in_two_forms_are_the_same_set(real_data: Path, tmp_path: Path) -> None:
    stored = np.load(real_data / "lightcurves" / "crts_south.npz")
    few = 300
    offsets = stored["offset"][: few + 1]
    last, counts = offsets[-1], np.diff(offsets)
    time = np.repeat(stored["t0"][:few], counts) + stored["dt_1e5"][:last] * 1e-5
    columns = {"MJD": time, "Mag": stored["mag_1e4"][:last] * 1e-4, "Magerr": stored["err_1e4"][:last] * 1e-4}
    ids = stored["id"][:few].tolist()
    mixed = np.random.default_rng(0).permutation(last)
    long = pa.table({"MasterID": np.repeat(ids, counts).tolist(), **columns}).take(pa.array(mixed))
    pyarrow.csv.write_csv(long, tmp_path / "long.csv")
    lists = {
        name: pa.ListArray.from_arrays(pa.array(offsets), pa.array(each)) for name, each in columns.items()
    }
    pq.write_table(pa.table({"MasterID": ids, **lists}), tmp_path / "nested.parquet")
    first = LightCurves.of(light_curve_samples([tmp_path / "long.csv"]))
    second = LightCurves.of(light_curve_samples([tmp_path / "nested.parquet"]))
    second = second.take(np.argsort(second.ids))
    assert len(first) == few
    for name in ("ids", "offsets", "time", "value", "error"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))
    # The survey repeats some rows exactly.
    assert 0 < last - len(first.time) < 0.01 * last
