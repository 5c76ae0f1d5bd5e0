"""Cutouts of the DESI Legacy Imaging Surveys viewer: DECaLS, BASS, MzLS, DES, HSC, unWISE ... by layer.

The parameters are those of https://www.legacysurvey.org/viewer/urls; any layer of the viewer can be
named (``ls-dr10``, ``ls-dr9-north``, ``des-dr1``, ``hsc-dr2``, ``unwise-neo7``). Acknowledge the survey
as https://www.legacysurvey.org/acknowledgment asks.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from skysieve.errors import ConfigurationError
from skysieve.samples.description import TensorColumn
from skysieve.sources.archives.answer_images import read_fits_cube, read_jpeg
from skysieve.sources.archives.cutout_service import CUTOUT_SERVICES, Cutout, Politeness, Position, Request
from skysieve.sources.archives.resampled_cutouts import ResampledCutouts, picture_layout

__all__ = ["BASE_URL", "LegacySurvey"]

#: Where the viewer is.
BASE_URL = "https://www.legacysurvey.org/viewer"
# The viewer cuts larger wishes down to it without a word.
_LARGEST = 3000
_WORD = re.compile(r"[A-Za-z0-9._+-]+")


@CUTOUT_SERVICES.register("legacy-survey")
@dataclass(frozen=True)
class LegacySurvey(ResampledCutouts):
    """The cutout service of the Legacy Survey viewer.

    Parameters
    ----------
    layer : str
        Name of the layer, as in the viewer's own links.
    size : int
        Height and width, pixels; up to 3000.
    pixel_scale : float
        Arcsec a pixel; the viewer resamples. 0.262 is that of the coadds.
    format : {"jpeg", "fits"}
        ``jpeg``: the stretched colour picture. ``fits``: fluxes, one plane a band.
    bands : str
        Letters of the bands, such as ``grz`` or ``griz``: the planes of FITS in this order.
        Pictures take the layer's own if left out.
    base_url : str
        Where the viewer is; for mirrors.

    Examples
    --------
    >>> LegacySurvey(size=64).request(Position("a", 10.5, -3.25), []).url
    'https://www.legacysurvey.org/viewer/jpeg-cutout?ra=10.5&dec=-3.25&layer=ls-dr10&pixscale=0.262&size=64'
    """

    layer: str = "ls-dr10"
    size: int = 256
    pixel_scale: float = 0.262
    format: Literal["jpeg", "fits"] = "jpeg"
    bands: str = ""
    base_url: str = field(default_factory=lambda: BASE_URL)

    def __post_init__(self) -> None:
        self.require_sides("the viewer", 1, _LARGEST, 0.262)
        if not _WORD.fullmatch(self.layer):
            raise ConfigurationError(
                f"layer: {self.layer!r} is no name of a layer, such as ls-dr10 or hsc-dr2"
            )
        if len(set(self.bands)) != len(self.bands) or (self.bands and not self.bands.isalnum()):
            raise ConfigurationError(f"bands: found {self.bands!r}, letters such as grz are expected")

    @property
    def layout(self) -> TensorColumn:
        """(3, size, size) uint8, or a float32 plane a band in nanomaggies."""
        if self.format == "jpeg":
            return picture_layout(self.size)
        shape = (len(self._planes), self.size, self.size)
        return TensorColumn(shape, "float32", tuple(self._planes), "nanomaggy")

    @property
    def politeness(self) -> Politeness:
        """The viewer publishes no limit; every cutout is resampled for the asker, so go gently."""
        return Politeness(at_once=4, pause=0.1)

    def question(self, position: Position) -> Request:
        """Return the request of one cutout."""
        parameters = {
            "ra": f"{position.ra:.10g}",
            "dec": f"{position.dec:.10g}",
            "layer": self.layer,
            "pixscale": f"{self.pixel_scale:g}",
            "size": str(self.size),
        }
        bands = self._planes if self.format == "fits" else self.bands
        if bands:
            parameters["bands"] = bands
        suffix = ".fits" if self.format == "fits" else ".jpg"
        address = f"{self.base_url.rstrip('/')}/{self.format}-cutout"
        return Request(address, tuple(parameters.items()), suffix)

    def cutout(self, position: Position, answers: Sequence[bytes]) -> Cutout:
        """Decode the answer; raises as `read_jpeg` and `read_fits_cube`."""
        if self.format == "jpeg":
            return read_jpeg(answers[0], self.size, position.id)
        return read_fits_cube(answers[0], self._planes, self.size, position.id)

    @property
    def _planes(self) -> str:
        return self.bands or "grz"
