"""A simulated triplet of frames as files: three FITS images with world coordinates, and their truth."""

from __future__ import annotations

import csv
from pathlib import Path

from skysieve.atomic_file import replacing
from skysieve.sources.simulators.streak_frames import TRUTH_FIELDS, StreakFrame

__all__ = ["write_streak_frame"]

#: Where on the sky the middle of every simulated frame lies, in degrees.
_RIGHT_ASCENSION, _DECLINATION = 150.0, 20.0


def write_streak_frame(folder: str | Path, frame: StreakFrame) -> Path:
    """Write ``science.fits``, ``reference.fits``, ``difference.fits`` and ``truth.csv``.

    Parameters
    ----------
    folder : path
        Made if it is not there; files of an earlier frame are replaced.
    frame : StreakFrame
        What `simulate_streak_frame` returned.

    Returns
    -------
    Path
        The folder.
    """
    from astropy.io import fits
    from astropy.wcs import WCS

    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    height, width = frame.difference.shape
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval = [_RIGHT_ASCENSION, _DECLINATION]
    wcs.wcs.crpix = [0.5 * (width + 1), 0.5 * (height + 1)]
    wcs.wcs.cdelt = [-frame.pixel_scale / 3600.0, frame.pixel_scale / 3600.0]
    header = wcs.to_header()
    header["EXPTIME"] = (frame.exposure.seconds, "seconds")
    header["MAGZP"] = (frame.exposure.zero_point, "magnitude of one count")
    header["FILTER"] = frame.exposure.band.name
    header["ORIGIN"] = "skysieve, SIMULATED"
    for name in ("science", "reference", "difference"):
        with replacing(folder / f"{name}.fits") as partial:
            fits.PrimaryHDU(getattr(frame, name), header).writeto(partial, overwrite=True)
    with replacing(folder / "truth.csv") as partial, partial.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(TRUTH_FIELDS)
        writer.writerows(zip(*(frame.truth[name].tolist() for name in TRUTH_FIELDS), strict=True))
    return folder
