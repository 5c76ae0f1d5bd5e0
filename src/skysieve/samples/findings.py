"""What was wrong with one item, in a form that can be listed, counted and stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Literal

from skysieve.errors import InputError

__all__ = ["Finding", "count_findings"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about one item.

    Parameters
    ----------
    item : str
        The item: path, archive member, candid, row or split.
    kind : str
        Short slug of the reason, the same for items that fail alike
        (``truncated-gzip``, ``duplicate``, ``group-straddles-splits``).
    reason : str
        A sentence: what was found, what was expected, what to do.
    severity : {"error", "warning", "note"}
        An ``error`` makes the item unusable, a ``warning`` deserves a look, a
        ``note`` is only counted.

    Examples
    --------
    >>> Finding("a.avro", "truncated-avro", "ends after 100 bytes of 5,000").severity
    'error'
    """

    item: str
    kind: str
    reason: str
    severity: Literal["error", "warning", "note"] = "error"

    @classmethod
    def from_error(cls, error: InputError) -> Finding:
        """Turn the exception of a reader into a finding."""
        return cls(error.item, error.kind, error.reason)

    def as_dict(self) -> dict[str, str]:
        """Return the fields as a JSON-ready dictionary."""
        return asdict(self)

    def __str__(self) -> str:
        return f"{self.severity}: {self.item}: {self.reason} [{self.kind}]"


def count_findings(findings: Iterable[Finding]) -> dict[str, int]:
    """Count findings by kind, the most frequent first.

    Examples
    --------
    >>> count_findings([Finding("a", "nan", "x"), Finding("b", "nan", "x")])
    {'nan': 2}
    """
    return dict(Counter(finding.kind for finding in findings).most_common())
