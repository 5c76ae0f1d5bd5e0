"""Choose the candidates of a campaign: by chance, by bins of scores, where the machine is in doubt.

The ways are those of `skysieve samples propose` (`skysieve.scoring.propose`), over the scores that the
database holds: random ones; the bins of DeepStreaks' campaigns for a sieve (each family high and low among
what is sure in the families before it), tenths of scores and the sides of the threshold for a model; the
uncertain ones around the threshold; those on which scorers, or members of a sieve, disagree most.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, exists, select
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.models.rules import Jury
from skysieve.scoring.proposal_bins import bin_membership, default_bins
from skysieve.scoring.proposal_draw import Drawing
from skysieve.scoring.proposal_options import STRATEGIES
from skysieve.scoring.proposal_ranking import disagreement, uncertainty
from skysieve.scoring.sample_scores import PoolScores
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import Candidate, Cutouts, Scorer
from skysieve.service.database.tables.judging import RETIRED
from skysieve.service.judging.opened_scorer import OpenedScorer
from skysieve.service.judging.opening import open_scorer
from skysieve.service.judging.scorer_rows import all_scorers, find_scorer, on_duty
from skysieve.service.judging.stored_scores import stored_judgement, stored_scores
from skysieve.service.service import Service

__all__ = ["LARGEST_POOL", "Chosen", "Proposal", "choose", "chosen_by_id"]

#: Of a larger pool so many are drawn at random before anything else is asked of them.
LARGEST_POOL = 100_000


@dataclass(frozen=True)
class Proposal:
    """What to choose.

    Parameters
    ----------
    kind : str
        Kind of candidates.
    strategies : mapping of str to int
        How many by each of `skysieve.scoring.proposal_options.STRATEGIES`; ``bins``: of each bin.
    where : str
        Filter that all must pass; empty: all.
    per_object : int, optional
        How many of one object at most.
    relabel : bool
        Whether those that somebody has labelled may be chosen, too.
    scorer_id : int, optional
        Whose scores count; those of the scorer on duty if not given.
    seed : int
        Of all random draws: the same seed over the same candidates chooses the same.
    """

    kind: str
    strategies: Mapping[str, int] = field(default_factory=lambda: {"random": 100})
    where: str = ""
    per_object: int | None = None
    relabel: bool = False
    scorer_id: int | None = None
    seed: int = 42

    def __post_init__(self) -> None:
        if not self.strategies:
            raise InputError("proposal", "bad-proposal", f"names no way to choose: {', '.join(STRATEGIES)}")
        for name, count in self.strategies.items():
            if name not in STRATEGIES:
                reason = f"no way to choose is called {name!r}; known are {', '.join(STRATEGIES)}"
                raise InputError("proposal", "bad-proposal", reason)
            if not 1 <= count <= LARGEST_POOL:
                reason = f"{name} is to choose {count}; expected 1 to {LARGEST_POOL:,}"
                raise InputError("proposal", "bad-proposal", reason)
        if self.per_object is not None and self.per_object < 1:
            raise InputError("proposal", "bad-proposal", f"per_object is 1 or more, found {self.per_object}")


@dataclass(frozen=True)
class Chosen:
    """What was chosen.

    Parameters
    ----------
    candidates : tuple of int
        In random order, so that no way of choosing shows.
    record : dict
        How they were chosen, to be kept with the campaign: everything that is needed to do so again.
    """

    candidates: tuple[int, ...]
    record: dict[str, Any]


def choose(service: Service, session: Session, proposal: Proposal) -> Chosen:
    """Choose candidates.

    Parameters
    ----------
    service : Service
        The service.
    session : Session
        Of its database.
    proposal : Proposal
        What to choose.

    Raises
    ------
    InputError
        ``bad-filter``; ``nothing-to-choose`` if no candidate fits; ``no-scores`` if a way needs scores and
        nothing has scored; ``bad-proposal`` if nothing is there that could disagree.
    """
    ids, groups, total = _pool(session, proposal)
    drawing = Drawing(groups, proposal.seed, proposal.per_object)
    counts: dict[str, int] = {}
    scorer: Scorer | None = None
    # Those by chance come first, so that no other way takes from them.
    for way in (name for name in STRATEGIES if name in proposal.strategies):
        number = proposal.strategies[way]
        if way == "random":
            counts[way] = drawing.draw(way, np.ones(len(ids), dtype=bool), number)
            continue
        scorer = scorer or _scorer(session, proposal)
        opened = open_scorer(service, scorer)
        if way == "disagreement":
            counts[way] = drawing.pick(way, _disagreement(service, session, scorer, opened, ids), number)
        elif way == "uncertainty":
            counts[way] = drawing.pick(way, _uncertainty(_scores(session, scorer, opened, ids)), number)
        else:
            for name, inside in _bins(_scores(session, scorer, opened, ids)).items():
                counts[f"bin:{name}"] = drawing.draw(f"bin:{name}", inside, number)
    if not drawing.chosen:
        raise InputError("proposal", "nothing-to-choose", "no bin holds a candidate; ask for random ones")
    order = np.random.default_rng((proposal.seed, 1)).permutation(len(drawing.chosen))
    chosen = tuple(int(ids[row]) for row in drawing.rows[order])
    return Chosen(chosen, _record(proposal, scorer, total, len(ids), counts))


def chosen_by_id(session: Session, kind: str, candidates: Sequence[int]) -> Chosen:
    """Return an explicit list of candidates as what was chosen.

    Raises
    ------
    InputError
        ``no-such-candidate`` if one does not exist or is of another kind; ``nothing-to-choose``.
    """
    wanted = list(dict.fromkeys(candidates))
    if not wanted:
        raise InputError("proposal", "nothing-to-choose", "the list of candidates is empty")
    if len(wanted) > LARGEST_POOL:
        reason = f"the list has {len(wanted):,} candidates; a campaign holds at most {LARGEST_POOL:,}"
        raise InputError("proposal", "bad-proposal", reason)
    known: set[int] = set()
    for start in range(0, len(wanted), 5_000):
        part = wanted[start : start + 5_000]
        known |= set(
            session.scalars(select(Candidate.id).where(Candidate.id.in_(part), Candidate.kind == kind))
        )
    if missing := [each for each in wanted if each not in known]:
        reason = f"no candidate of the kind {kind!r} has this number, and {len(missing) - 1} more have none"
        raise InputError(str(missing[0]), "no-such-candidate", reason)
    record = {"kind": kind, "how": "an explicit list", "chosen": len(wanted), "at": utc_now().isoformat()}
    return Chosen(tuple(wanted), record)


def _pool(session: Session, proposal: Proposal) -> tuple[NDArray[np.int64], NDArray[Any], int]:
    """Return ids and objects of who may be chosen, and how many there were before the pool was thinned."""
    statement = (
        select(Candidate.id, Candidate.object_id, Candidate.name)
        .where(Candidate.kind == proposal.kind, exists().where(Cutouts.candidate_id == Candidate.id))
        .order_by(Candidate.id)
    )
    for condition in _conditions(session, proposal):
        statement = statement.where(condition)
    rows = session.execute(statement).all()
    if not rows:
        reason = "no candidate with cutouts passes the filter, or all have labels already"
        raise InputError("proposal", "nothing-to-choose", reason)
    ids = np.fromiter((row.id for row in rows), dtype=np.int64, count=len(rows))
    groups = np.asarray([row.object_id or row.name for row in rows])
    if len(ids) <= LARGEST_POOL:
        return ids, groups, len(ids)
    kept = np.sort(np.random.default_rng((proposal.seed, 2)).choice(len(ids), LARGEST_POOL, replace=False))
    return ids[kept], groups[kept], len(ids)


def _conditions(session: Session, proposal: Proposal) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if proposal.where.strip():
        from skysieve.service.filters.compile import compile_filter

        conditions.append(compile_filter(session, proposal.where))
    if not proposal.relabel:
        conditions.append(Candidate.label_count == 0)
    return conditions


def _scorer(session: Session, proposal: Proposal) -> Scorer:
    if proposal.scorer_id is not None:
        return find_scorer(session, proposal.scorer_id)
    found = on_duty(session, proposal.kind)
    if found is None:
        reason = f"no scorer is on duty for {proposal.kind}; choose at random, or put one on duty"
        raise InputError("proposal", "no-scores", reason)
    return found


def _scores(
    session: Session, scorer: Scorer, opened: OpenedScorer, ids: NDArray[np.int64]
) -> tuple[PoolScores, NDArray[np.bool_]]:
    """Return the stored scores, NaN where there is none, and who has all."""
    known = stored_scores(session, scorer.id, ids.tolist())
    arrays = {
        member: np.array([known.get(each, {}).get(member, np.nan) for each in ids.tolist()], np.float32)
        for member in opened.members
    }
    complete = np.all([np.isfinite(values) for values in arrays.values()], axis=0)
    if not complete.any():
        reason = f"{scorer.name} has scored none of {len(ids):,} candidates; wait for it, or choose at random"
        raise InputError("proposal", "no-scores", reason)
    sieve = opened.sieve
    jury = Jury({}, {}) if sieve is None else sieve.jury
    rule = None if sieve is None else sieve.rules[sieve.rule]
    return PoolScores(scorer.name, scorer.identity, arrays, jury, rule, {}), complete


def _bins(scored: tuple[PoolScores, NDArray[np.bool_]]) -> dict[str, NDArray[np.bool_]]:
    pool, complete = scored
    bins = default_bins(pool)
    # What has no score is not low: it is in no bin.
    return dict(zip(bins, bin_membership(bins, pool) & complete, strict=True))


def _uncertainty(scored: tuple[PoolScores, NDArray[np.bool_]]) -> NDArray[np.float64]:
    pool, complete = scored
    values = uncertainty(pool, "entropy" if pool.rule is None else "threshold")
    return np.where(complete, values, np.nan)


def _disagreement(
    service: Service, session: Session, scorer: Scorer, opened: OpenedScorer, ids: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return how far scorers are apart; of one alone, the members of its most divided family."""
    headlines = []
    for other in all_scorers(session, scorer.kind):
        if other.duty == RETIRED:
            continue
        judged, judgement = stored_judgement(session, other.id, open_scorer(service, other), ids.tolist())
        if judged and judgement.passes is not None:
            values = np.full(len(ids), np.nan)
            values[np.searchsorted(ids, judged)] = judgement.headline
            headlines.append(values)
    if len(headlines) >= 2:
        stacked = np.stack(headlines)
        apart = np.where(np.isfinite(stacked), stacked, -np.inf).max(axis=0)
        apart -= np.where(np.isfinite(stacked), stacked, np.inf).min(axis=0)
        return np.where(np.isfinite(stacked).sum(axis=0) >= 2, apart, np.nan)
    if not opened.is_sieve:
        reason = "one model alone cannot disagree; register another beside it, or leave disagreement out"
        raise InputError("proposal", "bad-proposal", reason)
    pool, complete = _scores(session, scorer, opened, ids)
    return np.where(complete, disagreement(pool), np.nan)


def _record(
    proposal: Proposal, scorer: Scorer | None, total: int, pool: int, counts: dict[str, int]
) -> dict[str, Any]:
    return {
        "kind": proposal.kind,
        "how": "proposed",
        "strategies": dict(proposal.strategies),
        "where": proposal.where,
        "per_object": proposal.per_object,
        "relabel": proposal.relabel,
        "seed": proposal.seed,
        "scorer": None
        if scorer is None
        else {"id": scorer.id, "name": scorer.name, "identity": scorer.identity},
        "candidates": total,
        "pool": pool,
        "counts": counts,
        "at": utc_now().isoformat(),
    }
