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
    network : torch.nn.Module
        The network, from preprocessed images to logits.
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
    from skysieve.networks.onnx_export import export_onnx
    from skysieve.networks.weights import save_weights

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
        save_weights(network, partial / WEIGHTS)
        contract = description.contract
        vetter = build_vetter(description, network.eval())
        export_onnx(
            vetter,
            partial / GRAPH,
            contract.shape,
            input_name=contract.column,
            full_scale=255.0 if contract.unit == GREY_LEVEL else None,
        )
        described = dataclasses.replace(description, skysieve=skysieve.__version__)
        (partial / CARD).write_text(model_card(described), encoding="utf-8")
        hashes = {name: file_sha256(partial / name) for name in (WEIGHTS, GRAPH, CARD)}
        text = dataclasses.replace(described, files=hashes).to_json()
        (partial / DESCRIPTION).write_text(text, encoding="utf-8")
        if target.exists():
            shutil.rmtree(target)
        partial.rename(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return Model.load(target)
