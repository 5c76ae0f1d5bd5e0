"""Tables of ZTF's exposures as IRSA's search gives them, and where the files of an exposure lie.

The search is https://irsa.ipac.caltech.edu/docs/program_interface/ztf_api.html, the rule from
metadata to file names https://irsa.ipac.caltech.edu/docs/program_interface/ztf_metadata.html.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from skysieve.errors import InputError
from skysieve.sources.archives.answer_images import require_kind
from skysieve.sources.archives.cutout_service import Position, Request

__all__ = ["USABLE", "exposure_path", "exposure_search", "image_address", "read_exposures"]

#: The condition on usable exposures (ZTF Science Data System, section 6).
USABLE = "infobits<33554432"

_COLUMNS = ("filefracday", "field", "ccdid", "qid", "filtercode", "imgtypecode", "obsjd")

T = TypeVar("T")


def exposure_search(
    base_url: str, position: Position, where: Sequence[str], more_columns: Iterable[str] = ()
) -> Request:
    """Return the search for exposures of a position that meet conditions, as CSV.

    Examples
    --------
    >>> place = Position("a", 255.5, 12.25)
    >>> print(exposure_search("https://irsa.ipac.caltech.edu/ibe", place, ["filtercode='zr'"]).url[:94])
    https://irsa.ipac.caltech.edu/ibe/search/ztf/products/sci?POS=255.5,12.25&WHERE=filtercode%3D%
    """
    parameters = {
        "POS": f"{position.ra:.10g},{position.dec:.10g}",
        "WHERE": " AND ".join(where),
        "COLUMNS": ",".join(dict.fromkeys((*_COLUMNS, *more_columns))),
        "ct": "csv",
    }
    return Request(f"{base_url.rstrip('/')}/search/ztf/products/sci", tuple(parameters.items()), ".csv")


def read_exposures(table: bytes, item: str, read: Callable[[list[dict[str, str]]], T]) -> T:
    """Return what a reader makes of the rows of an answer.

    Raises
    ------
    InputError
        ``not-a-table``, or ``bad-table`` if the reader does not find what it looks for.
    """
    require_kind(table, ".csv", item)
    rows = list(csv.DictReader(table.decode("utf-8", "replace").splitlines(), skipinitialspace=True))
    try:
        return read(rows)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        reason = f"the search of exposures gave a table that is not understood ({error!r})"
        raise InputError(item, "bad-table", reason) from error


def exposure_path(row: Mapping[str, str]) -> str:
    """Return where the files of an exposure lie below the products, up to their endings.

    Raises
    ------
    ValueError
        If the row names no exposure.

    Examples
    --------
    >>> row = dict(filefracday="20180411123456", field="257", ccdid="1", qid="4", filtercode="zr")
    >>> exposure_path(row | {"imgtypecode": "o"})
    '2018/0411/123456/ztf_20180411123456_000257_zr_c01_o_q4'
    """
    time = row["filefracday"].strip()
    if len(time) != 14 or not time.isdigit():
        raise ValueError(f"filefracday {time!r}")
    name = (
        f"ztf_{time}_{int(row['field']):06d}_{row['filtercode']}_c{int(row['ccdid']):02d}"
        f"_{row['imgtypecode']}_q{int(row['qid'])}"
    )
    return f"{time[:4]}/{time[4:8]}/{time[8:]}/{name}"


def image_address(base_url: str, path: str, ending: str) -> str:
    """Return the address of a file of an exposure."""
    return f"{base_url.rstrip('/')}/data/ztf/products/sci/{path}_{ending}"
