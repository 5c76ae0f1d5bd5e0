"""dmdt: which kind of variable a star is, from an image of all differences between its points.

A. Mahabal and others 2017, Deep-learnt classification of light curves (arXiv:1709.06257). For every pair of
points of a light curve the time between them and the difference of their magnitudes are counted in a grid
of 22 by 24 bins, from minutes to ten years and from -8 to 8 mag; the grid is an image, and a small
convolutional network names the class. Gaps, seasons and the number of points need no care, since the image
is normalised by the number of pairs; what repeats faster than the points follow each other is seen only by
its amplitude.

Protocol as published by the author (github.com/AshishMahabal/Reproducibility): images of 255 · count /
pairs, unpadded convolutions of 16 and 64 channels, an L2 penalty of 0.01 on their kernels, Adam at 2e-4 for
up to 500 epochs. Here the learning rate is higher and falls as a cosine, since 500 epochs buy little; a
part of the stars chooses the epoch, and none of the figures has seen it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from skysieve.configuration import as_dict
from skysieve.evaluation.report_content import PublishedFigure
from skysieve.models.contract import InputContract
from skysieve.preprocess.dmdt.images import dmdt_channels
from skysieve.preprocess.dmdt.sample_set import DMDT, bins_of
from skysieve.recipes.configuration import EvaluationConfig, LabelConfig, NetworkConfig
from skysieve.recipes.light_curve_configuration import DmdtImageConfiguration
from skysieve.recipes.light_curve_samples import (
    bands_of,
    check_made_alike,
    prepare_light_curves,
    unit_of,
)
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.samples.sample_set import SampleSet
from skysieve.training.configuration import AugmentationConfig, TrainingConfig

__all__ = ["DMDT_RECIPE"]

CONFIGURATION = DmdtImageConfiguration(
    preprocess=("nan-to-num",),
    labels=LabelConfig(id="id"),
    network=NetworkConfig(name="dmdt", arguments={"l2": 1e-4, "dropout": 0.3}),
    training=TrainingConfig(
        epochs=25,
        batch_size=64,
        learning_rate=2e-3,
        schedule="cosine",
        warmup_epochs=1,
        patience=25,
        precision="float32",
        augmentation=AugmentationConfig(flips=False),
    ),
    evaluation=EvaluationConfig(),
)

_NORTH = "the author's notebook, CRTS North, 36,504 training and 9,126 test curves"
_MAJORITY = "67 % of these curves are contact binaries"

PUBLISHED = (
    PublishedFigure("accuracy, 7 classes", 0.8355, _NORTH, "accuracy", note=_MAJORITY),
    PublishedFigure("Matthews correlation", 0.680, _NORTH, "mcc", note=_MAJORITY),
)

#: Before the samples say more: the images of the paper, of one band.
CONTRACT = InputContract(
    shape=(1, 22, 24),
    channels=("pairs",),
    column=DMDT,
    unit="255 x share of the pairs",
    nan="there is none",
    smaller="refuse",
)


def _prepare(inputs: Sequence[str | Path], configuration: DmdtImageConfiguration) -> SampleSet:
    return prepare_light_curves(inputs, configuration.labels, instead=DMDT)


def _read(samples: SampleSet, configuration: DmdtImageConfiguration) -> InputContract:
    """Return the contract for the bands and the bins; a set of images brings its own."""
    settings = configuration.dmdt
    told = samples.description.origin.get(DMDT)
    if DMDT in samples.description.tensors and told is not None:
        check_made_alike(settings, CONFIGURATION.dmdt, told, "dmdt")
        reading = {name: told[name] for name in ("dm_edges", "dt_edges", "bands", *_COUNTING)}
        # Sets of earlier versions do not tell the unit of the curves.
        reading["unit"] = told.get("unit", "")
    else:
        bins = bins_of(samples, settings)
        reading = {
            "dm_edges": list(bins.dm),
            "dt_edges": list(bins.dt),
            "bands": list(settings.bands or bands_of(samples)),
            "unit": unit_of(samples),
            **{name: as_dict(settings)[name] for name in _COUNTING},
        }
    channels = dmdt_channels(tuple(reading["bands"]), cross_bands=reading["cross_bands"])
    rows, columns = len(reading["dm_edges"]) - 1, len(reading["dt_edges"]) - 1
    published = reading["normalisation"] == "published"
    return InputContract(
        shape=(len(channels), rows, columns),
        channels=tuple(channel or "pairs" for channel in channels),
        column=DMDT,
        unit=CONTRACT.unit if published else f"pairs, normalised by {reading['normalisation']}",
        nan=CONTRACT.nan,
        smaller="refuse",
        reading={"kind": "dmdt"} | reading,
    )


_COUNTING = ("normalisation", "smear", "cross_bands")

DMDT_RECIPE = RECIPES.register("dmdt")(
    Recipe(
        name="dmdt",
        title="kinds of variable stars, from images of all differences between points (dmdt)",
        paper="Mahabal et al. 2017, arXiv:1709.06257",
        summary="Names the kind of variable star that a light curve shows, from the image of the "
        "differences in time and magnitude of all pairs of its points.",
        limits="Knows the cadence, depth and classes of the survey that it was trained on: the image of the "
        "same star looks different in another survey. Periods shorter than the spacing of the points are "
        "seen by their amplitude only.",
        classes=(),
        contract=CONTRACT,
        configuration=CONFIGURATION,
        prepare=_prepare,
        published=PUBLISHED,
        read=_read,
    )
)
