"""Quarantine: listed, counted, tried again, let go, resolved."""

import io
import tarfile

import pytest
from sqlalchemy import select

from skysieve.errors import InputError, ServiceError
from skysieve.samples.findings import Finding
from skysieve.service.database.tables import Candidate, JournalEntry, PendingScore, QuarantinedItem, Scorer
from skysieve.service.ingest import contents
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.quarantine import count_quarantine, dismiss, list_quarantine
from skysieve.service.ingest.reception import receive, retry
from skysieve.service.judging.quarantined import keep_aside
from skysieve.sources.alerts.alert import Alert
from skysieve.sources.alerts.reading import alerts_from_blob


def _listed(service, *arguments, **options):
    with service.database.reading() as session:
        rows = list_quarantine(session, *arguments, **options)
        session.expunge_all()
    return rows


def _counts(service, *arguments):
    with service.database.reading() as session:
        return count_quarantine(session, *arguments)


def _journal(service):
    with service.database.reading() as session:
        rows = session.scalars(select(JournalEntry))
        return {row.item: (row.outcome, row.candidates) for row in rows}


def _names(service):
    with service.database.reading() as session:
        return set(session.scalars(select(Candidate.name)))


@pytest.fixture
def refusing(monkeypatch):
    """Return a set of candids that the reader does not understand yet, as one that has still to be mended."""
    refused = set()

    def read(blob, **options):
        for each in alerts_from_blob(blob, **options):
            if isinstance(each, Alert) and each.candid in refused:
                yield Finding(each.source, "bad-fits", "a header that nobody foresaw")
            else:
                yield each

    monkeypatch.setattr(contents, "alerts_from_blob", read)
    return refused


def _item(path, name=None, stamp="1"):
    return Item("kafka", name or path.name, stamp, data=path.read_bytes())


def test_it_is_listed_by_state_kind_and_feed_in_pages(service):
    bad = {"a.avro": b"", "b.avro": b"<html>", "c.avro": b"<html>"}
    receive(service, [Item("kafka", name, "1", data=data) for name, data in bad.items()])
    receive(service, [Item("upload", "d.avro", "1", data=b"")])
    assert _counts(service) == {"empty-file": 2, "not-avro": 2}
    assert [row.item for row in _listed(service)] == ["d.avro", "c.avro", "b.avro", "a.avro"]
    assert [row.item for row in _listed(service, kind="empty-file")] == ["d.avro", "a.avro"]
    assert [row.item for row in _listed(service, feed="upload")] == ["d.avro"]
    page = _listed(service, size=3)
    assert [row.item for row in _listed(service, size=3, before=page[-1].id)] == ["a.avro"]
    assert dismiss(service, [page[0].id, page[1].id]) == 2
    assert dismiss(service, [page[0].id]) == 0
    assert [row.item for row in _listed(service, "dismissed")] == ["d.avro", "c.avro"]
    assert len(_listed(service, "")) == 4
    assert _counts(service) == {"empty-file": 1, "not-avro": 1}


def test_what_goes_well_the_second_time_is_resolved(service, refusing, packets):
    refusing.update(int(path.stem) for path in packets[:2])
    assert receive(service, [_item(path) for path in packets[:3]]).outcomes == (
        "quarantined",
        "quarantined",
        "stored",
    )
    refusing.remove(int(packets[0].stem))
    reception = retry(service)
    assert reception.outcomes == ("stored", "quarantined")
    assert reception.problems == {"bad-fits": 1}
    assert _names(service) == {packets[0].stem, packets[2].stem}
    assert {row.item: (row.state, row.attempts) for row in _listed(service, "")} == {
        packets[0].name: ("resolved", 1),
        packets[1].name: ("open", 2),
    }
    assert _journal(service) == {
        packets[0].name: ("stored", 1),
        packets[1].name: ("quarantined", 0),
        packets[2].name: ("stored", 1),
    }
    refusing.clear()
    [row] = _listed(service)
    assert retry(service, [row.id]).outcomes == ("stored",)
    assert (_listed(service), retry(service).outcomes) == ([], ())


def test_only_what_is_named_is_tried_again(service, refusing, packets):
    refusing.update(int(path.stem) for path in packets[:2])
    receive(service, [_item(path) for path in packets[:2]])
    refusing.clear()
    [row] = [row for row in _listed(service) if row.item == packets[1].name]
    assert retry(service, [row.id]).outcomes == ("stored",)
    assert _names(service) == {packets[1].stem}


def test_what_was_dismissed_stays_so(service, packets):
    receive(service, [Item("kafka", "a.avro", "1", data=b"")])
    receive(service, [Item("kafka", "b.avro", "1", data=b"<html>")])
    dismiss(service, [row.id for row in _listed(service)])
    assert retry(service).outcomes == ()
    assert receive(service, [_item(packets[0], "a.avro", "2")]).outcomes == ("stored",)
    assert [row.state for row in _listed(service, "")] == ["dismissed", "dismissed"]


