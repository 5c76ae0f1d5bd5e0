"""braai: real or bogus, from the three cutouts of a ZTF alert.

Duev et al. 2019, "Real-bogus classification for the Zwicky Transient Facility using deep
learning", MNRAS 489, 3582. A VGG-like network of six layers ("VGG6", 312,081 parameters) sees the
science, template and difference cutouts, each of unit L2 norm, 63 x 63 pixels of one arcsecond.

Protocol as published: Adam at a rate of 3e-4 on binary cross-entropy, batches of 64, up to 200
epochs, early stopping on the validation loss with a patience of 50; flips as augmentation; 81 % of
the samples to learn from, 9 % to stop on, 10 % to judge. Here the splits are by object, pixels
that were never measured are masked rather than normalised with the rest, turns by 90 degrees join
the flips, and the scores are calibrated on the validation split.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from skysieve.evaluation.report_content import PublishedFigure
from skysieve.models.contract import InputContract
from skysieve.recipes.alert_samples import prepare_alert_samples
from skysieve.recipes.configuration import (
    Configuration,
    EvaluationConfig,
    LabelConfig,
    NetworkConfig,
    SplitConfig,
)
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.samples.sample_set import SampleSet
from skysieve.sources.alerts.alert import CUTOUT_CHANNELS
from skysieve.training.configuration import AugmentationConfig, TrainingConfig

__all__ = ["BRAAI"]

CONTRACT = InputContract(
    shape=(3, 63, 63),
    channels=CUTOUT_CHANNELS,
    nan="not measured (NaN, infinities, the sentinel -3.4e38); becomes 0 before the norm",
    surveys=("ZTF",),
)

CONFIGURATION = Configuration(
    preprocess=("fill-masked", "l2-per-cutout"),
    labels=LabelConfig(
        agreeing_scores=("braai_d6_m7", "braai_d6_m9"),
        threshold=0.5,
        known_real=("known_sso", "bts_type"),
    ),
    splits=SplitConfig(train=0.81, validation=0.09, test=0.10, seed=42),
    network=NetworkConfig(name="vgg6"),
    training=TrainingConfig(
        epochs=200,
        batch_size=64,
        learning_rate=3e-4,
        betas=(0.9, 0.999),
        optimizer="adam",
        patience=50,
        augmentation=AugmentationConfig(flips=True, rotations=True),
    ),
    evaluation=EvaluationConfig(magnitude="magpsf"),
)

_NOTEBOOK = "notebook of dmitryduev/braai, public subset of 11,556 alerts"
_FIGURE = "figure of dmitryduev/braai for d6_m7 (fig-perf_d6_m7), read off"

PUBLISHED = (
    PublishedFigure("accuracy at 0.5", "0.9671", _NOTEBOOK, "accuracy", note="human labels, random split"),
    PublishedFigure("FPR at 0.5", 25 / 352, _NOTEBOOK, "fpr", note="human labels, random split"),
    PublishedFigure("FNR at 0.5", 13 / 804, _NOTEBOOK, "fnr", note="human labels, random split"),
    PublishedFigure(
        "FPR at 0.5", "0.029", _FIGURE, "fpr", note="some 30,000 alerts, human labels, not public"
    ),
    PublishedFigure(
        "FNR at 0.5", "0.011", _FIGURE, "fnr", note="some 30,000 alerts, human labels, not public"
    ),
)


def _prepare(inputs: Sequence[str | Path], configuration: Configuration) -> SampleSet:
    return prepare_alert_samples(inputs, configuration.labels, CONTRACT, classes=("bogus", "real"))


BRAAI = RECIPES.register("braai")(
    Recipe(
        name="braai",
        title="real/bogus classification of ZTF alert triplets (VGG6)",
        paper="Duev et al. 2019, MNRAS 489, 3582",
        summary="Tells real detections from artefacts of detector, optics and image subtraction, "
        "from the science, template and difference cutouts of a ZTF alert.",
        limits="Made for point-like detections in ZTF difference images. Streaks, comets and the alerts of "
        "other surveys are outside of what it has seen; a score there means nothing.",
        classes=("bogus", "real"),
        contract=CONTRACT,
        configuration=CONFIGURATION,
        prepare=_prepare,
        published=PUBLISHED,
    )
)
