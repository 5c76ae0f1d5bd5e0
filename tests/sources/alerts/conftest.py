"""Packets that the tests write themselves, in the shapes that surveys and brokers send."""

from __future__ import annotations

import copy
import gzip
import io
import struct
from typing import Any

import fastavro
import numpy as np
import pytest
from astropy.io import fits

NAMES = ("cutoutScience", "cutoutTemplate", "cutoutDifference")


def _record(name: str, fields: list[tuple[str, Any]]) -> dict[str, Any]:
    return {"type": "record", "name": name, "fields": [{"name": key, "type": kind} for key, kind in fields]}


def optional(kind: Any) -> list[Any]:
    return ["null", kind]


class Packets:
    """Writes alert packets."""

    names = NAMES

    ztf_candidate = _record(
        "candidate",
        [("jd", "double"), ("fid", "int"), ("candid", "long"), ("ra", "double"), ("drb", optional("float")),
         ("ssnamenr", optional("string"))],
    )  # fmt: skip
    previous = _record("prv_candidate", [("jd", "double"), ("magpsf", optional("float"))])
    cutout = _record("cutout", [("fileName", "string"), ("stampData", "bytes")])

    def stamp(self, pixels: np.ndarray | None = None, *, zipped: bool = True, extensions: int = 0) -> bytes:
        """Return a FITS file with the pixels, written by astropy."""
        pixels = np.arange(63 * 63, dtype="f4").reshape(63, 63) if pixels is None else pixels
        hdus = [fits.PrimaryHDU(pixels.astype(pixels.dtype.newbyteorder(">")))]
        hdus += [fits.ImageHDU(np.full((4, 5), index, "f8"), name=f"X{index}") for index in range(extensions)]
        file = io.BytesIO()
        fits.HDUList(hdus).writeto(file)
        return gzip.compress(file.getvalue(), mtime=0) if zipped else file.getvalue()

    def ztf_schema(self, *, broker: bool = False, after: bool = False) -> dict[str, Any]:
        """Return a schema like that of IPAC, or of a broker that makes all optional and adds fields."""
        wrap = (lambda kind: [kind, "null"]) if broker else (lambda kind: kind)
        cutouts = [optional(self.cutout), optional("ztf.cutout"), optional("ztf.cutout")]
        fields = [
            ("schemavsn", wrap("string")), ("objectId", wrap("string")), ("candid", wrap("long")),
            ("candidate", wrap(self.ztf_candidate)),
            ("prv_candidates", optional({"type": "array", "items": self.previous})),
            *zip(NAMES, cutouts, strict=True),
        ]  # fmt: skip
        if after:
            fields += [("timestamp", wrap("long")), ("again", optional("ztf.cutout"))]
        schema = _record("alert", fields)
        return {**schema, "namespace": "ztf", "version": "9.9"}

    def ztf_record(self, **changes: Any) -> dict[str, Any]:
        """Return the content of a packet; ``cutoutScience=b"..."`` changes the stamp's bytes."""
        stamps = {name: self.stamp(np.full((63, 63), index, "f4")) for index, name in enumerate(NAMES)}
        record: dict[str, Any] = {
            "schemavsn": "4.02", "objectId": "ZTF26aaaaaaa", "candid": 1234567890123456789,
            "candidate": {"jd": 2460000.5, "fid": 1, "candid": 1234567890123456789, "ra": 10.5, "drb": 0.75,
                          "ssnamenr": None},
            "prv_candidates": [{"jd": 2460000.5 - day, "magpsf": 18.0 + day} for day in range(30)],
            **stamps, "timestamp": 7, "again": None,
        }  # fmt: skip
        record.update(changes)
        for name in NAMES:
            if isinstance(record[name], bytes):
                record[name] = {"fileName": f"candid123_pid1_{name}.fits.gz", "stampData": record[name]}
        return record

    def lsst_schema(self, version: str = "7_4") -> dict[str, Any]:
        source = _record(
            "diaSource",
            [("diaSourceId", "long"), ("diaObjectId", optional("long")), ("ssObjectId", optional("long")),
             ("ra", "double"), ("reliability", optional("float"))],
        )  # fmt: skip
        fields = [
            ("diaSourceId", "long"), ("diaSource", source),
            ("prvDiaSources", optional({"type": "array", "items": f"lsst.v{version}.diaSource"})),
            ("cutoutDifference", optional("bytes")), ("cutoutScience", optional("bytes")),
            ("cutoutTemplate", optional("bytes")),
        ]  # fmt: skip
        return {**_record("alert", fields), "namespace": f"lsst.v{version}"}

    def lsst_record(self, **changes: Any) -> dict[str, Any]:
        source = {"diaSourceId": 77, "diaObjectId": 88, "ssObjectId": None, "ra": 1.5, "reliability": 0.5}
        stamps = {
            name: self.stamp(np.full((30, 31), index, "f4"), zipped=False, extensions=2)
            for index, name in enumerate(NAMES)
        }
        return {"diaSourceId": 77, "diaSource": source, "prvDiaSources": [source] * 3, **stamps, **changes}

    def container(
        self, records: list[dict[str, Any]], schema: dict[str, Any] | None = None, **options: Any
    ) -> bytes:
        """Write an object container, one block a record unless ``sync_interval`` is given."""
        file = io.BytesIO()
        schema = copy.deepcopy(schema or self.ztf_schema())
        fastavro.writer(file, schema, records, **{"sync_interval": 1, **options})
        return file.getvalue()

    def schemaless(self, record: dict[str, Any], schema: dict[str, Any]) -> bytes:
        file = io.BytesIO()
        fastavro.schemaless_writer(file, copy.deepcopy(schema), record)
        return file.getvalue()

    def framed(self, record: dict[str, Any], schema: dict[str, Any], schema_id: int) -> bytes:
        """Write a message of a schema registry."""
        return b"\0" + struct.pack(">I", schema_id) + self.schemaless(record, schema)


@pytest.fixture(scope="session")
def packets() -> Packets:
    return Packets()
