"""Cutouts of scored streaks, read again by the names that stand in the table, to be shown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.sources.streaks.night import list_streak_night, read_streak

__all__ = ["read_streak_cutouts"]


def read_streak_cutouts(sources: Iterable[str]) -> dict[str, NDArray[np.uint8]]:
    """Read the cutouts of some streaks again.

    Parameters
    ----------
    sources : iterable of str
        Values of the column ``source``.

    Returns
    -------
    dict of str to ndarray of uint8, shape (144, 144)
        Grey levels by source; sources that cannot be found or read any more are absent.

    Examples
    --------
    >>> read_streak_cutouts(["night/strkid1_pid1_scimref.jpg"])
    {}
    """
    wanted = set(sources)
    files = sorted({source.partition("::")[0] for source in wanted})
    found: dict[str, NDArray[np.uint8]] = {}
    for name in [name for name in files if name.endswith(".parquet")]:
        files.remove(name)
        found |= _of_samples(name, [source for source in wanted if source.startswith(f"{name}::")])
    for item in list_streak_night(files, expect=()).items:
        if item.source in wanted and not isinstance(cutout := read_streak(item), Finding):
            found[item.source] = cutout.grey
    return found


def _of_samples(path: str, sources: Sequence[str]) -> dict[str, NDArray[np.uint8]]:
    """Read rows of a sample set, ``<samples>::<row>``."""
    try:
        samples = SampleSet.open(path)
        rows = np.array([int(source.rpartition("::")[2]) for source in sources], dtype=np.int64)
        images = samples.tensor("cutouts", rows)[:, 0]
    except (SampleSetError, ValueError):
        return {}
    return dict(zip(sources, images, strict=True))
