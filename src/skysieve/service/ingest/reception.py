"""Reception: whatever a feed brings is read, stored, journalled, or kept aside with its reason.

Everything may be repeated. An item that the journal has with the same stamp is not read again; one that
was broken off in the middle, by a kill or a power cut, comes again and finds part of its work done.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from skysieve.errors import SkysieveError
from skysieve.service.database.tables import QuarantinedItem, WaitingPart
from skysieve.service.ingest.contents import ContentReader
from skysieve.service.ingest.disk import require_space, watching_space
from skysieve.service.ingest.items import Item, Reception, VanishedError
from skysieve.service.ingest.journal import Key, forget, known_stamps
from skysieve.service.ingest.pieces import Foreign, Piece, Problem, blob_name
from skysieve.service.ingest.quarantine import OPEN, RETRY
from skysieve.service.ingest.storing import Storing
from skysieve.service.ingest.streak_joins import join_parts
from skysieve.service.ingest.tally import RetriedTally, Tally
from skysieve.service.judging.quarantined import SCORING, ask_again
from skysieve.service.service import Service

__all__ = ["join_waiting", "receive", "retry"]

#: Streaks that are looked at in one transaction.
_AT_ONCE = 500

_log = logging.getLogger(__name__)


def receive(service: Service, items: Sequence[Item]) -> Reception:
    """Take items in.

    When this returns, everything that could be used is stored and on the disk, everything else is in
    quarantine, and the journal says so: a feed may acknowledge what it brought. When it raises, items
    may be stored and not journalled; they are to be brought again.

    Parameters
    ----------
    service : Service
        The service.
    items : sequence of Item
        Files and messages: Avro packets, Parquet tables of alerts, archives of packets, pictures of
        streaks, their nightly tables and reports. Files of other names are ``ignored``.

    Returns
    -------
    Reception
        One outcome for each item; ``vanished`` where the file was gone, which is not journalled.

    Raises
    ------
    ServiceError
        If the disk is full (`skysieve.service.ingest.disk.is_disk_full`) or the database does not answer.

    Examples
    --------
    >>> import tempfile
    >>> from skysieve.service.service import open_service
    >>> service = open_service(tempfile.mkdtemp())
    >>> receive(service, [Item("upload", "notes.avro", "1", data=b"<html>")]).problems
    {'not-avro': 1}
    >>> receive(service, [Item("upload", "notes.avro", "1", data=b"<html>")]).outcomes
    ('duplicate',)
    """
    require_space(service)
    with watching_space(service):
        known, reader = _known(service, items), ContentReader.of(service)
        tallies = []
        with Storing(service) as storing:
            for item in items:
                key = (item.feed, item.name)
                if storing.finishes(key):
                    storing.store()
                    storing.wait()
                    known |= _known(service, [item])
                tally = Tally(item, known=key in known)
                tallies.append(tally)
                if known.get(key) == item.stamp:
                    tally.outcome = "duplicate"
                else:
                    _take(storing, tally, reader.pieces(item))
    return _summary(tallies)


def retry(service: Service, ids: Collection[int] | None = None) -> Reception:
    """Try again what is in quarantine.

    What was kept is read again; of the rest it is noted that its feed shall take it anew when it sees it
    the next time. Candidates that could not be scored are scored again in their turn.

    Parameters
    ----------
    service : Service
        The service.
    ids : collection of int, optional
        Of rows in quarantine; all that are open by default. Others that were kept in the same file
        are tried with them.

    Returns
    -------
    Reception
        One outcome for each file that was kept.

    Raises
    ------
    ServiceError
        As of `receive`; also where a file that was kept is missing.
    """
    require_space(service)
    with watching_space(service):
        kept, others = _to_retry(service, ids)
        service.database.write(lambda session: _ask_again(session, others))
        reader = ContentReader.of(service)
        tallies: list[Tally] = []
        with Storing(service) as storing:
            for (feed, item, blob), sha256 in sorted(kept.items()):
                again = Item(feed, item, sha256, data=service.files.get(sha256))
                record = blob.removeprefix(item).removeprefix("::")
                tally = RetriedTally(again, known=True, record=record)
                tallies.append(tally)
                _take(storing, tally, reader.pieces(again, blob=blob))
    return _summary(tallies)


def join_waiting(service: Service) -> int:
    """Look at all pictures of streaks that wait, and return how many became candidates.

    To be called when a service starts: the setting that made them wait may have been changed.
    """
    ingest, site = service.settings.ingest, service.settings.site
    with service.database.reading() as session:
        names = list(
            session.scalars(
                select(WaitingPart.name).where(WaitingPart.part == "picture").order_by(WaitingPart.name)
            )
        )

    def work(session: Session, some: list[str]) -> int:
        join_parts(session, [], expect_metadata=ingest.expect_metadata, site=site, also=some)
        waiting = session.scalars(
            select(WaitingPart.name).where(WaitingPart.part == "picture", WaitingPart.name.in_(some))
        )
        return len(some) - len(list(waiting))

    joined = 0
    for start in range(0, len(names), _AT_ONCE):
        some = names[start : start + _AT_ONCE]
        joined += service.database.write(lambda session, some=some: work(session, some))  # type: ignore[misc]
    return joined


def _take(storing: Storing, tally: Tally, pieces: Iterator[Piece]) -> None:
    """Have everything stored that an item holds."""
    try:
        for piece in _surely(pieces, tally):
            if not isinstance(piece, Foreign):
                storing.add(tally, piece)
            elif piece.name != tally.item.name:
                _log.info("%s: %s is nothing that is taken in", tally.item.feed, piece.name)
    except VanishedError as error:
        _log.info("%s: %s", tally.item.feed, error)
        tally.outcome = "vanished"
        return
    storing.finish(tally)


def _surely(pieces: Iterator[Piece], tally: Tally) -> Iterator[Piece]:
    """Yield the pieces of an item; what no reader foresaw costs this item only."""
    while True:
        try:
            piece = next(pieces)
        except StopIteration:
            return
        except (SkysieveError, OSError, MemoryError):
            raise
        except Exception as error:
            _log.exception("%s: %s", *tally.key)
            reason = (
                f"no reader of skysieve was made for it ({type(error).__name__}: {error}); please report it"
            )
            data = tally.item.data or b""
            yield Problem("", "unexpected", reason.replace("\0", "\\0"), data)
            return
        yield piece


def _known(service: Service, items: Sequence[Item]) -> dict[Key, str]:
    with service.database.reading() as session:
        return known_stamps(session, [(item.feed, item.name) for item in items])


def _summary(tallies: Sequence[Tally]) -> Reception:
    problems: Counter[str] = Counter()
    for tally in tallies:
        problems.update(problem.kind for problem in tally.problems)
        if tally.uncounted:
            problems["further-records"] += tally.uncounted
    outcomes = tuple(tally.outcome for tally in tallies)
    changed = set().union(*(tally.changed for tally in tallies))
    return Reception(outcomes, len(changed), dict(problems))


def _to_retry(
    service: Service, ids: Collection[int] | None
) -> tuple[dict[tuple[str, str, str], str], dict[int, Key]]:
    """Return the files that were kept, by feed, item and name of the bytes, and the rows without any."""
    query = select(
        QuarantinedItem.id,
        QuarantinedItem.feed,
        QuarantinedItem.item,
        QuarantinedItem.record,
        QuarantinedItem.sha256,
    ).where(QuarantinedItem.state.in_((OPEN, RETRY)))
    if ids is not None:
        query = query.where(QuarantinedItem.id.in_(sorted(ids)))
    kept: dict[tuple[str, str, str], str] = {}
    others: dict[int, Key] = {}
    with service.database.reading() as session:
        for id_, feed, item, record, sha256 in session.execute(query):
            if sha256:
                kept[feed, item, blob_name(item, record)] = sha256
            else:
                others[id_] = (feed, item)
    return kept, others


def _ask_again(session: Session, rows: Mapping[int, Key]) -> None:
    """Have items without bytes taken anew by their feeds, and candidates scored again by their scorers."""
    to_score = sorted(id_ for id_, (feed, _) in rows.items() if feed == SCORING)
    to_take = sorted(rows.keys() - set(to_score))
    if to_score:
        ask_again(session, session.scalars(select(QuarantinedItem).where(QuarantinedItem.id.in_(to_score))))
    if to_take:
        session.execute(
            update(QuarantinedItem)
            .where(QuarantinedItem.id.in_(to_take))
            .values(state=RETRY)
            .execution_options(synchronize_session=False)
        )
        forget(session, {rows[id_] for id_ in to_take})
