"""Errors as a user sees them: one line, an exit code, and what to do."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from skysieve.scoring.parts import PART_ROWS
from skysieve.sources.simulators.night import simulate_night
from skysieve.sources.simulators.samples import write_triplet_samples

SKYSIEVE = [sys.executable, "-m", "skysieve"]
pytestmark = pytest.mark.xdist_group("errors")


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a night, its scores, a sample set and things that are none of these."""
    folder = tmp_path_factory.mktemp("errors")
    simulate_night(folder / "night", n=3, seed=1)
    write_triplet_samples(folder / "samples.parquet", n=8, seed=1)
    (folder / "notes.txt").write_text("seeing 1.4\n")
    assert call(folder, "score braai-weak night/packets -o scores.parquet").returncode == 0
    return folder


def call(folder: Path, words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*SKYSIEVE, *words.split()], cwd=folder, capture_output=True, text=True, check=False, timeout=120
    )


def error_of(result: subprocess.CompletedProcess[str]) -> str:
    assert result.stdout == ""
    (line,) = result.stderr.splitlines()
    assert line.startswith("error: ")
    return line


ERRORS = {
    "train braii samples.parquet -o x": r"no recipe is called 'braii'; did you mean 'braai'\?",
    "recipes briia": r"did you mean 'braai'\?",
    "train braai samples.parquet -o x --set training.epoch=2": r"'training.epoch'.* mean 'training.epochs'\?",
    "train braai samples.parquet -o x --set training.epochs=a": r"'training.epochs' takes int; found 'a'",
    "train braai samples.parquet -o x --config none.toml": r"none.toml: cannot be read",
    "train braai none.parquet -o x": r"none.parquet: does not exist; check the path",
    "score none night/packets -o x.parquet": r"none: is neither a model folder nor a .* \(.*braai-weak",
    "score night night/packets -o x.parquet": r"night: has no readable model.json",
    "score braai-weak none -o x.parquet": r"none: does not exist; check the path",
    "score braai-weak none no*.avro -o x.parquet": r"none, no\*.avro: do not exist; check the path",
    "score braai-weak night -o scores.parquet": r"scores.parquet: holds .* another run .*--restart",
    "score braai-weak night -o samples.parquet": r"samples.parquet: exists and is not a table of scores",
    "score braai-weak night -o x.parquet --engine none": r"no engine is called 'none'; .*onnxruntime",
    "score braai-weak night -o x.parquet --workers 0": r"workers is 1 or more, found 0",
    "score braai-weak night -o x.parquet --expect ades": r"--expect is for models of streak cutouts",
    "score braai-weak night -o x.parquet --site Palomar": r"--site is for models of streak cutouts",
    "sieve show none": r"none: is neither a folder with a sieve.json nor a shipped sieve",
    "sieve decide none.parquet -o x.parquet": r"none.parquet: is not a table of streak scores",
    "sieve decide scores.parquet -o x.parquet": r"scores.parquet: exists and is not a table of streak scores",
    "evaluate braai-weak none.parquet -o x": r"none.parquet: does not exist; check the path",
    "evaluate braai-weak samples.parquet -o x --set threshold.rule=fixed": r"'threshold.rule' was settled by "
    r"training .*labels\.\* and evaluation\.\* only",
    "evaluate braai-weak samples.parquet -o x --set preprocess=[]": r"'preprocess' was settled by training",
    "evaluate braai-weak samples.parquet -o x --set labels.table=none.csv": r"samples.parquet: the "
    r"samples have labels already, labels.table=none.csv would change nothing; leave it out, or label anew",
    "train braai samples.parquet -o x --set labels.column=kind": r"have labels already, labels.column=kind",
    "samples show none.parquet": r"none.parquet: does not exist; check the path",
    "samples show notes.txt": r"notes.txt: is not a readable Parquet file",
    "samples show scores.parquet": r"scores.parquet: is Parquet, but not a sample set",
    "samples images none.csv night -o x.parquet": r"none.csv: the table does not exist",
    "samples split samples.parquet -o x.parquet --test 0": r"fractions of splits are positive numbers",
    "simulate night night": r"night/packets is not empty",
    "fetch none": r"no dataset is called 'none'; known are: braai",
    "model check none": r"none: is neither a model folder",
    "model import-keras none.h5 --norm l2-per-cutout -o x": r"none.h5: does not exist",
    "model import-keras none.h5 --norm l2 -o x": r"the norm is one of l2-per-row, l2-per-cutout, found 'l2'",
}


