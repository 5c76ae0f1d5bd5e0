"""What a score means is said by the labels given here where there are enough, and otherwise by the model."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skysieve.models.model import Model
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import (
    Campaign,
    Candidate,
    Label,
    Night,
    Score,
    Taxonomy,
    User,
)
from skysieve.service.database.tables.judging import ON_DUTY
from skysieve.service.judging.meaning import Meaning, meaning_of
from skysieve.service.judging.model_meaning import at_share
from skysieve.service.judging.scorers import find_scorer, register
from skysieve.service.service import Service

Say = Callable[..., None]


@pytest.fixture
def scorer_id(service: Service) -> int:
    return register(service, "braai-weak", kind="alert", duty=ON_DUTY)


@pytest.fixture
def say(service: Service) -> Say:
    """Return what stores candidates with scores and the labels that people gave them."""
    with service.database.writing() as session:
        words = [
            {"name": name, "key": name[0], "meaning": "", "real": real}
            for name, real in (("real", True), ("bogus", False), ("unsure", None))
        ]
        session.add_all([Night(name="n"), Taxonomy(name="t", kind="alert", classes=words)])
        session.add_all(User(name=name, role="scanner") for name in ("ann", "ben", "cat"))
        session.flush()
        session.add(Campaign(name="c", taxonomy_id=1))

    def store(scores: list[float], said: list[str], **changes: object) -> None:
        """Give each candidate a score and, by as many people, the labels of its word: ``real bogus``."""
        with service.database.writing() as session:
            for score, labels in zip(scores, said, strict=True):
                name = str(session.query(Candidate).count())
                candidate = Candidate(night_id=1, kind="alert", survey="ZTF", name=name, score=score)
                session.add(candidate)
                session.flush()
                session.add(Score(candidate_id=candidate.id, scorer_id=1, member="score", value=score))
                session.add_all(
                    Label(candidate_id=candidate.id, user_id=user, taxonomy_id=1, value=value, **changes)
                    for user, value in enumerate(labels.split(), 1)
                )

    return store


def meaning(service: Service, scorer_id: int, score: float) -> Meaning:
    with service.database.reading() as session:
        return meaning_of(session, find_scorer(session, scorer_id), score)


def test_without_labels_the_model_speaks(service: Service, scorer_id: int) -> None:
    found = meaning(service, scorer_id, 0.9)
    assert found.source == "model"
    assert found.precision is not None
    assert found.precision.value == 0.9
    assert "48 % of those 147 samples were real" in found.words
    assert "where 1 in 100 is, 6 % to 15 % of such candidates would be" in found.words
    assert found.cautions[0].startswith("Labels of the model: WEAK LABELS, not made by people")
    assert found.at_threshold is not None
    assert found.at_threshold.threshold == pytest.approx(0.5636288)
    assert found.at_threshold.source == "model"
    assert "97 % (92 % to 100 %) of those that passed were real" in found.at_threshold.words


def test_twenty_labels_around_the_score_speak(service: Service, scorer_id: int, say: Say) -> None:
    say([0.9] * 20, ["real"] * 15 + ["bogus"] * 5)
    found = meaning(service, scorer_id, 0.905)
    assert found.source == "labels"
    assert found.precision is not None
    assert (found.precision.value, found.precision.n) == (0.75, 20)
    assert found.words == (
        "Of 20 candidates labelled here that scored between 0.895 and 0.915, 75 % are real (53 % to 89 %)."
    )
    assert not found.blind
    assert "scores in view" in found.cautions[0]
    # Far away from the labelled ones they say nothing.
    assert meaning(service, scorer_id, 0.5).source == "model"


def test_nineteen_do_not(service: Service, scorer_id: int, say: Say) -> None:
    say([0.9] * 19, ["real"] * 19)
    assert meaning(service, scorer_id, 0.9).source == "model"
    say([0.9], ["real"])
    assert meaning(service, scorer_id, 0.9).source == "labels"


def test_scores_that_are_further_away_count_only_where_nearer_ones_are_too_few(
    service: Service, scorer_id: int, say: Say
) -> None:
    say(list(np.linspace(0.85, 0.95, 20)), ["real"] * 20)
    found = meaning(service, scorer_id, 0.9)
    assert (found.low, found.high) == pytest.approx((0.85, 0.95))
    say([0.905] * 20, ["bogus"] * 20)
    found = meaning(service, scorer_id, 0.9)
    assert (found.low, found.high) == pytest.approx((0.89, 0.91))
    assert found.precision is not None
    assert found.precision.value < 0.2


def test_blind_labels_are_preferred(service: Service, scorer_id: int, say: Say) -> None:
    say([0.9] * 30, ["real"] * 30)
    say([0.9] * 20, ["bogus"] * 20, machine_hidden=True)
    found = meaning(service, scorer_id, 0.9)
    assert found.blind
    assert found.cautions == ()
    assert found.precision is not None
    assert (found.precision.value, found.precision.n) == (0.0, 20)
    say([0.3] * 20, ["bogus"] * 20, campaign_id=1)
    assert meaning(service, scorer_id, 0.3).blind


def test_a_candidate_counts_once_by_what_most_say(service: Service, scorer_id: int, say: Say) -> None:
    say([0.9] * 20, ["real real bogus"] * 20)
    say([0.9] * 10, ["real bogus"] * 10)
    say([0.9] * 10, ["unsure"] * 10)
    found = meaning(service, scorer_id, 0.9)
    assert found.precision is not None
    assert (found.precision.value, found.precision.n) == (1.0, 20)


def test_labels_that_were_taken_back_do_not_count(service: Service, scorer_id: int, say: Say) -> None:
    say([0.9] * 20, ["real"] * 20)
    assert meaning(service, scorer_id, 0.9).source == "labels"
    with service.database.writing() as session:
        label = session.query(Label).first()
        assert label is not None
        label.withdrawn_at = utc_now()
    assert meaning(service, scorer_id, 0.9).source == "model"


def test_passing_is_judged_by_labels_where_enough_pass(service: Service, scorer_id: int, say: Say) -> None:
    say([0.9] * 25 + [0.8] * 25 + [0.1] * 50, ["real"] * 25 + ["bogus"] * 25 + ["real"] * 10 + ["bogus"] * 40)
    found = meaning(service, scorer_id, 0.9).at_threshold
    assert found is not None
    assert found.source == "labels"
    assert found.precision is not None
    assert found.completeness is not None
    assert (found.precision.value, found.precision.n) == (0.5, 50)
    assert (found.completeness.value, found.completeness.n) == (pytest.approx(25 / 35), 35)
    assert "completeness is that among the labelled ones" in found.words


def test_labels_of_other_kinds_and_other_scorers_do_not_count(
    service: Service, scorer_id: int, say: Say, other_model: Path
) -> None:
    say([0.9] * 20, ["real"] * 20)
    other = register(service, other_model, kind="alert")
    found = meaning(service, other, 0.9)
    assert found.source == "unknown"
    assert found.at_threshold is not None
    assert found.at_threshold.words.startswith("Nothing is known of precision and completeness")


def test_a_sieve_is_told_by_its_rule(service: Service) -> None:
    found = meaning(service, register(service, "streaks", kind="streak"), 0.9)
    assert (found.source, found.precision) == ("model", None)
    assert "no probability" in found.words
    assert found.cautions == ("Labels of the model: SIMULATED: labels are the truth of the simulator.",)
    assert found.at_threshold is not None
    assert found.at_threshold.precision is not None
    assert found.at_threshold.precision.value == pytest.approx(0.276, abs=0.001)
    assert "in a night with 0.5 % plausible ones" in found.at_threshold.words


def test_a_model_of_classes_claims_nothing(service: Service, model_of_classes: Path) -> None:
    found = meaning(service, register(service, model_of_classes, kind="alert"), 0.9)
    assert "how certain the model is of the likeliest one" in found.words
    assert found.at_threshold is None


def test_a_model_without_calibration_claims_nothing(sqlite_service: Service, tmp_path: Path) -> None:
    model = Model.load("braai-weak")
    shutil.copytree(model.folder, tmp_path / "model")
    description = dataclasses.replace(model.description, calibration={"kind": "sigmoid"})
    (tmp_path / "model" / "model.json").write_text(description.to_json())
    assert json.loads(description.to_json())["calibration"] == {"kind": "sigmoid"}
    found = meaning(sqlite_service, register(sqlite_service, tmp_path / "model", kind="alert"), 0.9)
    assert (found.source, found.precision) == ("unknown", None)


@pytest.mark.parametrize(
    ("score", "words"),
    [
        (
            0.0001,
            "at most 4 % are real. 48 % of those 147 samples were real; where 1 in 100 is, < 0.1 % of",
        ),
        (0.9999, "score alike, at least 96 % are real."),
    ],
)
def test_a_calibrated_score_claims_no_more_than_its_calibration(
    sqlite_service: Service, score: float, words: str
) -> None:
    scorer = register(sqlite_service, "braai-weak", kind="alert")
    assert words in meaning(sqlite_service, scorer, score).words


def test_a_calibrated_score_moves_with_the_share_of_real_ones() -> None:
    generator = np.random.default_rng(1)
    scores = generator.uniform(0.01, 0.99, 400_000)
    real = generator.random(len(scores)) < scores
    # Leave one in ten of the real ones: the share falls, and the score of each means less.
    kept = ~real | (generator.random(len(scores)) < 0.1)
    share, rarer = real.mean(), real[kept].mean()
    near = kept & (np.abs(scores - 0.8) < 0.02)
    assert real[near].mean() == pytest.approx(at_share(0.8, share, rarer), abs=0.02)
