"""Night Sky Net: edge-on disk, elliptical, face-on spiral or merger.

T. Heilman 2016, Night Sky Net (github.com/TarynHeilman/DSI-Capstone-Project): a network of four convolutions
and two maxout layers, some 40 million weights, on colour pictures of SDSS, 120 x 120 pixels of 0.40 arcsec.
Labels are votes of Galaxy Zoo 1: a class that 95 % of the people agree on. Clockwise and anticlockwise
spirals are one class, combined spirals are left out.

Protocol as published: every class is brought towards 10 000 samples by min(25, round(10 000 / n)) copies;
each copy gets one of the eight symmetries of the square, a shift of its centre by N(0, √60 / 2) = 3.9 pixels
and a crop of the inner 60 x 60 pixels; the test sees the crop in the middle. SGD at 0.005 with Nesterov's
momentum of 0.9 and a decay of 1e-6 a step, batches of 20, at most 40 epochs, stopped after 2 without
progress.

Here that decay is given per epoch of 5000 steps, copies are drawn anew in every epoch, cross-entropy stands
for the published binary cross-entropy on a softmax, votes for no class count in the denominator of the share
(``labels.votes.policy`` ``drop`` leaves them out), and neither early stopping nor calibration sees the test
split. The published report scored unscaled pictures by a network that had learned scaled ones.

Mergers are the cautionary tale of this recipe: a recall of .89 on 9 test objects stood beside a precision of
.03, since one picture in hundreds is a merger. Precision is therefore told at the shares of the published
test objects (9 mergers in 2857) beside that of the own test set; ``evaluation.prevalences`` states others.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from skysieve.evaluation.report_content import PublishedFigure
from skysieve.models.contract import InputContract
from skysieve.recipes.configuration import (
    Configuration,
    EvaluationConfig,
    LabelConfig,
    NetworkConfig,
    SplitConfig,
)
from skysieve.recipes.galaxy_pictures import prepare_galaxy_pictures
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.votes import GALAXY_ZOO_1
from skysieve.sources.galaxies.pictures import PICTURE_CHANNELS, PICTURE_UNIT
from skysieve.training.configuration import AugmentationConfig, TrainingConfig

__all__ = ["NIGHT_SKY_NET"]

_CHART = "bar chart of the published figures (figures.py)"
_CLASSES = ("edge_on_disk", "elliptical", "face_on_spiral", "merger")
_RECALL, _PRECISION = ("0.96", "0.96", "0.84", "0.89"), ("0.95", "1.00", "0.99", "0.03")
_COUNTS = (306, 1450, 1092, 9)

#: Shares of the classes among the published test objects, a random fifth of those that people agree on.
SHARES = {name: round(count / sum(_COUNTS), 4) for name, count in zip(_CLASSES, _COUNTS, strict=True)}

CONTRACT = InputContract(
    shape=(3, 120, 120),
    channels=PICTURE_CHANNELS,
    unit=PICTURE_UNIT,
    nan="there is none in a picture; counts as black",
    smaller="refuse",
)

CONFIGURATION = Configuration(
    preprocess=("picture-levels",),
    labels=LabelConfig(id="id"),
    splits=SplitConfig(train=0.64, validation=0.16, test=0.20, seed=42),
    network=NetworkConfig(name="night-sky-net", arguments={"crop": 60}),
    training=TrainingConfig(
        epochs=40,
        batch_size=20,
        learning_rate=0.005,
        optimizer="sgd",
        momentum=0.9,
        schedule="inverse-time",
        decay=0.005,
        patience=2,
        copies=10_000,
        most_copies=25,
        augmentation=AugmentationConfig(flips=True, rotations=True, shift=3.9),
    ),
    evaluation=EvaluationConfig(prevalences=SHARES),
)

PUBLISHED = (
    PublishedFigure("accuracy", 0.914, f"derived from the {_CHART}", "accuracy", note="2,857 test objects"),
    *(
        PublishedFigure(f"recall of {name}", value, _CHART, f"recall: {name}", note=f"{count} objects")
        for name, value, count in zip(_CLASSES, _RECALL, _COUNTS, strict=True)
    ),
    *(
        PublishedFigure(
            f"precision of {name}",
            value,
            _CHART,
            f"precision_at_prevalence: {name}",
            note=f"published at {count} in {sum(_COUNTS):,} test objects; ours at the shares of the settings",
        )
        for name, value, count in zip(_CLASSES, _PRECISION, _COUNTS, strict=True)
    ),
)


def _prepare(inputs: Sequence[str | Path], configuration: Configuration) -> SampleSet:
    return prepare_galaxy_pictures(inputs, configuration, CONTRACT, _CLASSES, fit="crop", votes=GALAXY_ZOO_1)


NIGHT_SKY_NET = RECIPES.register("night-sky-net")(
    Recipe(
        name="night-sky-net",
        title="morphology of galaxies in colour pictures, from votes (Night Sky Net)",
        paper="T. Heilman 2016, github.com/TarynHeilman/DSI-Capstone-Project; votes: Lintott et al. 2011",
        summary="Names what a galaxy is in a colour picture: edge-on disk, elliptical, face-on spiral or "
        "merger.",
        limits="Made for galaxies in the middle of SDSS pictures of 0.40 arcsec a pixel on which 95 % of the "
        "people agree: on the others it has never been told what is right. A merger that it names is mostly "
        "none, as mergers are rare.",
        classes=_CLASSES,
        contract=CONTRACT,
        configuration=CONFIGURATION,
        prepare=_prepare,
        published=PUBLISHED,
    )
)
