"""Embeddings of frames, of that encoder alone which a model learned from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skysieve.errors import ContractError
from skysieve.models.readings import READINGS, ragged_column
from skysieve.samples.sample_set import SampleSet
from skysieve.training.ragged import RaggedSequences

__all__ = ["EMBEDDING", "read_frame_embeddings"]

#: Tensor column with the numbers of every frame, and what the origin of a set tells of them.
EMBEDDING = "embedding"


@READINGS.register("frame-embeddings")
def read_frame_embeddings(settings: Mapping[str, Any], samples: SampleSet) -> RaggedSequences:
    """Return the embeddings of the frames of each sample, as they are stored.

    Parameters
    ----------
    settings : mapping
        ``encoder``: SHA-256 of the weights of the encoder.
    samples : SampleSet
        As `skysieve.training.frame_embeddings.write_frame_embeddings` writes them.

    Raises
    ------
    ContractError
        If the embeddings are of another encoder, or do not say of which.
    """
    if EMBEDDING not in samples.description.tensors:
        raise ContractError(
            f"the samples have no tensor column {EMBEDDING!r}; make embeddings of frames with "
            "`skysieve samples embed`"
        )
    told = samples.description.origin.get(EMBEDDING)
    found = str(told.get("encoder", "")) if isinstance(told, Mapping) else ""
    expected = str(settings["encoder"])
    if found != expected:
        by = f"the encoder {found[:12]}" if found else "an encoder that the samples do not name"
        raise ContractError(
            f"the embeddings were made by {by}, the model learned from those of the encoder {expected[:12]}; "
            "embed the frames again with that one: `skysieve samples embed`"
        )
    return ragged_column(samples, EMBEDDING)
