"""From an item to its pieces: recognised by name, read by the readers of `skysieve.sources`."""

from __future__ import annotations

import logging
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np

from skysieve.errors import InputError
from skysieve.samples.findings import Finding
from skysieve.service.candidates.images import CHANNELS, JPEG, PNG, pack_images
from skysieve.service.candidates.similar import look_of
from skysieve.service.ingest.alert_columns import alert_values
from skysieve.service.ingest.items import Item, VanishedError
from skysieve.service.ingest.pieces import (
    KEEP_BYTES,
    AlertPiece,
    Foreign,
    Piece,
    Problem,
    StreakPart,
    Unfinished,
    content_hash,
    record_name,
)
from skysieve.service.service import Service
from skysieve.service.settings import resolve
from skysieve.sources.alerts.alert import Alert
from skysieve.sources.alerts.avro.schema import SchemaLookup
from skysieve.sources.alerts.reading import ALERT_SUFFIXES, alerts_from_blob, alerts_from_item
from skysieve.sources.inputs import ARCHIVE_SUFFIXES, Blob, ItemRef
from skysieve.sources.streaks.cutout_file import decode_cutout
from skysieve.sources.streaks.night_files import NIGHT_SUFFIXES, NightFile, NightFiles
from skysieve.sources.streaks.streak_table import streak_name
from skysieve.sources.tar import iter_members

__all__ = ["ContentReader"]

