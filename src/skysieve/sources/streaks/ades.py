"""Reports in ADES, the format in which observations go to the Minor Planet Center, as XML or PSV.

One streak has one report, ``<_id>_ades.xml``; it holds one observation, or one for each end.
ADES is described in https://github.com/IAU-ADES/ADES-Master.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any
from xml.etree import ElementTree

from skysieve.errors import InputError

__all__ = ["ADES_PREFIX", "MAX_ADES_BYTES", "parse_ades"]

#: Stands before the name of every column that comes from a report.
ADES_PREFIX = "ades_"
#: Reports of a streak have some kilobytes; larger files are refused unread.
MAX_ADES_BYTES = 1 << 20

_IN_NUMBERS = (
    "ra dec mag rmsRA rmsDec rmsCorr rmsMag rmsTime uncTime logSNR seeing exp photAp nStars rmsFit nucMag "
    "raStar decStar deltaRA deltaDec dist pa rmsDist rmsPA pos1 pos2 pos3 vel1 vel2 vel3"
)
_NUMBERS = frozenset(_IN_NUMBERS.split())
_REQUIRED = ("obsTime", "ra", "dec")
_FORBIDDEN = re.compile(rb"<!\s*(DOCTYPE|ENTITY)", re.IGNORECASE)

# Observations and context of a report, each as pairs of name and text.
_Pairs = list[tuple[str, str]]


def parse_ades(data: bytes, *, item: str) -> dict[str, Any]:
    r"""Parse a report into flat columns.

    Parameters
    ----------
    data : bytes
        XML (``<ades version="2017">`` or a lone ``<optical>``) or PSV, told apart by content.
    item : str
        Name of the file, for messages.

    Returns
    -------
    dict
        ``ades_`` and the name of the element: ``ades_trkSub``, ``ades_obsTime``, ``ades_ra``. What
        is a number in ADES is a float, the rest are words. Of a second observation, the other end
        of the streak, the names end in ``_2``. Context comes with its path,
        ``ades_observatory_mpcCode``; ``ades_observations`` counts the observations.

    Raises
    ------
    InputError
        ``empty-file``, ``oversized-file``, ``unsafe-xml`` (document types and entities are refused
        before anything is parsed), ``bad-ades``.

    Examples
    --------
    >>> parse_ades(b"obsTime|stn|ra|dec\n2019-02-15T07:12:34Z|I41|12.5|-3.25\n", item="a")["ades_ra"]
    12.5
    """
    if not data.strip():
        raise InputError(item, "empty-file", "the report holds nothing yet; it is read again the next time")
    if len(data) > MAX_ADES_BYTES:
        reason = f"has more than the {MAX_ADES_BYTES:,} bytes of any report of one streak"
        raise InputError(item, "oversized-file", reason)
    is_xml = data.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")
    context, observations = _parse_xml(data, item) if is_xml else _parse_psv(data, item)
    if not 1 <= len(observations) <= 2:
        reason = (
            f"holds {len(observations)} optical observations; 1, or 2 for the ends of a streak, are expected"
        )
        raise InputError(item, "bad-ades", reason)
    columns: dict[str, Any] = dict(_joined(context))
    for number, observation in enumerate(observations, start=1):
        columns |= _observation(observation, "" if number == 1 else f"_{number}", item)
    return columns | {f"{ADES_PREFIX}observations": len(observations)}


def _observation(pairs: _Pairs, ending: str, item: str) -> dict[str, Any]:
    present = {name for name, _ in pairs}
    missing = [name for name in _REQUIRED if name not in present]
    if missing:
        raise InputError(item, "bad-ades", f"an observation lacks {', '.join(missing)}")
    return {name + ending: value for name, value in _joined((name, text) for name, text in pairs)} | {
        f"{ADES_PREFIX}{name}{ending}": _number(name, text, item) for name, text in pairs if name in _NUMBERS
    }


def _joined(pairs: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield columns of words; where a name comes several times, as of observers, they are joined."""
    words: dict[str, list[str]] = {}
    for name, text in pairs:
        words.setdefault(ADES_PREFIX + name, []).append(text)
    return ((name, "; ".join(texts)) for name, texts in words.items())


def _number(name: str, text: str, item: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(item, "bad-ades", f"{name} = {text!r:.60} is not a number") from None


def _parse_xml(data: bytes, item: str) -> tuple[_Pairs, list[_Pairs]]:
    # Bytes of zero are the mark of UTF-16, in which the search would not see a document type.
    if b"\0" in data or _FORBIDDEN.search(data):
        reason = "has a document type, entities, or is not UTF-8: it is not parsed; ADES needs none of them"
        raise InputError(item, "unsafe-xml", reason)
    try:
        # What encoding the file claims does not count: the search above was for UTF-8.
        root = ElementTree.fromstring(data, parser=ElementTree.XMLParser(encoding="utf-8"))  # noqa: S314
    except ElementTree.ParseError as error:
        raise InputError(item, "bad-ades", f"is not sound XML: {error}; fetch the file again") from error
    observations = [
        [(each.tag, _text(each)) for each in optical if _text(each)] for optical in root.iter("optical")
    ]
    if root.tag not in ("ades", "optical"):
        raise InputError(item, "bad-ades", f"begins with <{root.tag:.60}>; <ades> is expected")
    return [pair for context in root.iter("obsContext") for pair in _leaves(context)], observations


def _leaves(context: ElementTree.Element) -> Iterator[tuple[str, str]]:
    """Yield the elements of a context by their path; ADES nests them two deep."""
    for outer in context:
        for inner in outer:
            if _text(inner):
                yield f"{outer.tag}_{inner.tag}", _text(inner)


def _text(element: ElementTree.Element) -> str:
    return (element.text or "").strip()


def _parse_psv(data: bytes, item: str) -> tuple[_Pairs, list[_Pairs]]:
    context: _Pairs = []
    observations: list[_Pairs] = []
    names: list[str] = []
    section = ""
    for line in data.decode("utf-8-sig", "replace").splitlines():
        if line.startswith("#"):
            section, names = line[1:].strip(), []
            if "=" not in section and " " in section:
                name, _, text = section.partition(" ")
                context.append((name, text.strip()))
        elif line.startswith("!"):
            name, _, text = line[1:].strip().partition(" ")
            context.append((f"{section}_{name}" if section else name, text.strip()))
        elif line.strip() and not names:
            names = [cell.strip() for cell in line.split("|")]
        elif line.strip():
            cells = [cell.strip() for cell in line.split("|")]
            if len(cells) != len(names):
                raise InputError(item, "bad-ades", f"a line has {len(cells)} values for {len(names)} names")
            observations.append([(name, cell) for name, cell in zip(names, cells, strict=True) if cell])
    return context, observations
