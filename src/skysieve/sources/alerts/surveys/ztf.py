"""Zwicky Transient Facility: ``ztf-avro-alert`` schemas 2.0 to 4.02, from IPAC or passed on by a broker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skysieve.sources.alerts.avro.schema import WriterSchema
from skysieve.sources.alerts.survey import SURVEYS, Identity, Survey, scalars

__all__ = ["ZTF"]

_CUTOUTS = ("cutoutScience", "cutoutTemplate", "cutoutDifference")


def _identify(values: Mapping[str, Any], schema: WriterSchema) -> Identity:
    candidate = values["candidate"] or {}
    candid = values["candid"]
    return Identity(
        candid=candidate.get("candid") if candid is None else candid,
        object_id=values.get("objectId"),
        # Packets before 2019 do not carry the version themselves.
        schema=values.get("schemavsn") or schema.version,
        candidate=scalars(candidate),
    )


ZTF = SURVEYS.register("ZTF")(
    Survey(
        name="ZTF",
        required=frozenset({"candid", "candidate", *_CUTOUTS}),
        wanted=("schemavsn", "objectId", "candid", "candidate"),
        cutouts=_CUTOUTS,
        identify=_identify,
    )
)
