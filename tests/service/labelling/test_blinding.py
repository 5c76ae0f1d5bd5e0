from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from skysieve.service.accounts.roles import SCOPES, Role
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import (
    Campaign,
    CampaignItem,
    Candidate,
    Label,
    Night,
    Taxonomy,
    User,
)
from skysieve.service.labelling.blinding import blind_to, without_machine
from skysieve.service.web.access import Caller


def _caller(user: User, role: Role = Role.SCANNER) -> Caller:
    return Caller(user.id, user.name, role, frozenset(SCOPES))


@pytest.fixture
def asked(service):
    """Three candidates, of which a blind campaign asks for two."""

    def work(session: Session):
        night = Night(name="20261121")
        users = [User(name=name, role="scanner") for name in ("ada", "ben")]
        words = Taxonomy(name="real-bogus", kind="alert", classes=[])
        rows = [Candidate(kind="alert", survey="ZTF", name=str(at), night=night) for at in range(3)]
        session.add_all([night, *users, words, *rows])
        session.flush()
        campaign = Campaign(name="blind", taxonomy_id=words.id, state="open", hide_machine=True)
        session.add(campaign)
        session.flush()
        session.add_all(
            CampaignItem(campaign_id=campaign.id, candidate_id=row.id, position=at)
            for at, row in enumerate(rows[:2])
        )
        return campaign, users, rows, words

    return service.database.write(work)


def test_a_blind_campaign_hides_what_has_not_been_labelled_in_it(service, asked):
    campaign, (ada, ben), rows, words = asked
    ids = [row.id for row in rows]
    with service.database.reading() as session:
        assert blind_to(session, _caller(ada), ids) == set(ids[:2])
    with service.database.writing() as session:
        session.add(
            Label(
                candidate_id=ids[0],
                user_id=ada.id,
                taxonomy_id=words.id,
                campaign_id=campaign.id,
                value="real",
            )
        )
    with service.database.reading() as session:
        assert blind_to(session, _caller(ada), ids) == {ids[1]}
        assert blind_to(session, _caller(ben), ids) == set(ids[:2])


def test_a_label_that_was_taken_back_does_not_open_it(service, asked):
    campaign, (ada, _), rows, words = asked
    with service.database.writing() as session:
        session.add(
            Label(
                candidate_id=rows[0].id,
                user_id=ada.id,
                taxonomy_id=words.id,
                campaign_id=campaign.id,
                value="real",
                withdrawn_at=utc_now(),
            )
        )
    with service.database.reading() as session:
        assert rows[0].id in blind_to(session, _caller(ada), [rows[0].id])


@pytest.mark.parametrize("state", ["draft", "closed"])
def test_only_an_open_campaign_hides(service, asked, state):
    campaign, (ada, _), rows, _ = asked
    with service.database.writing() as session:
        session.get(Campaign, campaign.id).state = state
    with service.database.reading() as session:
        assert blind_to(session, _caller(ada), [row.id for row in rows]) == set()


def test_a_curator_sees_everything_and_nothing_asks_for_nothing(service, asked):
    _, (ada, _), rows, _ = asked
    with service.database.reading() as session:
        assert blind_to(session, _caller(ada, Role.CURATOR), [row.id for row in rows]) == set()
        assert blind_to(session, _caller(ada), []) == set()


def test_the_judgement_of_machines_is_left_out_whatever_its_case():
    assert without_machine({"DRB": 1, "rb": 0.2, "prob": 0.1, "magpsf": 18.0}) == {"magpsf": 18.0}
