"""What a cutout service is: requests of a position, pixels of the answers, and a pace that it bears.

A service is a frozen dataclass, so that its fields are settings (``--set layer=hsc-dr2``). It knows
addresses and formats; `skysieve.sources.archives.answer_fetch` knows how to ask. A new service is
one module beside this one that registers its class in `CUTOUT_SERVICES`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlencode

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.registry import Registry
from skysieve.samples.description import TensorColumn

__all__ = ["CUTOUT_SERVICES", "Asker", "Cutout", "CutoutService", "Politeness", "Position", "Request"]


@dataclass(frozen=True, slots=True)
class Position:
    """A place of which a cutout is wanted.

    Parameters
    ----------
    id : str
        Name of the sample.
    ra, dec : float
        Right ascension (0 to 360) and declination, degrees, ICRS.
    row : mapping
        All columns of the table that it comes from.
    """

    id: str
    ra: float
    dec: float
    row: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Politeness:
    """What a server is asked to bear.

    Parameters
    ----------
    at_once : int
        Requests under way at the same time.
    pause : float
        Least time between the starts of two requests, seconds.

    Raises
    ------
    ConfigurationError
        If nothing could ever be asked.
    """

    at_once: int = 2
    pause: float = 0.5

    def __post_init__(self) -> None:
        if self.at_once < 1 or not 0 <= self.pause < math.inf:
            raise ConfigurationError(
                f"found {self.at_once} requests at once, {self.pause} s apart; at least one request and a "
                "pause of 0 s or more are expected"
            )


@dataclass(frozen=True, slots=True)
class Request:
    """One question to a server.

    Parameters
    ----------
    address : str
        URL without its parameters.
    parameters : tuple of (str, str)
        In the order in which they are sent.
    suffix : str
        Ending of the file that the answer is kept in: ``.jpg``, ``.fits``, ``.csv``.
    outside : tuple of int
        HTTP statuses by which this server says that the position lies outside its footprint.
    missing : tuple of int
        HTTP statuses by which this server says that it lacks the file, where another may do: what to ask
        next is then told with an empty answer in its place. If nothing is, the position has failed.
    most_bytes : int
        An answer beyond it is broken off.
    """

    address: str
    parameters: tuple[tuple[str, str], ...]
    suffix: str
    outside: tuple[int, ...] = ()
    missing: tuple[int, ...] = ()
    most_bytes: int = 1 << 28

    @property
    def url(self) -> str:
        """The whole address."""
        # Commas separate coordinates in all these services, and colons times; neither needs quoting.
        return f"{self.address}?{urlencode(self.parameters, safe=',:')}" if self.parameters else self.address


@dataclass(frozen=True, slots=True, eq=False)
class Cutout:
    """The pixels of a position.

    Parameters
    ----------
    pixels : ndarray, shape (C, H, W)
        Of the layout that the service announces.
    notes : tuple of str
        What is unusual and does no harm: ``channels-moved``, ``partly-covered``.
    """

    pixels: NDArray[np.generic]
    notes: tuple[str, ...] = ()


class Asker(Protocol):
    """Who knows what to ask about a position, and what is no answer."""

    def request(self, position: Position, answers: Sequence[bytes]) -> Request | None:
        """Return what to ask next, given the answers thus far; None when nothing is left to ask."""

    def check(self, position: Position, answers: Sequence[bytes]) -> None:
        """Raise `InputError` unless the last answer is what was asked for."""


class CutoutService(Asker, Protocol):
    """Where cutouts come from."""

    @property
    def layout(self) -> TensorColumn:
        """Shape, type, names of channels and unit of every cutout."""

    @property
    def field_of_view(self) -> float:
        """Side of a cutout on the sky, arcsec."""

    @property
    def politeness(self) -> Politeness:
        """The pace that the service bears."""

    def cutout(self, position: Position, answers: Sequence[bytes]) -> Cutout:
        """Return the pixels that the answers hold; raises `InputError`."""


#: Classes of services by name; entry points in ``skysieve.cutout_services`` add to them.
CUTOUT_SERVICES: Registry[type[CutoutService]] = Registry(
    "cutout service", package="skysieve.sources.archives"
)
