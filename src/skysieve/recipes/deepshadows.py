"""DeepShadows: galaxies of low surface brightness, or artefacts that look like them.

Tanoglidis, Ćiprijanović & Drlica-Wagner 2021, "DeepShadows: separating low surface brightness galaxies from
artifacts using deep learning", Astronomy and Computing 35, 100469. A small network under a strong L2 penalty
sees colour pictures of the Dark Energy Survey, 30 arcsec on a side, averaged down to 64 x 64 pixels.

Protocol as published: Adadelta at a rate of 0.1 on binary cross-entropy with the penalty, batches of 64, 100
epochs, 75 % of the samples to learn from, 12.5 % to watch and as many to judge, threshold 0.5, no
augmentation. The variant of three classes tells artefacts that a classifier of features had rejected (type 1)
from those that people had to reject (type 2).

Here splits are by group: of the published test objects one in eight lies within a cutout of a training
object. Turns and flips, which change no label, are added, and scores are calibrated. Beside the published
network stands ``compact`` (``network.name=compact``); the classifiers of features that the paper compares
with are in `skysieve.recipes.feature_classifiers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from skysieve.evaluation.report_content import PublishedFigure
from skysieve.models.contract import InputContract
from skysieve.recipes.configuration import (
    Configuration,
    LabelConfig,
    NetworkConfig,
    SplitConfig,
    ThresholdConfig,
)
from skysieve.recipes.galaxy_pictures import prepare_galaxy_pictures
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.samples.sample_set import SampleSet
from skysieve.sources.galaxies.pictures import PICTURE_CHANNELS, PICTURE_UNIT
from skysieve.training.configuration import AugmentationConfig, TrainingConfig

__all__ = ["DEEPSHADOWS", "DEEPSHADOWS_THREE_CLASSES"]

CONTRACT = InputContract(
    shape=(3, 64, 64),
    channels=PICTURE_CHANNELS,
    unit=PICTURE_UNIT,
    nan="there is none in a picture; counts as black",
    smaller="refuse",
)

CONFIGURATION = Configuration(
    preprocess=("picture-levels",),
    labels=LabelConfig(id="id"),
    splits=SplitConfig(train=0.75, validation=0.125, test=0.125, seed=42),
    network=NetworkConfig(name="deepshadows"),
    training=TrainingConfig(
        epochs=100,
        batch_size=64,
        learning_rate=0.1,
        optimizer="adadelta",
        patience=100,
        augmentation=AugmentationConfig(flips=True, rotations=True),
    ),
    threshold=ThresholdConfig(rule="fixed", value=0.5),
)

_PAPER = "Tanoglidis et al. 2021, Astronomy and Computing 35, 100469"
_TABLE = "table 2 of the paper, Dark Energy Survey, 5,000 test objects"
_NOTE = "random split; 12.6 % of its test objects lie within a cutout of a training object"
_OTHERS = "classifier of features, same objects"

PUBLISHED = (
    PublishedFigure("accuracy at 0.5", "0.920", _TABLE, "accuracy", note=_NOTE),
    PublishedFigure("completeness at 0.5", "0.944", _TABLE, "recall", note=_NOTE),
    PublishedFigure("purity at 0.5", "0.903", _TABLE, "precision", note=_NOTE),
    PublishedFigure("ROC AUC", "0.974", _TABLE, "roc_auc", note=_NOTE),
    PublishedFigure("accuracy at 0.5, independent training", "0.9117", "Foote 2022", "accuracy", note=_NOTE),
    PublishedFigure("accuracy, SVM", "0.819", _TABLE, "accuracy", note=_OTHERS),
    PublishedFigure("ROC AUC, SVM", "0.894", _TABLE, "roc_auc", note=_OTHERS),
    PublishedFigure("accuracy, random forest", "0.797", _TABLE, "accuracy", note=_OTHERS),
    PublishedFigure("ROC AUC, random forest", "0.872", _TABLE, "roc_auc", note=_OTHERS),
)

# Of 7500 test objects, 6617 stand on the diagonal of the published confusion matrix.
PUBLISHED_THREE_CLASSES = (
    PublishedFigure("accuracy", 6617 / 7500, "confusion matrix of the three-class notebook", "accuracy"),
)

_LIMITS = (
    "Made for colour pictures of the Legacy Surveys viewer, 30 arcsec on a side. Another survey, stretch or "
    "pixel size is another domain: the published network fell from .920 to .821 on HSC before it was "
    "fine-tuned."
)


def _recipe(name: str, title: str, summary: str, classes: tuple[str, ...]) -> Recipe:
    def prepare(inputs: Sequence[str | Path], configuration: Configuration) -> SampleSet:
        return prepare_galaxy_pictures(inputs, configuration, CONTRACT, classes, fit="resize")

    return Recipe(
        name=name,
        title=title,
        paper=_PAPER,
        summary=summary,
        limits=_LIMITS,
        classes=classes,
        contract=CONTRACT,
        configuration=CONFIGURATION,
        prepare=prepare,
        published=PUBLISHED if len(classes) == 2 else PUBLISHED_THREE_CLASSES,
    )


DEEPSHADOWS = RECIPES.register("deepshadows")(
    _recipe(
        "deepshadows",
        "galaxies of low surface brightness or artefacts, from colour pictures",
        "Tells galaxies of low surface brightness from artefacts that measure like them: diffuse light of "
        "bright stars and galaxies, cirrus, knots of spiral arms, ghosts.",
        ("artifact", "lsbg"),
    )
)

DEEPSHADOWS_THREE_CLASSES = RECIPES.register("deepshadows-three-classes")(
    _recipe(
        "deepshadows-three-classes",
        "galaxies of low surface brightness and two types of artefacts",
        "Tells galaxies of low surface brightness from artefacts that their features give away (type 1), and "
        "from those that have to be looked at (type 2).",
        ("artifact-1", "artifact-2", "lsbg"),
    )
)
