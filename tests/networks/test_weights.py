"""Weights to safetensors and back."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import nn

from skysieve.errors import ModelError
from skysieve.networks import build_network
from skysieve.networks.compact import Compact
from skysieve.networks.weights import load_backbone, load_weights, save_weights


def test_round_trip_is_exact(tmp_path: Path) -> None:
    first, second = Compact((1, 16, 16), width=4), Compact((1, 16, 16), width=4)
    first.to(memory_format=torch.channels_last)
    save_weights(first, tmp_path / "a.safetensors")
    load_weights(second, tmp_path / "a.safetensors")
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name]), name
    save_weights(second, tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()


def test_weights_of_another_network_are_named(tmp_path: Path) -> None:
    save_weights(Compact((1, 16, 16), width=4), tmp_path / "a.safetensors")
    network = Compact((1, 16, 16), width=4, outputs=3)
    before = network.output.weight.clone()
    with pytest.raises(ModelError, match=r"output\.weight has shape \(1, 16\), expected \(3, 16\)"):
        load_weights(network, tmp_path / "a.safetensors")
    assert torch.equal(network.output.weight, before)


def test_missing_and_unknown_tensors_are_named(tmp_path: Path) -> None:
    save_weights(torch.nn.Linear(2, 1), tmp_path / "a.safetensors")
    with pytest.raises(ModelError, match=r"bias is unknown"):
        load_weights(torch.nn.Linear(2, 1, bias=False), tmp_path / "a.safetensors")
    save_weights(torch.nn.Linear(2, 1, bias=False), tmp_path / "b.safetensors")
    with pytest.raises(ModelError, match=r"bias is missing"):
        load_weights(torch.nn.Linear(2, 1), tmp_path / "b.safetensors")


@pytest.mark.parametrize("size", [0, 4, 40, 300])
def test_truncated_file(size: int, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    network = Compact((1, 16, 16), width=4)
    save_weights(network, path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ModelError, match="not a complete safetensors file"):
        load_weights(network, path)


def test_absent_file(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cannot be read"):
        load_weights(torch.nn.Linear(2, 1), tmp_path / "none.safetensors")


def test_a_backbone_fills_all_but_the_last_dense_layer(tmp_path):
    torch.manual_seed(1)
    taught = build_network("streaknet", shape=(1, 16, 16), outputs=5)
    save_weights(taught, tmp_path / "taught.safetensors")
    network = build_network("streaknet", shape=(1, 16, 16), outputs=1)
    last = network.output.weight.detach().clone()
    load_backbone(network, tmp_path / "taught.safetensors")
    assert torch.equal(network.output.weight, last)
    for name, tensor in network.state_dict().items():
        if not name.startswith("output."):
            assert torch.equal(tensor, taught.state_dict()[name]), name


def test_a_backbone_of_another_width_is_refused(tmp_path):
    save_weights(build_network("streaknet", shape=(1, 16, 16), outputs=5, width=8), tmp_path / "narrow")
    with pytest.raises(ModelError, match="has shape"):
        load_backbone(build_network("streaknet", shape=(1, 16, 16), outputs=1), tmp_path / "narrow")


def test_a_network_without_a_dense_layer_has_no_backbone(tmp_path):
    save_weights(nn.Conv2d(1, 1, 3), tmp_path / "conv")
    with pytest.raises(ModelError, match="no dense layer"):
        load_backbone(nn.Conv2d(1, 1, 3), tmp_path / "conv")
