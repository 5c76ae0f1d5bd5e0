"""static-rnn: which kind of variable a star is, by a recurrent network on [gap, magnitude] without seasons.

The plain recurrent classifier of light curves: at each step it reads the time since the point before and
the magnitude. Gaps of more than 120 days say when a field was up, and nothing about the star; they are
closed, and seasons are stitched together. No public code of the stitched variant is known; J. Becker and
others 2020 (MNRAS 493, 2981) have the unstitched one on [dt, dm] of OGLE, Gaia and WISE.

Here gaps are compressed by a logarithm, values standardised curve by curve with mean and scatter told
beside, and curves thinned anew whenever they are shown.
"""

from __future__ import annotations

from skysieve.recipes.configuration import LabelConfig, NetworkConfig
from skysieve.recipes.light_curve_configuration import SequenceConfig, SequenceConfiguration
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.recipes.sequence_recipe import CONTRACT, prepare_sequences, read_sequences
from skysieve.training.configuration import TrainingConfig

__all__ = ["STATIC_RNN"]

CONFIGURATION = SequenceConfiguration(
    preprocess=(),
    labels=LabelConfig(id="id"),
    network=NetworkConfig(name="static-rnn", arguments={"hidden": 48, "cell": "gru"}),
    training=TrainingConfig(
        epochs=8,
        learning_rate=1e-2,
        patience=8,
        schedule="cosine",
        warmup_epochs=1,
        optimizer="adamw",
        weight_decay=0.01,
        precision="float32",
    ),
    sequence=SequenceConfig(batch_tokens=4096, keep=(0.3, 0.8)),
)

STATIC_RNN = RECIPES.register("static-rnn")(
    Recipe(
        name="static-rnn",
        title="kinds of variable stars, by a recurrent network on gaps and magnitudes, seasons stitched",
        paper="after Becker et al. 2020, MNRAS 493, 2981",
        summary="Names the kind of variable star that a light curve shows, reading its points in their "
        "order.",
        limits="Knows the cadence, depth, bands and classes of the survey that it was trained on. Periods "
        "are found by it only as far as points follow each other faster than they repeat.",
        classes=(),
        contract=CONTRACT,
        configuration=CONFIGURATION,
        prepare=prepare_sequences,
        read=read_sequences,
    )
)
