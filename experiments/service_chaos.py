"""Nothing is lost and nothing doubled while the worker of the service is killed again and again.

Run it: ``python experiments/service_chaos.py``. It takes some minutes and needs no network: 5,000 simulated
alerts, 50 bad ones among them, come in through a watched folder and through Kafka (librdkafka's mock
cluster, in this process); the worker is killed with SIGKILL at 30 random moments, PostgreSQL is restarted
twice. It prints a table and writes ``results/service_chaos.json``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from confluent_kafka import Producer
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from skysieve.service.database.database import Database
from skysieve.service.database.migrate import upgrade
from skysieve.service.database.tables import (
    Candidate,
    JournalEntry,
    PendingScore,
    QuarantinedItem,
    Score,
    Verdict,
)
from skysieve.service.settings import DATABASE_VARIABLE
from skysieve.sources.simulators.night import simulate_night

__all__ = ["Chaos", "Items", "service_chaos"]

RESULT = Path(__file__).parent / "results" / "service_chaos.json"
TOPIC = "ztf_alerts"
#: Bad packets whose reading fails; others are read well and refused by the model.
UNUSABLE = (
    "truncated-avro",
    "truncated-gzip",
    "empty-cutout",
    "null-cutout",
    "header-only",
    "all-nan-cutout",
)
#: Messages that may wait in Kafka: the mock cluster forgets what is more than 5 MB behind in a partition.
MOST_UNREAD = 120
#: Seconds without any progress after which the run is given up.
PATIENCE_S = 240


@dataclass
class Items:
    """What is sent: bytes by name, and which of them are good."""

    good: dict[str, bytes] = field(default_factory=dict)
    bad: dict[str, bytes] = field(default_factory=dict)

    def shuffled(self, seed: int) -> list[tuple[str, bytes]]:
        """Return all in a random order."""
        everything = [*self.good.items(), *self.bad.items()]
        random.Random(seed).shuffle(everything)
        return everything


@dataclass
class Chaos:
    """What was done to the service."""

    kills: int = 0
    restarts: int = 0
    worker_starts: int = 0
    left_by_itself: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0


def make_items(folder: Path, count: int, bad: int, seed: int) -> Items:
    """Simulate a night with packets that cannot be read among its own."""
    each = -(-bad // len(UNUSABLE))
    simulate_night(folder, n=count - bad, seed=seed, bad_packets=each)
    items = Items()
    for path in sorted((folder / "packets").iterdir()):
        if not path.name.startswith("bad-"):
            items.good[path.name] = path.read_bytes()
        elif path.suffix == ".avro" and _kind_of(path) in UNUSABLE and len(items.bad) < bad:
            items.bad[path.name] = path.read_bytes()
    return items


def _kind_of(path: Path) -> str:
    return path.stem.removeprefix("bad-").rsplit("-", 1)[0]


class Worker:
    """The worker process of a service."""

    def __init__(self, home: Path, environment: dict[str, str], log: Path, chaos: Chaos) -> None:
        self.home, self.environment, self.log, self.chaos = home, environment, log, chaos
        self.process: subprocess.Popen[bytes] | None = None

    def ensure(self) -> None:
        """Start it unless it runs."""
        if self.process is not None and self.process.poll() is None:
            return
        if self.process is not None and (status := self.process.returncode) != -signal.SIGKILL:
            self.chaos.left_by_itself[status] += 1
        command = [sys.executable, "-m", "skysieve", "worker", "--home", str(self.home)]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, stdout=log, stderr=log, start_new_session=True
            )
        self.chaos.worker_starts += 1

    def kill(self) -> None:
        """Kill it with all its children, as a machine that loses power would."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.chaos.kills += 1

    def stop(self) -> int:
        """Ask it to leave, and return its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(60)


class Feeding:
    """Sends half of the items through a folder and half through Kafka, some of them twice."""

    def __init__(self, items: list[tuple[str, bytes]], inbox: Path, brokers: str) -> None:
        self.to_folder, self.to_kafka = items[::2], items[1::2]
        self.inbox = inbox
        self.producer = Producer({"bootstrap.servers": brokers, "message.max.bytes": 4_000_000})
        self.files, self.messages = 0, 0

    @property
    def done(self) -> bool:
        """Whether everything has been sent."""
        return self.files == len(self.to_folder) and self.messages == len(self.to_kafka)

    def step(self, unread: int) -> None:
        """Send a few more, Kafka's only while few are unread."""
        for name, data in self.to_folder[self.files : self.files + 40]:
            partial = self.inbox / f"{name}.part"
            partial.write_bytes(data)
            partial.rename(self.inbox / name)
            self.files += 1
        for name, data in self.to_kafka[
            self.messages : self.messages + max(0, min(40, MOST_UNREAD - unread))
        ]:
            self.producer.produce(TOPIC, value=data, key=name.encode())
            self.messages += 1
        self.producer.flush(10)


