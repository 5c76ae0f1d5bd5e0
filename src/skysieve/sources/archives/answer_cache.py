"""Answers kept on disk: one file each, named by the question and by the checksum of what it holds."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from skysieve.atomic_file import replacing
from skysieve.errors import DownloadError, InputError
from skysieve.sources.archives.cutout_service import Request

__all__ = ["AnswerCache"]

_DIGEST = 32
_FAILURE = ".failure.json"


class AnswerCache:
    """A folder of answers.

    Each lies in ``<two letters>/<question>-<sha256><suffix>``: the question is a digest of the
    whole URL, the checksum that of the bytes. A file appears complete or not at all, is believed
    only if it still has its checksum, and can be opened by any viewer. A question that failed for
    good has ``<question>.failure.json`` instead.

    Parameters
    ----------
    folder : str or Path
        Is made if needed.

    Examples
    --------
    >>> import tempfile
    >>> cache, question = AnswerCache(tempfile.mkdtemp()), Request("https://archive.org/a", (), ".csv")
    >>> cache.keep(question, b"ra,dec")
    >>> cache.answer(question)
    b'ra,dec'
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self._answers: dict[str, Path] = {}
        self._failures: dict[str, Path] = {}
        for path in self._files():
            if path.name.endswith(_FAILURE):
                self._failures[path.name.removesuffix(_FAILURE)] = path
            else:
                self._answers[path.name[:_DIGEST]] = path

    def __len__(self) -> int:
        return len(self._answers)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep other runs out while the block lasts; a killed run keeps out nobody.

        Raises
        ------
        DownloadError
            If another run uses the folder.
        """
        lock = FileLock(self.folder / ".lock")
        try:
            with lock.acquire(timeout=0):
                self._sweep()
                yield
        except Timeout:
            raise DownloadError(
                f"{self.folder}: another run fetches into this cache; wait for it, or give another (--cache)"
            ) from None

    def answer(self, request: Request) -> bytes | None:
        """Return the kept answer, or None; one that was damaged on disk is removed."""
        question = _question(request)
        path = self._answers.get(question)
        if path is None:
            return None
        try:
            body = path.read_bytes()
        except FileNotFoundError:
            body = b""
        if path.name == _name(question, body, request.suffix):
            return body
        path.unlink(missing_ok=True)
        del self._answers[question]
        return None

    def checksum(self, request: Request) -> str:
        """Return the SHA-256 of a kept answer; empty if there is none."""
        path = self._answers.get(_question(request))
        return path.name[_DIGEST + 1 : _DIGEST + 65] if path else ""

    def keep(self, request: Request, body: bytes) -> None:
        """Keep an answer in place of an earlier one, and forget that the question ever failed."""
        question = _question(request)
        path, before = self._place(_name(question, body, request.suffix)), self._answers.get(question)
        with replacing(path) as temporary:
            temporary.write_bytes(body)
        self._answers[question] = path
        if before is not None and before != path:
            before.unlink(missing_ok=True)
        self.forget_failure(request)

    def failure(self, request: Request, item: str) -> InputError | None:
        """Return how the question failed before, or None."""
        path = self._failures.get(_question(request))
        try:
            stored = json.loads(path.read_text(encoding="utf-8")) if path else None
            return InputError(item, str(stored["kind"]), str(stored["reason"])) if stored else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep_failure(self, request: Request, error: InputError) -> None:
        """Keep why a question cannot be answered."""
        question = _question(request)
        path = self._place(question + _FAILURE)
        with replacing(path) as temporary:
            stored = {"url": request.url, "kind": error.kind, "reason": error.reason}
            temporary.write_text(json.dumps(stored, indent=1), encoding="utf-8")
        self._failures[question] = path

    def forget_failure(self, request: Request) -> None:
        """Let a question be asked again."""
        if path := self._failures.pop(_question(request), None):
            path.unlink(missing_ok=True)

    def _place(self, name: str) -> Path:
        path = self.folder / name[:2] / name
        path.parent.mkdir(exist_ok=True)
        return path

    def _files(self) -> Iterator[Path]:
        for folder in sorted(self.folder.iterdir()):
            if folder.is_dir() and len(folder.name) == 2:
                for entry in os.scandir(folder):
                    if not entry.name.startswith("."):
                        yield Path(entry.path)

    def _sweep(self) -> None:
        """Remove what a killed run had begun to write."""
        for path in self.folder.glob("??/.*"):
            path.unlink(missing_ok=True)


def _question(request: Request) -> str:
    return hashlib.sha256(request.url.encode()).hexdigest()[:_DIGEST]


def _name(question: str, body: bytes, suffix: str) -> str:
    return f"{question}-{hashlib.sha256(body).hexdigest()}{suffix}"
