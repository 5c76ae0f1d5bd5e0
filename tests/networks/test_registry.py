"""Building networks by name, and what every registered network must do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
import pytest
import torch

from skysieve.errors import ConfigurationError, UnknownNameError
from skysieve.networks import NETWORKS, build_network
from skysieve.networks.onnx_export import export_onnx
from skysieve.networks.sequences import SequenceNetwork

torch.set_num_threads(1)

SHAPES = [(3, 63, 63), (1, 40, 40), (4, 48, 64)]
IMAGE_NETWORKS = [name for name in NETWORKS if not issubclass(NETWORKS.get(name), SequenceNetwork)]
SMALL: dict[str, dict[str, Any]] = {
    "deepshadows": {"dense": 16},
    "fc4": {"dense": (8, 6)},
    "night-sky-net": {"dense": (24, 16, 16, 8), "pieces": 2},
    "resnet50": {"width": 8, "blocks": (1, 2, 1, 1)},
    "densenet121": {"growth": 8, "blocks": (2, 1, 2, 1)},
}
"""Arguments of networks that are too large for a quick test; their tests build them in full."""


@pytest.mark.parametrize("outputs", [1, 5])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_forward_and_backward(name: str, shape: tuple[int, int, int], outputs: int) -> None:
    network = build_network(name, shape=shape, outputs=outputs, **SMALL.get(name, {}))
    logits = network(torch.randn(4, *shape))
    assert logits.shape == (4, outputs)
    logits.square().sum().backward()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all()
        assert parameter.grad.abs().sum() > 0, parameter_name


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_same_seed_gives_the_same_network(name: str) -> None:
    def logits(seed: int) -> torch.Tensor:
        torch.manual_seed(seed)
        network = build_network(name, shape=(3, 63, 63), outputs=2, **SMALL.get(name, {}))
        return network(torch.ones(3, 3, 63, 63) * torch.arange(63.0))

    assert torch.equal(logits(5), logits(5))
    assert not torch.equal(logits(5), logits(6))


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_samples_do_not_see_each_other_when_evaluated(name: str) -> None:
    torch.manual_seed(0)
    # In double precision: the order of a sum depends on the size of the batch, and its rounding with it.
    network = build_network(name, shape=(3, 63, 63), outputs=2, **SMALL.get(name, {})).eval().double()
    samples = torch.randn(5, 3, 63, 63, dtype=torch.float64)
    one_by_one = torch.cat([network(sample[None]) for sample in samples])
    torch.testing.assert_close(network(samples), one_by_one, rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("shape", SHAPES[:2], ids=str)
@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_exported_graph_takes_any_batch(name: str, shape: tuple[int, int, int], tmp_path: Path) -> None:
    torch.manual_seed(1)
    network = build_network(name, shape=shape, outputs=3, **SMALL.get(name, {}))
    export_onnx(network, tmp_path / "network.onnx", shape, output_name="logits", accepts_nan=False)
    session = onnxruntime.InferenceSession(tmp_path / "network.onnx")
    samples = torch.randn(7, *shape)
    with torch.inference_mode():
        expected = network.eval()(samples).numpy()
    (found,) = session.run(["logits"], {"cutouts": samples.numpy()})
    np.testing.assert_allclose(found, expected, atol=1e-5 * np.abs(expected).max())


@pytest.mark.parametrize("name", IMAGE_NETWORKS)
def test_a_shape_that_cannot_be_taken_is_named(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"\(3, 4, 4\)"):
        build_network(name, shape=(3, 4, 4), outputs=1)


def test_unknown_argument_names_the_nearest() -> None:
    with pytest.raises(ConfigurationError, match=r"no argument 'widht'; did you mean 'width'"):
        build_network("vgg6", shape=(3, 63, 63), outputs=1, widht=8)


def test_unknown_network_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="vgg6"):
        build_network("vgg16", shape=(3, 63, 63), outputs=1)


def test_no_outputs() -> None:
    with pytest.raises(ConfigurationError, match="0 outputs"):
        build_network("vgg6", shape=(3, 63, 63), outputs=0)
