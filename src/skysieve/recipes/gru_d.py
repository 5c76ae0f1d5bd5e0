"""gru-d: which kind of variable a star is, by a recurrent network whose memory fades between points.

Z. Che and others 2018, Scientific Reports 8, 6085, made for the irregular measurements of hospitals. Each
band is a variable; a point is a step in which one of them was observed. What was not observed falls back
from its last value to its mean, and the state of the network fades, both at learned rates. No pair of bands
has to be interpolated to common times, and gaps say something of their own.

Here the time between points is compressed by a logarithm, since surveys have gaps from minutes to seasons;
values are standardised curve by curve, and mean and scatter are told beside. Curves are thinned anew
whenever they are shown, so that short ones are not foreign to the network.
"""

from __future__ import annotations

from skysieve.recipes.configuration import LabelConfig, NetworkConfig
from skysieve.recipes.light_curve_configuration import SequenceConfig, SequenceConfiguration
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.recipes.sequence_recipe import CONTRACT, prepare_sequences, read_sequences
from skysieve.training.configuration import TrainingConfig

__all__ = ["GRU_D"]

CONFIGURATION = SequenceConfiguration(
    preprocess=(),
    labels=LabelConfig(id="id"),
    network=NetworkConfig(name="gru-d", arguments={"hidden": 48}),
    training=TrainingConfig(
        epochs=10,
        learning_rate=1e-2,
        patience=10,
        schedule="cosine",
        warmup_epochs=1,
        optimizer="adamw",
        weight_decay=0.01,
        precision="float32",
    ),
    sequence=SequenceConfig(bands="values", batch_tokens=8192, keep=(0.3, 0.8)),
)

GRU_D = RECIPES.register("gru-d")(
    Recipe(
        name="gru-d",
        title="kinds of variable stars, by a recurrent network whose memory fades between points (GRU-D)",
        paper="Che et al. 2018, Scientific Reports 8, 6085",
        summary="Names the kind of variable star that a light curve shows, reading its points in their "
        "order.",
        limits="Knows the cadence, depth, bands and classes of the survey that it was trained on. It reads "
        "no errors. Periods are found by it only as far as points follow each other faster than they "
        "repeat.",
        classes=(),
        contract=CONTRACT,
        configuration=CONFIGURATION,
        prepare=prepare_sequences,
        read=read_sequences,
    )
)
