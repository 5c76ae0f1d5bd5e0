"""Cutouts of the Sloan Digital Sky Survey: the colour pictures of SkyServer.

The parameters are those of SkyServer's ``ImgCutout/getjpeg``. Night Sky Net (Heilman 2016) learned
from 120 x 120 pixels at 0.40 arcsec. Credit "Sloan Digital Sky Survey" with every picture shown.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from skysieve.errors import ConfigurationError
from skysieve.samples.description import TensorColumn
from skysieve.sources.archives.answer_images import read_jpeg
from skysieve.sources.archives.cutout_service import CUTOUT_SERVICES, Cutout, Politeness, Position, Request
from skysieve.sources.archives.resampled_cutouts import ResampledCutouts, picture_layout

__all__ = ["BASE_URL", "Sdss", "skyserver_address"]

#: Where SkyServer is.
BASE_URL = "https://skyserver.sdss.org"
_SMALLEST, _LARGEST = 64, 2048
_RELEASE = re.compile(r"dr\d+")


def skyserver_address(base_url: str | None, release: str, service: str) -> str:
    """Return the address of a service of SkyServer; None stands for its own place.

    Raises
    ------
    ConfigurationError
        If the release is not of the form ``dr18``.

    Examples
    --------
    >>> skyserver_address("https://skyserver.sdss.org", "DR18", "ImgCutout/getjpeg")
    'https://skyserver.sdss.org/dr18/SkyServerWS/ImgCutout/getjpeg'
    """
    if not _RELEASE.fullmatch(release.lower()):
        raise ConfigurationError(f"release: found {release!r}, a data release such as dr18 is expected")
    return f"{(base_url or BASE_URL).rstrip('/')}/{release.lower()}/SkyServerWS/{service}"


@CUTOUT_SERVICES.register("sdss")
@dataclass(frozen=True)
class Sdss(ResampledCutouts):
    """The pictures of SkyServer.

    Parameters
    ----------
    release : str
        Data release.
    size : int
        Height and width, pixels; 64 to 2048.
    pixel_scale : float
        Arcsec a pixel; SkyServer resamples. 0.396127 is that of the camera.
    base_url : str
        Where SkyServer is; for mirrors.

    Examples
    --------
    >>> Sdss(size=120, pixel_scale=0.4).request(Position("a", 197.6, 18.4), []).url
    'https://skyserver.sdss.org/dr18/SkyServerWS/ImgCutout/getjpeg?ra=197.6&dec=18.4&scale=0.4&width=120&height=120'
    """

    release: str = "dr18"
    size: int = 120
    pixel_scale: float = 0.4
    base_url: str = field(default_factory=lambda: BASE_URL)

    def __post_init__(self) -> None:
        self.require_sides("SkyServer", _SMALLEST, _LARGEST, 0.4)
        skyserver_address(self.base_url, self.release, "")

    @property
    def layout(self) -> TensorColumn:
        """(3, size, size) uint8: red, green, blue (i, r, g)."""
        return picture_layout(self.size)

    @property
    def politeness(self) -> Politeness:
        """SkyServer allows 60 queries a minute, and says nothing of pictures; they keep to it."""
        return Politeness(at_once=2, pause=1.0)

    def question(self, position: Position) -> Request:
        """Return the request of one cutout."""
        parameters = {
            "ra": f"{position.ra:.10g}",
            "dec": f"{position.dec:.10g}",
            "scale": f"{self.pixel_scale:g}",
            "width": str(self.size),
            "height": str(self.size),
        }
        address = skyserver_address(self.base_url, self.release, "ImgCutout/getjpeg")
        return Request(address, tuple(parameters.items()), ".jpg", outside=(404,))

    def cutout(self, position: Position, answers: Sequence[bytes]) -> Cutout:
        """Decode the answer; raises as `read_jpeg`."""
        return read_jpeg(answers[0], self.size, position.id)
