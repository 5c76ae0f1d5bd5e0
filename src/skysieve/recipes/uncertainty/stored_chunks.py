"""Long computations over rows that go on where they were stopped."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.atomic_file import replacing
from skysieve.progress import progress_bar
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.validation import content_hashes

__all__ = ["digest_of", "digest_of_samples", "stored_chunks"]

#: Rows of a chunk: what an interruption costs at most.
CHUNK = 2048

#: Samples whose tensors are looked at to tell two sets apart; all of them would take minutes.
LOOKED_AT = 128


def stored_chunks(
    folder: Path,
    key: str,
    count: int,
    compute: Callable[[int, int], NDArray[Any]],
    *,
    what: str,
    size: int = CHUNK,
    progress: bool = True,
) -> NDArray[Any]:
    """Compute something for every row, chunk by chunk, keeping each chunk until all are there.

    Parameters
    ----------
    folder : Path
        Where chunks are kept; the caller removes it when the results are written.
    key : str
        Of the computation: chunks of another one are not used.
    count : int
        Number of rows.
    compute : callable
        ``compute(first, behind)`` returns an array with one row for each of those rows.
    what : str
        Name of the work, for the bar.

    Examples
    --------
    >>> import tempfile
    >>> stored_chunks(
    ...     Path(tempfile.mkdtemp()), "squares", 3, lambda a, b: np.arange(a, b) ** 2, what="squaring", size=2
    ... ).tolist()
    [0, 1, 4]
    """
    folder.mkdir(parents=True, exist_ok=True)
    parts: list[NDArray[Any]] = []
    with progress_bar(what, count, enabled=progress) as bar:
        for first in range(0, count, size):
            behind = min(first + size, count)
            path = folder / f"{key}-{first}-{behind}.npy"
            if not path.is_file():
                with replacing(path) as partial:
                    np.save(partial, compute(first, behind))
            parts.append(np.load(path))
            bar.advance(behind - first)
    return np.concatenate(parts)


def digest_of(*facts: Any) -> str:
    """Return a short digest of facts that can be written as JSON, or of arrays."""
    digest = hashlib.blake2b(digest_size=8)
    for fact in facts:
        if isinstance(fact, np.ndarray):
            digest.update(f"{fact.dtype.kind}{fact.shape}".encode())
            digest.update(
                "\n".join(map(str, fact.tolist())).encode() if fact.dtype.kind in "USO" else fact.tobytes()
            )
        else:
            digest.update(json.dumps(fact, sort_keys=True, default=str).encode())
    return digest.hexdigest()


def digest_of_samples(samples: SampleSet) -> str:
    """Return a short digest of ids, groups and labels of a set, and of some of its tensors."""
    rows = np.unique(np.linspace(0, len(samples) - 1, min(LOOKED_AT, len(samples))).astype(np.int64))
    tensors = [each.hex() for each in content_hashes(samples.select(rows))]
    return digest_of(samples.ids, samples.groups, samples.labels, list(samples.classes), tensors)
