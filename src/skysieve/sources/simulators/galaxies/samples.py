"""Simulated galaxies as a sample set on disk, by several processes, the same for the same seed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skysieve.samples.description import Description, TensorColumn
from skysieve.sources.simulators.blocks import described, numbered, write_blocks
from skysieve.sources.simulators.galaxies.kinds import CLASSES, chosen_kinds
from skysieve.sources.simulators.galaxies.look import MASK_SIGMA, Look
from skysieve.sources.simulators.galaxies.simulate import (
    GALAXY_WIDTH,
    LSBG_WIDTH,
    Kinds,
    as_shares,
    simulate_collection,
)
from skysieve.sources.simulators.galaxies.survey import BANDS, Survey

__all__ = ["ARTIFACT_CLASSES", "write_galaxy_samples", "write_lsbg_samples"]

#: Cutouts that a process simulates at a time.
BLOCK = 128

#: Classes of the variant that tells two types of artefacts from each other.
ARTIFACT_CLASSES = ("artifact-1", "artifact-2", "lsbg")


@dataclass(frozen=True, slots=True)
class _Task:
    """What every block of a sample set has in common."""

    collection: str
    seed: int
    kinds: dict[str, float | None] | None
    look: Look
    classes: tuple[str, ...]

    @classmethod
    def of(
        cls, collection: str, seed: int, kinds: Kinds | None, look: Look, classes: tuple[str, ...]
    ) -> _Task:
        """Return a task in which every kind has its share."""
        return cls(collection, seed, None if kinds is None else as_shares(kinds), look, classes)


def write_galaxy_samples(
    path: str | Path,
    n: int,
    seed: int,
    *,
    kinds: Kinds | None = None,
    survey: Survey | None = None,
    size: int = 64,
    width: float | None = GALAXY_WIDTH,
    pictures: bool = True,
    mask_sigma: float = MASK_SIGMA,
    workers: int = 1,
    progress: bool = False,
) -> Path:
    """Simulate galaxies of four morphological classes and write them as a sample set.

    Parameters
    ----------
    path : path
        The Parquet file.
    n : int
        Number of cutouts.
    seed : int
        Seed. The file does not depend on ``workers``.
    kinds, survey, size, width, pictures, mask_sigma
        As of `simulate_galaxies`.
    workers : int
        Processes.
    progress : bool
        Show progress.

    Returns
    -------
    Path
        The file. ``id`` and ``group`` are the number of the cutout: every one is a sky of its own. The
        tensor column ``mask`` lies beside ``cutouts``; the truth is in columns of the names of `Truth`.

    Raises
    ------
    ConfigurationError, UnknownNameError, MissingExtraError
        As `simulate_galaxies`, before the file is begun.

    Examples
    --------
    >>> import tempfile
    >>> from skysieve.samples import SampleSet
    >>> path = write_galaxy_samples(Path(tempfile.mkdtemp()) / "galaxies.parquet", n=3, seed=1)
    >>> SampleSet.open(path).description.classes
    ('edge_on_disk', 'elliptical', 'face_on_spiral', 'merger')
    """
    look = Look(survey or Survey(), size, width, pictures, mask_sigma)
    classes = CLASSES["morphology"]
    return _write(path, n, _Task.of("morphology", seed, kinds, look, classes), workers, progress)


def write_lsbg_samples(
    path: str | Path,
    n: int,
    seed: int,
    *,
    kinds: Kinds | None = None,
    survey: Survey | None = None,
    size: int = 64,
    width: float | None = LSBG_WIDTH,
    pictures: bool = True,
    mask_sigma: float = MASK_SIGMA,
    artifact_types: bool = False,
    workers: int = 1,
    progress: bool = False,
) -> Path:
    """Simulate low-surface-brightness galaxies and artefacts and write them as a sample set.

    Parameters
    ----------
    path, n, seed, kinds, survey, size, width, pictures, mask_sigma, workers, progress
        As of `write_galaxy_samples`.
    artifact_types : bool
        Label artefacts by their type: classes are then ``artifact-1``, ``artifact-2`` and ``lsbg``.

    Returns
    -------
    Path
        The file, as of `write_galaxy_samples`; it has the columns ``kind`` and ``artifact_type`` either way.

    Examples
    --------
    >>> import tempfile
    >>> from skysieve.samples import SampleSet
    >>> path = write_lsbg_samples(Path(tempfile.mkdtemp()) / "lsbg.parquet", n=3, seed=1)
    >>> SampleSet.open(path).description.classes
    ('artifact', 'lsbg')
    """
    look = Look(survey or Survey(), size, width, pictures, mask_sigma)
    classes = ARTIFACT_CLASSES if artifact_types else CLASSES["lsbg"]
    return _write(path, n, _Task.of("lsbg", seed, kinds, look, classes), workers, progress)


def _write(path: str | Path, n: int, task: _Task, workers: int, progress: bool) -> Path:
    return write_blocks(
        path, _description(task, n), _block, task, n, block=BLOCK, workers=workers, progress=progress
    )


def _description(task: _Task, n: int) -> Description:
    look = task.look
    shape = (len(BANDS), look.size, look.size)
    if look.pictures:
        cutouts = TensorColumn(shape, "uint8", channels=("red", "green", "blue"), unit="picture level")
    else:
        cutouts = TensorColumn(shape, "float32", channels=BANDS, unit="flux per pixel")
    return described(
        {"morphology": "galaxies", "lsbg": "lsbg"}[task.collection],
        {"cutouts": cutouts, "mask": TensorColumn((1, *shape[1:]), "uint8", channels=("subject",))},
        task.classes,
        seed=task.seed,
        n=n,
        kinds=chosen_kinds(task.collection, task.kinds),
        survey=asdict(look.survey),
        pixel=look.pixel,
        mask_sigma=look.mask_sigma,
    )


def _block(task: _Task, start: int, count: int) -> dict[str, Any]:
    galaxies = simulate_collection(
        task.collection, count, seed=task.seed, kinds=task.kinds, look=task.look, start=start
    )
    columns: dict[str, Any] = {**numbered(start, count), **galaxies.columns()}
    if task.classes == ARTIFACT_CLASSES:
        # Types count from 1, classes from 0; galaxies come last.
        columns["label"] = np.where(galaxies.artifact_type == 0, 2, galaxies.artifact_type - 1)
    return {**columns, "cutouts": galaxies.cutouts, "mask": galaxies.mask}
