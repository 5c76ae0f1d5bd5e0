"""Cutouts of ZTF's exposures at IRSA: a search for the exposures of a position, then pieces of their files.

The search is https://irsa.ipac.caltech.edu/docs/program_interface/ztf_api.html, the rule from
metadata to file names https://irsa.ipac.caltech.edu/docs/program_interface/ztf_metadata.html, the
parameters ``center`` and ``size`` https://irsa.ipac.caltech.edu/ibe/cutouts.html. Acknowledge ZTF and IRSA.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from skysieve.errors import ConfigurationError, InputError
from skysieve.samples.description import TensorColumn
from skysieve.sources.archives.answer_images import read_fits_cube, require_kind
from skysieve.sources.archives.cutout_service import (
    CUTOUT_SERVICES,
    Cutout,
    Politeness,
    Position,
    Request,
)

__all__ = ["BASE_URL", "ZTF_PIXEL_SCALE", "IrsaZtf"]

#: Where the image server of IRSA is.
BASE_URL = "https://irsa.ipac.caltech.edu/ibe"
#: Arcsec a pixel of ZTF's camera.
ZTF_PIXEL_SCALE = 1.012

_FILES = {"science": "sciimg.fits", "difference": "scimrefdiffimg.fits.fz"}
_COLUMNS = ("filefracday", "field", "ccdid", "qid", "filtercode", "imgtypecode", "obsjd")
_CHOICES = {"deepest": ("maglimit", -1.0), "sharpest": ("seeing", 1.0), "latest": ("obsjd", -1.0)}
# Exposures from this bit on are of no use (ZTF Science Data System, section 6).
_BAD_QUALITY = 33554432


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
        Which exposure of a position: by limiting magnitude, by seeing, by time.
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
        if len(answers) > len(self.products):
            return None
        exposure = self._chosen(position, answers[0])
        product = self.products[len(answers) - 1]
        parameters = {
            "center": f"{position.ra:.10g},{position.dec:.10g}",
            "size": f"{self.size}px",
            "gzip": "false",
        }
        address = f"{self.base_url.rstrip('/')}/data/ztf/products/sci/{_path(exposure)}_{_FILES[product]}"
        return Request(address, tuple(parameters.items()), ".fits", outside=(400,))

    def check(self, position: Position, answers: Sequence[bytes]) -> None:
        """Raise `InputError` unless the last answer is a table with an exposure, or an image."""
        if len(answers) == 1:
            self._chosen(position, answers[0])
        else:
            self._plane(position, answers[-1])

    def cutout(self, position: Position, answers: Sequence[bytes]) -> Cutout:
        """Stack the products; raises as `read_fits_cube`."""
        planes = [self._plane(position, answer) for answer in answers[1:]]
        notes = dict.fromkeys(note for plane in planes for note in plane.notes)
        return Cutout(np.concatenate([plane.pixels for plane in planes]), tuple(notes))

    def _plane(self, position: Position, answer: bytes) -> Cutout:
        # Corners are rounded outwards to whole pixels, so that one row or column may be too many.
        return read_fits_cube(answer, ("image",), self.size, position.id, trim=1)

    def _search(self, position: Position) -> Request:
        column, _ = _CHOICES[self.exposure]
        columns = dict.fromkeys((*_COLUMNS, column))
        where = [f"filtercode='{self.filter}'", f"infobits<{_BAD_QUALITY}"]
        if self.since > 0:
            where.append(f"obsjd>{self.since:.10g}")
        if self.until < 1e7:
            where.append(f"obsjd<{self.until:.10g}")
        parameters = {
            "POS": f"{position.ra:.10g},{position.dec:.10g}",
            "WHERE": " AND ".join(where),
            "COLUMNS": ",".join(columns),
            "ct": "csv",
        }
        return Request(
            f"{self.base_url.rstrip('/')}/search/ztf/products/sci", tuple(parameters.items()), ".csv"
        )

    def _chosen(self, position: Position, table: bytes) -> Mapping[str, str]:
        require_kind(table, ".csv", position.id)
        column, sign = _CHOICES[self.exposure]
        rows = list(csv.DictReader(table.decode("utf-8", "replace").splitlines(), skipinitialspace=True))
        try:
            ranked = sorted(rows, key=lambda row: (sign * float(row[column]), row["filefracday"]))
            if ranked:
                _path(ranked[0])
                return ranked[0]
        except (KeyError, TypeError, ValueError) as error:
            reason = f"the search of exposures gave a table that is not understood ({error!r})"
            raise InputError(position.id, "bad-table", reason) from error
        reason = f"no exposure in {self.filter} of usable quality holds the position"
        raise InputError(position.id, "outside-footprint", reason)


def _path(exposure: Mapping[str, str]) -> str:
    """Return where the files of an exposure lie, up to their endings."""
    time = exposure["filefracday"].strip()
    if len(time) != 14 or not time.isdigit():
        raise ValueError(f"filefracday {time!r}")
    name = (
        f"ztf_{time}_{int(exposure['field']):06d}_{exposure['filtercode']}_c{int(exposure['ccdid']):02d}"
        f"_{exposure['imgtypecode']}_q{int(exposure['qid'])}"
    )
    return f"{time[:4]}/{time[4:8]}/{time[8:]}/{name}"
