"""``/health`` and ``/metrics``: what anybody, curators and programs are told."""

from __future__ import annotations

import pytest

from skysieve.service.accounts.roles import Role
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import WorkerBeat
from skysieve.service.operation.health import Check, Health, State


@pytest.fixture
def well(service) -> None:
    """Let the service be well."""
    with service.database.writing() as session:
        session.add(WorkerBeat(name="host:1", beat_at=utc_now()))


@pytest.mark.usefixtures("well")
def test_anybody_is_told_whether_it_is_well_and_nothing_else(client) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
    assert answer.headers["Cache-Control"] == "no-store"


def test_degraded_still_answers(client) -> None:
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (200, {"status": "degraded"})


def test_down_is_503(client, monkeypatch) -> None:
    down = Health((Check("database", State.DOWN, "away"),))
    monkeypatch.setattr("skysieve.service.api.health.check_health", lambda _: down)
    answer = client.get("/health")
    assert (answer.status_code, answer.json()) == (503, {"status": "down"})


@pytest.mark.parametrize(
    ("role", "told"), [(Role.VIEWER, False), (Role.SCANNER, False), (Role.CURATOR, True)]
)
def test_curators_are_told_of_each_part(client, sign_in, role: Role, told: bool) -> None:
    sign_in(client, role)
    body = client.get("/health").json()
    assert ("checks" in body) == told
    if told:
        worker = next(check for check in body["checks"] if check["name"] == "worker")
        assert worker["status"] == "degraded"
        assert "skysieve worker" in worker["message"]


def test_metrics_for_this_machine(client) -> None:
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")
    assert "skysieve_candidates 0.0" in answer.text


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "Via"])
def test_no_metrics_for_what_comes_through_a_proxy(client, header: str) -> None:
    assert client.get("/metrics", headers={header: "127.0.0.1", "Accept": "*/*"}).status_code == 401


def test_metrics_from_elsewhere_need_a_token(new_client, make_token) -> None:
    elsewhere = new_client("192.0.2.7")
    accept = {"Accept": "*/*"}
    assert elsewhere.get("/metrics", headers=accept).status_code == 401
    for scopes, status in ((("read",), 200), (("ingest",), 403)):
        key = make_token(Role.CURATOR, *scopes)
        answer = elsewhere.get("/metrics", headers={**accept, "Authorization": f"Bearer {key}"})
        assert answer.status_code == status
