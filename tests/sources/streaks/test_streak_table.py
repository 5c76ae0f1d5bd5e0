"""Tests of `skysieve.sources.streaks.streak_table`."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import InputError
from skysieve.sources.streaks.streak_table import STREAK_COLUMNS, add_derived, parse_streak_table

ROW = {name: {int: "7", float: "1.5", str: "word"}[kind] for name, kind in STREAK_COLUMNS.items()} | {
    "streakid": "4951508718150039",
    "pid": "495150871815",
    "ra1": "359.999",
    "dec1": "0",
    "ra2": "0.003",
    "dec2": "0",
    "startmjd": "58529.2",
    "endmjd": "58529.20035",
}


def _line(row: dict[str, str], *, padding: int = 1, border: bool = False) -> str:
    blank = " " * padding
    line = "|".join(f"{blank}{value}{blank}" for value in row.values())
    return f"|{line}|" if border else line


def _table(*rows: dict[str, str], border: bool = False, footer: str | None = None, padding: int = 1) -> bytes:
    names = _line({name: name for name in rows[0]}, border=border, padding=padding)
    lines = [names, "+".join("-" * 5 for _ in rows[0])]
    lines += [_line(row, border=border, padding=padding) for row in rows]
    lines.append(f"({len(rows)} rows)" if footer is None else footer)
    return "".join(f"{line}\n" for line in lines if line).encode()


def test_the_schema_has_37_columns() -> None:
    assert len(STREAK_COLUMNS) == 37
    assert {name for name, kind in STREAK_COLUMNS.items() if kind is int} == {
        *("fid", "pid", "programid", "streakid", "strid", "numfit")
    }


@pytest.mark.parametrize("border", [False, True])
@pytest.mark.parametrize("padding", [0, 1, 9])
def test_rows_are_typed(border: bool, padding: int) -> None:
    table = parse_streak_table(_table(ROW, border=border, padding=padding), item="t")
    assert table.finished
    assert table.findings == ()
    (row,) = table.rows
    assert row["_id"] == "strkid4951508718150039_pid495150871815"
    assert (row["streakid"], row["ra1"], row["programpi"]) == (4951508718150039, 359.999, "word")


@given(st.integers(0, 2**63 - 1))
def test_ids_keep_every_digit(number: int) -> None:
    table = parse_streak_table(_table(ROW | {"streakid": str(number)}), item="t")
    assert table.rows[0]["streakid"] == number


@pytest.mark.parametrize("word", ["", "nan", "NaN", "null", "NULL", r"\N"])
def test_missing_values_are_none(word: str) -> None:
    for border in (False, True):
        row = parse_streak_table(_table(ROW | {"jd": word, "corr2": word}, border=border), item="t").rows[0]
        assert row["jd"] is None
        assert row["corr2"] is None


def test_header_is_not_needed_where_all_columns_are_there() -> None:
    data = (_line(ROW) + "\n(1 row)\n").encode()
    assert parse_streak_table(data, item="t").rows[0]["strid"] == 7


def test_columns_in_another_order_are_read_by_name() -> None:
    table = parse_streak_table(_table(dict(reversed(ROW.items()))), item="t")
    assert table.rows[0]["pid"] == 495150871815


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda row: row | {"streakid": "4951508718150039.0"}, "whole number"),
        (lambda row: row | {"streakid": "9" * 19}, "whole number of 64 bits"),
        (lambda row: row | {"ra1": "12:03:04"}, "ra1 = '12:03:04' is not a number"),
        (lambda row: row | {"pid": ""}, "lacks streakid or pid"),
        (lambda row: {key: row[key] for key in list(row)[:30]}, "30 values for 37"),
    ],
)
def test_damaged_line_costs_itself(damage: Callable[[dict[str, str]], dict[str, str]], message: str) -> None:
    table = parse_streak_table(_table(ROW, damage(ROW), ROW), item="t.txt")
    assert len(table.rows) == 2
    (finding,) = table.findings
    assert (finding.kind, finding.item) == ("damaged-row", "t.txt:4")
    assert message in finding.reason


@given(st.integers(1, 400))
def test_table_being_written_gives_whole_rows_and_a_note(missing: int) -> None:
    data = _table(ROW, ROW | {"prob": "0.123"})
    cut = data[: len(data) - len(b"(2 rows)\n") - missing]
    table = parse_streak_table(cut, item="t")
    assert not table.finished
    assert len(table.rows) <= 1
    assert [finding.kind for finding in table.findings] == ["unfinished-table"]
    assert table.findings[0].severity == "note"


def test_table_without_its_last_line_uses_all_ended_rows() -> None:
    table = parse_streak_table(_table(ROW, ROW, footer=""), item="t")
    assert (len(table.rows), table.finished) == (2, False)


def test_missing_and_extra_columns_are_named() -> None:
    row = {name: value for name, value in ROW.items() if name != "prob"} | {"drb": "0.9"}
    table = parse_streak_table(_table(row), item="t")
    assert {f.kind: f.reason for f in table.findings} == {
        "missing-columns": "lacks the columns prob; its streaks go without",
        "extra-columns": "has further columns, kept as they are: drb",
    }
    assert table.rows[0]["drb"] == "0.9"


def test_wrong_number_of_rows_is_a_warning() -> None:
    table = parse_streak_table(_table(ROW, footer="(5 rows)"), item="t")
    assert [(f.kind, f.severity) for f in table.findings] == [("row-count", "warning")]


def test_line_of_types_is_no_streak() -> None:
    types = _line(dict.fromkeys(ROW, "double"), border=True)
    data = _table(ROW, border=True).decode().replace("\n", f"\n{types}\n", 1).encode()
    table = parse_streak_table(data, item="t")
    assert (len(table.rows), table.findings) == (1, ())


@pytest.mark.parametrize(("data", "kind"), [(b" \n", "empty-file"), (b"<html>\n</html>\n", "bad-table")])
def test_what_is_no_table_is_refused(data: bytes, kind: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_streak_table(data, item="t")
    assert caught.value.kind == kind


def test_derived_columns() -> None:
    rows = list(parse_streak_table(_table(ROW, ROW | {"ra1": "nan", "endmjd": ""}), item="t").rows)
    add_derived(rows)
    first, second = rows
    assert first["midpoint_ra"] == pytest.approx(0.001, abs=1e-9)
    assert first["angular_length"] == pytest.approx(14.4)
    assert first["angular_rate"] == pytest.approx(0.004 / 0.00035, rel=1e-6)
    assert first["angular_rate_arcsec_min"] == pytest.approx(14.4 / (0.00035 * 1440), rel=1e-6)
    assert first["position_angle"] == pytest.approx(90)
    assert first["observing_night"] == "20190214"
    assert second["midpoint_ra"] is None
    assert second["angular_rate"] is None
    assert second["observing_night"] == "20190214"
    add_derived([])


def test_the_night_is_that_of_the_first_time_that_is_known() -> None:
    # Noon at Palomar lies between the times, so that each tells another night.
    times = {"startmjd": "58529.7", "endmjd": "58529.7", "jd": "2458530.7"}
    rows = list(parse_streak_table(_table(ROW | times, ROW | times | {"startmjd": ""}), item="t").rows)
    add_derived(rows)
    assert [row["observing_night"] for row in rows] == ["20190214", "20190215"]
    bare = parse_streak_table(b"streakid|pid|jd\n1|1|2458529.2\n2|2|\n(2 rows)\n", item="t").rows
    add_derived(bare)
    assert [row["observing_night"] for row in bare] == ["20190213", None]
