"""Taking alerts in: every good one once, every bad one aside, whatever they come in and however often."""

import io
import json
import math
import tarfile

import fastavro
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from skysieve.errors import ConfigurationError, InputError, ServiceError
from skysieve.service.candidates.images import FITS_GZIP, load_images
from skysieve.service.candidates.similar import look_of
from skysieve.service.database.tables import (
    Candidate,
    Cutouts,
    JournalEntry,
    MetadataField,
    Night,
    PendingScore,
    QuarantinedItem,
    Scorer,
)
from skysieve.service.database.tables.judging import ON_DUTY, RETIRED
from skysieve.service.ingest import batch as batch_module
from skysieve.service.ingest import contents, tally
from skysieve.service.ingest.disk import is_disk_full
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.reception import receive
from skysieve.service.sky.cells import cell_of
from skysieve.sources.alerts.reading import read_alerts

#: Kinds of simulated bad packets to the kinds of what is wrong with them; the others are stored.
BAD = {
    "bad-all-nan-cutout-0.avro": "nan-cutout",
    "bad-empty-cutout-0.avro": "empty-cutout",
    "bad-header-only-0.avro": "bad-fits",
    "bad-null-cutout-0.avro": "missing-cutout",
    "bad-text-named-avro-0.avro": "not-avro",
    "bad-truncated-avro-0.avro": "truncated-avro",
    "bad-truncated-gzip-0.avro": "truncated-gzip",
    "bad-zero-byte-0.avro": "empty-file",
}


def _all(service, table):
    with service.database.reading() as session:
        rows = list(session.scalars(select(table).order_by(*table.__mapper__.primary_key)))
        session.expunge_all()
    return rows


def _count(service, table):
    with service.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table))


def _scorer(service, kind="alert", duty=ON_DUTY, identity="a"):
    row = Scorer(kind=kind, identity=identity, name="m", is_sieve=False, place="m", duty=duty)
    with service.database.writing() as session:
        session.add(row)
        session.flush()
        return row.id


def _bytes_item(data, name="alerts/0/1", stamp="1", feed="kafka"):
    return Item(feed, name, stamp, data=data)


def _repacked(data, change):
    """Return an Avro packet whose record is changed."""
    stream = io.BytesIO(data)
    reader = fastavro.reader(stream)
    records = list(reader)
    for record in records:
        change(record)
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(reader.writer_schema), records)
    return out.getvalue()


def _container(paths):
    records, schema = [], None
    for path in paths:
        with path.open("rb") as file:
            reader = fastavro.reader(file)
            schema = reader.writer_schema
            records += list(reader)
    out = io.BytesIO()
    fastavro.writer(out, fastavro.parse_schema(schema), records)
    return out.getvalue()


def _archive(files, path):
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return path


def test_a_night_is_taken_in_and_the_bad_ones_are_kept_aside(service, alert_night, items_of):
    items = items_of(alert_night.packets)
    reception = receive(service, items)
    outcomes = dict(zip((item.name for item in items), reception.outcomes, strict=True))
    assert {name: kind for name, kind in outcomes.items() if kind != "stored"} == {
        **dict.fromkeys(BAD, "quarantined"),
        "bad-foreign-text-0.txt": "ignored",
    }
    assert reception.candidates == 14
    assert reception.problems == dict.fromkeys(BAD.values(), 1)
    assert {row.item: row.kind for row in _all(service, QuarantinedItem)} == BAD
    assert {row.item: row.outcome for row in _all(service, JournalEntry)} == outcomes
    for row in _all(service, QuarantinedItem):
        kept = (alert_night.packets / row.item).read_bytes()
        assert (service.files.get(row.sha256) if row.sha256 else b"") == kept
        assert (row.state, row.attempts, row.record) == ("open", 1, "")


