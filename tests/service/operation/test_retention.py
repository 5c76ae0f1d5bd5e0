"""Pruning removes what is old, all that hangs on it, and nothing that people worked on."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from skysieve.errors import ConfigurationError, ServiceError
from skysieve.service.database.tables import (
    Campaign,
    CampaignItem,
    Candidate,
    Comment,
    Cutouts,
    Delivery,
    Explanation,
    JournalEntry,
    Label,
    Night,
    PendingScore,
    QuarantinedItem,
    Score,
    Table,
    UserSession,
    Verdict,
    WaitingPart,
)
from skysieve.service.operation import retention
from skysieve.service.operation.exclusion import alone
from skysieve.service.operation.retention import prune
from skysieve.service.service import Service

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OLD, LATE = "20260901", "20261120"
HANGING = (Cutouts, Score, Verdict, PendingScore, Explanation, Delivery)


def count(service: Service, table: type[Table]) -> int:
    with service.database.reading() as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


def names(service: Service) -> set[str]:
    with service.database.reading() as session:
        return set(session.scalars(select(Candidate.name)))


def test_old_nights_go_with_all_that_hangs_on_them(service, add_candidate, monkeypatch) -> None:
    monkeypatch.setattr(retention, "CHUNK", 2)
    for number in range(5):
        add_candidate(service, f"old-{number}")
    add_candidate(service, "late", night=LATE)
    add_candidate(service, "undated-old", night="unknown")
    add_candidate(service, "undated-late", night="unknown", at=NOW)
    done = prune(service, 30, now=NOW)
    assert names(service) == {"late", "undated-late"}
    assert (done.candidates, done.nights, done.journal, done.kept) == (6, 1, 6, 0)
    assert [count(service, table) for table in HANGING] == [2] * len(HANGING)
    with service.database.reading() as session:
        assert set(session.scalars(select(Night.name))) == {LATE, "unknown"}


def test_the_evening_of_the_last_day_stays(service, add_candidate) -> None:
    add_candidate(service, "stays", night="20261022")
    add_candidate(service, "goes", night="20261021")
    prune(service, 30, now=NOW)
    assert names(service) == {"stays"}


@pytest.fixture
def worked_on(service, add_candidate, add_person) -> Service:
    """Return a service with old candidates: labelled, once labelled, commented, of a campaign, untouched."""
    user, taxonomy = add_person(service)
    ids = {
        name: add_candidate(service, name) for name in ("label", "withdrawn", "comment", "campaign", "none")
    }
    with service.database.writing() as session:
        campaign = Campaign(name="c", taxonomy_id=taxonomy)
        session.add(campaign)
        session.flush()
        said = {"user_id": user, "taxonomy_id": taxonomy, "value": "real"}
        session.add_all(
            [
                Label(candidate_id=ids["label"], **said),
                Label(candidate_id=ids["withdrawn"], **said, withdrawn_at=NOW),
                Comment(candidate_id=ids["comment"], user_id=user, text="a comet?"),
                CampaignItem(campaign_id=campaign.id, candidate_id=ids["campaign"], position=0),
            ]
        )
    return service


def test_what_people_worked_on_stays(worked_on: Service) -> None:
    done = prune(worked_on, 30, now=NOW)
    assert names(worked_on) == {"label", "comment", "campaign"}
    assert (done.candidates, done.kept, done.nights) == (2, 3, 0)


def test_what_people_worked_on_goes_when_told(worked_on: Service) -> None:
    done = prune(worked_on, 30, labelled=True, now=NOW)
    assert names(worked_on) == set()
    assert (done.candidates, done.kept, done.nights) == (5, 0, 1)
    assert count(worked_on, Label) == count(worked_on, Comment) == count(worked_on, CampaignItem) == 0


def test_dry_run_counts_what_a_run_removes_and_removes_nothing(worked_on: Service) -> None:
    told = prune(worked_on, 30, now=NOW, dry_run=True)
    assert len(names(worked_on)) == 5
    done = prune(worked_on, 30, now=NOW)
    assert {**told.counts(), "files": 0, "file_bytes": 0} == {**done.counts(), "files": 0, "file_bytes": 0}


def test_a_second_run_finds_nothing(worked_on: Service) -> None:
    prune(worked_on, 30, now=NOW)
    again = prune(worked_on, 30, now=NOW).counts()
    assert {name for name, number in again.items() if number} == {"kept"}


def test_a_label_that_comes_while_pruning_saves_its_candidate(
    service, add_candidate, add_person, monkeypatch
) -> None:
    user, taxonomy = add_person(service)
    labelled = add_candidate(service, "labelled")
    add_candidate(service, "other")
    deletion = retention._deletion

    def label_first(*arguments):
        with service.database.writing() as session:
            if not session.query(Label).count():
                session.add(Label(candidate_id=labelled, user_id=user, taxonomy_id=taxonomy, value="real"))
        return deletion(*arguments)

    monkeypatch.setattr(retention, "_deletion", label_first)
    prune(service, 30, now=NOW)
    assert names(service) == {"labelled"}


def test_old_rows_that_stand_by_themselves_go(service, add_person) -> None:
    user, _ = add_person(service)
    for at, name in ((NOW, "new"), (NOW - timedelta(days=31), "old")):
        with service.database.writing() as session:
            session.add_all(
                [
                    QuarantinedItem(feed="folder", item=name, kind="bad", reason="bad", last_at=at),
                    WaitingPart(name=name, part="picture", stamp="1", since=at),
                    UserSession(secret_sha256=name, user_id=user, csrf="x", expires_at=at),
                ]
            )
    done = prune(service, 30, now=NOW)
    assert (done.quarantine, done.waiting, done.sign_ins) == (1, 1, 1)
    assert [count(service, table) for table in (QuarantinedItem, WaitingPart, UserSession)] == [1, 1, 1]


def test_files_in_the_watched_folder_stay_in_the_journal(service: Service) -> None:
    (service.home.inbox / "night").mkdir()
    (service.home.inbox / "night" / "there.avro").touch()
    with service.database.writing() as session:
        for item in ("night/there.avro", "night/gone.avro"):
            session.add(JournalEntry(feed="folder", item=item, outcome="stored", at=NOW - timedelta(days=99)))
    assert prune(service, 30, now=NOW).journal == 1
    with service.database.reading() as session:
        assert session.scalars(select(JournalEntry.item)).all() == ["night/there.avro"]


def test_nights_that_the_depot_is_still_asked_for_stay_in_the_journal(sqlite_service: Service) -> None:
    depot = dataclasses.replace(sqlite_service.settings.ingest.depot, nights_back=10)
    ingest = dataclasses.replace(sqlite_service.settings.ingest, depot=depot)
    settings = dataclasses.replace(sqlite_service.settings, ingest=ingest)
    service = dataclasses.replace(sqlite_service, settings=settings)
    with service.database.writing() as session:
        for feed, days in (("depot", 11), ("depot", 13), ("kafka", 11)):
            at = NOW - timedelta(days=days)
            session.add(JournalEntry(feed=feed, item=f"{feed} {days}", outcome="stored", at=at))
    assert prune(service, 5, now=NOW).journal == 2
    with service.database.reading() as session:
        assert session.scalars(select(JournalEntry.item)).all() == ["depot 11"]


def test_nothing_is_kept_of_no_days(sqlite_service: Service) -> None:
    with pytest.raises(ConfigurationError, match="cannot keep 0 days"):
        prune(sqlite_service, 0)


def test_two_prunes_at_once_are_refused(sqlite_service: Service) -> None:
    with alone(sqlite_service, "backup"), pytest.raises(ServiceError, match="prune: a backup is being made"):
        prune(sqlite_service, 30)
    prune(sqlite_service, 30)
