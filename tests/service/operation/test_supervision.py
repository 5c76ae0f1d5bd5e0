"""Processes are watched, started again, and stopped in good order; none outlives the one that watches."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from skysieve.service.operation import supervision
from skysieve.service.operation.supervision import Child, Supervisor
from waiting import wait_until

WAITS = "import time; time.sleep(60)"


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@contextmanager
def running(*children: Child) -> Iterator[tuple[Supervisor, Callable[[], None]]]:
    supervisor, stop = Supervisor(children), threading.Event()
    thread = threading.Thread(target=supervisor.run, args=(stop,))
    thread.start()

    def end() -> None:
        stop.set()
        thread.join()

    try:
        yield supervisor, end
    finally:
        end()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Start again after a moment."""
    monkeypatch.setattr(supervision, "FIRST_PAUSE_S", 0.01)
    monkeypatch.setattr(supervision, "_POLL_S", 0.01)


def test_a_process_that_was_killed_comes_back() -> None:
    child = Child("worker", python(WAITS))
    with running(child):
        wait_until(lambda: child.process)
        first = child.process.pid
        os.kill(first, signal.SIGKILL)
        wait_until(lambda: child.process and child.process.pid != first)
        assert child.failures == 1
    assert not psutil.pid_exists(first)


def test_pauses_grow_with_failures_and_start_anew_after_a_steady_run() -> None:
    now = [0.0]
    child = Child("web", python("raise SystemExit(3)"))
    supervisor = Supervisor([child], clock=lambda: now[0])
    pauses = []
    for lived in (0.1, 0.1, 0.1, 1000.0, 0.1):
        now[0] = max(now[0], child.start_again_at)
        supervisor._watch(child)
        child.process.wait()
        now[0] += lived
        supervisor._watch(child)
        pauses.append(child.start_again_at - now[0])
    assert pauses == pytest.approx([0.01, 0.02, 0.04, 0.01, 0.02])
    assert supervisor.failures("web") == 2


def test_pauses_have_an_end() -> None:
    child = Child("web", python("raise SystemExit(3)"))
    child.failures = 5000
    supervisor = Supervisor([child])
    supervisor._watch(child)
    child.process.wait()
    supervisor._watch(child)
    assert child.start_again_at - time.monotonic() <= supervision.LONGEST_PAUSE_S


def test_stopping_asks_and_waits(tmp_path: Path) -> None:
    finishes = (
        "import pathlib, signal, sys, time\n"
        f"done = pathlib.Path({str(tmp_path / 'done')!r})\n"
        "def finish(*_): done.write_text('batch finished'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, finish)\n"
        f"pathlib.Path({str(tmp_path / 'ready')!r}).touch()\n" + WAITS
    )
    child = Child("worker", python(finishes))
    with running(child) as (_, end):
        wait_until((tmp_path / "ready").exists)
        end()
        assert (tmp_path / "done").read_text() == "batch finished"
        assert child.process is None


def test_what_does_not_stop_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "GRACE_S", 0.2)
    deaf = (
        "import pathlib, signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
        f"pathlib.Path({str(tmp_path / 'ready')!r}).touch()\n" + WAITS
    )
    child = Child("worker", python(deaf))
    with running(child) as (_, end):
        wait_until((tmp_path / "ready").exists)
        process = child.process
        end()
    assert process.returncode == -signal.SIGKILL


def test_none_outlives_the_one_that_watches(tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    child = (
        "from skysieve.service.operation.supervision import end_with_parent\nimport os, pathlib, time\n"
        f"end_with_parent(); pathlib.Path({str(pid)!r}).write_text(str(os.getpid())); time.sleep(60)"
    )
    parent = (
        "import sys, threading\nfrom skysieve.service.operation.supervision import Child, Supervisor\n"
        f"Supervisor([Child('worker', [sys.executable, '-c', {child!r}])]).run(threading.Event())"
    )
    with subprocess.Popen(python(parent), stdout=subprocess.DEVNULL) as process:
        wait_until(lambda: pid.exists() and pid.read_text())
        process.kill()
    orphan = psutil.Process(int(pid.read_text())) if psutil.pid_exists(int(pid.read_text())) else None
    wait_until(lambda: orphan is None or not orphan.is_running() or orphan.status() == psutil.STATUS_ZOMBIE)
