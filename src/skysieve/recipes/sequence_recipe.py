"""What the recipes of recurrent networks share: samples in, and the contract of their sequences."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from skysieve.configuration import as_dict
from skysieve.errors import ConfigurationError
from skysieve.models.contract import InputContract
from skysieve.models.readings.light_curve_steps import PERIOD, SEARCH
from skysieve.preprocess.curve_features.configuration import PeriodOptions
from skysieve.recipes.light_curve_configuration import SequenceConfiguration
from skysieve.recipes.light_curve_samples import bands_of, prepare_light_curves, unit_of, with_periods
from skysieve.samples.findings import Finding
from skysieve.samples.light_curves import VALUE
from skysieve.samples.sample_set import SampleSet

__all__ = ["STEPS", "prepare_sequences", "read_sequences"]

#: Name of the graph's input.
STEPS = "steps"

#: Before the samples say more: one band, no errors.
CONTRACT = InputContract(
    shape=(None, 2),
    channels=("time", "value"),
    column=STEPS,
    unit="d, mag",
    nan="behind the end of a sequence",
    smaller="refuse",
)


def prepare_sequences(inputs: Sequence[str | Path], configuration: SequenceConfiguration) -> SampleSet:
    """Open a labelled sample set of light curves, without those that cannot be folded as the settings ask.

    Fluxes are in ``findings``, unless the settings tell the network how large they are.
    """
    samples = prepare_light_curves(inputs, configuration.labels)
    fold = configuration.sequence.fold
    if unit_of(samples) != "mag" and "level" not in configuration.network.arguments:
        samples.findings += (_of_fluxes(samples, configuration),)
    return with_periods(samples, fold) if fold not in ("", SEARCH) else samples


def _of_fluxes(samples: SampleSet, configuration: SequenceConfiguration) -> Finding:
    """Return the warning that the networks' scale of mean values is that of magnitudes."""
    _, items = samples.ragged_flat(VALUE)
    values = items.to_numpy(zero_copy_only=False)
    level = [float(f"{number:.3g}") for number in (np.nanmean(values), max(np.nanstd(values), 1e-30))]
    # The setting replaces all arguments of the recipe.
    arguments = dict(configuration.network.arguments) | {"level": level}
    told = ", ".join(f"{name} = {json.dumps(value)}" for name, value in arguments.items())
    reason = (
        f"the values are in {unit_of(samples)}, and the network expects means of curves around 15 with a "
        "spread of 2, as of magnitudes; give magnitudes, or tell it the level and spread of yours (--set "
        f"network.arguments='{{{told}}}')"
    )
    return Finding("value", "fluxes", reason, "warning")


def read_sequences(samples: SampleSet, configuration: SequenceConfiguration) -> InputContract:
    """Return the contract for the bands of the samples and the columns that the settings ask for.

    Raises
    ------
    ConfigurationError
        If the settings contradict each other.
    """
    settings = configuration.sequence
    names = bands_of(samples)
    first = "phase" if settings.fold else "time"
    if settings.bands == "values" and settings.fold:
        raise ConfigurationError(
            "a network that takes a column of values for each band (sequence.bands='values') does not read "
            "folded curves; leave sequence.fold empty"
        )
    if settings.bands == "values":
        channels = (first, *(f"value {band}".rstrip() for band in names))
    else:
        told = names if settings.bands == "one-hot" and len(names) > 1 else ()
        errors = ("error",) if settings.errors else ()
        channels = (first, "value", *errors, *told, *((PERIOD,) if settings.fold else ()))
    return InputContract(
        shape=(None, len(channels)),
        channels=channels,
        column=STEPS,
        unit=f"{'period' if settings.fold else 'd'}, {unit_of(samples)}",
        nan="behind the end of a sequence; at a step, what was not observed",
        smaller="refuse",
        reading={
            "kind": "light-curve-steps",
            "errors": settings.errors,
            "bands": settings.bands,
            "band_names": list(names),
            "fold": settings.fold,
            "fold_factor": settings.fold_factor,
            **({"search": as_dict(PeriodOptions())} if settings.fold == SEARCH else {}),
            "batch_tokens": settings.batch_tokens,
            "unit": unit_of(samples),
        },
    )
