"""What was given up is counted, and sent again when a curator says so."""

from __future__ import annotations

from collections.abc import Callable

import httpx

from skysieve.service.database.tables import AuditEntry, Candidate, Delivery, Scorer
from skysieve.service.service import Service


def test_given_up_is_due_again(night: Service, client: httpx.Client, make_token: Callable[..., str]) -> None:
    with night.database.writing() as session:
        candidate, scorer = session.query(Candidate).first(), session.query(Scorer).first()
        ids = {"candidate_id": candidate.id, "scorer_id": scorer.id}
        session.add(Delivery(**ids, destination="kafka:a", state="given-up", attempts=9))
        session.add(Delivery(**ids, destination="kafka:b", state="sent"))
    client.headers["Authorization"] = f"Bearer {make_token('curator', 'read', 'curate')}"
    before = client.get("/api/v1/deliveries").json()
    assert before == [
        {"destination": "kafka:a", "state": "given-up", "count": 1},
        {"destination": "kafka:b", "state": "sent", "count": 1},
    ]
    assert client.post("/api/v1/deliveries/send-again").json() == {"due": 1}
    assert {each["state"] for each in client.get("/api/v1/deliveries").json()} == {"due", "sent"}
    with night.database.reading() as session:
        assert session.query(AuditEntry).filter_by(action="deliveries.send-again").count() == 1


def test_scanners_may_not(night: Service, client: httpx.Client, make_token: Callable[..., str]) -> None:
    client.headers["Authorization"] = f"Bearer {make_token('scanner', 'read', 'label')}"
    assert client.get("/api/v1/deliveries").status_code == 403
    assert client.post("/api/v1/deliveries/send-again").status_code == 403