def service_chaos(
    folder: Path, *, count: int = 5000, bad: int = 50, kills: int = 30, restarts: int = 2, seed: int = 7
) -> dict[str, Any]:
    """Run it, and return what is to be told.

    Parameters
    ----------
    folder : Path
        An empty folder.
    count, bad : int
        Items in all, and how many of them are bad.
    kills, restarts : int
        How often the worker is killed, and PostgreSQL restarted.
    seed : int
        Of the night and of the moments.
    """
    server = _postgresql_server()
    broker = Producer({"test.mock.num.brokers": 1})
    brokers = _address_of(broker)
    try:
        return _run(folder, server, brokers, count, bad, kills, restarts, seed)
    finally:
        server.close()
        del broker


def _run(
    folder: Path, server: Any, brokers: str, count: int, bad: int, kills: int, restarts: int, seed: int
) -> dict[str, Any]:
    items = make_items(folder / "night", count, bad, seed)
    address = server.create_database()
    database = Database(address)
    upgrade(database)
    home = folder / "home"
    (home / "inbox").mkdir(parents=True)
    (home / "service.toml").write_text(_settings(brokers))
    environment = {**os.environ, DATABASE_VARIABLE: address, "OMP_NUM_THREADS": "1"}
    chaos, began = Chaos(), time.monotonic()
    worker = Worker(home, environment, folder / "worker.log", chaos)
    feeding = Feeding(items.shuffled(seed), home / "inbox", brokers)
    moments = _moments(count, kills, restarts, seed)
    progress, progressed_at = -1, time.monotonic()
    while True:
        worker.ensure()
        done, unread, pending = _state(database, feeding)
        if done != progress:
            progress, progressed_at = done, time.monotonic()
        while moments and done >= moments[0][0]:
            _strike(moments.pop(0)[1], worker, server, chaos)
        if feeding.done and done == count and not pending and not moments:
            break
        if time.monotonic() - progressed_at > PATIENCE_S and not pending:
            break
        feeding.step(unread)
        time.sleep(0.1)
    chaos.seconds = time.monotonic() - began
    status = worker.stop()
    with database.reading() as session:
        told = _told(session, items, chaos, status, seed)
    database.close()
    return told


