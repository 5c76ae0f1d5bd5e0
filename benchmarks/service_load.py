"""Scanners at work while candidates come in: how long pages and the API take, with a million candidates.

Run it: ``python benchmarks/service_load.py``. 50 people, each in a session of its own, do one thing a second
for a minute (label by key, look at cutouts, open pages, search, call the API), while 200 alerts a second are
written into the watched folder; the service, its worker, the database and this script share the machine.
It prints a table and writes ``results/service_load_<database>.json``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np
from sqlalchemy import func, select

from filled_service import filled_home, packets_of
from skysieve.service.accounts.forgery import masked
from skysieve.service.accounts.roles import Role
from skysieve.service.accounts.sessions import cookie_name, find_session, start_session
from skysieve.service.accounts.users import add_user
from skysieve.service.database.tables import Candidate, JournalEntry, Label, Night, PendingScore, User
from skysieve.service.service import Service, open_service

__all__ = ["Scanner", "main"]

RESULTS = Path(__file__).parent / "results"
#: What a scanner does, and how often out of a hundred times.
ACTIONS = {
    "label": 55,
    "queue": 8,
    "candidate page": 12,
    "search page": 8,
    "api search": 10,
    "tonight": 5,
    "undo": 2,
}


@dataclass
class Tally:
    """How long each kind of request took, seconds, and what went wrong."""

    times: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    errors: list[str] = field(default_factory=list)


@dataclass
class Scanner:
    """One person at one browser."""

    client: httpx.AsyncClient
    csrf: str
    night: str
    candidates: int
    tally: Tally
    drawn: random.Random
    queue: list[dict[str, Any]] = field(default_factory=list)
    cursor: str = ""

    async def work(self, until: float, pace_s: float) -> None:
        """Do one thing after another, one each ``pace_s`` seconds."""
        await asyncio.sleep(self.drawn.uniform(0, pace_s))
        while (now := time.monotonic()) < until:
            action = self.drawn.choices(list(ACTIONS), weights=list(ACTIONS.values()))[0]
            try:
                await getattr(self, "_" + action.replace(" ", "_"))()
            except httpx.HTTPError as error:
                self.tally.errors.append(f"{action}: {error!r}")
            await asyncio.sleep(max(0.0, now + pace_s - time.monotonic()))

    async def _label(self) -> None:
        if not self.queue:
            await self._queue()
        if not self.queue:
            return
        one = self.queue.pop(0)
        await self._get("pixels", f"/api/v1/candidates/{one['id']}/pixels")
        body = {
            "value": self.drawn.choice(["real", "bogus"]),
            "origin": "scan",
            "request_key": uuid.uuid4().hex,
        }
        await self._send("label", f"/api/v1/candidates/{one['id']}/labels", body)

    async def _queue(self) -> None:
        query = {"night": self.night, "size": 24, "cursor": self.cursor, "where": "kind = alert"}
        answer = await self._get("queue", "/api/v1/scanning/queue", query)
        if answer is not None:
            body = answer.json()
            self.queue += body["candidates"]
            self.cursor = body["next"]

    async def _undo(self) -> None:
        await self._send("undo", "/api/v1/labels/undo", {})

    async def _candidate_page(self) -> None:
        await self._get("candidate page", f"/candidates/{1 + self.drawn.randrange(self.candidates)}")

    async def _search_page(self) -> None:
        await self._get("search page", "/search", {"where": f"score >= {self.drawn.uniform(0.5, 0.99):.3f}"})

    async def _api_search(self) -> None:
        mag = self.drawn.uniform(15, 20)
        where = f"mag < {mag:.2f} and passes = true"
        await self._get("api search", "/api/v1/candidates", {"where": where, "night": self.night})

    async def _tonight(self) -> None:
        await self._get("tonight", "/")

    async def _get(self, name: str, path: str, query: dict[str, Any] | None = None) -> httpx.Response | None:
        began = time.perf_counter()
        answer = await self.client.get(path, params=query)
        return self._note(name, began, answer)

    async def _send(self, name: str, path: str, body: dict[str, Any]) -> httpx.Response | None:
        began = time.perf_counter()
        answer = await self.client.post(path, json=body, headers={"X-CSRF-Token": self.csrf})
        return self._note(name, began, answer)

    def _note(self, name: str, began: float, answer: httpx.Response) -> httpx.Response | None:
        self.tally.times[name].append(time.perf_counter() - began)
        if answer.is_success:
            return answer
        self.tally.errors.append(f"{name}: {answer.status_code} {answer.text[:200]}")
        return None


async def scan(
    url: str, cookies: list[tuple[str, str, str]], night: str, candidates: int, seconds: float, seed: int
) -> tuple[Tally, float]:
    """Let all scanners work side by side, and return what they met with."""
    tally, until = Tally(), time.monotonic() + seconds
    limits = httpx.Limits(max_connections=None)
    clients = [
        httpx.AsyncClient(base_url=url, cookies={name: secret}, timeout=30.0, limits=limits)
        for name, secret, _ in cookies
    ]
    scanners = [
        Scanner(client, csrf, night, candidates, tally, random.Random(seed + number))
        for number, (client, (_, _, csrf)) in enumerate(zip(clients, cookies, strict=True))
    ]
    began = time.monotonic()
    await asyncio.gather(*(scanner.work(until, 1.0) for scanner in scanners))
    took = time.monotonic() - began
    for client in clients:
        await client.aclose()
    return tally, took


class Ingest:
    """Writes packets into the inbox at a rate, in a process of its own."""

    CODE = """
