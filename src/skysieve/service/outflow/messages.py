"""What is told of a candidate: one JSON object, the same to every destination."""

from __future__ import annotations

import json
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.service.candidates.measured import measured
from skysieve.service.database.tables import Candidate, Delivery, Score, Scorer, Verdict
from skysieve.service.database.tables.judging import ON_DUTY
from skysieve.service.service import Service

__all__ = ["MESSAGE_VERSION", "Message", "compose_messages"]

#: Grows where a receiver that was written for the one before could be wrong.
MESSAGE_VERSION = 1

T = TypeVar("T")
Row = TypeVar("Row", Score, Verdict)

_NAMESPACE = uuid.UUID("0d0bd9f9-5a1c-5f0b-8f4b-6e3f3ab0a6b5")


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is ready to be sent.

    Parameters
    ----------
    row : int
        Id of its row of deliveries.
    delivery : str
        What it is called outside: the same however often it is sent, so that a receiver knows it again.
    key : str
        Survey and object: messages of one object stay in order where a destination keeps any.
    content : mapping
        What it says.
    """

    row: int
    delivery: str
    key: str
    content: dict[str, Any]

    def encode(self) -> bytes:
        """Return the content as JSON in UTF-8."""
        return json.dumps(self.content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def compose_messages(session: Session, service: Service, rows: Sequence[int]) -> list[Message]:
    """Write the messages of deliveries, of what the database says at this moment.

    Parameters
    ----------
    session : Session
        To read with.
    service : Service
        For its name and public address.
    rows : sequence of int
        Ids of deliveries; of those that have gone, there is no message.

    Returns
    -------
    list of Message
        In the order of the ids.
    """
    found = session.execute(
        select(Delivery, Candidate, Scorer)
        .join(Candidate, Candidate.id == Delivery.candidate_id)
        .join(Scorer, Scorer.id == Delivery.scorer_id)
        .where(Delivery.id.in_(rows))
    ).all()
    pairs = [(candidate.id, scorer.id) for _, candidate, scorer in found]
    scores = _by_pair(session, pairs, Score, lambda row: (row.member, row.value))
    verdicts = _by_pair(session, pairs, Verdict, lambda row: (row.rule, row.passes))
    messages = {}
    for delivery, candidate, scorer in found:
        pair = (candidate.id, scorer.id)
        name = _delivery_name(service.settings.name, delivery, candidate, scorer)
        content = {
            "version": MESSAGE_VERSION,
            "delivery": name,
            "service": service.settings.name,
            "candidate": _candidate(candidate, service.settings.web.public_url),
            "judgement": _judgement(candidate, scorer, scores[pair], verdicts[pair]),
        }
        key = f"{candidate.survey}/{candidate.object_id or candidate.name}"
        messages[delivery.id] = Message(delivery.id, name, key, content)
    return [messages[row] for row in rows if row in messages]


def _delivery_name(service: str, delivery: Delivery, candidate: Candidate, scorer: Scorer) -> str:
    # Not the number of the row: a database that was restored gives the same numbers to other candidates.
    parts = (service, delivery.destination, candidate.kind, candidate.survey, candidate.name, scorer.identity)
    return str(uuid.uuid5(_NAMESPACE, json.dumps(parts)))


def _candidate(candidate: Candidate, public_url: str) -> dict[str, Any]:
    address = public_url.rstrip("/")
    return {
        "id": candidate.id,
        "kind": candidate.kind,
        "survey": candidate.survey,
        "name": candidate.name,
        "object_id": candidate.object_id or None,
        "night": candidate.night.name,
        "jd": measured(candidate.jd),
        "ra": measured(candidate.ra),
        "dec": measured(candidate.dec),
        "band": candidate.band or None,
        "mag": measured(candidate.mag),
        "link": f"{address}/candidates/{candidate.id}" if address else None,
    }


def _judgement(
    candidate: Candidate, scorer: Scorer, scores: dict[str, float], verdicts: dict[str, bool]
) -> dict[str, Any]:
    # The columns of the candidate are those of the scorer on duty, which may be another by now.
    on_duty = scorer.duty == ON_DUTY
    return {
        "scorer": scorer.name,
        "identity": scorer.identity,
        "score": measured(candidate.score if on_duty else scores.get("score")),
        "passes": candidate.passes if on_duty else None,
        "scores": {member: measured(value) for member, value in sorted(scores.items())},
        "verdicts": dict(sorted(verdicts.items())),
    }


def _by_pair(
    session: Session, pairs: Sequence[tuple[int, int]], table: type[Row], told: Callable[[Row], tuple[str, T]]
) -> dict[tuple[int, int], dict[str, T]]:
    """Return what rows of a table tell, by candidate and scorer."""
    candidates, scorers = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
    rows = session.scalars(
        select(table).where(table.candidate_id.in_(candidates), table.scorer_id.in_(scorers))
    )
    found: dict[tuple[int, int], dict[str, T]] = defaultdict(dict)
    for row in rows:
        name, value = told(row)
        found[row.candidate_id, row.scorer_id][name] = value
    return found
