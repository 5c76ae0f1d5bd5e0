"""Search: a filter, a table or a gallery of what it finds, pages by cursor, and exports of all of it."""

from __future__ import annotations

from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field
from sqlalchemy.orm import Session

from skysieve.errors import InputError
from skysieve.service.accounts.roles import Role
from skysieve.service.candidates.nights import MOST_CHOSEN, night_names
from skysieve.service.candidates.search import Page, Search, count_candidates, find_candidates
from skysieve.service.filters.fields import describe_fields
from skysieve.service.labelling.blinding import blind_to, unbiased
from skysieve.service.pages.angles import read_angle
from skysieve.service.pages.details import label_kinds
from skysieve.service.web.access import Caller, CallerOf, ServiceOf, access
from skysieve.service.web.templating import render

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

#: Counting stops there.
MOST_COUNTED = 10_000
#: Radius of a cone where only a position is given, arcsec.
USUAL_RADIUS = 10.0
_SORTS = {
    "-score": "best score",
    "score": "worst score",
    "-jd": "latest",
    "jd": "earliest",
    "mag": "brightest",
    "-mag": "faintest",
    "-first_seen": "came in last",
    "label": "label",
    "separation": "nearest to the position",
}
_EXAMPLES = (
    "passes = true and labels = 0",
    "score >= 0.9 and mag < 19",
    'label = "real" and night >= 20261101',
    "any_label = real and score < 0.3",
    'object ~ "ZTF2*" and labels >= 2',
)
#: What a search can be taken home as.
_FORMATS = {
    "csv": "CSV: for spreadsheets",
    "parquet": "Parquet: for pandas, polars, DuckDB",
    "votable": "VOTable: for TOPCAT, Aladin",
    "fits": "FITS: the cutouts",
    "avro": "Avro: the packets",
}


class Asked(BaseModel):
    """The question, as the address of the page holds it."""

    where: str = Field("", max_length=4_000)
    sort: str = Field("-score", max_length=32)
    night: str = Field("", max_length=16)
    ra: str = Field("", max_length=32)
    dec: str = Field("", max_length=32)
    radius: str = Field("", max_length=16)
    view: Literal["table", "gallery"] = "table"
    cursor: str = Field("", max_length=1_000)


class _Found(NamedTuple):
    """What a search brought, or what is wrong with it."""

    wanted: Search
    page: Page
    total: int = 0
    problem: InputError | None = None


@router.get("/search", dependencies=[access(Role.VIEWER, "read")])
def search(
    request: Request, service: ServiceOf, caller: CallerOf, given: Annotated[Asked, Query()]
) -> HTMLResponse:
    """Search, and show what was found; the address holds all of the question."""
    asked = {name: value.strip() for name, value in given.model_dump(exclude={"cursor"}).items()}
    with service.database.reading() as session:
        found = _find(session, caller, asked, service.settings.web.page_size, given.cursor)
        return render(
            request,
            "search.html",
            status=200 if found.problem is None else 400,
            asked=asked,
            page=found.page,
            total=found.total,
            most=MOST_COUNTED,
            problem=found.problem,
            address=_address(asked),
            export=_export(found.wanted),
            blind=blind_to(session, caller, [row.id for row in found.page.rows]),
            kinds=label_kinds(session),
            nights=night_names(session, most=MOST_CHOSEN),
            sorts=_SORTS,
            formats=_FORMATS,
            examples=_EXAMPLES,
            fields=describe_fields(session),
        )


def _find(session: Session, caller: Caller, asked: dict[str, str], size: int, cursor: str) -> _Found:
    try:
        wanted = _wanted(asked, size, cursor)
        search = unbiased(session, caller, wanted)
        page = find_candidates(session, search)
        return _Found(wanted, page, count_candidates(session, search, most=MOST_COUNTED))
    except InputError as error:
        return _Found(Search(), Page([]), problem=error)


def _wanted(asked: dict[str, str], size: int, cursor: str) -> Search:
    ra, dec, radius = _cone(asked)
    return Search(asked["where"], asked["sort"], asked["night"], ra, dec, radius, size, cursor)


def _cone(asked: dict[str, str]) -> tuple[float | None, float | None, float | None]:
    if not asked["ra"] and not asked["dec"]:
        return None, None, None
    if not asked["ra"] or not asked["dec"]:
        raise InputError("position", "bad-cone", "a position needs both right ascension and declination")
    try:
        radius = float(asked["radius"]) if asked["radius"] else USUAL_RADIUS
    except ValueError:
        found = asked["radius"]
        raise InputError("radius", "bad-cone", f"{found!r} is no number; expected arcseconds") from None
    if not 0 < radius <= 36_000:
        raise InputError(
            "radius", "bad-cone", f"expected more than 0 and at most 36000 arcsec, found {radius}"
        )
    return read_angle(asked["ra"], hours=True), read_angle(asked["dec"], hours=False), radius


def _address(asked: dict[str, str]) -> str:
    """Return the address of the search without a place in it, to which parameters can be added."""
    return "/search?" + urlencode({name: value for name, value in asked.items() if value})


def _export(wanted: Search) -> str:
    given = {"where": wanted.where, "sort": wanted.sort, "night": wanted.night}
    cone = {"ra": wanted.ra, "dec": wanted.dec, "radius": wanted.radius}
    asked = {name: value for name, value in (given | cone).items() if value not in ("", None)}
    return "/api/v1/export?" + urlencode(asked)