_PARQUET, _AVRO_STARTS = ".parquet", (b"Obj\x01", b"\0")
_JPEG_START = b"\xff\xd8"
#: Letters of a hash that tell one picture from another of the same streak.
_PART_STAMP = 16

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ContentReader:
    """Reads items.

    Parameters
    ----------
    site : str
        The observatory.
    keep_packets : bool
        Whether Avro packets are kept as they came.
    schemas : SchemaLookup, optional
        Writer schemas of framed messages.
    spool : Path
        Where archives that came as bytes are laid down while they are read.
    """

    site: str
    keep_packets: bool
    schemas: SchemaLookup | None
    spool: Path

    @classmethod
    def of(cls, service: Service) -> ContentReader:
        """Return the reader of a service, as its settings say.

        Raises
        ------
        ConfigurationError
            If the folder of schemas does not exist.
        """
        ingest, folder = service.settings.ingest, service.settings.ingest.kafka.schemas
        schemas = SchemaLookup(resolve(service.home, folder, service.home.folder)) if folder else None
        return cls(service.settings.site, ingest.keep_packets, schemas, service.home.run)

    def pieces(self, item: Item, *, blob: str = "") -> Iterator[Piece]:
        """Read an item.

        Parameters
        ----------
        item : Item
            A file, an archive, a message.
        blob : str
            What its bytes are called, where they are those of a member.

        Yields
        ------
        Piece
            Good and bad ones, in the order of the item. An archive and a Parquet table are streamed.

        Raises
        ------
        VanishedError
            If the file went away.
        """
        name = blob or item.name
        try:
            if item.refusal is not None:
                raise item.refusal
            lower = _base(name).lower()
            if lower.endswith(ARCHIVE_SUFFIXES):
                yield from self._archive(item, name)
            elif lower.endswith(_PARQUET) and item.path is not None:
                yield from self._table(item, item.path)
            elif item.path is not None and not lower.endswith(ALERT_SUFFIXES + NIGHT_SUFFIXES):
                yield Foreign(name)
            else:
                yield from self._blob(item, Blob(name, item.read()))
        except InputError as error:
            _check_still_there(item, error)
            yield Problem.of(error, item=item.name, blob=_small_bytes(item))

    def _archive(self, item: Item, name: str) -> Iterator[Piece]:
        with self._on_disk(item, name) as path:
            for member, data in iter_members(path, name):
                if isinstance(data, InputError):
                    yield Problem.of(data, item=item.name)
                elif _base(member).lower().endswith(ALERT_SUFFIXES + NIGHT_SUFFIXES):
                    yield from self._blob(item, Blob(member, data))
                else:
                    yield Foreign(member)

    @contextmanager
    def _on_disk(self, item: Item, name: str) -> Iterator[Path]:
        if item.path is not None:
            yield item.path
            return
        ending = next(each for each in ARCHIVE_SUFFIXES if name.lower().endswith(each))
        with tempfile.NamedTemporaryFile(dir=self.spool, prefix="archive-", suffix=ending) as file:
            file.write(item.read())
            file.flush()
            yield Path(file.name)

    def _table(self, item: Item, path: Path) -> Iterator[Piece]:
        found = alerts_from_item(ItemRef(item.name, path), schemas=self.schemas)
        yield from self._alerts(item, found, None, b"")

    def _blob(self, item: Item, blob: Blob) -> Iterator[Piece]:
        if _base(blob.name).lower().endswith(NIGHT_SUFFIXES):
            yield from self._streak_parts(item, blob)
            return
        is_avro = blob.data.startswith(_AVRO_STARTS)
        packet = blob.data if self.keep_packets and is_avro else b""
        yield from self._alerts(item, alerts_from_blob(blob, schemas=self.schemas), blob.data, packet)

    def _alerts(
        self, item: Item, found: Iterable[Alert | Finding], data: bytes | None, packet: bytes
    ) -> Iterator[Piece]:
        """Yield the pieces of what the bytes of an item hold; one bad alert costs itself only."""
        for number, each in enumerate(found):
            wrong: Finding | InputError
            if isinstance(each, Alert):
                try:
                    yield self._alert(item, each, packet, number)
                    continue
                except InputError as error:
                    wrong = error
            else:
                wrong = each
            _check_still_there(item, wrong)
            data = _small_bytes(item) if data is None else data
            yield Problem.of(wrong, item=item.name, blob=data)

    def _alert(self, item: Item, alert: Alert, packet: bytes, number: int) -> AlertPiece:
        values = alert_values(alert, site=self.site, source=f"{item.feed}: {alert.source}")
        values["look"] = look_of(dict(zip(CHANNELS, alert.cutouts, strict=True))) or None
        images = pack_images(alert.cutouts, CHANNELS)
        return AlertPiece(values, images, packet, number, record_name(alert.source, item.name))

    def _streak_parts(self, item: Item, blob: Blob) -> Iterator[Piece]:
        files = NightFiles()
        checksum = zlib.crc32(blob.data)
        place = item.path or Path(_base(blob.name))
        file = NightFile(blob.name, place, f"{checksum:08x}", in_archive=True, checksum=checksum)
        files.add(file, blob.data, self.site)
        source = f"{item.feed}: {blob.name}"
        record = record_name(blob.name, item.name)
        for key in files.images:
            yield self._picture(streak_name(*key), item, blob, source, record)
        for key, (stamp, row) in files.rows.items():
            stamp = _part_stamp(stamp.encode())
            yield StreakPart(streak_name(*key), "metadata", stamp, row, source=source, record=record)
        for key, report in files.reports.items():
            if report is not None:
                stamp = _part_stamp(report[0].encode())
                yield StreakPart(streak_name(*key), "ades", stamp, report[1], source=source, record=record)
        yield from _of_findings(files.findings, item, blob)

    def _picture(self, name: str, item: Item, blob: Blob, source: str, record: str) -> Piece:
        try:
            grey = decode_cutout(blob.data, item=blob.name).grey
        except InputError as error:
            return Problem.of(error, item=item.name, blob=blob.data)
        return StreakPart(
            name,
            "picture",
            _part_stamp(blob.data),
            picture=blob.data,
            media_type=JPEG if blob.data.startswith(_JPEG_START) else PNG,
            look=look_of({CHANNELS[-1]: grey.astype(np.float32)}),
            source=source,
            record=record,
        )


def _of_findings(findings: list[Finding], item: Item, blob: Blob) -> Iterator[Piece]:
    for finding in findings:
        if finding.kind == "foreign-file":
            yield Foreign(finding.item)
        elif finding.kind == "unfinished-table":
            yield Unfinished(finding.item)
        elif finding.severity == "error":
            yield Problem.of(finding, item=item.name, blob=blob.data)
        else:
            _log.info("%s: %s", item.feed, finding)


def _small_bytes(item: Item) -> bytes:
    """Return the bytes of an item if they are few enough to be kept and may be read at all."""
    if item.refusal is not None:
        return b""
    try:
        few = item.path is None or item.path.stat().st_size <= KEEP_BYTES
        return item.read() if few else b""
    except (OSError, InputError):
        return b""


def _check_still_there(item: Item, wrong: Finding | InputError) -> None:
    """Raise if a file cannot be read since it, or the disk it was on, has gone."""
    if wrong.kind == "unreadable-file" and item.path is not None and not item.path.exists():
        raise VanishedError(f"{item.name}: is no longer there")


def _base(name: str) -> str:
    return PurePosixPath(name.rsplit("::", 1)[-1]).name


def _part_stamp(data: bytes) -> str:
    return content_hash(data)[:_PART_STAMP]
