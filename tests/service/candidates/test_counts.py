"""Counts of a night agree with counting by hand, on both databases."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from skysieve.service.candidates.counts import SCORE_BINS, night_counts
from skysieve.service.candidates.nights import latest_night
from skysieve.service.database.tables import Candidate, Night, PendingScore, QuarantinedItem, Scorer
from skysieve.service.service import Service


def fill(service: Service) -> list[Candidate]:
    """Write two nights with scores on the edges of bins, and return the candidates of the later one."""
    drawn = np.random.default_rng(5)
    edges = [at / SCORE_BINS for at in range(SCORE_BINS + 1)]
    rows = []
    with service.database.writing() as session:
        session.add_all(
            [Night(id=1, name="20261120"), Night(id=2, name="20261121"), Night(id=3, name="unknown")]
        )
        session.flush()
        for at, score in enumerate([*edges, *drawn.random(40).tolist(), None]):
            label = ("real", "bogus", "")[at % 3]
            rows.append(
                Candidate(
                    kind="alert" if at % 2 else "streak",
                    survey="ZTF",
                    name=str(at),
                    night_id=2,
                    score=score,
                    passes=None if score is None else score > 0.6,
                    label=label,
                    label_count=len(label) and 1,
                    first_seen=datetime(2026, 11, 21, at % 3, 30, tzinfo=UTC),
                )
            )
        session.add_all([*rows, Candidate(kind="alert", survey="ZTF", name="other", night_id=1, score=0.5)])
        session.add(Scorer(id=1, kind="alert", identity="0", name="a", is_sieve=False, place="a"))
        session.add(QuarantinedItem(feed="folder", item="a.avro", kind="bad", reason="is bad"))
        session.add(
            QuarantinedItem(feed="folder", item="b.avro", kind="bad", reason="is bad", state="resolved")
        )
        session.flush()
        session.add_all([PendingScore(scorer_id=1, candidate_id=row.id) for row in rows[:4]])
    return rows


def test_counts_of_a_night(service: Service) -> None:
    rows = fill(service)
    with service.database.reading() as session:
        night = latest_night(session)
        assert night is not None
        assert night.name == "20261121"
        counts = night_counts(session, night.id)
    scores = [row.score for row in rows if row.score is not None]
    assert (counts.candidates, counts.scored, counts.pending) == (len(rows), len(scores), 4)
    assert counts.passing == sum(score > 0.6 for score in scores)
    assert counts.labelled == sum(bool(row.label) for row in rows)
    assert counts.unlabelled_passing == sum(bool(row.passes) and not row.label for row in rows)
    assert counts.by_label == {label: sum(row.label == label for row in rows) for label in ("bogus", "real")}
    assert counts.quarantined == 1
    assert [(at.hour, count) for at, count in counts.per_hour] == [
        (hour, sum(row.first_seen.hour == hour for row in rows)) for hour in (0, 1, 2)
    ]
    for kind in ("alert", "streak"):
        of_kind = [row.score for row in rows if row.kind == kind and row.score is not None]
        expected = np.histogram(of_kind, bins=[at / SCORE_BINS for at in range(SCORE_BINS + 1)])[0]
        assert counts.score_histogram[kind] == expected.tolist()


def test_counts_of_all_nights_and_of_none(service: Service) -> None:
    with service.database.reading() as session:
        assert latest_night(session) is None
        assert night_counts(session).candidates == 0
    rows = fill(service)
    with service.database.reading() as session:
        assert night_counts(session).candidates == len(rows) + 1
        assert night_counts(session, 3).by_label == {}
