"""Cutouts of ZTF's exposures at IRSA: a search for the exposures of a position, then pieces of their files.

The parameters ``center`` and ``size`` are https://irsa.ipac.caltech.edu/ibe/cutouts.html. Acknowledge ZTF
and IRSA.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from skysieve.errors import ConfigurationError, InputError
from skysieve.samples.description import TensorColumn
from skysieve.sources.archives.answer_images import read_fits_cube
from skysieve.sources.archives.cutout_service import (
    CUTOUT_SERVICES,
    Cutout,
    Politeness,
    Position,
    Request,
)
from skysieve.sources.archives.exposure_tables import (
    USABLE,
    exposure_path,
    exposure_search,
    image_address,
    read_exposures,
)

__all__ = ["BASE_URL", "ZTF_PIXEL_SCALE", "IrsaZtf"]

#: Where the image server of IRSA is.
BASE_URL = "https://irsa.ipac.caltech.edu/ibe"
#: Arcsec a pixel of ZTF's camera.
ZTF_PIXEL_SCALE = 1.012

_FILES = {"science": "sciimg.fits", "difference": "scimrefdiffimg.fits.fz"}
_CHOICES = {"deepest": ("maglimit", -1.0), "sharpest": ("seeing", 1.0), "latest": ("obsjd", -1.0)}
#: Exposures of a position whose files are asked for, the best first, before it has failed.
_EXPOSURES_AT_MOST = 3


@CUTOUT_SERVICES.register("irsa-ztf")
@dataclass(frozen=True)
class IrsaZtf:
    """ZTF's exposures at IRSA: one exposure a position, as detector counts.

    Parameters
    ----------
    size : int
        Height and width, pixels of 1.012 arcsec; ZTF's alerts have 63.
    products : tuple of str
        The channels: ``science``, ``difference`` (science minus reference).
    filter : {"zg", "zr", "zi"}
        The filter.
    exposure : {"deepest", "sharpest", "latest"}
        Which exposure of a position: by limiting magnitude, by seeing, by time. Where the archive lacks a
        file of the best one, the next is taken, up to the third.
    since, until : float
        Julian dates that the exposure lies between.
    base_url : str
        Where the image server is; for mirrors.

    Examples
    --------
    >>> print(IrsaZtf(exposure="sharpest").request(Position("a", 255.5, 12.25), []).url[:90])
    https://irsa.ipac.caltech.edu/ibe/search/ztf/products/sci?POS=255.5,12.25&WHERE=filtercode
    """

    size: int = 63
    products: tuple[str, ...] = ("science", "difference")
    filter: Literal["zg", "zr", "zi"] = "zr"
    exposure: Literal["deepest", "sharpest", "latest"] = "deepest"
    since: float = 0.0
    until: float = 1e7
    base_url: str = field(default_factory=lambda: BASE_URL)

    def __post_init__(self) -> None:
        if not 1 <= self.size <= 3072:
            raise ConfigurationError(f"size: found {self.size} pixels, a quadrant of ZTF has 3072")
        if (
            not self.products
            or len(set(self.products)) < len(self.products)
            or set(self.products) - set(_FILES)
        ):
            raise ConfigurationError(
                f"products: found {', '.join(self.products)}; known are {', '.join(_FILES)}"
            )

    @property
    def layout(self) -> TensorColumn:
        """(C, size, size) float32, a channel a product."""
        return TensorColumn(
            (len(self.products), self.size, self.size), "float32", self.products, "detector counts"
        )

    @property
    def field_of_view(self) -> float:
        """Side on the sky, arcsec."""
        return self.size * ZTF_PIXEL_SCALE

    @property
    def politeness(self) -> Politeness:
        """IRSA publishes no limit; this is about what one person's browser asks for."""
        return Politeness(at_once=3, pause=0.2)

    def request(self, position: Position, answers: Sequence[bytes]) -> Request | None:
        """Return the search, then the piece of each product's file."""
        if not answers:
            return self._search(position)
        exposures = self._best(position, answers[0])
        number, pieces = _pieces(answers)
        if number == len(exposures) or len(pieces) == len(self.products):
            return None
        parameters = {
            "center": f"{position.ra:.10g},{position.dec:.10g}",
            "size": f"{self.size}px",
            "gzip": "false",
        }
        address = image_address(self.base_url, exposures[number], _FILES[self.products[len(pieces)]])
        return Request(address, tuple(parameters.items()), ".fits", outside=(400,), missing=(404,))

    def check(self, position: Position, answers: Sequence[bytes]) -> None:
        """Raise `InputError` unless the last answer is a table with an exposure, or an image."""
        if len(answers) == 1:
            self._best(position, answers[0])
        else:
            self._plane(position, answers[-1])

    def cutout(self, position: Position, answers: Sequence[bytes]) -> Cutout:
        """Stack the products; raises as `read_fits_cube`."""
        number, pieces = _pieces(answers)
        planes = [self._plane(position, piece) for piece in pieces]
        notes = dict.fromkeys(note for plane in planes for note in plane.notes)
        if number:
            notes["another-exposure"] = None
        return Cutout(np.concatenate([plane.pixels for plane in planes]), tuple(notes))

    def _plane(self, position: Position, answer: bytes) -> Cutout:
        # Corners are rounded outwards to whole pixels, so that one row or column may be too many.
        return read_fits_cube(answer, ("image",), self.size, position.id, trim=1)

    def _search(self, position: Position) -> Request:
        column, _ = _CHOICES[self.exposure]
        where = [f"filtercode='{self.filter}'", USABLE]
        if self.since > 0:
            where.append(f"obsjd>{self.since:.13g}")
        if self.until < 1e7:
            where.append(f"obsjd<{self.until:.13g}")
        return exposure_search(self.base_url, position, where, [column])

    def _best(self, position: Position, table: bytes) -> list[str]:
        """Return the paths of the best exposures, the very best first."""
        column, sign = _CHOICES[self.exposure]

        def best(rows: list[dict[str, str]]) -> list[str]:
            ranked = sorted(rows, key=lambda row: (sign * float(row[column]), row["filefracday"]))
            return [exposure_path(row) for row in ranked[:_EXPOSURES_AT_MOST]]

        if paths := read_exposures(table, position.id, best):
            return paths
        reason = f"no exposure in {self.filter} of usable quality holds the position"
        raise InputError(position.id, "outside-footprint", reason)


def _pieces(answers: Sequence[bytes]) -> tuple[int, Sequence[bytes]]:
    """Return how many exposures lack a file, and the pieces of the one after them."""
    lacking = [place for place, answer in enumerate(answers) if not answer]
    return len(lacking), answers[lacking[-1] + 1 if lacking else 1 :]
