"""dmdt images: the differences of all pairs of points of a light curve, counted in magnitude and time."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skysieve.lazy_names import lazy_names

if TYPE_CHECKING:
    from skysieve.preprocess.dmdt.background import DmdtBackground
    from skysieve.preprocess.dmdt.bins import BINS, DmdtBins
    from skysieve.preprocess.dmdt.equalise import equalised_bins
    from skysieve.preprocess.dmdt.images import dmdt_channels, dmdt_images
    from skysieve.preprocess.dmdt.low_rank import (
        LowRank,
        alternating_projections,
        principal_component_pursuit,
    )
    from skysieve.preprocess.dmdt.sample_set import DmdtConfiguration, write_dmdt

# numba, which the images need, is in an extra, and takes a second to load.
_HOMES = {
    "BINS": "bins",
    "DmdtBackground": "background",
    "DmdtBins": "bins",
    "DmdtConfiguration": "sample_set",
    "LowRank": "low_rank",
    "alternating_projections": "low_rank",
    "dmdt_channels": "images",
    "dmdt_images": "images",
    "equalised_bins": "equalise",
    "principal_component_pursuit": "low_rank",
    "write_dmdt": "sample_set",
}

__all__ = [
    "BINS",
    "DmdtBackground",
    "DmdtBins",
    "DmdtConfiguration",
    "LowRank",
    "alternating_projections",
    "dmdt_channels",
    "dmdt_images",
    "equalised_bins",
    "principal_component_pursuit",
    "write_dmdt",
]

__getattr__ = lazy_names(__name__, _HOMES)
