"""Write a model folder: weights, graph, card and description, all or nothing."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path
from typing import Any

import skysieve
from skysieve.errors import ModelError
from skysieve.models.card import model_card
from skysieve.models.contract import GREY_LEVEL
from skysieve.models.description import ModelDescription
from skysieve.models.model import CARD, DESCRIPTION, GRAPH, WEIGHTS, Model, file_sha256
from skysieve.models.rebuild import build_vetter

__all__ = ["save_model"]


def save_model(folder: str | Path, network: Any, description: ModelDescription) -> Model:
    """Save a trained or imported network as a model folder.

    Parameters
    ----------
    folder : path
        Where to; a model folder that lies there is replaced once the new one is complete.
    network : torch.nn.Module, or a classifier of scikit-learn
        The network, from preprocessed images to logits; decision trees where the description says so.
    description : ModelDescription
        Everything else; ``files`` and ``skysieve`` are filled in here.

    Returns
    -------
    Model
        The saved model, opened again from its files.

    Raises
    ------
    ModelError
        If the target is there and is no model folder.
    """
    target = Path(folder)
    if (
        target.exists()
        and not (target / DESCRIPTION).is_file()
        and (target.is_file() or any(target.iterdir()))
    ):
        raise ModelError(f"{target}: exists and is not a model folder; choose another place")
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        if description.trees:
            _write_trees(network, partial / GRAPH, description)
        else:
            _write_network(network, partial, description)
        described = dataclasses.replace(description, skysieve=skysieve.__version__)
        (partial / CARD).write_text(model_card(described), encoding="utf-8")
        names = [name for name in (WEIGHTS, GRAPH, CARD) if (partial / name).is_file()]
        hashes = {name: file_sha256(partial / name) for name in names}
        text = dataclasses.replace(described, files=hashes).to_json()
        (partial / DESCRIPTION).write_text(text, encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Model.load(target)


def _write_network(network: Any, folder: Path, description: ModelDescription) -> None:
    """Write the weights, and the graph that has preprocessing before and calibration behind them."""
    from skysieve.networks.onnx_export import export_onnx
    from skysieve.networks.weights import save_weights

    save_weights(network, folder / WEIGHTS)
    contract = description.contract
    export_onnx(
        build_vetter(description, network.eval()),
        folder / GRAPH,
        contract.shape,
        input_name=contract.column,
        full_scale=255.0 if contract.unit == GREY_LEVEL else None,
    )


def _write_trees(classifier: Any, path: Path, description: ModelDescription) -> None:
    """Write decision trees and their calibration as a graph; nothing else of them is kept."""
    from skysieve.evaluation.calibration import calibrator_from_json
    from skysieve.models.tree_graph import write_tree_graph

    contract = description.contract
    write_tree_graph(
        path,
        classifier,
        contract.fixed_shape[0],
        calibrator_from_json(description.calibration),
        input_name=contract.column,
    )
