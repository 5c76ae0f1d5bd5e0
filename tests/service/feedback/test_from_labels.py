"""Sample sets of labels: classes, consensus, what is left out, provenance, and the columns recipes want."""

from __future__ import annotations

import json

import numpy as np
import pytest
from sqlalchemy import delete, select

from skysieve.errors import ConfigurationError, InputError, SampleSetError
from skysieve.recipes.alert_samples import prepare_alert_samples
from skysieve.recipes.braai import BRAAI
from skysieve.samples import SampleSet, validate
from skysieve.service.database.tables import Candidate, Cutouts, User
from skysieve.service.feedback.from_labels import samples_from_labels
from skysieve.service.feedback.held_out import split_of_groups
from skysieve.service.labelling.campaigns import CampaignPlan, add_gold, change_state, create_campaign
from skysieve.service.labelling.labels import give_label
from skysieve.service.labelling.proposals import chosen_by_id
from skysieve.service.labelling.taxonomies import current_taxonomy, new_version
from skysieve.service.service import Service
from skysieve.sources.alerts.reading import read_alerts
from skysieve.sources.alerts.samples import alerts_to_samples
from skysieve.sources.streaks.labels import CLASS_LABELS


def _words(truth: dict[str, bool], ids: dict[str, int]) -> dict[int, str]:
    return {ids[name]: "real" if real else "bogus" for name, real in truth.items()}


def test_alerts_come_back_as_they_went_in(
    service: Service, alert_night, take_in, label_all, tmp_path
) -> None:
    packets, truth = alert_night
    ids = take_in(service, packets)
    label_all(service, _words(truth, ids), [0.0])
    made = samples_from_labels(service)
    expected = alerts_to_samples(read_alerts([packets]), labels={int(k): int(v) for k, v in truth.items()})
    assert made.classes == ("bogus", "real")
    assert made.description.tensors == expected.description.tensors
    order, other = np.argsort(made.ids), np.argsort(expected.ids)
    np.testing.assert_array_equal(made.ids[order], expected.ids[other])
    np.testing.assert_array_equal(made.labels[order], expected.labels[other])
    np.testing.assert_array_equal(made.groups[order], expected.groups[other])
    np.testing.assert_array_equal(made.tensor("cutouts")[order], expected.tensor("cutouts")[other])
    for column in ("jd", "ra", "magpsf", "fid"):
        np.testing.assert_array_equal(made.scalar(column)[order], expected.scalar(column)[other])
    np.testing.assert_array_equal(made.scalar("split"), split_of_groups(made.groups.tolist()))
    # A recipe takes the file as it is.
    written = made.write(tmp_path / "set.parquet")
    ready = prepare_alert_samples(
        [written], BRAAI.configuration.labels, BRAAI.contract, classes=("bogus", "real")
    )
    assert len(ready) == len(truth)
    assert {finding.kind for finding in validate(ready).findings} <= {"duplicate-image", "all-nan-image"}


def test_the_set_says_where_it_comes_from_and_names_nobody_unless_asked(
    sqlite_service: Service, alert_night, take_in, label_all
) -> None:
    packets, truth = alert_night
    ids = take_in(sqlite_service, packets)
    label_all(sqlite_service, _words(truth, ids), [0.05, 0.05, 0.05], machine_hidden=True)
    made = samples_from_labels(sqlite_service, consensus="dawid-skene", min_labels=2)
    said = made.description.origin["said"]
    assert (said["labellers"], said["labels"], said["labelled_candidates"]) == (3, 270, 90)
    assert said["taxonomies"] == ["real-bogus version 1"]
    assert said["consensus"]["converged"] is True
    assert 0.6 < said["agreement"]["krippendorff_alpha"]["value"] < 0.95
    assert "person0" not in made.description.to_json()
    sentence = made.description.label_origin
    assert sentence.startswith("Labels by 3 people of the service skysieve: 270 of 90 candidates, joined by ")
    assert "alpha" in sentence
    assert "100% were said with the scores hidden" in sentence
    named = samples_from_labels(sqlite_service, name_labellers=True)
    assert named.description.origin["said"]["labels_by_labeller"] == {f"person{n}": 90 for n in range(3)}
    json.loads(made.description.to_json())


