"""``skysieve fetch frames`` as a user calls it, against an archive on this machine."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from skysieve.cli.application import application
from skysieve.cli.fetch_archives import SOME_FAILED
from skysieve.errors import ConfigurationError, InputError, SampleSetError
from skysieve.samples import SampleSet


@pytest.fixture
def exposures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, import_experiment: Callable[[str], ModuleType]
) -> Iterator[Any]:
    monkeypatch.chdir(tmp_path)
    rows = ["257201400000001,1,1.5,ghost", "257201400000002,1.5,1.5,star", "257101400000003,2,1.5,star"]
    Path("objects.csv").write_text("\n".join(["oid,ra,dec,kind", *rows, ""]))
    with import_experiment("killed_frames").exposure_archive() as state:
        yield state


def run(words: str, archive: Any, table: str = "objects.csv") -> Result:
    pace = f"--pause 0 --backoff 0.01 --attempts 2 --base-url {archive.url}"
    return CliRunner().invoke(application, f"fetch frames {table} -o set.parquet {pace} {words}".split())


def test_objects_become_a_labelled_set(exposures: Any) -> None:
    result = run("--label kind --classes star,ghost --label-origin mine --cache answers", exposures)
    assert result.exit_code == 0, result.exception
    assert "12 answers fetched, the others lay in the cache" in result.stdout
    assert "3 sequences of 9 frames: set.parquet" in result.stdout
    assert not Path("set.parquet.failures.csv").exists()
    samples = SampleSet.open("set.parquet")
    assert (samples.classes, samples.labels.tolist()) == (("star", "ghost"), [1, 0, 0])
    assert samples.description.label_origin == "mine"
    result = run("--label kind --classes star,ghost --cache answers", exposures)
    assert "0 answers fetched" in result.stdout
    assert len(exposures.log) == 12


def test_frames_of_another_size_leave_no_set_but_their_reasons(exposures: Any) -> None:
    # The server of the test gives 28 pixels, whatever is asked for.
    result = run("--size 20", exposures)
    assert isinstance(result.exception, SampleSetError)
    assert all("size=19pix" in path for path, _ in exposures.log if "center=" in path)
    with Path("set.parquet.failures.csv").open(newline="") as stream:
        kinds = [row["kind"] for row in csv.DictReader(stream)]
    assert (kinds.count("wrong-size"), kinds.count("no-frames")) == (9, 3)
    assert not Path("set.parquet").exists()


def test_failures_are_told_listed_and_asked_for_again(exposures: Any) -> None:
    lost = exposures.names(1.0)[1]
    exposures.always[lost] = "404"
    result = run("", exposures)
    assert result.exit_code == SOME_FAILED
    assert "1 objects and frames could not be had:\n  http-status  1\n" in result.stdout
    assert "failures: set.parquet.failures.csv" in result.stdout
    assert "3 sequences of 8 frames: set.parquet" in result.stdout
    assert f"257201400000001/{lost}" in Path("set.parquet.failures.csv").read_text().splitlines()[1]
    exposures.always.clear()
    assert run("", exposures).exit_code == SOME_FAILED
    result = run("--retry", exposures)
    assert (result.exit_code, "1 answers fetched" in result.stdout) == (0, True)
    assert not Path("set.parquet.failures.csv").exists()


def test_filters_and_times_narrow_what_is_asked(exposures: Any) -> None:
    result = run("--bands zr --since 58194 --until 58500.5", exposures)
    assert result.exit_code == 0, result.exception
    assert "note" in result.stdout
    assert "257101400000003: left out: its id names the filter zg, zr were asked for" in result.stdout
    assert SampleSet.open("set.parquet").ids.tolist() == ["257201400000001", "257201400000002"]
    searches = [path for path, _ in exposures.log if path.startswith("/search")]
    assert len(searches) == 2
    assert all("obsjd%3E%3D2458194.5" in path and "obsjd%3C2458501" in path for path in searches)


def test_a_table_has_names_of_its_own_and_numbers_for_ids(exposures: Any) -> None:
    columns = {"objectid": [257201400000001], "alpha": [1.0], "delta": [1.5]}
    pq.write_table(pa.table(columns), "mine.parquet")
    result = run("--id objectid --ra alpha --dec delta", exposures, "mine.parquet")
    assert result.exit_code == 0, result.exception
    assert SampleSet.open("set.parquet").ids.tolist() == ["257201400000001"]


def test_a_frame_at_the_edge_is_told(exposures: Any, import_experiment: Callable[[str], ModuleType]) -> None:
    piece = import_experiment("killed_frames").frame_file(1.0, 1.5, rows=20, place=(6, 14))
    exposures.bodies = {exposures.names(1.0)[0]: piece}
    result = run("", exposures)
    assert (
        "3 sequences of 9 frames, 1 of them cut off at the edge of a detector: set.parquet" in result.stdout
    )


@pytest.mark.parametrize(
    ("words", "error", "reason"),
    [
        ("--bands r", ConfigurationError, "bands: found r; known are zg, zr, zi"),
        ("--since 59000 --until 58000", ConfigurationError, "since: found 59000"),
        ("--size 1", ConfigurationError, "2 to 3072 are expected"),
        ("--id name", ConfigurationError, "no column 'name'"),
        ("--label tag", ConfigurationError, "no column 'tag'"),
        ("--at-once 0", ConfigurationError, "at least one request"),
    ],
)
def test_wrong_calls_end_before_anything_is_asked(
    exposures: Any, words: str, error: type[Exception], reason: str
) -> None:
    result = run(words, exposures)
    assert isinstance(result.exception, error), result.exception
    assert reason in str(result.exception)
    assert not list(Path().glob("set.parquet*"))
    assert not exposures.log


def test_a_missing_table_is_named(exposures: Any) -> None:
    result = run("", exposures, "none.csv")
    assert isinstance(result.exception, InputError)
    assert "none.csv: does not exist" in str(result.exception)
