"""One scorer of a kind is on duty; what candidates show follows it, whatever happens on the way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from skysieve.errors import ConfigurationError, InputError
from skysieve.service.database.tables import AuditEntry, Candidate, PendingScore, Score, Scorer
from skysieve.service.database.tables.judging import BESIDE, ON_DUTY, RETIRED
from skysieve.service.judging import standing
from skysieve.service.judging.duty import promote, retire, roll_back
from skysieve.service.judging.opening import open_scorer
from skysieve.service.judging.rescoring import rescore
from skysieve.service.judging.scorers import register
from skysieve.service.judging.scoring import score_all
from skysieve.service.judging.standing import refresh_all, refresh_some
from skysieve.service.service import Service

Add = Callable[..., list[int]]


@pytest.fixture(scope="session")
def strict_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a model that lets nothing pass."""
    import dataclasses
    import shutil

    from skysieve.models.model import Model

    model = Model.load("braai-weak")
    folder = tmp_path_factory.mktemp("strict") / "model"
    shutil.copytree(model.folder, folder)
    threshold = {"value": 1.0, "rule": "fixed", "split": "none"}
    description = dataclasses.replace(model.description, name="strict", thresholds=[threshold])
    (folder / "model.json").write_text(description.to_json())
    return folder


def duties(service: Service) -> dict[int, str]:
    with service.database.reading() as session:
        return {each.id: each.duty for each in session.scalars(select(Scorer))}


def shown(service: Service) -> dict[int, tuple[float | None, bool | None]]:
    with service.database.reading() as session:
        rows = session.execute(select(Candidate.id, Candidate.score, Candidate.passes)).all()
    return {row.id: (row.score, row.passes) for row in rows}


def pending(service: Service) -> set[tuple[int, int]]:
    with service.database.reading() as session:
        rows = session.execute(select(PendingScore.scorer_id, PendingScore.candidate_id)).all()
    return {(row.scorer_id, row.candidate_id) for row in rows}


def test_a_promotion_changes_what_candidates_show_and_a_roll_back_restores_it(
    service: Service, add_alerts: Add, strict_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "CHUNK", 4)
    first = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    second = register(service, strict_model, kind="alert")
    add_alerts(10)
    score_all(service)
    before = shown(service)
    assert any(passes for _, passes in before.values())
    promote(service, second, actor="ann")
    assert duties(service) == {first: BESIDE, second: ON_DUTY}
    assert shown(service) == {each: (score, False) for each, (score, _) in before.items()}
    assert not pending(service)
    assert roll_back(service, "alert", actor="ben") == first
    assert duties(service) == {first: ON_DUTY, second: BESIDE}
    assert shown(service) == before
    with service.database.reading() as session:
        entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
        told = [(each.actor, each.action, each.target, each.details.get("instead_of")) for each in entries]
    assert told[-2:] == [
        ("ann", "scorer.promote", str(second), first),
        ("ben", "scorer.roll-back", str(first), second),
    ]


def test_what_the_new_one_has_not_scored_is_asked_for(
    service: Service, add_alerts: Add, strict_model: Path
) -> None:
    register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    ids = add_alerts(5)
    score_all(service)
    second = register(service, strict_model, kind="alert")
    later = add_alerts(2, first=5)
    score_all(service)
    promote(service, second, actor="ann", former=RETIRED)
    assert pending(service) == {(second, each) for each in ids}
    seen = shown(service)
    assert all(seen[each] == (None, None) for each in ids)
    assert all(seen[each][1] is False for each in later)
    score_all(service)
    assert all(passes is False for _, passes in shown(service).values())


def test_roll_backs_go_on_to_those_before(
    sqlite_service: Service, strict_model: Path, other_model: Path
) -> None:
    service = sqlite_service
    with pytest.raises(InputError, match="no scorer was on duty before"):
        roll_back(service, "alert", actor="ann")
    ids = [register(service, each, kind="alert") for each in ("braai-weak", strict_model, other_model)]
    for each in ids:
        promote(service, each, actor="ann")
    promote(service, ids[2], actor="ann")
    assert roll_back(service, "alert", actor="ann") == ids[1]
    assert roll_back(service, "alert", actor="ann", former=RETIRED) == ids[0]
    assert duties(service) == {ids[0]: ON_DUTY, ids[1]: RETIRED, ids[2]: BESIDE}
    with pytest.raises(InputError, match="no scorer was on duty before"):
        roll_back(service, "alert", actor="ann")


def test_kinds_do_not_touch_each_other(service: Service, add_alerts: Add, add_streaks: Add) -> None:
    sieve = register(service, "streaks", kind="streak", duty=ON_DUTY)
    add_streaks(4)
    score_all(service)
    before = shown(service)
    model = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    assert duties(service) == {sieve: ON_DUTY, model: ON_DUTY}
    assert shown(service) == before


