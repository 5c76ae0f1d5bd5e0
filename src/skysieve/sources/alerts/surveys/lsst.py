"""Vera C. Rubin Observatory: ``lsst.alert`` schemas v7 to v11, from Rubin or passed on by a broker."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skysieve.sources.alerts.avro.schema import WriterSchema
from skysieve.sources.alerts.survey import SURVEYS, Identity, Survey, scalars

__all__ = ["LSST"]

_CUTOUTS = ("cutoutScience", "cutoutTemplate", "cutoutDifference")


def _identify(values: Mapping[str, Any], schema: WriterSchema) -> Identity:
    source = values["diaSource"] or {}
    # Rubin writes 0 where a source has no object; one of a moving object has that instead.
    object_id = source.get("diaObjectId") or source.get("ssObjectId") or ""
    return Identity(
        candid=source.get("diaSourceId"),
        object_id=str(object_id),
        schema=_version(values.get("lsst_schema_version") or schema.namespace),
        candidate=scalars(source),
    )


def _version(name: str) -> str:
    """Return the version in a namespace: 7.4 of ``lsst.v7_4``, empty if it names none."""
    version = name.removeprefix("lsst.v").split(".")[0].replace("_", ".")
    return version if name.startswith("lsst.v") else ""


LSST = SURVEYS.register("LSST")(
    Survey(
        name="LSST",
        required=frozenset({"diaSource", *_CUTOUTS}),
        wanted=("diaSource", "lsst_schema_version"),
        cutouts=_CUTOUTS,
        identify=_identify,
    )
)
