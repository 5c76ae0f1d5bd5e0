"""Cutouts as FITS: an archive with a file for each candidate, what is known of it in the header."""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from typing import Any

from skysieve.errors import ServiceError
from skysieve.service.candidates.export.registry import FORMATS, Opened
from skysieve.service.candidates.export.source import Source
from skysieve.service.candidates.export.tar_stream import end_of_archive, member, member_name
from skysieve.service.candidates.images import load_images
from skysieve.service.database.tables import Candidate
from skysieve.service.service import Service

__all__ = ["open_fits"]


@FORMATS.register("fits")
def open_fits(source: Source) -> Opened:
    """Write the cutouts; candidates without any are named in ``missing.txt``."""
    return Opened("application/x-tar", "-cutouts.tar", _chunks(source))


def _chunks(source: Source) -> Iterator[bytes]:
    missing = []
    for candidates in source.candidates():
        for candidate in candidates:
            try:
                data = _fits(source.service, candidate)
            except ServiceError as error:
                missing.append(f"{candidate.survey} {candidate.name}: {error}")
                continue
            yield member(member_name(candidate, ".fits"), data, time=candidate.updated_at.timestamp())
    yield from end_of_archive(missing)


def _fits(service: Service, candidate: Candidate) -> bytes:
    from astropy.io import fits

    if candidate.cutouts is None:
        raise ServiceError("it came without cutouts")
    images = load_images(service.files, candidate.cutouts)
    primary = fits.PrimaryHDU()
    for keyword, value, meaning in _cards(candidate):
        primary.header[keyword] = (value, meaning)
    file = io.BytesIO()
    with warnings.catch_warnings():
        # Values that do not fit a card with their comment lose the end of the comment.
        warnings.simplefilter("ignore", fits.verify.VerifyWarning)
        parts = [primary, *(fits.ImageHDU(image, name=name) for name, image in images.items())]
        fits.HDUList(parts).writeto(file)
    return file.getvalue()


def _cards(candidate: Candidate) -> Iterator[tuple[str, Any, str]]:
    cards: list[tuple[str, Any, str]] = [
        ("SURVEY", candidate.survey, ""),
        ("KIND", candidate.kind, "alert or streak"),
        ("CANDID", candidate.name, "identifier in the survey"),
        ("OBJECT", candidate.object_id, ""),
        ("NIGHT", candidate.night.name, "date of the evening"),
        ("JD", candidate.jd, "[d] exposure, UTC"),
        ("RA", candidate.ra, "[deg] ICRS"),
        ("DEC", candidate.dec, "[deg] ICRS"),
        ("FILTER", candidate.band, ""),
        ("MAG", candidate.mag, "[mag]"),
        ("SCORE", candidate.score, "headline score"),
        ("LABEL", candidate.label, "what most people say"),
    ]
    for keyword, value, meaning in cards:
        if isinstance(value, str):
            # FITS knows printable ASCII only.
            value = "".join(letter if " " <= letter <= "~" else "?" for letter in value)
        if value not in (None, "") and not (isinstance(value, float) and not math.isfinite(value)):
            yield keyword, value, meaning
