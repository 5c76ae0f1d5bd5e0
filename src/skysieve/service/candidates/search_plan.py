"""How a search is carried out: by looking up the few that it can be, or by walking its order.

Either finds the same. Where an index says that a condition of the search leaves few candidates, those are
looked up and sorted. Where every condition leaves many, the page is soon full on a walk through the order.
PostgreSQL makes this choice from its statistics; for SQLite it is made here, by counting.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import BindParameter, ColumnElement, bindparam, func, not_, select
from sqlalchemy.orm import Session

from skysieve.service.candidates.asked import Search
from skysieve.service.database.tables import Candidate
from skysieve.service.filters.compile import compile_filter, nights_that
from skysieve.service.filters.index_choice import found_by_index, without_index
from skysieve.service.filters.language import Filter, parse_filter
from skysieve.service.sky.cells import in_cone

__all__ = ["FEW", "Plan", "conditions_of", "plan_search"]

#: So many are looked up and sorted within some milliseconds.
FEW = 5_000


@dataclass(frozen=True, slots=True)
class Plan:
    """How a search is carried out.

    Parameters
    ----------
    conditions : tuple of ColumnElement
        What a candidate must fulfil.
    few : bool
        Whether the conditions name the few that it can be: then no index of the order is walked.
    """

    conditions: tuple[ColumnElement[bool], ...]
    few: bool = False


def plan_search(session: Session, search: Search) -> Plan:
    """Return how to carry out a search.

    Raises
    ------
    InputError
        As of `skysieve.service.candidates.search.find_candidates`.
    """
    if session.get_bind().dialect.name != "sqlite":
        return Plan(conditions_of(session, search))
    given = parse_filter(search.where)
    numbers = _few(session, search, given)
    rest = conditions_of(session, search, by_index=False)
    if numbers is None:
        return Plan(rest)
    given_numbers: BindParameter[str] = bindparam(None, json.dumps(list(numbers)), unique=True)
    among = select(func.json_each(given_numbers).table_valued("value").c.value)
    return Plan((Candidate.id.in_(among), *rest), few=True)


def conditions_of(
    session: Session, search: Search, *, by_index: bool = True
) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions on candidates that a search means: night, cone and filter."""
    conditions = [compile_filter(session, search.where, by_index=by_index)]
    if search.cone is not None:
        cell = None if by_index else without_index(Candidate.__table__.c.cell)
        conditions.append(in_cone(*search.cone, cell=cell))
    if search.night:
        conditions.append(nights_that(session, lambda name: name == search.night))
    if search.without is not None:
        conditions.append(not_(search.without))
    return tuple(conditions)


def _few(session: Session, search: Search, given: Filter) -> Sequence[int] | None:
    """Return the candidates of the condition that leaves fewest; None if every one leaves many."""
    conditions = [
        compile_filter(session, Filter(given.text, condition)) for condition in found_by_index(session, given)
    ]
    if search.cone is not None:
        conditions.append(in_cone(*search.cone))
    fewest: Sequence[int] | None = None
    for condition in conditions:
        most = FEW + 1 if fewest is None else len(fewest)
        found = session.scalars(select(Candidate.id).where(condition).limit(most)).all()
        if len(found) < most:
            fewest = found
    return fewest
