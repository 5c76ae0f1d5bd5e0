"""DeepStreaks: which streaks in difference images are near-Earth objects.

Duev et al. 2019, "DeepStreaks: identifying fast-moving objects in the Zwicky Transient Facility data
with deep learning", MNRAS 486, 4158. Three families of binary classifiers see the same difference
cutout, 144 x 144 pixels in grey levels: ``rb`` (bogus or a streak of any origin), ``sl`` (long or short)
and ``kd`` (ditch or keep). A streak is plausible if at least one member of every family says so.
A one-shot classifier ``os`` (plausible or anything else) was dropped for it in February 2019.

Protocol as published: VGG6, ResNet50 and DenseNet121 in each family, binary cross-entropy, Adam at a
rate of 1e-3, batches of 32, 200 epochs, flips as augmentation, 10 % of the samples to judge and 5 %
of the rest to watch. Published weights were those of the last epoch; here they are those of the best
epoch on the validation split, the splits are by group, and the scores are calibrated.

``sl`` is defined for streaks only, ``kd`` for what is not long: each family learns the question that the
others leave to it. Published training sets were made by people and are not public.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.evaluation.report_content import PublishedFigure
from skysieve.models.contract import InputContract
from skysieve.recipes.configuration import (
    Configuration,
    EvaluationConfig,
    NetworkConfig,
    SplitConfig,
    ThresholdConfig,
)
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.recipes.sieve_recipe import SIEVE_RECIPES, SieveConfiguration, SieveRecipe
from skysieve.samples.sample_set import SampleSet
from skysieve.sources.simulators.streaks import STREAK_KINDS
from skysieve.sources.streaks.families import FAMILY_ANSWERS
from skysieve.training.configuration import AugmentationConfig, TrainingConfig

__all__ = ["DEEPSTREAKS", "FAMILIES", "family_samples", "joint_truth", "streak_samples"]

CONTRACT = InputContract(
    shape=(1, 144, 144),
    channels=("difference",),
    unit="grey level",
    nan="there is none: masked pixels hold the grey of empty sky",
    smaller="refuse",
    surveys=("ZTF",),
)

CONFIGURATION = Configuration(
    preprocess=("unit-range",),
    splits=SplitConfig(train=0.855, validation=0.045, test=0.10, seed=42),
    network=NetworkConfig(name="vgg6"),
    training=TrainingConfig(
        epochs=200,
        batch_size=32,
        learning_rate=1e-3,
        betas=(0.9, 0.999),
        optimizer="adam",
        patience=150,
        augmentation=AugmentationConfig(flips=True, rotations=False),
    ),
    threshold=ThresholdConfig(rule="fixed", value=0.5),
    evaluation=EvaluationConfig(magnitude="magnitude"),
)

_PAPER = "Duev et al. 2019, MNRAS 486, 4158"
_LEGEND = "legend of the ROC figure of dmitryduev/DeepStreaks, models of January 2019"
_NOTE = "human labels, not public"
_LIMITS = (
    "Made for difference cutouts of ZTF as its streak pipeline distributes them: 157 pixels of one "
    "arcsecond, 8 bit. Trained on simulated cutouts unless the card says otherwise."
)


@dataclasses.dataclass(frozen=True)
class _Family:
    """What is particular about a family."""

    title: str
    classes: tuple[str, ...]
    summary: str
    auc: dict[str, str]


FAMILIES = {
    "rb": _Family(
        "bogus or a streak of any origin",
        FAMILY_ANSWERS["rb"],
        "Tells streaks (asteroids, satellites, cosmic rays) from artefacts of detector, optics, subtraction.",
        {"vgg6": "0.99084", "resnet50": "0.99461", "densenet121": "0.99750"},
    ),
    "sl": _Family(
        "long or short streak",
        FAMILY_ANSWERS["sl"],
        "Tells streaks that lie within the cutout from those that cross it.",
        {"vgg6": "0.98807", "resnet50": "0.99954", "densenet121": "0.99797"},
    ),
    "kd": _Family(
        "keep or ditch",
        FAMILY_ANSWERS["kd"],
        "Tells streaks that may be an asteroid from cosmic rays, flashes and look-alikes.",
        {"vgg6": "0.98150", "resnet50": "0.99194", "densenet121": "0.99383"},
    ),
    "os": _Family(
        "plausible asteroid or anything else, in one step",
        FAMILY_ANSWERS["os"],
        "Tells streaks that may be an asteroid from everything else that the streak pipeline finds.",
        {"vgg6": "0.99428", "resnet50": "0.99658", "densenet121": "0.99789"},
    ),
}
"""The families by name; the label of each is the column of the same name."""

KIND = _Family(
    "which kind of streak or artefact",
    tuple(STREAK_KINDS),
    "Names what was found: asteroid, satellite, cosmic ray, ghost and other kinds of the streak simulator.",
    {},
)
"""All kinds at once, the label being the column ``kind``: what the other networks may start from."""


def joint_truth(samples: SampleSet) -> NDArray[np.int64]:
    """Return whether each streak ought to pass, shape (N,): 1, 0, or -1 where that is not known.

    The label ``os`` where there is one. Otherwise a streak to which any of rb, sl and kd says no is not
    plausible, and one to which all of them say yes is.
    """
    present = samples.column_names
    stages = [_labels(samples, name) for name in ("rb", "sl", "kd") if name in present]
    truth = _labels(samples, "os") if "os" in present else np.full(len(samples), -1)
    if stages:
        said_no = np.any([stage == 0 for stage in stages], axis=0)
        said_yes = (len(stages) == 3) & np.all([stage == 1 for stage in stages], axis=0)
        derived = np.where(said_no, 0, np.where(said_yes, 1, -1))
        truth = np.where(truth >= 0, truth, derived)
    return np.asarray(truth, dtype=np.int64)


def _labels(samples: SampleSet, column: str) -> NDArray[np.int64]:
    return np.asarray(np.nan_to_num(samples.scalar(column).astype(float), nan=-1), dtype=np.int64)


def _recipe(name: str, family: _Family) -> Recipe:
    def prepare(inputs: Sequence[str | Path], configuration: Configuration) -> SampleSet:
        return family_samples(streak_samples(inputs, configuration), name)

    return Recipe(
        name=f"deepstreaks-{name}",
        title=f"streak cutouts: {family.title}",
        paper=_PAPER,
        summary=family.summary,
        limits=_LIMITS,
        classes=family.classes,
        contract=CONTRACT,
        configuration=CONFIGURATION,
        prepare=prepare,
        published=tuple(
            PublishedFigure(f"ROC AUC, {network}", auc, _LEGEND, "roc_auc", note=_NOTE)
            for network, auc in family.auc.items()
        ),
    )


def streak_samples(inputs: Sequence[str | Path], configuration: Configuration) -> SampleSet:
    """Return streak cutouts with the label columns of the families.

    Parameters
    ----------
    inputs : sequence of path
        One sample set with columns rb, sl, kd, os (1, 0, or -1 where undefined); or folders of cutouts
        with a JSON of Zwickyverse labels, or a table, that ``labels.table`` names.
    configuration : Configuration
        For ``labels.table``.
    """
    if len(inputs) == 1 and Path(inputs[0]).suffix == ".parquet":
        samples = SampleSet.open(inputs[0])
    else:
        from skysieve.sources.streaks.samples import streaks_to_samples

        samples = streaks_to_samples(inputs, labels=configuration.labels.table or None)
    CONTRACT.check_channels(samples.description.tensors[CONTRACT.column].channels)
    return samples


def family_samples(samples: SampleSet, family: str) -> SampleSet:
    """Return the samples with the label of a family; those that it is not asked about are unlabelled.

    Raises
    ------
    SampleSetError
        If the set lacks the family's column, or no sample has its label.
    """
    if family == "kind" and "kind" in samples.column_names:
        number = {kind: index for index, kind in enumerate(KIND.classes)}
        kinds = np.array([number.get(str(kind), -1) for kind in samples.scalar("kind")])
        return samples.with_columns({"label": kinds}, classes=KIND.classes)
    if family != "os" and family not in samples.column_names:
        raise SampleSetError(
            f"the samples have no column {family!r} with the label of this family (1, 0, or -1 where it is "
            f"undefined); found {', '.join(samples.column_names)}"
        )
    labels = _labels(samples, family)
    if family == "os":
        labels = joint_truth(samples)
    if family == "kd" and "sl" in samples.column_names:
        labels = np.where(samples.scalar("sl") == 0, -1, labels)
    if not (labels >= 0).any():
        raise SampleSetError(f"none of {len(samples)} samples has a label in the column {family!r}")
    return samples.with_columns({"label": labels}, classes=FAMILIES[family].classes)


_RECIPES = {
    name: RECIPES.register(f"deepstreaks-{name}")(_recipe(name, family))
    for name, family in {**FAMILIES, "kind": KIND}.items()
}

_CONFUSION = "confusion matrices of dmitryduev/DeepStreaks, objects never seen; " + _NOTE

DEEPSTREAKS = SIEVE_RECIPES.register("deepstreaks")(
    SieveRecipe(
        name="deepstreaks",
        title="near-Earth objects among streaks: three families of classifiers and their rule",
        paper=_PAPER,
        summary="Finds streaks that may be a near-Earth object among all that a streak pipeline flags: at "
        "least one member of each family rb (streak), sl (short) and kd (keep) has to say so.",
        families=_RECIPES,
        samples=streak_samples,
        family_samples=family_samples,
        rules={
            "plausible": {"all": [{"any": "rb"}, {"any": "sl"}, {"any": "kd"}]},
            "one-shot": {"any": "os"},
        },
        truth=joint_truth,
        configuration=SieveConfiguration(members=3, model=CONFIGURATION),
        pretraining="kind",
        published=(
            PublishedFigure("joint FPR", 4 / 248, _CONFUSION, "fpr: plausible"),
            PublishedFigure("joint FNR", 2 / 269, _CONFUSION, "fnr: plausible"),
            PublishedFigure("one-shot FPR", 9 / 248, _CONFUSION, "fpr: one-shot"),
            PublishedFigure(
                "one-shot FNR", 6 / 270, _CONFUSION + "; this row of the figure totals 270", "fnr: one-shot"
            ),
            PublishedFigure(
                "recall of known near-Earth asteroids",
                202 / 210,
                "text of the paper, October 2018 to January 2019",
                "tpr: plausible",
                note="202 of 210 real objects",
            ),
        ),
    )
)
