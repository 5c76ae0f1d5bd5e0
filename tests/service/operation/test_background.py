"""What is started in the background has answered when the start returns, or says why it does not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from skysieve.errors import ServiceError
from skysieve.service.home import Home
from skysieve.service.operation.background import log_file, start_in_background
from skysieve.service.operation.instance import running_instance, stop_instance

SERVES = """
import pathlib, signal, sys, time
from skysieve.service.home import Home
from skysieve.service.operation.instance import announce, hold
home = Home(pathlib.Path(sys.argv[1]))
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
with hold(home):
    announce(home, "http://127.0.0.1:1", ready=False)
    print("for people at a terminal", flush=True)
    print("starting", file=sys.stderr)
    if len(sys.argv) > 2:
        print("error: the model is damaged", file=sys.stderr)
        sys.exit(1)
    time.sleep(0.2)
    announce(home, "http://127.0.0.1:1", ready=True)
    time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    """Return the folder of a service."""
    home = Home(tmp_path / "service")
    home.create()
    return home


def test_it_is_ready_when_the_start_returns_and_in_a_session_of_its_own(home: Home) -> None:
    started = start_in_background(home, [sys.executable, "-c", SERVES, str(home.folder)])
    try:
        assert started.ready
        assert running_instance(home) == started
        assert os.getsid(started.pid) == started.pid
        assert log_file(home).read_text() == "starting\n"
        assert log_file(home).stat().st_mode & 0o077 == 0
    finally:
        stop_instance(home)
        os.waitpid(started.pid, 0)


def test_one_that_ends_is_told_of_with_its_last_words(home: Home) -> None:
    log_file(home).write_text("words of an earlier run")
    with pytest.raises(
        ServiceError, match=r"ended at its start: error: the model is damaged \(the log is .*\.log"
    ):
        start_in_background(home, [sys.executable, "-c", SERVES, str(home.folder), "fail"])


def test_one_that_never_answers_is_ended(home: Home) -> None:
    with pytest.raises(ServiceError, match="does not answer after 0 s: it said nothing"):
        start_in_background(home, [sys.executable, "-c", "import time; time.sleep(60)"], patience_s=0.2)
