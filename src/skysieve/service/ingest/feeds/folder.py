"""A watched folder: whatever is laid into it is taken in, once it has been written to its end.

The truth is the listing of the folder against the journal, every few seconds; what the system tells of
changes only makes it faster. Nothing in the folder is moved, changed or deleted.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import watchfiles

from skysieve.errors import ServiceError
from skysieve.service.ingest.feed import FEEDS, Feed, FeedReport, keep_looking
from skysieve.service.ingest.folder_listing import FoundFile, is_passed_over, list_folder, look_at
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.journal import known_stamps
from skysieve.service.ingest.reception import receive
from skysieve.service.service import Service
from skysieve.service.settings import resolve

__all__ = ["FolderFeed", "folder_feed"]

#: A folder that takes long to list is listed so much less often: a twentieth of the time at the most.
_LISTING_SHARE = 20.0
#: Batches of files that are taken in before it is told how it goes: one is read while another is stored.
_BATCHES_A_LOT = 4
#: Seconds, at the least and at the most, that the system is asked for changes at a time.
_SHORTEST_WAIT_S, _LONGEST_WAIT_S = 0.05, 0.25
#: Milliseconds over which changes are gathered, and that must pass without one.
_DEBOUNCE_MS, _STEP_MS = 200, 20

_log = logging.getLogger(__name__)


@FEEDS.register("folder")
def folder_feed(service: Service) -> Feed | None:
    """Return the feed of the folder that the settings name, or of the inbox; None where they want none."""
    return FolderFeed(service) if service.settings.ingest.watch else None


class FolderFeed:
    """Takes in what is laid into a folder.

    Parameters
    ----------
    service : Service
        The service.
    """

    name = "folder"

    def __init__(self, service: Service) -> None:
        self._service = service
        self._settings = service.settings.ingest.folder
        self._place = resolve(service.home, self._settings.path, service.home.inbox)
        self._report = FeedReport(service, self.name, str(self._place))
        self._next_listing = 0.0
        # Files that may still be written: their stamps, and when each was first seen with it.
        self._young: dict[str, tuple[str, float]] = {}
        self._told: set[Path] = set()
        self._changes: _Changes | None = None

    def run(self, stop: threading.Event) -> None:
        """Watch the folder until ``stop`` is set; while it is away, wait for it."""
        keep_looking(self._report, lambda: self._look(stop), stop)

    def look(self, stop: threading.Event | None = None) -> int:
        """List the folder once, take in what is new and whole, and return how many files that were."""
        start = time.monotonic()
        unlisted: list[str] = []
        taken = self._take(list_folder(self._place, unlisted), stop or threading.Event())
        if unlisted:
            few = "; ".join(unlisted[:3])
            raise ServiceError(f"{len(unlisted)} folders cannot be listed: {few}; give the service the right")
        spent = time.monotonic() - start
        self._next_listing = time.monotonic() + max(self._settings.poll_s, _LISTING_SHARE * spent)
        return taken

    def _look(self, stop: threading.Event) -> float:
        try:
            root = self._place.resolve()
            if self._changes is None or not self._changes.is_of(root):
                # Watched before it is listed, so that nothing comes in between.
                self._changes, self._next_listing = _Changes(root, self._wait_s, stop), 0.0
                self._changes.wait()
            if time.monotonic() >= self._next_listing:
                self._told.clear()
                taken = self.look(stop)
            else:
                taken = self._take(self._told_files(root), stop)
            self._report.looked(items=taken)
            self._hear(self._changes.wait())
        except Exception:
            self._changes, self._next_listing = None, 0.0
            raise
        return 0.0

    @property
    def _wait_s(self) -> float:
        shortest = min(self._settings.settle_s, self._settings.poll_s)
        return min(max(shortest, _SHORTEST_WAIT_S), _LONGEST_WAIT_S)

    def _hear(self, paths: Iterable[Path]) -> None:
        for path in paths:
            if path.is_dir():
                # What came with a folder that was moved here is told by nobody.
                self._next_listing = 0.0
            else:
                self._told.add(path)

    def _told_files(self, root: Path) -> list[FoundFile]:
        told, self._told = self._told | {root / name for name in self._young}, set()
        shown = [path for path in sorted(told) if not any(map(is_passed_over, path.relative_to(root).parts))]
        found = [look_at(root, path) for path in shown]
        return [file for file in found if file is not None]

    def _take(self, files: Iterable[FoundFile], stop: threading.Event) -> int:
        """Take in files that are whole and not in the journal, some at a time."""
        taken = 0
        before, self._young = self._young, {}
        for some in _in_lots(files, self._service.settings.ingest.batch * _BATCHES_A_LOT):
            whole = [file for file in some if self._is_whole(file, before)]
            new = self._new(whole)
            if new:
                reception = receive(self._service, new)
                taken += len(new)
                self._report.looked(items=len(new))
                _log.info("folder: %s", ", ".join(f"{n} {word}" for word, n in reception.counts.items()))
            if stop.is_set():
                break
        return taken

    def _is_whole(self, file: FoundFile, before: dict[str, tuple[str, float]]) -> bool:
        """Say whether a file has not been changed for a while: by its disk's clock, or before our eyes."""
        settle = self._settings.settle_s
        if time.time() - file.changed_at >= settle:
            return True
        now = time.monotonic()
        stamp, since = before.get(file.name, ("", now))
        self._young[file.name] = (file.stamp, since if stamp == file.stamp else now)
        return stamp == file.stamp and now - since >= settle

    def _new(self, files: Sequence[FoundFile]) -> list[Item]:
        items = [
            Item(self.name, file.name, file.stamp, path=file.path, refusal=file.refusal) for file in files
        ]
        with self._service.database.reading() as session:
            known = known_stamps(session, [(item.feed, item.name) for item in items])
        return [item for item in items if known.get((item.feed, item.name)) != item.stamp]


