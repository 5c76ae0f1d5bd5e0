"""Simulated triplets as a sample set on disk, block by block, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from skysieve.progress import progress_bar
from skysieve.samples.description import Description, TensorColumn
from skysieve.samples.parquet import SampleWriter
from skysieve.sources.alerts.alert import CUTOUT_CHANNELS
from skysieve.sources.simulators.triplets import simulate_triplets

__all__ = ["write_triplet_samples"]

#: Triplets that are simulated and written at a time.
BLOCK = 512

_TRUTH = ("magnitude", "snr", "seeing", "host_magnitude", "measured_magnitude")


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
        label_origin="SIMULATED: labels are the truth of the simulator.",
        origin={"simulator": "triplets", "seed": seed, "n": n, "kinds": list(chosen or ["all"])},
    )
    with progress_bar("simulating", n, enabled=progress) as bar, SampleWriter(path, description) as writer:
        for start in range(0, n, BLOCK):
            count = min(BLOCK, n - start)
            triplets = simulate_triplets(
                count, seed=seed, start=start, real_fraction=real_fraction, kinds=chosen
            )
            number = np.arange(start, start + count)
            truth = {name: getattr(triplets, name) for name in _TRUTH}
            writer.write(
                {
                    "id": number,
                    "group": number,
                    "label": triplets.label.astype(np.int64),
                    "kind": np.asarray(triplets.kind).astype(np.str_),
                    **truth,
                    "cutouts": triplets.cutouts,
                }
            )
            bar.advance(count)
    return Path(path)
