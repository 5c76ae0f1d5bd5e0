"""What Keras calls the layers of each published network."""

from __future__ import annotations

import re
from dataclasses import dataclass

from torch import nn

from skysieve.errors import ModelError
from skysieve.networks.densenet import DenseNet121
from skysieve.networks.fully_connected import FC4
from skysieve.networks.resnet import ResNet50
from skysieve.networks.vgg import VGG4, VGG6

__all__ = ["KerasLayers", "keras_layers"]


@dataclass(frozen=True)
class KerasLayers:
    """The layers with weights of a network, as a file of Keras holds them.

    Parameters
    ----------
    names : dict of str
        Name of the Keras layer of each module, by the path of the module, in the order of the network.
    output : str
        Path of the output layer, which people name as they like: the last dense layer of the file.
    flattened : dict of tuple
        (channels, rows, columns) of the image that a dense layer takes as one vector, by its path.
    ordered : bool
        Whether layers of any name are taken in the order of the file: Keras numbers unnamed
        layers anew in every network.
    """

    names: dict[str, str]
    output: str
    flattened: dict[str, tuple[int, int, int]]
    ordered: bool


def keras_layers(network: nn.Module) -> KerasLayers:
    """Return what Keras calls the layers of a network.

    Raises
    ------
    ModelError
        If nobody published such a network from Keras.

    Examples
    --------
    >>> keras_layers(VGG4((1, 144, 144))).names
    {'conv1': 'conv1', 'conv2': 'conv2', 'fc_1': 'fc_1', 'fc_out': 'fc_out'}
    """
    paths = [path for path, module in network.named_modules() if isinstance(module, WEIGHTED)]
    if isinstance(network, VGG6 | VGG4 | FC4):
        names = {path: path for path in paths}
        return KerasLayers(names, "fc_out", {"fc_1": network.pooled_shape}, ordered=True)
    if isinstance(network, ResNet50):
        names = {path: _resnet_name(path) for path in paths}
        return KerasLayers(names, "output", {"output": network.pooled_shape}, ordered=False)
    if isinstance(network, DenseNet121):
        return KerasLayers({path: _densenet_name(path) for path in paths}, "output", {}, ordered=False)
    raise ModelError(
        f"network {type(network).__name__} was never published from Keras; "
        "choose one of vgg6, vgg4, fc4, resnet50, densenet121"
    )


WEIGHTED = (nn.Conv2d, nn.Linear, nn.BatchNorm2d)


def _resnet_name(path: str) -> str:
    return _renamed(
        path,
        (r"stage(\d)\.(\w+)\.branch(\w+)", r"res\1\2_branch\3"),
        (r"stage(\d)\.(\w+)\.bn(\w+)", r"bn\1\2_branch\3"),
        (r"output", "fcOUT"),
    )


def _densenet_name(path: str) -> str:
    return _renamed(
        path,
        (r"conv1", "conv1/conv"),
        (r"bn1", "conv1/bn"),
        (r"body\.(pool\d)\.(bn|conv)", r"\1_\2"),
        (r"body\.(conv\d)\.(block\d+)\.(bn|conv)(\d)", r"\1_\2_\4_\3"),
        (r"output", "fc_out"),
    )


def _renamed(path: str, *rules: tuple[str, str]) -> str:
    for pattern, name in rules:
        if found := re.fullmatch(pattern, path):
            return found.expand(name)
    return path
