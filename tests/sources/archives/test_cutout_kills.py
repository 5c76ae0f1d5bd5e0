"""Cutouts through kills: what reached the disk is never asked for again, and nothing is half there."""

from __future__ import annotations

import importlib
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def experiment(archive: Any) -> Any:
    """Return the experiment, importable while its archive is up."""
    return importlib.import_module("killed_fetch")


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Undo that a shell makes what it starts in the background deaf to interrupts, which children inherit."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_an_interrupted_run_says_that_it_goes_on(archive: Any, experiment: Any, tmp_path: Path) -> None:
    archive.delay = 0.2
    rows = [f"s{row},{row},1.5" for row in range(100)]
    (tmp_path / "positions.csv").write_text("\n".join(["id,ra,dec", *rows]) + "\n")
    process = experiment.start(archive, tmp_path)
    while sum(outcome == "served" for _, outcome in list(archive.log)) < 4:
        assert process.poll() is None, process.communicate()
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    _, complaints = process.communicate(timeout=60)
    said = "error: interrupted; the same command goes on where it stopped\n"
    assert (process.returncode, complaints) == (130, said)
    assert list((tmp_path / "set.parquet.cache").glob("??/*.jpg"))


@pytest.mark.slow
def test_500_cutouts_survive_two_kills(archive: Any, experiment: Any, tmp_path: Path) -> None:
    figures = experiment.killed_fetch(archive, tmp_path)
    assert (figures["cutouts"], figures["duplicates"], figures["missing"]) == (480, 0, [])
    assert figures["failures_as_expected"]
    assert sum(figures["failures"].values()) == 23
    assert figures["status"] == 3
    assert not figures["set_before_the_end"]
    assert {"500", "truncate", "html", "corrupt", "stall", "429", "404"} <= set(figures["faults"])
    # What had reached the disk was never asked for again, and only what a kill tore away came twice.
    first, second = figures["on_disk_at_kills"]
    assert 0 < first < second
    assert figures["asked_again_though_on_disk"] == 0
    assert figures["torn_by_kills"] <= 2 * figures["at_once"]
    assert figures["rubbish_in_cache"] == 0
    assert figures["status_and_requests_of_a_second_run"] == [3, 0]
    assert figures["retry_asked_for_the_failures_only"]
    assert figures["requests_of_retry"] == 20
    # The three bad rows stay bad.
    assert figures["status_and_cutouts_after_retry"] == [3, 500]
