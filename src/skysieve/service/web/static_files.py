"""The files of the pages: for anybody, kept by browsers for ever where the address holds their hash."""

from __future__ import annotations

import functools
import hashlib
import os
from pathlib import Path
from urllib.parse import parse_qs

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

__all__ = ["HashedStaticFiles"]


class HashedStaticFiles(StaticFiles):
    """Files of a folder.

    A file that is asked for with the first digits of its SHA-256 as ``v`` never changes under that
    address. Without, or with those of another version, the browser asks again each time.
    """

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Scope,
        status_code: int = 200,
    ) -> Response:
        """Return a file with how long it may be kept."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        given = parse_qs(scope.get("query_string", b"").decode("latin-1")).get("v", [""])[0]
        right = len(given) >= 12 and _digest(Path(full_path), stat_result.st_mtime_ns).startswith(given)
        response.headers["Cache-Control"] = (
            "public, max-age=31536000, immutable" if right else "public, no-cache"
        )
        return response


@functools.lru_cache(maxsize=256)
def _digest(path: Path, changed: int) -> str:  # noqa: ARG001 - another time of change is another content
    return hashlib.sha256(path.read_bytes()).hexdigest()
