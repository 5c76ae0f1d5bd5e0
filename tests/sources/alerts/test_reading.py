"""Reading alerts: every packet is an alert or a finding, and a bad one costs only itself."""

from __future__ import annotations

import json
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from skysieve.samples.findings import Finding
from skysieve.sources.alerts import Alert, SchemaLookup, alerts_from_blob, read_alerts
from skysieve.sources.inputs import Blob


def read(data: bytes, **options: Any) -> list[Alert | Finding]:
    return list(alerts_from_blob(Blob("a.avro", data), **options))


def only_finding(data: bytes, **options: Any) -> Finding:
    (finding,) = read(data, **options)
    assert isinstance(finding, Finding)
    assert finding.severity == "error"
    return finding


def test_a_ztf_packet_is_an_alert(packets: Any) -> None:
    (alert,) = read(packets.container([packets.ztf_record()]))
    assert isinstance(alert, Alert)
    assert (alert.candid, alert.object_id) == (1234567890123456789, "ZTF26aaaaaaa")
    assert (alert.survey, alert.schema, alert.source) == ("ZTF", "4.02", "a.avro")
    assert alert.candidate == packets.ztf_record()["candidate"]
    assert [float(cutout.mean()) for cutout in alert.cutouts] == [0, 1, 2]
    assert {cutout.shape for cutout in alert.cutouts} == {(63, 63)}


def test_an_lsst_packet_is_an_alert(packets: Any) -> None:
    (alert,) = read(packets.container([packets.lsst_record()], packets.lsst_schema()))
    assert isinstance(alert, Alert)
    assert (alert.candid, alert.object_id, alert.survey, alert.schema) == (77, "88", "LSST", "7.4")
    assert alert.candidate["reliability"] == 0.5
    assert [float(cutout.mean()) for cutout in alert.cutouts] == [0, 1, 2], "science, template, difference"


@pytest.mark.parametrize(
    ("dia", "sso", "expected"), [(0, 99, "99"), (None, 99, "99"), (0, 0, ""), (5, 0, "5")]
)
def test_a_moving_object_of_lsst_has_its_own_id(packets: Any, dia: Any, sso: Any, expected: str) -> None:
    source = packets.lsst_record()["diaSource"] | {"diaObjectId": dia, "ssObjectId": sso}
    record = packets.lsst_record(diaSource=source)
    (alert,) = read(packets.container([record], packets.lsst_schema()))
    assert isinstance(alert, Alert)
    assert alert.object_id == expected


def test_a_packet_without_version_takes_that_of_its_schema(packets: Any) -> None:
    schema = packets.ztf_schema()
    del schema["fields"][0]
    (alert,) = read(packets.container([packets.ztf_record()], schema))
    assert isinstance(alert, Alert)
    assert alert.schema == "9.9"


def test_several_records_are_named_by_their_number(packets: Any) -> None:
    records = [packets.ztf_record(candid=index) for index in range(5)]
    for interval in (1, 100_000, 10_000_000):
        alerts = read(packets.container(records, sync_interval=interval))
        assert [alert.candid for alert in alerts if isinstance(alert, Alert)] == [0, 1, 2, 3, 4]
        assert [alert.source for alert in alerts if isinstance(alert, Alert)] == [
            f"a.avro::record {index}" for index in range(5)
        ]