def test_trusting_people_as_far_as_they_deserve_beats_the_majority(
    sqlite_service: Service, alert_night, take_in, label_all
) -> None:
    packets, truth = alert_night
    ids = take_in(sqlite_service, packets)
    label_all(sqlite_service, _words(truth, ids), [0.02, 0.02, 0.45, 0.45, 0.45])

    def right(consensus: str) -> float:
        made = samples_from_labels(sqlite_service, consensus=consensus)
        return float(
            np.mean([truth[str(each)] == bool(y) for each, y in zip(made.ids, made.labels, strict=True)])
        )

    assert right("dawid-skene") >= 0.97
    assert right("dawid-skene") > right("majority")
    alone = samples_from_labels(sqlite_service, consensus="single")
    assert len(alone) < 40
    assert right("single") == 1.0
    left_out = alone.description.origin["left_out"]
    assert sum(left_out.values()) == 90 - len(alone)


def test_unsure_ties_and_too_few_labels_are_left_out_and_counted(
    service: Service, alert_night, take_in
) -> None:
    packets, _ = alert_night
    ids = list(take_in(service, packets).values())[:6]
    users = [User(name=name, role="scanner") for name in ("ada", "bo")]
    with service.database.writing() as session:
        session.add_all(users)
        session.flush()
        ada, bo = (user.id for user in users)
        said = [
            *((ids[0], ada, "real"), (ids[0], bo, "real")),
            *((ids[1], ada, "real"), (ids[1], bo, "bogus")),
            *((ids[2], ada, "unsure"), (ids[2], bo, "unsure")),
            *((ids[3], ada, "bogus"), (ids[3], bo, "unsure")),
            *((ids[4], ada, "real"), (ids[4], ada, "bogus"), (ids[4], bo, "bogus")),
            (ids[5], ada, "bogus"),
        ]
        for candidate, user, value in said:
            give_label(session, candidate_id=candidate, user_id=user, value=value)
        # What has no cutouts any more, pruned say, cannot be learned from.
        session.execute(delete(Cutouts).where(Cutouts.candidate_id == ids[5]))

    def outcome(**options) -> tuple[dict[int, int], dict[str, int]]:
        made = samples_from_labels(service, **options)
        with service.database.reading() as session:
            number = {int(row.name): row.id for row in session.execute(select(Candidate.name, Candidate.id))}
        labels = {number[int(key)]: int(y) for key, y in zip(made.ids, made.labels, strict=True)}
        return labels, made.description.origin["left_out"]

    labels, left_out = outcome()
    assert labels == {ids[0]: 1, ids[3]: 0, ids[4]: 0}
    assert left_out == {
        "said to be unsure, skipped, or of a class that answers nothing": 1,
        "undecided": 1,
        "no-cutouts": 1,
    }
    labels, left_out = outcome(min_labels=2, min_probability=0.9)
    assert labels == {ids[0]: 1, ids[4]: 0}
    assert left_out["labelled by fewer than 2"] == 2
    labels, _ = outcome(classes={"unsure": "bogus"})
    assert labels[ids[2]] == 0
    with pytest.raises(SampleSetError, match="nobody has labelled"):
        samples_from_labels(service, only_hidden=True)
    with pytest.raises(SampleSetError, match=r"no label is left.*fewer than 3"):
        samples_from_labels(service, min_labels=3)


def test_classes_of_other_taxonomies_count_by_their_flag(service: Service, alert_night, take_in) -> None:
    packets, truth = alert_night
    ids = take_in(service, packets)
    real, bogus = (next(ids[name] for name, is_real in truth.items() if is_real == which) for which in (1, 0))
    user = User(name="ada", role="scanner")
    with service.database.writing() as session:
        session.add(user)
        session.flush()
        detailed = current_taxonomy(session, "alert", "alerts-detailed").id
        own = new_version(session, "own", [{"name": "yes", "real": True}, {"name": "no"}], kind="alert").id
        give_label(session, candidate_id=real, user_id=user.id, value="variable-star", taxonomy_id=detailed)
        give_label(session, candidate_id=bogus, user_id=user.id, value="no", taxonomy_id=own)
    made = samples_from_labels(service)
    assert made.labels.tolist() == [1]
    assert made.description.origin["left_out"] == {
        "said to be unsure, skipped, or of a class that answers nothing": 1
    }
    both = samples_from_labels(service, classes={"no": "bogus"})
    assert sorted(both.labels.tolist()) == [0, 1]
    with pytest.raises(ConfigurationError, match="expected bogus, real"):
        samples_from_labels(service, classes={"no": "nope"})
    with pytest.raises(ConfigurationError, match="the class 'maybe'"):
        samples_from_labels(service, classes={"maybe": "real"})


