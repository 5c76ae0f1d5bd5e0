"""Judge a sieve on a sample set: scores of its members, verdicts of its rules, truth of the samples."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.evaluation.sieve_evaluation import SieveEvaluation
from skysieve.evaluation.sieve_judging import judge_sieve
from skysieve.evaluation.sieve_rates import Night
from skysieve.evaluation.sieve_scores import ONE_SHOT, SieveScores
from skysieve.models.sieve import Sieve
from skysieve.samples.sample_set import SampleSet

__all__ = ["TRUTH_COLUMNS", "judge_samples"]

#: Columns of true parameters against which completeness is drawn, where the samples have them.
TRUTH_COLUMNS = ("magnitude", "rate", "length", "snr", "peak_snr")


def judge_samples(
    sieve: Sieve,
    samples: SampleSet,
    scores: Mapping[str, NDArray[Any]],
    *,
    split: str,
    rows: NDArray[np.int64] | None = None,
    labels: Mapping[str, NDArray[np.int64]] | None = None,
    night: Night | None = None,
    replicates: int = 1000,
    seed: int = 1,
) -> SieveEvaluation:
    """Judge the scores of a sieve on labelled samples.

    Parameters
    ----------
    sieve : Sieve
        Gives families, thresholds and rules.
    samples : SampleSet
        With a label column for each family that has one; of the true parameters what is there is used.
    scores : mapping of str to ndarray, shape (N,)
        Scores of all samples by member.
    split : str
        What the samples are called in the report.
    rows : ndarray of int, optional
        The samples to judge; all if not given.
    labels : mapping of str to ndarray, shape (N,), optional
        Label of every sample by family, -1 where there is none; the samples' columns of these names, and
        ``os``, the joint truth, if not given.
    night : Night, optional
        The stream that purity and cost are stated for.
    replicates, seed
        Of the bootstrap.

    Raises
    ------
    SampleSetError
        If no sample has a label.
    """
    chosen = np.arange(len(samples)) if rows is None else rows
    present = samples.column_names
    families = {member.name: member.family for member in sieve.members}
    if labels is None:
        # The joint truth counts even where no member of the sieve answers it in one step.
        asked = dict.fromkeys((*families.values(), ONE_SHOT))
        labels = {name: _label(samples, name) for name in asked if name in present}
    labels = {name: label[chosen] for name, label in labels.items()}
    if not any((label >= 0).any() for label in labels.values()):
        raise SampleSetError(
            f"no sample has a label of the families {', '.join(dict.fromkeys(families.values()))}; "
            "there is nothing to judge"
        )
    chosen_scores = {name: np.asarray(scores[name])[chosen] for name in families}
    judged = SieveScores(
        families=families,
        scores=chosen_scores,
        thresholds={name: each.value for name, each in sieve.thresholds.items()},
        passed=sieve.decide(chosen_scores),
        groups=samples.groups[chosen],
        labels=labels,
        kinds=samples.scalar("kind")[chosen] if "kind" in present else None,
        truth={name: samples.scalar(name)[chosen] for name in TRUTH_COLUMNS if name in present},
        ids=samples.ids[chosen],
    )
    return judge_sieve(
        judged, default_rule=sieve.rule, split=split, night=night, replicates=replicates, seed=seed
    )


def _label(samples: SampleSet, family: str) -> NDArray[np.int64]:
    """Return the labels of a family; a missing one is -1."""
    return np.asarray(np.nan_to_num(samples.scalar(family).astype(float), nan=-1), dtype=np.int64)
