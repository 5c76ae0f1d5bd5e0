"""One serves a folder at a time; others are told where it answers, and may stop it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from skysieve.errors import ServiceError
from skysieve.service.home import Home
from skysieve.service.operation import instance
from skysieve.service.operation.instance import Instance, announce, hold, running_instance, stop_instance

SERVES = """
import pathlib, signal, sys, time
from skysieve.service.home import Home
from skysieve.service.operation.instance import announce, hold
home = Home(pathlib.Path(sys.argv[1]))
with hold(home):
    if sys.argv[2] == "ends":
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    else:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    announce(home, "http://127.0.0.1:1", ready=True)
    print("ready", flush=True)
    time.sleep(60)
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Return a folder that nobody serves."""
    monkeypatch.setattr(instance, "_LOOK_S", 0.2)
    return Home(tmp_path / "service")


@pytest.fixture
def other(home: Home, request: pytest.FixtureRequest) -> Iterator[subprocess.Popen[bytes]]:
    """Yield a process that serves the folder."""
    command = [sys.executable, "-c", SERVES, home.folder, getattr(request, "param", "ends")]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout.readline() == b"ready\n"
        yield process
        process.kill()


def test_a_second_is_refused_and_told_of_the_first(home: Home, other: subprocess.Popen[bytes]) -> None:
    says = rf"runs already at http://127\.0\.0\.1:1 \(process {other.pid}\); stop it with `skysieve serve"
    with pytest.raises(ServiceError, match=says), hold(home):
        pass


def test_others_know_where_it_answers(home: Home) -> None:
    assert running_instance(home) is None
    with hold(home):
        announce(home, "http://127.0.0.1:8765", ready=False)
        assert running_instance(home) == Instance(os.getpid(), "http://127.0.0.1:8765", ready=False)
    assert running_instance(home) is None


def test_one_that_does_not_say_where_it_answers_is_told_of(home: Home) -> None:
    with hold(home), pytest.raises(ServiceError, match="does not say where"):
        running_instance(home)


def test_one_that_was_killed_is_forgotten(home: Home, other: subprocess.Popen[bytes]) -> None:
    other.kill()
    other.wait()
    assert running_instance(home) is None
    with hold(home):
        assert not (home.run / "serve.json").exists()


def test_stop_waits_until_it_has_stopped(home: Home, other: subprocess.Popen[bytes]) -> None:
    stopped = stop_instance(home)
    assert stopped == Instance(other.pid, "http://127.0.0.1:1", ready=True)
    assert other.wait() == 0
    assert stop_instance(home) is None


@pytest.mark.parametrize("other", ["stays"], indirect=True)
@pytest.mark.usefixtures("other")
def test_stop_tells_where_it_goes_on(home: Home) -> None:
    with pytest.raises(ServiceError, match=r"has not stopped after 0 s.*serve\.log"):
        stop_instance(home, patience_s=0.1)


def test_a_folder_that_is_not_there_is_not_made_by_looking(home: Home) -> None:
    assert stop_instance(home) is None
    assert not home.folder.exists()
