"""Judge a saved sieve on samples: the exported graphs, its own thresholds, a report."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skysieve.evaluation.sieve_evaluation import SieveEvaluation
from skysieve.evaluation.sieve_figures import sieve_figures_json
from skysieve.evaluation.sieve_rates import Night
from skysieve.models.sieve import Sieve
from skysieve.recipes.json_file import write_json
from skysieve.recipes.judge_sieve import judge_samples
from skysieve.recipes.sieve_recipe import SIEVE_RECIPES, SieveConfiguration
from skysieve.recipes.sieve_report import write_report_of_sieve
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
        Figures with intervals.
    report, table : Path
        The HTML report, and the figures as JSON.
    """

    evaluation: SieveEvaluation
    figures: dict[str, Any]
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
        Judge this split of the set only; all samples if empty.
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
    rows = samples.split_rows(split) if split else np.arange(len(samples))
    labels = None
    if recipe is not None:
        present = [family for family in recipe.questions if family in samples.column_names]
        labels = {family: recipe.family_samples(samples, family).labels for family in present}
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
    figures = sieve_figures_json(evaluation)
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
    )
    return SieveEvaluationRun(evaluation, figures, report, place / "evaluation.json")
