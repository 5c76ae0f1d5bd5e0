"""Explain what a saved model made of samples: a set of maps, and a page to look at."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.configuration import as_dict
from skysieve.evaluation.explanation_page import ExplanationContent, write_explanation_page
from skysieve.explanation.registry import Explainer, build_explainer
from skysieve.models.card import disclosure
from skysieve.models.model import Model
from skysieve.recipes.explain_configuration import ExplainConfig, SanityConfig
from skysieve.recipes.explained_batches import Explained, ExplainPlan, explain_batches
from skysieve.recipes.explained_labels import explained_labels
from skysieve.recipes.explained_model import ExplainedModel
from skysieve.recipes.explanation_figures import ExplanationFigures, mask_rows, similarity_rows
from skysieve.recipes.json_file import write_json
from skysieve.recipes.made_images import with_images
from skysieve.recipes.model_samples import classes_by_name
from skysieve.recipes.split_of_run import with_split_of_run
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet

__all__ = ["ExplainConfig", "ExplanationRun", "SanityConfig", "explain_samples"]

#: Error of integrated gradients, as a share of what they should add up to, from which it is told.
LARGE_ERROR = 0.05


@dataclass(frozen=True)
class ExplanationRun:
    """What explaining left.

    Parameters
    ----------
    maps : Path
        The sample set of maps.
    page : Path
        The gallery.
    table : Path
        The figures as JSON.
    figures : ExplanationFigures
        Against masks, and against randomised networks.
    samples : int
        How many were explained.
    findings : tuple of Finding
        What limits maps or page.
    disclosure : str
        How the labels came to be, where that limits what figures mean.
    """

    maps: Path
    page: Path
    table: Path
    figures: ExplanationFigures
    samples: int
    findings: tuple[Finding, ...]
    disclosure: str = ""


def explain_samples(
    model: Model | str | Path,
    samples: SampleSet | str | Path,
    folder: str | Path,
    method: str | Explainer = "grad-cam",
    *,
    config: ExplainConfig | None = None,
    split: str = "",
    sanity: bool = False,
    progress: bool = False,
) -> ExplanationRun:
    """Map what a model looked at, and write the maps and a gallery.

    Parameters
    ----------
    model : Model or path
        A model, its folder, the name of a shipped one, or a member of a sieve (``streaks/rb-1``).
    samples : SampleSet or path
        May be larger than memory. A tensor column ``mask`` (1, H, W) is compared with the maps.
    folder : path
        Gets ``maps.parquet``, ``gallery.html`` and ``explanation.json``.
    method : str or Explainer
        Name in `skysieve.explanation.EXPLAINERS`, or an explainer with its settings.
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
        If a setting is wrong, or the network cannot be explained in this way.
    SampleSetError
        If there is no sample to explain.
    """
    settings = config or ExplainConfig()
    explained = ExplainedModel.open(model)
    explainer = build_explainer(method) if isinstance(method, str) else method
    chosen = samples if isinstance(samples, SampleSet) else SampleSet.open(samples)
    if split:
        chosen = with_split_of_run(chosen, explained.model.folder)
    chosen = with_images(explained.model.description.contract, classes_by_name(explained.model, chosen))
    explained.check(chosen)
    labels, findings = explained_labels(chosen, explained.model, settings.label)
    plan = ExplainPlan(explained, explainer, settings, chosen, labels, _rows(chosen, split, settings), sanity)
    place = Path(folder)
    found = explain_batches(plan, place / "maps.parquet", progress=progress)
    figures = found.figures.summary(replicates=settings.replicates, seed=settings.seed)
    missed = found.figures.incompleteness()
    findings += _incompleteness_finding(missed)
    source = "a set in memory" if isinstance(samples, SampleSet) else Path(samples).name
    write_explanation_page(place / "gallery.html", _content(plan, found, figures, source, findings))
    write_json(
        place / "explanation.json",
        {
            "model": explained.model.description.name,
            "identity": explained.model.identity,
            "method": found.method,
            "settings": as_dict(settings),
            "samples": len(plan.rows),
            "incompleteness": missed,
            "labels": _disclosed(plan),
        }
        | figures.to_json(),
    )
    return ExplanationRun(
        maps=place / "maps.parquet",
        page=place / "gallery.html",
        table=place / "explanation.json",
        figures=figures,
        samples=len(plan.rows),
        findings=findings,
        disclosure=_disclosed(plan),
    )


def _disclosed(plan: ExplainPlan) -> str:
    origin = plan.samples.description.label_origin
    # Nobody asks where labels come from that are not there; images may be simulated all the same.
    return disclosure(origin) if origin or (plan.labels[plan.rows] >= 0).any() else ""


def _rows(samples: SampleSet, split: str, settings: ExplainConfig) -> NDArray[np.int64]:
    rows = samples.split_rows(split) if split else np.arange(len(samples))
    if settings.limit and settings.limit < len(rows):
        rows = np.random.default_rng(settings.seed).choice(rows, settings.limit, replace=False)
    return np.sort(rows)


def _incompleteness_finding(missed: float | None) -> tuple[Finding, ...]:
    if missed is None or missed <= LARGE_ERROR:
        return ()
    reason = (
        f"attributions miss the difference of the logits by {missed:.0%} on average; "
        "take more steps (method.steps), or another baseline"
    )
    return (Finding("integrated-gradients", "incomplete", reason, "warning"),)


def _content(
    plan: ExplainPlan,
    found: Explained,
    figures: ExplanationFigures,
    source: str,
    findings: tuple[Finding, ...],
) -> ExplanationContent:
    """Return what the page shows."""
    model, config = plan.explained.model, plan.config
    columns, rows = mask_rows(figures)
    return ExplanationContent(
        title=f"What {model.description.name} looked at",
        facts={
            "samples": f"{len(plan.rows):,} of {source}",
            "method": found.method["name"],
            "activation": str(found.method.get("activation", "")),
            "maps for": "the class that is called" if config.target == "predicted" else config.target,
            "identity": model.identity[:12],
        },
        method_text=plan.explainer.reading,
        signed=plan.explainer.signed,
        unit=plan.explainer.unit,
        score_of=model.description.classes[1] if len(plan.classes) == 2 else "the class that is called",
        channels=model.description.contract.channels,
        panels=[keeper.panel() for keeper in found.keepers],
        notes=[f"{finding.reason[0].upper()}{finding.reason[1:]}." for finding in findings],
        columns=columns,
        figures=rows,
        figures_text=_masks_text(figures),
        similarity=similarity_rows(figures),
        similarity_text=_similarity_text(figures, config.sanity),
        provenance=_provenance(plan, found),
        disclosure=_disclosed(plan),
    )


def _masks_text(figures: ExplanationFigures) -> str:
    text = (
        f"{figures.masks:,} samples have a mask. Means over them, with 95 % intervals by bootstrap over "
        "groups; by chance: what a map drawn at random would reach."
    )
    if not figures.randomised:
        return text
    return (
        f"{text} The gap is that between this network and the randomised ones on the same "
        f"{figures.compared:,} samples: what a map owes to learning, and not to bright pixels."
    )


def _similarity_text(figures: ExplanationFigures, sanity: SanityConfig) -> str:
    networks = "a network" if sanity.networks == 1 else f"{sanity.networks} networks"
    return (
        f"{figures.compared:,} samples, drawn at random, were explained again by {networks} with the same "
        "weights in random order, for the same class. A map that stays the same shows the image and not "
        "what the network has learned."
    )


def _provenance(plan: ExplainPlan, found: Explained) -> dict[str, Mapping[str, Any]]:
    model = plan.explained.model
    settings = {name: value for name, value in as_dict(plan.config).items() if name != "sanity"}
    tables: dict[str, Mapping[str, Any]] = {
        "model": {
            "name": model.description.name,
            "identity": model.identity,
            "network": model.description.network.get("name", ""),
            "labels": plan.samples.description.label_origin,
        },
        "method": found.method,
        "settings": settings,
    }
    return tables | ({"sanity": as_dict(plan.config)["sanity"]} if plan.sanity else {})
