"""Judge a saved sieve on samples: the exported graphs, its own thresholds, a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.evaluation.sieve_evaluation import SieveEvaluation
from skysieve.evaluation.sieve_figures import sieve_figures_json
from skysieve.evaluation.sieve_rates import Night
from skysieve.models.sieve import Sieve
from skysieve.recipes.json_file import write_json
from skysieve.recipes.judge_sieve import judge_samples
from skysieve.recipes.seen_groups import SEEN, seen_finding, seen_samples
from skysieve.recipes.sieve_recipe import SIEVE_RECIPES, SieveConfiguration, SieveRecipe
from skysieve.recipes.sieve_report import write_report_of_sieve
from skysieve.recipes.split_of_run import with_split_of_run
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.scoring.sample_scores import score_pool

__all__ = ["SieveEvaluationRun", "evaluate_sieve"]


@dataclass(frozen=True)
class SieveEvaluationRun:
    """What an evaluation left.

    Parameters
    ----------
    evaluation : SieveEvaluation
        The samples, judged.
    figures : dict
        Figures with intervals; ``samples_seen_in_training`` counts samples of groups that a member was
        trained or chosen on.
    findings : tuple of Finding
        What limits the figures.
    report, table : Path
        The HTML report, and the figures as JSON.
    """

    evaluation: SieveEvaluation
    figures: dict[str, Any]
    findings: tuple[Finding, ...]
    report: Path
    table: Path


def evaluate_sieve(
    sieve: Sieve,
    inputs: Sequence[str | Path],
    folder: str | Path,
    *,
    settings: SieveConfiguration | None = None,
    split: str = "",
    threads: int = 1,
) -> SieveEvaluationRun:
    """Judge a sieve by its exported graphs, at the thresholds that its training chose.

    Parameters
    ----------
    sieve : Sieve
        The sieve.
    inputs : sequence of path
        A sample set, or what the sieve's recipe can make one from.
    folder : path
        Where report and figures go.
    settings : SieveConfiguration, optional
        Night, prevalence, replicates, seed, labels; as in the sieve's recipe if not given.
    split : str
        Judge this split of the set only: the set's own, or that of the run folder in which the sieve lies.
        All samples if empty; those that a member was trained on flatter it.
    threads : int
        Of the inference engine.

    Raises
    ------
    ContractError
        If the samples are not what the sieve expects.
    SampleSetError
        If no sample has a label.
    """
    name = str(sieve.description.provenance.get("recipe", ""))
    recipe = SIEVE_RECIPES.get(name) if name in SIEVE_RECIPES else None
    if settings is None:
        settings = SieveConfiguration() if recipe is None else recipe.configuration
    samples = SampleSet.open(inputs[0]) if recipe is None else recipe.samples(inputs, settings.model)
    if split:
        samples = with_split_of_run(samples, sieve.folder)
    rows = samples.split_rows(split) if split else np.arange(len(samples))
    seen = _seen(sieve, samples)[rows]
    labels = None if recipe is None else _labels(recipe, samples)
    evaluation = judge_samples(
        sieve,
        samples,
        score_pool(sieve, samples, threads=threads).scores,
        split=split or "all labelled samples",
        rows=rows,
        labels=labels,
        night=Night(streaks=settings.night, prevalence=settings.prevalence),
        replicates=settings.model.evaluation.replicates,
        seed=settings.model.evaluation.seed,
    )
    figures = sieve_figures_json(evaluation) | {SEEN: int(seen.sum())}
    findings = seen_finding(seen)
    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    write_json(place / "evaluation.json", figures)
    report = write_report_of_sieve(
        place / "report.html",
        sieve,
        evaluation,
        samples,
        rows,
        published=() if recipe is None else recipe.published,
        findings=findings,
    )
    return SieveEvaluationRun(evaluation, figures, findings, report, place / "evaluation.json")


def _seen(sieve: Sieve, samples: SampleSet) -> NDArray[np.bool_]:
    """Say of which samples some member has seen the group."""
    found = np.zeros(len(samples), dtype=bool)
    for member in sieve.members:
        seen = seen_samples(samples, member.model.description.provenance)
        if seen is not None:
            found |= seen
    return found


def _labels(recipe: SieveRecipe, samples: SampleSet) -> dict[str, NDArray[np.int64]]:
    """Return the labels of every family; of one that the samples have no label of, -1."""
    labels = {"os": recipe.truth(samples)}
    for family in recipe.questions():
        try:
            labels[family] = recipe.family_samples(samples, family).labels
        except SampleSetError:
            labels[family] = np.full(len(samples), -1, dtype=np.int64)
    return labels
