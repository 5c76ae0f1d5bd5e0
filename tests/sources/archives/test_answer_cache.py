"""Answers on disk: whole or absent, believed only with their checksum."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from skysieve.errors import DownloadError, InputError
from skysieve.sources.archives.answer_cache import AnswerCache
from skysieve.sources.archives.cutout_service import Request

BODY = b"pixels"


def question(name: str = "a") -> Request:
    return Request("https://archive.example.org/cut", (("id", name),), ".jpg")


def test_a_file_is_named_by_question_and_content(tmp_path: Path) -> None:
    AnswerCache(tmp_path).keep(question(), BODY)
    (path,) = tmp_path.glob("*/*.jpg")
    asked = hashlib.sha256(b"https://archive.example.org/cut?id=a").hexdigest()[:32]
    assert path.name == f"{asked}-{hashlib.sha256(BODY).hexdigest()}.jpg"
    assert path.parent.name == asked[:2]
    again = AnswerCache(tmp_path)
    assert (again.answer(question()), len(again)) == (BODY, 1)
    assert again.checksum(question()) == hashlib.sha256(BODY).hexdigest()
    assert again.answer(question("b")) is None
    assert again.checksum(question("b")) == ""


def test_a_later_answer_stands_in_place_of_an_earlier_one(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    for body in (b"first", BODY, BODY):
        cache.keep(question(), body)
    assert len(list(tmp_path.glob("*/*.jpg"))) == 1
    assert AnswerCache(tmp_path).answer(question()) == cache.answer(question()) == BODY


@pytest.mark.parametrize("damage", [b"", b"pixel", b"pixels\0", b"pixelS"])
def test_what_lost_its_checksum_is_removed(tmp_path: Path, damage: bytes) -> None:
    cache = AnswerCache(tmp_path)
    cache.keep(question(), BODY)
    (path,) = tmp_path.glob("*/*.jpg")
    path.write_bytes(damage)
    assert cache.answer(question()) is None
    assert not path.exists()
    cache.keep(question(), BODY)
    path.unlink()
    assert cache.answer(question()) is None


def test_failures_are_kept_until_an_answer_comes(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    cache.keep_failure(question(), InputError("a", "stalled", "no byte"))
    error = AnswerCache(tmp_path).failure(question(), "b")
    assert error is not None
    assert (error.item, error.kind, error.reason) == ("b", "stalled", "no byte")
    cache.keep(question(), BODY)
    assert AnswerCache(tmp_path).failure(question(), "b") is None
    cache.keep_failure(question("c"), InputError("c", "stalled", "no byte"))
    next(tmp_path.glob("*/*.failure.json")).write_text("{")
    assert AnswerCache(tmp_path).failure(question("c"), "c") is None


def test_one_run_at_a_time_which_sweeps_what_a_killed_one_left(tmp_path: Path) -> None:
    cache = AnswerCache(tmp_path)
    cache.keep(question(), BODY)
    (path,) = tmp_path.glob("*/*.jpg")
    half = path.with_name(".half-a7.jpg")
    half.write_bytes(b"pi")
    with cache.alone():
        assert not half.exists()
        with (
            pytest.raises(DownloadError, match="another run fetches into this cache"),
            AnswerCache(tmp_path).alone(),
        ):
            pass
    with AnswerCache(tmp_path).alone():
        assert cache.answer(question()) == BODY


def test_foreign_files_do_no_harm(tmp_path: Path) -> None:
    for name in ("README", "xy/notes.txt", "long-name/file.jpg"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("mine")
    cache = AnswerCache(tmp_path)
    with cache.alone():
        cache.keep(question(), BODY)
    assert cache.answer(question()) == BODY
    assert (tmp_path / "README").read_text() == "mine"
