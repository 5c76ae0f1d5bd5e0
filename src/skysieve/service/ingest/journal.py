"""The journal: which items have been taken, with which stamp, and what became of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from skysieve.service.database.columns import utc_now
from skysieve.service.database.insert import insert_new
from skysieve.service.database.tables import JournalEntry
from skysieve.service.ingest.items import Item, Outcome

__all__ = ["Key", "Line", "claim", "forget", "known_stamps", "write_lines"]

#: Feed and name of an item.
Key = tuple[str, str]

#: Names in one query, which every database takes.
_AT_ONCE = 500
#: Stamp of an item that is claimed and not yet written, or to be taken anew; no item has it.
_CLAIMED = ""


@dataclass(frozen=True, slots=True)
class Line:
    """What became of an item.

    Parameters
    ----------
    item : Item
        The item.
    outcome : Outcome
        Anything but ``vanished``.
    candidates : int
        Candidates that it brought or changed.
    """

    item: Item
    outcome: Outcome
    candidates: int


def known_stamps(session: Session, keys: Iterable[Key]) -> dict[Key, str]:
    """Return the stamps with which items were taken: empty of what is to be taken anew."""
    return {(feed, item): stamp for query in _by_feed(keys) for feed, item, stamp in session.execute(query)}


def claim(session: Session, items: Iterable[Item]) -> set[Key]:
    """Keep other processes from items until this transaction ends.

    Parameters
    ----------
    session : Session
        Of `Database.writing`, in which nothing has been written yet.
    items : iterable of Item
        Each name once.

    Returns
    -------
    set of (feed, name)
        Items that another process has taken, with the same stamp, in the meantime.
    """
    wanted = {(item.feed, item.name): item.stamp for item in items}
    rows = [
        {"feed": feed, "item": name, "stamp": _CLAIMED, "outcome": "ignored"} for feed, name in sorted(wanted)
    ]
    insert_new(session, JournalEntry, rows)
    found = {
        (feed, item): stamp
        for query in _by_feed(wanted)
        for feed, item, stamp in session.execute(query.with_for_update())
    }
    return {key for key, stamp in wanted.items() if found.get(key) == stamp}


def write_lines(session: Session, lines: Iterable[Line]) -> None:
    """Write what became of items that were claimed in this transaction."""
    keys = {(line.item.feed, line.item.name): line for line in lines}
    ids = {
        (feed, item): id_
        for query in _by_feed(keys)
        for feed, item, id_ in session.execute(
            query.with_only_columns(JournalEntry.feed, JournalEntry.item, JournalEntry.id)
        )
    }
    at = utc_now()
    rows = [
        {
            "id": ids[key],
            "stamp": line.item.stamp,
            "outcome": line.outcome,
            "candidates": line.candidates,
            "at": at,
        }
        for key, line in keys.items()
    ]
    if rows:
        session.execute(update(JournalEntry), rows)


def forget(session: Session, keys: Iterable[Key]) -> None:
    """Have items taken anew when their feed sees them the next time."""
    for feed, names in _grouped(keys).items():
        session.execute(
            update(JournalEntry)
            .where(JournalEntry.feed == feed, JournalEntry.item.in_(names))
            .values(stamp=_CLAIMED)
            .execution_options(synchronize_session=False)
        )


def _by_feed(keys: Iterable[Key]) -> Iterable[Select[str, str, str]]:
    """Yield queries for items, some hundred in each, in an order that all processes share."""
    for feed, names in sorted(_grouped(keys).items()):
        for start in range(0, len(names), _AT_ONCE):
            yield (
                select(JournalEntry.feed, JournalEntry.item, JournalEntry.stamp)
                .where(JournalEntry.feed == feed, JournalEntry.item.in_(names[start : start + _AT_ONCE]))
                .order_by(JournalEntry.item)
            )


def _grouped(keys: Iterable[Key]) -> Mapping[str, list[str]]:
    names: dict[str, list[str]] = defaultdict(list)
    for feed, name in sorted(keys):
        names[feed].append(name)
    return names
