"""Streaks: picture, row and report in any order, in items of their own, together, changed, or never."""

import csv
import io
import itertools
import tarfile
import threading

import numpy as np
import pytest
from PIL import Image
from sqlalchemy import select

from skysieve.service.candidates.images import JPEG, load_images
from skysieve.service.database.tables import (
    Candidate,
    Cutouts,
    JournalEntry,
    PendingScore,
    QuarantinedItem,
    Scorer,
    WaitingPart,
)
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.reception import join_waiting, receive
from skysieve.service.sky.cells import cell_of
from skysieve.sources.streaks.night import list_streak_night


@pytest.fixture
def scored(service):
    """Return a service with a scorer of streaks."""
    with service.database.writing() as session:
        session.add(Scorer(kind="streak", identity="a", name="s", is_sieve=True, place="s", duty="on-duty"))
    return service


@pytest.fixture(scope="module")
def parts(streak_night):
    """Return the files of one streak: picture, table of its row alone, report."""
    picture = sorted(streak_night.night.rglob("*_scimref.jpg"))[0]
    name = picture.name.removesuffix("_scimref.jpg")
    [table] = streak_night.night.rglob("*_streaks.txt")
    streakid = name.removeprefix("strkid").split("_")[0]
    head, rule, *lines = table.read_text().splitlines()
    row = next(line for line in lines if streakid in line)
    [report] = streak_night.night.rglob(f"{name}_ades.xml")
    return {
        "name": name,
        "picture": (picture.name, picture.read_bytes()),
        "metadata": (table.name, "\n".join([head, rule, row, "(1 row)\n"]).encode()),
        "ades": (report.name, report.read_bytes()),
    }


def _item(part, stamp="1"):
    name, data = part
    return Item("folder", name, stamp, data=data)


def _all(service, table):
    with service.database.reading() as session:
        rows = list(session.scalars(select(table).order_by(*table.__mapper__.primary_key)))
        session.expunge_all()
    return rows


def _as_told(row):
    return {
        name: getattr(row, name) for name in ("jd", "ra", "dec", "cell", "band", "mag", "fields", "stamp")
    }


def _score(service):
    """Do as if all that is pending had been scored."""
    with service.database.writing() as session:
        return session.query(PendingScore).delete()


def _jpeg(level=200):
    pixels = np.random.default_rng(level).normal(level, 20, (157, 157)).clip(0, 255).astype(np.uint8)
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, "JPEG", quality=95)
    return stream.getvalue()


@pytest.mark.parametrize("order", list(itertools.permutations(["picture", "metadata", "ades"])))
def test_parts_in_any_order_make_the_same_candidate(scored, parts, order, streak_night):
    outcomes = {part: receive(scored, [_item(parts[part])]).outcomes[0] for part in order}
    complete = max(order.index("picture"), order.index("metadata"))
    for at, part in enumerate(order):
        assert outcomes[part] == ("stored" if at >= complete else "waiting")
    [row], [cutouts] = _all(scored, Candidate), _all(scored, Cutouts)
    truth = next(
        each.row for each in list_streak_night([streak_night.night]).items if each.id == parts["name"]
    )
    assert (row.kind, row.survey, row.name) == ("streak", "ZTF", parts["name"])
    assert (row.jd, row.ra, row.dec) == (truth["jd"], truth["midpoint_ra"], truth["midpoint_dec"])
    assert row.cell == cell_of(row.ra, row.dec)
    assert row.night.name == "20190214"
    assert row.mag == truth["ades_mag"]
    assert row.band == {1: "g", 2: "r", 3: "i"}[truth["fid"]]
    held = {name: value for name, value in truth.items() if value is not None and name not in ("_id", "jd")}
    assert row.fields == held
    assert row.source == f"folder: {parts['picture'][0]}"
    assert (cutouts.media_type, cutouts.channels) == (JPEG, ["difference"])
    assert load_images(scored.files, cutouts)["difference"].shape == (157, 157)
    assert scored.files.get(cutouts.sha256) == parts["picture"][1]
    assert _all(scored, WaitingPart) == []
    assert len(_all(scored, PendingScore)) == 1


