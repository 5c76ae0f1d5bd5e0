"""Cells of an activation are put where they look, whatever strides and paddings came before."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from skysieve.explanation import attribute
from skysieve.explanation.cell_places import CellPlaces, PlaceTape, stretched
from skysieve.explanation.spatial_layers import last_activation
from skysieve.networks import build_network


def seen_by(network: nn.Module, shape: tuple[int, int], row: int, column: int) -> tuple[float, float]:
    """Return the middle of the pixels that a cell depends on; weights must be positive."""
    x = torch.ones(1, 1, *shape, requires_grad=True)
    network(x)[0, :, row, column].sum().backward()
    assert x.grad is not None
    rows, columns = np.nonzero(x.grad[0, 0].numpy())
    return (rows.min() + rows.max()) / 2, (columns.min() + columns.max()) / 2


class Residual(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.short = nn.Conv2d(1, 1, 3, stride=2, padding=1), nn.Conv2d(1, 1, 1, stride=2)

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(self.body(x) + self.short(x))


class OneSided(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Conv2d(1, 1, (4, 3), stride=(3, 1))

    def forward(self, x: Tensor) -> Tensor:
        return self.layer(functional.pad(x[..., 2:, 1:-1], (2, 0, 3, 1)))


@pytest.mark.parametrize(
    "network",
    [
        nn.Sequential(nn.Conv2d(1, 2, 5), nn.ReLU(), nn.AvgPool2d(2), nn.Conv2d(2, 1, 3)),
        nn.Sequential(nn.Conv2d(1, 1, 3, padding=1), nn.AvgPool2d(3, 2, 1), nn.Conv2d(1, 1, 4)),
        nn.Sequential(nn.Conv2d(1, 1, 3, padding="same", dilation=2), nn.Conv2d(1, 2, (3, 5), stride=(2, 3))),
        nn.Sequential(Residual(), Residual()),
        OneSided(),
    ],
    ids=["unpadded", "pooled", "dilated", "residual", "one-sided"],
)
def test_places_are_the_middle_of_what_cells_depend_on(network: nn.Module) -> None:
    for parameter in network.parameters():
        nn.init.constant_(parameter, 0.1)
    image = torch.ones(1, 1, 31, 29)
    with PlaceTape(image) as tape:
        activation = network(image)
    places = tape.places(activation)
    assert places is not None
    # Cells in the middle see nothing of the border.
    row, column = activation.shape[2] // 2, activation.shape[3] // 2
    found = (places.first[0] + row * places.pitch[0], places.first[1] + column * places.pitch[1])
    assert found == pytest.approx(seen_by(network, (31, 29), row, column))


@pytest.mark.parametrize("name", ["vgg6", "resnet50", "streaknet", "compact", "densenet121"])
def test_places_are_known_in_every_network(
    name: str, small_network: Callable[..., Any], some_images: Any
) -> None:
    image = torch.as_tensor(some_images(name)[:1], dtype=torch.float32)
    with PlaceTape(image) as tape:
        _, activation, _ = last_activation(small_network(name).eval(), image)
    assert tape.places(activation) is not None


def test_places_are_known_behind_a_crop() -> None:
    network = build_network("night-sky-net", shape=(3, 80, 80), outputs=2).eval()
    image = torch.zeros(1, 3, 80, 80)
    with PlaceTape(image) as tape:
        _, activation, _ = last_activation(network, image)
    places = tape.places(activation)
    assert places is not None
    # The crop is central and all windows are alike on both sides, so that the cells are central, too.
    middle = [first + 0.5 * 7 * pitch for first, pitch in zip(places.first, places.pitch, strict=True)]
    assert middle == pytest.approx([39.5, 39.5], abs=2.0)


@pytest.mark.parametrize(
    "moving",
    [lambda x: x.flip(3), lambda x: x[:, :, ::2], lambda x: functional.interpolate(x, scale_factor=2)],
)
def test_what_moves_otherwise_makes_places_unknown(moving: Callable[[Tensor], Tensor]) -> None:
    image = torch.zeros(1, 1, 9, 9)
    with PlaceTape(image) as tape:
        activation = moving(nn.Conv2d(1, 1, 3)(image))
    assert tape.places(activation) is None


@pytest.mark.parametrize("name", ["resnet50", "compact"])
def test_the_border_of_a_padded_network_belongs_to_the_outermost_cells(
    name: str, small_network: Callable[..., Any], some_images: Any
) -> None:
    image = torch.as_tensor(some_images(name)[:1], dtype=torch.float32)
    with PlaceTape(image) as tape:
        _, activation, _ = last_activation(small_network(name).eval(), image)
    rows, columns = image.shape[2:]
    ones = torch.ones(1, 1, *activation.shape[2:])
    torch.testing.assert_close(
        stretched(ones, (rows, columns), tape.places(activation)), torch.ones(1, rows, columns)
    )


def test_what_a_crop_cuts_off_is_seen_by_no_cell() -> None:
    network = build_network("night-sky-net", shape=(3, 80, 80), outputs=2).eval()
    image = torch.zeros(1, 3, 80, 80)
    with PlaceTape(image) as tape:
        _, activation, _ = last_activation(network, image)
    (seen,) = stretched(torch.ones(1, 1, *activation.shape[2:]), (80, 80), tape.places(activation)) > 0
    assert not seen[:10].any()
    assert not seen[:, 70:].any()
    assert seen[22:58, 22:58].all()


def test_even_places_are_those_of_a_plain_stretch() -> None:
    coarse = torch.rand(2, 1, 5, 4, generator=torch.Generator().manual_seed(1))
    plain = stretched(coarse, (20, 12), None)
    placed = stretched(coarse, (20, 12), CellPlaces((4.0, 3.0), (1.5, 1.0), (2.0, 1.5)))
    torch.testing.assert_close(placed, plain)


class UnpaddedSpotFinder(nn.Module):
    """Finds bright spots behind three convolutions without padding."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Conv2d(1, 1, 7), nn.Conv2d(1, 1, 7), nn.AvgPool2d(2), nn.ReLU())
        for parameter in self.parameters():
            nn.init.constant_(parameter, 0.0 if parameter.ndim == 1 else 0.02)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).amax((2, 3))


@pytest.mark.parametrize("place", [(9, 30), (20, 20), (29, 11)])
def test_maps_of_an_unpadded_network_lie_on_what_they_show(place: tuple[int, int]) -> None:
    images = np.zeros((1, 1, 40, 40))
    images[0, 0, place[0] - 1 : place[0] + 2, place[1] - 1 : place[1] + 2] = 5.0
    for layer in ("", "layers.3"):
        (found,) = attribute(UnpaddedSpotFinder(), images, target=1, layer=layer).maps
        weights = found / found.sum()
        centre = [(weights.sum(1 - axis) * np.arange(40)).sum() for axis in (0, 1)]
        assert np.abs(np.subtract(centre, place)).max() < 1.0
