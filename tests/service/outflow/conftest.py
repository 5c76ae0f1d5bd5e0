"""Scored candidates, and a receiver that notes what is posted to it."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from skysieve.configuration import override
from skysieve.service.database.tables import Candidate, Night, Score, Scorer, Verdict
from skysieve.service.database.tables.judging import ON_DUTY
from skysieve.service.service import Service

KEY = "a key that nobody can guess"


@dataclasses.dataclass
class Scored:
    """A scorer and what it scored."""

    scorer: int
    candidates: list[int]


@pytest.fixture
def key(monkeypatch: pytest.MonkeyPatch) -> str:
    """Put the key that signs into the environment."""
    monkeypatch.setenv("SKYSIEVE_WEBHOOK_KEY", KEY)
    return KEY


@pytest.fixture
def with_outflow() -> Callable[..., Service]:
    """Return what gives a service other settings of the outflow."""

    def change(service: Service, **settings: object) -> Service:
        changes = {f"outflow.{name}": value for name, value in {"where": "", **settings}.items()}
        return dataclasses.replace(service, settings=override(service.settings, changes))

    return change


@pytest.fixture
def scored() -> Callable[..., Scored]:
    """Return what stores candidates with their scores: the first half passes."""

    def store(service: Service, count: int = 4, *, duty: str = ON_DUTY, identity: str = "ab" * 32) -> Scored:
        with service.database.writing() as session:
            night = session.query(Night).filter_by(name="20261121").one_or_none() or Night(name="20261121")
            scorer = Scorer(
                kind="alert", identity=identity, name="braai", is_sieve=False, place="braai", duty=duty
            )
            session.add_all([night, scorer])
            session.flush()
            candidates = [_candidate(night, number, passes=number < count / 2) for number in range(count)]
            session.add_all(candidates)
            session.flush()
            for each in candidates:
                assert each.score is not None
                session.add(
                    Score(candidate_id=each.id, scorer_id=scorer.id, member="score", value=each.score)
                )
                session.add(
                    Verdict(candidate_id=each.id, scorer_id=scorer.id, rule="passes", passes=each.passes)
                )
            return Scored(scorer.id, [each.id for each in candidates])

    return store


def _candidate(night: Night, number: int, *, passes: bool) -> Candidate:
    return Candidate(
        kind="alert",
        survey="ZTF",
        name=str(1_000_000 + number),
        object_id=f"ZTF26a{number}",
        night=night,
        jd=2461365.75,
        ra=12.5,
        dec=-3.25,
        band="r",
        mag=18.5,
        score=0.875 if passes else 0.25,
        passes=passes,
    )


@dataclasses.dataclass
class Post:
    """What came."""

    path: str
    headers: dict[str, str]
    body: bytes


class Receiver:
    """A web server that notes every POST and answers as it is told."""

    def __init__(self) -> None:
        self.posts: list[Post] = []
        #: Status, headers and text of the answers.
        self.answer: tuple[int, dict[str, str], str] = (204, {}, "")
        self.came = threading.Event()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                receiver.posts.append(Post(self.path, headers, body))
                status, more, text = receiver.answer
                self.send_response(status)
                for name, value in more.items():
                    self.send_header(name, value)
                if status != 204:
                    self.send_header("Content-Length", str(len(text.encode())))
                self.end_headers()
                if status != 204:
                    self.wfile.write(text.encode())
                receiver.came.set()

            def log_message(self, *_: object) -> None:
                pass

        self._handler = Handler
        self._server: ThreadingHTTPServer | None = self._start(0)
        self.port = self._server.server_address[1]

    @property
    def address(self) -> str:
        """Where to post to."""
        return f"http://127.0.0.1:{self.port}/hook"

    def go_down(self) -> None:
        """Answer no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def come_up(self) -> None:
        """Answer again, at the same address."""
        self._server = self._start(self.port)

    def _start(self, port: int) -> ThreadingHTTPServer:
        server = ThreadingHTTPServer(("127.0.0.1", port), self._handler)
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Yield a running receiver."""
    running = Receiver()
    yield running
    running.go_down()
