"""Colour pictures of galaxies with a table of labels or votes: any such folder, EFIGI, Galaxy Zoo 2."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skysieve.lazy_names import lazy_names

if TYPE_CHECKING:
    from skysieve.sources.galaxies.catalogues import EFIGI_CLASSES, efigi_samples, galaxy_zoo2_samples
    from skysieve.sources.galaxies.pictures import PICTURE_CHANNELS, picture_samples

_HOMES = {
    "EFIGI_CLASSES": "catalogues",
    "PICTURE_CHANNELS": "pictures",
    "efigi_samples": "catalogues",
    "galaxy_zoo2_samples": "catalogues",
    "picture_samples": "pictures",
}

__all__ = [
    "EFIGI_CLASSES",
    "PICTURE_CHANNELS",
    "efigi_samples",
    "galaxy_zoo2_samples",
    "picture_samples",
]

__getattr__ = lazy_names(__name__, _HOMES)
