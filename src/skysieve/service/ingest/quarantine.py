"""Quarantine: what could not be used, kept with its reason until it goes well or somebody lets it go."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from skysieve.service.database.columns import utc_now
from skysieve.service.database.insert import insert_new
from skysieve.service.database.tables import QuarantinedItem
from skysieve.service.ingest.pieces import Problem
from skysieve.service.service import Service

__all__ = [
    "DISMISSED",
    "OPEN",
    "RESOLVED",
    "RETRY",
    "count_quarantine",
    "dismiss",
    "list_quarantine",
    "resolve",
    "set_aside",
]

#: States: nobody has decided; it is to be tried again; it went well later; somebody let it go.
OPEN, RETRY, RESOLVED, DISMISSED = "open", "retry", "resolved", "dismissed"


def list_quarantine(
    session: Session,
    state: str = OPEN,
    *,
    kind: str = "",
    feed: str = "",
    before: int | None = None,
    size: int = 50,
) -> list[QuarantinedItem]:
    """Return what is in quarantine, the latest first.

    Parameters
    ----------
    session : Session
        Of `Database.reading`.
    state : str
        `OPEN`, `RETRY`, `RESOLVED` or `DISMISSED`; empty: all.
    kind, feed : str
        Only those of a kind, of a feed; empty: all.
    before : int, optional
        Id of the last of the page before.
    size : int
        Most items to return.
    """
    query = select(QuarantinedItem).order_by(QuarantinedItem.id.desc()).limit(size)
    wanted = {QuarantinedItem.state: state, QuarantinedItem.kind: kind, QuarantinedItem.feed: feed}
    for column, value in wanted.items():
        if value:
            query = query.where(column == value)
    if before is not None:
        query = query.where(QuarantinedItem.id < before)
    return list(session.scalars(query))


def count_quarantine(session: Session, state: str = OPEN) -> dict[str, int]:
    """Return how many items of each kind are in a state, the most frequent kind first."""
    count = func.count().label("count")
    rows = session.execute(
        select(QuarantinedItem.kind, count)
        .where(QuarantinedItem.state == state)
        .group_by(QuarantinedItem.kind)
        .order_by(count.desc(), QuarantinedItem.kind)
    )
    return {row.kind: row[1] for row in rows}


def dismiss(service: Service, ids: Collection[int]) -> int:
    """Let items go: they are neither counted nor tried again; return how many.

    Parameters
    ----------
    service : Service
        The service.
    ids : collection of int
        Of rows in quarantine; those that are resolved already stay so.
    """

    def work(session: Session) -> int:
        ids_ = list(
            session.scalars(
                select(QuarantinedItem.id)
                .where(QuarantinedItem.id.in_(sorted(ids)), QuarantinedItem.state.in_((OPEN, RETRY)))
                .with_for_update()
            )
        )
        session.execute(
            update(QuarantinedItem)
            .where(QuarantinedItem.id.in_(ids_))
            .values(state=DISMISSED)
            .execution_options(synchronize_session=False)
        )
        return len(ids_)

    return service.database.write(work)


def set_aside(session: Session, feed: str, item: str, problems: Sequence[Problem]) -> None:
    """Write the problems of an item; one that was there is counted up and open again.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    feed, item : str
        The item.
    problems : sequence of Problem
        What is wrong; of several with the same record the first counts.
    """
    first: dict[str, Problem] = {}
    for problem in problems:
        first.setdefault(problem.record, problem)
    known = dict(_records(session, feed, item, first))
    now = utc_now()
    fresh = []
    for record, problem in sorted(first.items()):
        said = {"kind": problem.kind, "reason": problem.reason}
        if record in known:
            changes = said | {"state": OPEN, "attempts": QuarantinedItem.attempts + 1, "last_at": now}
            changes |= {"sha256": problem.sha256} if problem.sha256 else {}
            session.execute(
                update(QuarantinedItem)
                .where(QuarantinedItem.id == known[record])
                .values(changes)
                .execution_options(synchronize_session=False)
            )
        else:
            row = {"feed": feed, "item": item, "record": record, "sha256": problem.sha256}
            fresh.append(row | said | {"first_at": now, "last_at": now})
    insert_new(session, QuarantinedItem, fresh)


def resolve(session: Session, feed: str, item: str, *, but: Iterable[str], within: str | None = None) -> None:
    """Say that what was wrong with an item went well.

    Parameters
    ----------
    session : Session
        Of `Database.writing`.
    feed, item : str
        The item.
    but : iterable of str
        Records that are still bad.
    within : str, optional
        Only this record and those in it.
    """
    bad = set(but)
    rows = session.execute(
        select(QuarantinedItem.record, QuarantinedItem.id).where(
            QuarantinedItem.feed == feed,
            QuarantinedItem.item == item,
            QuarantinedItem.state.in_((OPEN, RETRY)),
        )
    ).all()
    good = [id_ for record, id_ in rows if record not in bad and _is_within(record, within)]
    if good:
        session.execute(
            update(QuarantinedItem)
            .where(QuarantinedItem.id.in_(good))
            .values(state=RESOLVED, last_at=utc_now())
            .execution_options(synchronize_session=False)
        )


def _is_within(record: str, scope: str | None) -> bool:
    return scope is None or record == scope or record.startswith((f"{scope}::", f"{scope}:"))


def _records(session: Session, feed: str, item: str, records: Iterable[str]) -> Iterable[tuple[str, int]]:
    wanted = sorted(records)
    for start in range(0, len(wanted), 500):
        rows = session.execute(
            select(QuarantinedItem.record, QuarantinedItem.id)
            .where(
                QuarantinedItem.feed == feed,
                QuarantinedItem.item == item,
                QuarantinedItem.record.in_(wanted[start : start + 500]),
            )
            .order_by(QuarantinedItem.id)
            .with_for_update()
        )
        yield from ((record, id_) for record, id_ in rows)