class _Changes:
    """What the system tells of changes in a folder; where it tells nothing, time passes all the same.

    Parameters
    ----------
    root : Path
        The folder.
    wait_s : float
        Seconds to wait for changes at a time.
    stop : threading.Event
        Ends the wait.
    """

    def __init__(self, root: Path, wait_s: float, stop: threading.Event) -> None:
        self._root, self._wait_s, self._stop = root, wait_s, stop
        self._identity = _identity(root)
        self._watch: Iterator[set[tuple[watchfiles.Change, str]]] | None = watchfiles.watch(
            root,
            watch_filter=None,
            debounce=_DEBOUNCE_MS,
            step=_STEP_MS,
            stop_event=stop,
            rust_timeout=int(1000 * wait_s),
            yield_on_timeout=True,
            raise_interrupt=False,
        )

    def is_of(self, root: Path) -> bool:
        """Say whether it is still this folder that is watched, not one that has taken its place."""
        return root == self._root and _identity(root) == self._identity

    def wait(self) -> list[Path]:
        """Wait for a while, and return the paths that have changed meanwhile."""
        if self._watch is not None:
            try:
                changes = next(self._watch, None)
            except Exception as error:  # no more watches to be had, a file system that has none
                _log.warning("changes in %s are not told of, it is listed instead: %s", self._root, error)
                changes = None
            if changes is not None:
                return sorted({Path(path) for _, path in changes})
            self._watch = None
        self._stop.wait(self._wait_s)
        return []


def _identity(root: Path) -> tuple[int, int] | None:
    try:
        status = root.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino


def _in_lots(files: Iterable[FoundFile], size: int) -> Iterator[list[FoundFile]]:
    lot: list[FoundFile] = []
    for file in files:
        lot.append(file)
        if len(lot) >= size:
            yield lot
            lot = []
    if lot:
        yield lot
