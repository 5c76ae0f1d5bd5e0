"""Exports hold what a search finds, in its order, as other programs read it, whatever the texts are."""

from __future__ import annotations

import csv
import io
import json
import tarfile
import tracemalloc
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import fastavro
import numpy as np
import pytest
from astropy.io import fits
from astropy.io.votable import parse_single_table
from pyarrow import parquet
from sqlalchemy import insert

from skysieve.errors import InputError
from skysieve.service.candidates.asked import Search
from skysieve.service.candidates.export import export_formats, iter_export
from skysieve.service.candidates.export.formats import parquet_file
from skysieve.service.candidates.images import FITS_GZIP, pack_images
from skysieve.service.database.tables import (
    Candidate,
    Cutouts,
    Label,
    MetadataField,
    Night,
    Score,
    Scorer,
    Taxonomy,
    User,
)
from skysieve.service.service import Service

FIRST = {"type": "record", "name": "alert", "fields": [{"name": "candid", "type": "long"}]}
SECOND = {**FIRST, "fields": [*FIRST["fields"], {"name": "more", "type": "string"}]}
TEXTS = [
    '=HYPERLINK("http://x")',
    "plain",
    'a,b\n"c"',
    "<b>&]]>\x00\x07",
    "+1",
    "-2",
    "@x",
    "\t=1",
    "Äé☄",
    "",
]


def _packet(schema: dict[str, Any], *records: dict[str, Any]) -> bytes:
    file = io.BytesIO()
    fastavro.writer(file, schema, records)
    return file.getvalue()


@pytest.fixture
def filled(service: Service) -> Service:
    with service.database.writing() as session:
        night = Night(name="20261120")
        user, taxonomy = User(name="anna", role="SCANNER"), Taxonomy(name="t", classes=[])
        scorers = [
            Scorer(kind="alert", identity=digit * 64, name="braai", is_sieve=False, place="")
            for digit in "ab"
        ]
        scorers.append(Scorer(kind="streak", identity="c" * 64, name="streaks", is_sieve=True, place=""))
        kinds = {"rb": "number", "isdiffpos": "truth", "remark": "text"}
        session.add_all([night, user, taxonomy, *scorers])
        session.add_all([MetadataField(name=name, type=kind) for name, kind in kinds.items()])
        session.flush()
        for number, text in enumerate(TEXTS):
            fields: dict[str, Any] = {"rb": number / 4, "isdiffpos": number % 2 == 0}
            # No database takes a zero byte; in metadata of SQLite there could be one.
            fields["remark"] = text.replace("\x00", "")
            candidate = Candidate(
                kind="alert",
                survey="ZTF",
                name=str(100 + number),
                object_id=text.replace("\x00", ""),
                night_id=night.id,
                ra=None if number == 3 else 10.0 + number / 3,
                dec=-5.0,
                jd=2461365.5,
                mag=None if number == 3 else 18.25,
                score=number / 10,
                passes=None if number == 3 else number > 5,
                label="real" if number == 1 else "",
                label_count=int(number == 1),
                fields={} if number == 3 else fields,
                first_seen=datetime(2026, 11, 20, 3, 0, number, tzinfo=UTC),
            )
            session.add(candidate)
            session.flush()
            session.add(Score(candidate_id=candidate.id, scorer_id=scorers[0].id, member="score", value=0.5))
            session.add(
                Score(candidate_id=candidate.id, scorer_id=scorers[2].id, member="rb_vgg6", value=0.25)
            )
            for value, withdrawn in (("real", None), ("bogus", candidate.first_seen)):
                if number == 1:
                    label = Label(
                        candidate_id=candidate.id, user_id=user.id, taxonomy_id=taxonomy.id, value=value
                    )
                    label.withdrawn_at, label.made_at = withdrawn, candidate.first_seen
                    session.add(label)
    return service


def _exported(service: Service, format_: str, search: Search | None = None) -> bytes:
    return b"".join(iter_export(service, search or Search(sort="score"), format_).chunks)


