"""What every registered network of sequences must do: above all, not see its padding."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skysieve.errors import ConfigurationError
from skysieve.networks import NETWORKS, build_network
from skysieve.networks.sequences import SequenceNetwork

torch.set_num_threads(1)


def is_of_sequences(name: str) -> bool:
    entry = NETWORKS.get(name)
    return isinstance(entry, type) and issubclass(entry, SequenceNetwork)


NAMES = [name for name in NETWORKS if is_of_sequences(name)]
#: Those that take any features for what they are; the others read light curves.
OF_FEATURES = ("frame-statistics",)
TINY: dict[str, dict[str, Any]] = {
    "naul": {"hidden": 4, "embedding": 3, "dense": 4},
    "time-transformer": {"width": 4, "heads": 2, "layers": 1, "frequencies": 3},
}
KINDS: list[tuple[str, int, dict[str, Any]]] = [
    (name, 4, TINY.get(name, {"hidden": 4}) | ({} if name == "gru-d" else {"errors": True}))
    for name in NAMES
    if name not in OF_FEATURES
]
LIGHT_CURVES = len(KINDS)
KINDS += [
    ("recurrent", 4, {"hidden": 4, "pooling": pooling, "bidirectional": True, "cell": "lstm", "errors": True})
    for pooling in ("last", "mean", "attention", "error")
]
KINDS += [
    ("recurrent", 4, {"hidden": 4, "layers": 2, "bidirectional": True, "times": False}),
    ("recurrent", 2, {"hidden": 4, "folded": True}),
    ("naul", 2, TINY["naul"] | {"folded": True}),
    ("gru-d", 2, {"hidden": 4}),
    ("frame-statistics", 4, {"hidden": 4, "width": 3, "heads": 2, "dense": 4}),
]


def made(name: str, features: int, arguments: dict[str, Any], outputs: int = 3) -> torch.nn.Module:
    torch.manual_seed(3)
    return build_network(name, shape=(features,), outputs=outputs, **arguments).eval()


def sequences(lengths: list[int], features: int, seed: int = 0) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    made = []
    for length in lengths:
        steps = rng.normal(size=(length, features)).astype(np.float32) + 15
        steps[:, 0] = np.sort(rng.uniform(0, 900, length))
        if features > 2:
            steps[:, 2] = rng.uniform(0.01, 0.5, length)
        made.append(steps)
    return made


def padded(members: list[np.ndarray], extra: int = 0, fill: float = np.nan) -> torch.Tensor:
    longest = max(len(member) for member in members) + extra
    rows = [np.pad(m, ((0, longest - len(m)), (0, 0)), constant_values=fill) for m in members]
    return torch.from_numpy(np.stack(rows))


def test_there_are_five_and_variants() -> None:
    assert {"recurrent", "static-rnn", "gru-d", "naul", "time-transformer"} <= set(NAMES)


@pytest.mark.parametrize(("name", "features", "arguments"), KINDS, ids=str)
@settings(max_examples=5, deadline=None)
@given(
    lengths=st.lists(st.integers(1, 9), min_size=1, max_size=4),
    others=st.lists(st.integers(1, 14), max_size=2),
    extra=st.integers(0, 4),
    fill=st.sampled_from([0.0, 1e6, float("nan")]),
    seed=st.integers(0, 99),
)
def test_neither_padding_nor_other_members_change_a_logit(
    name: str,
    features: int,
    arguments: dict[str, Any],
    lengths: list[int],
    others: list[int],
    extra: int,
    fill: float,
    seed: int,
) -> None:
    network = made(name, features, arguments)
    members = sequences(lengths, features, seed)
    batch = members + sequences(others, features, seed + 1)
    with torch.inference_mode():
        alone = torch.cat([network(torch.from_numpy(member)[None]) for member in members])
        marked = network(padded(batch, extra))[: len(members)]
        told = network(padded(batch, extra, fill), torch.tensor([len(m) for m in batch]))[: len(members)]
    assert torch.isfinite(alone).all()
    torch.testing.assert_close(marked, alone, rtol=0, atol=1e-5)
    torch.testing.assert_close(told, alone, rtol=0, atol=1e-5)


@pytest.mark.parametrize(("name", "features", "arguments"), KINDS, ids=str)
def test_every_point_counts(name: str, features: int, arguments: dict[str, Any]) -> None:
    network = made(name, features, arguments)
    (member,) = sequences([6], features)
    if name in OF_FEATURES or not getattr(network, "times", True):
        # Features are of order one, or units saturate.
        member /= 100
    with torch.inference_mode():
        before = network(torch.from_numpy(member)[None])
        for step in range(6):
            changed = member.copy()
            changed[step, 1] += 1
            assert not torch.allclose(network(torch.from_numpy(changed)[None]), before, atol=1e-7)


@pytest.mark.parametrize(("name", "features", "arguments"), KINDS, ids=str)
def test_gradients_reach_all_weights_and_are_finite(
    name: str, features: int, arguments: dict[str, Any]
) -> None:
    network = made(name, features, arguments)
    members = sequences([7, 3, 1], features)
    if name == "gru-d":
        members[0][1::2, 1] = np.nan
    network(padded(members)).square().sum().backward()
    for parameter_name, parameter in network.named_parameters():
        assert parameter.grad is not None, parameter_name
        assert torch.isfinite(parameter.grad).all(), parameter_name


@pytest.mark.parametrize("name", NAMES)
def test_a_shape_that_cannot_be_taken_is_named(name: str) -> None:
    with pytest.raises(ConfigurationError, match=r"\(3, 4, 4\)"):
        build_network(name, shape=(3, 4, 4), outputs=1)


@pytest.mark.parametrize(("name", "features", "arguments"), KINDS[:LIGHT_CURVES], ids=str)
def test_a_brighter_curve_is_told_by_its_level_alone(
    name: str, features: int, arguments: dict[str, Any]
) -> None:
    """Values are standardised within the network: with the level out of sight nothing is left of it."""
    network = made(name, features, arguments | {"level": (0.0, 1e12)})
    members = sequences([8], features)
    shifted = members[0].copy()
    shifted[:, 1:2] += 3.0
    with torch.inference_mode():
        one, other = network(padded(members)), network(torch.from_numpy(shifted)[None])
    torch.testing.assert_close(one, other, rtol=0, atol=1e-4)
