"""Explain what a saved model made of samples: a set of maps, and a page to look at."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.configuration import as_dict
from skysieve.evaluation.explanation_page import write_explanation_page
from skysieve.explanation.registry import Explainer, build_explainer
from skysieve.explanation.sequence_registry import SequenceExplainer, build_sequence_explainer
from skysieve.models.model import Model
from skysieve.recipes.explain_configuration import ExplainConfig, SanityConfig
from skysieve.recipes.explain_features import explain_features
from skysieve.recipes.explained_batches import ExplainPlan, Subject, explain_batches
from skysieve.recipes.explained_images import ExplainedImages
from skysieve.recipes.explained_labels import disclosed, explained_labels
from skysieve.recipes.explained_model import ExplainedModel, found_model
from skysieve.recipes.explained_page import network_content
from skysieve.recipes.explained_sequences import ExplainedSequences
from skysieve.recipes.explanation_run import GALLERY, MAPS, TABLE, ExplanationRun
from skysieve.recipes.json_file import write_json
from skysieve.recipes.made_images import with_images
from skysieve.recipes.model_samples import classes_by_name
from skysieve.recipes.split_of_run import with_split_of_run
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet

__all__ = ["ExplainConfig", "ExplanationRun", "SanityConfig", "explain_samples"]

#: Error of integrated gradients, as a share of what they should add up to, from which it is told.
LARGE_ERROR = 0.05


def explain_samples(
    model: Model | str | Path,
    samples: SampleSet | str | Path,
    folder: str | Path,
    method: str | Explainer | SequenceExplainer = "",
    *,
    settings: Mapping[str, Any] | None = None,
    config: ExplainConfig | None = None,
    split: str = "",
    sanity: bool = False,
    progress: bool = False,
) -> ExplanationRun:
    """Tell what a model looked at, and write it as a sample set and a gallery.

    Of images every pixel is told, of light curves and other sequences every point, of tables every feature.

    Parameters
    ----------
    model : Model or path
        A model, its folder, the name of a shipped one, or a member of a sieve (``streaks/rb-1``).
    samples : SampleSet or path
        May be larger than memory. A tensor column ``mask`` (1, H, W) is compared with maps of images.
    folder : path
        Gets ``maps.parquet``, ``gallery.html`` and ``explanation.json``.
    method : str or Explainer or SequenceExplainer
        Images: a name in `EXPLAINERS`, ``grad-cam`` if empty; sequences: one in `SEQUENCE_EXPLAINERS`,
        ``integrated-gradients`` if empty; features: ``occlusion``. Or an explainer with its settings.
    settings : mapping, optional
        Of a method that is given by its name.
    config : ExplainConfig, optional
        What is explained and shown.
    split : str
        Explain this split of the set only.
    sanity : bool
        Compare with networks whose weights stand in random order.
    progress : bool
        Show a bar.

    Returns
    -------
    ExplanationRun
        Places and figures.

    Raises
    ------
    ContractError
        If the samples are not what the model takes.
    ConfigurationError
        If a setting is wrong, or the model cannot be explained in this way.
    SampleSetError
        If there is no sample to explain.
    """
    config = config or ExplainConfig()
    opened = found_model(model)
    chosen = samples if isinstance(samples, SampleSet) else SampleSet.open(samples)
    source = "a set in memory" if isinstance(samples, SampleSet) else Path(samples).name
    if split:
        chosen = with_split_of_run(chosen, opened.folder)
    chosen, place = classes_by_name(opened, chosen), Path(folder)
    rows = _rows(chosen, split, config)
    if len(opened.description.contract.shape) == 1:
        return explain_features(
            opened,
            chosen,
            rows,
            place,
            method=method,
            settings=settings,
            config=config,
            source=source,
            unseen=split in ("validation", "test"),
            sanity=sanity,
            progress=progress,
        )
    plan, findings = _plan(opened, chosen, rows, method, settings, config, sanity)
    return _explained(plan, place, source, findings, progress=progress)


def _rows(samples: SampleSet, split: str, settings: ExplainConfig) -> NDArray[np.int64]:
    rows = samples.split_rows(split) if split else np.arange(len(samples))
    if settings.limit and settings.limit < len(rows):
        rows = np.random.default_rng(settings.seed).choice(rows, settings.limit, replace=False)
    return np.sort(rows)


def _plan(
    opened: Model,
    samples: SampleSet,
    rows: NDArray[np.int64],
    method: str | Explainer | SequenceExplainer,
    settings: Mapping[str, Any] | None,
    config: ExplainConfig,
    sanity: bool,
) -> tuple[ExplainPlan, tuple[Finding, ...]]:
    """Return what to do for a model that is a network."""
    contract = opened.description.contract
    explainer: Any = method
    if isinstance(method, str):
        build = build_sequence_explainer if contract.sequence else build_explainer
        explainer = build(method or ("integrated-gradients" if contract.sequence else "grad-cam"), settings)
    explained = ExplainedModel.open(opened)
    subject: Subject
    if contract.sequence:
        subject = ExplainedSequences.of(explainer, contract, samples)
    else:
        samples = with_images(contract, samples)
        explained.check(samples)
        subject = ExplainedImages.of(explainer, contract, samples)
    labels, findings = explained_labels(samples, opened, config.label)
    return ExplainPlan(explained, subject, explainer, config, samples, labels, rows, sanity), findings


def _explained(
    plan: ExplainPlan, place: Path, source: str, findings: tuple[Finding, ...], *, progress: bool
) -> ExplanationRun:
    """Explain by a plan, and write everything."""
    model, config = plan.explained.model, plan.config
    found = explain_batches(plan, place / MAPS, progress=progress)
    figures = found.figures.summary(replicates=config.replicates, seed=config.seed)
    missed = found.figures.incompleteness()
    findings += _incompleteness_finding(missed)
    write_explanation_page(place / GALLERY, network_content(plan, found, figures, source, findings))
    told = disclosed(plan.samples, plan.labels, plan.rows)
    write_json(
        place / TABLE,
        {
            "model": model.description.name,
            "identity": model.identity,
            "method": found.method,
            "settings": as_dict(config),
            "samples": len(plan.rows),
            "incompleteness": missed,
            "labels": told,
        }
        | figures.to_json(),
    )
    return ExplanationRun(
        maps=place / MAPS,
        page=place / GALLERY,
        table=place / TABLE,
        figures=figures,
        samples=len(plan.rows),
        findings=findings,
        disclosure=told,
        method=found.method["name"],
    )


def _incompleteness_finding(missed: float | None) -> tuple[Finding, ...]:
    if missed is None or missed <= LARGE_ERROR:
        return ()
    reason = (
        f"attributions miss the difference of the logits by {missed:.0%} on average; "
        "take more steps (method.steps), or another baseline"
    )
    return (Finding("integrated-gradients", "incomplete", reason, "warning"),)