def test_a_candidate_has_what_its_packet_says(service, packets):
    [alert] = read_alerts([packets[0]])
    item = Item("folder", packets[0].name, "1", path=packets[0])
    assert receive(service, [item]).outcomes == ("stored",)
    [row], [cutouts] = _all(service, Candidate), _all(service, Cutouts)
    said = dict(alert.candidate)
    assert (row.kind, row.survey, row.name) == ("alert", "ZTF", str(alert.candid))
    assert (row.object_id, row.jd, row.ra, row.dec) == (
        alert.object_id,
        said.pop("jd"),
        said.pop("ra"),
        said.pop("dec"),
    )
    assert row.band == {1: "g", 2: "r", 3: "i"}[said["fid"]]
    assert row.mag == said["magpsf"]
    assert row.cell == cell_of(row.ra, row.dec)
    assert row.night.name == "20240213"
    assert row.fields == {
        name: value
        for name, value in said.items()
        if value is not None and not (isinstance(value, float) and math.isnan(value))
    }
    assert row.source == f"folder: {packets[0].name}"
    images = load_images(service.files, cutouts)
    for channel, pixels in zip(("science", "template", "difference"), alert.cutouts, strict=True):
        np.testing.assert_array_equal(images[channel], pixels)
    with service.database.reading() as session:
        assert session.scalar(select(Candidate.look)) == look_of(images)
    assert (cutouts.media_type, cutouts.channels) == (FITS_GZIP, ["science", "template", "difference"])
    assert service.files.get(cutouts.packet_sha256) == packets[0].read_bytes()
    types = {field.name: field.type for field in _all(service, MetadataField)}
    assert set(types) == set(row.fields)
    assert types["magpsf"] == types["fid"] == "number"
    assert types["pdiffimfilename"] == "text"


def test_packets_are_kept_only_where_that_is_asked_for(sqlite_service, with_settings, packets):
    service = with_settings(sqlite_service, keep_packets=False)
    receive(service, [Item("folder", "a", "1", data=packets[0].read_bytes())])
    assert [row.packet_sha256 for row in _all(service, Cutouts)] == [""]
    assert len(list(service.files.names())) == 1


def test_what_comes_again_changes_nothing(service, packets):
    _scorer(service)
    items = [Item("folder", path.name, "1", path=path) for path in packets]
    receive(service, items)
    before = [(row.id, row.updated_at) for row in _all(service, Candidate)]
    with service.database.writing() as session:
        session.query(PendingScore).delete()
    assert set(receive(service, items).outcomes) == {"duplicate"}
    # The same alerts by another feed are read, and found to be there.
    again = [Item("kafka", f"topic/0/{at}", "1", data=path.read_bytes()) for at, path in enumerate(packets)]
    assert set(receive(service, again).outcomes) == {"duplicate"}
    assert [(row.id, row.updated_at) for row in _all(service, Candidate)] == before
    assert _count(service, PendingScore) == 0
    outcomes = {(row.feed, row.outcome) for row in _all(service, JournalEntry)}
    assert outcomes == {("folder", "stored"), ("kafka", "duplicate")}


def test_the_same_stamp_is_not_even_read(sqlite_service, packets, tmp_path):
    item = Item("folder", "1.avro", "1", path=packets[0])
    receive(sqlite_service, [item])
    gone = Item("folder", "1.avro", "1", path=tmp_path / "gone.avro")
    assert receive(sqlite_service, [gone]).outcomes == ("duplicate",)


def test_another_content_changes_the_candidate_in_place_and_has_it_scored_again(service, packets):
    scorer = _scorer(service)
    data = packets[0].read_bytes()
    receive(service, [_bytes_item(data)])
    with service.database.writing() as session:
        session.query(PendingScore).delete()
        session.query(Candidate).update({"score": 0.5, "passes": True, "label": "real", "label_count": 1})
    [before] = _all(service, Candidate)

    def brighter(record):
        record["candidate"]["magpsf"] = 12.5
        record["candidate"]["drb"] = None
        record["cutoutDifference"] = record["cutoutScience"]

    item = _bytes_item(_repacked(data, brighter), stamp="2")
    assert receive(service, [item]).outcomes == ("stored",)
    [after] = _all(service, Candidate)
    assert (after.id, after.mag, after.first_seen) == (before.id, 12.5, before.first_seen)
    assert after.updated_at > before.updated_at
    assert (after.score, after.passes, after.label, after.label_count) == (0.5, True, "real", 1)
    assert "drb" not in after.fields
    assert after.stamp != before.stamp
    assert [(row.candidate_id, row.scorer_id) for row in _all(service, PendingScore)] == [(after.id, scorer)]
    [cutouts] = _all(service, Cutouts)
    images = load_images(service.files, cutouts)
    np.testing.assert_array_equal(images["difference"], images["science"])
    assert service.files.get(cutouts.packet_sha256) == item.data


def test_only_scorers_of_the_kind_that_are_not_retired_are_asked(service, packets):
    wanted = _scorer(service)
    _scorer(service, kind="streak", identity="b")
    _scorer(service, duty=RETIRED, identity="c")
    receive(service, [_bytes_item(packets[0].read_bytes())])
    assert [row.scorer_id for row in _all(service, PendingScore)] == [wanted]


