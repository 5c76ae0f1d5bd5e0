"""`skysieve serve` as people run it: started, asked, hurt, stopped."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psutil
import pytest
from sqlalchemy import select

from skysieve.errors import ConfigurationError
from skysieve.service.database.tables import Scorer, Taxonomy, User, WorkerBeat
from skysieve.service.home import Home
from skysieve.service.operation.instance import running_instance
from skysieve.service.operation.listening import listen
from skysieve.service.serve import ServeOptions, prepare
from skysieve.service.service import open_service
from skysieve.service.settings import DATABASE_VARIABLE
from waiting import wait_until

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("serve")]

SKYSIEVE = [sys.executable, "-m", "skysieve"]


def call(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*SKYSIEVE, *words], capture_output=True, text=True, timeout=120)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where there is no service yet; its scorers are none, so that it starts at once."""
    monkeypatch.delenv(DATABASE_VARIABLE, raising=False)
    folder = tmp_path / "service"
    folder.mkdir(mode=0o700)
    (folder / "service.toml").write_text('judging.alerts = ""\njudging.streaks = ""\n')
    return folder


@pytest.fixture
def start(folder: Path) -> Iterator[Callable[..., str]]:
    """Yield what starts the service in the background, and returns its address."""

    def begin(*words: str) -> str:
        result = call("serve", "--home", str(folder), "--port", "0", "--detach", *words)
        assert result.returncode == 0, result.stderr
        begin.said = result.stdout  # type: ignore[attr-defined]
        return re.search(r"answers at (\S+)", result.stdout)[1]

    yield begin
    assert call("serve", "--home", str(folder), "--stop").returncode == 0


def beats(folder: Path) -> set[str]:
    """Return the workers that are known."""
    service = open_service(folder)
    with service.database.reading() as session:
        names = set(session.scalars(select(WorkerBeat.name)))
    service.close()
    return names


def children(folder: Path) -> dict[str, psutil.Process]:
    parent = psutil.Process(running_instance(Home(folder)).pid)
    found = {}
    for process in parent.children():
        found[json.loads(process.cmdline()[-1])["role"]] = process
    return found


