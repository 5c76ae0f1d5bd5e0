"""The edges between the pixels of a dmdt image."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

from skysieve.errors import ConfigurationError

__all__ = ["BINS", "DmdtBins"]


@dataclass(frozen=True)
class DmdtBins:
    """Edges in magnitude and in time.

    All intervals are half open: a pair is in bin i if ``edge[i] <= difference < edge[i + 1]``, in
    float64 and without any tolerance; the last bin is no exception (`numpy.histogram2d` closes it).
    Pairs outside of the outermost edges are in no pixel. A pair of one instant has dt = 0 and is in
    the first bin where that begins at 0.

    Parameters
    ----------
    dm : tuple of float
        Edges of the differences in magnitude (or flux), later minus earlier, ascending.
    dt : tuple of float
        Edges of the differences in time, days, ascending from 0 or more.

    Raises
    ------
    ConfigurationError
        If there are less than two edges, or they do not ascend, or are not finite.

    Examples
    --------
    >>> DmdtBins(dm=(-1.0, 0.0, 1.0), dt=(0.0, 1.0, 10.0, 100.0)).shape
    (2, 3)
    """

    dm: tuple[float, ...]
    dt: tuple[float, ...]

    def __post_init__(self) -> None:
        for name in ("dm", "dt"):
            edges = tuple(map(float, getattr(self, name)))
            object.__setattr__(self, name, edges)
            if len(edges) < 2 or not all(map(math.isfinite, edges)):
                raise ConfigurationError(f"{name} takes two or more finite edges, found {edges}")
            for lower, upper in pairwise(edges):
                if lower >= upper:
                    raise ConfigurationError(f"edges of {name} ascend; found {upper} after {lower}")
        if self.dt[0] < 0:
            raise ConfigurationError(f"pairs are in the order of time: dt begins at 0, found {self.dt[0]}")

    @property
    def shape(self) -> tuple[int, int]:
        """Rows (dm) and columns (dt) of an image."""
        return len(self.dm) - 1, len(self.dt) - 1


def _mirrored(*edges: float) -> tuple[float, ...]:
    return (*(-edge for edge in reversed(edges)), 0.0, *edges)


_MAHABAL = DmdtBins(
    dm=_mirrored(0.1, 0.2, 0.3, 0.5, 1, 1.5, 2, 2.5, 3, 5, 8),
    # One exposure after another of CRTS, then nights; there is nothing between 0.12 and 1.5 d.
    dt=(
        *(0, 1 / 145, 2 / 145, 3 / 145, 4 / 145, 1 / 25, 2 / 25, 3 / 25),
        *(1.5, 2.5, 3.5, 4.5, 5.5, 7, 10, 20, 30, 60, 90, 120, 240, 600, 960, 2000, 4000),
    ),
)
_SCOPE = DmdtBins(
    dm=_mirrored(0.05, 0.1, 0.2, 0.3, 0.5, 0.75, 1.25, 1.5, 2, 2.5, 3, 4.5, 8),
    dt=(
        *(0, 0.02759, 0.04, 0.08, 0.12, 0.3, 0.75, 1),
        *(1.5, 2.5, 3.5, 4.5, 5.5, 7, 10, 20, 30, 45, 60, 90, 120, 180, 240, 360, 500, 650, 2000),
    ),
)

#: Published edges by name. ``mahabal2017``: 23 edges of dm and 25 of dt (arXiv:1709.06257), thus 22 × 24
#: pixels; the "23 × 24" of the paper counts the edges of dm. ``scope``: 27 and 27 edges of SCoPe
#: (arXiv:2102.11304), 26 × 26 pixels.
BINS: Mapping[str, DmdtBins] = MappingProxyType({"mahabal2017": _MAHABAL, "scope": _SCOPE})
