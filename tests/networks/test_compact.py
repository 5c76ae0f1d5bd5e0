"""The compact network."""

from __future__ import annotations

import torch

from skysieve.networks.compact import Compact

torch.set_num_threads(1)


def test_is_compact_whatever_the_size() -> None:
    sizes = {side: sum(p.numel() for p in Compact((3, side, side)).parameters()) for side in (8, 63, 256)}
    assert len(set(sizes.values())) == 1
    assert 30_000 < sizes[63] < 80_000


def test_depth_adds_blocks() -> None:
    shallow, deep = (sum(p.numel() for p in Compact((3, 63, 63), depth=d).parameters()) for d in (1, 2))
    assert deep > 1.5 * shallow


def test_same_weights_take_other_sizes() -> None:
    network = Compact((2, 63, 63), outputs=4).eval()
    assert network(torch.zeros(3, 2, 31, 47)).shape == (3, 4)