def is_zombie(pid: int) -> bool:
    """Say whether a process has ended, and only nobody has asked how yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def health(address: str) -> str:
    try:
        return httpx.get(f"{address}/health", timeout=2).json().get("status", "")
    except httpx.TransportError:
        return "no answer"


def test_started_hurt_and_stopped(folder: Path, start) -> None:
    address = start("--first-admin", "ana")
    password = re.search(r"ana signs in with the password (\S+)", start.said)[1]
    assert password not in (folder / "run" / "serve.log").read_text()
    wait_until(lambda: health(address) == "ok")

    page = httpx.get(f"{address}/", headers={"Accept": "text/html"}, follow_redirects=True)
    assert page.status_code == 200
    assert "password" in page.text

    again = call("serve", "--home", str(folder), "--port", "0")
    assert again.returncode == 1
    assert f"runs already at {address}" in again.stderr

    before, known = children(folder), beats(folder)
    for process in before.values():
        process.send_signal(signal.SIGKILL)
    wait_until(lambda: beats(folder) - known)
    wait_until(lambda: health(address) == "ok")
    assert {process.pid for process in children(folder).values()}.isdisjoint(
        {process.pid for process in before.values()}
    )

    parent, left = running_instance(Home(folder)).pid, list(children(folder).values())
    stopped = call("serve", "--home", str(folder), "--stop")
    assert stopped.stdout == f"stopped: {address}\n"
    assert not any(process.is_running() for process in left)
    wait_until(lambda: not psutil.pid_exists(parent) or is_zombie(parent))
    assert call("serve", "--home", str(folder), "--stop").stdout == f"no service runs in {folder}\n"


def test_in_the_foreground_it_says_how_to_go_on_and_ends_well(folder: Path) -> None:
    with subprocess.Popen(
        [*SKYSIEVE, "serve", "--home", folder, "--port", "0", "--no-worker"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        told = [process.stdout.readline() for _ in range(3)]
        assert f"skysieve users add NAME --role admin --home {folder}" in told[0]
        assert re.match(r"skysieve answers at http://127\.0\.0\.1:\d+ and keeps everything in ", told[1])
        assert "Ctrl-C stops it" in told[2]
        left = list(children(folder))
        process.terminate()
        rest, log = process.communicate(timeout=60)
    assert left == ["web"]
    assert (process.returncode, rest) == (0, "stopped\n")
    events = [json.loads(line) for line in log.splitlines()]
    assert {event["process"] for event in events} == {"serve"}  # a web process that nobody asks is silent


def test_when_the_parent_is_killed_nothing_is_left(folder: Path, start) -> None:
    start("--no-worker")
    left = children(folder).values()
    os.kill(running_instance(Home(folder)).pid, signal.SIGKILL)
    wait_until(lambda: not any(process.is_running() for process in left))
    assert health(start("--no-worker")) in ("ok", "degraded")


def test_processes_share_postgresql_and_count_together(
    folder: Path, start, postgresql_server, monkeypatch
) -> None:
    address = postgresql_server.create_database()
    monkeypatch.setenv(DATABASE_VARIABLE, address)
    served = start("--processes", "2", "--no-worker")
    for _ in range(20):
        # Each by a connection of its own, so that both processes answer.
        assert httpx.get(f"{served}/health").status_code == 200
    wait_until(lambda: 'route="/health",status="200"} 2' in httpx.get(f"{served}/metrics").text)
    assert call("serve", "--home", str(folder), "--stop").returncode == 0
    postgresql_server.drop_database(address)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--host", "0.0.0.0"], "without TLS"),
        (["--processes", "2"], "SQLite takes one"),
        (["--processes", "0"], "0 web processes"),
        (["--port", "{taken}"], "is taken by another program"),
        (["--port", "{taken}", "--detach"], "is taken by another program"),
    ],
)
def test_what_cannot_be_is_said_in_a_line(folder: Path, words: list[str], says: str) -> None:
    with listen("127.0.0.1", 0) as other:
        taken = other.getsockname()[1]
        result = call("serve", "--home", str(folder), *(word.format(taken=taken) for word in words))
    assert result.returncode == 1
    assert says in result.stderr
    assert result.stderr.count("\n") == 1


def test_prepare_makes_what_is_missing_once(folder: Path) -> None:
    (folder / "service.toml").unlink()
    told: list[str] = []
    options = ServeOptions(first_admin="ana")
    prepare(Home(folder), options, told.append)
    prepare(Home(folder), options, told.append)
    assert [line.partition(":")[0] for line in told[1:]] == ["there are users already"]
    service = open_service(folder)
    with service.database.reading() as session:
        assert session.scalars(select(User.role)).all() == ["admin"]
        assert sorted(session.scalars(select(Scorer.kind))) == ["alert", "streak"]
        assert len(session.scalars(select(Taxonomy.name)).all()) >= 2
    service.close()


def test_prepare_refuses_what_would_end_the_worker(folder: Path) -> None:
    wrong = {"ingest.depot.url": "depot"}
    with pytest.raises(ConfigurationError, match=r"ingest\.depot\.url"):
        prepare(Home(folder), ServeOptions(wrong), print)
    prepare(Home(folder), ServeOptions(wrong, worker=False), print)


def test_prepare_refuses_wrong_settings(folder: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"web\.prot"):
        prepare(Home(folder), ServeOptions({"web.prot": 1}), print)


SLOW = """
import asyncio, json, socket, sys
from types import SimpleNamespace
from fastapi import FastAPI
from skysieve.service.served_process import answer_requests
from skysieve.service.settings import ServiceSettings
from skysieve.service import application

def create(service, observers):
    made = FastAPI()
    @made.get("/slow")
    async def slow():
        print("begun", flush=True)
        await asyncio.sleep(1.0)
        return "finished"
    return made

application.create_application = create
listening = socket.create_server(("127.0.0.1", 0))
print(listening.getsockname()[1], flush=True)
answer_requests(SimpleNamespace(settings=ServiceSettings()), listening)
"""


def test_running_requests_finish_and_new_ones_are_not_taken() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(SLOW)], stdout=subprocess.PIPE, text=True
    ) as process:
        address = f"http://127.0.0.1:{int(process.stdout.readline())}"
        answers: list[str] = []
        asking = threading.Thread(
            target=lambda: answers.append(httpx.get(f"{address}/slow", timeout=30).json()), daemon=True
        )
        asking.start()
        assert process.stdout.readline() == "begun\n"
        process.terminate()
        wait_until(lambda: health(address) == "no answer")
        asking.join(30)
        process.wait(30)
    assert answers == ["finished"]
