"""What a night's folder in a depot holds: ``<date>/<range of times>/ccd<number>/`` and the files there."""

from __future__ import annotations

import datetime
import re
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from skysieve.errors import DownloadError
from skysieve.service.ingest.depots.listing import Link
from skysieve.service.ingest.depots.server import DepotServer, RemoteState
from skysieve.sources.inputs import ARCHIVE_SUFFIXES

__all__ = ["DepotFile", "NightWalk", "dates_to_look_at", "is_part", "is_wanted"]

#: Characters of ``02h49m00s-03h14m00s/``, by which links to a range of times are known.
_RANGE_TEXT = 20
_CCD = re.compile(r"ccd\d{2}", re.IGNORECASE)
#: Folders below that of the date.
_DEEPEST = 2
#: Seconds for which a file must have had the same stamp where the server does not say when it was changed.
_SAME_FOR_S = 300.0


@dataclass(frozen=True, slots=True)
class DepotFile:
    """A file of a night.

    Parameters
    ----------
    item : str
        Its path below the depot, which names it in the journal.
    name : str
        Its bare name.
    url : str
        Its address.
    state : RemoteState
        What the server says of it.
    """

    item: str
    name: str
    url: str
    state: RemoteState


@dataclass(slots=True)
class _Seen:
    file: DepotFile
    mark: str
    since: float


class NightWalk:
    """Finds the files of nights, and asks again only about what may have changed.

    Parameters
    ----------
    server : DepotServer
        The depot.
    clock : callable, optional
        Returns seconds.
    """

    def __init__(self, server: DepotServer, clock: Callable[[], float] = time.monotonic) -> None:
        self._server, self._clock = server, clock
        self._seen: dict[str, _Seen] = {}
        #: Folders in which nothing will change while their mark stays: the mark.
        self._quiet: dict[str, str] = {}

    def files(self, date: str, failures: list[str]) -> Iterator[DepotFile]:
        """Yield the files of a night that are of use, in the order of the listings.

        Parameters
        ----------
        date : str
            ``YYYYMMDD``; a night without a folder has no files.
        failures : list of str
            What is refused of single folders and files is added; the others go on.

        Raises
        ------
        ServiceError
            If the depot does not answer.
        DownloadError
            If it refuses the night as a whole.
        """
        links = self._server.list_folder(f"{self._server.url}{date}/") or ()
        yield from self._below(links, f"{date}/", 0, failures)

    def forget(self, keep: list[str]) -> None:
        """Forget all nights but some."""
        roots = tuple(f"{date}/" for date in keep)
        addresses = tuple(self._server.url + root for root in roots)
        self._seen = {item: seen for item, seen in self._seen.items() if item.startswith(roots)}
        self._quiet = {item: mark for item, mark in self._quiet.items() if item.startswith(roots)}
        self._server.forget_listings(lambda url: url.startswith(addresses))

    def _below(
        self, links: Iterable[Link], path: str, depth: int, failures: list[str]
    ) -> Iterator[DepotFile]:
        for link in links:
            if depth < _DEEPEST and is_part(link.name):
                yield from self._part(link, f"{path}{link.name}/", depth + 1, failures)
            elif not link.is_folder and is_wanted(link.name):
                yield from self._file(link, path + link.name, failures)

    def _part(self, link: Link, path: str, depth: int, failures: list[str]) -> Iterator[DepotFile]:
        if link.mark and self._quiet.get(path) == link.mark:
            yield from [seen.file for item, seen in self._seen.items() if item.startswith(path)]
            return
        before = len(failures)
        try:
            links = self._server.list_folder(link.url.rstrip("/") + "/") or []
        except DownloadError as error:
            failures.append(str(error))
            return
        files = []
        for file in self._below(links, path, depth, failures):
            files.append(file)
            yield file
        # The time of a folder changes with the names in it, and not with those in folders below.
        is_quiet = depth == _DEEPEST and len(failures) == before
        if is_quiet and files and all(self._is_settled(file) for file in files):
            self._quiet[path] = link.mark

    def _file(self, link: Link, item: str, failures: list[str]) -> Iterator[DepotFile]:
        seen = self._seen.get(item)
        if seen is not None and link.mark and link.mark == seen.mark and self._is_settled(seen.file):
            yield seen.file
            return
        try:
            state = self._server.look_at(link.url)
        except DownloadError as error:
            failures.append(str(error))
            return
        if state is None:
            return
        file = DepotFile(item, link.name, link.url, state)
        same = seen is not None and seen.file.state.stamp == state.stamp
        since = seen.since if seen is not None and same else self._clock()
        self._seen[item] = _Seen(file, link.mark, since)
        yield file

    def _is_settled(self, file: DepotFile) -> bool:
        seen = self._seen[file.item]
        return file.state.is_settled or self._clock() - seen.since > _SAME_FOR_S


def dates_to_look_at(tonight: str, nights_back: int) -> list[str]:
    """Return the dates under which a depot may keep tonight and the nights before it.

    A night bears the date of its evening at the observatory; ZTF's depot names it by the date in UTC, which
    is that of the next day. Both are looked at, whatever a depot does.

    Parameters
    ----------
    tonight : str
        Date of the evening, ``YYYYMMDD``.
    nights_back : int
        Nights before tonight.

    Examples
    --------
    >>> dates_to_look_at("20190228", 1)
    ['20190301', '20190228', '20190227']
    """
    evening = datetime.datetime.strptime(tonight, "%Y%m%d").replace(tzinfo=datetime.UTC)
    return [
        (evening + datetime.timedelta(days=days)).strftime("%Y%m%d")
        for days in range(1, -max(nights_back, 0) - 1, -1)
    ]


def is_part(name: str) -> bool:
    """Say whether a folder is part of a night: a range of times, or a detector.

    Examples
    --------
    >>> is_part("02h49m00s-03h14m00s"), is_part("ccd07"), is_part("CalQA"), is_part("CovMaps")
    (True, True, False, False)
    """
    return len(name) + 1 == _RANGE_TEXT or _CCD.fullmatch(name) is not None


def is_wanted(name: str) -> bool:
    """Say whether a file is of use: cutouts of streaks, or their table.

    Examples
    --------
    >>> is_wanted("ztf_20190215_c01_strkcutouts.tar.gz"), is_wanted("ztf_20190215_c01_streaks.txt")
    (True, True)
    >>> is_wanted("ztf_20190215_sciimg.fits"), is_wanted("streaks.html")
    (False, False)
    """
    lower = name.lower()
    if lower.endswith(ARCHIVE_SUFFIXES):
        return "strkcutouts" in lower or "streaks" in lower
    return "streaks" in lower and lower.endswith(".txt")
