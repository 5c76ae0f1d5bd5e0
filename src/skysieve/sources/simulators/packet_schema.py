"""The Avro schema of ZTF alert packets, version 4.02, as a Python structure.

Names and types are those of the public schema (github.com/ZwickyTransientFacility/ztf-avro-alert).
A type with a question mark may be null; null comes second in every union, as in the packets that ZTF
distributes, although its published schema has it first.
"""

from __future__ import annotations

from typing import Any

__all__ = ["CANDIDATE_FIELDS", "PRV_CANDIDATE_FIELDS", "SCHEMA_VERSION", "alert_schema"]

SCHEMA_VERSION = "4.02"


def _fields(*lines: str) -> dict[str, str]:
    """Return names and types from lines of the form ``type: name name name``."""
    table: dict[str, str] = {}
    for line in lines:
        avro_type, names = line.split(":")
        table |= dict.fromkeys(names.split(), avro_type)
    return table


#: Type of every field of the record ``candidate``, in order.
CANDIDATE_FIELDS: dict[str, str] = _fields(
    "double: jd",
    "int: fid",
    "long: pid",
    "float?: diffmaglim",
    "string?: pdiffimfilename programpi",
    "int: programid",
    "long: candid",
    "string: isdiffpos",
    "long?: tblid",
    "int?: nid rcid field",
    "float?: xpos ypos",
    "double: ra dec",
    "float: magpsf sigmapsf",
    "float?: chipsf magap sigmagap distnr magnr sigmagnr chinr sharpnr sky magdiff fwhm classtar",
    "float?: mindtoedge magfromlim seeratio aimage bimage aimagerat bimagerat elong",
    "int?: nneg nbad",
    "float?: rb ssdistnr ssmagnr",
    "string?: ssnamenr",
    "float?: sumrat magapbig sigmagapbig",
    "double: ranr decnr",
    "float?: sgmag1 srmag1 simag1 szmag1 sgscore1 distpsnr1",
    "int: ndethist ncovhist",
    "double?: jdstarthist jdendhist scorr",
    "int?: tooflag",
    "long?: objectidps1 objectidps2",
    "float?: sgmag2 srmag2 simag2 szmag2 sgscore2 distpsnr2",
    "long?: objectidps3",
    "float?: sgmag3 srmag3 simag3 szmag3 sgscore3 distpsnr3",
    "int: nmtchps",
    "long: rfid",
    "double: jdstartref jdendref",
    "int: nframesref",
    "string: rbversion",
    "float?: dsnrms ssnrms dsdiff magzpsci magzpsciunc magzpscirms",
    "int: nmatches",
    "float?: clrcoeff clrcounc zpclrcov zpmed clrmed clrrms",
    "float?: neargaia neargaiabright maggaia maggaiabright exptime drb",
    "string: drbversion",
)

#: Type of every field of the record ``prv_candidate``, in order.
PRV_CANDIDATE_FIELDS: dict[str, str] = _fields(
    "double: jd",
    "int: fid",
    "long: pid",
    "float?: diffmaglim",
    "string?: pdiffimfilename programpi",
    "int: programid",
    "long?: candid",
    "string?: isdiffpos",
    "long?: tblid",
    "int?: nid rcid field",
    "float?: xpos ypos",
    "double?: ra dec",
    "float?: magpsf sigmapsf chipsf magap sigmagap distnr magnr sigmagnr chinr sharpnr sky magdiff fwhm",
    "float?: classtar mindtoedge magfromlim seeratio aimage bimage aimagerat bimagerat elong",
    "int?: nneg nbad",
    "float?: rb ssdistnr ssmagnr",
    "string?: ssnamenr",
    "float?: sumrat magapbig sigmagapbig",
    "double?: ranr decnr scorr",
    "float?: magzpsci magzpsciunc magzpscirms clrcoeff clrcounc",
    "string: rbversion",
)

_FP_HIST_FIELDS = _fields(
    "int?: field rcid",
    "int: fid",
    "long: pid rfid",
    "float?: sciinpseeing scibckgnd scisigpix magzpsci magzpsciunc magzpscirms clrcoeff clrcounc exptime",
    "float?: adpctdif1 adpctdif2 diffmaglim",
    "int: programid",
    "double: jd",
    "float?: forcediffimflux forcediffimfluxunc",
    "string?: procstatus",
    "float?: distnr",
    "double: ranr decnr",
    "float?: magnr sigmagnr chinr sharpnr",
)


def _record(name: str, fields: dict[str, str]) -> dict[str, Any]:
    def avro_type(item: str) -> Any:
        return [item[:-1], "null"] if item.endswith("?") else item

    return {
        "type": "record",
        "name": name,
        "version": SCHEMA_VERSION,
        "fields": [{"name": field, "type": avro_type(item)} for field, item in fields.items()],
    }


def alert_schema() -> dict[str, Any]:
    """Return the schema of an alert packet, to be parsed by an Avro library.

    Examples
    --------
    >>> schema = alert_schema()
    >>> schema["name"], [field["name"] for field in schema["fields"]][-1]
    ('ztf.alert', 'cutoutDifference')
    """
    cutout = _record("ztf.alert.cutout", _fields("string: fileName", "bytes: stampData"))
    previous = {"type": "array", "items": _record("ztf.alert.prv_candidate", PRV_CANDIDATE_FIELDS)}
    forced = {"type": "array", "items": _record("ztf.alert.fp_hist", _FP_HIST_FIELDS)}
    return {
        "type": "record",
        "name": "ztf.alert",
        "version": SCHEMA_VERSION,
        "fields": [
            {"name": "schemavsn", "type": "string"},
            {"name": "publisher", "type": "string"},
            {"name": "objectId", "type": "string"},
            {"name": "candid", "type": "long"},
            {"name": "candidate", "type": _record("ztf.alert.candidate", CANDIDATE_FIELDS)},
            {"name": "prv_candidates", "type": [previous, "null"]},
            {"name": "fp_hists", "type": [forced, "null"]},
            {"name": "cutoutScience", "type": [cutout, "null"]},
            {"name": "cutoutTemplate", "type": ["ztf.alert.cutout", "null"]},
            {"name": "cutoutDifference", "type": ["ztf.alert.cutout", "null"]},
        ],
    }
