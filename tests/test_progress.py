"""Progress: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import io
import subprocess
import sys

import pytest

from skysieve.progress import progress_bar, track


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Clock:
    """Seconds that pass when told to."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_one_line_every_so_often() -> None:
    stream, clock = io.StringIO(), Clock()
    with progress_bar("scoring", 1000, every=30, stream=stream, clock=clock) as bar:
        for _ in range(100):
            clock.now += 1
            bar.note(f"step {clock.now:.0f}")
            bar.advance(10)
    assert stream.getvalue().splitlines() == [
        "scoring: 300/1,000 (30 %), 30 s, step 30",
        "scoring: 600/1,000 (60 %), 60 s, step 60",
        "scoring: 900/1,000 (90 %), 90 s, step 90",
    ]


def test_unknown_total() -> None:
    stream = io.StringIO()
    with progress_bar("reading", every=0, stream=stream) as bar:
        bar.advance(1500)
    assert stream.getvalue() == "reading: 1,500, 0 s\n"


def test_short_work_and_disabled_work_print_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(track(iter("abc"), "reading")) == ["a", "b", "c"]
    with progress_bar("reading", 3, every=0, enabled=False) as bar:
        bar.advance()
        bar.note("x")
    assert capsys.readouterr() == ("", "")


def test_bar_on_a_terminal() -> None:
    stream = Terminal()
    with progress_bar("training", 4, stream=stream) as bar:
        bar.note("loss 0.25")
        bar.advance(4)
    assert "training" in stream.getvalue()
    assert "4/4" in stream.getvalue()
    assert "loss 0.25" in stream.getvalue()


def test_error_passes_through() -> None:
    stream = Terminal()
    with pytest.raises(ValueError, match="broken"), progress_bar("training", stream=stream):
        raise ValueError("broken")


def test_import_leaves_rich_alone() -> None:
    code = "import sys, skysieve.progress; sys.exit('rich' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
