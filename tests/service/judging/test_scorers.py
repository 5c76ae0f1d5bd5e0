"""Models and sieves are taken in verified, copied, once; what does not suit is refused."""

from __future__ import annotations

import dataclasses
import json
import shutil
from pathlib import Path

import pytest
from sqlalchemy import select

from skysieve.errors import ConfigurationError, ContractError, InputError, ModelError, ServiceError
from skysieve.models.model import Model
from skysieve.models.sieve import Sieve
from skysieve.service.database.tables import AuditEntry, PendingScore, Scorer
from skysieve.service.database.tables.judging import BESIDE, ON_DUTY, RETIRED
from skysieve.service.judging.scorers import (
    all_scorers,
    ensure_default_scorers,
    find_scorer,
    on_duty,
    open_scorer,
    register,
    retire,
)
from skysieve.service.service import Service


def scorer_of(service: Service, scorer_id: int) -> Scorer:
    with service.database.reading() as session:
        scorer = find_scorer(session, scorer_id)
        session.expunge_all()
    return scorer


def test_a_model_is_copied_and_described(service: Service) -> None:
    scorer = scorer_of(service, register(service, "braai-weak", kind="alert"))
    shipped = Model.load("braai-weak")
    assert (scorer.identity, scorer.duty, scorer.is_sieve) == (shipped.identity, BESIDE, False)
    copy = service.home.models / scorer.place
    assert scorer.place == shipped.identity[:16]
    assert sorted(each.name for each in copy.iterdir()) == sorted(["model.json", *shipped.description.files])
    assert Model.load(copy).identity == shipped.identity
    assert scorer.description["rule"] == "passes"
    assert scorer.description["members"][0]["threshold"] == pytest.approx(0.5636288)
    assert scorer.description["labels"].startswith("WEAK LABELS")
    assert set(scorer.description["figures"]["test"]["precision"]) == {"value", "low", "high"}


def test_a_sieve_is_copied_with_its_members(sqlite_service: Service) -> None:
    service = sqlite_service
    scorer = scorer_of(service, register(service, "streaks", kind="streak"))
    copy = Sieve.load(service.home.models / scorer.place)
    assert scorer.is_sieve
    assert scorer.identity == copy.identity == Sieve.load("streaks").identity
    assert {member.model.folder.parent for member in copy.members} == {copy.folder}
    described = scorer.description
    assert described["families"]["rb"] == ["rb-1", "rb-2"]
    assert described["rules"]["plausible"]["words"].startswith("(some rb") or described["rules"]["plausible"][
        "words"
    ].startswith("some rb")
    assert described["members"][0]["chosen_by"] == "family"
    assert described["figures"]["test"]["rules"]["plausible"]["tpr"]["value"] > 0.9
    # What a page has no room for is left in the folder.
    assert len(json.dumps(described)) < 20_000


def test_members_from_elsewhere_come_along(sqlite_service: Service, tmp_path: Path) -> None:
    sieve = Sieve.load("streaks")
    shutil.copytree(sieve.folder, tmp_path / "models")
    members = [
        dataclasses.replace(each, model=f"../models/{each.model}") for each in sieve.description.members
    ]
    away = tmp_path / "away"
    away.mkdir()
    description = dataclasses.replace(sieve.description, members=tuple(members))
    (away / "sieve.json").write_text(description.to_json())
    scorer = scorer_of(sqlite_service, register(sqlite_service, away, kind="streak"))
    shutil.rmtree(tmp_path / "models")
    copy = Sieve.load(sqlite_service.home.models / scorer.place)
    assert [member.model.identity for member in copy.members] == [
        member.model.identity for member in sieve.members
    ]
    assert copy.identity == scorer.identity


def test_the_same_model_again_is_the_same_row(service: Service) -> None:
    first = register(service, "braai-weak", kind="alert")
    assert register(service, Model.load("braai-weak").folder, kind="alert") == first
    retire(service, first, actor="ann")
    assert scorer_of(service, first).duty == RETIRED
    assert register(service, "braai-weak", kind="alert") == first
    assert scorer_of(service, first).duty == BESIDE
    with service.database.reading() as session:
        actions = session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)).all()
    assert actions == ["scorer.register", "scorer.retire", "scorer.register"]


