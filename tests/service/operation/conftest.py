"""Candidates with all that hangs on them, for tests of what keeps, removes and copies them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from skysieve.service.database.tables import (
    Candidate,
    Cutouts,
    Delivery,
    Explanation,
    JournalEntry,
    Night,
    PendingScore,
    Score,
    Scorer,
    Taxonomy,
    User,
    Verdict,
)
from skysieve.service.service import Service

#: The time of these tests, and a night long before it.
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
OLD = "20260901"
LATE = "20261120"

AddCandidate = Callable[..., int]


@pytest.fixture
def add_candidate() -> AddCandidate:
    """Return what adds a candidate with files, scores, a journal row and everything else."""

    def add(service: Service, name: str, *, night: str = OLD, at: datetime | None = None) -> int:
        at = at or datetime.strptime("20260901" if night == "unknown" else night, "%Y%m%d").replace(
            tzinfo=UTC
        )
        files = service.files.put_all([f"{name} {part}".encode() for part in ("cutouts", "packet", "map")])
        with service.database.writing() as session:
            there = session.query(Night).filter_by(name=night).one_or_none() or Night(
                name=night, created_at=at
            )
            scorer = session.query(Scorer).one_or_none() or Scorer(
                kind="alert", identity="0" * 64, name="braai", is_sieve=False, place="x", duty="on-duty"
            )
            session.add_all([there, scorer])
            session.flush()
            candidate = Candidate(
                kind="alert",
                survey="ZTF",
                name=name,
                night_id=there.id,
                first_seen=at,
                jd=2461000.123456789,
                fields={"fwhm": 2.5, "name": "Ä", "big": 2**60, "none": None},
                look=b"\0\1",
                score=0.25,
                passes=False,
            )
            session.add(candidate)
            session.flush()
            ids = {"candidate_id": candidate.id, "scorer_id": scorer.id}
            session.add_all(
                [
                    Cutouts(
                        candidate_id=candidate.id,
                        sha256=files[0],
                        media_type="application/fits+gzip",
                        channels=["science"],
                        packet_sha256=files[1],
                    ),
                    Score(**ids, member="score", value=0.1 + 0.2),
                    Verdict(**ids, rule="passes", passes=True),
                    PendingScore(**ids),
                    Explanation(**ids, member="score", method="occlusion", sha256=files[2]),
                    Delivery(**ids, destination="kafka:out"),
                    JournalEntry(feed="kafka", item=f"topic/0/{name}", outcome="stored", at=at),
                ]
            )
            return candidate.id

    return add


@pytest.fixture
def add_person() -> Callable[[Service], tuple[int, int]]:
    """Return what adds a user and a taxonomy, and gives their ids."""

    def add(service: Service) -> tuple[int, int]:
        with service.database.writing() as session:
            user = User(name="ana", role="scanner", password_hash="$argon2id$x")
            taxonomy = Taxonomy(name="real-bogus", classes=[{"name": "real", "key": "r"}])
            session.add_all([user, taxonomy])
            session.flush()
            return user.id, taxonomy.id

    return add
