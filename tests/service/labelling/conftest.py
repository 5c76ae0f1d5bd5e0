"""People and candidates to label, and browsers without a screen (``web_client.py``)."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select

from skysieve.service.database.tables import Candidate, Night, User
from skysieve.service.labelling.campaigns import CampaignPlan, change_state, create_campaign
from skysieve.service.labelling.proposals import chosen_by_id
from skysieve.service.service import Service

People = Callable[..., list[int]]
Candidates = Callable[..., list[int]]


@pytest.fixture
def people() -> People:
    """Return a function that adds users and returns their ids."""

    def make(service: Service, *names: str) -> list[int]:
        users = [User(name=name, role="scanner") for name in names]
        with service.database.writing() as session:
            session.add_all(users)
        return [user.id for user in users]

    return make


@pytest.fixture
def candidates() -> Candidates:
    """Return a function that adds candidates of one night and returns their ids."""

    def make(service: Service, number: int, *, kind: str = "alert", night: str = "20260101") -> list[int]:
        with service.database.writing() as session:
            of = session.scalars(select(Night).where(Night.name == night)).first() or Night(name=night)
            made = [
                Candidate(
                    kind=kind, survey="ZTF", name=f"{night}{at:06d}", object_id=f"ZTF{at // 2}", night=of
                )
                for at in range(number)
            ]
            session.add_all(made)
        return [each.id for each in made]

    return make


@pytest.fixture
def campaign() -> Callable[..., int]:
    """Return a function that makes a campaign of given candidates, open unless told otherwise."""

    def make(service: Service, chosen: list[int], *, state: str = "open", kind: str = "alert", **plan) -> int:
        plan = {"name": "first", "kind": kind} | plan
        with service.database.writing() as session:
            found = chosen_by_id(session, kind, chosen)
            made = create_campaign(session, CampaignPlan(**plan), found)
            if state != "draft":
                change_state(session, made.id, state)
            return made.id

    return make