def test_a_damaged_copy_is_replaced_and_a_sound_one_kept(sqlite_service: Service) -> None:
    service = sqlite_service
    scorer_id = register(service, "braai-weak", kind="alert")
    graph = service.home.models / scorer_of(service, scorer_id).place / "model.onnx"
    before = graph.stat().st_mtime_ns
    register(service, "braai-weak", kind="alert")
    assert graph.stat().st_mtime_ns == before
    graph.write_bytes(b"damaged")
    with pytest.raises(ModelError, match="changed or damaged"):
        open_scorer(service, scorer_of(service, scorer_id))
    register(service, "braai-weak", kind="alert")
    assert open_scorer(service, scorer_of(service, scorer_id)).members == ("score",)
    assert [each.name for each in service.home.models.iterdir()] == [graph.parent.name]


@pytest.mark.parametrize(
    ("place", "kind", "message"),
    [
        ("streaks", "alert", "of the kind alert it must take images of science, template, difference"),
        ("braai-weak", "streak", r"it must take images \(1, 144, 144\) of difference in grey level"),
        ("braai-weak", "comet", "alert or streak, not 'comet'"),
    ],
)
def test_what_does_not_suit_the_kind_is_refused(
    sqlite_service: Service, place: str, kind: str, message: str
) -> None:
    with pytest.raises((ContractError, ConfigurationError), match=message):
        register(sqlite_service, place, kind=kind)
    assert not list(sqlite_service.home.models.iterdir())


def test_refusals_of_what_is_not_there(sqlite_service: Service) -> None:
    with pytest.raises(ModelError, match="neither a model folder nor a shipped model"):
        register(sqlite_service, "no-such-place", kind="alert")
    with pytest.raises(ConfigurationError, match="'beside' or 'on-duty', not 'retired'"):
        register(sqlite_service, "braai-weak", kind="alert", duty=RETIRED)
    register(sqlite_service, "braai-weak", kind="alert")
    with sqlite_service.database.reading() as session, pytest.raises(InputError, match=r"1 \(braai-weak\)"):
        find_scorer(session, 7)


def test_a_row_that_points_elsewhere_is_not_followed(sqlite_service: Service, other_model: Path) -> None:
    scorer = scorer_of(sqlite_service, register(sqlite_service, "braai-weak", kind="alert"))
    scorer.place = "../../etc"
    with pytest.raises(ServiceError, match="is not the name of a model's copy"):
        open_scorer(sqlite_service, scorer)
    other = scorer_of(sqlite_service, register(sqlite_service, other_model, kind="alert"))
    scorer.place = other.place
    with pytest.raises(ServiceError, match="holds the model"):
        open_scorer(sqlite_service, scorer)


def test_a_new_service_gets_the_scorers_of_its_settings(service: Service) -> None:
    ensure_default_scorers(service)
    ensure_default_scorers(service)
    with service.database.reading() as session:
        assert [(each.kind, each.name, each.duty) for each in all_scorers(session)] == [
            ("alert", "braai-weak", ON_DUTY),
            ("streak", "streaks", ON_DUTY),
        ]
        found = on_duty(session, "streak")
        assert found is not None
        assert found.name == "streaks"


def test_a_kind_that_has_had_a_scorer_is_left_alone(sqlite_service: Service, other_model: Path) -> None:
    service = dataclasses.replace(
        sqlite_service,
        settings=dataclasses.replace(
            sqlite_service.settings,
            judging=dataclasses.replace(sqlite_service.settings.judging, streaks=""),
        ),
    )
    register(service, other_model, kind="alert")
    ensure_default_scorers(service)
    with service.database.reading() as session:
        assert [(each.name, each.duty) for each in all_scorers(session)] == [("other", BESIDE)]


def test_a_retired_scorer_is_asked_for_nothing(service: Service, add_alerts) -> None:
    scorer_id = register(service, "braai-weak", kind="alert")
    add_alerts(3)
    with service.database.reading() as session:
        assert session.query(PendingScore).count() == 3
    retire(service, scorer_id, actor="ann")
    add_alerts(2, first=3)
    with service.database.reading() as session:
        assert session.query(PendingScore).count() == 0
