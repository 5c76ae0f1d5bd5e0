"""Which groups a model has learned from or was chosen on: figures on those flatter it.

Real groups are kept as short digests. Simulated ones are numbers, and a simulation may have a hundred
thousand of them: they are kept as one bit a number, for each simulation by its name and seed.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet

__all__ = ["SEEN", "SEEN_GROUPS", "group_digests", "seen_finding", "seen_groups", "seen_samples"]

#: Name in the provenance of a model.
SEEN_GROUPS = "seen_groups"

#: How an entry begins that holds the numbers of a simulation.
_SIMULATION = "simulation "

#: Name of the figure.
SEEN = "samples_seen_in_training"


def seen_groups(
    samples: SampleSet, rows: NDArray[np.integer[Any]], start: Mapping[str, Any] | None = None
) -> list[str]:
    """Return what is to be remembered of the groups of some samples, for the provenance of a model.

    Parameters
    ----------
    samples : SampleSet
        What the model was trained on.
    rows : ndarray of int
        The rows that it learned from, or that chose something about it.
    start : mapping, optional
        Provenance of the model whose weights training started from; what that one has seen counts.
        If it noted a simulation group by group, that is noted as a whole: a sample of the same
        simulation counts as seen.

    Returns
    -------
    list of str
        Digests of 16 hexadecimal digits, and ``simulation <digest> <bits>`` for simulated groups.
    """
    before = set((start or {}).get(SEEN_GROUPS, ()))
    origin = (start or {}).get("samples", {})
    if "simulator" in origin and not any(map(_is_simulation, before)):
        before = set(_digests([""], _salt(origin)))
    numbers = _simulated_numbers(samples)
    if numbers is None:
        return sorted({*group_digests(samples)[rows].tolist(), *before})
    simulations, salts, number = numbers
    bits = _read_bits(before)
    for index, salt in enumerate(salts):
        (digest,) = _digests([""], salt)
        of_this = rows[simulations[rows] == index]
        bits[digest] = np.union1d(bits.get(digest, np.zeros(0, np.int64)), number[of_this])
    rest = {entry for entry in before if not _is_simulation(entry)}
    return sorted({*rest, *(_write_bits(digest, seen) for digest, seen in bits.items() if len(seen))})


def seen_samples(samples: SampleSet, provenance: Mapping[str, Any]) -> NDArray[np.bool_] | None:
    """Say of which samples a model has seen the group.

    Returns
    -------
    ndarray of bool, shape (N,), or None
        None if the model does not say what it has seen.
    """
    if SEEN_GROUPS not in provenance:
        return None
    entries = list(provenance[SEEN_GROUPS])
    digests = np.asarray([entry for entry in entries if not _is_simulation(entry)], dtype=np.str_)
    seen = np.isin(group_digests(samples), digests)
    numbers = _simulated_numbers(samples)
    if numbers is None:
        return seen
    simulations, salts, number = numbers
    bits = _read_bits(entries)
    for index, salt in enumerate(salts):
        (digest,) = _digests([""], salt)
        of_this = simulations == index
        if digest in digests:
            seen |= of_this
        elif digest in bits:
            seen |= of_this & np.isin(number, bits[digest])
    return seen


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


def _simulated_numbers(
    samples: SampleSet,
) -> tuple[NDArray[np.int64], list[str], NDArray[np.int64]] | None:
    """Return which simulation each sample is of, the salts of these, and its number in it.

    A set may be joined of several simulations (``parts`` of its origin, in their order); its groups then
    go on counting. None if the set is not simulated, or its groups are no such numbers.
    """
    origin = samples.description.origin
    if "simulator" not in origin or not np.issubdtype(samples.groups.dtype, np.integer):
        return None
    groups = samples.groups.astype(np.int64)
    if groups.min(initial=0) < 0:
        return None
    parts = origin.get("parts") or [origin]
    if len(parts) == 1:
        return np.zeros(len(groups), np.int64), [_salt(parts[0])], groups
    ends = np.cumsum([int(part["n"]) for part in parts])
    which = np.searchsorted(ends, groups, side="right")
    if which.max(initial=0) >= len(parts):
        return None
    return which, [_salt(part) for part in parts], groups - np.concatenate([[0], ends])[which]


def _is_simulation(entry: str) -> bool:
    return entry.startswith(_SIMULATION)


def _write_bits(digest: str, numbers: NDArray[np.int64]) -> str:
    bits = np.zeros(int(numbers.max()) + 1, dtype=bool)
    bits[numbers] = True
    return f"{_SIMULATION}{digest} {base64.b64encode(zlib.compress(np.packbits(bits).tobytes(), 9)).decode()}"


def _read_bits(entries: Iterable[str]) -> dict[str, NDArray[np.int64]]:
    found = {}
    for entry in filter(_is_simulation, entries):
        digest, text = entry.removeprefix(_SIMULATION).split(" ")
        packed = np.frombuffer(zlib.decompress(base64.b64decode(text)), dtype=np.uint8)
        found[digest] = np.flatnonzero(np.unpackbits(packed)).astype(np.int64)
    return found
