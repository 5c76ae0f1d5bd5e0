"""What a pipeline writes about a simulated streak: its row in the nightly table, its report in ADES."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from skysieve.sources.simulators.camera import Camera
from skysieve.sources.streaks.streak_table import STREAK_COLUMNS, streak_name

__all__ = ["SkyPlace", "ades_report", "exposure_pid", "streak_row", "table_text"]

_MJD_OF_NIGHT_ZERO = 57_754
#: Number of the filter of a night.
_FILTER = 2
_DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class SkyPlace:
    """Where a cutout lies on the sky: north is up and east to the left.

    Parameters
    ----------
    ra, dec : float
        Centre of the cutout, degrees.
    centre : float
        The same in pixels, on both axes.
    pixel_scale : float
        Side of a pixel, in arcsec.
    """

    ra: float
    dec: float
    centre: float
    pixel_scale: float = 1.01

    def to_sky(self, x: float, y: float) -> tuple[float, float]:
        """Return right ascension and declination of a pixel, by the tangential projection.

        Examples
        --------
        >>> SkyPlace(10.0, 20.0, 78.0).to_sky(78.0, 78.0)
        (10.0, 20.0)
        """
        xi = math.radians(-(x - self.centre) * self.pixel_scale / 3600)
        eta = math.radians((self.centre - y) * self.pixel_scale / 3600)
        dec0 = math.radians(self.dec)
        depth = math.cos(dec0) - eta * math.sin(dec0)
        ra = self.ra + math.degrees(math.atan2(xi, depth))
        dec = math.atan2(math.sin(dec0) + eta * math.cos(dec0), math.hypot(xi, depth))
        return ra % 360.0, math.degrees(dec)


def exposure_pid(mjd: float, rcid: int) -> int:
    """Return the number of a difference image: night, fraction of the day, quadrant, and 15.

    Examples
    --------
    >>> exposure_pid(58529.2, 18)
    775200001815
    """
    night = int(mjd) - _MJD_OF_NIGHT_ZERO
    fraction = round((mjd - int(mjd)) * 1e5)
    return ((night * 10**5 + fraction) * 100 + rcid) * 100 + 15


def streak_row(
    truth: Mapping[str, Any],
    *,
    mjd: float,
    rcid: int,
    strid: int,
    place: SkyPlace,
    camera: Camera,
    rng: np.random.Generator,
) -> dict[str, Any]:
    """Return the row of the nightly table for a streak, all 37 columns.

    Ends, flux and S/N are those of the truth. What is no streak has none; the finder then measured
    something short across the middle of the cutout, of no meaning.

    Parameters
    ----------
    truth : mapping
        ``x1 y1 x2 y2 length magnitude snr seeing`` as of `simulate_streaks`.
    mjd : float
        Begin of the exposure.
    rcid, strid : int
        Quadrant, and running number within the exposure.
    place : SkyPlace
        Where the cutout lies.
    camera : Camera
        The camera: length of the exposure, pixel scale, zero point.
    rng : Generator
        Source of what the truth does not say.
    """
    pid = exposure_pid(mjd, rcid)
    ends = _ends(truth, place.centre, rng)
    (ra1, dec1), (ra2, dec2) = (place.to_sky(*ends[:2]), place.to_sky(*ends[2:]))
    snr = float(truth["snr"]) if truth["snr"] > 0 else float(rng.uniform(5, 30))
    magnitude = float(truth["magnitude"])
    known = math.isfinite(magnitude)
    error = 1.0857 / snr
    values: dict[str, Any] = {
        "jd": mjd + 2_400_000.5,
        "fid": _FILTER,
        "pid": pid,
        "diffmaglim": float(rng.normal(20.4, 0.3)),
        "pdiffimfilename": f"ztf_{pid}_o_q{rcid % 4 + 1}_scimrefdiffimg.fits",
        "programpi": "Kulkarni",
        "programid": 1,
        "streakid": pid * 10**4 + strid,
        "strid": strid,
        "ra1": ra1,
        "dec1": dec1,
        "ra2": ra2,
        "dec2": dec2,
        "startmjd": mjd,
        "endmjd": mjd + camera.exposure_time / _DAY,
        "flux": 10 ** (-0.4 * (magnitude - _zero_point(camera))) if known else float(rng.lognormal(7, 0.6)),
        "bg": float(rng.normal(0, 2)),
        "length": math.hypot(ends[2] - ends[0], ends[3] - ends[1]),
        "sigma": float(truth["seeing"]) / 2.355 / camera.pixel_scale,
        "fitmagerr": error,
        "apsnr": 0.8 * snr,
        "apmagerr": error / 0.8,
        "dmag": float(rng.normal(0, 0.1)),
        "dmagerr": error,
        "chi2": float(rng.chisquare(20) / 20),
        "numfit": int(rng.integers(50, 400)),
        "prob": float(rng.beta(8, 2) if truth["os"] == 1 else rng.beta(1, 12)),
    }
    for name in STREAK_COLUMNS:
        values.setdefault(name, float(abs(rng.normal(0, 1 / snr))))
    return {name: values[name] for name in STREAK_COLUMNS}


def _zero_point(camera: Camera) -> float:
    """Return the zero point of an exposure in the filter of the night, or else in the commonest one."""
    band = max(camera.bands, key=lambda each: (each.fid == _FILTER, each.share))
    return band.zero_point + 2.5 * math.log10(camera.exposure_time / 30.0)


def _ends(
    truth: Mapping[str, Any], centre: float, rng: np.random.Generator
) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (float(truth[name]) for name in ("x1", "y1", "x2", "y2"))
    if all(math.isfinite(value) for value in (x1, y1, x2, y2)) and (x1, y1) != (x2, y2):
        return x1, y1, x2, y2
    half, angle = rng.uniform(4, 15), rng.uniform(0, math.pi)
    dx, dy = half * math.cos(angle), half * math.sin(angle)
    return centre - dx, centre - dy, centre + dx, centre + dy


def table_text(rows: Iterable[Mapping[str, Any]], *, finished: bool = True) -> str:
    """Return rows as ``psql`` prints them: names, a rule, the rows, their number.

    An unfinished table ends in the middle of its last row.
    """
    cells = [[_cell(row[name]) for name in STREAK_COLUMNS] for row in rows]
    widths = [max(len(name), *(len(row[at]) for row in cells)) for at, name in enumerate(STREAK_COLUMNS)]
    names = "|".join(f" {name.center(width)} " for name, width in zip(STREAK_COLUMNS, widths, strict=True))
    rule = "+".join("-" * (width + 2) for width in widths)
    lines = ["|".join(f" {cell:>{width}} " for cell, width in zip(row, widths, strict=True)) for row in cells]
    if not finished:
        return "\n".join([names, rule, *lines[:-1], lines[-1][: len(lines[-1]) // 2]])
    count = f"({len(lines)} row{'' if len(lines) == 1 else 's'})"
    return "\n".join([names, rule, *lines, count, ""])


def _cell(value: Any) -> str:
    return f"{value:.12g}" if isinstance(value, float) and abs(value) < 1e5 else repr(value).strip("'")


def ades_report(row: Mapping[str, Any], *, magnitude: float) -> str:
    """Return the report of a streak: one observation for each end."""
    opticals = "".join(
        f"<optical><trkSub>s{row['streakid'] % 10**7:07d}</trkSub><mode>CCD</mode><stn>I41</stn>"
        f"<obsTime>{_iso(mjd)}</obsTime><ra>{ra:.6f}</ra><dec>{dec:.6f}</dec><rmsRA>0.5</rmsRA>"
        f"<rmsDec>0.5</rmsDec><astCat>Gaia1</astCat><mag>{magnitude:.2f}</mag><band>r</band></optical>"
        for mjd, ra, dec in (
            (row["startmjd"], row["ra1"], row["dec1"]),
            (row["endmjd"], row["ra2"], row["dec2"]),
        )
    )
    context = "<obsContext><observatory><mpcCode>I41</mpcCode></observatory></obsContext>"
    name = streak_name(row["streakid"], row["pid"])
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<!-- {name} -->\n<ades version="2017"><obsBlock>{context}'
        f"<obsData>{opticals}</obsData></obsBlock></ades>\n"
    )


def _iso(mjd: float) -> str:
    milliseconds = round((mjd - 40_587) * _DAY * 1000)
    return f"{np.datetime64(milliseconds, 'ms')}Z"
