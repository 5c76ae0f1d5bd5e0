"""Simulated triplets as a sample set on disk, block by block, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from skysieve.samples.description import Description, TensorColumn
from skysieve.sources.alerts.alert import CUTOUT_CHANNELS
from skysieve.sources.simulators.blocks import LABEL_ORIGIN, numbered, write_blocks
from skysieve.sources.simulators.triplets import simulate_triplets

__all__ = ["write_triplet_samples"]

#: Triplets that are simulated and written at a time.
BLOCK = 512

_TRUTH = ("magnitude", "snr", "seeing", "host_magnitude", "measured_magnitude")

#: Seed, share of real ones, kinds.
_Task = tuple[int, float, tuple[str, ...] | None]


def write_triplet_samples(
    path: str | Path,
    *,
    n: int,
    seed: int,
    real_fraction: float = 0.5,
    kinds: Iterable[str] | None = None,
    progress: bool = False,
) -> Path:
    """Simulate triplets and write them as a sample set.

    Parameters
    ----------
    path : path
        The Parquet file.
    n : int
        Number of triplets.
    seed : int
        Seed; the triplets do not depend on how they are cut into blocks.
    real_fraction : float
        Probability that a triplet is real.
    kinds : iterable of str, optional
        Kinds to draw from; all if not given.
    progress : bool
        Show progress.

    Returns
    -------
    Path
        The file. ``id`` and ``group`` are the number of the triplet: every one is a sky of its own.

    Examples
    --------
    >>> import tempfile
    >>> from skysieve.samples import SampleSet
    >>> path = write_triplet_samples(Path(tempfile.mkdtemp()) / "sim.parquet", n=3, seed=1)
    >>> SampleSet.open(path)
    <SampleSet: 3 samples, cutouts (3, 63, 63), classes ('bogus', 'real')>
    """
    chosen = None if kinds is None else tuple(kinds)
    layout = TensorColumn((3, 63, 63), channels=CUTOUT_CHANNELS, unit="detector counts")
    description = Description(
        {"cutouts": layout},
        classes=("bogus", "real"),
        label_origin=LABEL_ORIGIN,
        origin={"simulator": "triplets", "seed": seed, "n": n, "kinds": list(chosen or ["all"])},
    )
    task: _Task = (seed, real_fraction, chosen)
    return write_blocks(path, description, _block, task, n, block=BLOCK, progress=progress)


def _block(task: _Task, start: int, count: int) -> dict[str, Any]:
    seed, real_fraction, kinds = task
    triplets = simulate_triplets(count, seed=seed, start=start, real_fraction=real_fraction, kinds=kinds)
    return {
        **numbered(start, count),
        "label": triplets.label.astype(np.int64),
        "kind": np.asarray(triplets.kind).astype(np.str_),
        **{name: getattr(triplets, name) for name in _TRUTH},
        "cutouts": triplets.cutouts,
    }