def test_csv_holds_everything_and_no_formula(filled: Service) -> None:
    rows = list(csv.DictReader(io.StringIO(_exported(filled, "csv").decode())))
    assert [row["name"] for row in rows] == [str(100 + number) for number in range(len(TEXTS))]
    for row, text in zip(rows, TEXTS, strict=True):
        expected = text.replace("\x00", "")
        if expected[:1] and expected[:1] in "=+-@\t":
            expected = f"'{expected}"
        assert row["object"] == expected
        assert float(row["dec"]) == -5.0
    assert rows[3]["mag"] == rows[3]["meta.rb"] == rows[3]["passes"] == ""
    assert rows[1]["meta.isdiffpos"] == "false"
    assert [(given["user"], given["value"]) for given in json.loads(rows[1]["labels"])] == [("anna", "real")]
    assert rows[1]["score.braai@aaaaaaaa.score"] == "0.5"
    assert rows[1]["score.streaks.rb_vgg6"] == "0.25"


def test_parquet_has_types(filled: Service) -> None:
    table = parquet.read_table(io.BytesIO(_exported(filled, "parquet")))
    types = {name: str(table.schema.field(name).type) for name in table.column_names}
    assert types["id"] == "int64"
    assert types["mag"] == types["meta.rb"] == types["score.streaks.rb_vgg6"] == "double"
    assert types["passes"] == types["meta.isdiffpos"] == "bool"
    assert types["first_seen"] == "timestamp[us, tz=UTC]"
    rows = table.to_pylist()
    assert [row["object"] for row in rows] == [text.replace("\x00", "") for text in TEXTS]
    assert rows[3]["mag"] is rows[3]["meta.rb"] is rows[3]["passes"] is None
    assert rows[2]["first_seen"] == datetime(2026, 11, 20, 3, 0, 2, tzinfo=UTC)


def test_votable_is_read_by_astropy(filled: Service) -> None:
    read = parse_single_table(io.BytesIO(_exported(filled, "votable")))
    table = read.to_table(use_names_over_ids=True)
    assert len(table) == len(TEXTS)
    assert str(table["ra"].unit) == "deg"
    assert read.get_field_by_id_or_name("ra").ucd == "pos.eq.ra;meta.main"
    assert np.isnan(np.ma.filled(table["mag"], np.nan)[3])
    assert table["meta.rb"][1] == 0.25
    assert table["object"][2] == TEXTS[2]
    assert table["object"][3] == "<b>&]]>\ufffd"
    assert table["first_seen"][2] == "2026-11-20T03:00:02"
    assert list(table["passes"][:2]) == [False, False]


def test_an_export_of_nothing_is_a_sound_file(filled: Service) -> None:
    nothing = Search(where="score > 2")
    assert len(_exported(filled, "csv", nothing).splitlines()) == 1
    assert parquet.read_table(io.BytesIO(_exported(filled, "parquet", nothing))).num_rows == 0
    assert len(parse_single_table(io.BytesIO(_exported(filled, "votable", nothing))).array) == 0
    for format_ in ("fits", "avro"):
        assert not _members(_exported(filled, format_, nothing))


def test_an_export_follows_search_and_order(filled: Service) -> None:
    search = Search(where="score >= 0.3", sort="-score", night="20261120", size=2)
    export = iter_export(filled, search, "csv")
    assert (export.file_name, export.count) == ("candidates-20261120.csv", 7)
    assert export.media_type.startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(b"".join(export.chunks).decode())))
    assert [row["name"] for row in rows] == [str(number) for number in range(109, 102, -1)]


def test_a_candidate_that_goes_meanwhile_is_left_out(filled: Service) -> None:
    export = iter_export(filled, Search(sort="score"), "csv")
    with filled.database.writing() as session:
        session.delete(session.get(Candidate, 1))
    rows = list(csv.DictReader(io.StringIO(b"".join(export.chunks).decode())))
    assert [row["id"] for row in rows] == [str(number) for number in range(2, 11)]


def test_what_cannot_be_exported_is_refused_before_anything_is_sent(filled: Service) -> None:
    with pytest.raises(InputError, match="did you mean parquet") as caught:
        iter_export(filled, Search(), "parket")
    assert caught.value.kind == "no-such-format"
    with pytest.raises(InputError, match="no field is called"):
        iter_export(filled, Search(where="scor > 1"), "csv")
    assert export_formats() == ["avro", "csv", "fits", "parquet", "votable"]


