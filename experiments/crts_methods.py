"""What each network reads of the variable stars of CRTS South, and how it is trained.

Settings were chosen on the validation part of the first fold, within minutes: networks are small and trained
for few epochs, so that all of them are done on all folds on one core within two hours.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skysieve.preprocess.dmdt import DmdtBackground, dmdt_images
from skysieve.samples.light_curves import LightCurves
from skysieve.samples.sample_set import SampleSet
from skysieve.training.configuration import AugmentationConfig, TrainingConfig
from skysieve.training.light_curve_sequences import light_curve_sequences
from skysieve.training.ragged import RaggedSequences
from variable_star_data import VariableStars

__all__ = [
    "METHODS",
    "PERIODS",
    "Inputs",
    "Method",
    "fitted_background",
    "folding_periods",
    "inputs_of",
    "step_shape",
]

Inputs = NDArray[np.float32] | RaggedSequences

#: What a network reads: images; images less what all have in common; images less what each class has, one
#: channel for each, as the class of a test image is not known; points in time; points folded at a period.
Reading = Literal["dmdt", "dmdt less common", "dmdt less classes", "points", "folded points"]
#: Files and columns of measured periods: the best of the periodogram; of its best ones, that whose folded
#: curve is the smoothest.
PERIODS: Mapping[str, tuple[str, str]] = {
    "periodogram": ("features.parquet", "period_1"),
    "folds": ("folded.parquet", "fold_period"),
}

SEED = 1


@dataclass(frozen=True)
class Method:
    """A network, what it reads and how it is trained.

    Parameters
    ----------
    network : str
        Its registered name.
    reading : str
        Of `Reading`.
    epochs : int
        All of them are done; the one with the smallest validation loss is kept.
    learning_rate : float
        The largest, after one epoch of warm-up; it falls as half a cosine.
    arguments : mapping
        Of the network.
    columns : mapping
        Of `light_curve_sequences`: whether errors are read, and how bands are told.
    keep : tuple of 2 float, optional
        Shares of the points between which each curve is thinned anew in every epoch.
    weight_decay : float
        Decoupled.
    batch_tokens : int
        Steps of a batch at most, before curves are thinned. A few epochs have to be enough steps.
    period : str
        Of `PERIODS`, at which curves are folded.
    rebuilt : int
        Epochs in which the encoder first learns to rebuild the training curves.
    """

    network: str
    reading: Reading
    epochs: int
    learning_rate: float
    arguments: Mapping[str, Any] = field(default_factory=dict)
    columns: Mapping[str, Any] = field(default_factory=dict)
    keep: tuple[float, float] | None = None
    weight_decay: float = 0.0
    batch_tokens: int = 8192
    period: str = "periodogram"
    rebuilt: int = 0

    def config(self, epochs: int | None = None) -> TrainingConfig:
        """Return the settings of its training."""
        count = self.epochs if epochs is None else epochs
        return TrainingConfig(
            epochs=count,
            patience=count,
            batch_size=64,
            optimizer="adamw" if self.weight_decay else "adam",
            learning_rate=self.learning_rate,
            weight_decay=self.weight_decay,
            schedule="cosine",
            warmup_epochs=min(1, count - 1),
            augmentation=AugmentationConfig(flips=False),
            precision="float32",
            device="cpu",
            threads=1,
            seed=SEED,
        )


_ERRORS = {"errors": True}
#: The published penalty of 0.01 holds the network back in so few epochs.
_DMDT = {"l2": 1e-4, "dropout": 0.3}
_NAUL = {"hidden": 32, "layers": 1, "embedding": 32, "dense": 32, "dropout": 0.1, "errors": True}
_RECURRENT = {"hidden": 40, "bidirectional": True, "pooling": "attention", "dropout": 0.1, "errors": True}
#: From a few hundred steps, the LSTM of the defaults has learned nothing yet.
_STATIC = {"hidden": 48, "cell": "gru"}
_TRANSFORMER = {"width": 32, "heads": 2, "layers": 2, "frequencies": 32, "dropout": 0.0, "errors": True}
_SEQUENCE: dict[str, Any] = {"keep": (0.3, 0.8), "weight_decay": 0.01}
#: What points of one night tell is lost where most of them are left out.
_DENSE: dict[str, Any] = _SEQUENCE | {"keep": (0.4, 1.0)}

#: In the order in which they are run.
METHODS: Mapping[str, Method] = {
    "dmdt": Method("dmdt", "dmdt", 25, 2e-3, _DMDT),
    "naul-folded": Method("naul", "folded points", 10, 8e-3, _NAUL | {"folded": True}, _ERRORS, **_SEQUENCE),
    "naul-folded-best": Method(
        "naul",
        "folded points",
        18,
        6e-3,
        _NAUL | {"folded": True, "hidden": 40},
        _ERRORS,
        **_DENSE,
        period="folds",
    ),
    "recurrent": Method("recurrent", "points", 10, 6e-3, _RECURRENT, _ERRORS, **_DENSE),
    "static-rnn": Method("static-rnn", "points", 11, 1e-2, _STATIC, **_SEQUENCE, batch_tokens=4096),
    "gru-d": Method("gru-d", "points", 12, 1e-2, {"hidden": 48}, {"bands": "values"}, **_SEQUENCE),
    "naul": Method("naul", "points", 11, 8e-3, _NAUL, _ERRORS, **_SEQUENCE),
    "dmdt-less-common": Method("dmdt", "dmdt less common", 25, 2e-3, _DMDT),
    "dmdt-less-classes": Method("dmdt", "dmdt less classes", 25, 2e-3, _DMDT),
    "time-transformer": Method(
        "time-transformer", "points", 6, 3e-3, _TRANSFORMER, _ERRORS, keep=(0.2, 0.5), weight_decay=0.01
    ),
    "dmdt-shallow": Method("dmdt-shallow", "dmdt", 15, 1e-3, {"l2": 1e-4}),
    "naul-folded-rebuilt": Method(
        "naul",
        "folded points",
        10,
        8e-3,
        _NAUL | {"folded": True},
        _ERRORS,
        **_SEQUENCE,
        rebuilt=4,
    ),
}


def folding_periods(folder: Path, stars: VariableStars) -> dict[str, NDArray[np.float64]]:
    """Return the periods of `PERIODS` in days, of those files that are in the folder.

    They are twice those that were measured, as eclipses come in pairs, and a periodogram takes both for one.

    Raises
    ------
    ValueError
        If a file is of other curves.
    """
    found = {}
    for name, (file, column) in PERIODS.items():
        if (folder / file).exists():
            samples = SampleSet.open(folder / file)
            if samples.ids.tolist() != stars.curves.ids.tolist():
                raise ValueError(
                    f"{folder / file} is of other curves; make it by experiments/crts_features.py"
                )
            found[name] = 2 * np.asarray(samples.scalar(column), dtype=np.float64)
    return found


def fitted_background(
    path: Path, images: NDArray[np.float32], labels: NDArray[np.int64], classes: tuple[str, ...]
) -> DmdtBackground:
    """Return the background of training images, read from the file if it is there."""
    if path.exists():
        return DmdtBackground.load(path)
    started = time.process_time()
    found = DmdtBackground.fit(images, labels, classes)
    cost = {"cpu_seconds": time.process_time() - started}
    found = replace(found, fitted=found.fitted | cost)
    path.parent.mkdir(parents=True, exist_ok=True)
    found.save(path)
    return found


def inputs_of(
    method: Method,
    curves: LightCurves,
    periods: Mapping[str, NDArray[np.float64]] | None = None,
    background: DmdtBackground | None = None,
) -> Inputs:
    """Return what a network reads of curves; periods in days are for folding them.

    Raises
    ------
    ValueError
        If there are no periods, or there is no background, and the method needs them.
    """
    if method.reading == "points":
        return light_curve_sequences(curves, batch_tokens=method.batch_tokens, **method.columns)
    if method.reading == "folded points":
        if periods is None or method.period not in periods:
            raise ValueError("curves are folded at measured periods; run experiments/crts_features.py first")
        days = periods[method.period]
        folded = light_curve_sequences(
            curves, periods=days, batch_tokens=method.batch_tokens, **method.columns
        )
        return _with_period(folded, days)
    images = dmdt_images(curves)
    if method.reading == "dmdt":
        return images
    if background is None:
        raise ValueError("the background of images is fitted on training curves first")
    if method.reading == "dmdt less common":
        return background.subtract(images)
    return background.subtract_classes(images)


def _with_period(sequences: RaggedSequences, periods: NDArray[np.float64]) -> RaggedSequences:
    """Add a column with the logarithm of the period: phases do not tell it."""
    column = np.repeat(np.log10(periods), sequences.lengths).astype(np.float32)
    return RaggedSequences(
        np.column_stack([sequences.steps, column]), sequences.offsets, sequences.batch_tokens
    )


def step_shape(inputs: Inputs) -> tuple[int, ...]:
    """Return the shape of an image, or of a point."""
    return tuple(int(size) for size in inputs.shape[1:])
