"""StreakNet: small, sees the whole cutout, and learns lines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor, nn

from skysieve.errors import ConfigurationError
from skysieve.networks.streaknet import StreakNet
from skysieve.networks.vgg import VGG6

torch.set_num_threads(1)


@pytest.fixture
def deterministic() -> Iterator[None]:
    before = torch.are_deterministic_algorithms_enabled()
    torch.use_deterministic_algorithms(True)
    yield
    torch.use_deterministic_algorithms(before)


def multiplications(network: nn.Module, shape: tuple[int, int, int]) -> int:
    """Return the multiplications of convolutions and dense layers for one sample."""
    counts = []

    def count(module: nn.Module, _: object, output: Tensor) -> None:
        if isinstance(module, nn.Conv2d):
            counts.append(output.numel() * module.weight[0].numel())
        elif isinstance(module, nn.Linear):
            counts.append(module.weight.numel())

    for module in network.modules():
        module.register_forward_hook(count)
    with torch.inference_mode():
        network.eval()(torch.zeros(1, *shape))
    return sum(counts)


@pytest.mark.parametrize(("depth", "cost", "size"), [(1, 8_059_520, 75_121), (2, 10_474_112, 123_729)])
def test_costs_less_than_a_tenth_of_vgg6(depth: int, cost: int, size: int) -> None:
    shape = (1, 144, 144)
    vgg6, network = VGG6(shape), StreakNet(shape, depth=depth)
    assert multiplications(vgg6, shape) == 111_611_712
    assert multiplications(network, shape) == cost < 111_611_712 / 10
    assert sum(parameter.numel() for parameter in vgg6.parameters()) == 2_114_033
    assert sum(parameter.numel() for parameter in network.parameters()) == size


def test_last_stage_sees_the_whole_cutout() -> None:
    torch.manual_seed(0)
    network = StreakNet((1, 353, 353), width=4)
    # Averages in place of maxima and without rectifiers let every pixel through that is seen at all.
    network.stem[1], network.stem[3] = nn.AvgPool2d(2), nn.Identity()
    for module in network.stages.modules():
        if isinstance(module, nn.Sequential) and isinstance(module[-1], nn.ReLU):
            module[-1] = nn.Identity()
    sample = torch.zeros(1, 1, 353, 353, dtype=torch.float64, requires_grad=True)
    features = network.double().eval().stages(network.stem(sample))
    assert features.shape[-1] == 11
    features[0, :, 5, 5].sum().backward()
    assert sample.grad is not None
    rows = sample.grad[0, 0].abs().sum(1).nonzero()[:, 0]
    assert rows.max() - rows.min() + 1 == 177 > 144


def test_parameters_do_not_depend_on_the_size_and_take_any() -> None:
    sizes = {sum(p.numel() for p in StreakNet((1, side, side)).parameters()) for side in (8, 63, 144)}
    assert len(sizes) == 1
    network = StreakNet((1, 144, 144), outputs=3, width=4).eval()
    for shape in ((8, 8), (9, 31), (157, 157)):
        assert network(torch.zeros(2, 1, *shape)).shape == (2, 3)


def test_width_and_depth() -> None:
    def size(**arguments: int) -> int:
        return sum(parameter.numel() for parameter in StreakNet((1, 144, 144), **arguments).parameters())

    residual = 9 * (16**2 + 32**2 + 64**2) + 2 * (16 + 32 + 64)
    assert size(depth=2) - size() == residual
    assert 3.5 * size() < size(width=32) < 4 * size()


def test_head_sees_mean_and_maximum() -> None:
    torch.manual_seed(0)
    network = StreakNet((1, 64, 64), outputs=2, width=4).eval()
    samples = torch.randn(3, 1, 64, 64)
    with torch.inference_mode():
        features = network.stages(network.stem(samples)).flatten(2)
        pooled = torch.cat([features.mean(2), features.max(2).values], 1)
        expected = pooled @ network.output.weight.T + network.output.bias
        torch.testing.assert_close(network(samples), expected)


def test_learns_faint_lines_and_repeats_itself(deterministic: None) -> None:
    def train() -> tuple[list[float], Tensor]:
        generator = torch.Generator().manual_seed(2)
        images = torch.randn(96, 1, 48, 48, generator=generator)
        labels = (torch.arange(96) % 2).float()
        for index in range(1, 96, 2):
            row = int(torch.randint(8, 40, (), generator=generator))
            images[index, 0, row : row + 2, 8:40] += 1.5
        torch.manual_seed(0)
        network = StreakNet((1, 48, 48), width=8, dropout=0.0).to(memory_format=torch.channels_last)
        optimiser = torch.optim.Adam(network.parameters(), 5e-3)
        losses = []
        for _ in range(25):
            with torch.autocast("cpu", torch.bfloat16):
                logits = network(images.contiguous(memory_format=torch.channels_last))
            loss = nn.functional.binary_cross_entropy_with_logits(logits[:, 0].float(), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            losses.append(loss.item())
        return losses, network.output.weight.detach()

    (losses, weights), (again, same) = train(), train()
    assert losses[-1] < 0.1 < 0.5 < losses[0]
    assert losses == again
    assert torch.equal(weights, same)


@pytest.mark.parametrize("shape", [(1, 7, 144), (1, 144, 7), (144, 144)])
def test_too_small(shape: tuple[int, int, int]) -> None:
    with pytest.raises(ConfigurationError, match=r"'streaknet' takes .* at least 8 pixels"):
        StreakNet(shape)
