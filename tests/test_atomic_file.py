"""Files that are complete or absent."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from skysieve.atomic_file import replacing


def _write_half(target: Path) -> None:
    with replacing(target) as temporary:
        temporary.write_text("ne")
        raise RuntimeError("half way")


def test_failure_keeps_what_was_there(tmp_path: Path) -> None:
    target = tmp_path / "weights.bin"
    target.write_text("old")
    with pytest.raises(RuntimeError, match="half way"):
        _write_half(target)
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_mode_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        with replacing(tmp_path / "a.json") as temporary:
            temporary.write_text("{}")
    finally:
        os.umask(before)
    assert (tmp_path / "a.json").stat().st_mode & 0o777 == 0o640