def test_all_parts_at_once_are_one_candidate(scored, parts):
    items = [_item(parts[part]) for part in ("ades", "metadata", "picture")]
    reception = receive(scored, items)
    assert (reception.outcomes, reception.candidates) == (("stored",) * 3, 1)
    assert {row.candidates for row in _all(scored, JournalEntry)} == {1}
    assert len(_all(scored, Candidate)) == 1
    assert _all(scored, WaitingPart) == []


def test_a_picture_is_not_scored_before_its_row_unless_nobody_expects_one(scored, with_settings, parts):
    assert receive(scored, [_item(parts["picture"])]).outcomes == ("waiting",)
    assert (_all(scored, Candidate), _all(scored, PendingScore)) == ([], [])
    [waiting] = _all(scored, WaitingPart)
    assert scored.files.get(waiting.sha256) == parts["picture"][1]
    assert join_waiting(scored) == 0
    at_once = with_settings(scored, expect_metadata=False)
    assert join_waiting(at_once) == 1
    [row] = _all(scored, Candidate)
    assert (row.jd, row.night.name, row.fields) == (None, "unknown", {})
    assert _score(scored) == 1
    # The row that comes after all moves it to its night, and has it scored again.
    assert receive(at_once, [_item(parts["metadata"])]).outcomes == ("stored",)
    [row] = _all(scored, Candidate)
    assert row.night.name == "20190214"
    assert _score(scored) == 1


def test_a_report_that_comes_later_changes_no_score(scored, parts):
    receive(scored, [_item(parts["picture"]), _item(parts["metadata"])])
    [before] = _all(scored, Candidate)
    assert before.mag is None
    assert _score(scored) == 1
    assert receive(scored, [_item(parts["ades"])]).outcomes == ("stored",)
    [after] = _all(scored, Candidate)
    assert after.mag is not None
    assert after.fields == before.fields | {
        name: value for name, value in after.fields.items() if name.startswith("ades_")
    }
    assert _score(scored) == 0


def test_a_changed_picture_is_scored_again_and_keeps_its_row(scored, parts):
    receive(scored, [_item(parts[part]) for part in ("picture", "metadata", "ades")])
    _score(scored)
    [before] = _all(scored, Candidate)
    name, _ = parts["picture"]
    assert receive(scored, [_item((name, _jpeg()), stamp="2")]).outcomes == ("stored",)
    [after], [cutouts] = _all(scored, Candidate), _all(scored, Cutouts)
    assert scored.files.get(cutouts.sha256) == _jpeg()
    assert after.stamp != before.stamp
    assert _as_told(after) == _as_told(before) | {"stamp": after.stamp}
    assert _score(scored) == 1


def test_the_same_parts_again_change_nothing(scored, parts):
    for part in ("picture", "metadata", "ades"):
        receive(scored, [_item(parts[part])])
    _score(scored)
    [before] = _all(scored, Candidate)
    again = [_item(parts[part], stamp="2") for part in ("picture", "metadata", "ades")]
    assert receive(scored, again).outcomes == ("duplicate",) * 3
    [after] = _all(scored, Candidate)
    assert after.updated_at == before.updated_at
    assert _score(scored) == 0


def test_a_changed_row_and_a_changed_report_replace_what_they_said(scored, parts):
    for part in ("picture", "metadata", "ades"):
        receive(scored, [_item(parts[part])])
    name, table = parts["metadata"]
    head, rule, line, foot = table.decode().splitlines()
    cells = line.split("|")
    columns = [cell.strip() for cell in head.split("|")]
    cells[columns.index("prob")] = " 0.999 "
    cells[columns.index("chi2")] = " "
    changed = "\n".join([head, rule, "|".join(cells), foot, ""]).encode()
    receive(scored, [_item((name, changed), stamp="2")])
    report = b"obsTime|stn|ra|dec|mag\n2019-02-15T07:12:34Z|I41|12.5|-3.25|17.25\n"
    receive(scored, [_item((parts["ades"][0].replace(".xml", ".psv"), report))])
    [row] = _all(scored, Candidate)
    assert row.fields["prob"] == 0.999
    assert "chi2" not in row.fields
    assert (row.mag, row.fields["ades_mag"], row.fields["ades_observations"]) == (17.25, 17.25, 1)
    assert "ades_trkSub" not in row.fields


