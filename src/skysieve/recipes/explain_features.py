"""Explain a model of features: which of them decided, for each sample and over all of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from skysieve.configuration import as_dict, override
from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.effect_bars import EFFECT_LEGEND, effect_bars
from skysieve.evaluation.explanation_page import (
    DrawnSample,
    ExplanationContent,
    Ranking,
    write_explanation_page,
)
from skysieve.models.model import Model
from skysieve.models.readings import read_arrays
from skysieve.progress import progress_bar
from skysieve.recipes.explain_configuration import ExplainConfig, target_classes
from skysieve.recipes.explained_labels import disclosed, explained_labels
from skysieve.recipes.explained_model import Verdicts
from skysieve.recipes.explained_panels import PanelKeeper, panel_plans
from skysieve.recipes.explanation_figures import ExplanationFigures
from skysieve.recipes.explanation_run import GALLERY, MAPS, TABLE, ExplanationRun
from skysieve.recipes.feature_classifiers import FittedFeatureClassifier
from skysieve.recipes.feature_effects import FeatureOcclusion, feature_effects
from skysieve.recipes.feature_importances import FeatureImportances, permutation_importances
from skysieve.recipes.feature_table import FeatureReference, FeatureTable
from skysieve.recipes.json_file import write_json
from skysieve.samples.description import Description, TensorColumn
from skysieve.samples.findings import Finding
from skysieve.samples.parquet import SampleWriter
from skysieve.samples.sample_set import SampleSet

__all__ = ["OCCLUSION", "explain_features"]

#: Name of the method.
OCCLUSION = "occlusion"

METHOD_TEXT = (
    "Occlusion: the probability of the class less its mean when one feature is replaced by that of other "
    "samples and all others stay. It is what the graph answers, exactly and without a model of the model."
)
CAUTION = (
    "Features are replaced one at a time. Where two say the same, neither seems to count; a replaced feature "
    "may not fit the others, so that the model is asked about a sample that cannot be; and effects do not "
    "add up to the probability. They tell what this model uses, not what makes the class."
)


def explain_features(
    model: Model,
    samples: SampleSet,
    rows: NDArray[np.int64],
    place: Path,
    *,
    method: Any = "",
    settings: Mapping[str, Any] | None = None,
    config: ExplainConfig,
    source: str,
    unseen: bool,
    sanity: bool = False,
    progress: bool = False,
) -> ExplanationRun:
    """Tell which features decided, and write them as a sample set, a gallery and a table.

    Parameters
    ----------
    model : Model
        A model of features; its graph is all that is asked.
    samples : SampleSet
        What it takes.
    rows : ndarray of int, ascending
        The samples to explain.
    place : Path
        Folder to write to.
    method : str
        ``occlusion``, or empty.
    settings : mapping, optional
        Of `FeatureOcclusion`.
    config : ExplainConfig
        What is explained and shown.
    source : str
        What the page calls the samples.
    unseen : bool
        Whether the model was not fitted to these samples, as far as is known.
    sanity : bool
        Not possible, and refused.
    progress : bool
        Show a bar.

    Raises
    ------
    ConfigurationError
        If another method or a sanity check is asked for, or a setting is wrong.
    SampleSetError
        If there are fewer than two samples.
    ContractError
        If the samples are not what the model takes.
    """
    _check(method, sanity, rows)
    occlusion = override(FeatureOcclusion(), settings or {})
    labels, findings = explained_labels(samples, model, config.label)
    values = read_arrays(model.description.contract, samples, rows)
    verdicts = Verdicts.of(model.predict(values))
    table = _Explained(model, config, occlusion, samples, rows, labels[rows], values, verdicts)
    effects = table.effects(progress=progress)
    importances = table.importances()
    findings += _findings(importances, unseen)
    told = disclosed(samples, labels, rows)
    table.write_effects(place / MAPS, effects)
    write_explanation_page(place / GALLERY, table.content(effects, importances, source, findings, told))
    write_json(place / TABLE, table.figures(effects, importances) | {"labels": told})
    return ExplanationRun(
        maps=place / MAPS,
        page=place / GALLERY,
        table=place / TABLE,
        figures=ExplanationFigures(),
        samples=len(rows),
        findings=findings,
        disclosure=told,
        method=OCCLUSION,
    )


@dataclass(frozen=True, eq=False)
class _Explained:
    """Samples of features and what the model says of them; all arrays in the order of the rows."""

    model: Model
    config: ExplainConfig
    occlusion: FeatureOcclusion
    samples: SampleSet
    rows: NDArray[np.int64]
    labels: NDArray[np.int64]
    values: NDArray[np.float32]
    verdicts: Verdicts

    @property
    def names(self) -> tuple[str, ...]:
        return self.model.description.contract.channels

    @property
    def classes(self) -> tuple[str, ...]:
        return self.model.description.classes

    @property
    def targets(self) -> NDArray[np.int64]:
        return target_classes(self.config.target, self.classes, self.verdicts.called)

    def effects(self, *, progress: bool) -> NDArray[np.float64]:
        """Return the effect of every feature on every sample, shape (N, F)."""
        # One more is drawn than is used, so that no sample lends features to itself.
        count = min(self.occlusion.background + 1, len(self.rows))
        drawn = np.random.default_rng(self.config.seed).choice(len(self.rows), count, replace=False)
        targets = self.targets
        effects = np.empty(self.values.shape)
        with progress_bar("explaining", len(self.rows), enabled=progress) as bar:
            for at in range(len(self.rows)):
                others = drawn[drawn != at][: self.occlusion.background]
                effects[at] = feature_effects(
                    self.model.predict, self.values[at], self.values[others], int(targets[at])
                )
                bar.advance(1)
        return effects

    def importances(self) -> FeatureImportances | None:
        """Return what is lost when a feature is shuffled; None without labels."""
        known = np.flatnonzero(self.labels >= 0)
        if not len(known):
            return None
        table = FeatureTable(self.names, self.values.astype(np.float64)).take(known)
        fitted = FittedFeatureClassifier(
            self.model.description.name,
            self.classes,
            FeatureReference(self.names, {}),
            cast("Any", _Graph(self.model)),
        )
        labels = self.labels[known]
        whole = len(np.unique(labels)) == len(self.classes)
        return permutation_importances(
            fitted,
            table,
            labels,
            figure="balanced_accuracy" if whole else "accuracy",
            repeats=self.occlusion.repeats,
            seed=self.config.seed,
        )

    def write_effects(self, path: Path, effects: NDArray[np.float64]) -> None:
        """Write features and their effects as a sample set."""
        shape, chosen = (len(self.names),), self.samples.select(self.rows)
        unit = self.model.description.contract.unit
        layout = Description(
            tensors={
                "features": TensorColumn(shape, channels=self.names, unit=unit),
                "effect": TensorColumn(shape, channels=self.names, unit="probability"),
            },
            classes=self.classes,
            label_origin=self.samples.description.label_origin,
            origin={
                "model": self.model.description.name,
                "identity": self.model.identity,
                "method": self._method(),
                "settings": as_dict(self.config),
                "samples": dict(self.samples.description.origin),
            },
        )
        with SampleWriter(path, layout) as writer:
            writer.write(
                {
                    "id": chosen.ids,
                    "group": chosen.groups,
                    "label": [None if label < 0 else int(label) for label in self.labels],
                    "score": self.verdicts.score,
                    "predicted": self.verdicts.called,
                    "target": self.targets,
                    "features": self.values,
                    "effect": effects,
                }
            )

    def figures(self, effects: NDArray[np.float64], importances: FeatureImportances | None) -> dict[str, Any]:
        """Return what stands in the JSON file."""
        sizes = np.abs(effects).mean(axis=0)
        order = np.argsort(-sizes, kind="stable")
        return {
            "model": self.model.description.name,
            "identity": self.model.identity,
            "method": self._method(),
            "settings": as_dict(self.config),
            "samples": len(self.rows),
            "mean_effect_size": [{"feature": self.names[at], "size": float(sizes[at])} for at in order],
            "importances": None if importances is None else importances.to_json(),
        }

    def content(
        self,
        effects: NDArray[np.float64],
        importances: FeatureImportances | None,
        source: str,
        findings: tuple[Finding, ...],
        told: str,
    ) -> ExplanationContent:
        """Return what the page shows."""
        name, config = self.model.description.name, self.config
        return ExplanationContent(
            title=f"What {name} decided by",
            facts={
                "samples": f"{len(self.rows):,} of {source}",
                "method": OCCLUSION,
                "effects on": "the class that is called" if config.target == "predicted" else config.target,
                "identity": self.model.identity[:12],
            },
            method_text=METHOD_TEXT,
            signed=True,
            unit="",
            score_of=self.classes[1] if len(self.classes) == 2 else "the class that is called",
            channels=self.names,
            panels=[keeper.panel() for keeper in self._kept(effects)],
            notes=[f"{finding.reason[0].upper()}{finding.reason[1:]}." for finding in findings],
            provenance={
                "model": {"name": name, "identity": self.model.identity},
                "method": self._method(),
                "settings": {key: value for key, value in as_dict(config).items() if key != "sanity"},
            },
            disclosure=told,
            reading_text=EFFECT_LEGEND,
            caution=CAUTION,
            unchecked="The table over all samples says what the model needs."
            if importances is not None
            else "Without labels nothing on this page says what the model needs over all samples.",
            score_bar=False,
            ranking=None if importances is None else _ranking(importances, int((self.labels >= 0).sum())),
        )

    def _method(self) -> dict[str, Any]:
        return {"name": OCCLUSION} | as_dict(self.occlusion)

    def _kept(self, effects: NDArray[np.float64]) -> list[PanelKeeper]:
        config, verdicts = self.config, self.verdicts
        labelled = bool((self.labels >= 0).any())
        keepers = [
            PanelKeeper(plan, config.shown, config.order)
            for plan in panel_plans(self.classes, config.low, config.high, labelled)
        ]
        drawn = np.random.default_rng(config.seed).random(len(self.rows))
        ids, targets = self.samples.ids[self.rows], self.targets
        for keeper in keepers:
            priority = drawn if keeper.order == "random" else verdicts.confidence
            for at in np.flatnonzero(keeper.members(self.labels, verdicts.called, verdicts.confidence)):
                if keeper.wants(priority[at]):
                    sample = self._sample(int(at), str(ids[at]), int(targets[at]), effects[at])
                    keeper.keep(float(priority[at]), int(self.rows[at]), sample)
        return keepers

    def _sample(self, at: int, name: str, target: int, effects: NDArray[np.float64]) -> DrawnSample:
        values, names = self.values[at], self.names

        def draw(_: str) -> Markup:
            return effect_bars(names, values, effects, label=name)

        return DrawnSample(
            id=name,
            score=float(self.verdicts.score[at]),
            label=self.classes[self.labels[at]] if self.labels[at] >= 0 else "",
            called=self.classes[self.verdicts.called[at]],
            target=self.classes[target],
            draw=draw,
        )


class _Graph:
    """A model as the classifier that `permutation_importances` asks for classes."""

    def __init__(self, model: Model) -> None:
        self._model = model

    def predict(self, values: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the class of each sample."""
        return Verdicts.of(self._model.predict(values.astype(np.float32))).called


