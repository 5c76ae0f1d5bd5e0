"""Keras weights: files written here in the same layout, and the published ones."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from skysieve.errors import ModelError
from skysieve.networks.keras_weights import import_keras_vgg6
from skysieve.networks.vgg import VGG6

torch.set_num_threads(1)
Layers = dict[str, tuple[NDArray[Any], NDArray[Any]]]


def _keras_layers(network: VGG6) -> Layers:
    """Return the weights of a network as Keras would hold them."""
    channels, rows, columns = network.pooled_shape
    layers: Layers = {}
    for name in ("conv1", "conv2", "conv3", "conv4", "fc_1", "fc_out"):
        module: Any = network.get_submodule(name)
        weight, bias = module.weight.detach().numpy(), module.bias.detach().numpy()
        if weight.ndim == 4:
            kernel = np.moveaxis(weight, (0, 1), (3, 2))
        elif name == "fc_1":
            kernel = np.moveaxis(weight.reshape(-1, channels, rows, columns), (0, 1), (3, 2)).reshape(
                -1, len(weight)
            )
        else:
            kernel = weight.T
        layers[name] = (kernel, bias)
    return layers


def _write(path: Path, layers: Layers, group: str = "/") -> Path:
    with h5py.File(path, "w") as file:
        root = file.require_group(group)
        names = [name for layer in layers for name in (layer, f"dropout_{layer}")]
        root.attrs["layer_names"] = [name.encode() for name in names]
        for name in names:
            weights = [f"{name}/kernel:0", f"{name}/bias:0"] if name in layers else []
            root.create_group(name).attrs["weight_names"] = [weight.encode() for weight in weights]
            for weight, array in zip(weights, layers.get(name, ()), strict=True):
                root[name][weight] = array
    return path


def _random_network(shape: tuple[int, int, int], seed: int, **arguments: Any) -> VGG6:
    torch.manual_seed(seed)
    network = VGG6(shape, **arguments)
    for parameter in network.parameters():
        torch.nn.init.normal_(parameter)
    return network


@pytest.mark.parametrize("group", ["/", "model_weights"])
@pytest.mark.parametrize(("shape", "dense"), [((3, 63, 63), 256), ((2, 40, 56), 20), ((1, 20, 20), 8)])
def test_round_trip(shape: tuple[int, int, int], dense: int, group: str, tmp_path: Path) -> None:
    source = _random_network(shape, seed=1, width=4, dense=dense, outputs=2)
    target = _random_network(shape, seed=2, width=4, dense=dense, outputs=2)
    import_keras_vgg6(_write(tmp_path / "a.h5", _keras_layers(source), group), target)
    for name, tensor in source.state_dict().items():
        assert torch.equal(tensor, target.state_dict()[name]), name


def test_names_of_layers_do_not_matter(tmp_path: Path) -> None:
    source, target = (_random_network((1, 30, 30), seed, width=4, dense=8) for seed in (1, 2))
    layers = {f"layer_{9 - i}": weights for i, weights in enumerate(_keras_layers(source).values())}
    import_keras_vgg6(_write(tmp_path / "a.h5", layers), target)
    assert torch.equal(source.fc_1.weight, target.fc_1.weight)


def test_misfit_names_layer_and_module(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.h5", _keras_layers(VGG6((3, 63, 63))))
    with pytest.raises(
        ModelError, match=r"'conv1' has weight \(16, 3, 3, 3\), module 'conv1' takes weight \(16, 2,"
    ):
        import_keras_vgg6(path, VGG6((2, 63, 63)))
    with pytest.raises(
        ModelError, match=r"'fc_1' has weight \(256, 1152\), module 'fc_1' takes weight \(256, 128\)"
    ):
        import_keras_vgg6(path, VGG6((3, 30, 30)))
    with pytest.raises(ModelError, match=r"'fc_out' has .*\(1, 256\), module 'fc_out' takes .*\(5, 256\)"):
        import_keras_vgg6(path, VGG6((3, 63, 63), outputs=5))


def test_misfit_changes_nothing(tmp_path: Path) -> None:
    path = _write(tmp_path / "a.h5", _keras_layers(VGG6((3, 63, 63))))
    network = VGG6((3, 63, 63), outputs=5)
    before = network.conv1.weight.clone()
    with pytest.raises(ModelError):
        import_keras_vgg6(path, network)
    assert torch.equal(network.conv1.weight, before)


def test_other_architecture(tmp_path: Path) -> None:
    layers = _keras_layers(VGG6((1, 30, 30)))
    del layers["conv4"]
    with pytest.raises(ModelError, match=r"has 5 layers with weights .*expected the 6"):
        import_keras_vgg6(_write(tmp_path / "a.h5", layers), VGG6((1, 30, 30)))


def test_dense_where_a_convolution_is_expected(tmp_path: Path) -> None:
    layers = _keras_layers(VGG6((1, 30, 30)))
    layers["conv4"] = layers["fc_out"]
    with pytest.raises(ModelError, match="'conv4' has kernel"):
        import_keras_vgg6(_write(tmp_path / "a.h5", layers), VGG6((1, 30, 30)))


def test_unreadable_files(tmp_path: Path) -> None:
    network = VGG6((1, 30, 30))
    with pytest.raises(ModelError, match="does not exist"):
        import_keras_vgg6(tmp_path / "none.h5", network)
    (tmp_path / "text.h5").write_text("not HDF5")
    with pytest.raises(ModelError, match="not a complete HDF5 file"):
        import_keras_vgg6(tmp_path / "text.h5", network)
    with h5py.File(tmp_path / "keras3.h5", "w") as file:
        file["layers/conv2d/vars/0"] = np.zeros(3)
    with pytest.raises(ModelError, match="layout of Keras 2"):
        import_keras_vgg6(tmp_path / "keras3.h5", network)


@pytest.mark.realdata
def test_braai_gives_the_published_scores(real_data: Path) -> None:
    network = VGG6((3, 63, 63)).eval()
    import_keras_vgg6(real_data / "braai" / "braai_d6_m9.weights.h5", network)
    triplets = np.load(real_data / "btsbot" / "usage_triplets.npy").transpose(0, 3, 1, 2).astype(np.float32)
    with (real_data / "btsbot" / "usage_candidates.csv").open() as file:
        published = np.array([float(row["new_drb"]) for row in csv.DictReader(file)])
    with torch.inference_mode():
        scores = torch.sigmoid(network(torch.from_numpy(triplets)))[:, 0].numpy()
    assert len(scores) == len(published) == 39
    np.testing.assert_allclose(scores, published, atol=1e-6)


@pytest.mark.realdata
def test_both_published_weight_files_fit(real_data: Path) -> None:
    weights = {}
    for name in ("d6_m7", "braai_d6_m9"):
        network = VGG6((3, 63, 63))
        import_keras_vgg6(real_data / "braai" / f"{name}.weights.h5", network)
        weights[name] = network.conv1.weight
    assert not torch.equal(weights["d6_m7"], weights["braai_d6_m9"])
