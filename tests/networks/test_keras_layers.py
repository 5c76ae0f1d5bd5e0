"""Keras files of every published network, written from a list of its layers and computed on their own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from skysieve.errors import ModelError
from skysieve.networks import build_network
from skysieve.networks.compact import Compact
from skysieve.networks.keras_weights import import_keras_weights

torch.set_num_threads(1)
Shapes = dict[str, dict[str, tuple[int, ...]]]
Layers = dict[str, dict[str, NDArray[np.float32]]]


# -- the layers, as DeepStreaks' architecture files list them --------------------------------------


def convolution(size: int, channels: int, filters: int, bias: bool = True) -> dict[str, tuple[int, ...]]:
    return {"kernel": (size, size, channels, filters)} | ({"bias": (filters,)} if bias else {})


def dense(channels: int, units: int) -> dict[str, tuple[int, ...]]:
    return {"kernel": (channels, units), "bias": (units,)}


def normalisation(channels: int) -> dict[str, tuple[int, ...]]:
    return dict.fromkeys(("gamma", "beta", "moving_mean", "moving_variance"), (channels,))


def resnet_shapes(flat: int, width: int = 64, outputs: int = 1) -> Shapes:
    layers = {"conv1": convolution(7, 1, width), "bn_conv1": normalisation(width)}
    channels = width
    for stage, letters, middle, outer in (
        (2, "abc", 1, 4),
        (3, "abcd", 2, 8),
        (4, "abcdef", 4, 8),
        (5, "abc", 8, 16),
    ):
        for letter in letters:
            block = f"{stage}{letter}_branch"
            layers[f"res{block}2a"] = convolution(1, channels, middle * width)
            layers[f"bn{block}2a"] = normalisation(middle * width)
            layers[f"res{block}2b"] = convolution(3, middle * width, middle * width)
            layers[f"bn{block}2b"] = normalisation(middle * width)
            if letter == "a":
                layers[f"res{block}1"] = convolution(1, channels, outer * width)
            layers[f"res{block}2c"] = convolution(1, middle * width, outer * width)
            if letter == "a":
                layers[f"bn{block}1"] = normalisation(outer * width)
            layers[f"bn{block}2c"] = normalisation(outer * width)
            channels = outer * width
    return layers | {"fcOUT": dense(channels * flat, outputs)}


def densenet_shapes(growth: int = 32, outputs: int = 1) -> Shapes:
    channels = 2 * growth
    layers = {"conv1/conv": convolution(7, 1, channels, bias=False), "conv1/bn": normalisation(channels)}
    for block, count in ((2, 6), (3, 12), (4, 24), (5, 16)):
        for layer in range(1, count + 1):
            name = f"conv{block}_block{layer}"
            layers[f"{name}_0_bn"] = normalisation(channels)
            layers[f"{name}_1_conv"] = convolution(1, channels, 4 * growth, bias=False)
            layers[f"{name}_1_bn"] = normalisation(4 * growth)
            layers[f"{name}_2_conv"] = convolution(3, 4 * growth, growth, bias=False)
            channels += growth
        if block < 5:
            layers[f"pool{block}_bn"] = normalisation(channels)
            layers[f"pool{block}_conv"] = convolution(1, channels, channels // 2, bias=False)
            channels //= 2
    return layers | {"bn": normalisation(channels), "fc_out": dense(channels, outputs)}


def vgg4_shapes(flat: int) -> Shapes:
    return {
        "conv2d_1": convolution(3, 2, 16),
        "conv2d_2": convolution(3, 16, 32),
        "dense_1": dense(32 * flat, 256),
        "dense_2": dense(256, 1),
    }


def vgg6_shapes(flat: int) -> Shapes:
    return {
        "conv1": convolution(3, 2, 16),
        "conv2": convolution(3, 16, 16),
        "conv3": convolution(3, 16, 32),
        "conv4": convolution(3, 32, 32),
        "fc_1": dense(32 * flat, 256),
        "fc_out": dense(256, 1),
    }


def fc4_shapes(pixels: int) -> Shapes:
    return {"dense_9": dense(pixels, 1024), "dense_10": dense(1024, 256), "dense_11": dense(256, 3)}


def count(shapes: Shapes) -> int:
    return sum(math.prod(shape) for layer in shapes.values() for shape in layer.values())


# -- the same networks in functions of PyTorch alone, on the arrays of the file --------------------


class Forward:
    """Layers of a file by their names, images (N, C, H, W) in between."""

    def __init__(self, layers: Layers, epsilon: float) -> None:
        self.layers = {
            name: {part: torch.from_numpy(array).double() for part, array in layer.items()}
            for name, layer in layers.items()
        }
        self.epsilon = epsilon

    def convolve(self, x: Tensor, name: str, stride: int = 1, padding: int = 0) -> Tensor:
        layer = self.layers[name]
        return functional.conv2d(x, layer["kernel"].permute(3, 2, 0, 1), layer.get("bias"), stride, padding)

    def normalise(self, x: Tensor, name: str) -> Tensor:
        gamma, beta, mean, variance = (
            self.layers[name][part][:, None, None]
            for part in ("gamma", "beta", "moving_mean", "moving_variance")
        )
        return (x - mean) / torch.sqrt(variance + self.epsilon) * gamma + beta

    def connect(self, x: Tensor, name: str) -> Tensor:
        return x @ self.layers[name]["kernel"] + self.layers[name]["bias"]


def flatten(x: Tensor) -> Tensor:
    """Flatten as Keras does: rows, columns, channels."""
    return x.permute(0, 2, 3, 1).flatten(1)


def resnet(layers: Layers, x: Tensor) -> Tensor:
    net = Forward(layers, 1e-3)
    x = torch.relu(net.normalise(net.convolve(x, "conv1", 2, 3), "bn_conv1"))
    x = functional.max_pool2d(x, 3, 2)
    for stage, letters in ((2, "abc"), (3, "abcd"), (4, "abcdef"), (5, "abc")):
        for letter in letters:
            block, step = f"{stage}{letter}_branch", 2 if letter == "a" and stage > 2 else 1
            shortcut = x
            if letter == "a":
                shortcut = net.normalise(net.convolve(x, f"res{block}1", step), f"bn{block}1")
            x = torch.relu(net.normalise(net.convolve(x, f"res{block}2a", step), f"bn{block}2a"))
            x = torch.relu(net.normalise(net.convolve(x, f"res{block}2b", 1, 1), f"bn{block}2b"))
            x = torch.relu(net.normalise(net.convolve(x, f"res{block}2c"), f"bn{block}2c") + shortcut)
    return net.connect(flatten(functional.avg_pool2d(x, 2)), "fcOUT")


def densenet(layers: Layers, x: Tensor) -> Tensor:
    net = Forward(layers, 1.001e-5)
    x = torch.relu(net.normalise(net.convolve(x, "conv1/conv", 2, 3), "conv1/bn"))
    x = functional.max_pool2d(functional.pad(x, (1, 1, 1, 1)), 3, 2)
    for block, size in ((2, 6), (3, 12), (4, 24), (5, 16)):
        for name in (f"conv{block}_block{layer}" for layer in range(1, size + 1)):
            y = net.convolve(torch.relu(net.normalise(x, f"{name}_0_bn")), f"{name}_1_conv")
            y = net.convolve(torch.relu(net.normalise(y, f"{name}_1_bn")), f"{name}_2_conv", padding=1)
            x = torch.cat([x, y], 1)
        if block < 5:
            x = net.convolve(torch.relu(net.normalise(x, f"pool{block}_bn")), f"pool{block}_conv")
            x = functional.avg_pool2d(x, 2)
    return net.connect(torch.relu(net.normalise(x, "bn")).flatten(2).mean(2), "fc_out")


def vgg(layers: Layers, x: Tensor) -> Tensor:
    net = Forward(layers, 0)
    names = list(layers)
    convolutions = names[:-2]
    for pool, half in (
        (2, convolutions[: len(convolutions) // 2]),
        (4, convolutions[len(convolutions) // 2 :]),
    ):
        for name in half:
            x = torch.relu(net.convolve(x, name))
        x = functional.max_pool2d(x, pool)
    return net.connect(torch.relu(net.connect(flatten(x), names[-2])), names[-1])


def fc4(layers: Layers, x: Tensor) -> Tensor:
    net = Forward(layers, 0)
    first, second, output = layers
    return net.connect(torch.relu(net.connect(torch.relu(net.connect(flatten(x), first)), second)), output)


# -- files -----------------------------------------------------------------------------------------


def random_layers(shapes: Shapes, seed: int = 1) -> Layers:
    generator = np.random.default_rng(seed)

    def draw(part: str, shape: tuple[int, ...]) -> NDArray[np.float32]:
        if part in ("gamma", "moving_variance"):
            return generator.uniform(0.5, 1.5, shape).astype(np.float32)
        scale = math.sqrt(math.prod(shape[:-1])) if part == "kernel" else 3.0
        return (generator.standard_normal(shape) / scale).astype(np.float32)

    return {
        name: {part: draw(part, shape) for part, shape in layer.items()} for name, layer in shapes.items()
    }


def write(path: Path, layers: Layers, *, group: str = "/", pieces: int = 0) -> Path:
    """Write layers as Keras does, between layers without weights; names in ``pieces`` if there are many."""
    names = [name for layer in layers for name in (layer, f"activation_of_{layer.replace('/', '_')}")]
    with h5py.File(path, "w") as file:
        root = file.require_group(group)
        encoded = [name.encode() for name in names]
        if pieces:
            for number, piece in enumerate(np.array_split(encoded, pieces)):
                root.attrs[f"layer_names{number}"] = piece
        else:
            root.attrs["layer_names"] = encoded
        for name in names:
            weights = {f"{name}/{part}:0": array for part, array in layers.get(name, {}).items()}
            below = root.require_group(name)
            below.attrs["weight_names"] = [weight.encode() for weight in weights]
            for weight, array in weights.items():
                below[weight] = array
    return path


Case = tuple[str, tuple[int, int, int], dict[str, Any], Shapes, Callable[[Layers, Tensor], Tensor]]


def cases() -> Iterator[Case]:
    yield "vgg6", (2, 60, 70), {}, vgg6_shapes(6 * 7), vgg
    yield "vgg4", (2, 60, 70), {}, vgg4_shapes(6 * 8), vgg
    yield "fc4", (2, 9, 11), {"outputs": 3}, fc4_shapes(2 * 9 * 11), fc4
    yield "resnet50", (1, 101, 170), {"width": 4, "outputs": 2}, resnet_shapes(2 * 3, 4, 2), resnet
    yield "densenet121", (1, 40, 70), {"growth": 4, "outputs": 2}, densenet_shapes(4, 2), densenet


CASES = {case[0]: case for case in cases()}


def network_of(case: Case) -> nn.Module:
    name, shape, arguments, *_ = case
    return build_network(name, shape=shape, **({"outputs": 1} | arguments)).eval()


@pytest.mark.parametrize(("group", "pieces"), [("/", 0), ("model_weights", 0), ("/", 3)])
@pytest.mark.parametrize("name", list(CASES))
def test_outputs_are_those_of_the_layers_in_the_file(
    name: str, group: str, pieces: int, tmp_path: Path
) -> None:
    _, shape, _, shapes, forward = CASES[name]
    layers = random_layers(shapes)
    network = network_of(CASES[name])
    import_keras_weights(write(tmp_path / "a.h5", layers, group=group, pieces=pieces), network)
    torch.manual_seed(0)
    samples = torch.randn(2, *shape, dtype=torch.float64)
    with torch.inference_mode():
        found, expected = network.double()(samples), forward(layers, samples)
    assert expected.std() > 1e-4
    torch.testing.assert_close(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize(
    ("name", "shapes", "expected"),
    [
        ("vgg6", {**vgg6_shapes(16 * 16), "conv1": convolution(3, 1, 16)}, 2_114_033),
        ("resnet50", resnet_shapes(2 * 2), 17_386_753),
        ("densenet121", densenet_shapes(), 7_032_257),
    ],
)
def test_lists_hold_as_many_numbers_as_published(name: str, shapes: Shapes, expected: int) -> None:
    assert count(shapes) == expected
    state = build_network(name, shape=(1, 144, 144), outputs=1).state_dict()
    assert sum(tensor.numel() for tensor in state.values() if tensor.ndim) == expected


@pytest.mark.parametrize("name", ["vgg6", "resnet50", "densenet121"])
def test_order_does_not_matter_where_names_are_known(name: str, tmp_path: Path) -> None:
    layers = random_layers(CASES[name][3])
    first, second = network_of(CASES[name]), network_of(CASES[name])
    import_keras_weights(write(tmp_path / "a.h5", layers), first)
    import_keras_weights(write(tmp_path / "b.h5", dict(reversed(layers.items()))), second)
    for key, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[key]), key


@pytest.mark.parametrize("name", ["resnet50", "densenet121"])
def test_output_layer_may_have_any_name(name: str, tmp_path: Path) -> None:
    layers = random_layers(CASES[name][3])
    *_, output = layers
    layers["fc1"] = layers.pop(output)
    network = network_of(CASES[name])
    import_keras_weights(write(tmp_path / "a.h5", layers), network)
    assert np.array_equal(network.get_submodule("output").bias.detach().numpy(), layers["fc1"]["bias"])


def test_names_of_later_versions_of_keras_are_known(tmp_path: Path) -> None:
    layers = random_layers(CASES["densenet121"][3])
    first, second = network_of(CASES["densenet121"]), network_of(CASES["densenet121"])
    import_keras_weights(write(tmp_path / "a.h5", layers), first)
    later = {name.replace("/", "_"): layer for name, layer in layers.items()}
    import_keras_weights(write(tmp_path / "b.h5", later), second)
    assert torch.equal(first.get_submodule("conv1").weight, second.get_submodule("conv1").weight)


def test_every_misfit_is_named_and_nothing_changes(tmp_path: Path) -> None:
    layers = random_layers(CASES["resnet50"][3])
    layers["res3b_branch2c"]["kernel"] = layers["res3b_branch2c"]["kernel"][..., :-1]
    layers["bn4a_branch2b"]["gamma"] = layers["bn4a_branch2b"]["gamma"][1:]
    del layers["bn5c_branch2a"]["moving_mean"]
    layers["res2a_branch9"] = layers.pop("res2a_branch1")
    del layers["bn2b_branch2a"]
    layers["conv1"]["kernel"] = layers["conv1"]["kernel"][0]
    network = network_of(CASES["resnet50"])
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    with pytest.raises(ModelError) as caught:
        import_keras_weights(write(tmp_path / "a.h5", layers), network)
    message = str(caught.value)
    for part in (
        "lacks the layers res2a_branch1, bn2b_branch2a;",
        "unknown to ResNet50: res2a_branch9;",
        "'res3b_branch2c' has weight (31, 8, 1, 1), module 'stage3.b.branch2c' takes weight (32, 8, 1, 1);",
        "'bn4a_branch2b' has weight (15,), module 'stage4.a.bn2b' takes weight (16,);",
        "'bn5c_branch2a' has no running_mean, module 'stage5.c.bn2a' takes running_mean (32,);",
        "'conv1' has kernel (7, 1, 4), module 'conv1' takes weight (4, 1, 7, 7);",
    ):
        assert part in message, message
    for key, tensor in network.state_dict().items():
        assert torch.equal(tensor, before[key]), key


def test_a_bias_that_the_network_does_not_have_is_refused(tmp_path: Path) -> None:
    layers = random_layers(CASES["densenet121"][3])
    layers["pool3_conv"]["bias"] = np.ones(8, np.float32)
    with pytest.raises(
        ModelError, match=r"'pool3_conv' has bias \(8,\), module 'body\.pool3\.conv' takes none"
    ):
        import_keras_weights(write(tmp_path / "a.h5", layers), network_of(CASES["densenet121"]))


def test_files_of_another_network(tmp_path: Path) -> None:
    path = write(tmp_path / "a.h5", random_layers(CASES["densenet121"][3]))
    with pytest.raises(ModelError, match="expected the 6 of VGG6"):
        import_keras_weights(path, network_of(CASES["vgg6"]))
    with pytest.raises(ModelError, match=r"lacks the layers .*bn5c_branch2c; .*conv2_block1_0_bn"):
        import_keras_weights(path, network_of(CASES["resnet50"]))


def test_a_network_that_nobody_published(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="Compact was never published from Keras; choose one of vgg6"):
        import_keras_weights(tmp_path / "a.h5", Compact((1, 16, 16)))
