"""What is sent to a service in `service_chaos.py`: good and bad packets, some more than once, two ways."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass, field
from pathlib import Path

import fastavro
from confluent_kafka import Producer

from skysieve.sources.simulators.night import simulate_night

__all__ = ["TOPIC", "Feeding", "Sent", "make_items", "with_images"]

TOPIC = "ztf_alerts"
#: Kinds of bad packets that are sent.
UNUSABLE = (
    "truncated-avro",
    "truncated-gzip",
    "empty-cutout",
    "null-cutout",
    "header-only",
    "all-nan-cutout",
)
#: Of so many good packets one comes through both feeds, one twice through Kafka, one anew with other images.
ONE_TWICE_OF = 20
#: Items that may wait in a feed: the mock cluster forgets what is more than 5 MB behind in a partition.
MOST_WAITING, AT_ONCE = 120, 40


@dataclass
class Sent:
    """What was sent.

    Parameters
    ----------
    good, bad : dict of str to bytes
        Packets by name; of those that came once more with another content, the last.
    sends : int
        Items in all, those that were sent twice counted twice.
    good_sends, bad_sends : int
        Items with good packets, and with bad ones.
    """

    good: dict[str, bytes] = field(default_factory=dict)
    bad: dict[str, bytes] = field(default_factory=dict)
    good_sends: int = 0
    bad_sends: int = 0

    @property
    def sends(self) -> int:
        """Items in all."""
        return self.good_sends + self.bad_sends


class Feeding:
    """Sends half of the items through a folder and half through Kafka, some of them more than once."""

    def __init__(self, good: dict[str, bytes], bad: dict[str, bytes], inbox: Path, brokers: str, seed: int):
        drawn = random.Random(seed)
        names = [*good, *bad]
        drawn.shuffle(names)
        packets = good | bad
        folder, kafka = names[::2], names[1::2]
        few = max(1, len(good) // ONE_TWICE_OF)
        sound = [name for name in folder if name in good]
        # Of the first, so that they have long come when they come anew.
        revised = sound[: len(sound) // 2][:few]
        both = [name for name in sound if name not in set(revised)][:few]
        twice = [name for name in kafka if name in good][:few]
        images = dict(zip(revised, both, strict=False))
        anew = {name: with_images(good[name], good[other]) for name, other in images.items()}
        more = [*both, *twice]
        drawn.shuffle(more)
        self.to_folder = [(name, packets[name]) for name in folder]
        self.to_kafka = [(name, packets[name]) for name in (*kafka, *more)]
        self.sent = Sent(good | anew, bad, len(good) + len(more), len(bad))
        self.anew, self.twice = anew, len(more)
        self.came_anew: set[str] = set()
        self.inbox = inbox
        self.producer = Producer({"bootstrap.servers": brokers, "message.max.bytes": 4_000_000})
        self.files, self.messages = 0, 0

    @property
    def done(self) -> bool:
        """Whether everything has been sent."""
        folder = self.files == len(self.to_folder) and len(self.came_anew) == len(self.anew)
        return folder and self.messages == len(self.to_kafka)

    def step(self, taken: dict[str, int], known: set[str]) -> None:
        """Send a few more, but only while few wait.

        Parameters
        ----------
        taken : dict of str to int
            Items in the journal by their feed.
        known : set of str
            Names of those that are to come anew and have come: they do so now, maybe while they are scored.
        """
        for name in sorted(known - self.came_anew):
            self._lay_in(name, self.anew[name])
            self.came_anew.add(name)
        waiting = self.files - taken.get("folder", 0)
        for name, data in self.to_folder[self.files : self.files + _more(waiting)]:
            self._lay_in(name, data)
            self.files += 1
        waiting = self.messages - taken.get("kafka", 0)
        for name, data in self.to_kafka[self.messages : self.messages + _more(waiting)]:
            self.producer.produce(TOPIC, value=data, key=name.encode())
            self.messages += 1
        self.producer.flush(10)

    def _lay_in(self, name: str, data: bytes) -> None:
        partial = self.inbox / f"{name}.part"
        partial.write_bytes(data)
        partial.rename(self.inbox / name)


def make_items(folder: Path, count: int, bad: int, seed: int) -> tuple[dict[str, bytes], dict[str, bytes]]:
    """Simulate a night with packets that cannot be read among its own, and return both by name."""
    simulate_night(folder, n=count - bad, seed=seed, bad_packets=-(-bad // len(UNUSABLE)))
    found: tuple[dict[str, bytes], dict[str, bytes]] = ({}, {})
    for path in sorted((folder / "packets").iterdir()):
        is_bad = path.name.startswith("bad-")
        kind = path.stem.removeprefix("bad-").rsplit("-", 1)[0]
        if not is_bad or (path.suffix == ".avro" and kind in UNUSABLE and len(found[1]) < bad):
            found[is_bad][path.name] = path.read_bytes()
    return found


def with_images(packet: bytes, other: bytes) -> bytes:
    """Return a packet with the images of another: the same candidate, measured anew."""
    reader = fastavro.reader(io.BytesIO(packet))
    [record], [source] = list(reader), list(fastavro.reader(io.BytesIO(other)))
    record |= {name: value for name, value in source.items() if name.startswith("cutout")}
    written = io.BytesIO()
    fastavro.writer(written, reader.writer_schema, [record], codec=reader.codec)
    return written.getvalue()


def _more(waiting: int) -> int:
    return max(0, min(AT_ONCE, MOST_WAITING - waiting))
