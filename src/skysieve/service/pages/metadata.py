"""The metadata of a candidate in the order in which a scanner wants it, with words for the terse names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

__all__ = ["MetadataRow", "metadata_rows"]

#: What a scanner looks at first, of any survey, with what it means; the order is that of the page.
_IMPORTANT: Mapping[str, str] = {
    "magpsf": "magnitude of the difference, PSF photometry",
    "sigmapsf": "its standard error, mag",
    "diffmaglim": "limiting magnitude, 5 sigma",
    "isdiffpos": "t or 1: brighter than the reference",
    "rb": "the survey's real-bogus score, random forest",
    "drb": "the survey's real-bogus score, deep learning (braai)",
    "distnr": "distance to the nearest source of the reference, pixels",
    "magnr": "magnitude of that source",
    "sgscore1": "star (1) or galaxy (0): nearest PS1 source",
    "distpsnr1": "distance to the nearest PS1 source, arcsec",
    "ssdistnr": "distance to the nearest known minor planet, arcsec; -999: none",
    "ssmagnr": "predicted magnitude of it",
    "ssnamenr": "name of it",
    "ndethist": "earlier detections within 1.5 arcsec",
    "ncovhist": "how often the place was observed",
    "fwhm": "full width at half maximum, pixels",
    "elong": "elongation: long axis by short axis",
    "nbad": "bad pixels in 5 x 5",
    "nneg": "negative pixels in 5 x 5",
    "sumrat": "sum of pixels by sum of their absolute values; 1: none negative",
    "psfFlux": "flux of the difference, PSF photometry, nJy",
    "psfFluxErr": "its standard error, nJy",
    "snr": "signal to noise",
    "reliability": "the survey's real-bogus score",
    "extendedness": "0: like a star, 1: extended",
    "isDipole": "fitted as a dipole",
    "length": "length of the streak, pixels",
    "apsnr": "signal to noise in an aperture",
    "flux": "flux of the fit",
    "chi2": "reduced chi-squared of the fit",
    "prob": "the survey's score of the streak, random forest",
    "startmjd": "begin of the exposure, MJD",
    "endmjd": "end of the exposure, MJD",
    "programid": "programme: 1 public, 2 partnership, 3 Caltech",
    "field": "field of the survey",
    "rcid": "readout channel",
}


class MetadataRow(NamedTuple):
    """A field, its value, what it means (empty where that is not known), and whether it comes first."""

    name: str
    value: Any
    words: str
    important: bool


def metadata_rows(fields: Mapping[str, Any]) -> list[MetadataRow]:
    """Return the fields of a candidate, the important ones first, the others by their names.

    Examples
    --------
    >>> [row.name for row in metadata_rows({"zeta": 1, "drb": 0.9, "alpha": 2, "magpsf": 18.0})]
    ['magpsf', 'drb', 'alpha', 'zeta']
    """
    first = [
        MetadataRow(name, fields[name], words, important=True)
        for name, words in _IMPORTANT.items()
        if name in fields
    ]
    others = sorted((name for name in fields if name not in _IMPORTANT), key=str.lower)
    return first + [MetadataRow(name, fields[name], "", important=False) for name in others]
