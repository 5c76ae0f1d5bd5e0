"""A receiver that is killed at any moment: every good item is there once, every bad one is in quarantine."""

import io
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import fastavro
import pytest
from sqlalchemy import func, select

from skysieve.service.database.tables import (
    Candidate,
    Cutouts,
    JournalEntry,
    PendingScore,
    QuarantinedItem,
    Scorer,
)
from skysieve.service.ingest.items import Item
from skysieve.service.ingest.reception import receive

GOOD, KILLS = 300, 8


@pytest.fixture(scope="module")
def many_packets(packets, tmp_path_factory):
    """Return a folder of 300 different packets, and a bad one for every fiftieth."""
    folder = tmp_path_factory.mktemp("many")
    with packets[0].open("rb") as file:
        reader = fastavro.reader(file)
        schema, record = fastavro.parse_schema(reader.writer_schema), next(reader)
    for number in range(GOOD):
        record["candid"] = record["candidate"]["candid"] = 10**18 + number
        stream = io.BytesIO()
        fastavro.writer(stream, schema, [record])
        (folder / f"{number:03d}.avro").write_bytes(stream.getvalue())
        if number % 50 == 0:
            (folder / f"{number:03d}-bad.avro").write_bytes(stream.getvalue()[: 1000 + number])
    return folder


@pytest.fixture
def scored(service):
    """Return a service with a scorer of alerts."""
    with service.database.writing() as session:
        session.add(Scorer(kind="alert", identity="a", name="m", is_sieve=False, place="m", duty="on-duty"))
    return service


def _check_all_there(service):
    with service.database.reading() as session:
        names = list(session.scalars(select(Candidate.name).order_by(Candidate.name)))
        assert names == [str(10**18 + number) for number in range(GOOD)]
        cutouts = session.scalars(select(Cutouts)).all()
        assert len(cutouts) == GOOD
        assert all(service.files.has(row.sha256) and service.files.has(row.packet_sha256) for row in cutouts)
        assert session.scalar(select(func.count()).select_from(PendingScore)) == GOOD
        bad = session.execute(select(QuarantinedItem.kind, QuarantinedItem.attempts)).all()
        assert [tuple(row) for row in bad] == [("truncated-avro", 1)] * (GOOD // 50)
        journal = session.scalars(select(JournalEntry)).all()
        outcomes = {row.item: row.outcome for row in journal}
    assert len(outcomes) == GOOD + GOOD // 50
    assert {outcome for item, outcome in outcomes.items() if "bad" in item} == {"quarantined"}
    assert {outcome for item, outcome in outcomes.items() if "bad" not in item} == {"stored"}


def test_a_receiver_that_is_killed_loses_and_doubles_nothing(scored, many_packets, database_address):
    script = Path(__file__).with_name("receive_until_killed.py")
    command = [sys.executable, script, scored.home.folder, database_address, many_packets]
    moments, killed = random.Random(1), 0
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        for run in range(KILLS + 1):
            process.stdin.write("again\n")
            process.stdin.flush()
            receiver = int(process.stdout.readline())
            if run < KILLS:
                time.sleep(moments.uniform(0.02, 0.3))
                os.kill(receiver, signal.SIGKILL)
            status = int(process.stdout.readline())
            killed += os.WIFSIGNALED(status)
        assert status == 0
        process.stdin.close()
    assert killed >= 3
    _check_all_there(scored)


def test_receivers_of_the_same_items_share_the_work(scored, many_packets, with_settings):
    service = with_settings(scored, batch=32)
    items = [Item("folder", path.name, "1", path=path) for path in sorted(many_packets.iterdir())]
    receptions, failures = [], []

    def work():
        try:
            receptions.append(receive(service, items))
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    _check_all_there(service)
    # Whoever comes second finds the item done.
    assert sum(reception.counts.get("stored", 0) for reception in receptions) == GOOD


def test_feeds_that_bring_the_same_alerts_in_other_orders_do_not_block_each_other(
    scored, many_packets, with_settings
):
    service = with_settings(scored, batch=16)
    paths = [path for path in sorted(many_packets.iterdir()) if "bad" not in path.name][:96]
    orders = {"folder": paths, "depot": paths[::-1], "kafka": paths[48:] + paths[:48]}
    failures = []

    def work(feed, ordered):
        try:
            receive(service, [Item(feed, path.name, "1", path=path) for path in ordered])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=pair) for pair in orders.items()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    with service.database.reading() as session:
        counts = [
            session.scalar(select(func.count()).select_from(table))
            for table in (Candidate, Cutouts, PendingScore, JournalEntry)
        ]
    assert counts == [96, 96, 96, 3 * 96]
