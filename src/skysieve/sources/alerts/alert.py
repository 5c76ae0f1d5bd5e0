"""The alert: what every alert reader returns, whatever the survey and the container."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CUTOUT_CHANNELS", "Alert"]

#: Order of the three cutouts, everywhere in skysieve.
CUTOUT_CHANNELS = ("science", "template", "difference")


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert packet, reduced to what vetting needs.

    Parameters
    ----------
    candid : int
        Identifier of the detection (``candid`` of ZTF, ``diaSourceId`` of LSST).
    object_id : str
        Identifier of the object that it belongs to (``objectId``; ``diaObjectId``, or
        ``ssObjectId`` of a moving object, of LSST); empty if the packet has none.
    survey : {"ZTF", "LSST"}
        Who made it.
    schema : str
        Version of the packet's schema (``"4.02"``); empty if unknown.
    candidate : mapping
        Scalar fields of the detection under the survey's own names (``jd``, ``fid``,
        ``magpsf``, ``ra``, ``dec``, ``rb``, ``drb`` ... of ZTF; fields of ``diaSource`` of LSST).
    cutouts : tuple of three ndarray, shape (H, W), float32
        Science, template, difference, in the rows' stored order, as they came: NaN and
        sentinels included, not padded, native byte order. The three may differ in shape.
    source : str
        Where it came from: ``folder/1.avro``, ``night.tar.gz::1.avro``, ``alerts.parquet::row 7``.
    """

    candid: int
    object_id: str
    survey: str
    schema: str
    candidate: Mapping[str, Any]
    cutouts: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]]
    source: str
