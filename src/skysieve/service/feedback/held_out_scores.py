"""What a scorer says of the held-out candidates of a sample set, and which of them it has seen before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.models.model import Model
from skysieve.models.readings import read_inputs
from skysieve.models.sieve import Sieve
from skysieve.samples.sample_set import SampleSet
from skysieve.service.feedback.comparison import Judged
from skysieve.service.judging.opened_scorer import OpenedScorer

__all__ = ["held_out_rows", "judge_rows", "seen_by"]

#: Samples whose images are in memory at once.
_AT_ONCE = 512


def held_out_rows(samples: SampleSet) -> NDArray[np.int64]:
    """Return the labelled rows of the split ``test``."""
    return np.flatnonzero((samples.scalar("split") == "test") & (samples.labels >= 0))


def judge_rows(opened: OpenedScorer, samples: SampleSet, rows: NDArray[np.int64]) -> Judged:
    """Score some rows of a set.

    Parameters
    ----------
    opened : OpenedScorer
        The scorer.
    samples : SampleSet
        With the column that the scorer's contract names.
    rows : ndarray of int, shape (N,)
        Which.

    Raises
    ------
    ConfigurationError
        If the scorer has more than two classes, and so no verdict to compare.
    ContractError
        If it takes something else than the set has.
    """
    scores, passes = np.empty(len(rows)), np.zeros(len(rows), dtype=bool)
    for start in range(0, len(rows), _AT_ONCE):
        part = slice(start, start + _AT_ONCE)
        images = np.asarray(read_inputs(opened.contract, samples, rows[part]), dtype=np.float32)
        judgement = opened.judge(images)
        if judgement.passes is None:
            raise ConfigurationError(
                f"{opened.name} has {len(opened.members)} classes and no verdict; scorers that are compared "
                "say of each candidate whether it passes"
            )
        scores[part], passes[part] = judgement.headline, judgement.passes
    return Judged(opened.name, opened.identity, scores, passes, not opened.is_sieve)


def seen_by(opened: OpenedScorer, samples: SampleSet) -> NDArray[np.bool_] | None:
    """Say of which samples a scorer, or any member of a sieve, has seen the object in training.

    Returns
    -------
    ndarray of bool, shape (N,), or None
        None if it, or any member, does not say what it has seen.
    """
    from skysieve.recipes.seen_groups import seen_samples

    models: list[Model]
    if isinstance(opened.opened, Sieve):
        models = [member.model for member in opened.opened.members]
    else:
        models = [opened.opened]
    said = [seen_samples(samples, model.description.provenance) for model in models]
    known = [each for each in said if each is not None]
    if len(known) < len(said):
        return None
    return np.asarray(np.any(known, axis=0), dtype=np.bool_)
