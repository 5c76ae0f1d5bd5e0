"""What could not be fetched, and why: as records, as a list on disk."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from skysieve.atomic_file import replacing
from skysieve.errors import InputError
from skysieve.samples.findings import Finding

__all__ = ["Failure", "list_failures"]


@dataclass(frozen=True, slots=True)
class Failure:
    """A position without what was wanted of it.

    Parameters
    ----------
    id : str
        Its name, or the row.
    url : str
        What was asked; empty if nothing was.
    kind, reason : str
        Why, as a slug and in words.

    Examples
    --------
    >>> Failure.from_finding(InputError("row 7", "missing-id", "the column 'id' is empty")).kind
    'missing-id'
    """

    id: str
    url: str
    kind: str
    reason: str

    @classmethod
    def from_finding(cls, found: Finding | InputError, url: str = "") -> Failure:
        """Return what a finding, or the error of a reader, means for its item."""
        return cls(found.item, url, found.kind, found.reason)


def list_failures(output: Path, failures: Sequence[Failure]) -> Path:
    """Write ``<output>.failures.csv``, or remove it if nothing failed.

    Parameters
    ----------
    output : Path
        The sample set that the failures are missing from.
    failures : sequence of Failure
        In the order in which they are listed.

    Returns
    -------
    Path
        Where the list is, or would be.
    """
    path = output.with_name(output.name + ".failures.csv")
    if not failures:
        path.unlink(missing_ok=True)
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(["id", "url", "kind", "reason"])
        writer.writerows((each.id, each.url, each.kind, each.reason) for each in failures)
    return path