def test_a_refresh_that_was_broken_off_goes_on(
    service: Service, add_alerts: Add, strict_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(standing, "CHUNK", 3)
    register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    second = register(service, strict_model, kind="alert")
    ids = add_alerts(8)
    score_all(service)
    promote(service, second, actor="ann", finish=False)
    assert refresh_some(service) == 3
    seen = shown(service)
    assert [seen[each][1] for each in ids[:3]] == [False] * 3
    assert any(seen[each][1] for each in ids[3:])
    refresh_all(service)
    assert not any(passes for _, passes in shown(service).values())
    assert refresh_some(service) == 0


def test_a_sieve_shows_its_headline_after_a_refresh(service: Service, add_streaks: Add) -> None:
    scorer_id = register(service, "streaks", kind="streak", duty=ON_DUTY)
    add_streaks()
    score_all(service)
    before = shown(service)
    with service.database.writing() as session:
        for candidate in session.scalars(select(Candidate)):
            candidate.score, candidate.passes = 0.5, None
        standing.ask_for_refresh(session.get_one(Scorer, scorer_id))
    refresh_all(service)
    assert shown(service) == before


def test_two_promotions_at_once_leave_one_on_duty(
    service: Service, add_alerts: Add, strict_model: Path, other_model: Path
) -> None:
    ids = [register(service, each, kind="alert") for each in ("braai-weak", strict_model, other_model)]
    add_alerts(6)
    score_all(service)
    threads = [threading.Thread(target=promote, args=(service, each), kwargs={"actor": "x"}) for each in ids]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    refresh_all(service)
    present = [each for each, duty in duties(service).items() if duty == ON_DUTY]
    assert len(present) == 1
    thresholds = {ids[0]: 0.5636288, ids[1]: 1.0, ids[2]: 0.9}
    for score, passes in shown(service).values():
        assert passes == (np.float32(score) >= np.float32(thresholds[present[0]]))


def test_promotion_while_others_score_shows_one_scorer_only(
    service: Service, add_alerts: Add, strict_model: Path
) -> None:
    first = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    second = register(service, strict_model, kind="alert")
    ids = add_alerts()
    scoring = threading.Thread(target=score_all, args=(service,))
    scoring.start()
    for each in (second, first, second):
        promote(service, each, actor="x")
    scoring.join()
    score_all(service)
    refresh_all(service)
    assert {passes for _, passes in shown(service).values()} == {False}
    with service.database.reading() as session:
        assert session.query(Score).filter_by(scorer_id=second).count() == len(ids)


def test_refusals(sqlite_service: Service, other_model: Path) -> None:
    service = sqlite_service
    scorer = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    with pytest.raises(InputError, match="is on duty for the kind alert; promote another first"):
        retire(service, scorer, actor="ann")
    with pytest.raises(InputError, match="is not known; known are 1"):
        promote(service, 9, actor="ann")
    with pytest.raises(ConfigurationError, match="'beside' or 'retired', not 'gone'"):
        promote(service, scorer, actor="ann", former="gone")
    retired = register(service, other_model, kind="alert")
    retire(service, retired, actor="ann")
    with pytest.raises(InputError, match="is retired; promote it"):
        rescore(service, retired)
    with pytest.raises(InputError, match="the newest are none"):
        rescore(service, scorer, "20260101")
    promote(service, retired, actor="ann")
    assert duties(service) == {scorer: BESIDE, retired: ON_DUTY}


def test_a_new_version_scores_old_nights_side_by_side(
    service: Service, add_alerts: Add, other_model: Path
) -> None:
    first = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    old = add_alerts(4, night="20261119")
    add_alerts(3, night="20261120", first=4)
    score_all(service)
    before = shown(service)
    second = register(service, other_model, kind="alert")
    assert rescore(service, second, "20261119") == 4
    assert pending(service) == {(second, each) for each in old}
    score_all(service)
    assert shown(service) == before
    assert rescore(service, second) == 3
    score_all(service)
    assert rescore(service, second) == 0
    assert rescore(service, second, "20261119", again=True) == 4
    score_all(service)
    with service.database.reading() as session:
        kept = session.execute(select(Score.scorer_id, Score.candidate_id)).all()
    assert sorted((row.scorer_id, row.candidate_id) for row in kept) == sorted(
        (scorer, each) for scorer in (first, second) for each in before
    )


def test_a_chunk_of_an_earlier_promotion_does_not_count_for_a_later_one(
    service: Service, add_alerts: Add, strict_model: Path
) -> None:
    first = register(service, "braai-weak", kind="alert", duty=ON_DUTY)
    second = register(service, strict_model, kind="alert")
    add_alerts(8)
    score_all(service)
    before = shown(service)
    promote(service, second, actor="ann")
    promote(service, first, actor="ann", finish=False)
    with service.database.reading() as session:
        scorer = session.get_one(Scorer, first)
        session.expunge_all()
    opened = open_scorer(service, scorer)
    chunk = service.database.write(lambda session: standing._refresh(session, scorer, opened, 0))
    # Between the chunk and the note of it, the other was on duty for a while.
    promote(service, second, actor="ben")
    promote(service, first, actor="ben", finish=False)
    service.database.write(lambda session: standing._note(session, scorer, 0, chunk))
    refresh_all(service)
    assert shown(service) == before