def _moments(count: int, kills: int, restarts: int, seed: int) -> list[tuple[int, str]]:
    """Return after how many items what happens; random, restarts far from begin and end."""
    drawn = random.Random(seed + 1)
    moments = [(drawn.randrange(count), "kill") for _ in range(kills)]
    moments += [(count * (at + 1) // (restarts + 1), "restart") for at in range(restarts)]
    return sorted(moments)


def _strike(what: str, worker: Worker, server: Any, chaos: Chaos) -> None:
    if what == "restart":
        server.restart()
        chaos.restarts += 1
        return
    # The worker must be at work, not just starting, or a kill would show little.
    time.sleep(random.Random(chaos.kills).uniform(0.2, 2.5))
    worker.kill()
    worker.ensure()


def _state(database: Database, feeding: Feeding) -> tuple[int, int, int]:
    """Return how many items the journal holds, how many messages are unread, and how many scores pend."""

    def read(session: Session) -> tuple[int, int, int]:
        by_feed = dict(
            session.execute(
                select(JournalEntry.feed, func.count())
                .where(JournalEntry.outcome != "ignored")
                .group_by(JournalEntry.feed)
            ).all()
        )
        pending = session.scalar(select(func.count()).select_from(PendingScore)) or 0
        return sum(by_feed.values()), feeding.messages - by_feed.get("kafka", 0), pending

    return database.write(read)


def _told(session: Session, items: Items, chaos: Chaos, status: int, seed: int) -> dict[str, Any]:
    expected = Counter(name.removesuffix(".avro") for name in items.good)
    found = Counter(session.scalars(select(Candidate.name)))
    scores = Counter(session.scalars(select(Score.candidate_id)))
    verdicts = Counter(session.scalars(select(Verdict.candidate_id)))
    kinds = Counter(session.scalars(select(QuarantinedItem.kind).where(QuarantinedItem.state == "open")))
    ids = set(session.scalars(select(Candidate.id)))
    return {
        "seed": seed,
        "cores": os.cpu_count(),
        "sent": {"good": len(items.good), "bad": len(items.bad)},
        "kills": chaos.kills,
        "database_restarts": chaos.restarts,
        "worker_starts": chaos.worker_starts,
        "worker_left_by_itself": {str(code): times for code, times in sorted(chaos.left_by_itself.items())},
        "last_exit_code": status,
        "seconds": round(chaos.seconds, 1),
        "candidates": sum(found.values()),
        "missing": sum((expected - found).values()),
        "unexpected": sum((found - expected).values()),
        "scored_once": sum(scores[number] == 1 for number in ids),
        "not_scored": sum(scores[number] == 0 for number in ids),
        "without_verdict": sum(verdicts[number] == 0 for number in ids),
        "journal": dict(
            sorted(session.execute(select(JournalEntry.outcome, func.count()).group_by("outcome")).all())
        ),
        "quarantined": sum(kinds.values()),
        "quarantined_by_kind": dict(sorted(kinds.items())),
    }


def _settings(brokers: str) -> str:
    return f"""
[ingest]
batch = 64
[ingest.folder]
poll_s = 1.0
settle_s = 0.2
[ingest.kafka]
brokers = "{brokers}"
topics = ["{TOPIC}"]
[ingest.kafka.options]
"session.timeout.ms" = "6000"
"heartbeat.interval.ms" = "500"
"fetch.wait.max.ms" = "20"
"""


def _address_of(broker: Producer) -> str:
    metadata = broker.list_topics(timeout=10)
    return ",".join(f"{each.host}:{each.port}" for each in metadata.brokers.values())


def _postgresql_server() -> Any:
    place = Path(__file__).parents[1] / "tests" / "support" / "postgresql_server.py"
    spec = importlib.util.spec_from_file_location("postgresql_server", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.PostgresqlServer()


def table(told: dict[str, Any]) -> Iterator[str]:
    """Yield the lines of a table."""
    for name, value in told.items():
        if isinstance(value, dict):
            yield f"{name.replace('_', ' ')}:"
            yield from (f"  {key:<24}{number:>8}" for key, number in value.items())
        else:
            yield f"{name.replace('_', ' '):<26}{value:>8}"


def main() -> None:
    """Run it and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=5000)
    parser.add_argument("--bad", type=int, default=50)
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--restarts", type=int, default=2)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--output", type=Path, default=RESULT)
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="service-chaos-"))
    try:
        told = service_chaos(
            folder,
            count=arguments.count,
            bad=arguments.bad,
            kills=arguments.kills,
            restarts=arguments.restarts,
            seed=arguments.seed,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print("\n".join(table(told)))
    arguments.output.write_text(json.dumps(told, indent=1) + "\n")


if __name__ == "__main__":
    main()
