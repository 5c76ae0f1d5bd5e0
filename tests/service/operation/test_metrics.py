"""Metrics: what Prometheus reads, however many processes answer."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

from skysieve.service.database.columns import utc_now
from skysieve.service.database.database import Database
from skysieve.service.database.tables import Feed, QuarantinedItem, WorkerBeat
from skysieve.service.operation import metrics
from skysieve.service.operation.metrics import SHARED_VARIABLE, count_request, metrics_text
from skysieve.service.service import Service


@dataclass(frozen=True)
class Seen:
    """A request that was answered."""

    route: str
    status: int = 200
    method: str = "GET"
    path: str = "/x"
    seconds: float = 0.02
    size: int = 0
    request_id: str = ""
    address: str = ""
    user: str = ""


@pytest.fixture(autouse=True)
def fresh_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read figures anew in each test."""
    monkeypatch.setattr(metrics, "_FIGURES", metrics._LatestFigures())


def values(data: bytes) -> dict[str, float]:
    """Return the values by their names and labels, in one text each."""
    return {
        " ".join(
            [sample.name, *(f"{key}={value}" for key, value in sorted(sample.labels.items()))]
        ): sample.value
        for family in text_string_to_metric_families(data.decode())
        for sample in family.samples
    }


def test_figures_of_the_database(service: Service, add_candidate) -> None:
    add_candidate(service, "one")
    add_candidate(service, "two")
    now = utc_now()
    partitions = {"partitions": {"ztf/0": {"offset": 5, "lag": 3}, "ztf/1": {"offset": 9, "lag": 4}}}
    with service.database.writing() as session:
        session.add_all(
            [
                Feed(name="kafka", looked_at=now - timedelta(seconds=100), memory=partitions),
                Feed(name="folder", state="failing"),
                Feed(name="command", state="stopped"),
                WorkerBeat(name="host:1", beat_at=now - timedelta(seconds=10)),
                QuarantinedItem(feed="folder", item="x", kind="bad", reason="bad"),
            ]
        )
    found = values(metrics_text(service))
    assert found["skysieve_candidates"] == found["skysieve_candidates_scored"] == 2
    assert found["skysieve_scores_pending scorer=braai"] == 2
    assert found["skysieve_quarantine state=open"] == 1
    assert found["skysieve_deliveries state=due"] == 2
    assert found["skysieve_feed_lag feed=kafka"] == 7
    assert "skysieve_feed_lag feed=folder" not in found
    assert found["skysieve_feed_up feed=kafka"] == 1
    assert found["skysieve_feed_up feed=folder"] == 0
    assert "skysieve_feed_up feed=command" not in found
    assert found["skysieve_feed_look_age_seconds feed=kafka"] >= 100
    assert found["skysieve_worker_beat_age_seconds"] >= 10
    assert found["skysieve_labels"] == 0
    assert found["skysieve_database_up"] == 1
    assert 0 < found["skysieve_disk_stop_bytes"] < found["skysieve_disk_free_bytes"]


def test_an_empty_service_has_its_series_too(sqlite_service: Service) -> None:
    found = values(metrics_text(sqlite_service))
    assert found["skysieve_quarantine state=open"] == found["skysieve_deliveries state=due"] == 0
    assert found["skysieve_scoring_lag_seconds"] == 0


def test_a_database_that_is_away_is_told(sqlite_service: Service) -> None:
    nowhere = Database("postgresql+psycopg://sky@/none?host=/nonexistent")
    lost = Service(sqlite_service.home, sqlite_service.settings, nowhere, sqlite_service.files)
    found = values(metrics_text(lost))
    assert found["skysieve_database_up"] == 0
    assert "skysieve_candidates" not in found


def test_counting_does_not_happen_at_every_look(sqlite_service: Service, add_candidate) -> None:
    metrics_text(sqlite_service)
    add_candidate(sqlite_service, "one")
    assert values(metrics_text(sqlite_service))["skysieve_candidates"] == 0


def test_requests_are_counted_by_route_and_status(sqlite_service: Service) -> None:
    for status in (200, 200, 404):
        count_request(Seen("/candidates/{id}", status))
    count_request(Seen("/candidates/{id}", method="BREW"))
    found = values(metrics_text(sqlite_service))
    assert found["skysieve_requests_total method=GET route=/candidates/{id} status=200"] == 2
    assert found["skysieve_requests_total method=GET route=/candidates/{id} status=404"] == 1
    assert found["skysieve_requests_total method=other route=/candidates/{id} status=200"] == 1
    assert found["skysieve_request_seconds_bucket le=0.025 route=/candidates/{id}"] == 4
    assert found["skysieve_request_seconds_bucket le=0.01 route=/candidates/{id}"] == 0


def test_processes_count_together(tmp_path) -> None:
    count = (
        "import json, sys; from types import SimpleNamespace as S\n"
        "from skysieve.service.service import open_service\n"
        "from skysieve.service.operation.metrics import count_request, metrics_text\n"
        "service = open_service(sys.argv[1])\n"
        "count_request(S(method='GET', route='/x', status=200, seconds=0.1))\n"
        "print(json.dumps(metrics_text(service).decode())); service.close()"
    )
    (tmp_path / "shared").mkdir()
    environment = {**os.environ, SHARED_VARIABLE: str(tmp_path / "shared")}
    for number in (1, 2):
        said = subprocess.run(
            [sys.executable, "-c", count, tmp_path / "home"], env=environment, check=True, capture_output=True
        )
        found = values(json.loads(said.stdout).encode())
        assert found["skysieve_requests_total method=GET route=/x status=200"] == number