def _check(method: Any, sanity: bool, rows: NDArray[np.int64]) -> None:
    if method not in ("", OCCLUSION):
        given = method if isinstance(method, str) else type(method).__name__
        raise ConfigurationError(
            f"{given} explains a network of images or sequences, and this model reads a row of features; use "
            f"{OCCLUSION} instead"
        )
    if sanity:
        raise ConfigurationError(
            "a model of features is explained by its graph alone, whose weights cannot be put in random "
            "order; leave --sanity out: the table of importances says what the model needs"
        )
    if len(rows) < 2:
        raise SampleSetError(
            f"{len(rows)} sample to explain; features are replaced by those of others, give 2"
        )


def _findings(importances: FeatureImportances | None, unseen: bool) -> tuple[Finding, ...]:
    if importances is None or unseen:
        return ()
    reason = (
        "importances may be of samples that the model was fitted to, which flatters it; --split test takes "
        "those that it was judged on"
    )
    return (Finding("importances", "seen-samples", reason, "note"),)


def _ranking(importances: FeatureImportances, count: int) -> Ranking:
    figure = importances.figure.replace("_", " ")
    text = (
        f"What the {figure} of {importances.reference:.3f} on {count:,} samples with labels loses when a "
        "feature is shuffled among them (permutation importances, Breiman 2001). Features that say the same "
        "share their importance: one can replace the other."
    )
    return Ranking(text, importances.ranked())
