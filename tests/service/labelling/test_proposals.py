"""What a campaign is about: chosen by chance, by bins, in doubt, disputed, or by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from sqlalchemy import select

from skysieve.errors import InputError
from skysieve.service.database.insert import insert_new
from skysieve.service.database.tables import Candidate, Cutouts, Score, Scorer
from skysieve.service.judging.scorers import register
from skysieve.service.labelling.labels import give_label
from skysieve.service.labelling.proposals import Proposal, choose
from skysieve.service.service import Service


def _add(service: Service, ids: Sequence[int], scorer: int, scores: Sequence[Mapping[str, float]]) -> None:
    """Store scores of candidates."""
    rows = [
        {"candidate_id": each, "scorer_id": scorer, "member": member, "value": value}
        for each, given in zip(ids, scores, strict=True)
        for member, value in given.items()
    ]
    with service.database.writing() as session:
        insert_new(session, Score, rows)


def _with_cutouts(service: Service, ids: Sequence[int]) -> None:
    rows = [
        {"candidate_id": each, "sha256": "0" * 64, "media_type": "image/jpeg", "channels": ["difference"]}
        for each in ids
    ]
    with service.database.writing() as session:
        insert_new(session, Cutouts, rows)


def _chosen(service: Service, **proposal) -> tuple[list[int], dict]:
    with service.database.reading() as session:
        found = choose(service, session, Proposal(**{"kind": "alert"} | proposal))
    return list(found.candidates), found.record


def test_random_ones_are_unlabelled_have_cutouts_and_are_the_same_for_the_same_seed(
    service: Service, people, candidates
) -> None:
    (user,), chosen = people(service, "ada"), candidates(service, 20)
    _with_cutouts(service, chosen[:15])
    service.database.write(
        lambda session: give_label(session, candidate_id=chosen[0], user_id=user, value="real").id
    )
    first, record = _chosen(service, strategies={"random": 10}, seed=3)
    assert len(set(first)) == 10
    assert set(first) <= set(chosen[1:15])
    assert first == _chosen(service, strategies={"random": 10}, seed=3)[0]
    assert first != _chosen(service, strategies={"random": 10}, seed=4)[0]
    assert (record["candidates"], record["counts"], record["seed"]) == (14, {"random": 10}, 3)
    everything, _ = _chosen(service, strategies={"random": 100}, relabel=True)
    assert set(everything) == set(chosen[:15])
    one_each, _ = _chosen(service, strategies={"random": 100}, per_object=1)
    with service.database.reading() as session:
        objects = session.scalars(select(Candidate.object_id).where(Candidate.id.in_(one_each))).all()
    assert len(objects) == len(set(objects)) == 8


def test_filters_narrow_the_pool(service: Service, candidates) -> None:
    chosen = candidates(service, 10)
    _with_cutouts(service, chosen)
    with service.database.writing() as session:
        for number, each in enumerate(chosen):
            session.get_one(Candidate, each).mag = 15.0 + number
    found, record = _chosen(service, strategies={"random": 10}, where="mag >= 20")
    assert set(found) == set(chosen[5:])
    assert record["where"] == "mag >= 20"
    with pytest.raises(InputError):
        _chosen(service, where="magg >= 20")
    with pytest.raises(InputError, match="passes the filter"):
        _chosen(service, where="mag > 99")


def test_uncertain_ones_lie_around_the_threshold(service: Service, candidates) -> None:
    chosen = candidates(service, 11)
    _with_cutouts(service, chosen)
    scorer = register(service, "braai-weak", kind="alert", duty="on-duty")
    with service.database.reading() as session:
        description = session.get_one(Scorer, scorer).description
    _add(service, chosen[:-1], scorer, [{"score": value} for value in np.linspace(0.05, 0.95, 10)])
    found, record = _chosen(service, strategies={"uncertainty": 2}, per_object=None)
    from skysieve.models.model import Model

    (threshold,) = (each["value"] for each in Model.load("braai-weak").description.thresholds)
    nearest = np.argsort(np.abs(np.linspace(0.05, 0.95, 10) - threshold), kind="stable")[:2]
    assert set(found) == {chosen[at] for at in nearest}
    assert record["scorer"]["id"] == scorer
    assert description
    # Bins: tenths of the score and the sides of the threshold; who has no score is in none.
    binned, record = _chosen(service, strategies={"bins": 1})
    assert chosen[-1] not in binned
    assert {"bin:above-threshold", "bin:tenth-1"} <= set(record["counts"])


def test_streaks_are_chosen_by_the_bins_of_deepstreaks(service: Service, candidates) -> None:
    chosen = candidates(service, 40, kind="streak")
    _with_cutouts(service, chosen)
    scorer = register(service, "streaks", kind="streak", duty="on-duty")
    from skysieve.models.sieve import load_model_or_sieve

    members = [(member.name, member.family) for member in load_model_or_sieve("streaks").members]
    rng = np.random.default_rng(0)
    rows = []
    for number in range(40):
        of = {"rb": 0.1 if number < 20 else 0.95, "sl": 0.95 if number % 2 else 0.2, "kd": 0.3}
        rows.append({name: of.get(family, 0.5) - 0.01 * rng.random() for name, family in members})
    _add(service, chosen, scorer, rows)
    found, record = _chosen(service, kind="streak", strategies={"bins": 5})
    counts = record["counts"]
    assert counts["bin:rb-high"] == counts["bin:rb-low"] == 5
    assert counts["bin:sl-high"] + counts["bin:sl-low"] == 10
    assert counts["bin:kd-high"] == 0
    assert len(found) == len(set(found)) == sum(counts.values())


def test_disputed_ones_are_those_on_which_scorers_are_apart(service: Service, candidates, tmp_path) -> None:
    chosen = candidates(service, 4)
    _with_cutouts(service, chosen)
    first = register(service, "braai-weak", kind="alert", duty="on-duty")
    _add(service, chosen, first, [{"score": value} for value in (0.9, 0.8, 0.2, 0.5)])
    with pytest.raises(InputError, match="one model alone"):
        _chosen(service, strategies={"disagreement": 1})
    second = register(service, _another_model(tmp_path), kind="alert")
    _add(service, chosen[:3], second, [{"score": value} for value in (0.85, 0.1, 0.9)])
    found, _ = _chosen(service, strategies={"disagreement": 2})
    assert set(found) == {chosen[1], chosen[2]}
    everything, record = _chosen(service, strategies={"disagreement": 4})
    # The last has one score only, of which nothing differs.
    assert len(everything) == record["counts"]["disagreement"] == 3


def _another_model(folder) -> str:
    """Copy the shipped model under another name: another identity."""
    import json
    import shutil

    from skysieve.models.model import Model

    place = folder / "another"
    shutil.copytree(Model.load("braai-weak").folder, place)
    path = place / "model.json"
    path.chmod(0o644)
    described = json.loads(path.read_text())
    described["name"] = "another"
    path.write_text(json.dumps(described))
    return str(place)


def test_ways_that_need_scores_say_so(service: Service, candidates) -> None:
    _with_cutouts(service, candidates(service, 3))
    with pytest.raises(InputError, match="no scorer is on duty"):
        _chosen(service, strategies={"uncertainty": 1})
    register(service, "braai-weak", kind="alert", duty="on-duty")
    with pytest.raises(InputError, match="has scored none of 3"):
        _chosen(service, strategies={"bins": 1})


@pytest.mark.parametrize(
    "proposal",
    [
        {"strategies": {}},
        {"strategies": {"guess": 3}},
        {"strategies": {"random": 0}},
        {"per_object": 0},
    ],
)
def test_proposals_that_make_no_sense_are_refused(proposal) -> None:
    with pytest.raises(InputError) as refused:
        Proposal(**{"kind": "alert"} | proposal)
    assert refused.value.kind == "bad-proposal"