import pathlib, sys, time
source, inbox = map(pathlib.Path, sys.argv[1:3])
rate, seconds = map(float, sys.argv[3:5])
packets = sorted(source.glob("*.avro"))
began, sent = time.monotonic(), 0
while (passed := time.monotonic() - began) < seconds and sent < len(packets):
    while sent < min(len(packets), rate * passed):
        partial = inbox / (packets[sent].name + ".part")
        partial.write_bytes(packets[sent].read_bytes())
        partial.rename(inbox / packets[sent].name)
        sent += 1
    time.sleep(0.05)
print(sent)
"""

    def __init__(self, packets: Path, inbox: Path, rate: float, seconds: float) -> None:
        command = [sys.executable, "-c", self.CODE, str(packets), str(inbox), str(rate), str(seconds)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def sent(self) -> int:
        """Wait for it and return how many it wrote."""
        return int(self.process.communicate()[0])


def make_scanners(service: Service, count: int) -> list[tuple[str, str, str]]:
    """Add people, and return the cookie and the token against forgery of each."""
    name, web = cookie_name(service.settings.web), service.settings.web
    found = []
    for number in range(count):
        # Nobody signs in with a password here: hashing fifty would only take time.
        user_id = add_user(service.database, f"scanner{number}", Role.SCANNER, actor="benchmark")
        with service.database.writing() as session:
            secret = start_session(session, session.get_one(User, user_id))
        with service.database.reading() as session:
            started = find_session(session, secret, web)
        assert started is not None
        found.append((name, secret, masked(started.csrf)))
    return found


def main() -> None:
    """Run the benchmark, print its table and keep its figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--candidates", type=int, default=1_000_000)
    parser.add_argument("--scanners", type=int, default=50)
    parser.add_argument("--rate", type=float, default=200.0)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kept", type=Path, help="folder in which filled databases and packets are kept")
    parser.add_argument("--logs", type=Path, help="file for the log of the service")
    parser.add_argument("--out", type=Path, help="where the figures go, but for the folder of results")
    arguments = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="service-load-"))
    try:
        with filled_home(folder, arguments.database, arguments.candidates, arguments.kept) as home:
            told = run(folder, home, arguments)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print_table(told)
    path = arguments.out or RESULTS / f"service_load_{arguments.database}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(told, indent=1, allow_nan=False) + "\n")


