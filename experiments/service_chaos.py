"""Nothing is lost and nothing doubled while the worker of the service is killed again and again.

Run it: ``python experiments/service_chaos.py``. It takes some minutes and needs no network: 5,000 simulated
alerts, 50 bad ones among them, come in through a watched folder and through Kafka (librdkafka's mock
cluster, in this process); some come through both, some twice through one, some once more with other images.
The worker is killed with SIGKILL at 30 moments: in turn while it takes in, while it scores, and while it
starts again after a kill, which makes 41 kills.
PostgreSQL is stopped twice, once in the middle of its work without a word, once so that a worker starts
without it. In the end scores and images are compared with those of the packets that were sent. It prints a
table and writes ``results/service_chaos.json``; it leaves with 1 where anything is lost, doubled or wrong.
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

from confluent_kafka import Consumer, Producer, TopicPartition
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from service_chaos_evidence import evidence, faults
from service_chaos_items import TOPIC, Feeding, make_items
from skysieve.service.database.database import Database
from skysieve.service.database.migrate import upgrade
from skysieve.service.database.tables import JournalEntry, PendingScore
from skysieve.service.home import Home
from skysieve.service.ingest.items import file_stamp
from skysieve.service.settings import DATABASE_VARIABLE

__all__ = ["service_chaos", "table"]

RESULT = Path(__file__).parent / "results" / "service_chaos.json"
GROUP, PARTITIONS = "skysieve", 4
#: Seconds without any progress after which the run is given up.
PATIENCE_S = 240
#: Seconds to wait until the worker does that during which it is to be killed.
WATCH_S = 4.0
#: Tables that the last statement of a transaction names while it takes in, or scores.
DOING = {
    "scoring": ("pending_scores", "scorers", "scores", "verdicts", "explanations", "left outer join cutouts"),
    "taking-in": ("journal", "nights", "metadata_fields", "cutouts", "candidates", "quarantine"),
}


@dataclass
class Chaos:
    """What was done to the service."""

    #: Kills by what the worker was seen to do right before.
    kills: Counter[str] = field(default_factory=Counter)
    restarts: int = 0
    worker_starts: int = 0
    left_by_itself: Counter[int] = field(default_factory=Counter)
    seconds: float = 0.0


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

    @property
    def number(self) -> int:
        """Id of the process."""
        return 0 if self.process is None else self.process.pid

    def kill(self, doing: str) -> None:
        """Kill it with all its children, as a machine that loses power would."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.chaos.kills[doing] += 1

    def stop(self) -> int:
        """Ask it to leave, and return its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(60)


def service_chaos(
    folder: Path,
    *,
    count: int = 5000,
    bad: int = 50,
    kills: int = 30,
    restarts: int = 2,
    seed: int = 7,
    sample: int = 1000,
) -> dict[str, Any]:
    """Run it, and return what is to be told.

    Parameters
    ----------
    folder : Path
        An empty folder.
    count, bad : int
        Packets in all, and how many of them are bad.
    kills, restarts : int
        How often the worker is killed, and PostgreSQL restarted.
    seed : int
        Of the night and of the moments.
    sample : int
        Candidates whose scores are computed once more, at the most.
    """
    good, unusable = make_items(folder / "night", count, bad, seed)
    server = _postgresql_server()
    broker = Producer({"test.mock.num.brokers": 1})
    brokers = _address_of(broker)
    home = folder / "home"
    (home / "inbox").mkdir(parents=True)
    (home / "service.toml").write_text(_settings(brokers))
    address = server.create_database()
    database = Database(address)
    try:
        upgrade(database)
        feeding = Feeding(good, unusable, home / "inbox", brokers, seed)
        chaos = Chaos()
        environment = {**os.environ, DATABASE_VARIABLE: address, "OMP_NUM_THREADS": "1"}
        worker = Worker(home, environment, folder / "worker.log", chaos)
        moments = _moments(feeding.sent.sends, kills, restarts, seed)
        status = _drive(database, worker, server, feeding, moments)
        with database.reading() as session:
            told = _told(chaos, feeding, status, seed)
            told |= evidence(session, Home(home), feeding.sent, sample=sample, seed=seed)
        told["kafka_uncommitted"] = _uncommitted(brokers)
        told["faults"] = faults(told) + _other_faults(told, kills)
        return told
    finally:
        database.close()
        server.close()
        del broker


def _drive(
    database: Database, worker: Worker, server: Any, feeding: Feeding, moments: list[tuple[int, str]]
) -> int:
    """Feed and disturb the service until everything has come through; return the worker's exit code."""
    began, drawn = time.monotonic(), random.Random(len(moments))
    progress, progressed_at = -1, began
    while True:
        worker.ensure()
        by_feed, pending, known = _state(database, list(feeding.anew))
        done = sum(by_feed.values())
        if (done, pending) != progress:
            progress, progressed_at = (done, pending), time.monotonic()
        while moments and done >= moments[0][0]:
            _strike(moments.pop(0)[1], worker, server, database, drawn)
        through = feeding.done and done >= feeding.sent.sends and not pending and not moments
        if through and _revised_have_come(database, feeding):
            break
        if time.monotonic() - progressed_at > PATIENCE_S:
            break
        feeding.step(by_feed, known)
        time.sleep(0.1)
    worker.chaos.seconds = time.monotonic() - began
    return worker.stop()