@pytest.mark.parametrize("interval", [1, 10_000_000])
def test_a_bad_record_costs_only_itself(packets: Any, interval: int) -> None:
    records = [packets.ztf_record(candid=index) for index in range(3)]
    records[1]["cutoutTemplate"] = None
    good, bad, other = read(packets.container(records, sync_interval=interval))
    assert isinstance(good, Alert)
    assert isinstance(other, Alert)
    assert isinstance(bad, Finding)
    assert (bad.item, bad.kind, other.candid) == ("a.avro::record 1", "missing-cutout", 2)
    assert "cutoutTemplate" in bad.reason


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        (lambda p: {"cutoutScience": None}, "missing-cutout"),
        (lambda p: {"cutoutScience": b""}, "empty-cutout"),
        (lambda p: {"cutoutScience": p.stamp()[:-100]}, "truncated-gzip"),
        (lambda p: {"cutoutScience": b"\x1f\x8bnonsense"}, "bad-gzip"),
        (lambda p: {"cutoutScience": b"nonsense"}, "bad-fits"),
        (lambda p: {"cutoutScience": p.stamp(np.full((63, 63), np.nan, "f4"))}, "nan-cutout"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("which", ["cutoutScience", "cutoutTemplate", "cutoutDifference"])
def test_a_packet_with_a_bad_cutout_is_one_finding_that_names_it(
    packets: Any, change: Any, kind: str, which: str
) -> None:
    ((_, value),) = change(packets).items()
    finding = only_finding(packets.container([packets.ztf_record(**{which: value})]))
    assert (finding.item, finding.kind) == ("a.avro", kind)
    assert which in finding.reason


def test_lsst_cutouts_may_be_absent(packets: Any) -> None:
    data = packets.container([packets.lsst_record(cutoutDifference=None)], packets.lsst_schema())
    assert only_finding(data).kind == "missing-cutout"


@pytest.mark.parametrize("shape", [(63, 50), (41, 63), (1, 1)])
def test_undersized_and_partly_masked_cutouts_are_no_findings(packets: Any, shape: tuple[int, int]) -> None:
    pixels = np.full(shape, np.nan, "f4")
    pixels[-1, -1] = 1.0
    (alert,) = read(packets.container([packets.ztf_record(cutoutTemplate=packets.stamp(pixels))]))
    assert isinstance(alert, Alert)
    np.testing.assert_array_equal(alert.cutouts[1], pixels)
    assert alert.cutouts[0].shape == (63, 63)


def test_a_packet_without_id_is_a_finding(packets: Any) -> None:
    schema = packets.ztf_schema(broker=True)
    record = packets.ztf_record(candid=None, candidate=None)
    assert only_finding(packets.container([record], schema)).kind == "missing-id"


def test_the_id_may_stand_in_the_candidate_only(packets: Any) -> None:
    (alert,) = read(packets.container([packets.ztf_record(candid=None)], packets.ztf_schema(broker=True)))
    assert isinstance(alert, Alert)
    assert alert.candid == 1234567890123456789


def test_fields_of_other_types_are_a_finding(packets: Any) -> None:
    schema = packets.ztf_schema()
    schema["fields"][3]["type"] = "string"
    assert (
        only_finding(packets.container([packets.ztf_record(candidate="x")], schema)).kind
        == "malformed-record"
    )
    schema = packets.ztf_schema()
    schema["fields"][2]["type"] = "double"
    assert only_finding(packets.container([packets.ztf_record(candid=1e18)], schema)).kind == "bad-id"


def test_records_of_another_kind_are_a_finding(packets: Any) -> None:
    schema = {"type": "record", "name": "weather", "fields": [{"name": "seeing", "type": "double"}]}
    finding = only_finding(packets.container([{"seeing": 1.4}], schema))
    assert (finding.item, finding.kind) == ("a.avro", "unknown-survey")
    assert "seeing" in finding.reason


def test_framed_messages_need_their_schema(packets: Any) -> None:
    data = packets.framed(packets.lsst_record(), packets.lsst_schema(), 704)
    lookup = SchemaLookup({704: packets.lsst_schema()})
    (alert,) = read(data, schemas=lookup)
    assert isinstance(alert, Alert)
    assert (alert.candid, alert.source) == (77, "a.avro")
    assert only_finding(data).kind == "missing-schema"
    assert only_finding(data, schemas=SchemaLookup({})).kind == "unknown-schema"
    assert (
        only_finding(data[:-1], schemas=SchemaLookup({704: packets.lsst_schema()})).kind == "malformed-avro"
    )


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.data(), st.sampled_from(["container", "deflate", "framed", "framed broker", "lsst"]))
def test_a_truncated_packet_is_one_finding(packets: Any, data: st.DataObject, form: str) -> None:
    schema, record = packets.ztf_schema(broker="broker" in form), packets.ztf_record()
    if form == "lsst":
        schema, record = packets.lsst_schema(), packets.lsst_record()
    codec = "deflate" if form == "deflate" else "null"
    whole = (
        packets.framed(record, schema, 1)
        if "framed" in form
        else packets.container([record], schema, codec=codec)
    )
    cut = data.draw(st.integers(0, len(whole) - 1))
    finding = only_finding(whole[:cut], schemas=SchemaLookup({1: schema}))
    assert finding.kind in ("empty-file", "truncated-avro", "malformed-avro", "no-records")


@settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_flipped_byte_never_raises(packets: Any, data: st.DataObject) -> None:
    schema = packets.ztf_schema()
    whole = bytearray(packets.framed(packets.ztf_record(), schema, 1))
    for _ in range(data.draw(st.integers(1, 5))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    assert len(read(bytes(whole), schemas=SchemaLookup({1: schema}))) == 1


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_random_bytes_are_one_finding(data: bytes) -> None:
    only_finding(data)


@pytest.fixture
def night(packets: Any, tmp_path: Path) -> Path:
    """Make a folder with two packets, an archive, a table and a foreign file."""
    (tmp_path / "b").mkdir()
    for candid, path in [(1, "1.avro"), (2, "b/2.avro"), (3, "3.avro")]:
        (tmp_path / path).write_bytes(packets.container([packets.ztf_record(candid=candid)]))
    with tarfile.open(tmp_path / "c.tar.gz", "w:gz") as archive:
        archive.add(tmp_path / "3.avro", "deep/3.avro")
    (tmp_path / "3.avro").unlink()
    stamps = {name: [packets.stamp()] for name in packets.names}
    pq.write_table(pa.table({"candid": [4], "objectId": ["x"], **stamps}), tmp_path / "d.parquet")
    (tmp_path / "notes.txt").write_text("clouds")
    (tmp_path / ".DS_Store").write_text("")
    return tmp_path


def test_a_night_in_all_forms_is_read_in_order(night: Path) -> None:
    found = list(read_alerts([night]))
    assert [each.candid if isinstance(each, Alert) else each.kind for each in found] == [
        1, 2, 3, 4, "foreign-file",
    ]  # fmt: skip
    sources = [each.source for each in found if isinstance(each, Alert)]
    base = night.as_posix()
    assert sources == [
        f"{base}/1.avro", f"{base}/b/2.avro", f"{base}/c.tar.gz::deep/3.avro", f"{base}/d.parquet::row 0",
    ]  # fmt: skip


def test_a_table_inside_an_archive_is_read(night: Path) -> None:
    with tarfile.open(night / "e.tar", "w") as archive:
        archive.add(night / "d.parquet", "d.parquet")
    (alert,) = read_alerts([night / "e.tar"])
    assert isinstance(alert, Alert)
    assert alert.source.endswith("e.tar::d.parquet::row 0")


def test_schemas_may_lie_in_a_folder(packets: Any, tmp_path: Path) -> None:
    (tmp_path / "7.avsc").write_text(json.dumps(packets.ztf_schema()))
    (tmp_path / "m.avro").write_bytes(packets.framed(packets.ztf_record(), packets.ztf_schema(), 7))
    (alert,) = read_alerts([tmp_path / "m.avro"], schemas=tmp_path)
    assert isinstance(alert, Alert)


@pytest.mark.realdata
@pytest.mark.parametrize(("survey", "count"), [("ztf", 60), ("lsst", 38)])
def test_all_real_packets_are_alerts(real_data: Path, survey: str, count: int) -> None:
    alerts = list(read_alerts([real_data / "alerts_avro" / survey]))
    assert len(alerts) == count
    for alert in alerts:
        assert isinstance(alert, Alert), str(alert)
        assert alert.survey == survey.upper()
        assert str(alert.candid) in alert.source or "part-" in alert.source or "template" in alert.source
        assert {"ZTF": "magpsf", "LSST": "psfFlux"}[alert.survey] in alert.candidate
        assert all(np.isfinite(cutout).any() for cutout in alert.cutouts)


def test_an_object_named_by_a_number_is_named_by_its_word(packets: Any) -> None:
    schema = packets.ztf_schema()
    schema["fields"][1]["type"] = "long"
    data = packets.container([packets.ztf_record(objectId=17)], schema)
    (alert,) = alerts_from_blob(Blob("a.avro", data))
    assert isinstance(alert, Alert)
    assert alert.object_id == "17"