def test_a_container_of_many_is_kept_once_with_the_numbers_of_its_records(service, packets):
    data = _container(packets[:5])
    assert receive(service, [_bytes_item(data)]).candidates == 5
    rows = _all(service, Cutouts)
    assert [row.packet_record for row in rows] == [0, 1, 2, 3, 4]
    assert {service.files.get(row.packet_sha256) for row in rows} == {data}


def test_a_bad_record_among_good_ones_costs_itself(service, packets):
    def spoil(record):
        if record["candid"] == int(packets[2].stem):
            record["cutoutScience"] = None

    data = _repacked(_container(packets[:5]), spoil)
    reception = receive(service, [_bytes_item(data)])
    assert (reception.outcomes, reception.candidates) == (("partly",), 4)
    [row] = _all(service, QuarantinedItem)
    assert (row.record, row.kind) == ("record 2", "missing-cutout")
    assert service.files.get(row.sha256) == data


def test_an_archive_is_taken_in_by_its_members(service, alert_night, tmp_path):
    files = {f"night/{path.name}": path.read_bytes() for path in sorted(alert_night.packets.iterdir())}
    path = _archive(files, tmp_path / "night.tar.gz")
    reception = receive(service, [Item("folder", "night.tar.gz", "1", path=path)])
    assert (reception.outcomes, reception.candidates) == (("partly",), 14)
    rows = {row.record: row for row in _all(service, QuarantinedItem)}
    assert {name.removeprefix("night/"): row.kind for name, row in rows.items()} == BAD
    # The same archive as bytes, as of an upload.
    item = Item("upload", "night.tar.gz", "1", data=path.read_bytes())
    assert (receive(service, [item]).outcomes, _count(service, Candidate)) == (("partly",), 14)
    assert not list(service.home.run.iterdir())


def test_an_archive_larger_than_a_batch_is_stored_in_parts(service, with_settings, packets, tmp_path):
    service = with_settings(service, batch=1)
    path = _archive({path.name: path.read_bytes() for path in packets}, tmp_path / "night.tar")
    assert receive(service, [Item("folder", "night.tar.gz", "1", path=path)]).outcomes == ("quarantined",)
    path = path.rename(tmp_path / "night.tar.gz")
    reception = receive(service, [Item("folder", "night.tar.gz", "2", path=path)])
    assert (reception.outcomes, reception.candidates) == (("stored",), 12)
    [row] = _all(service, JournalEntry)
    assert (row.outcome, row.candidates, row.stamp) == ("stored", 12, "2")
    assert [row.state for row in _all(service, QuarantinedItem)] == ["resolved"]


def test_a_truncated_archive_gives_what_came_before_and_is_resolved_when_it_is_whole(
    service, packets, tmp_path
):
    whole = _archive({path.name: path.read_bytes() for path in packets}, tmp_path / "whole.tar.gz")
    path = tmp_path / "night.tar.gz"
    path.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    reception = receive(service, [Item("folder", "night.tar.gz", "1", path=path)])
    assert (reception.outcomes, reception.problems) == (("partly",), {"truncated-archive": 1})
    first = reception.candidates
    assert 0 < first < 12
    [row] = _all(service, QuarantinedItem)
    assert service.files.get(row.sha256) == path.read_bytes()
    path.write_bytes(whole.read_bytes())
    reception = receive(service, [Item("folder", "night.tar.gz", "2", path=path)])
    assert (reception.outcomes, reception.candidates) == (("stored",), 12 - first)
    assert [row.state for row in _all(service, QuarantinedItem)] == ["resolved"]


def test_a_table_of_alerts_is_taken_in_by_its_rows(service, packets, tmp_path):
    rows = []
    for path in packets[:3]:
        with path.open("rb") as file:
            record = next(fastavro.reader(file))
        scalars = {name: record["candidate"][name] for name in ("jd", "ra", "dec", "fid", "magpsf")}
        stamps = {
            name: record[name]["stampData"] for name in record if name.startswith("cutout") and record[name]
        }
        rows.append({"candid": record["candid"], "objectId": record["objectId"], **scalars, **stamps})
    rows[1]["cutoutTemplate"] = b""
    rows[2]["objectId"] = "x" * 81
    path = tmp_path / "alerts.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    by_path = receive(service, [Item("folder", "alerts.parquet", "1", path=path)])
    by_bytes = receive(service, [Item("upload", "alerts.parquet", "1", data=path.read_bytes())])
    assert by_path.outcomes == by_bytes.outcomes == ("partly",)
    assert by_path.problems == by_bytes.problems == {"empty-cutout": 1, "bad-id": 1}
    assert _count(service, Candidate) == 1
    rows = _all(service, QuarantinedItem)
    assert {row.record for row in rows} == {"row 1", "row 2"}
    assert {service.files.get(row.sha256) for row in rows} == {path.read_bytes()}
    assert [row.packet_sha256 for row in _all(service, Cutouts)] == [""]


