"""The ``candidate`` record of a simulated detection: where, when and how bright."""

from __future__ import annotations

import datetime
import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from skysieve.sources.simulators.camera import Camera
from skysieve.sources.simulators.triplets import Detection

__all__ = ["Pointing", "Target", "candidate_record", "draw_pointing", "draw_target", "object_name"]

#: Julian date at which ZTF's night number 0 begins.
_NIGHT_ZERO = 2457754.5
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
#: What ZTF writes for quantities that could not be measured.
_MISSING = -999.0


@dataclass(frozen=True, slots=True)
class Target:
    """Where an object is.

    Parameters
    ----------
    object_id : str
        Name.
    ra, dec : float
        Position, in degrees.
    field, rcid : int
        Number of ZTF's field and readout channel (0 to 63).
    xpos, ypos : float
        Position on the readout channel, in pixels.
    """

    object_id: str
    ra: float
    dec: float
    field: int
    rcid: int
    xpos: float
    ypos: float


@dataclass(frozen=True, slots=True)
class Pointing:
    """When an exposure began.

    Parameters
    ----------
    nid : int
        Number of the night.
    fraction : int
        Time of day in UT, in units of 1e-5 days.
    """

    nid: int
    fraction: int

    @property
    def jd(self) -> float:
        """Julian date of the beginning."""
        return _NIGHT_ZERO + self.nid + self.fraction * 1e-5

    @property
    def date(self) -> str:
        """Date in UT, as YYYYMMDD."""
        return (datetime.date(2017, 1, 1) + datetime.timedelta(days=self.nid)).strftime("%Y%m%d")


def object_name(number: int, year: int) -> str:
    """Return the name of object ``number`` that was found in ``year``.

    Examples
    --------
    >>> object_name(27, 2024)
    'ZTF24aaaaabb'
    """
    letters = ""
    for _ in range(7):
        number, remainder = divmod(number, 26)
        letters = _LETTERS[remainder] + letters
    return f"ZTF{year % 100:02d}{letters}"


def draw_target(rng: np.random.Generator, object_id: str) -> Target:
    """Draw a place on the northern sky, uniform in area."""
    sine = rng.uniform(math.sin(math.radians(-28.0)), 1.0)
    return Target(
        object_id=object_id,
        ra=float(rng.uniform(0.0, 360.0)),
        dec=math.degrees(math.asin(sine)),
        field=int(rng.integers(245, 880)),
        rcid=int(rng.integers(0, 64)),
        xpos=float(rng.uniform(40.0, 3032.0)),
        ypos=float(rng.uniform(40.0, 3040.0)),
    )


def draw_pointing(rng: np.random.Generator, nid: int, after: Pointing | None = None) -> Pointing:
    """Draw a time of the night, or half an hour to two hours ``after`` another exposure."""
    if after is None:
        return Pointing(nid, int(rng.integers(12_000, 45_000)))
    return Pointing(nid, after.fraction + int(rng.integers(2_000, 8_000)))


def candidate_record(
    detection: Detection,
    target: Target,
    pointing: Pointing,
    camera: Camera,
    *,
    table_row: int,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Return the fields of the record ``candidate``; scores of classifiers (``rb``, ``drb``) stay null.

    Parameters
    ----------
    detection : Detection
        What was detected.
    target, pointing
        Where and when.
    camera : Camera
        The camera.
    table_row : int
        Number of the detection in its exposure; makes ``candid`` unique.
    rng : numpy.random.Generator
        Source of the scatter of the position.
    """
    pid = pointing.nid * 10**9 + pointing.fraction * 10**4 + target.rcid * 100 + 15
    candid = pid * 10**6 + 10_000 + (0 if detection.positive else 5_000) + table_row
    scatter = rng.normal(0.0, 0.1, 2) / 3600.0
    ra = target.ra + float(scatter[0]) / math.cos(math.radians(target.dec))
    record: dict[str, Any] = {
        "jd": pointing.jd,
        "fid": detection.fid,
        "pid": pid,
        "diffmaglim": detection.limiting_magnitude,
        "pdiffimfilename": _file_name(detection, target, pointing, camera),
        "programpi": "Kulkarni",
        "programid": 1,
        "candid": candid,
        "isdiffpos": "t" if detection.positive else "f",
        "tblid": table_row,
        "nid": pointing.nid,
        "rcid": target.rcid,
        "field": target.field,
        "xpos": target.xpos,
        "ypos": target.ypos,
        "ra": ra % 360.0,
        "dec": target.dec + float(scatter[1]),
        "mindtoedge": min(target.xpos, target.ypos, 3072.0 - target.xpos, 3080.0 - target.ypos),
        "rfid": target.field * 10**6 + detection.fid * 10**5 + target.rcid * 100,
        "magzpsci": detection.zero_point,
        "exptime": camera.exposure_time,
        "tooflag": 0,
        "ssdistnr": _MISSING,
        "ssmagnr": _MISSING,
        "nframesref": round(camera.template_exposures),
        "jdstarthist": pointing.jd,
        "jdendhist": pointing.jd,
    }
    return record | _photometry(detection, camera) | _nearest_reference(detection, ra, record["dec"], camera)


def _photometry(detection: Detection, camera: Camera) -> dict[str, Any]:
    """Return magnitudes and shape; a detection whose centre is masked is put at the limit."""
    magnitude, snr = detection.measured_magnitude, detection.measured_snr
    if not (math.isfinite(magnitude) and snr > 0.0):
        magnitude, snr = detection.limiting_magnitude, 5.0
    sigma = 1.0857 / snr
    fwhm = math.hypot(detection.seeing / camera.pixel_scale, 1.0)
    return {
        "magpsf": magnitude,
        "sigmapsf": sigma,
        "magap": magnitude,
        "sigmagap": sigma,
        "magdiff": 0.0,
        "magfromlim": detection.limiting_magnitude - magnitude,
        "scorr": snr,
        "ssnrms": snr,
        "fwhm": fwhm,
        "seeratio": 1.0,
        "sky": 0.0,
    }


def _nearest_reference(detection: Detection, ra: float, dec: float, camera: Camera) -> dict[str, Any]:
    """Return the nearest source in the template: the star or the host, if there is one."""
    magnitude, distance = detection.star_magnitude, 0.3
    if math.isfinite(detection.host_magnitude):
        magnitude, distance = detection.host_magnitude, detection.host_offset
    if not math.isfinite(magnitude):
        return {"ranr": ra, "decnr": dec, "distnr": None, "magnr": None}
    north = min(dec + distance / 3600.0, 90.0)
    return {"ranr": ra, "decnr": north, "distnr": distance / camera.pixel_scale, "magnr": magnitude}


def _file_name(detection: Detection, target: Target, pointing: Pointing, camera: Camera) -> str:
    band = next(band.name for band in camera.bands if band.fid == detection.fid)
    chip, quadrant = divmod(target.rcid, 4)
    return (
        f"ztf_{pointing.date}{pointing.fraction:05d}0_{target.field:06d}_z{band}_c{chip + 1:02d}_o"
        f"_q{quadrant + 1}_scimrefdiffimg.fits"
    )
