"""Weights of braai, DeepStreaks and their kin, from Keras HDF5 files, without Keras."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skysieve.errors import ModelError
from skysieve.extras import require
from skysieve.networks.keras_layers import KerasLayers, keras_layers
from skysieve.networks.vgg import VGG6

__all__ = ["import_keras_vgg6", "import_keras_weights"]

Layer = dict[str, NDArray[Any]]
"""Arrays of one layer by what Keras calls them: ``kernel``, ``bias``, ``gamma`` ..."""

NORMALISATION = {
    "gamma": "weight",
    "beta": "bias",
    "moving_mean": "running_mean",
    "moving_variance": "running_var",
}


def import_keras_weights(path: str | Path, network: nn.Module) -> None:
    """Give a network the weights that Keras saved, in place.

    Layers are matched by their Keras names; those of plain stacks (``vgg6``, ``vgg4``, ``fc4``),
    which Keras may have numbered, by their order if the names are others. The output is the last dense layer
    of the file, whatever its name. Convolutions go from (H, W, in, out) to (out, in, H, W); a dense layer
    that Keras fed with an image in row, column, channel order is permuted to the channel, row,
    column order of PyTorch.

    Parameters
    ----------
    path : path-like
        HDF5 file of ``save_weights`` or ``save`` of Keras 2 (also tf.keras).
    network : nn.Module
        `VGG6`, `VGG4`, `FC4`, `ResNet50` or `DenseNet121`, built with the channels, size and outputs of
        the Keras network. It is changed only if every layer fits.

    Raises
    ------
    ModelError
        If the file is unreadable, of another layout, or layers do not fit; the message names every
        layer that is missing, unknown or of another shape.
    MissingExtraError
        If h5py is not installed.

    References
    ----------
    Duev et al. 2019, MNRAS 489, 3582; weights at github.com/dmitryduev/braai. Duev et al. 2019,
    MNRAS 486, 4158; architectures at github.com/dmitryduev/DeepStreaks.
    """
    expected = keras_layers(network)
    layers = dict(_read_layers(Path(path)))
    matched, misfits = _match(expected, layers, type(network).__name__)
    state = network.state_dict()
    for module_path, name in matched.items():
        flattened = expected.flattened.get(module_path)
        tensors, wrong = _convert(name, layers[name], module_path, network, flattened)
        state.update(tensors)
        misfits += wrong
    if misfits:
        raise ModelError(
            f"{path}: {'; '.join(misfits)}; build {type(network).__name__} with the channels, size, widths "
            "and outputs of the Keras network"
        )
    network.load_state_dict(state)


def import_keras_vgg6(path: str | Path, network: VGG6) -> None:
    """Give a VGG6 the weights that Keras saved, in place: `import_keras_weights` for braai."""
    import_keras_weights(path, network)


def _match(
    expected: KerasLayers, layers: Mapping[str, Layer], network: str
) -> tuple[dict[str, str], list[str]]:
    """Return the layer of the file for each module that has one, and what is missing or unknown."""
    names = dict(expected.names)
    if expected.ordered and not set(names.values()) <= set(layers):
        if len(layers) != len(names):
            found = f"has {len(layers)} layers with weights ({', '.join(layers)})"
            return {}, [f"{found}, expected the {len(names)} of {network} ({', '.join(names)})"]
        return dict(zip(names, layers, strict=True)), []
    dense = [name for name, layer in layers.items() if "kernel" in layer and layer["kernel"].ndim == 2]
    if dense and names[expected.output] not in layers:
        names[expected.output] = dense[-1]
    # Later versions of Keras write conv1_conv where those of 2018 write conv1/conv.
    later = {path: name.replace("/", "_") for path, name in names.items()}
    names |= {path: name for path, name in later.items() if name in layers}
    missing = [name for name in names.values() if name not in layers]
    unknown = [name for name in layers if name not in set(names.values())]
    misfits = [f"lacks the layers {', '.join(missing)}"] if missing else []
    misfits += [f"has layers unknown to {network}: {', '.join(unknown)}"] if unknown else []
    return {path: name for path, name in names.items() if name in layers}, misfits


def _convert(
    name: str, layer: Layer, path: str, network: nn.Module, flattened: tuple[int, int, int] | None
) -> tuple[dict[str, Tensor], list[str]]:
    """Return the tensors of one module, and what does not fit it."""
    module = network.get_submodule(path)
    arrays = _to_torch(layer, module, flattened)
    wanted = {part: tuple(t.shape) for part, t in module.state_dict().items() if t.ndim}
    takes = {part: f"module {path!r} takes {part} {shape}" for part, shape in wanted.items()}
    misfits = [
        f"Keras layer {name!r} has {part} {array.shape}, {takes.get(part, f'module {path!r} takes none')}"
        for part, array in arrays.items()
        if part != "kernel" and array.shape != wanted.get(part)
    ]
    for part in (part for part in wanted if part not in arrays):
        found = (
            f"kernel {arrays['kernel'].shape}" if part == "weight" and "kernel" in arrays else f"no {part}"
        )
        misfits.append(f"Keras layer {name!r} has {found}, {takes[part]}")
    if misfits:
        return {}, misfits
    return {
        f"{path}.{part}": torch.from_numpy(np.ascontiguousarray(array, dtype=np.float32))
        for part, array in arrays.items()
    }, []


def _to_torch(layer: Layer, module: nn.Module, flattened: tuple[int, int, int] | None) -> Layer:
    """Return the arrays of a layer by PyTorch's names and in its order of axes.

    A kernel that cannot be brought there keeps its name and shape.
    """
    if isinstance(module, nn.BatchNorm2d):
        return {NORMALISATION.get(part, part): array for part, array in layer.items()}
    arrays = dict(layer)
    kernel = arrays.get("kernel")
    if kernel is not None and kernel.ndim == (4 if isinstance(module, nn.Conv2d) else 2):
        del arrays["kernel"]
        arrays = {"weight": _to_torch_order(kernel, flattened), **arrays}
    return arrays


def _to_torch_order(kernel: NDArray[Any], flattened: tuple[int, int, int] | None) -> NDArray[Any]:
    """Return a kernel of Keras in PyTorch's order of axes.

    ``flattened`` is the (channels, rows, columns) that a dense layer takes as one vector.
    """
    if kernel.ndim == 4:
        return kernel.transpose(3, 2, 0, 1)
    if flattened is None or kernel.shape[0] != math.prod(flattened):
        return kernel.T
    channels, rows, columns = flattened
    return kernel.reshape(rows, columns, channels, -1).transpose(3, 2, 0, 1).reshape(kernel.shape[::-1])


def _read_layers(path: Path) -> Iterator[tuple[str, Layer]]:
    """Yield name and arrays of each layer with weights, in the order of the network."""
    h5py = require("h5py", extra="train", purpose="read Keras weights")
    try:
        with h5py.File(path, "r") as file:
            root = file.get("model_weights", file)
            if "layer_names" not in root.attrs and "layer_names0" not in root.attrs:
                raise ModelError(
                    f"{path}: has no attribute 'layer_names', so it is not the HDF5 layout of Keras 2; "
                    "save the weights with tf.keras as name.h5"
                )
            for name in _texts(root.attrs, "layer_names"):
                weights = _texts(root[name].attrs, "weight_names")
                if weights:
                    yield name, {_part(weight): np.asarray(root[name][weight]) for weight in weights}
    except FileNotFoundError:
        raise ModelError(f"{path}: does not exist; give a Keras HDF5 file") from None
    except (OSError, KeyError) as error:
        raise ModelError(f"{path}: is not a complete HDF5 file of Keras weights ({error})") from None


def _texts(attributes: Mapping[str, Any], name: str) -> list[str]:
    """Return a list of names; Keras cuts one that is too long for an attribute into numbered pieces."""
    pieces = [attributes[name]] if name in attributes else []
    while f"{name}{len(pieces)}" in attributes and name not in attributes:
        pieces.append(attributes[f"{name}{len(pieces)}"])
    if not pieces:
        raise KeyError(name)
    return [value.decode() if isinstance(value, bytes) else str(value) for piece in pieces for value in piece]


def _part(weight: str) -> str:
    """Return what a weight is: ``kernel`` of ``conv2d_1/kernel:0``."""
    return weight.rpartition("/")[2].partition(":")[0]
