"""A service whose night was taken in and labelled by two people in a campaign, for examples."""

from __future__ import annotations

import csv
from pathlib import Path

from sqlalchemy import select

from skysieve.service.database.tables import Candidate, User
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.reception import receive
from skysieve.service.judging.scorers import register
from skysieve.service.labelling.campaigns import CampaignPlan, change_state, create_campaign
from skysieve.service.labelling.labels import give_label
from skysieve.service.labelling.proposals import chosen_by_id
from skysieve.service.service import open_service
from skysieve.sources.simulators.night import simulate_night

__all__ = ["write_labelled_service"]


def write_labelled_service(folder: Path) -> None:
    """Write a service with 90 alerts, labelled by two people in the campaign ``first``."""
    night = simulate_night(folder.with_name(f"{folder.name}-night"), n=90, seed=5)
    with night.truth.open(newline="") as file:
        truth = {row["candid"]: row["label"] == "1" for row in csv.DictReader(file)}
    service = open_service(folder)
    files = sorted(night.packets.iterdir())
    receive(service, [Item("command", path.name, "1", path=path) for path in files])
    register(service, "braai-weak", kind="alert", duty="on-duty")
    with service.database.writing() as session:
        people = [User(name=name, role="scanner") for name in ("ana", "ben")]
        session.add_all(people)
        rows = session.execute(select(Candidate.name, Candidate.id).order_by(Candidate.id)).all()
        chosen = chosen_by_id(session, "alert", [row.id for row in rows])
        campaign = create_campaign(session, CampaignPlan("first", "alert", labels_wanted=2), chosen).id
        change_state(session, campaign, "open")
        for number, row in enumerate(rows):
            for person in people:
                # Ben is mistaken one time in ten.
                real = truth[row.name] ^ (person.name == "ben" and number % 10 == 0)
                give_label(
                    session,
                    candidate_id=row.id,
                    user_id=person.id,
                    value="real" if real else "bogus",
                    campaign_id=campaign,
                )
    service.close()
