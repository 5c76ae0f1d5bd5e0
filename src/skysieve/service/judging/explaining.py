"""Explanations on demand: which part of its images made the score of a candidate."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from skysieve.errors import InputError, ServiceError
from skysieve.service.candidates.images import pack_images, unpack_images
from skysieve.service.candidates.rows import find_candidate
from skysieve.service.database.columns import utc_now
from skysieve.service.database.insert import insert_or_update
from skysieve.service.database.tables import Candidate, Cutouts, Explanation, PendingScore, Scorer
from skysieve.service.judging.contracts import read_input
from skysieve.service.judging.occlusion import METHOD, occlusion_of
from skysieve.service.judging.opened_scorer import OpenedScorer
from skysieve.service.judging.opening import open_scorer
from skysieve.service.judging.scorer_rows import find_scorer
from skysieve.service.judging.stored_scores import stored_scores
from skysieve.service.service import Service

__all__ = ["known_explanation", "load_map", "occlusion_map"]

#: Name of the only channel of a file with a map.
CHANNEL = "occlusion"
# Each keeps a core busy for seconds: whoever asks for many at once must not keep everybody else waiting.
_AT_ONCE = threading.BoundedSemaphore(2)
WAIT_S = 2.0


def occlusion_map(service: Service, candidate_id: int, scorer_id: int) -> Explanation:
    """Return what a scorer looked at, computed where it is not known yet.

    The map is that of the member that decided: of a sieve the one that gave the headline score, of a model of
    several classes the likeliest class. It is kept until the candidate is scored again.

    Parameters
    ----------
    service : Service
        The service.
    candidate_id, scorer_id : int
        Who is explained, and by whom.

    Returns
    -------
    Explanation
        Its file holds one channel, ``occlusion``, at the size that the network sees: see `load_map`.

    Raises
    ------
    InputError
        ``no-such-candidate``, ``no-such-scorer``, ``not-scored``, or why the scorer cannot score it.
    ServiceError
        If others are computed just now.
    """
    with service.database.reading() as session:
        asked = _asked(session, candidate_id, scorer_id)
        known = None if asked.pending else known_explanation(session, candidate_id, scorer_id)
        session.expunge_all()
    if known is not None and service.files.has(known.sha256):
        return known
    if not _AT_ONCE.acquire(timeout=WAIT_S):
        raise ServiceError("other explanations are computed just now; ask again in some seconds")
    try:
        return _compute(service, asked)
    finally:
        _AT_ONCE.release()


def known_explanation(session: Session, candidate_id: int, scorer_id: int) -> Explanation | None:
    """Return the explanation that is there already; None where there is none."""
    statement = select(Explanation).where(
        Explanation.candidate_id == candidate_id,
        Explanation.scorer_id == scorer_id,
        Explanation.method == METHOD,
    )
    return session.scalars(statement).first()


def load_map(service: Service, explanation: Explanation) -> NDArray[np.float32]:
    """Return the map of an explanation.

    Returns
    -------
    ndarray, shape (H, W), float32
        Fall of the log-odds of the score when what is there is covered; the first row is that of the images.

    Raises
    ------
    ServiceError
        If its file is missing or damaged.
    """
    return unpack_images(service.files.get(explanation.sha256))[CHANNEL]


@dataclass(frozen=True)
class _Asked:
    """What is known of the candidate and the scorer."""

    scorer: Scorer
    candidate: Candidate
    cutouts: Cutouts | None
    scores: dict[str, float]
    pending: bool


def _compute(service: Service, asked: _Asked) -> Explanation:
    candidate_id, scorer_id = asked.candidate.id, asked.scorer.id
    opened = open_scorer(service, asked.scorer)
    image = read_input(service.files, asked.candidate, asked.cutouts, opened.contract)
    member = _member(opened, image, asked.scores)
    found = occlusion_of(image, lambda images: opened.score_member(member, images))
    sha256 = service.files.put(pack_images([found], [CHANNEL]))
    row = {"candidate_id": candidate_id, "scorer_id": scorer_id, "member": member, "method": METHOD}
    kept = row | {"sha256": sha256, "made_at": utc_now()}
    service.database.write(lambda session: _keep(session, asked.candidate, kept))
    return Explanation(**kept)


def _asked(session: Session, candidate_id: int, scorer_id: int) -> _Asked:
    scorer = find_scorer(session, scorer_id)
    candidate = find_candidate(session, candidate_id)
    if candidate.kind != scorer.kind:
        reason = f"is of the kind {candidate.kind}, {scorer.name} scores the kind {scorer.kind}"
        raise InputError(candidate.name, "not-scored", reason)
    pending = select(
        exists().where(PendingScore.candidate_id == candidate_id, PendingScore.scorer_id == scorer_id)
    )
    scores = stored_scores(session, scorer_id, [candidate_id]).get(candidate_id, {})
    return _Asked(scorer, candidate, candidate.cutouts, scores, bool(session.scalar(pending)))


def _member(opened: OpenedScorer, image: NDArray[np.float32], scores: dict[str, float]) -> str:
    """Return the member that decided, by the stored scores or by new ones where there are none."""
    if scores.keys() >= set(opened.members):
        return opened.deciding_member(scores)
    judgement = opened.judge(image[None])
    return opened.deciding_member({name: float(values[0]) for name, values in judgement.scores.items()})


def _keep(session: Session, candidate: Candidate, row: dict[str, object]) -> None:
    """Keep an explanation, unless the candidate is gone or has changed since its images were read."""
    stamp = session.scalar(select(Candidate.stamp).where(Candidate.id == candidate.id).with_for_update())
    if stamp == candidate.stamp:
        key = ("candidate_id", "scorer_id", "member", "method")
        insert_or_update(session, Explanation, [row], key=key)
