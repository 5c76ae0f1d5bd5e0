"""Edges of dmdt images: what is published, what is refused."""

from __future__ import annotations

import math

import pytest

from skysieve.errors import ConfigurationError
from skysieve.preprocess.dmdt.bins import BINS, DmdtBins


def test_published_edges_make_22_by_24_pixels() -> None:
    bins = BINS["mahabal2017"]
    assert bins.shape == (22, 24)
    assert (len(bins.dm), len(bins.dt)) == (23, 25)
    assert bins.dm[:3] == (-8, -5, -3)
    assert bins.dm[10:13] == (-0.1, 0, 0.1)
    assert bins.dt[:2] == (0, 1 / 145)
    assert bins.dt[-2:] == (2000, 4000)
    assert not [edge for edge in bins.dt if 0.12 < edge < 1.5]


def test_edges_of_scope_make_26_by_26_pixels() -> None:
    assert BINS["scope"].shape == (26, 26)


@pytest.mark.parametrize("bins", BINS.values(), ids=list(BINS))
def test_published_edges_are_as_fine_on_both_sides_of_zero(bins: DmdtBins) -> None:
    assert bins.dm == tuple(-edge for edge in reversed(bins.dm))


@pytest.mark.parametrize(
    ("dm", "dt", "said"),
    [
        ((0.0,), (0.0, 1.0), "two or more"),
        ((0.0, 0.0), (0.0, 1.0), "ascend; found 0.0 after 0.0"),
        ((0.0, math.inf), (0.0, 1.0), "finite"),
        ((0.0, 1.0), (0.0, 2.0, 1.0), "edges of dt ascend"),
        ((0.0, 1.0), (-1.0, 1.0), "dt begins at 0"),
    ],
)
def test_edges_that_make_no_sense(dm: tuple[float, ...], dt: tuple[float, ...], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        DmdtBins(dm, dt)
