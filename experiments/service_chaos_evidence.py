"""What is left in a service after `service_chaos.py`, held against what was sent to it."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from service_chaos_items import Sent
from skysieve.errors import ServiceError
from skysieve.models.model import Model
from skysieve.preprocess import stack_cutouts
from skysieve.service.candidates.images import CHANNELS, load_images
from skysieve.service.database.tables import (
    Candidate,
    Cutouts,
    JournalEntry,
    PendingScore,
    QuarantinedItem,
    Score,
    Scorer,
    Verdict,
)
from skysieve.service.database.tables.judging import ON_DUTY
from skysieve.service.files.content_store import ContentStore
from skysieve.service.home import Home
from skysieve.service.operation.named_files import PREFIXES, named_files
from skysieve.sources.alerts.alert import Alert
from skysieve.sources.alerts.reading import alerts_from_blob
from skysieve.sources.inputs import Blob

__all__ = ["evidence", "faults"]

#: Scores of a packet alone, and of the same packet in a service, differ by this at the most.
TOLERANCE = 1e-6
#: Both times of a candidate that never changed are taken within this, seconds.
AT_FIRST_S = 0.1
#: Numbers that must be 0 for the promise to hold.
NONE_OF = (
    "missing",
    "unexpected",
    "not_scored_once",
    "without_one_verdict",
    "pending",
    "without_readable_cutouts",
    "cutouts_of_another_packet",
    "packets_of_another_item",
    "files_missing",
    "scores_of_another_packet",
    "scores_shown_wrongly",
    "journal_missing",
    "journal_unexpected",
    "bad_not_in_quarantine",
    "good_in_quarantine",
)


def evidence(session: Session, home: Home, sent: Sent, *, sample: int, seed: int) -> dict[str, Any]:
    """Return what is found.

    Parameters
    ----------
    session : Session
        To read with.
    home : Home
        The folder of the service.
    sent : Sent
        What was sent.
    sample : int
        Candidates whose scores are computed once more and whose images are compared, at the most.
    seed : int
        Of the sample.
    """
    candidates = {each.name: each for each in session.scalars(select(Candidate))}
    expected = {name.removesuffix(".avro"): data for name, data in sent.good.items()}
    rows = Counter(session.scalars(select(Candidate.name)))
    scores = Counter(session.scalars(select(Score.candidate_id)))
    verdicts = Counter(session.scalars(select(Verdict.candidate_id)))
    ids = [candidate.id for candidate in candidates.values()]
    both = sorted(candidates.keys() & expected.keys())
    chosen = random.Random(seed).sample(both, min(sample, len(both)))
    found = {
        "candidates": rows.total(),
        "changed_in_place": sum(
            (each.updated_at - each.first_seen).total_seconds() > AT_FIRST_S for each in candidates.values()
        ),
        "missing": (Counter(dict.fromkeys(expected, 1)) - rows).total(),
        "unexpected": (rows - Counter(dict.fromkeys(expected, 1))).total(),
        "not_scored_once": sum(scores[number] != 1 for number in ids),
        "without_one_verdict": sum(verdicts[number] != 1 for number in ids),
        "pending": session.scalar(select(func.count()).select_from(PendingScore)),
    }
    found |= _files(session, home, candidates)
    found |= _contents(session, home, {name: (candidates[name], expected[name]) for name in chosen})
    return found | _journal(session, sent)


def faults(told: dict[str, Any]) -> list[str]:
    """Return which of the numbers break the promise."""
    return [f"{name}: {told[name]}" for name in NONE_OF if told[name] != 0]


def _files(session: Session, home: Home, candidates: dict[str, Candidate]) -> dict[str, int]:
    """Open the images of every candidate, and look for files that rows name and that are not there."""
    store = ContentStore(home.files)
    cutouts = {each.candidate_id: each for each in session.scalars(select(Cutouts))}
    unreadable = 0
    for candidate in candidates.values():
        try:
            images = load_images(store, cutouts[candidate.id])
            unreadable += set(images) != set(CHANNELS)
        except (KeyError, ServiceError):
            unreadable += 1
    there, named = set(store.names()), set()
    for prefix in PREFIXES:
        named |= named_files(session, prefix)
    named.discard("")
    written = sum(path.name.startswith(".") for path in home.files.glob("*/.*"))
    return {
        "without_readable_cutouts": unreadable,
        "files_missing": len(named - there),
        # Of kills between file and row, and of packets that came anew: pruning removes them.
        "files_without_a_row": len(there - named),
        "files_half_written": written,
    }


def _contents(session: Session, home: Home, chosen: dict[str, tuple[Candidate, bytes]]) -> dict[str, int]:
    """Score packets as they were sent, and compare with what the service says of their candidates."""
    store = ContentStore(home.files)
    scorer = session.scalars(select(Scorer).where(Scorer.kind == "alert", Scorer.duty == ON_DUTY)).one()
    model = Model.load(home.models / scorer.place)
    wrong = dict.fromkeys(
        (
            "cutouts_of_another_packet",
            "packets_of_another_item",
            "scores_of_another_packet",
            "scores_shown_wrongly",
        ),
        0,
    )
    for name, (candidate, packet) in chosen.items():
        [alert] = alerts_from_blob(Blob(f"{name}.avro", packet))
        assert isinstance(alert, Alert)
        cutouts = session.get_one(Cutouts, candidate.id)
        stored = load_images(store, cutouts)
        wrong["cutouts_of_another_packet"] += any(
            not np.array_equal(stored[channel], image, equal_nan=True)
            for channel, image in zip(CHANNELS, alert.cutouts, strict=True)
        )
        wrong["packets_of_another_item"] += store.get(cutouts.packet_sha256) != packet
        contract = model.description.contract
        images = dict(zip(CHANNELS, alert.cutouts, strict=True))
        stack = stack_cutouts([images[each] for each in contract.channels], contract.image_shape, item=name)
        again = float(model.predict(stack[None])[0])
        values = session.scalars(select(Score.value).where(Score.candidate_id == candidate.id)).all()
        wrong["scores_of_another_packet"] += any(abs(value - again) > TOLERANCE for value in values)
        shown = candidate.score
        passes = session.scalars(select(Verdict.passes).where(Verdict.candidate_id == candidate.id)).all()
        wrong["scores_shown_wrongly"] += shown is None or [shown] != values or [candidate.passes] != passes
    return {"compared": len(chosen)} | wrong


def _journal(session: Session, sent: Sent) -> dict[str, Any]:
    """Compare the journal, a row for each item that was sent, with what was sent."""
    grouped = select(JournalEntry.outcome, func.count()).group_by(JournalEntry.outcome)
    outcomes = dict(session.execute(grouped).all())
    rows = sum(outcomes.values())
    kept = session.execute(
        select(QuarantinedItem.kind, func.count())
        .where(QuarantinedItem.state == "open")
        .group_by(QuarantinedItem.kind)
    )
    kinds = dict(kept.all())
    taken = outcomes.get("stored", 0) + outcomes.get("duplicate", 0)
    return {
        "journal": dict(sorted(outcomes.items())),
        "journal_missing": max(0, sent.sends - rows),
        "journal_unexpected": max(0, rows - sent.sends),
        "bad_not_in_quarantine": max(0, sent.bad_sends - sum(kinds.values())),
        "good_in_quarantine": max(0, sum(kinds.values()) - sent.bad_sends, sent.good_sends - taken),
        "quarantined_by_kind": dict(sorted(kinds.items())),
    }
