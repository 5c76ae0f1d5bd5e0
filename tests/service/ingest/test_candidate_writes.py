"""Candidates that change are locked in one order, whoever changes them."""

from __future__ import annotations

import threading

from sqlalchemy import select

from skysieve.service.database.tables import Candidate
from skysieve.service.ingest.candidate_writes import CandidateWrite, write_candidates
from skysieve.service.service import Service


def write(name: str, stamp: str) -> CandidateWrite:
    columns = ("jd", "ra", "dec", "mag", "look")
    words = {"object_id": "", "band": "", "source": "test", "night": "20261121"}
    values = dict.fromkeys(columns) | words
    return CandidateWrite(
        values | {"kind": "alert", "survey": "ZTF", "name": name, "stamp": stamp, "fields": {}}, None
    )


def test_ingest_locks_what_changes_in_the_order_of_scoring(service: Service) -> None:
    # The names are in the opposite order of the ids.
    for name in ("3", "2", "1"):
        service.database.write(
            lambda session, name=name: write_candidates(session, "alert", [write(name, "a")])
        )
    changes = [write(name, "b") for name in ("1", "2", "3")]
    began = threading.Event()

    def change() -> None:
        def work(session) -> None:
            began.set()
            write_candidates(session, "alert", changes)

        service.database.write(work)

    other = threading.Thread(target=change)
    with service.database.writing() as session:
        # As scoring does: the lowest id first, the others a little later.
        lock = select(Candidate.id).order_by(Candidate.id).with_for_update(key_share=True)
        first = session.scalars(lock.limit(1)).one()
        other.start()
        if not service.database.is_sqlite:
            assert began.wait(20)
            other.join(0.5)
            rest = select(Candidate.id).where(Candidate.id > first)
            assert len(list(session.scalars(rest.with_for_update(nowait=True)))) == 2
    other.join(20)
    with service.database.reading() as session:
        assert set(session.scalars(select(Candidate.stamp))) == {"b"}
