"""snad-frames: whether the variability of an object is an artefact, from all its exposures.

T. Semenikhin 2024, Systems and Means of Informatics 34(1), 70 (github.com/semtim/RB_ZTF): every exposure of
an object of ZTF's data releases is cut to a frame of 28 x 28 pixels, a variational autoencoder makes 36
numbers of each, and a recurrent network reads them in the order of time. Experts of SNAD have tagged 2,230
objects, half of them artefacts: ghosts, tracks, bad columns, light of bright stars, frames out of focus.

Published: a bidirectional GRU of 128 units, Adam at 1e-4 for 500 epochs, batches of 32 filled with zeros
that counted as frames. Its threshold was chosen on the samples that judged it. Here the network pools
statistics of the frames, given ones and learned ones, and no padding is seen; sequences are thinned anew
whenever they are shown; a part of the objects chooses epoch, calibration and threshold, and the rest
judges. ``network.name`` ``recurrent`` with ``times`` false is a recurrent network in its place.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.report_content import PublishedFigure
from skysieve.models.contract import InputContract
from skysieve.models.readings.frame_embeddings import EMBEDDING
from skysieve.recipes.alert_samples import is_sample_set
from skysieve.recipes.configuration import LabelConfig, NetworkConfig, SplitConfig, ThresholdConfig
from skysieve.recipes.light_curve_configuration import SequenceConfig, SequenceConfiguration
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.samples.sample_set import SampleSet
from skysieve.training.configuration import TrainingConfig

__all__ = ["SNAD_FRAMES"]

#: What the encoder makes of a frame, as published.
LATENT = 36

CONTRACT = InputContract(
    shape=(None, LATENT),
    channels=tuple(f"mu_{number}" for number in range(LATENT)),
    column=EMBEDDING,
    unit="latent",
    nan="behind the end of a sequence",
    smaller="refuse",
)

CONFIGURATION = SequenceConfiguration(
    preprocess=(),
    labels=LabelConfig(id="id"),
    splits=SplitConfig(train=0.7, validation=0.1, test=0.2),
    network=NetworkConfig(name="frame-statistics"),
    training=TrainingConfig(
        epochs=12,
        batch_size=32,
        learning_rate=2e-3,
        betas=(0.9, 0.99),
        optimizer="adamw",
        weight_decay=0.05,
        schedule="cosine",
        warmup_epochs=1,
        patience=12,
        label_smoothing=0.05,
        precision="float32",
    ),
    threshold=ThresholdConfig(rule="fixed", value=0.5),
    sequence=SequenceConfig(keep=(0.2, 0.6)),
)

_FOLDS = "five folds, mean of the last epoch"

PUBLISHED = (
    PublishedFigure("ROC AUC", 0.8561, f"published weights of the bidirectional GRU, {_FOLDS}", "roc_auc"),
    PublishedFigure(
        "accuracy",
        0.80,
        "paper",
        "accuracy",
        note="at a threshold chosen on the samples that judged; .793 at 0.5",
    ),
)


def _prepare(inputs: Sequence[str | Path], _: SequenceConfiguration) -> SampleSet:
    if len(inputs) != 1 or not is_sample_set(inputs[0]):
        raise ConfigurationError(
            f"found {len(inputs)} inputs, the first {inputs[0]}; give one sample set of embedded frames"
        )
    samples = SampleSet.open(inputs[0])
    if EMBEDDING not in samples.description.tensors:
        found = ", ".join(samples.description.tensors) or "none"
        raise SampleSetError(
            f"{inputs[0]}: has no tensor column {EMBEDDING!r}, found {found}; make embeddings of frames with "
            "`skysieve samples embed`"
        )
    if not (samples.labels >= 0).any():
        raise SampleSetError(f"{inputs[0]}: none of {len(samples)} sequences has a label")
    return samples


def _read(samples: SampleSet, _: SequenceConfiguration) -> InputContract:
    """Return the contract for embeddings of as many numbers as the samples have."""
    shape = samples.description.tensors[EMBEDDING].shape
    if len(shape) != 2 or not shape[1]:
        raise SampleSetError(f"embeddings are of shape (frames, numbers), found {shape}")
    told = samples.description.origin.get(EMBEDDING)
    encoder = str(told.get("encoder", "")) if isinstance(told, Mapping) else ""
    return InputContract(
        shape=(None, shape[1]),
        channels=tuple(f"mu_{number}" for number in range(shape[1])),
        column=EMBEDDING,
        unit=CONTRACT.unit,
        nan=CONTRACT.nan,
        smaller="refuse",
        reading={"kind": "frame-embeddings", "encoder": encoder} if encoder else {},
    )


SNAD_FRAMES = RECIPES.register("snad-frames")(
    Recipe(
        name="snad-frames",
        title="artefacts among variable objects, from the frames of all exposures (SNAD)",
        paper="Semenikhin 2024, Systems and Means of Informatics 34(1), 70",
        summary="Tells whether the variability of an object of ZTF is an artefact, from the embedded "
        "frames of "
        "all its exposures.",
        limits="Knows embeddings of one encoder only: those of another mean nothing to it. Labels are "
        "those of "
        "experts who had looked for anomalies, so that artefacts are half of them; on the sky they are "
        "rarer.",
        classes=("other", "artefact"),
        contract=CONTRACT,
        configuration=CONFIGURATION,
        prepare=_prepare,
        published=PUBLISHED,
        read=_read,
    )
)
