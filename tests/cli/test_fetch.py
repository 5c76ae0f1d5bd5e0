"""``skysieve fetch`` as a user calls it: old and new calls, what it says, and what it leaves with."""

from __future__ import annotations

import io
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner, Result

from skysieve.cli.application import application
from skysieve.cli.fetch_archives import SOME_FAILED
from skysieve.errors import ConfigurationError, InputError, UnknownNameError
from skysieve.samples import SampleSet

PICTURES = "--size 16 --pause 0 --backoff 0.01 --attempts 2"


class Viewer(BaseHTTPRequestHandler):
    """Gives pictures east of right ascension 5."""

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)
        if float(query["ra"][0]) < 5:
            self.send_error(404)
            return
        file = io.BytesIO()
        side = int(query["size"][0])
        sky = np.random.default_rng(1).integers(0, 255, (side, side, 3), dtype=np.uint8)
        Image.fromarray(sky).save(file, "JPEG")
        self.send_response(200)
        self.send_header("Content-Type", "image/jpeg")
        self.end_headers()
        self.wfile.write(file.getvalue())

    def log_message(self, *_: Any) -> None:
        """Keep the test output clean."""


@pytest.fixture
def viewer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    monkeypatch.chdir(tmp_path)
    Path("places.csv").write_text("id,ra,dec\na,10,1\nb,11,1\nc,1,1\nd,1,99\n")
    with ThreadingHTTPServer(("127.0.0.1", 0), Viewer) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def run(line: str) -> Result:
    return CliRunner().invoke(application, line.split())


@pytest.mark.parametrize("line", ["fetch", "fetch dataset"])
def test_data_sets_are_listed(line: str) -> None:
    result = run(line)
    assert (result.exit_code, result.stdout.startswith("braai  ")) == (0, True)


@pytest.mark.parametrize("line", ["fetch none", "fetch dataset none", "fetch -o x none"])
def test_a_name_alone_is_that_of_a_data_set(line: str) -> None:
    result = run(line)
    assert isinstance(result.exception, UnknownNameError)
    assert "no dataset is called 'none'" in str(result.exception)


def test_a_mistyped_command_is_no_data_set() -> None:
    result = run("fetch cutuots places.csv")
    assert result.exit_code == 2
    assert "Did you mean" in result.output


def test_failures_are_told_listed_and_leave_their_mark(viewer: str) -> None:
    line = f"fetch cutouts places.csv -o set.parquet {PICTURES} --set base_url={viewer}"
    result = run(line)
    assert result.exit_code == SOME_FAILED
    assert "2 positions have no cutout:" in result.stdout
    assert "failures: set.parquet.failures.csv" in result.stdout
    assert "2 cutouts in 2 groups: set.parquet" in result.stdout
    assert Path("set.parquet.failures.csv").read_text().splitlines()[0] == "id,url,kind,reason"
    assert len(SampleSet.open("set.parquet")) == 2
    Path("places.csv").write_text("id,ra,dec\na,10,1\n")
    assert run(line).exit_code == 0
    assert not Path("set.parquet.failures.csv").exists()


@pytest.mark.parametrize(
    ("words", "error", "reason"),
    [
        ("--service legacy", UnknownNameError, "did you mean 'legacy-survey'"),
        ("--service sdss --layer ls-dr10", ConfigurationError, "no setting is called 'layer'"),
        ("--service sdss --size 32", ConfigurationError, "SkyServer gives 64 to 2048"),
        ("--format gif", ConfigurationError, "'format' is one of 'jpeg', 'fits'; found 'gif'"),
        ("--set sise=3", ConfigurationError, "did you mean 'size'"),
        ("--ra RA", ConfigurationError, "no column 'RA'"),
    ],
)
def test_wrong_calls_end_before_anything_is_asked(
    viewer: str, words: str, error: type[Exception], reason: str
) -> None:
    result = run(f"fetch cutouts places.csv -o set.parquet {words}")
    assert isinstance(result.exception, error), result.exception
    assert reason in str(result.exception)
    assert not list(Path().glob("set.parquet*"))


def test_a_missing_table_is_named(viewer: str) -> None:
    result = run("fetch cutouts none.csv -o set.parquet")
    assert isinstance(result.exception, InputError)
    assert "none.csv: does not exist" in str(result.exception)


def test_a_query_may_stand_in_a_file(viewer: str) -> None:
    result = run(f"fetch sql @none.sql -o x.csv --base-url {viewer}")
    assert isinstance(result.exception, FileNotFoundError)
