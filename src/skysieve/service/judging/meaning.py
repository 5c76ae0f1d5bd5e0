"""What a score means: how many of those that scored alike are real, by labels or by the model's own figures.

A score is a number that a network gave; what a scanner wants to know is how often it is right at this score,
on the sky of this service. Labels given here say that best. Where there are too few, the figures of the model
do, for the samples that they were measured on; how those came about is said with them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from sqlalchemy.orm import Session

from skysieve.models.description import DISCLOSED
from skysieve.service.database.tables import Scorer
from skysieve.service.judging.labelled_scores import LabelledScores, labelled_scores
from skysieve.service.judging.model_meaning import model_meaning, model_threshold
from skysieve.service.judging.shares import Share, percent, share_of

__all__ = ["AtThreshold", "Meaning", "meaning_of"]

#: Labelled candidates that a statement needs.
FEWEST = 20
#: Candidates that scored alike differ by this much, or the next, where fewer are labelled.
HALF_WIDTHS = (0.01, 0.025, 0.05, 0.1, 0.2)

_IN_VIEW = "Some of these labels were given with the scores in view; labels given blind would be fairer."
_CHOSEN = "Candidates that nobody labelled are not counted: completeness is that among the labelled ones."


@dataclass(frozen=True, slots=True)
class AtThreshold:
    """What passing means.

    Parameters
    ----------
    rule : str
        The rule in words.
    threshold : float, optional
        The threshold of the headline score; None where a rule of several members decides.
    precision, completeness : Share, optional
        Share of the passing that is real, and of the real that passes.
    source : {"labels", "model", "unknown"}
        Labels given here, or the model's own figures.
    words : str
        All of that in a sentence or two.
    """

    rule: str
    threshold: float | None
    precision: Share | None
    completeness: Share | None
    source: str
    words: str


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a score means.

    Parameters
    ----------
    source : {"labels", "model", "unknown"}
        Labels given here, or what the model's figures say.
    precision : Share, optional
        Share of real ones among those that scored alike, where it is known.
    low, high : float, optional
        Scores that are called alike, of labels given here.
    blind : bool
        Whether those labels were given with the scores hidden, or in campaigns.
    words : str
        For a page.
    cautions : tuple of str
        What a reader must not miss: weak or simulated labels, labels given with scores in view.
    at_threshold : AtThreshold, optional
        What passing means; None where nothing passes or fails.
    """

    source: str
    precision: Share | None
    words: str
    low: float | None = None
    high: float | None = None
    blind: bool = False
    cautions: tuple[str, ...] = ()
    at_threshold: AtThreshold | None = None


def meaning_of(session: Session, scorer: Scorer, score: float) -> Meaning:
    """Say what a headline score of a scorer means here.

    Parameters
    ----------
    session : Session
        Any.
    scorer : Scorer
        Who gave it.
    score : float
        The headline score, from 0 to 1.

    Returns
    -------
    Meaning
        By labels given here if 20 or more candidates that scored alike have one, otherwise by the figures of
        the model.
    """
    labelled = labelled_scores(session, scorer)
    at_threshold = _at_threshold(labelled, scorer)
    found = _by_labels(labelled, score)
    if found is None:
        said = model_meaning(scorer, score)
        return Meaning(
            said.source, said.precision, said.words, cautions=_of_model(scorer), at_threshold=at_threshold
        )
    share, low, high, blind = found
    words = (
        f"Of {share.n:,} candidates labelled here that scored between {low:.3g} and {high:.3g}, "
        f"{percent(share.value)} are real ({percent(share.low)} to {percent(share.high)})."
    )
    cautions = () if blind else (_IN_VIEW,)
    return Meaning("labels", share, words, low, high, blind, cautions, at_threshold)


def _by_labels(labelled: LabelledScores, score: float) -> tuple[Share, float, float, bool] | None:
    """Return the share of real ones among the labelled that scored alike; fair labels first."""
    for blind in (True, False):
        chosen = labelled.of(labelled.blind) if blind else labelled
        for width in HALF_WIDTHS:
            near = np.abs(chosen.headline - score) <= width
            if near.sum() >= FEWEST:
                share = share_of(int(chosen.real[near].sum()), int(near.sum()))
                return share, max(0.0, score - width), min(1.0, score + width), bool(chosen.blind[near].all())
    return None


def _at_threshold(labelled: LabelledScores, scorer: Scorer) -> AtThreshold | None:
    """Say what passing means, by labels if enough candidates that pass, and that are real, have one."""
    description: dict[str, Any] = scorer.description
    rule = description.get("rules", {}).get(description.get("rule", ""))
    if rule is None:
        return None
    threshold = None if scorer.is_sieve else description["members"][0]["threshold"]
    told = rule["words"] if threshold is None else f"score >= {threshold:.3g}"
    chosen = labelled.of(labelled.blind)
    if min(chosen.passes.sum(), chosen.real.sum()) < FEWEST:
        chosen = labelled
    passing, real = int(chosen.passes.sum()), int(chosen.real.sum())
    if min(passing, real) < FEWEST:
        precision, completeness, words = model_threshold(scorer)
        source = "unknown" if precision is None and completeness is None else "model"
        return AtThreshold(told, threshold, precision, completeness, source, words)
    both = int((chosen.passes & chosen.real).sum())
    precision, completeness = share_of(both, passing), share_of(both, real)
    words = (
        f"Of {passing:,} labelled candidates that pass, {percent(precision.value)} are real "
        f"({percent(precision.low)} to {percent(precision.high)}); of {real:,} labelled real ones "
        f"{percent(completeness.value)} pass ({percent(completeness.low)} to {percent(completeness.high)}). "
        f"{_CHOSEN}"
    )
    return AtThreshold(told, threshold, precision, completeness, "labels", words)


def _of_model(scorer: Scorer) -> tuple[str, ...]:
    """Return what limits every figure of the model."""
    labels = str(scorer.description.get("labels", ""))
    limits = str(scorer.description.get("limits", ""))
    disclosed = f"Labels of the model: {labels}" if labels.startswith(DISCLOSED) else ""
    return tuple(caution for caution in (disclosed, limits) if caution)
