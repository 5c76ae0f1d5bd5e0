"""Alert packets as ZTF writes them: one Avro object container file, one record, gzipped FITS cutouts.

The same content gives the same bytes: nothing of a packet depends on the clock or on chance.
"""

from __future__ import annotations

import gzip
import hashlib
import io
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import fastavro
import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.sources.simulators.packet_schema import (
    CANDIDATE_FIELDS,
    PRV_CANDIDATE_FIELDS,
    SCHEMA_VERSION,
    alert_schema,
)

__all__ = ["Cutout", "packet_bytes", "stamp_bytes", "write_packet"]

#: A cutout of a packet: its pixels, its bytes as they are (whatever they are), or none.
Cutout = NDArray[np.floating[Any]] | bytes | None

PUBLISHER = "skysieve simulator"

#: Values of the fields that may not be null, where nothing else is said.
_DEFAULTS: dict[str, Any] = {
    "programid": 1,
    "isdiffpos": "t",
    "ndethist": 1,
    "ncovhist": 1,
    "nmtchps": 0,
    "rfid": 0,
    "jdstartref": 2458200.5,
    "jdendref": 2458400.5,
    "nframesref": 20,
    "rbversion": "",
    "nmatches": 0,
    "drbversion": "",
}

_FITS_BLOCK = 2880


def stamp_bytes(cutout: NDArray[np.floating[Any]]) -> bytes:
    """Return a cutout as ZTF stores it: gzipped FITS, float32, big-endian, minimal header.

    Parameters
    ----------
    cutout : ndarray, shape (H, W)
        Pixels, in counts; NaN is kept.

    Examples
    --------
    >>> len(gzip.decompress(stamp_bytes(np.zeros((63, 63), dtype=np.float32)))) % 2880
    0
    """
    height, width = cutout.shape
    cards = [
        f"{'SIMPLE':<8}= {'T':>20}",
        f"{'BITPIX':<8}= {-32:>20}",
        f"{'NAXIS':<8}= {2:>20}",
        f"{'NAXIS1':<8}= {width:>20}",
        f"{'NAXIS2':<8}= {height:>20}",
        f"{'BUNIT':<8}= 'DN      '",
        "END",
    ]
    header = "".join(f"{card:<80}" for card in cards).encode("ascii").ljust(_FITS_BLOCK)
    pixels = np.ascontiguousarray(cutout, dtype=">f4").tobytes()
    padding = b"\0" * (-len(pixels) % _FITS_BLOCK)
    return gzip.compress(header + pixels + padding, compresslevel=6, mtime=0)


def packet_bytes(
    candidate: Mapping[str, Any],
    cutouts: Sequence[Cutout],
    *,
    object_id: str,
    prv_candidates: Sequence[Mapping[str, Any]] | None = None,
    publisher: str = PUBLISHER,
) -> bytes:
    """Return an alert packet of schema 4.02.

    Parameters
    ----------
    candidate : mapping
        Fields of the record ``candidate``; needed are ``candid``, ``pid``, ``jd``, ``fid``, ``ra``, ``dec``,
        ``magpsf`` and ``sigmapsf``. Fields that are missing are null, or a neutral value where null is not
        allowed.
    cutouts : sequence of three
        Science, template, difference: arrays of shape (H, W), bytes to be stored as they are, or None.
    object_id : str
        Name of the object.
    prv_candidates : sequence of mappings, optional
        Earlier detections of the object, oldest first; fields that this record lacks are dropped.
    publisher : str
        Who made the packet.

    Raises
    ------
    ConfigurationError
        If a needed field is missing or a field does not exist in the schema.

    Examples
    --------
    >>> candidate = {"candid": 7, "pid": 1, "jd": 2459000.5, "fid": 1, "ra": 10.0, "dec": 20.0}
    >>> candidate |= {"magpsf": 19.0, "sigmapsf": 0.1}
    >>> packet = packet_bytes(candidate, [np.zeros((63, 63))] * 3, object_id="ZTF20aaaaaaa")
    >>> record = next(fastavro.reader(io.BytesIO(packet)))
    >>> record["schemavsn"], record["objectId"], record["candidate"]["drb"] is None
    ('4.02', 'ZTF20aaaaaaa', True)
    """
    full = _complete(candidate)
    previous = None
    if prv_candidates is not None:
        previous = [{name: _complete(item)[name] for name in PRV_CANDIDATE_FIELDS} for item in prv_candidates]
    sign = "scimref" if full["isdiffpos"] in ("t", "1") else "refmsci"
    stem = f"candid{full['candid']}"
    names = (
        f"{stem}_pid{full['pid']}_targ_sci.fits.gz",
        f"{stem}_ref.fits.gz",
        f"{stem}_pid{full['pid']}_targ_{sign}.fits.gz",
    )
    science, template, difference = (
        _stored(name, cutout) for name, cutout in zip(names, cutouts, strict=True)
    )
    record = {
        "schemavsn": SCHEMA_VERSION,
        "publisher": publisher,
        "objectId": object_id,
        "candid": full["candid"],
        "candidate": full,
        "prv_candidates": previous,
        "fp_hists": None,
        "cutoutScience": science,
        "cutoutTemplate": template,
        "cutoutDifference": difference,
    }
    buffer = io.BytesIO()
    # Avro asks for a marker that is unlikely to occur in the data, which is random unless given.
    marker = hashlib.sha256(f"{object_id} {full['candid']}".encode()).digest()[:16]
    fastavro.writer(buffer, _parsed_schema(), [record], codec="null", sync_marker=marker)
    return buffer.getvalue()


def write_packet(
    path: Path,
    candidate: Mapping[str, Any],
    cutouts: Sequence[Cutout],
    *,
    object_id: str,
    prv_candidates: Sequence[Mapping[str, Any]] | None = None,
    publisher: str = PUBLISHER,
) -> None:
    """Write an alert packet to ``path``; the arguments are those of `packet_bytes`."""
    packet = packet_bytes(
        candidate, cutouts, object_id=object_id, prv_candidates=prv_candidates, publisher=publisher
    )
    path.write_bytes(packet)


@lru_cache(maxsize=1)
def _parsed_schema() -> Any:
    return fastavro.parse_schema(alert_schema())


def _stored(name: str, cutout: Cutout) -> dict[str, Any] | None:
    if cutout is None:
        return None
    return {"fileName": name, "stampData": cutout if isinstance(cutout, bytes) else stamp_bytes(cutout)}


def _complete(candidate: Mapping[str, Any]) -> dict[str, Any]:
    """Return every field of a candidate record, those that were not given filled in."""
    unknown = sorted(set(candidate) - set(CANDIDATE_FIELDS))
    if unknown:
        raise ConfigurationError(
            f"candidate field {unknown[0]!r} is not in schema {SCHEMA_VERSION}; see CANDIDATE_FIELDS"
        )
    defaults = _DEFAULTS | {"ranr": candidate.get("ra"), "decnr": candidate.get("dec")}
    full: dict[str, Any] = {}
    for name, avro_type in CANDIDATE_FIELDS.items():
        full[name] = candidate[name] if name in candidate else defaults.get(name)
        if full[name] is None and not avro_type.endswith("?"):
            raise ConfigurationError(f"candidate field {name!r} is missing and may not be null; give it")
    return full