def _moments(sends: int, kills: int, restarts: int, seed: int) -> list[tuple[int, str]]:
    """Return after how many items what happens: at random, restarts far from begin and end."""
    drawn = random.Random(seed + 1)
    kinds = ("taking-in", "scoring", "starting")
    moments = [(drawn.randrange(int(0.97 * sends)), kinds[number % 3]) for number in range(kills)]
    moments += [
        (sends * (at + 1) // (restarts + 1), "crash" if at % 2 == 0 else "away") for at in range(restarts)
    ]
    return sorted(moments)


def _strike(what: str, worker: Worker, server: Any, database: Database, drawn: random.Random) -> None:
    if what == "crash":
        # As by a power cut: it repairs itself when it starts.
        server.stop("immediate")
        server.start()
        worker.chaos.restarts += 1
    elif what == "away":
        worker.kill(_doing(database, worker))
        server.stop()
        worker.ensure()
        time.sleep(drawn.uniform(3.0, 5.0))
        server.start()
        worker.chaos.restarts += 1
    elif what == "starting":
        worker.kill(_doing(database, worker))
        worker.ensure()
        time.sleep(drawn.uniform(0.1, 2.5))
        worker.kill(_doing(database, worker))
    else:
        until = time.monotonic() + WATCH_S
        while (doing := _doing(database, worker)) != what and time.monotonic() < until:
            time.sleep(0.002)
        time.sleep(drawn.uniform(0.0, 0.02))
        worker.kill(_doing(database, worker) if doing != what else what)
    worker.ensure()


def _doing(database: Database, worker: Worker) -> str:
    """Return what the worker does: by its open transactions, and whether it has said that it lives."""
    statement = text(
        "SELECT lower(query) FROM pg_stat_activity WHERE datname = current_database() "
        "AND pid <> pg_backend_pid() AND xact_start IS NOT NULL AND backend_type = 'client backend'"
    )
    lives = text("SELECT count(*) FROM workers WHERE name LIKE :name")
    with database.reading() as session:
        queries = list(session.scalars(statement))
        if not session.scalar(lives, {"name": f"%:{worker.number}"}):
            return "starting"
    for doing, tables in DOING.items():
        if any(word in query for query in queries for word in tables):
            return doing
    return "between-transactions"


def _state(database: Database, names: list[str]) -> tuple[dict[str, int], int, set[str]]:
    """Return how many items of each feed the journal holds, how many scores pend, which names are there."""

    def read(session: Session) -> tuple[dict[str, int], int, set[str]]:
        counted = select(JournalEntry.feed, func.count()).group_by(JournalEntry.feed)
        by_feed: dict[str, int] = dict(session.execute(counted).all())  # type: ignore[arg-type]
        pending = session.scalar(select(func.count()).select_from(PendingScore)) or 0
        known = select(JournalEntry.item).where(JournalEntry.feed == "folder", JournalEntry.item.in_(names))
        return by_feed, pending, set(session.scalars(known))

    # Tried again while the database is away.
    return database.write(read)


def _revised_have_come(database: Database, feeding: Feeding) -> bool:
    with database.reading() as session:
        rows = session.execute(
            select(JournalEntry.item, JournalEntry.stamp).where(
                JournalEntry.feed == "folder", JournalEntry.item.in_(list(feeding.anew))
            )
        )
        stamps = {item: stamp for item, stamp in rows}  # noqa: C416 - pairs for mypy
    return all(stamps.get(name) == file_stamp((feeding.inbox / name).stat()) for name in feeding.anew)


def _told(chaos: Chaos, feeding: Feeding, status: int, seed: int) -> dict[str, Any]:
    return {
        "seed": seed,
        "cores": os.cpu_count(),
        "packets": {"good": len(feeding.sent.good), "bad": len(feeding.sent.bad)},
        "sent_twice": feeding.twice,
        "sent_anew_with_other_images": len(feeding.anew),
        "kills": chaos.kills.total(),
        "killed_while": dict(sorted(chaos.kills.items())),
        "database_restarts": chaos.restarts,
        "worker_starts": chaos.worker_starts,
        "worker_left_by_itself": {str(code): times for code, times in sorted(chaos.left_by_itself.items())},
        "last_exit_code": status,
        "seconds": round(chaos.seconds, 1),
    }


def _other_faults(told: dict[str, Any], kills: int) -> list[str]:
    """Return what else is not as it should be, the experiment itself included."""
    wrong = {
        "the worker left by itself": told["worker_left_by_itself"],
        "the worker did not leave in good order": told["last_exit_code"],
        "messages were not acknowledged": told["kafka_uncommitted"],
        "fewer kills than asked for": max(0, kills - told["kills"]),
        "nothing was compared": told["compared"] == 0,
        "no candidate came anew": told["changed_in_place"] == 0,
    }
    return [f"{what}: {found}" for what, found in wrong.items() if found]


def _uncommitted(brokers: str) -> int:
    """Return how many messages the group has not acknowledged."""
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": GROUP})
    partitions = [TopicPartition(TOPIC, number) for number in range(PARTITIONS)]
    left = 0
    for each in consumer.committed(partitions, timeout=10):
        _, high = consumer.get_watermark_offsets(each, timeout=10)
        left += high - max(each.offset, 0)
    consumer.close()
    return left


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
group = "{GROUP}"
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
        if name == "faults":
            yield from (f"WRONG: {fault}" for fault in value)
        elif isinstance(value, dict):
            yield f"{name.replace('_', ' ')}:"
            yield from (f"  {key:<24}{number:>8}" for key, number in value.items())
        else:
            yield f"{name.replace('_', ' '):<26}{value:>8}"


def main() -> int:
    """Run it, write the result, and return 1 where something is lost, doubled or wrong."""
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
    return bool(told["faults"])


if __name__ == "__main__":
    sys.exit(main())
