"""Three FITS files as the frames of one exposure, with what their headers say."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import InputError
from skysieve.sources.image_file import read_image

__all__ = ["Frames", "read_frames"]

#: Pixels by which the sky positions of frames may differ.
_MISALIGNED = 1.0

Frame = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Frames:
    """Science, reference and difference of one exposure.

    Parameters
    ----------
    science, reference, difference : ndarray, shape (height, width), float32
        NaN where there is no data.
    wcs : astropy.wcs.WCS or None
        World coordinates of the difference, or of the science frame; None if neither has any.
    seconds : float or None
        Exposure time of the science frame (``EXPTIME`` or ``EXPOSURE``), None if its header has none.
    """

    science: Frame
    reference: Frame
    difference: Frame
    wcs: Any
    seconds: float | None

    @property
    def pixel_scale(self) -> float | None:
        """Side of a pixel in arcsec, None without world coordinates."""
        if self.wcs is None:
            return None
        from astropy.wcs.utils import proj_plane_pixel_scales

        return float(np.sqrt(np.prod(proj_plane_pixel_scales(self.wcs)))) * 3600.0


def read_frames(science: str | Path, reference: str | Path, difference: str | Path) -> Frames:
    """Read the first image of each of three FITS files.

    Raises
    ------
    InputError
        ``missing-path``, ``bad-image`` and others of `skysieve.sources.image_file.read_image`,
        ``not-one-image``, ``shape-mismatch``, ``misaligned``.
    """
    paths = {"science": Path(science), "reference": Path(reference), "difference": Path(difference)}
    for path in paths.values():
        if not path.is_file():
            raise InputError(str(path), "missing-path", "does not exist; check the path")
    images = {name: _read_plane(path) for name, path in paths.items()}
    shapes = {name: image.shape for name, image in images.items()}
    if len(set(shapes.values())) > 1:
        found = ", ".join(f"{paths[name].name} {shape}" for name, shape in shapes.items())
        raise InputError("frames", "shape-mismatch", f"found {found}; expected three images of one shape")
    headers = {name: _read_header(path) for name, path in paths.items()}
    systems = {name: _celestial(header) for name, header in headers.items()}
    _check_aligned(systems, paths, shapes["difference"])
    known = systems["difference"] if systems["difference"] is not None else systems["science"]
    return Frames(**images, wcs=known, seconds=_exposure_time(headers["science"]))


def _read_plane(path: Path) -> Frame:
    pixels = read_image(path, item=str(path))
    if len(pixels) != 1:
        reason = f"has {len(pixels)} planes; expected one image"
        raise InputError(str(path), "not-one-image", reason)
    return np.asarray(pixels[0])


def _read_header(path: Path) -> Any:
    from astropy.io import fits

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with fits.open(path, memmap=False) as hdus:
                first = next(hdu for hdu in hdus if hdu.is_image and len(hdu.shape) >= 2 and all(hdu.shape))
                return first.header.copy()
    except Exception as error:  # astropy raises many types on damaged files, and PNG has no header
        reason = f"has no FITS header that can be read ({type(error).__name__}: {error})"
        raise InputError(str(path), "bad-image", reason) from error


def _celestial(header: Any) -> Any:
    """Return the world coordinates of a header; None if it has none on the sky, or damaged ones."""
    from astropy.wcs import WCS

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            wcs = WCS(header).celestial
            is_sky = wcs.naxis == 2 and wcs.has_celestial
            finite = is_sky and np.isfinite(wcs.all_pix2world([[0.0, 0.0]], 0)).all()
    except Exception:  # wcslib raises a type of its own for every inconsistency
        return None
    return wcs if finite else None


def _check_aligned(systems: dict[str, Any], paths: dict[str, Path], shape: tuple[int, ...]) -> None:
    """Refuse frames whose headers put the middle on different places of the sky."""
    difference = systems["difference"]
    if difference is None:
        return
    middle = np.array([[0.5 * shape[1], 0.5 * shape[0]]])
    for name in ("science", "reference"):
        if systems[name] is None:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            place = difference.all_world2pix(systems[name].all_pix2world(middle, 0), 0, quiet=True)
        away = float(np.hypot(*(place - middle)[0]))
        if not away <= _MISALIGNED:
            reason = (
                f"its middle is {away:.1f} pixels from that of {paths['difference'].name} on the sky; "
                "expected frames on one pixel grid: resample it first"
            )
            raise InputError(str(paths[name]), "misaligned", reason)


def _exposure_time(header: Any) -> float | None:
    for name in ("EXPTIME", "EXPOSURE"):
        value = header.get(name)
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and math.isfinite(value)
            and value > 0
        ):
            return float(value)
    return None
