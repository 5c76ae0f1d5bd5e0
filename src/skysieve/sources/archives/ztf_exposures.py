"""All exposures of one light curve of ZTF at IRSA, and the piece of each around its object."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, InputError
from skysieve.sources.archives.answer_images import require_kind
from skysieve.sources.archives.cutout_service import Politeness, Position, Request
from skysieve.sources.archives.exposure_tables import (
    USABLE,
    exposure_path,
    exposure_search,
    image_address,
    read_exposures,
)
from skysieve.sources.archives.irsa_ztf import BASE_URL, ZTF_PIXEL_SCALE
from skysieve.sources.cut_off_frames import paste_frame

__all__ = ["Exposure", "ExposureSearch", "FrameCutouts", "ZtfFrames", "light_curve_origin"]

_FILTERS = {1: "zg", 2: "zr", 3: "zi"}
_MJD = 2400000.5
_BLOCK = 2880


@dataclass(frozen=True)
class ZtfFrames:
    """Which frames are asked for, and where.

    Parameters
    ----------
    size : int
        Height and width of a frame, pixels of 1.012 arcsec; published 28.
    bands : tuple of str
        Filters, of ``zg``, ``zr`` and ``zi``; an object whose id names another is left out.
    since, until : float
        Modified Julian dates that the exposures lie between.
    base_url : str
        Where the image server is; for mirrors.
    """

    size: int = 28
    bands: tuple[str, ...] = tuple(_FILTERS.values())
    since: float = 0.0
    until: float = 1e6
    base_url: str = field(default_factory=lambda: BASE_URL)

    def __post_init__(self) -> None:
        if not 2 <= self.size <= 3072:
            raise ConfigurationError(f"size: found {self.size} pixels, 2 to 3072 are expected")
        if not self.bands or set(self.bands) - set(_FILTERS.values()):
            known = ", ".join(_FILTERS.values())
            raise ConfigurationError(f"bands: found {', '.join(self.bands) or 'none'}; known are {known}")
        if not self.since < self.until:
            raise ConfigurationError(
                f"since: found {self.since:.10g}, a modified Julian date before until = {self.until:.10g} "
                "is expected"
            )

    @property
    def field_of_view(self) -> float:
        """Side of a frame on the sky, arcsec."""
        return self.size * ZTF_PIXEL_SCALE

    @property
    def politeness(self) -> Politeness:
        """IRSA publishes no limit; frames are small, and asked for in the hundreds."""
        return Politeness(at_once=4, pause=0.1)


@dataclass(frozen=True, slots=True)
class Exposure:
    """One exposure: where its file lies, and when it began.

    Parameters
    ----------
    name : str
        ``filefracday``: year, month, day and fraction of the day.
    path : str
        Of its science image, below ``/data/ztf/products/sci``.
    time : float
        Modified Julian date of its start.
    """

    name: str
    path: str
    time: float


def light_curve_origin(oid: str) -> dict[str, int | str]:
    """Return field, CCD, quadrant and filter, which the id of a light curve of ZTF's data releases names.

    Raises
    ------
    InputError
        ``bad-oid`` if it is no such id.

    Examples
    --------
    >>> light_curve_origin("257201400048862")
    {'field': 257, 'filtercode': 'zr', 'ccdid': 1, 'qid': 4}
    """
    field_id, rest = oid[:-12], oid[-12:]
    if oid.isascii() and oid.isdigit() and 1 <= len(field_id) <= 4:
        band, ccd, quadrant = _FILTERS.get(int(rest[0])), int(rest[1:3]), int(rest[3])
        if band and 1 <= ccd <= 16 and 1 <= quadrant <= 4:
            return {"field": int(field_id), "filtercode": band, "ccdid": ccd, "qid": quadrant}
    reason = (
        f"{oid!r} is no id of a light curve of ZTF: field, filter, CCD (2), quadrant, number (8) as digits"
    )
    raise InputError(oid, "bad-oid", reason)


@dataclass(frozen=True)
class ExposureSearch:
    """The search for all exposures of an object in the field, CCD, quadrant and filter that its id names.

    Parameters
    ----------
    frames : ZtfFrames
        Which are asked for.
    """

    frames: ZtfFrames

    def request(self, position: Position, answers: Sequence[bytes]) -> Request | None:
        """Return the search; nothing after it."""
        if answers:
            return None
        where = [f"{name}={value!r}" for name, value in light_curve_origin(position.id).items()]
        where.append(USABLE)
        if self.frames.since > 0:
            where.append(f"obsjd>={self.frames.since + _MJD:.13g}")
        if self.frames.until < 1e6:
            where.append(f"obsjd<{self.frames.until + _MJD:.13g}")
        return exposure_search(self.frames.base_url, position, where)

    def check(self, position: Position, answers: Sequence[bytes]) -> None:
        """Raise `InputError` unless the answer is a table of exposures."""
        self.exposures(position, answers[-1])

    def exposures(self, position: Position, table: bytes) -> list[Exposure]:
        """Return the exposures of an answer by time, each once.

        Raises
        ------
        InputError
            ``bad-table``, or ``outside-footprint`` if there is none.
        """
        found = read_exposures(table, position.id, _by_name)
        if not found:
            reason = "no exposure of usable quality holds the object: check its id and coordinates"
            raise InputError(position.id, "outside-footprint", reason)
        return sorted(found.values(), key=lambda exposure: (exposure.time, exposure.name))


@dataclass(frozen=True)
class FrameCutouts:
    """The piece of one exposure around an object; the exposure stands in the row of the position.

    Parameters
    ----------
    frames : ZtfFrames
        Which are asked for.
    """

    frames: ZtfFrames

    def position(self, target: Position, exposure: Exposure) -> Position:
        """Return what to ask for: one object in one exposure."""
        return Position(f"{target.id}/{exposure.name}", target.ra, target.dec, {"exposure": exposure})

    def request(self, position: Position, answers: Sequence[bytes]) -> Request | None:
        """Return the piece of the science image; nothing after it."""
        if answers:
            return None
        path = position.row["exposure"].path
        parameters = (
            ("center", f"{position.ra:.10g},{position.dec:.10g}"),
            # Corners are rounded outwards to whole pixels: one less gives the size, or one too many.
            ("size", f"{self.frames.size - 1}pix"),
            ("gzip", "false"),
        )
        address = image_address(self.frames.base_url, path, "sciimg.fits")
        return Request(address, parameters, ".fits", outside=(400,), most_bytes=1 << 24)

    def check(self, position: Position, answers: Sequence[bytes]) -> None:
        """Raise `InputError` unless the answer is an image with a pixel that was measured."""
        self.frame(position, answers[-1])

    def frame(self, position: Position, body: bytes) -> tuple[NDArray[np.float32], bool]:
        """Return a whole frame of detector counts, and whether the edge of the detector cut it off.

        Pixels beyond the edge hold the lowest value of the frame, so that the step ``frame-min-max`` makes
        them 0, as published. Pixels that were lost within it stay NaN.

        Raises
        ------
        InputError
            ``bad-image``, ``wrong-size``, or ``outside-footprint`` if no pixel was measured.
        """
        side = self.frames.size
        pixels, header = _image(body, position.id, side + 1)
        if max(pixels.shape) == side + 1:
            pixels = pixels[:side, :side]
        if not np.isfinite(pixels).any():
            raise InputError(position.id, "outside-footprint", "no pixel of the frame was measured")
        if pixels.shape == (side, side):
            return pixels, False
        lowest = np.nan_to_num(pixels, posinf=0, neginf=0).min()
        row, column = _place(header, position)
        return paste_frame(pixels - lowest, side=side, row=row, column=column) + lowest, True


def _by_name(rows: Iterable[Mapping[str, str]]) -> dict[str, Exposure]:
    return {row["filefracday"].strip(): _exposure(row) for row in rows}


def _exposure(row: Mapping[str, str]) -> Exposure:
    path, mjd = exposure_path(row), float(row["obsjd"]) - _MJD
    if not np.isfinite(mjd) or not path.replace("_", "").replace("/", "").isalnum():
        raise ValueError(f"an exposure {path!r} at {mjd}")
    return Exposure(row["filefracday"].strip(), path, mjd)


def _image(body: bytes, item: str, most: int) -> tuple[NDArray[np.float32], Any]:
    """Return the pixels and the header of an image; a side of more than ``most`` pixels is not unpacked."""
    from astropy.io import fits

    require_kind(body, ".fits", item)
    if len(body) % _BLOCK:
        raise InputError(item, "bad-image", f"the FITS file breaks off after {len(body):,} bytes")
    try:
        with warnings.catch_warnings():
            # Cards that bend the standard do not change the pixels.
            warnings.simplefilter("ignore")
            with fits.open(io.BytesIO(body), memmap=False) as hdus:
                images = (hdu for hdu in hdus if hdu.is_image and len(hdu.shape) == 2 and all(hdu.shape))
                if (image := next(images, None)) is None:
                    raise InputError(item, "bad-image", "the FITS file holds no image of two axes")
                if max(image.shape) > most:
                    shape = " x ".join(map(str, image.shape))
                    reason = f"is {shape} pixels, {most - 1} x {most - 1} were asked for"
                    raise InputError(item, "wrong-size", reason)
                return np.array(image.data, dtype=np.float32), image.header.copy()
    except InputError:
        raise
    except Exception as error:  # astropy raises many types on damaged files
        reason = f"the FITS file cannot be read ({type(error).__name__}: {error})"
        raise InputError(item, "bad-image", reason) from error


def _place(header: Any, position: Position) -> tuple[float, float]:
    """Return row and column of an object in an image, from 0."""
    from astropy.wcs import WCS

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            column, row = WCS(header, naxis=2).all_world2pix(position.ra, position.dec, 0)
    except Exception as error:  # astropy raises many types on damaged headers
        reason = f"its header does not tell where it lies on the sky ({type(error).__name__}: {error})"
        raise InputError(position.id, "bad-image", reason) from error
    if not np.isfinite([row, column]).all():
        raise InputError(position.id, "bad-image", "its header does not tell where it lies on the sky")
    return float(row), float(column)
