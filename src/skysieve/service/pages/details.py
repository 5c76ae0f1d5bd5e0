"""What is shown beside the cutouts of a candidate, on the scanning page and on its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from skysieve.service.candidates.history import Point, history
from skysieve.service.database.tables import Candidate, Score, Scorer, Taxonomy, Verdict
from skysieve.service.database.tables.judging import BESIDE, ON_DUTY, RETIRED
from skysieve.service.judging.meaning import Meaning, meaning_of
from skysieve.service.labelling.blinding import blind_to, without_machine
from skysieve.service.labelling.comments import Remark, comments_of
from skysieve.service.labelling.labels import GivenLabel, labels_of
from skysieve.service.pages.drawing import LightCurve, light_curve
from skysieve.service.pages.links import LinkOut, links_out
from skysieve.service.pages.metadata import MetadataRow, metadata_rows
from skysieve.service.service import Service
from skysieve.service.web.access import Caller

__all__ = ["Details", "ScorerShown", "details_of", "label_kinds", "scores_of"]

#: Scorers in the order in which they are shown.
_DUTIES = (ON_DUTY, BESIDE, RETIRED)


@dataclass(frozen=True, slots=True)
class ScorerShown:
    """What one scorer says of a candidate.

    Parameters
    ----------
    scorer : Scorer
        Which one.
    members : list of (str, float)
        Scores by member.
    thresholds : dict of str to float
        Where a member says yes, by member; empty where nothing is known.
    verdicts : list of (str, bool)
        By rule.
    scored_at : datetime
        When.
    meaning : Meaning, optional
        What the headline score means here.
    """

    scorer: Scorer
    members: list[tuple[str, float]]
    thresholds: dict[str, float]
    verdicts: list[tuple[str, bool]]
    scored_at: datetime
    meaning: Meaning | None = None


@dataclass(frozen=True, slots=True)
class Details:
    """What is shown beside the cutouts.

    ``blind`` says that scores, the machine's fields of the metadata, and what others said are left out.
    """

    candidate: Candidate
    blind: bool
    scorers: list[ScorerShown]
    metadata: list[MetadataRow]
    links: list[LinkOut]
    points: list[Point]
    labels: list[GivenLabel]
    comments: list[Remark]
    kinds: Mapping[str, str] = field(default_factory=dict)

    def curve(self, width: float, height: float) -> LightCurve | None:
        """Return the light curve at a size; None where one point, or none, is known."""
        if len(self.points) < 2:
            return None
        return light_curve(self.points, self.candidate.id, width=width, height=height)


def details_of(
    service: Service, session: Session, caller: Caller, candidate: Candidate, *, hide: bool = False
) -> Details:
    """Return what is shown beside the cutouts of a candidate.

    Parameters
    ----------
    service : Service
        Whose files hold the packet.
    session : Session
        Of the database.
    caller : Caller
        Who looks.
    candidate : Candidate
        What is looked at.
    hide : bool
        Whether the person has hidden the machine; in a blind campaign it is hidden in any case.
    """
    unsaid = bool(blind_to(session, caller, [candidate.id]))
    blind = hide or unsaid
    fields = without_machine(candidate.fields) if blind else candidate.fields
    others = [] if unsaid else labels_of(session, candidate.id, withdrawn=True)
    mine = [each for each in others if each.label.user_id == caller.user_id]
    remarks = comments_of(session, candidate.id)
    return Details(
        candidate=candidate,
        blind=blind,
        scorers=[] if blind else scores_of(session, candidate),
        metadata=metadata_rows(fields),
        links=links_out(candidate),
        points=history(service, session, candidate),
        labels=mine if blind else others,
        comments=[each for each in remarks if each.comment.user_id == caller.user_id] if blind else remarks,
        kinds=label_kinds(session),
    )


def scores_of(session: Session, candidate: Candidate) -> list[ScorerShown]:
    """Return what every scorer says of a candidate: the one on duty first, the retired ones last."""
    values: dict[int, list[Score]] = {}
    for score in session.scalars(select(Score).where(Score.candidate_id == candidate.id)):
        values.setdefault(score.scorer_id, []).append(score)
    verdicts: dict[int, list[tuple[str, bool]]] = {}
    for verdict in session.scalars(
        select(Verdict).where(Verdict.candidate_id == candidate.id).order_by(Verdict.rule)
    ):
        verdicts.setdefault(verdict.scorer_id, []).append((verdict.rule, verdict.passes))
    scorers = session.scalars(select(Scorer).where(Scorer.id.in_(values))).all()
    ranked = sorted(scorers, key=lambda each: (_DUTIES.index(each.duty), -each.id))
    return [_shown(session, candidate, each, values[each.id], verdicts.get(each.id, [])) for each in ranked]


def label_kinds(session: Session) -> dict[str, str]:
    """Return by label what it says, in the words of the style sheet: ``real``, ``bogus`` or ``unsure``."""
    kinds: dict[str, str] = {}
    for classes in session.scalars(select(Taxonomy.classes).order_by(Taxonomy.id)):
        for each in classes:
            kinds[each["name"]] = {True: "real", False: "bogus"}.get(each.get("real"), "unsure")
    return kinds


def _shown(
    session: Session,
    candidate: Candidate,
    scorer: Scorer,
    scores: Sequence[Score],
    verdicts: list[tuple[str, bool]],
) -> ScorerShown:
    told = scorer.description.get("members", [])
    order = {str(member.get("name")): place for place, member in enumerate(told)}
    thresholds = {
        str(member["name"]): float(member["threshold"])
        for member in told
        if member.get("threshold") is not None
    }
    ranked = sorted(scores, key=lambda each: (order.get(each.member, len(order)), each.member))
    return ScorerShown(
        scorer=scorer,
        members=[(each.member, each.value) for each in ranked],
        thresholds=thresholds,
        verdicts=verdicts,
        scored_at=max(each.scored_at for each in scores),
        meaning=_meaning(session, candidate, scorer),
    )


def _meaning(session: Session, candidate: Candidate, scorer: Scorer) -> Meaning | None:
    """Return what the headline score means; only that of the scorer on duty is known."""
    if scorer.duty != ON_DUTY or candidate.score is None:
        return None
    return meaning_of(session, scorer, candidate.score)