def test_times_and_places_that_are_none_make_the_night_unknown(service, packets):
    def lose(record):
        record["candidate"].update(jd=1e300, ra=float("nan"), dec=95.0, magpsf=float("inf"), fid=7)

    receive(service, [_bytes_item(_repacked(packets[0].read_bytes(), lose))])
    [row] = _all(service, Candidate)
    assert (row.jd, row.ra, row.dec, row.cell, row.mag, row.band) == (None, None, None, None, None, "")
    assert row.night.name == "unknown"
    assert (float(row.fields["jd"]), row.fields["dec"], row.fields["fid"]) == (1e300, 95.0, 7)
    assert not {"ra", "magpsf"} & row.fields.keys()


def test_words_that_a_database_cannot_hold_are_spelled_out(service, packets):
    def spoil(record):
        record["candidate"]["pdiffimfilename"] = "a\0b"
        record["objectId"] = "ZTF\0"

    assert receive(service, [_bytes_item(_repacked(packets[0].read_bytes(), spoil))]).outcomes == ("stored",)
    [row] = _all(service, Candidate)
    assert (row.fields["pdiffimfilename"], row.object_id) == ("a\\0b", "ZTF\\0")


def test_a_name_comes_twice_in_a_batch_and_the_later_counts(service, packets):
    first, second = (path.read_bytes() for path in packets[:2])
    items = [
        _bytes_item(first, stamp="1"),
        _bytes_item(first, stamp="1"),
        _bytes_item(second, stamp="2"),
    ]
    assert receive(service, items).outcomes == ("stored", "duplicate", "stored")
    [row] = _all(service, JournalEntry)
    assert row.stamp == "2"
    assert _count(service, Candidate) == 2


def test_the_same_alert_twice_in_a_batch_is_one_candidate(service, packets):
    data = packets[0].read_bytes()
    items = [_bytes_item(data, name="a"), _bytes_item(data, name="b")]
    assert receive(service, items).outcomes == ("stored", "duplicate")
    assert (_count(service, Candidate), _count(service, Cutouts), _count(service, Night)) == (1, 1, 1)


def test_a_file_that_is_gone_is_not_journalled_and_comes_again(service, packets, tmp_path):
    for name in ("1.avro", "night.tar.gz", "alerts.parquet"):
        item = Item("folder", name, "1", path=tmp_path / name)
        assert receive(service, [item]).outcomes == ("vanished",)
    assert _count(service, JournalEntry) == _count(service, QuarantinedItem) == 0
    (tmp_path / "1.avro").write_bytes(packets[0].read_bytes())
    assert receive(service, [Item("folder", "1.avro", "1", path=tmp_path / "1.avro")]).outcomes == ("stored",)


def test_what_must_not_be_read_goes_aside_unread(service):
    refusal = InputError("link.avro", "foreign-link", "leads out of the folder")
    assert receive(service, [Item("folder", "link.avro", "1", refusal=refusal)]).outcomes == ("quarantined",)
    [row] = _all(service, QuarantinedItem)
    assert (row.kind, row.reason, row.sha256) == ("foreign-link", "leads out of the folder", "")


def test_what_is_too_large_to_be_kept_is_not(service, monkeypatch, tmp_path):
    monkeypatch.setattr(contents, "KEEP_BYTES", 3)
    monkeypatch.setattr("skysieve.service.ingest.pieces.KEEP_BYTES", 3)
    for name, data in (("a.tar", b"1234"), ("a.avro", b"1234"), ("b.tar", b"123"), ("b.avro", b"123")):
        (tmp_path / name).write_bytes(data)
        receive(service, [Item("folder", name, "1", path=tmp_path / name)])
    kept = {row.item: bool(row.sha256) for row in _all(service, QuarantinedItem)}
    assert kept == {"a.tar": False, "a.avro": False, "b.tar": True, "b.avro": True}


def test_nothing_is_taken_in_while_the_disk_is_full(service, with_settings, packets):
    full = with_settings(service, stop_free_mb=10**12)
    item = _bytes_item(packets[0].read_bytes())
    with pytest.raises(ServiceError) as raised:
        receive(full, [item])
    assert is_disk_full(raised.value)
    assert _count(service, JournalEntry) == 0
    assert receive(service, [item]).outcomes == ("stored",)


