"""A depot over HTTP with a folder for each date: files are fetched into a spool and taken in from there."""

from __future__ import annotations

import hashlib
import itertools
import logging
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, suppress

from filelock import FileLock, Timeout

from skysieve.errors import DownloadError, ServiceError
from skysieve.service.database.columns import utc_now
from skysieve.service.ingest.depots.address import check_depot
from skysieve.service.ingest.depots.night_walk import DepotFile, NightWalk, dates_to_look_at
from skysieve.service.ingest.depots.server import DepotServer
from skysieve.service.ingest.disk import require_space
from skysieve.service.ingest.feed import FEEDS, Feed, FeedReport, keep_looking
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.journal import known_stamps
from skysieve.service.ingest.reception import receive
from skysieve.service.service import Service
from skysieve.sources.streaks.observing_night import observing_night

__all__ = ["DepotFeed", "open_depot_feed"]

logger = logging.getLogger(__name__)

NAME = "depot"
#: Earlier nights are looked at so many times less often than tonight.
_EARLIER_EVERY = 20
#: Files looked up in the journal together, and fetched before the next folders are listed.
_AT_ONCE = 16
#: Single failures after which a look is given up: it is the server, then.
_MOST_FAILURES = 20
#: Seconds after which what lies in the spool is not waited for any more.
_SPOOL_KEPT_S = 2 * 86_400.0


@FEEDS.register(NAME)
def open_depot_feed(service: Service) -> Feed | None:
    """Return the feed of the depot that the settings name; None where they name none."""
    return DepotFeed(service) if service.settings.ingest.depot.url else None


class DepotFeed:
    """Fetches what is new in a depot.

    An item is called by its path in the depot, ``20190215/02h49m00s-03h14m00s/ccd01/<name>``; its stamp is
    its size and time there. A file that was still being written is taken again when it has grown.

    Parameters
    ----------
    service : Service
        The service.

    Raises
    ------
    ConfigurationError
        If the depot cannot be asked as it is set up.
    """

    name = NAME

    def __init__(self, service: Service) -> None:
        self._service = service
        self._settings = service.settings.ingest.depot
        self._server = DepotServer(self._settings)
        self._walk = NightWalk(self._server)
        self._report = FeedReport(service, NAME, check_depot(self._settings))
        self._spool = service.home.run / "depot"
        self._looks = 0

    def run(self, stop: threading.Event) -> None:
        """Look until ``stop`` is set; a fetch that is under way is broken off, and goes on another time."""
        self._server.stop = stop
        self._sweep()
        with closing(self._server):
            keep_looking(self._report, self._look, stop)

    def look(self, tonight: str) -> int:
        """Look at tonight, and now and then at the nights before, and return how many files were taken in.

        Parameters
        ----------
        tonight : str
            Date of the evening, ``YYYYMMDD``.

        Raises
        ------
        ServiceError
            If the depot or the database does not answer, or the disk is full; also where single files did
            not come, after all others have been taken in.
        """
        dates = dates_to_look_at(tonight, self._settings.nights_back)
        self._walk.forget(dates)
        # Two dates are tonight's.
        under_way = dates if self._looks % _EARLIER_EVERY == 0 else dates[:2]
        failures: list[str] = []
        files = itertools.chain.from_iterable(self._walk.files(date, failures) for date in under_way)
        try:
            taken = self._take(self._new(files), failures)
        except (ServiceError, DownloadError):
            if self._server.stop.is_set():
                return 0
            raise
        self._looks += 1
        if failures:
            raise ServiceError(f"{len(failures)} files could not be fetched, the first: {failures[0]}")
        return taken

    def _look(self) -> float:
        now = utc_now().replace(tzinfo=None).isoformat()
        # One process asks the depot for all of the service; the others stand by until it has gone.
        with suppress(Timeout), FileLock(self._spool / "lock", timeout=0):
            self.look(observing_night(now, self._service.settings.site))
        return self._settings.poll_s

    def _new(self, files: Iterable[DepotFile]) -> Iterator[DepotFile]:
        """Yield those files that the journal does not have as they are now."""
        remaining = iter(files)
        while some := list(itertools.islice(remaining, _AT_ONCE)):
            with self._service.database.reading() as session:
                known = known_stamps(session, [(NAME, file.item) for file in some])
            yield from (file for file in some if known.get((NAME, file.item)) != file.state.stamp)

    def _take(self, files: Iterable[DepotFile], failures: list[str]) -> int:
        taken = 0
        for file in files:
            if len(failures) >= _MOST_FAILURES:
                break
            require_space(self._service)
            require_space(self._service, folder=self._service.home.run, coming=file.state.size or 0)
            try:
                taken += self._take_one(file)
            except DownloadError as error:
                if self._server.stop.is_set():
                    raise
                failures.append(str(error))
        return taken

    def _take_one(self, file: DepotFile) -> int:
        folder = self._spool / hashlib.sha256(f"{file.url} {file.state.stamp}".encode()).hexdigest()[:16]
        path = self._server.fetch(file.url, file.name, folder, file.state)
        after = self._server.look_at(file.url)
        if after is None or after.stamp == file.state.stamp:
            receive(self._service, [Item(NAME, file.item, file.state.stamp, path=path)])
            self._report.looked(items=1)
            taken = 1
        else:
            logger.info("depot: %s changed while it was fetched; it is fetched again", file.item)
            taken = 0
        shutil.rmtree(folder, ignore_errors=True)
        return taken

    def _sweep(self) -> None:
        """Remove what was broken off and has another stamp by now."""
        self._spool.mkdir(parents=True, exist_ok=True)
        for folder in self._spool.iterdir():
            if folder.is_dir() and time.time() - folder.stat().st_mtime > _SPOOL_KEPT_S:
                shutil.rmtree(folder, ignore_errors=True)
