"""What a person must not know before having said something: what machines judged, and what others said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import and_, exists, select
from sqlalchemy.orm import Session

from skysieve.service.accounts.caller import Caller
from skysieve.service.accounts.roles import Role
from skysieve.service.database.tables import Campaign, CampaignItem, CampaignMember, Label
from skysieve.service.labelling.campaign_rules import OPEN

__all__ = ["MACHINE_FIELDS", "blind_to", "labels_blindly", "without_machine"]

_NETWORKS = ("vgg6", "resnet50", "densenet121")
#: Metadata that is the judgement of a machine, of the survey or of ours, in lower case.
MACHINE_FIELDS = frozenset(
    (
        *("rb", "rbversion", "drb", "drbversion", "braai", "braai_version", "btsbot", "reliability"),
        *("acai_h", "acai_v", "acai_o", "acai_n", "acai_b", "classtar", "scorr", "prob", "plausible"),
        *(f"{family}_{network}" for family in ("rb", "sl", "kd") for network in _NETWORKS),
    )
)


def blind_to(session: Session, caller: Caller, candidates: Iterable[int]) -> set[int]:
    """Return which candidates a person is to judge unbiased, and has not judged yet.

    Parameters
    ----------
    session : Session
        Of the database.
    caller : Caller
        Who looks; curators run campaigns and see everything.
    candidates : iterable of int
        Ids.

    Returns
    -------
    set of int
        Those in an open campaign that hides the machine, where the caller has no label in it: their
        scores, and what others said, are kept from the caller.
    """
    asked = list(candidates)
    if caller.role >= Role.CURATOR or caller.role < Role.SCANNER or not asked:
        return set()
    said = exists().where(
        and_(
            Label.candidate_id == CampaignItem.candidate_id,
            Label.campaign_id == CampaignItem.campaign_id,
            Label.user_id == caller.user_id,
            Label.withdrawn_at.is_(None),
        )
    )
    statement = (
        select(CampaignItem.candidate_id)
        .join(Campaign, Campaign.id == CampaignItem.campaign_id)
        .where(
            CampaignItem.candidate_id.in_(asked),
            Campaign.state == OPEN,
            Campaign.hide_machine.is_(True),
            ~said,
        )
    )
    return set(session.scalars(statement))


def labels_blindly(session: Session, caller: Caller) -> bool:
    """Say whether a person labels in an open campaign that hides what machines and others said."""
    if caller.role >= Role.CURATOR or caller.role < Role.SCANNER:
        return False
    mine = select(CampaignMember.campaign_id).where(CampaignMember.user_id == caller.user_id)
    hidden = select(Campaign.id).where(
        Campaign.id.in_(mine), Campaign.state == OPEN, Campaign.hide_machine.is_(True)
    )
    return session.scalar(hidden.limit(1)) is not None


def without_machine(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return metadata without what a machine judged.

    Examples
    --------
    >>> without_machine({"magpsf": 18.2, "drb": 0.99})
    {'magpsf': 18.2}
    """
    return {name: value for name, value in fields.items() if name.lower() not in MACHINE_FIELDS}