def _members(data: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {member.name: archive.extractfile(member).read() for member in archive}


def test_fits_are_read_by_astropy_and_what_is_missing_is_named(filled: Service) -> None:
    images = [np.full((3, 4), value, np.float32) for value in (1, np.nan)]
    sha256 = filled.files.put(pack_images(images, ["science", "difference"]))
    with filled.database.writing() as session:
        for number, name in ((1, sha256), (2, "f" * 64)):
            session.add(Cutouts(candidate_id=number, sha256=name, media_type=FITS_GZIP, channels=[]))
        session.get(Candidate, 1).name = "../../etc/Ä passwd"
    members = _members(_exported(filled, "fits", Search(where="id <= 3", sort="score")))
    assert list(members) == ["20261120/ZTF_etc_passwd_1.fits", "missing.txt"]
    with fits.open(io.BytesIO(members["20261120/ZTF_etc_passwd_1.fits"])) as file:
        file.verify("exception")
        assert file[0].header["RA"] == 10.0
        assert file[0].header["CANDID"] == "../../etc/? passwd"
        assert file["SCIENCE"].data.tolist() == images[0].tolist()
        assert np.isnan(file["DIFFERENCE"].data).all()
    missing = members["missing.txt"].decode().splitlines()
    assert len(missing) == 2
    assert "is missing" in missing[0]
    assert "without cutouts" in missing[1]


def _keep_packets(service: Service, packets: list[tuple[int, bytes, int]]) -> None:
    with service.database.writing() as session:
        for number, packet, record in packets:
            cutouts = Cutouts(candidate_id=number, sha256="f" * 64, media_type=FITS_GZIP, channels=[])
            cutouts.packet_sha256, cutouts.packet_record = service.files.put(packet), record
            session.add(cutouts)


def test_packets_of_one_schema_become_one_container(filled: Service) -> None:
    two = _packet(FIRST, {"candid": 100}, {"candid": 101})
    _keep_packets(filled, [(1, two, 0), (2, two, 1), (3, _packet(FIRST, {"candid": 102}), 0)])
    export = iter_export(filled, Search(where="id <= 3", sort="-score"), "avro")
    assert export.file_name == "candidates.avro"
    records = list(fastavro.reader(io.BytesIO(b"".join(export.chunks))))
    assert [record["candid"] for record in records] == [102, 101, 100]


def test_packets_of_several_schemas_become_an_archive(filled: Service) -> None:
    packets = [_packet(FIRST, {"candid": 100}), _packet(SECOND, {"candid": 101, "more": "x"})]
    _keep_packets(filled, [(1, packets[0], 0), (2, packets[1], 0), (3, packets[1], 0)])
    export = iter_export(filled, Search(where="id <= 3", sort="score"), "avro")
    assert export.file_name == "candidates-packets.tar"
    assert list(_members(b"".join(export.chunks)).values()) == packets


def test_packets_that_nobody_kept_are_named(filled: Service) -> None:
    message = b"\x00\x00\x00\x00\x07record"
    _keep_packets(filled, [(1, _packet(FIRST, {"candid": 100}), 0), (2, message, 0)])
    members = _members(_exported(filled, "avro", Search(where="id <= 3", sort="score")))
    assert message in members.values()
    assert members["missing.txt"].decode() == "ZTF 102: no packet of it was kept\n"


@pytest.fixture
def many(sqlite_service: Service) -> Iterator[Service]:
    with sqlite_service.database.writing() as session:
        session.add_all([Night(name="20261120"), MetadataField(name="text", type="text")])
        session.flush()
        row = {"kind": "alert", "survey": "ZTF", "night_id": 1, "fields": {"text": "x" * 4000}}
        session.execute(insert(Candidate), [row | {"name": str(number)} for number in range(8_000)])
    return sqlite_service


@pytest.mark.parametrize("format_", ["csv", "votable", "parquet"])
def test_memory_does_not_grow_with_what_is_found(
    many: Service, format_: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parquet_file, "_GROUP", 500)
    export = iter_export(many, Search(sort="jd"), format_)
    next(export.chunks)
    tracemalloc.start()
    size = sum(map(len, export.chunks))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert export.count == 8_000
    assert size > 28e6 or format_ == "parquet"
    assert peak < 20e6
