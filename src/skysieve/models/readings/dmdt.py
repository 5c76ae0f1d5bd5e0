"""Light curves read as dmdt images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ContractError
from skysieve.models.readings import READINGS
from skysieve.models.readings.readable_curves import readable_curves
from skysieve.preprocess.dmdt.bins import DmdtBins
from skysieve.preprocess.dmdt.images import dmdt_images
from skysieve.preprocess.dmdt.sample_set import DMDT
from skysieve.samples.sample_set import SampleSet

__all__ = ["read_dmdt"]

#: What decides how an image looks.
_DECIDES = ("dm_edges", "dt_edges", "normalisation", "smear", "bands", "cross_bands")


@READINGS.register("dmdt")
def read_dmdt(settings: Mapping[str, Any], samples: SampleSet) -> NDArray[np.float32]:
    """Return dmdt images (N, C, R, T) of light curves, or the images of a set that holds nothing else.

    Parameters
    ----------
    settings : mapping
        ``dm_edges``, ``dt_edges``, ``normalisation``, ``smear``, ``bands``, ``cross_bands``, and the
        ``unit`` of the values of light curves.
    samples : SampleSet
        Light curves, or what `skysieve.preprocess.dmdt.sample_set.write_dmdt` wrote.

    Raises
    ------
    ContractError
        If images were made with other settings, or curves are none that the model may read.
    SampleSetError
        If a curve cannot be read.
    """
    if DMDT in samples.description.tensors:
        _check_alike(settings, samples.description.origin.get(DMDT))
        return samples.tensor(DMDT)
    return dmdt_images(
        readable_curves(samples, unit=settings.get("unit"), bands=settings["bands"]),
        DmdtBins(tuple(settings["dm_edges"]), tuple(settings["dt_edges"])),
        normalisation=settings["normalisation"],
        smear=settings["smear"],
        bands=tuple(settings["bands"]),
        cross_bands=settings["cross_bands"],
    )


def _check_alike(settings: Mapping[str, Any], told: Mapping[str, Any] | None) -> None:
    if told is None:
        raise ContractError(
            "the samples do not say how their dmdt images were made; give the light curves themselves, or "
            "images of `skysieve dmdt`"
        )
    for name in _DECIDES:
        expected, found = (_plain(each[name]) for each in (settings, told))
        if expected != found:
            raise ContractError(
                f"the dmdt images of the samples were made with {name} {found}, the model expects "
                f"{expected}; give the light curves themselves"
            )
    unit, learned = told.get("unit"), settings.get("unit")
    if unit and learned and unit != learned:
        raise ContractError(
            f"the dmdt images of the samples were made of light curves in {unit}, the model learned from "
            f"light curves in {learned}; convert the values"
        )


def _plain(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
