"""Candidates that are there are looked up, not looked for among all."""

from __future__ import annotations

from sqlalchemy import event

from skysieve.service.ingest import candidate_writes
from skysieve.service.service import Service


def test_candidates_that_are_there_are_found_by_their_whole_key(sqlite_service: Service) -> None:
    asked: list[tuple[str, tuple[object, ...]]] = []

    def note(*told: object) -> None:
        asked.append((str(told[2]), tuple(told[3])))  # type: ignore[arg-type]

    database = sqlite_service.database
    with database.reading() as session:
        event.listen(database.engine, "before_cursor_execute", note)
        candidate_writes._stamps(session, "alert", [("ZTF", "1"), ("ZTF", "2"), ("LSST", "1")])
        event.remove(database.engine, "before_cursor_execute", note)
        asked = [each for each in asked if each[1]]
        assert len(asked) == 2
        for statement, values in asked:
            plan = session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            assert [row.detail.partition("(")[2] for row in plan] == ["kind=? AND survey=? AND name=?)"]