def test_a_disk_that_fills_up_while_storing_loses_nothing(service, packets, monkeypatch):
    item = _bytes_item(packets[0].read_bytes())

    def full(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(type(service.files), "_write", full)
        with pytest.raises(ServiceError, match="disk is full") as raised:
            receive(service, [item])
    assert is_disk_full(raised.value)
    assert _count(service, JournalEntry) == _count(service, Candidate) == 0
    assert receive(service, [item]).outcomes == ("stored",)


def test_one_that_no_database_takes_costs_itself_only(service, packets, monkeypatch):
    # SQLite takes words for numbers; JSON takes no sets anywhere.
    column, value = ("fields", {"x": {1}}) if service.database.is_sqlite else ("jd", "noon")
    made = contents.alert_values

    def spoiled(alert, **rest):
        values = made(alert, **rest)
        return values | ({column: value} if alert.candid == int(packets[1].stem) else {})

    monkeypatch.setattr(contents, "alert_values", spoiled)
    items = [Item("folder", path.name, "1", path=path) for path in packets[:4]]
    reception = receive(service, items)
    assert reception.outcomes == ("stored", "quarantined", "stored", "stored")
    assert reception.problems == {"cannot-be-stored": 1}
    [row] = _all(service, QuarantinedItem)
    assert service.files.get(row.sha256) == packets[1].read_bytes()
    assert _count(service, Candidate) == 3


def test_a_database_that_fails_is_no_fault_of_the_item(sqlite_service, packets, monkeypatch):
    def fail(*_, **__):
        raise OperationalError("INSERT", {}, Exception("no such table: candidates"))

    monkeypatch.setattr(batch_module, "write_candidates", fail)
    with pytest.raises(OperationalError):
        receive(sqlite_service, [_bytes_item(packets[0].read_bytes())])
    assert _count(sqlite_service, QuarantinedItem) == _count(sqlite_service, JournalEntry) == 0


def test_what_no_reader_foresaw_goes_aside(sqlite_service, packets, monkeypatch, caplog):
    def fail(*_, **__):
        raise ZeroDivisionError("no\0 good")

    monkeypatch.setattr(contents, "look_of", fail)
    reception = receive(sqlite_service, [_bytes_item(packets[0].read_bytes())])
    assert reception.problems == {"unexpected": 1}
    [row] = _all(sqlite_service, QuarantinedItem)
    assert "ZeroDivisionError" in row.reason
    assert "\0" not in row.reason
    assert sqlite_service.files.get(row.sha256) == packets[0].read_bytes()
    assert "ZeroDivisionError" in caplog.text


def test_thousands_of_bad_records_are_counted_not_listed(sqlite_service, tmp_path, monkeypatch):
    monkeypatch.setattr(tally, "MOST_PROBLEMS", 5)
    path = _archive({f"{at}.avro": b"bad" for at in range(9)}, tmp_path / "night.tar.gz")
    reception = receive(sqlite_service, [Item("folder", "night.tar.gz", "1", path=path)])
    assert reception.problems == {"not-avro": 5, "further-records": 4}
    rows = {row.record: row.reason for row in _all(sqlite_service, QuarantinedItem)}
    assert rows.keys() == {*(f"{at}.avro" for at in range(5)), "(further)"}
    assert rows["(further)"].startswith("4 further records")


def test_framed_messages_need_their_schemas(service, with_settings, packets, tmp_path):
    with packets[0].open("rb") as file:
        reader = fastavro.reader(file)
        schema, record = reader.writer_schema, next(reader)
    stream = io.BytesIO()
    fastavro.schemaless_writer(stream, fastavro.parse_schema(schema), record)
    item = _bytes_item(b"\0\0\0\0\7" + stream.getvalue())
    assert receive(service, [item]).problems == {"missing-schema": 1}
    schemas = tmp_path / "home" / "schemas"
    kafka = type(service.settings.ingest.kafka)(schemas="schemas")
    with pytest.raises(ConfigurationError):
        receive(with_settings(service, kafka=kafka), [item])
    schemas.mkdir()
    (schemas / "7.avsc").write_text(json.dumps(schema))
    again = _bytes_item(item.data, stamp="2")
    assert receive(with_settings(service, kafka=kafka), [again]).outcomes == ("stored",)
    assert [row.state for row in _all(service, QuarantinedItem)] == ["resolved"]
