"""Simulated nights that were taken in, and people who label them as well as they can."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from skysieve.service.database.tables import Candidate, User
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.reception import receive
from skysieve.service.labelling.labels import give_label
from skysieve.service.service import Service
from skysieve.sources.simulators.night import simulate_night
from skysieve.sources.simulators.streak_night import simulate_streak_night


@pytest.fixture(scope="session")
def alert_night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, bool]]:
    """Return a folder of packets, and which candid is real."""
    made = simulate_night(tmp_path_factory.mktemp("night"), n=90, seed=5)
    with made.truth.open(newline="") as file:
        truth = {row["candid"]: row["label"] == "1" for row in csv.DictReader(file)}
    return made.packets, truth


@pytest.fixture(scope="session")
def streak_night(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Return a folder of streaks, and the class of the labelling interface that each is."""
    made = simulate_streak_night(
        tmp_path_factory.mktemp("streaks"), n=60, seed=5, real_fraction=0.4, ades="none"
    )
    with made.truth.open(newline="") as file:
        truth = {row["id"]: _class_of(row) for row in csv.DictReader(file)}
    return made.night, truth


@pytest.fixture
def take_in() -> Callable[[Service, Path], dict[str, int]]:
    """Return a function that takes a folder in and returns the candidates' ids by name."""

    def take(service: Service, folder: Path) -> dict[str, int]:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        receive(service, [Item("command", str(path), "1", path=path) for path in files])
        with service.database.reading() as session:
            rows = session.execute(select(Candidate.name, Candidate.id))
            return {row.name: row.id for row in rows}

    return take


@pytest.fixture
def label_all() -> Callable[..., None]:
    """Return a function that lets people label candidates, each with a share of errors of their own."""

    def label(
        service: Service,
        known: Mapping[int, str],
        errors: Sequence[float],
        *,
        seed: int = 1,
        wrong: Callable[[str], str] = lambda value: "bogus" if value == "real" else "real",
        **given,
    ) -> None:
        rng = np.random.default_rng(seed)
        with service.database.writing() as session:
            names = [f"person{number}" for number in range(len(errors))]
            people = {each.name: each for each in session.scalars(select(User))}
            users = [people.get(name) or User(name=name, role="scanner") for name in names]
            session.add_all(users)
            session.flush()
            for candidate, value in known.items():
                for user, share in zip(users, errors, strict=True):
                    said = wrong(value) if rng.random() < share else value
                    give_label(session, candidate_id=candidate, user_id=user.id, value=said, **given)

    return label


def _class_of(row: Mapping[str, str]) -> str:
    if row["os"] == "1":
        return "plausible-asteroid"
    if row["rb"] == "0":
        return "masked-star"
    return "satellite" if row["sl"] == "0" else "cosmic-ray"