@pytest.mark.parametrize("words", ERRORS)
def test_an_error_is_one_line_and_leaves_nothing(words: str, place: Path) -> None:
    result = call(place, words)
    assert re.search(ERRORS[words], error_of(result)), result.stderr
    assert result.returncode == 1
    assert not list(place.glob("x*"))


MISUSE = {
    "score braai-weak": r"missing argument 'inputs'; see `skysieve score --help`",
    "score braai-weak night": r"missing option '--output'",
    "score braai-weak night -o x.parquet --nothing": r"no such option: --nothing",
    "score braai-weak night -o x.parquet --workers two": r"invalid value for '--workers'",
    "scroe braai-weak night": r"no such command 'scroe'.*'score'",
    "samples shwo samples.parquet": r"no such command 'shwo'.*see `skysieve samples --help`",
}


@pytest.mark.parametrize("words", MISUSE)
def test_a_wrong_call_is_one_line_that_names_the_help(words: str, place: Path) -> None:
    result = call(place, words)
    assert re.search(MISUSE[words], error_of(result)), result.stderr
    assert result.returncode == 2


def test_without_a_verb_there_is_help(place: Path) -> None:
    result = call(place, "")
    assert result.returncode == 2
    assert "Usage: skysieve" in result.stdout
    assert result.stderr == ""


@pytest.mark.parametrize("inputs", ["night none", "none* night"])
def test_one_missing_input_costs_itself_only(inputs: str, place: Path, tmp_path: Path) -> None:
    result = call(place, f"score braai-weak {inputs} -o {tmp_path / 'scores.parquet'}")
    assert result.returncode == 0
    assert re.search(r"^3 alerts scored", result.stdout, re.MULTILINE)
    assert re.search(r"^  (missing-path|no-match) +1$", result.stdout, re.MULTILINE)


@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_keeps_what_is_done(workers: int, place: Path, tmp_path: Path) -> None:
    count = 5 * PART_ROWS
    packets = sorted((place / "night" / "packets").glob("*.avro"))
    (tmp_path / "many").mkdir()
    for number in range(count):
        os.link(packets[number % len(packets)], tmp_path / "many" / f"{number:06d}.avro")
    words = f"score braai-weak many -o scores.parquet --workers {workers}"
    code, said = interrupt_after_first_part([*SKYSIEVE, *words.split()], tmp_path)
    assert code == 130
    assert said == "error: interrupted; the same command goes on where it stopped\n"
    assert not (tmp_path / "scores.parquet").exists()
    again = call(tmp_path, words)
    assert again.returncode == 0
    assert f"{count:,} alerts scored" in again.stdout
    assert "going on with an earlier run" in again.stdout
    assert pq.read_metadata(tmp_path / "scores.parquet").num_rows == count


def interrupt_after_first_part(command: list[str], folder: Path) -> tuple[int, str]:
    """Press Ctrl-C, as a terminal does, when the first part of a run is on disk."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # A test run in the background ignores SIGINT, and its children would, too.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
    )
    deadline = time.monotonic() + 60
    while not list(folder.glob("scores.parquet.parts/*/part-*.parquet")):
        assert process.poll() is None, "the run ended before it left a part"
        assert time.monotonic() < deadline, "no part within a minute"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    _, said = process.communicate(timeout=60)
    return process.returncode, said


@pytest.mark.parametrize("module", ["sqlalchemy", "structlog"])
def test_without_the_extra_of_the_service_the_line_that_installs_it_is_told(
    tmp_path: Path, module: str
) -> None:
    program = (
        f"import sys; sys.modules[{module!r}] = None; sys.argv = ['skysieve', 'serve', '--home', 'service']; "
        "from skysieve.cli import main; main()"
    )
    result = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    assert result.returncode == 1
    needed = f"{module!r} is needed for the night service"
    assert error_of(result) == f"error: {needed} and is not installed: pip install 'skysieve[serve]'"
