"""From ``model.json`` back to the PyTorch module that the graph was exported from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from skysieve.errors import ModelError
from skysieve.evaluation.calibration import calibrator_from_json
from skysieve.extras import require
from skysieve.models.description import ModelDescription
from skysieve.preprocess import Pipeline

__all__ = ["build_network", "build_vetter"]


def build_network(description: ModelDescription, weights: str | Path | None = None) -> Any:
    """Build the network of a model and load its weights.

    Parameters
    ----------
    description : ModelDescription
        Names the network, its outputs and arguments.
    weights : path, optional
        A safetensors file; without it the weights are random.

    Returns
    -------
    torch.nn.Module
        The network, in evaluation mode if weights were loaded.

    Raises
    ------
    ModelError
        If the model is an ensemble of trees.
    """
    if description.trees:
        raise ModelError(
            f"{description.name}: is an ensemble of trees; it has no network to rebuild or to learn on from"
        )
    require("torch", extra="train", purpose="rebuild a network")
    from skysieve.networks import build_network as build
    from skysieve.networks.weights import load_weights
    from skysieve.training.ensemble import Ensemble

    fields = description.network
    shape = description.contract.fixed_shape
    members = [
        build(fields["name"], shape=shape, outputs=fields["outputs"], **fields["arguments"])
        for _ in range(fields.get("members", 1))
    ]
    network = members[0] if len(members) == 1 else Ensemble(members)
    if weights is not None:
        load_weights(network, Path(weights))
        network.eval()
    return network


def build_vetter(description: ModelDescription, network: Any) -> Any:
    """Put preprocessing before a network and calibration behind it, as the description says.

    Returns
    -------
    skysieve.networks.vetter.Vetter
        From raw images to calibrated probabilities, in evaluation mode.
    """
    from skysieve.networks.vetter import Vetter

    vetter = Vetter(
        network,
        preprocess=Pipeline.from_json(description.preprocess),
        calibrate=calibrator_from_json(description.calibration),
    )
    return vetter.eval()
