"""Figures of a campaign: progress, how each person labels, what is disputed."""

from __future__ import annotations

import pytest

from skysieve.service.database.tables import Campaign
from skysieve.service.labelling.campaign_figures import (
    campaign_votes,
    disagreements,
    gold_of,
    labellers,
    progress,
)
from skysieve.service.labelling.campaigns import add_gold
from skysieve.service.labelling.labels import give_label, undo_last
from skysieve.service.service import Service


def test_progress_people_and_disputes(service: Service, people, candidates, campaign) -> None:
    users, chosen = people(service, "ada", "bo", "cy"), candidates(service, 4)
    made = campaign(service, chosen[:3], labels_wanted=2)
    with service.database.writing() as session:
        add_gold(session, made, {chosen[3]: ("bogus", "by eye")})
    said = {
        chosen[0]: ("real", "real", "bogus"),
        chosen[1]: ("bogus", "bogus", None),
        chosen[2]: ("real", None, None),
        chosen[3]: ("bogus", "real", "bogus"),
    }
    for candidate, values in said.items():
        for user, value in zip(users, values, strict=True):
            if value is not None:
                service.database.write(
                    lambda session, candidate=candidate, user=user, value=value: (
                        give_label(
                            session,
                            candidate_id=candidate,
                            user_id=user,
                            value=value,
                            campaign_id=made,
                            seconds=float(user),
                        ).id
                    )
                )
    with service.database.reading() as session:
        found = session.get_one(Campaign, made)
        fares = progress(session, found)
        assert (fares.items, fares.gold, fares.done, fares.labels, fares.wanted) == (3, 1, 2, 5, 6)
        assert fares.share == pytest.approx(5 / 6)
        assert gold_of(session, made) == {chosen[3]: "bogus"}
        ada, bo, cy = labellers(session, found)
        assert [(each.name, each.labels, each.gold) for each in (ada, bo, cy)] == [
            ("ada", 4, 1),
            ("bo", 3, 1),
            ("cy", 2, 1),
        ]
        assert ada.seconds == users[0]
        assert (ada.accuracy.value, bo.accuracy.value) == (1.0, 0.0)
        assert bo.accuracy.high == pytest.approx(0.793, abs=1e-3)
        # Of ada: one where the others are divided, one agreed, one alone, one gold where they are divided.
        assert ada.agreement.value == 1.0
        # Of cy: the others call the first real, cy does not; of the gold item they are divided.
        assert cy.agreement.value == 0.0
        votes = campaign_votes(session, found)
        assert votes.items == tuple(sorted(chosen))
        assert votes.classes == ("real", "bogus", "unsure")
        assert [each.candidate_id for each in disagreements(votes)] == [chosen[0], chosen[3]]
        assert disagreements(votes, most=1)[0].said == {"real": 2, "bogus": 1}


def test_figures_of_nothing(service: Service, people, candidates, campaign) -> None:
    (user,), chosen = people(service, "ada"), candidates(service, 1)
    made = campaign(service, chosen)
    service.database.write(
        lambda session: (
            give_label(session, candidate_id=chosen[0], user_id=user, value="real", campaign_id=made).id
        )
    )
    service.database.write(lambda session: undo_last(session, user, campaign_id=made))
    with service.database.reading() as session:
        found = session.get_one(Campaign, made)
        assert progress(session, found).share == 0
        assert labellers(session, found) == []
        assert len(campaign_votes(session, found)) == 0
        assert disagreements(campaign_votes(session, found)) == []
