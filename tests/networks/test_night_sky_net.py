"""Night Sky Net: the published layout, maxout units, the crop in the middle."""

from __future__ import annotations

import pytest
import torch

from skysieve.errors import ConfigurationError
from skysieve.networks import build_network
from skysieve.networks.night_sky_net import Maxout

torch.set_num_threads(1)

# Derived from the published code: kernels and biases of every layer.
DERIVED = {
    "conv1": 5 * 5 * 3 * 32 + 32,
    "conv2": 5 * 5 * 32 * 64 + 64,
    "conv3": 3 * 3 * 64 * 128 + 128,
    "conv4": 3 * 3 * 128 * 128 + 128,
    "fc_1": 2048 * 2048 + 2048,
    "maxout_2.linear": 4 * (2048 * 2048 + 2048),
    "maxout_3.linear": 4 * (2048 * 2048 + 2048),
    "fc_4": 2048 * 1024 + 1024,
    "fc_out": 1024 * 4 + 4,
}


def test_every_layer_has_the_derived_size() -> None:
    with torch.device("meta"):
        network = build_network("night-sky-net", shape=(3, 60, 60), outputs=4)
    assert network.pooled_shape == (128, 4, 4)
    found: dict[str, int] = {}
    for name, parameter in network.named_parameters():
        layer = name.rsplit(".", 1)[0]
        found[layer] = found.get(layer, 0) + parameter.numel()
    assert found == DERIVED
    assert sum(found.values()) == 40_144_580


def test_maxout_is_the_largest_of_its_pieces() -> None:
    torch.manual_seed(0)
    layer = Maxout(5, 3, pieces=4)
    torch.nn.init.normal_(layer.linear.bias)
    x = torch.randn(7, 5)
    pieces = [
        x @ weight.T + bias
        for weight, bias in zip(layer.linear.weight.split(3), layer.linear.bias.split(3), strict=True)
    ]
    torch.testing.assert_close(layer(x), torch.stack(pieces).max(0).values)


def test_each_piece_starts_as_a_dense_layer_of_its_own() -> None:
    torch.manual_seed(0)
    weight = build_network("night-sky-net", shape=(3, 36, 36), outputs=4, dense=(300, 200, 9, 9)).maxout_2
    limit = (6 / (300 + 200)) ** 0.5
    assert weight.linear.weight.abs().max().item() == pytest.approx(limit, rel=0.01)


def test_only_the_crop_in_the_middle_is_seen() -> None:
    torch.manual_seed(0)
    network = build_network("night-sky-net", shape=(3, 120, 120), outputs=4, dense=(8, 8, 8, 8)).eval()
    whole, middle = torch.randn(2, 3, 120, 120), torch.zeros(2, 3, 120, 120)
    middle[..., 30:90, 30:90] = whole[..., 30:90, 30:90]
    assert torch.equal(network(whole), network(middle))
    middle[..., 30, 89] += 100
    assert not torch.equal(network(whole), network(middle))


@pytest.mark.parametrize("arguments", [{"crop": 30}, {"dense": (8, 8)}, {"dense": (8, 8, 8, 0)}])
def test_arguments_that_make_no_sense(arguments: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError, match="a crop of at least 36 pixels and 4 sizes"):
        build_network("night-sky-net", shape=(3, 60, 60), outputs=4, **arguments)
