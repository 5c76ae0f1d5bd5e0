"""What a killed run leaves behind, and whose it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock

from skysieve.errors import ConfigurationError
from skysieve.samples.part_folder import part_folder


def leave(output: Path, identity: dict[str, object], *names: str) -> None:
    """Break off a run that has finished some parts."""

    def run() -> None:
        with part_folder(output, identity) as parts:
            for name in names:
                (parts / name).touch()
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run()


def test_parts_stay_until_the_run_succeeds(tmp_path: Path) -> None:
    output = tmp_path / "made.parquet"
    leave(output, {"seed": 1, "shape": (2, 3)}, "part-0.npy")
    with part_folder(output, {"seed": 1, "shape": (2, 3)}) as parts:
        assert (parts / "part-0.npy").exists()
    assert list(tmp_path.iterdir()) == []


def test_the_parts_of_the_next_run_are_not_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    output = tmp_path / "made.parquet"
    release = FileLock.release

    def next_run_begins(lock: FileLock, force: bool = False) -> None:
        release(lock, force)
        monkeypatch.undo()
        leave(output, {"seed": 2}, "part-0.npy")

    monkeypatch.setattr(FileLock, "release", next_run_begins)
    with part_folder(output, {"seed": 1}):
        pass
    with part_folder(output, {"seed": 2}) as parts:
        assert (parts / "part-0.npy").exists()


def test_parts_of_another_run_are_refused_and_kept(tmp_path: Path) -> None:
    output = tmp_path / "made.parquet"
    leave(output, {"seed": 1, "bytes": 3}, "part-0.npy")
    with (
        pytest.raises(ConfigurationError, match=r"another run, which differs in seed, version; finish"),
        part_folder(output, {"seed": 2, "bytes": 3, "version": "1"}),
    ):
        pass
    with part_folder(output, {"seed": 1, "bytes": 3}) as parts:
        assert (parts / "part-0.npy").exists()


def test_a_run_that_finished_nothing_stands_in_nobodys_way(tmp_path: Path) -> None:
    output = tmp_path / "made.parquet"
    leave(output, {"seed": 1})
    leave(output, {"seed": 2}, "part-0.npy")
    with part_folder(output, {"seed": 2}) as parts:
        assert (parts / "part-0.npy").exists()


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_parts_of_nobody_knows_what_are_refused(tmp_path: Path, text: str) -> None:
    output = tmp_path / "made.parquet"
    leave(output, {"seed": 1}, "part-0.npy")
    (tmp_path / "made.parquet.parts" / "manifest.json").write_text(text)
    with pytest.raises(ConfigurationError, match="differs in seed"), part_folder(output, {"seed": 1}):
        pass


def test_two_runs_do_not_write_the_same_output(tmp_path: Path) -> None:
    output = tmp_path / "made.parquet"
    with (
        part_folder(output, {}),
        pytest.raises(ConfigurationError, match="another run is writing"),
        part_folder(output, {}),
    ):
        pass
