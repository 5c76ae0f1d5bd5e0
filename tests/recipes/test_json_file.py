"""A full disk leaves the figures of before, not half of the new ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from skysieve.recipes.json_file import write_json


def test_a_broken_write_leaves_the_file_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "evaluation.json"
    write_json(path, {"roc_auc": 0.5})
    write_half = Path.write_text

    def full(self: Path, text: str, encoding: str | None = None) -> int:
        write_half(self, text[: len(text) // 2], encoding=encoding)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(OSError, match="No space left"):
        write_json(path, {"roc_auc": 0.9})
    assert json.loads(path.read_text()) == {"roc_auc": 0.5}
    assert list(tmp_path.iterdir()) == [path]
