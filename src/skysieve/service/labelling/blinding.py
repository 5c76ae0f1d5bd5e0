"""What a person must not know before having said something: what machines judged, and what others said."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from skysieve.service.accounts.caller import Caller
from skysieve.service.accounts.roles import Role
from skysieve.service.candidates.asked import Search
from skysieve.service.database.tables import Campaign, CampaignItem, Candidate, Label
from skysieve.service.filters.language import parse_filter
from skysieve.service.filters.syntax import And, Call, Condition, Cone, Meta, Name, Not, Operand, Or
from skysieve.service.labelling.campaign_rules import OPEN

__all__ = ["MACHINE_FIELDS", "blind_to", "hidden_from", "unbiased", "without_machine"]

_NETWORKS = ("vgg6", "resnet50", "densenet121")
#: Metadata that is the judgement of a machine, of the survey or of ours, in lower case.
MACHINE_FIELDS = frozenset(
    (
        *("rb", "rbversion", "drb", "drbversion", "braai", "braai_version", "btsbot", "reliability"),
        *("acai_h", "acai_v", "acai_o", "acai_n", "acai_b", "classtar", "scorr", "prob", "plausible"),
        *(f"{family}_{network}" for family in ("rb", "sl", "kd") for network in _NETWORKS),
    )
)
#: What machines and people judged, in the words of filters and orders.
_JUDGED = frozenset({"score", "passes", "label", "labels", "any_label", "comment"})
_JUDGED_CALLS = frozenset({"scorer", "verdict", "labelled_by"})


def hidden_from(session: Session, caller: Caller) -> ColumnElement[bool] | None:
    """Return the condition on candidates that a person is to judge unbiased, and has not judged yet.

    Those in an open campaign that hides the machine, where the caller has no label in it: their scores,
    and what others said, are kept from the caller.

    Parameters
    ----------
    session : Session
        Of the database.
    caller : Caller
        Who looks; curators run campaigns and see everything, viewers do not label.

    Returns
    -------
    ColumnElement or None
        None: nothing is kept from the caller.
    """
    if caller.role >= Role.CURATOR or caller.role < Role.SCANNER:
        return None
    campaigns = session.scalars(
        select(Campaign.id).where(Campaign.state == OPEN, Campaign.hide_machine.is_(True))
    ).all()
    if not campaigns:
        return None
    said = exists().where(
        Label.candidate_id == CampaignItem.candidate_id,
        Label.campaign_id == CampaignItem.campaign_id,
        Label.user_id == caller.user_id,
        Label.withdrawn_at.is_(None),
    )
    asked_for = exists().where(
        CampaignItem.candidate_id == Candidate.id,
        CampaignItem.campaign_id.in_(campaigns),
        ~said.correlate(CampaignItem),
    )
    return asked_for.correlate(Candidate)


def blind_to(session: Session, caller: Caller, candidates: Iterable[int]) -> set[int]:
    """Return which of some candidates, by their ids, are hidden from a person: as of `hidden_from`."""
    asked = list(candidates)
    hidden = hidden_from(session, caller) if asked else None
    if hidden is None:
        return set()
    return set(session.scalars(select(Candidate.id).where(Candidate.id.in_(asked), hidden)))


def unbiased(session: Session, caller: Caller, search: Search) -> Search:
    """Return a search that tells a person nothing of what is hidden from them.

    A filter or an order by what machines and people judged would tell it by what is found, and where: such
    a search leaves hidden candidates out. Any other finds them, and shows them without their scores.

    Raises
    ------
    InputError
        If the filter is none.
    """
    if not _asks_for_judgements(search):
        return search
    return replace(search, without=hidden_from(session, caller))


def without_machine(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata without what a machine judged.

    Examples
    --------
    >>> without_machine({"magpsf": 18.2, "drb": 0.99})
    {'magpsf': 18.2}
    """
    return {name: value for name, value in fields.items() if name.lower() not in MACHINE_FIELDS}


def _asks_for_judgements(search: Search) -> bool:
    if search.sort.lstrip("-+") in _JUDGED:
        return True
    condition = parse_filter(search.where).condition
    return condition is not None and any(map(_is_judged, _operands(condition)))


def _operands(condition: Condition) -> Iterator[Operand]:
    match condition:
        case And(parts) | Or(parts):
            for part in parts:
                yield from _operands(part)
        case Not(part):
            yield from _operands(part)
        case Cone():
            return
        case _:
            yield condition.operand


def _is_judged(operand: Operand) -> bool:
    match operand:
        case Name(name):
            return name in _JUDGED
        case Call(name):
            return name in _JUDGED_CALLS
        case Meta(name):
            # Of a field within a field, any part may name the machine.
            return not MACHINE_FIELDS.isdisjoint(name.lower().split("."))