def run(folder: Path, home: Path, arguments: argparse.Namespace) -> dict[str, Any]:
    """Start the service, let people scan and alerts come, and count."""
    service = open_service(home)
    port = _free_port()
    (home / "service.toml").write_text(f"[web]\nport = {port}\n")
    cookies = make_scanners(service, arguments.scanners)
    packets = packets_of(folder, arguments.kept, int(arguments.rate * arguments.seconds), arguments.seed)
    log = arguments.logs or folder / "serve.log"
    process = subprocess.Popen(
        [sys.executable, "-m", "skysieve", "serve", "--home", str(home)],
        stdout=log.open("wb"),
        stderr=subprocess.STDOUT,
    )
    try:
        url = f"http://127.0.0.1:{port}"
        _await_answer(url, process)
        night = _busiest_night(service)
        before = _counts(service)
        ingest = Ingest(packets, home / "inbox", arguments.rate, arguments.seconds)
        work = scan(url, cookies, night, before["candidates"], arguments.seconds, arguments.seed)
        tally, took = asyncio.run(work)
        sent = ingest.sent()
        at_end = _counts(service)
        caught_up = _await_rest(service, before["journal"] + sent)
        after = _counts(service)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        service.close()
    return {
        "database": arguments.database,
        "candidates": before["candidates"],
        "scanners": arguments.scanners,
        "cores": os.cpu_count(),
        "seconds": round(took, 1),
        "requests": sum(map(len, tally.times.values())),
        "requests_a_second": round(sum(map(len, tally.times.values())) / took, 1),
        "errors": len(tally.errors),
        "first_errors": tally.errors[:5],
        "sent": sent,
        "sent_a_second": round(sent / arguments.seconds, 1),
        "stored_at_end": at_end["journal"] - before["journal"],
        "scores_pending_at_end": at_end["pending"],
        "seconds_to_catch_up": round(caught_up, 1),
        "stored": after["journal"] - before["journal"],
        "scores_pending": after["pending"],
        "labels": after["labels"] - before["labels"],
        "times_ms": {name: _summary(times) for name, times in sorted(tally.times.items())},
        "all_ms": _summary([each for times in tally.times.values() for each in times]),
    }


def _summary(times: list[float]) -> dict[str, float]:
    milliseconds = np.array(times) * 1000
    quantiles = np.quantile(milliseconds, [0.5, 0.95, 0.99])
    named = dict(zip(("median", "p95", "p99"), quantiles.tolist(), strict=True))
    return {"n": len(times)} | {name: round(value, 1) for name, value in named.items()}


def _counts(service: Service) -> dict[str, int]:
    with service.database.reading() as session:
        return {
            name: session.scalar(select(func.count()).select_from(table)) or 0
            for name, table in (
                ("candidates", Candidate),
                ("journal", JournalEntry),
                ("labels", Label),
                ("pending", PendingScore),
            )
        }


def _busiest_night(service: Service) -> str:
    with service.database.reading() as session:
        best = select(Candidate.night_id).group_by(Candidate.night_id).order_by(func.count().desc()).limit(1)
        return session.scalars(select(Night.name).where(Night.id == best.scalar_subquery())).one()


def _await_answer(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(f"{url}/health", timeout=5).status_code in (200, 503):
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise SystemExit("the service did not start")


def _await_rest(service: Service, expected: int) -> float:
    """Wait until everything that was sent is stored and scored; return how long that took."""
    began = time.monotonic()
    while time.monotonic() - began < 300:
        counts = _counts(service)
        if counts["journal"] >= expected and not counts["pending"]:
            break
        time.sleep(0.5)
    return time.monotonic() - began


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def print_table(told: dict[str, Any]) -> None:
    """Print what was found."""
    print(
        f"service load: {told['scanners']} scanners, {told['candidates']:,} candidates on "
        f"{told['database']}, {told['cores']} cores: "
        f"{told['requests_a_second']} requests a second, {told['errors']} errors"
    )
    print(
        f"service load: {told['sent_a_second']} alerts a second sent; {told['stored_at_end']} of "
        f"{told['sent']} stored and {told['scores_pending_at_end']} scores pending at the end, all done "
        f"{told['seconds_to_catch_up']} s later"
    )
    print(f"{'ms':<18}{'n':>7}{'median':>9}{'p95':>9}{'p99':>9}")
    for name, row in [*told["times_ms"].items(), ("all", told["all_ms"])]:
        print(f"{name:<18}{row['n']:>7}{row['median']:>9}{row['p95']:>9}{row['p99']:>9}")
    for error in told["first_errors"]:
        print(f"error: {error}")


if __name__ == "__main__":
    main()