def test_the_bad_members_of_an_archive_are_tried_by_themselves(service, refusing, packets, tmp_path):
    path = tmp_path / "night.tar"
    with tarfile.open(path, "w") as archive:
        for each in packets[:4]:
            archive.add(each, arcname=f"night/{each.name}")
    refusing.update(int(each.stem) for each in packets[:3])
    item = Item("folder", "night.tar", "1", path=path)
    assert receive(service, [item]).outcomes == ("partly",)
    path.unlink()
    refusing.remove(int(packets[0].stem))
    assert retry(service).outcomes == ("stored", "quarantined", "quarantined")
    assert _journal(service) == {"night.tar": ("partly", 2)}
    refusing.clear()
    assert retry(service).outcomes == ("stored", "stored")
    assert _journal(service) == {"night.tar": ("stored", 4)}
    assert {row.state for row in _listed(service, "")} == {"resolved"}
    assert _names(service) == {each.stem for each in packets[:4]}


def test_a_table_of_streaks_is_tried_by_its_lines(service, streak_night):
    [table] = streak_night.night.rglob("*_streaks.txt")
    lines = table.read_text().splitlines(keepends=True)
    bad = "".join([*lines[:3], lines[3].replace("|", "", 1), *lines[4:]]).encode()
    assert receive(service, [Item("kafka", table.name, "1", data=bad)]).outcomes == ("partly",)
    [row] = _listed(service)
    assert (row.kind, row.record) == ("damaged-row", ":4")
    assert retry(service).outcomes == ("partly",)
    assert [row.attempts for row in _listed(service)] == [2]
    assert receive(service, [_item(table, stamp="2")]).outcomes == ("waiting",)
    assert [row.state for row in _listed(service, "")] == ["resolved"]


def test_an_item_that_is_still_bad_is_counted_up_with_its_new_reason(service, packets):
    data = packets[0].read_bytes()
    receive(service, [Item("kafka", "a.avro", "1", data=data[:4000])])
    receive(service, [Item("kafka", "a.avro", "2", data=b"")])
    [row] = _listed(service)
    assert (row.kind, row.attempts, row.state) == ("empty-file", 2, "open")
    assert row.last_at > row.first_at
    assert service.files.get(row.sha256) == data[:4000]


def test_one_without_bytes_is_taken_anew_when_its_feed_brings_it(service, refusing, packets, monkeypatch):
    monkeypatch.setattr("skysieve.service.ingest.pieces.KEEP_BYTES", 10)
    refusing.add(int(packets[0].stem))
    item = _item(packets[0])
    assert receive(service, [item]).outcomes == ("quarantined",)
    assert receive(service, [item]).outcomes == ("duplicate",)
    refusing.clear()
    assert retry(service).outcomes == ()
    assert [row.state for row in _listed(service, "")] == ["retry"]
    assert receive(service, [item]).outcomes == ("stored",)
    assert [row.state for row in _listed(service, "")] == ["resolved"]


def test_a_file_that_is_missing_is_told_of(service):
    receive(service, [Item("kafka", "a.avro", "1", data=b"<html>")])
    [row] = _listed(service)
    service.files.remove(row.sha256)
    with pytest.raises(ServiceError, match="missing"):
        retry(service)


def test_an_archive_that_came_as_bytes_is_tried_again_from_them(service, packets):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as archive:
        for each in packets[:4]:
            archive.add(each, arcname=each.name)
    data = stream.getvalue()
    receive(service, [Item("upload", "night.tar.gz", "1", data=data[: len(data) // 2])])
    before = _names(service)
    assert retry(service).problems == {"truncated-archive": 1}
    assert (_names(service), [row.attempts for row in _listed(service)]) == (before, [2])


def test_records_of_a_row_that_no_column_holds_are_shortened(service, tmp_path):
    name = "x" * 300 + ".avro"
    path = tmp_path / "night.tar"
    with tarfile.open(path, "w") as archive:
        member = tarfile.TarInfo(f"night/{name}")
        archive.addfile(member, io.BytesIO())
    receive(service, [Item("folder", "night.tar", "1", path=path)])
    with service.database.reading() as session:
        [record] = session.scalars(select(QuarantinedItem.record))
    assert len(record) == 200


def test_candidates_that_could_not_be_scored_are_scored_again(service, packets):
    receive(service, [_item(packets[0])])
    with service.database.writing() as session:
        scorer = Scorer(kind="alert", identity="a", name="m", is_sieve=False, place="m", duty="on-duty")
        session.add(scorer)
        session.flush()
        candidate = session.scalars(select(Candidate)).one()
        keep_aside(session, scorer.id, [(candidate, InputError(candidate.name, "wrong-shape", "80 x 80"))])
    assert _counts(service) == {"wrong-shape": 1}
    assert retry(service).outcomes == ()
    assert [row.state for row in _listed(service, "")] == ["retry"]
    with service.database.reading() as session:
        assert len(session.scalars(select(PendingScore)).all()) == 1
    assert _journal(service) == {packets[0].name: ("stored", 1)}
