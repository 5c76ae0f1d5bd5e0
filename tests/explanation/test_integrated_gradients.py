"""Integrated gradients: what they add up to, and the baselines."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from skysieve.errors import ConfigurationError
from skysieve.explanation import attribute
from skysieve.networks import build_network
from skysieve.preprocess import Pipeline

SLOW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@SLOW
@given(
    seed=st.integers(0, 2**16),
    name=st.sampled_from(["vgg4", "compact", "streaknet"]),
    channels=st.integers(1, 4),
    outputs=st.sampled_from([1, 4]),
    baseline=st.sampled_from(["sky", "zeros", "given"]),
)
def test_the_attribution_adds_up_to_the_difference_of_the_logits(
    seed: int, name: str, channels: int, outputs: int, baseline: str
) -> None:
    torch.manual_seed(seed)
    arguments = {"width": 4} | ({"dense": 8} if name == "vgg4" else {})
    network = build_network(name, shape=(channels, 16, 16), outputs=outputs, **arguments).eval()
    images = np.random.default_rng(seed).normal(size=(2, channels, 16, 16)).astype(np.float32)
    found = attribute(network, images, "integrated-gradients", baseline=baseline, value=0.3, steps=1536)
    x = torch.tensor(images)
    start = {"zeros": torch.zeros_like(x), "given": torch.full_like(x, 0.3)}.get(baseline)
    if start is None:
        start = x.flatten(2).median(2).values[..., None, None].expand_as(x)
    with torch.no_grad():
        ends = [network(each).numpy() for each in (x, start)]
    rows = np.arange(2)
    difference = (
        (ends[0] - ends[1])[rows, found.target]
        if outputs > 1
        else (ends[0] - ends[1])[:, 0] * np.where(found.target == 1, 1, -1)
    )
    total = found.maps.astype(np.float64).sum((1, 2))
    np.testing.assert_allclose(found.figures["logit_difference"], difference, atol=1e-4)
    np.testing.assert_allclose(total - difference, found.figures["completeness_error"], atol=1e-4)
    # Rectifiers bend the way at many places: 96 steps leave up to a tenth of some of these networks.
    assert np.abs(total - difference).max() < 0.02 * max(1.0, np.abs(difference).max())


def test_a_linear_network_needs_one_step() -> None:
    weights = torch.randn(1, 18, generator=torch.Generator().manual_seed(1))
    network = nn.Sequential(nn.Flatten(), nn.Linear(18, 1))
    with torch.no_grad():
        network[1].weight.copy_(weights)
    images = np.random.default_rng(0).normal(size=(2, 2, 3, 3)).astype(np.float32)
    found = attribute(network, images, "integrated-gradients", target=1, baseline="zeros", steps=1)
    expected = (images * weights.numpy().reshape(2, 3, 3)).sum(1)
    np.testing.assert_allclose(found.maps, expected, rtol=1e-4, atol=1e-6)
    assert found.signed
    np.testing.assert_allclose(found.figures["completeness_error"], 0, atol=1e-5)


def test_the_sky_gets_nothing_from_the_sky_baseline() -> None:
    network = build_network("compact", shape=(1, 16, 16), outputs=1, width=8)
    image = np.full((1, 1, 16, 16), 7.0)
    image[0, 0, 4:6, 4:6] = 20.0
    found = attribute(network, image, "integrated-gradients", target=1)
    outside = found.maps[0].copy()
    outside[4:6, 4:6] = 0
    assert not outside.any()
    assert found.maps.any()


def test_more_steps_are_more_complete(small_network: Callable[..., Any], some_images: Any) -> None:
    network, images = small_network("streaknet"), some_images("streaknet", 2)
    errors = [
        np.abs(attribute(network, images, "integrated-gradients", steps=n).figures["completeness_error"])
        for n in (2, 128)
    ]
    assert errors[1].max() < 0.1 * errors[0].max()


def test_raw_zeros_are_no_baseline_of_a_network_that_norms() -> None:
    torch.manual_seed(0)
    network = build_network("compact", shape=(2, 16, 16), outputs=1, width=8)
    images = np.random.default_rng(0).normal(3, 1, size=(2, 2, 16, 16))
    preprocess = Pipeline.of("nan-to-num", "l2-per-cutout")
    kinds: dict[str, Any] = {
        "raw": {"space": "raw", "baseline": "zeros"},
        "network": {"space": "network", "baseline": "zeros"},
        "raw sky": {"space": "raw", "baseline": "sky"},
    }
    missed = {}
    for kind, chosen in kinds.items():
        found = attribute(network, images, "integrated-gradients", preprocess=preprocess, steps=24, **chosen)
        missed[kind] = np.abs(found.figures["completeness_error"]).max()
    # The logits differ by more than 4.
    assert missed["raw"] > 4
    assert missed["network"] < 1e-4
    assert missed["raw sky"] < 0.1


def test_steps_out_of_range_are_refused() -> None:
    with pytest.raises(ConfigurationError, match="steps is 0"):
        attribute(nn.Flatten(), np.zeros((1, 1, 2, 2)), "integrated-gradients", steps=0)
