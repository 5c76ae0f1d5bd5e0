"""A tar archive that is sent while it is made, with a list of what could not be put into it."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Iterator

from skysieve.service.database.tables import Candidate

__all__ = ["MISSING", "end_of_archive", "member", "member_name"]

#: The file that names what is missing, and why.
MISSING = "missing.txt"

_BLOCK = tarfile.BLOCKSIZE


def member(name: str, data: bytes, *, time: float = 0.0) -> bytes:
    """Return a file as it stands in the archive.

    Parameters
    ----------
    name : str
        Its name, as of `member_name`.
    data : bytes
        Its content.
    time : float
        When it was made, seconds since 1970.
    """
    info = tarfile.TarInfo(name)
    info.size, info.mtime = len(data), int(time)
    return info.tobuf(tarfile.PAX_FORMAT) + data + bytes(-len(data) % _BLOCK)


def end_of_archive(missing: list[str]) -> Iterator[bytes]:
    """Yield the end of an archive: the list of what is missing, where something is, and the last blocks."""
    if missing:
        yield member(MISSING, ("\n".join(missing) + "\n").encode())
    yield bytes(2 * _BLOCK)


def member_name(candidate: Candidate, ending: str) -> str:
    """Return the name of a candidate's file: nothing that came from outside reaches other folders.

    Examples
    --------
    >>> from skysieve.service.database.tables import Night
    >>> night = Night(name="20261120")
    >>> member_name(Candidate(id=7, survey="ZTF", name="../../etc", night=night), ".fits")
    '20261120/ZTF_etc_7.fits'
    """
    parts = [re.sub(r"[^A-Za-z0-9-]+", "_", text).strip("_") for text in (candidate.survey, candidate.name)]
    night = re.sub(r"[^A-Za-z0-9]+", "_", candidate.night.name)
    return f"{night}/{'_'.join([*parts, str(candidate.id)])}{ending}"
