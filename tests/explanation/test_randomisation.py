"""A network that has forgotten: what stays of its weights, and that its maps tell no more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr
from torch import nn

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.explanation import attribute, mask_agreement, randomised_network
from skysieve.explanation.randomisation import cascade, map_similarity, weighted_layers
from skysieve.training.ensemble import Ensemble

NETWORKS = ("vgg6", "resnet50", "streaknet", "compact", "densenet121")


@pytest.mark.parametrize("name", NETWORKS)
def test_every_tensor_keeps_its_values_and_loses_their_order(name: str, small_network: Any) -> None:
    network = small_network(name)
    before = {key: tensor.clone() for key, tensor in network.state_dict().items()}
    shuffled = randomised_network(network, seed=3).state_dict()
    assert all(torch.equal(before[key], tensor) for key, tensor in network.state_dict().items())
    for key, tensor in shuffled.items():
        assert torch.equal(tensor.flatten().sort().values, before[key].flatten().sort().values)
        if before[key].unique().numel() > 30:
            assert not torch.equal(tensor, before[key]), key
    again = randomised_network(network, seed=3).state_dict()
    assert all(torch.equal(shuffled[key], tensor) for key, tensor in again.items())


def test_the_tensors_of_a_normalisation_stay_together(small_network: Any) -> None:
    network = small_network("compact")
    norm = network.stem[1]
    nn.init.normal_(norm.weight)
    shuffled = randomised_network(network, seed=1).stem[1]
    pairs = [sorted(zip(n.weight.tolist(), n.running_var.tolist(), strict=True)) for n in (norm, shuffled)]
    assert pairs[0] == pairs[1]


def test_only_the_last_layers_can_be_randomised(small_network: Any) -> None:
    network = small_network("vgg6")
    assert weighted_layers(network) == ["fc_out", "fc_1", "conv4", "conv3", "conv2", "conv1"]
    part = randomised_network(network, seed=1, last=2)
    assert torch.equal(part.conv4.weight, network.conv4.weight)
    assert not torch.equal(part.fc_1.weight, network.fc_1.weight)
    with pytest.raises(ConfigurationError, match="7 layers are to be randomised; the network has 6"):
        randomised_network(network, seed=1, last=7)


def test_a_cascade_adds_layers_from_the_output_on(small_network: Any) -> None:
    network = small_network("vgg6")
    steps = list(cascade(network, seed=1, steps=3))
    assert [name for name, _ in steps] == ["fc_1", "conv3", "conv1"]
    fc = [step.fc_1.weight for _, step in steps]
    assert torch.equal(fc[0], fc[1])
    assert torch.equal(fc[1], fc[2])
    assert torch.equal(steps[1][1].conv2.weight, network.conv2.weight)
    assert not torch.equal(steps[2][1].conv2.weight, network.conv2.weight)


def test_every_member_of_an_ensemble_is_randomised(small_network: Any) -> None:
    ensemble = Ensemble([small_network("vgg6", seed=seed) for seed in (1, 2)])
    shuffled = randomised_network(ensemble, seed=1)
    for before, after in zip(ensemble.networks, shuffled.networks, strict=True):
        assert not torch.equal(before.conv1.weight, after.conv1.weight)
    assert len(list(cascade(ensemble, seed=1, steps=2))) == 2


def test_similarity_is_that_of_scipy() -> None:
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(2, 3, 8, 8))
    second[0] += 2 * first[0]
    second[2] = 0
    found = map_similarity(first, second)
    for number in (0, 1):
        expected = spearmanr(np.abs(first[number]).ravel(), np.abs(second[number]).ravel()).statistic
        assert found.rank_correlation[number] == pytest.approx(expected)
    assert np.isnan(found.rank_correlation[2])
    assert map_similarity(first, -first).iou_top.tolist() == [1, 1, 1]
    with pytest.raises(SampleSetError, match="expected both"):
        map_similarity(first, second[:1])


@pytest.fixture(scope="module")
def bars() -> tuple[nn.Module, np.ndarray, np.ndarray]:
    """Return a network that finds upright bars among dashes, images with one of each, masks of the bars."""
    rng = np.random.default_rng(0)
    images = rng.normal(0, 0.3, (60, 1, 24, 24)).astype(np.float32)
    masks = np.zeros((60, 24, 24), dtype=bool)
    for image, mask in zip(images[:, 0], masks, strict=True):
        row, column = rng.integers(3, 9, 2)
        mask[row - 2 : row + 3, column] = True
        image[mask] += 2.0
        # As bright as the bar: a map that shows brightness shows both.
        row, column = rng.integers(14, 21, 2)
        image[row, column - 2 : column + 3] += 2.0
    network = nn.Sequential(
        nn.Conv2d(1, 2, 5, padding=2), nn.ReLU(), nn.AdaptiveMaxPool2d(1), nn.Flatten(), nn.Linear(2, 1)
    )
    bar = torch.full((5, 5), -0.05)
    bar[:, 2] = 0.2
    with torch.no_grad():
        network[0].weight.copy_(torch.stack([bar, bar.T])[:, None])
        network[0].bias.fill_(-1.0)
        network[4].weight.copy_(torch.tensor([[1.0, -1.0]]))
        network[4].bias.zero_()
    return network.eval(), images, masks


@pytest.mark.parametrize("method", ["grad-cam", "integrated-gradients", "saliency"])
def test_the_network_finds_the_object_and_a_randomised_one_does_not(
    method: str, bars: tuple[Any, Any, Any]
) -> None:
    network, images, masks = bars
    settings = {"steps": 16} if method == "integrated-gradients" else {}
    found = attribute(network, images, method, target=1, **settings)
    agreement = mask_agreement(found.maps, masks)
    forgotten, correlation = [], []
    for seed in range(8):
        maps = attribute(randomised_network(network, seed=seed), images, method, target=1, **settings).maps
        forgotten.append(mask_agreement(maps, masks))
        # A map of zeros everywhere, which Grad-CAM may give, is like no other.
        correlation.append(np.nan_to_num(map_similarity(found.maps, maps).rank_correlation).mean())
    assert agreement.pointing.mean() > 0.95
    assert np.mean([each.pointing.mean() for each in forgotten]) < 0.5
    assert agreement.iou_top.mean() > 2 * np.mean([each.iou_top.mean() for each in forgotten])
    assert np.mean(correlation) < 0.7
