"""Candidates of simulated nights in the database, with their files, as ingest leaves them; small models."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from skysieve.service.candidates.images import FITS_GZIP, JPEG, pack_images
from skysieve.service.database.tables import Candidate, Cutouts, Night
from skysieve.service.judging.pending import ask_for_scores
from skysieve.service.service import Service
from skysieve.sources.alerts import read_alerts
from skysieve.sources.alerts.alert import CUTOUT_CHANNELS, Alert
from skysieve.sources.simulators.night import simulate_night
from skysieve.sources.simulators.streak_night import simulate_streak_night


@pytest.fixture(scope="session")
def alerts(tmp_path_factory: pytest.TempPathFactory) -> list[Alert]:
    """Return 24 sound alerts of a simulated night."""
    night = simulate_night(tmp_path_factory.mktemp("alerts") / "night", n=24, seed=5)
    return [alert for alert in read_alerts([night.packets]) if isinstance(alert, Alert)]


@pytest.fixture(scope="session")
def streak_files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return the pictures of 20 streaks of a simulated night."""
    night = simulate_streak_night(
        tmp_path_factory.mktemp("streaks") / "night", n=20, seed=3, real_fraction=0.5
    )
    return sorted(night.night.rglob("*.jpg"))


@pytest.fixture
def add_alerts(service: Service, alerts: list[Alert]) -> Callable[..., list[int]]:
    """Return what puts alerts into the database and asks for their scores."""
    return alert_adder(service, alerts)


@pytest.fixture
def add_sqlite_alerts(sqlite_service: Service, alerts: list[Alert]) -> Callable[..., list[int]]:
    """Return what does so on SQLite."""
    return alert_adder(sqlite_service, alerts)


def alert_adder(service: Service, alerts: Sequence[Alert]) -> Callable[..., list[int]]:
    def add(n: int | None = None, night: str = "20261121", first: int = 0, **changes: Any) -> list[int]:
        chosen = alerts[first : len(alerts) if n is None else first + n]
        packed = [pack_images(alert.cutouts, CUTOUT_CHANNELS) for alert in chosen]
        names = service.files.put_all(packed)
        rows = [
            {"kind": "alert", "survey": "ZTF", "name": str(alert.candid), "stamp": "a"} | changes
            for alert in chosen
        ]
        return store(service, night, rows, names, FITS_GZIP, list(CUTOUT_CHANNELS))

    return add


@pytest.fixture
def add_streaks(service: Service, streak_files: list[Path]) -> Callable[..., list[int]]:
    """Return what puts streaks into the database and asks for their scores."""

    def add(n: int | None = None, night: str = "20261121", **changes: Any) -> list[int]:
        chosen = streak_files[:n]
        names = service.files.put_all([path.read_bytes() for path in chosen])
        rows = [
            {"kind": "streak", "survey": "ZTF", "name": path.name.removesuffix("_scimref.jpg"), "stamp": "a"}
            | changes
            for path in chosen
        ]
        return store(service, night, rows, names, JPEG, ["difference"])

    return add


def store(
    service: Service,
    night: str,
    rows: list[dict[str, Any]],
    names: Sequence[str],
    media_type: str,
    channels: list[str],
) -> list[int]:
    with service.database.writing() as session:
        row = session.query(Night).filter_by(name=night).one_or_none() or Night(name=night)
        session.add(row)
        session.flush()
        candidates = [Candidate(night_id=row.id, **each) for each in rows]
        session.add_all(candidates)
        session.flush()
        session.add_all(
            Cutouts(candidate_id=each.id, sha256=name, media_type=media_type, channels=channels)
            for each, name in zip(candidates, names, strict=True)
        )
        session.flush()
        ids = [each.id for each in candidates]
        ask_for_scores(session, [(each.id, each.kind) for each in candidates])
    return ids


@pytest.fixture(scope="session")
def other_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model of alerts that is not braai-weak: the same graph, another description."""
    return copied_model(tmp_path_factory.mktemp("models") / "other", name="other", threshold=0.9)


def copied_model(folder: Path, *, name: str, threshold: float) -> Path:
    import shutil

    from skysieve.models.model import Model

    model = Model.load("braai-weak")
    shutil.copytree(model.folder, folder)
    description = dataclasses.replace(
        model.description,
        name=name,
        thresholds=[{"value": threshold, "rule": "fixed", "split": "none"}],
        figures={},
    )
    (folder / "model.json").write_text(description.to_json())
    return folder


@pytest.fixture(scope="session")
def model_of_classes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a model of alerts that tells three classes apart."""
    from torch import nn

    from skysieve.models import InputContract, ModelDescription, save_model
    from skysieve.models.rebuild import build_network

    description = ModelDescription(
        name="three",
        summary="Tells three classes apart, by chance.",
        classes=("bogus", "supernova", "asteroid"),
        contract=InputContract((3, 63, 63), CUTOUT_CHANNELS, surveys=("ZTF",)),
        preprocess=[{"step": "fill-masked"}, {"step": "l2-per-cutout"}],
        network={"name": "fc4", "outputs": 3, "arguments": {"dense": [4, 4]}},
        calibration={"kind": "softmax"},
    )
    network: nn.Module = build_network(description)
    for parameter in network.parameters():
        nn.init.normal_(parameter, std=0.5)
    folder = tmp_path_factory.mktemp("models") / "three"
    save_model(folder, network, description)
    return folder