def test_waiting_parts_are_replaced_by_later_ones(scored, parts):
    name, data = parts["picture"]
    receive(scored, [_item((name, _jpeg(190)))])
    receive(scored, [_item((name, data), stamp="2")])
    assert len(_all(scored, WaitingPart)) == 1
    receive(scored, [_item(parts["metadata"])])
    [cutouts] = _all(scored, Cutouts)
    assert scored.files.get(cutouts.sha256) == data


def test_a_night_is_taken_in_with_its_bad_files_aside(service, bad_streak_night, items_of):
    items = items_of(bad_streak_night.night)
    reception = receive(service, items)
    kinds = sorted(row.kind for row in _all(service, QuarantinedItem))
    expected = ["all-masked", "bad-image", "bad-image", "coloured-image", "empty-file", "wrong-size"]
    assert [kind for kind in kinds if kind != "damaged-row"] == expected
    outcomes = {item.name: kind for item, kind in zip(items, reception.outcomes, strict=True)}
    assert sorted(outcomes.values()).count("ignored") == 2
    # One table has no whole row yet, the other all but that of one streak.
    assert {outcomes[name] for name in outcomes if name.endswith("_streaks.txt")} == {"waiting", "stored"}
    with bad_streak_night.truth.open() as file:
        bad = {row["id"]: row["bad_file"] for row in csv.DictReader(file)}
    good = {name for name, kind in bad.items() if kind in ("", "grey-as-rgb", "ades-missing")}
    assert {row.name for row in _all(service, Candidate)} == good
    assert set(receive(service, items).outcomes) == {"duplicate"}


def test_an_archive_of_a_night_is_taken_in(service, streak_night, tmp_path):
    path = tmp_path / "strkcutouts.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        archive.add(streak_night.night, arcname="night")
    reception = receive(service, [Item("depot", "strkcutouts.tar.gz", "1", path=path)])
    assert (reception.outcomes, reception.candidates) == (("stored",), 6)
    assert [row.candidates for row in _all(service, JournalEntry)] == [6]
    assert len(_all(service, Candidate)) == 6
    assert _all(service, WaitingPart) == []


def test_a_table_that_grows_brings_its_further_rows(service, streak_night):
    [table] = streak_night.night.rglob("*_streaks.txt")
    lines = table.read_text().splitlines(keepends=True)
    pictures = sorted(streak_night.night.rglob("*_scimref.jpg"))
    receive(service, [Item("folder", path.name, "1", path=path) for path in pictures])
    for size in (0, 2, 5, len(lines)):
        data = "".join(lines[:size]).encode()
        receive(service, [Item("folder", table.name, f"{size}", data=data)])
        assert len(_all(service, Candidate)) == min(max(size - 2, 0), 6)
    assert [row.state for row in _all(service, QuarantinedItem)] in ([], ["resolved"])
    [line] = [row for row in _all(service, JournalEntry) if row.item == table.name]
    assert line.outcome == "stored"


def test_halves_that_come_to_two_processes_at_once_find_each_other(scored, streak_night):
    [table] = streak_night.night.rglob("*_streaks.txt")
    pictures = sorted(streak_night.night.rglob("*_scimref.jpg"))
    lots = [
        [Item("folder", table.name, "1", path=table)],
        [Item("folder", path.name, "1", path=path) for path in pictures],
    ]
    barrier, failures = threading.Barrier(len(lots)), []

    def work(items):
        try:
            barrier.wait()
            receive(scored, items)
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(items,)) for items in lots]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert len(_all(scored, Candidate)) == len(pictures) == 6
    assert _all(scored, WaitingPart) == []
    assert len(_all(scored, PendingScore)) == 6
