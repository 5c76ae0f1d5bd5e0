"""Device, precision, seeds, and that PyTorch's global state comes back."""

from __future__ import annotations

import random

import pytest
import torch

from skysieve.errors import ConfigurationError
from skysieve.training.configuration import TrainingConfig
from skysieve.training.execution import (
    Execution,
    derived_seed,
    reproducible,
    seed_everything,
    seeded_network,
)

CPU = torch.device("cpu")


def test_explicit_settings_are_kept() -> None:
    execution = Execution.of(TrainingConfig(device="cpu", precision="bfloat16", channels_last=False))
    assert (execution.device, execution.precision, execution.channels_last) == (CPU, "bfloat16", False)


@pytest.mark.parametrize(
    ("capabilities", "precision"),
    [
        ({"avx512_bf16": True}, "bfloat16"),
        ({"amx_bf16": True}, "bfloat16"),
        ({"avx512_bf16": False, "avx2": True}, "float32"),
        ({}, "float32"),
    ],
)
def test_auto_follows_the_processor(
    capabilities: dict[str, bool], precision: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities, raising=False)
    assert Execution.of(TrainingConfig(device="cpu")).precision == precision


def test_auto_device_follows_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert Execution.of(TrainingConfig()).device == CPU
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert Execution.of(TrainingConfig(precision="float32")).device.type == "cuda"


@pytest.mark.parametrize("device", ["gpu", "cuda:97"])
def test_unusable_device(device: str) -> None:
    with pytest.raises(ConfigurationError, match=f"'device' is '{device}'"):
        Execution.of(TrainingConfig(device=device))


def _fail_reproducibly(threads: int) -> None:
    with reproducible(CPU, threads=threads):
        assert torch.are_deterministic_algorithms_enabled()
        assert torch.get_num_threads() == threads
        seed_everything(1)
        raise KeyError


def test_global_state_comes_back_even_after_an_error() -> None:
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    threads = torch.get_num_threads()
    with pytest.raises(KeyError):
        _fail_reproducibly(threads + 1)
    assert not torch.are_deterministic_algorithms_enabled()
    assert torch.get_num_threads() == threads
    assert torch.equal(torch.rand(3), expected)


def test_seeds_of_epochs_differ() -> None:
    seeds = {derived_seed(run, epoch) for run in range(30) for epoch in range(1, 30)}
    assert len(seeds) == 30 * 29
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_seeded_network_leaves_the_generator_alone() -> None:
    random.seed(0)
    torch.manual_seed(7)
    expected = torch.rand(3)
    torch.manual_seed(7)
    first, second = (seeded_network(lambda: torch.nn.Linear(3, 2), seed) for seed in (1, 2))
    assert torch.equal(torch.rand(3), expected)
    assert not torch.equal(first.weight, second.weight)
