"""Which groups a model has learned from or was chosen on: figures on those flatter it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet

__all__ = ["SEEN", "SEEN_GROUPS", "group_digests", "seen_finding", "seen_groups", "seen_samples"]

#: Name in the provenance of a model.
SEEN_GROUPS = "seen_groups"

#: Name of the figure.
SEEN = "samples_seen_in_training"


def seen_groups(
    samples: SampleSet, rows: NDArray[np.integer[Any]], start: Mapping[str, Any] | None = None
) -> list[str]:
    """Return the digests of the groups of some samples, for the provenance of a model.

    Parameters
    ----------
    samples : SampleSet
        What the model was trained on.
    rows : ndarray of int
        The rows that it learned from, or that chose something about it.
    start : mapping, optional
        Provenance of the model whose weights training started from; what that one has seen counts.
        If it learned from a simulation, that is noted as a whole: thousands of simulated skies tell
        nothing more, and a sample of the same simulation counts as seen.
    """
    before = (start or {}).get(SEEN_GROUPS, ())
    origin = (start or {}).get("samples", {})
    if "simulator" in origin:
        before = _digests([""], _salt(origin))
    return sorted({*group_digests(samples)[rows].tolist(), *before})


def seen_samples(samples: SampleSet, provenance: Mapping[str, Any]) -> NDArray[np.bool_] | None:
    """Say of which samples a model has seen the group.

    Returns
    -------
    ndarray of bool, shape (N,), or None
        None if the model does not say what it has seen.
    """
    if SEEN_GROUPS not in provenance:
        return None
    seen = np.asarray(provenance[SEEN_GROUPS], dtype=np.str_)
    simulation = list(_digests([""], _salt(samples.description.origin)))
    if "simulator" in samples.description.origin and np.isin(simulation, seen).any():
        return np.ones(len(samples), dtype=bool)
    return np.isin(group_digests(samples), seen)


def seen_finding(seen: NDArray[np.bool_] | None) -> tuple[Finding, ...]:
    """Return the warning that belongs beside figures on samples the model has seen."""
    if seen is None or not seen.any():
        return ()
    reason = (
        f"{int(seen.sum())} of {len(seen)} samples are of groups that the model was trained or chosen on; "
        "they flatter the figures"
    )
    return (Finding("group", "seen-in-training", reason, "warning"),)


def group_digests(samples: SampleSet) -> NDArray[np.str_]:
    """Return 8 bytes of BLAKE2b of the group of every sample, as hexadecimal digits, shape (N,)."""
    names, which = np.unique(samples.groups, return_inverse=True)
    salt = _salt(samples.description.origin)
    return np.array(list(_digests(names.tolist(), salt)), dtype=np.str_)[which]


def _digests(names: Iterable[Any], salt: str) -> Iterable[str]:
    for name in names:
        yield hashlib.blake2b(f"{salt}{name}".encode(), digest_size=8).hexdigest()


def _salt(origin: Mapping[str, Any]) -> str:
    """Tell simulated groups apart, whose numbers begin at 0 in every simulation."""
    return f"{origin['simulator']} {origin.get('seed')} " if "simulator" in origin else ""
