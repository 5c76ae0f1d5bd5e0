"""naul: which kind of variable a star is, by a recurrent network on the curve folded at its period.

B. Naul and others 2018, Nature Astronomy 2, 151 (arXiv:1711.10609). A bidirectional recurrent network reads
the points of a curve, folded at its period, and tells them again from an embedding of 64 numbers; the loss
weights points by their errors. Embeddings need no labels, and serve a classifier.

Here the encoder is trained as a classifier at once, from random weights; `skysieve.training` can train the
autoencoder first. The period at which a curve folds best is searched for, and curves are folded at twice
that, which shows both minima of an eclipsing binary; ``sequence.fold`` names a column of periods instead,
or nothing.
"""

from __future__ import annotations

from skysieve.recipes.configuration import LabelConfig, NetworkConfig
from skysieve.recipes.light_curve_configuration import SequenceConfig, SequenceConfiguration
from skysieve.recipes.recipe import RECIPES, Recipe
from skysieve.recipes.sequence_recipe import CONTRACT, prepare_sequences, read_sequences
from skysieve.training.configuration import TrainingConfig

__all__ = ["NAUL"]

CONFIGURATION = SequenceConfiguration(
    preprocess=(),
    labels=LabelConfig(id="id"),
    network=NetworkConfig(
        name="naul", arguments={"hidden": 40, "layers": 1, "embedding": 32, "dense": 32, "dropout": 0.1}
    ),
    training=TrainingConfig(
        epochs=18,
        learning_rate=6e-3,
        patience=18,
        schedule="cosine",
        warmup_epochs=1,
        optimizer="adamw",
        weight_decay=0.01,
        precision="float32",
    ),
    sequence=SequenceConfig(errors=True, fold="search", fold_factor=2.0, batch_tokens=8192, keep=(0.4, 1.0)),
)

NAUL = RECIPES.register("naul")(
    Recipe(
        name="naul",
        title="kinds of variable stars, by a recurrent network on folded light curves",
        paper="Naul et al. 2018, Nature Astronomy 2, 151, arXiv:1711.10609",
        summary="Names the kind of variable star that a light curve shows, reading the curve folded at "
        "twice its best period.",
        limits="Knows the depth, bands and classes of the survey that it was trained on. A wrong period "
        "shows it a curve that means nothing; curves of few points have no period and are read unfolded.",
        classes=(),
        contract=CONTRACT,
        configuration=CONFIGURATION,
        prepare=prepare_sequences,
        read=read_sequences,
    )
)
