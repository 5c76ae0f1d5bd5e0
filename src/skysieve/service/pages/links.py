"""Where else a position or an object can be looked up: plain links, followed by nobody but the person."""

from __future__ import annotations

import math
from typing import NamedTuple
from urllib.parse import quote

from skysieve.service.database.tables import Candidate
from skysieve.service.web.formats import UNKNOWN, declination, moment_of_jd, right_ascension

__all__ = ["LinkOut", "links_out"]


class LinkOut(NamedTuple):
    """A place elsewhere."""

    name: str
    address: str
    #: What is there.
    about: str


#: By position; ``{ra}`` and ``{dec}`` are degrees, ``{sign}`` is ``%2B`` in front of northern ones.
_BY_POSITION = (
    LinkOut(
        "SIMBAD",
        "https://simbad.cds.unistra.fr/simbad/sim-coo?Coord={ra}%20{sign}{dec}&Radius=1&Radius.unit=arcmin",
        "known objects within 1 arcmin",
    ),
    LinkOut(
        "Aladin Lite",
        "https://aladin.cds.unistra.fr/AladinLite/?target={ra}%20{sign}{dec}&fov=0.05",
        "images of all surveys",
    ),
    LinkOut(
        "Legacy Surveys",
        "https://www.legacysurvey.org/viewer?ra={ra}&dec={dec}&layer=ls-dr10&zoom=16&mark={ra},{dec}",
        "deep images, catalogues and redshifts",
    ),
    LinkOut(
        "NED",
        "https://ned.ipac.caltech.edu/conesearch?search_type=Near%20Position%20Search&coordinates="
        "{ra}d%20{sign}{dec}d&radius=1",
        "galaxies within 1 arcmin",
    ),
)

#: By position and time: known minor planets within 15 arcmin.
_MPC = (
    "https://minorplanetcenter.net/cgi-bin/mpcheck.cgi?year={year}&month={month}&day={day}&which=pos&ra={hours}"
    "&decl={degrees}&TextArea=&radius=15&limit=24.0&oc=500&sort=d&mot=h&tmot=s&pdes=u&needed=f&ps=n&type=p"
)

#: By the object's identifier in ZTF.
_BY_ZTF_OBJECT = (
    LinkOut("ALeRCE", "https://alerce.online/object/{object}", "light curve, stamps, classes"),
    LinkOut("Fink", "https://ztf.fink-portal.org/{object}", "light curve and added values"),
    LinkOut("Fritz", "https://fritz.science/source/{object}", "follow-up of the ZTF partnership"),
)


def links_out(candidate: Candidate) -> list[LinkOut]:
    """Return where a candidate can be looked up; nothing that came in is put into an address unquoted.

    Examples
    --------
    >>> there = links_out(Candidate(survey="ZTF", object_id="ZTF18abcdefg", ra=10.5, dec=-3.25))
    >>> there[0].address
    'https://simbad.cds.unistra.fr/simbad/sim-coo?Coord=10.500000%20-3.250000&Radius=1&Radius.unit=arcmin'
    >>> there[-1].address
    'https://fritz.science/source/ZTF18abcdefg'
    """
    links: list[LinkOut] = []
    ra, dec = candidate.ra, candidate.dec
    if ra is not None and dec is not None and math.isfinite(ra) and math.isfinite(dec):
        given = {"ra": f"{ra:.6f}", "dec": f"{dec:.6f}", "sign": "%2B" if dec >= 0 else ""}
        links += [link._replace(address=link.address.format(**given)) for link in _BY_POSITION]
        if candidate.jd is not None and (address := _minor_planets(ra, dec, candidate.jd)):
            links.append(LinkOut("MPC checker", address, "minor planets within 15 arcmin at that time"))
    if candidate.survey == "ZTF" and candidate.object_id:
        name = quote(candidate.object_id, safe="")
        links += [link._replace(address=link.address.format(object=name)) for link in _BY_ZTF_OBJECT]
    return links


def _minor_planets(ra: float, dec: float, jd: float) -> str:
    when = moment_of_jd(jd)
    if when == UNKNOWN:
        return ""
    day = int(when[8:10]) + (jd + 0.5) % 1
    hours = right_ascension(ra).replace(":", "+")
    degrees = declination(dec).replace(":", "+").replace("\N{MINUS SIGN}", "-").removeprefix("+")
    return _MPC.format(year=when[:4], month=when[5:7], day=f"{day:05.2f}", hours=hours, degrees=degrees)
