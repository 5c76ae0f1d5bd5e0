"""Parquet tables of alerts: one alert or finding a row."""

from __future__ import annotations

import io
import os
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skysieve.samples.findings import Finding
from skysieve.sources.alerts import Alert, read_alert_table


def write(path: Path, packets: Any, rows: int = 5, **changes: Any) -> Path:
    stamps = [packets.stamp(np.full((5, 4), row, "f4")) for row in range(rows)]
    columns: dict[str, Any] = {
        "candid": list(range(rows)), "objectId": [f"ZTF{row}" for row in range(rows)],
        "schemavsn": ["4.02"] * rows, "magpsf": [18.5] * rows, "known_sso": [True] * rows,
        "history": [[1.0, 2.0]] * rows,
        **dict.fromkeys(packets.names, stamps),
    }  # fmt: skip
    columns.update(changes)
    pq.write_table(pa.table(columns), path, row_group_size=2)
    return path


def test_rows_are_alerts(packets: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", packets)
    for batch_size in (1, 3, 256):
        alerts = list(read_alert_table(path, batch_size=batch_size))
        assert [alert.candid for alert in alerts if isinstance(alert, Alert)] == [0, 1, 2, 3, 4]
        last = alerts[-1]
        assert isinstance(last, Alert)
        assert (last.object_id, last.schema, last.survey) == ("ZTF4", "4.02", "ZTF")
        assert last.source == f"{path}::row 4"
        assert last.candidate == {"magpsf": 18.5, "known_sso": True}
        assert [cutout.max() for cutout in last.cutouts] == [4, 4, 4]


def test_columns_may_have_other_names(packets: Any, tmp_path: Path) -> None:
    stamps = {name: [packets.stamp()] for name in ("sci", "ref", "diff")}
    pq.write_table(pa.table({"id": [7], **stamps}), tmp_path / "a.parquet")
    (alert,) = read_alert_table(
        tmp_path / "a.parquet", candid="id", cutouts=("sci", "ref", "diff"), survey="LSST"
    )
    assert isinstance(alert, Alert)
    assert (alert.candid, alert.object_id, alert.schema, alert.survey) == (7, "", "", "LSST")


def test_a_bad_row_costs_only_itself(packets: Any, tmp_path: Path) -> None:
    stamps = [packets.stamp(), None, b"", packets.stamp()[:-50], packets.stamp()]
    path = write(tmp_path / "a.parquet", packets, cutoutTemplate=stamps, candid=[0, 1, 2, 3, None])
    good, *bad = read_alert_table(path, name="night")
    assert isinstance(good, Alert)
    assert [each.kind for each in bad if isinstance(each, Finding)] == [
        "missing-cutout", "empty-cutout", "truncated-gzip", "missing-id",
    ]  # fmt: skip
    assert [each.item for each in bad if isinstance(each, Finding)] == [
        f"night::row {row}" for row in (1, 2, 3, 4)
    ]


def only_finding(source: Any) -> Finding:
    (finding,) = read_alert_table(source, name="a.parquet")
    assert isinstance(finding, Finding)
    assert finding.item == "a.parquet"
    return finding


def test_a_missing_column_names_the_nearest(packets: Any, tmp_path: Path) -> None:
    pq.write_table(pa.table({"candidate": [1]}), tmp_path / "a.parquet")
    finding = only_finding(tmp_path / "a.parquet")
    assert finding.kind == "missing-column"
    assert "did you mean candidate" in finding.reason


@pytest.mark.parametrize("data", [b"", b"PAR1", b"PAR1 and nothing more", b"candid,objectId\n1,2\n"])
def test_a_file_that_is_not_parquet_is_a_finding(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.parquet").write_bytes(data)
    assert only_finding(tmp_path / "a.parquet").kind == "not-parquet"
    assert only_finding(data).kind == "not-parquet"


def test_a_missing_file_is_a_finding(tmp_path: Path) -> None:
    assert only_finding(tmp_path / "nowhere.parquet").kind == "unreadable-file"


def test_damaged_rows_are_a_finding_after_the_good_ones(packets: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", packets, rows=40)
    data = bytearray(path.read_bytes())
    middle = pq.ParquetFile(io.BytesIO(data)).metadata.row_group(10).column(0).data_page_offset
    data[middle : middle + 3000] = b"\xff" * 3000
    *good, bad = read_alert_table(bytes(data), name="a.parquet", batch_size=2)
    assert isinstance(bad, Finding)
    assert bad.kind == "truncated-parquet"
    assert [each.candid for each in good if isinstance(each, Alert)] == list(range(len(good)))


@pytest.mark.realdata
def test_every_row_of_the_real_table_is_an_alert(real_data: Path) -> None:
    path = real_data / "ztf_alerts.parquet"
    table = pq.read_table(path, columns=["candid", "objectId", "magpsf", "drb"]).to_pylist()
    alerts = list(read_alert_table(path))
    assert len(alerts) == len(table) == 876
    for alert, row in zip(alerts, table, strict=True):
        assert isinstance(alert, Alert), str(alert)
        assert (alert.candid, alert.object_id) == (row["candid"], row["objectId"])
        assert (alert.candidate["magpsf"], alert.candidate["drb"]) == (row["magpsf"], row["drb"])
        assert all(max(cutout.shape) == 63 for cutout in alert.cutouts)


@pytest.mark.parametrize(
    "candid", ["²", "٣", "1" * 24, "1" * 5000, "-", 2**63, 1.5, True, "9223372036854775808"], ids=str
)
def test_ids_that_are_none_are_findings(packets: Any, tmp_path: Path, candid: Any) -> None:
    kind = pa.uint64() if candid == 2**63 else None
    pq.write_table(
        pa.table({"candid": pa.array([candid], kind)} | {name: [packets.stamp()] for name in packets.names}),
        tmp_path / "a.parquet",
    )
    (finding,) = read_alert_table(tmp_path / "a.parquet")
    assert isinstance(finding, Finding)
    assert finding.kind == "bad-id"


@pytest.mark.parametrize(
    ("found", "expected"), [(17, "17"), (17.0, "17"), (float("nan"), ""), (None, ""), ("ZTF1", "ZTF1")]
)
def test_ids_of_objects_are_words(packets: Any, tmp_path: Path, found: Any, expected: str) -> None:
    (alert,) = read_alert_table(write(tmp_path / "a.parquet", packets, rows=1, objectId=[found]))
    assert isinstance(alert, Alert)
    assert alert.object_id == expected


@pytest.mark.parametrize("found", [True, 1.5, 1e300])
def test_ids_of_objects_that_are_none_are_findings(packets: Any, tmp_path: Path, found: Any) -> None:
    (finding,) = read_alert_table(write(tmp_path / "a.parquet", packets, rows=1, objectId=[found]))
    assert isinstance(finding, Finding)
    assert finding.kind == "bad-id"


def test_values_of_odd_types_cost_nothing_else(packets: Any, tmp_path: Path) -> None:
    not_text = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(np.array([0, 1, 2], "i4").tobytes()), pa.py_buffer(b"\xffa")]
    )
    flags = pa.array([2**64 - 1, 1], pa.uint64())
    path = write(tmp_path / "a.parquet", packets, rows=2, note=not_text, flags=flags)
    alerts = [each for each in read_alert_table(path) if isinstance(each, Alert)]
    assert [alert.candidate["note"] for alert in alerts] == [None, "a"]
    assert [alert.candidate["flags"] for alert in alerts] == [2.0**64, 1]


def test_stamps_of_odd_types_are_findings(packets: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", packets, rows=2, cutoutScience=[1, 2])
    assert [each.kind for each in read_alert_table(path) if isinstance(each, Finding)] == [
        "malformed-record"
    ] * 2


def test_the_reason_for_a_bad_id_fits_it(packets: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", packets, candid=["²", "1" * 5000, "0" * 5000 + "7", "8", "-1"])
    word, long, *good, negative = read_alert_table(path)
    assert [each.candid for each in good if isinstance(each, Alert)] == [7, 8]
    assert "'²' is not a whole number" in str(word)
    assert "does not fit into 64 bits" in str(long)
    assert len(str(long)) < 400
    assert isinstance(negative, Finding)


def test_a_table_whose_name_is_no_unicode_is_read(packets: Any, tmp_path: Path) -> None:
    path = write(tmp_path / "a.parquet", packets).rename(tmp_path / os.fsdecode(b"\xff.parquet"))
    alerts = list(read_alert_table(path))
    assert [alert.source.partition("::")[2] for alert in alerts if isinstance(alert, Alert)] == [
        f"row {row}" for row in range(5)
    ]
    assert str(alerts[0].source).encode().endswith(b"\\udcff.parquet::row 0")
