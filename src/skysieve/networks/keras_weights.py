"""Weights of braai and its kin, from Keras HDF5 files, without Keras."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skysieve.errors import ModelError
from skysieve.extras import require
from skysieve.networks.vgg import VGG6

__all__ = ["import_keras_vgg6"]

MODULES = ("conv1", "conv2", "conv3", "conv4", "fc_1", "fc_out")
"""Modules of VGG6 with weights, in the order in which Keras lists its layers."""


def import_keras_vgg6(path: str | Path, network: VGG6) -> None:
    """Give a VGG6 the weights that Keras saved, in place.

    Layers are taken in the order of the file, so their names do not matter.
    Convolutions go from (H, W, in, out) to (out, in, H, W); the first dense
    layer, which Keras fed in row, column, channel order, is permuted to the
    channel, row, column order of PyTorch.

    Parameters
    ----------
    path : path-like
        HDF5 file of ``save_weights`` or ``save`` of Keras 2 (tf.keras).
    network : VGG6
        Built with the channels, size and outputs of the Keras network.

    Raises
    ------
    ModelError
        If the file is unreadable, of another layout, or a layer does not fit;
        the message names the layer of the file and the module of the network.
    MissingExtraError
        If h5py is not installed.

    References
    ----------
    Duev et al. 2019, MNRAS 489, 3582; weights at github.com/dmitryduev/braai.
    """
    layers = list(_read_layers(Path(path)))
    if len(layers) != len(MODULES):
        raise ModelError(
            f"{path}: has {len(layers)} layers with weights ({', '.join(name for name, *_ in layers)}), "
            f"expected the {len(MODULES)} of VGG6 ({', '.join(MODULES)})"
        )
    state: dict[str, Tensor] = {}
    for module_name, (layer, kernel, bias) in zip(MODULES, layers, strict=True):
        module = network.get_submodule(module_name)
        flattened = network.pooled_shape if module_name == "fc_1" else None
        weight = _to_torch_order(kernel, module, flattened)
        for part, array in (("weight", weight), ("bias", bias)):
            expected = tuple(getattr(module, part).shape)
            if array is None or array.shape != expected:
                found = f"{part} {array.shape}" if array is not None else f"kernel {kernel.shape}"
                raise ModelError(
                    f"{path}: Keras layer {layer!r} has {found}, "
                    f"module {module_name!r} takes {part} {expected}; "
                    "build VGG6 with the channels, size, width, dense units and outputs of the Keras network"
                )
            state[f"{module_name}.{part}"] = torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
    network.load_state_dict(state)


def _to_torch_order(
    kernel: NDArray[Any], module: nn.Module, flattened: tuple[int, int, int] | None
) -> NDArray[Any] | None:
    """Return a Keras kernel in PyTorch's order of axes, or None if it cannot be brought there.

    ``flattened`` is the (channels, rows, columns) that a dense layer takes as one vector.
    """
    if kernel.ndim != (4 if isinstance(module, nn.Conv2d) else 2):
        return None
    if kernel.ndim == 4:
        return kernel.transpose(3, 2, 0, 1)
    if flattened is None or kernel.shape[0] != math.prod(flattened):
        return kernel.T
    channels, rows, columns = flattened
    return kernel.reshape(rows, columns, channels, -1).transpose(3, 2, 0, 1).reshape(kernel.shape[::-1])


def _read_layers(path: Path) -> Iterator[tuple[str, NDArray[Any], NDArray[Any]]]:
    """Yield (layer name, kernel, bias) of each layer with weights, in the order of the network."""
    h5py = require("h5py", extra="train", purpose="read Keras weights")
    try:
        with h5py.File(path, "r") as file:
            root = file.get("model_weights", file)
            if "layer_names" not in root.attrs:
                raise ModelError(
                    f"{path}: has no attribute 'layer_names', so it is not the HDF5 layout of Keras 2; "
                    "save the weights with tf.keras as name.h5"
                )
            for name in map(_text, root.attrs["layer_names"]):
                weights = [_text(weight) for weight in root[name].attrs["weight_names"]]
                if not weights:
                    continue
                if len(weights) != 2:
                    raise ModelError(
                        f"{path}: Keras layer {name!r} holds {', '.join(weights)}; "
                        "expected one kernel and one bias"
                    )
                yield name, np.asarray(root[name][weights[0]]), np.asarray(root[name][weights[1]])
    except FileNotFoundError:
        raise ModelError(f"{path}: does not exist; give a Keras HDF5 file") from None
    except (OSError, KeyError) as error:
        raise ModelError(f"{path}: is not a complete HDF5 file of Keras weights ({error})") from None


def _text(value: bytes | str) -> str:
    return value.decode() if isinstance(value, bytes) else value