def test_a_campaign_and_a_filter_narrow_what_counts_and_gold_is_known(
    service: Service, alert_night, take_in, label_all
) -> None:
    packets, truth = alert_night
    words = _words(truth, take_in(service, packets))
    inside = list(words)[:30]
    with service.database.writing() as session:
        chosen = chosen_by_id(session, "alert", inside)
        campaign = create_campaign(session, CampaignPlan("first", "alert"), chosen).id
        add_gold(session, campaign, {inside[0]: (words[inside[0]], "by eye")})
        change_state(session, campaign, "open")
    label_all(service, words, [0.0])
    # In the campaign they get everything wrong.
    label_all(service, {each: words[each] for each in inside}, [1.0, 1.0], campaign_id=campaign)
    made = samples_from_labels(service, campaign="first")
    assert len(made) == 30
    wrong = sum(truth[str(each)] != bool(y) for each, y in zip(made.ids, made.labels, strict=True))
    assert wrong == 29
    assert "in the campaign first" in made.description.label_origin
    assert made.description.origin["said"]["gold_items"] == 1
    with service.database.reading() as session:
        bright = session.scalars(
            select(Candidate.id).where(Candidate.mag < 18, Candidate.id.in_(inside))
        ).all()
    assert len(samples_from_labels(service, campaign="first", where="mag < 18")) == len(bright)
    with pytest.raises(InputError):
        samples_from_labels(service, where="magg <")
    with pytest.raises(ConfigurationError, match="known are: first"):
        samples_from_labels(service, campaign="second")


def test_streaks_get_the_answers_of_the_families(
    sqlite_service: Service, streak_night, take_in, label_all, tmp_path
) -> None:
    folder, truth = streak_night
    ids = take_in(sqlite_service, folder)
    known = {ids[name]: value for name, value in truth.items()}
    label_all(sqlite_service, known, [0.0, 0.0], wrong=lambda _: "skip")
    made = samples_from_labels(sqlite_service, kind="streak")
    assert len(made) == len(truth)
    by_id = {int(name.split("_")[0].removeprefix("strkid")): value for name, value in truth.items()}
    meanings = {
        "plausible-asteroid": CLASS_LABELS["Plausible Asteroid (short streak)"],
        "masked-star": CLASS_LABELS["Masked bright star"],
        "satellite": CLASS_LABELS["Satellite (long streak - could be partially masked)"],
        "cosmic-ray": CLASS_LABELS["Cosmic rays"],
    }
    answers = np.stack([made.scalar(family) for family in ("rb", "sl", "kd", "os")], axis=1)
    for key, row, word in zip(made.ids, answers, made.scalar("class"), strict=True):
        assert word == by_id[int(key)]
        assert tuple(row) == meanings[word]
    np.testing.assert_array_equal(made.labels, made.scalar("os"))
    assert made.tensor("cutouts").shape == (len(truth), 1, 144, 144)
    assert {"fid", "pid", "jd", "length"} <= set(made.column_names)
    opened = SampleSet.open(made.write(tmp_path / "streaks.parquet"))
    assert opened.scalar("label_votes").tolist() == [2] * len(truth)


def test_streaks_on_which_people_disagree_keep_the_answers_that_they_share(
    sqlite_service: Service, streak_night, take_in
) -> None:
    folder, _ = streak_night
    first, second = list(take_in(sqlite_service, folder).values())[:2]
    users = [User(name=name, role="scanner") for name in ("ada", "bo")]
    with sqlite_service.database.writing() as session:
        session.add_all(users)
        session.flush()
        for candidate, values in ((first, ("satellite", "cosmic-ray")), (second, ("skip", "skip"))):
            for user, value in zip(users, values, strict=True):
                give_label(session, candidate_id=candidate, user_id=user.id, value=value)
    made = samples_from_labels(sqlite_service, kind="streak")
    assert len(made) == 1
    # Both are streaks, and neither is a plausible asteroid; of what length, nobody knows.
    assert [int(made.scalar(family)[0]) for family in ("rb", "sl", "kd", "os")] == [1, -1, 0, 0]
    assert made.scalar("class").tolist() == [""]


def test_settings_that_make_no_sense_are_refused(sqlite_service: Service) -> None:
    for options, reason in (
        ({"consensus": "loudest"}, "majority, dawid-skene, single"),
        ({"kind": "galaxy"}, "alert or streak"),
        ({"min_labels": 0}, "1 or more"),
        ({"min_probability": 2.0}, "0 to 1"),
        ({"kind": "streak", "surveys": ("ZTF",)}, "surveys are for alerts"),
    ):
        with pytest.raises(ConfigurationError, match=reason):
            samples_from_labels(sqlite_service, **options)
