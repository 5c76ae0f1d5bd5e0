"""Search: which candidates, in which order, a page at a time however deep.

A page begins behind a candidate, not after so many of them: the last page of a million costs what the
first one costs, and candidates that come in meanwhile neither repeat nor hide others.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import func, literal, select
from sqlalchemy.orm import Session, joinedload

from skysieve.errors import InputError
from skysieve.service.candidates.asked import Search
from skysieve.service.candidates.cursor import Place, SortValue, read_cursor, write_cursor
from skysieve.service.candidates.search_plan import Plan, conditions_of, plan_search
from skysieve.service.candidates.sort_order import Order, order_of
from skysieve.service.database.tables import Candidate
from skysieve.service.database.time_limit import time_limit
from skysieve.service.sky.cells import haversine, separation_of

__all__ = ["MOST_ON_PAGE", "Page", "Search", "count_candidates", "find_all", "find_candidates"]

#: Candidates on a page, at the most.
MOST_ON_PAGE = 1_000
#: Seconds that a search may take, and the search of an export: a filter that no index helps with reads
#: every candidate, and whoever sends many of them would keep everybody else from being answered.
LONGEST_S, LONGEST_OF_ALL_S = 20.0, 120.0


@dataclass(frozen=True, slots=True)
class Page:
    """A page of what was found.

    Parameters
    ----------
    rows : list of Candidate
        With their night and cutouts.
    next, previous : str
        Cursors of the pages behind and before; empty: there is none.
    separations : tuple of float
        Of each row from the centre of the cone, arcseconds; empty without a cone.
    """

    rows: list[Candidate]
    next: str = ""
    previous: str = ""
    separations: tuple[float, ...] = ()


def find_candidates(session: Session, search: Search) -> Page:
    """Return a page of a search.

    Parameters
    ----------
    session : Session
        Of `Database.reading`.
    search : Search
        What is searched for.

    Raises
    ------
    InputError
        If the filter, the order, the cone, the size or the cursor is not one: kinds ``bad-filter``,
        ``bad-sort``, ``bad-cone``, ``bad-size``, ``bad-cursor``. ``slow-search`` if it takes too long.
    """
    if not 1 <= search.size <= MOST_ON_PAGE:
        raise InputError("size", "bad-size", f"expected 1 to {MOST_ON_PAGE} candidates, found {search.size}")
    order = order_of(search.sort, search.cone)
    place = read_cursor(search.cursor, search.digest, order.kind) if search.cursor else None
    with time_limit(session, LONGEST_S):
        found = _walk(session, order, plan_search(session, search), place, search.size + 1)
    more, found = len(found) > search.size, found[: search.size]
    backwards = place is not None and place.backwards
    if backwards:
        found.reverse()
    page = _load(session, [number for number, _ in found], search.cone)
    return _with_cursors(
        page,
        search,
        found,
        has_next=backwards or more,
        has_previous=more if backwards else place is not None,
    )


def count_candidates(session: Session, search: Search, most: int = 10_000) -> int:
    """Return how many candidates a search finds, counting no further than ``most``.

    Parameters
    ----------
    session, search
        As of `find_candidates`; order, size and cursor do not matter.
    most : int
        Where counting stops: counting all of a million takes longer than anybody waits for a page.
    """
    with time_limit(session, LONGEST_S):
        plan = plan_search(session, search)
        conditions = plan.conditions if plan.few else conditions_of(session, search)
        found = select(Candidate.id).where(*conditions).limit(most).subquery()
        return session.scalar(select(func.count()).select_from(found)) or 0


def find_all(session: Session, search: Search) -> array[int]:
    """Return the numbers of all candidates that a search finds, in its order: eight bytes for each.

    Parameters
    ----------
    session, search
        As of `find_candidates`; size and cursor do not matter.
    """
    order = order_of(search.sort, search.cone)
    found = array("q")
    with time_limit(session, LONGEST_OF_ALL_S):
        plan = plan_search(session, search)
        for section in order.sections(None):
            query = select(Candidate.id).where(*plan.conditions, *section)
            query = query.order_by(*order.by(None, indexed=not plan.few))
            found.extend(session.scalars(query.execution_options(yield_per=10_000)))
    return found


def _walk(
    session: Session,
    order: Order,
    plan: Plan,
    place: Place | None,
    most: int,
) -> list[tuple[int, SortValue]]:
    """Return numbers and values of the candidates on the way from a place, nearest first."""
    found: list[tuple[int, SortValue]] = []
    for section in order.sections(place):
        query = select(Candidate.id, order.value).where(*plan.conditions, *section)
        query = query.order_by(*order.by(place, indexed=not plan.few))
        rows = session.execute(query.limit(most - len(found)))
        # A label that nobody has given is no value.
        found += [(number, None if value == "" else value) for number, value in rows]
        if len(found) >= most:
            break
    return found


def _load(session: Session, numbers: Sequence[int], cone: tuple[float, float, float] | None) -> Page:
    """Return the candidates of some numbers in their order, with night and cutouts: one statement."""
    if not numbers:
        return Page([])
    apart = literal(0.0) if cone is None else haversine(*cone[:2])
    query = select(Candidate, apart).where(Candidate.id.in_(numbers)).options(joinedload(Candidate.cutouts))
    rows = {row.id: (row, value) for row, value in session.execute(query)}
    # One that was removed in this moment is left out.
    kept = [rows[number] for number in numbers if number in rows]
    separations = () if cone is None else tuple(separation_of(value) for _, value in kept)
    return Page([row for row, _ in kept], separations=separations)


def _with_cursors(
    page: Page,
    search: Search,
    found: Sequence[tuple[int, SortValue]],
    *,
    has_next: bool,
    has_previous: bool,
) -> Page:
    if not found:
        return page
    (first, first_value), (last, last_value) = found[0], found[-1]
    following = write_cursor(Place(last_value, last), search.digest) if has_next else ""
    before = write_cursor(Place(first_value, first, backwards=True), search.digest) if has_previous else ""
    return replace(page, next=following, previous=before)
