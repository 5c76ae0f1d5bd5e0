"""Simulated galaxies as a sample set on disk, by several processes, the same for the same seed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from skysieve.errors import ConfigurationError
from skysieve.progress import progress_bar
from skysieve.samples.description import Description, TensorColumn
from skysieve.samples.parquet import SampleWriter
from skysieve.sources.simulators.blocks import simulate_blocks
from skysieve.sources.simulators.galaxies.kinds import CLASSES, chosen_kinds
from skysieve.sources.simulators.galaxies.simulate import (
    GALAXY_WIDTH,
    LSBG_WIDTH,
    MASK_SIGMA,
    Galaxies,
    Kinds,
    as_shares,
    simulate_galaxies,
    simulate_lsbg,
)
from skysieve.sources.simulators.galaxies.survey import BANDS, Survey

__all__ = ["ARTIFACT_CLASSES", "write_galaxy_samples", "write_lsbg_samples"]

#: Cutouts that a process simulates at a time.
BLOCK = 128

#: Classes of the variant that tells two types of artefacts from each other.
ARTIFACT_CLASSES = ("artifact-1", "artifact-2", "lsbg")

_SIMULATORS: dict[str, Callable[..., Galaxies]] = {"morphology": simulate_galaxies, "lsbg": simulate_lsbg}


@dataclass(frozen=True, slots=True)
class _Task:
    """What every block of a sample set has in common."""

    collection: str
    seed: int
    kinds: dict[str, float | None] | None
    survey: Survey
    size: int
    width: float | None
    pictures: bool
    mask_sigma: float
    classes: tuple[str, ...]


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
    kinds : iterable of str or mapping from str to float, optional
        Kinds to draw from, or their shares; all if not given.
    survey : Survey, optional
        The survey; DES by default.
    size : int
        Side of a cutout, in pixels.
    width : float or None
        Side of a cutout in arcsec, None for ``size`` of the survey's own pixels.
    pictures : bool
        Write colour pictures (red, green, blue; uint8) rather than fluxes (g, r, z; float32).
    mask_sigma : float
        Light of the subject, in sigma of the sky noise, from which a pixel is in its mask.
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
    ConfigurationError
        If a number is out of its range.
    UnknownNameError
        If there is no such kind.
    MissingExtraError
        If GalSim is not installed.

    Examples
    --------
    >>> import tempfile
    >>> from skysieve.samples import SampleSet
    >>> path = write_galaxy_samples(Path(tempfile.mkdtemp()) / "galaxies.parquet", n=3, seed=1)
    >>> SampleSet.open(path).description.classes
    ('edge_on_disk', 'elliptical', 'face_on_spiral', 'merger')
    """
    task = _Task(
        "morphology",
        seed,
        None if kinds is None else as_shares(kinds),
        survey or Survey(),
        size,
        width,
        pictures,
        mask_sigma,
        CLASSES["morphology"],
    )
    return _write(path, n, task, workers, progress)


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
    task = _Task(
        "lsbg",
        seed,
        None if kinds is None else as_shares(kinds),
        survey or Survey(),
        size,
        width,
        pictures,
        mask_sigma,
        ARTIFACT_CLASSES if artifact_types else CLASSES["lsbg"],
    )
    return _write(path, n, task, workers, progress)


def _write(path: str | Path, n: int, task: _Task, workers: int, progress: bool) -> Path:
    if workers < 1:
        raise ConfigurationError(f"workers is {workers}; give 1 or more")
    # Wrong settings are refused before a file is begun.
    _simulate(task, 0, min(n, 0))
    with (
        progress_bar("simulating", n, enabled=progress) as bar,
        SampleWriter(path, _description(task, n)) as writer,
    ):
        for columns in simulate_blocks(_block, task, n, block=BLOCK, workers=workers):
            writer.write(columns)
            bar.advance(len(columns["id"]))
    return Path(path)


def _description(task: _Task, n: int) -> Description:
    shape = (len(BANDS), task.size, task.size)
    if task.pictures:
        cutouts = TensorColumn(shape, "uint8", channels=("red", "green", "blue"), unit="picture level")
    else:
        cutouts = TensorColumn(shape, "float32", channels=BANDS, unit="flux per pixel")
    pixel = task.survey.pixel_scale if task.width is None else task.width / task.size
    return Description(
        {"cutouts": cutouts, "mask": TensorColumn((1, *shape[1:]), "uint8", channels=("subject",))},
        classes=task.classes,
        label_origin="SIMULATED: labels are the truth of the simulator.",
        origin={
            "simulator": {"morphology": "galaxies", "lsbg": "lsbg"}[task.collection],
            "seed": task.seed,
            "n": n,
            "kinds": chosen_kinds(task.collection, task.kinds),
            "survey": asdict(task.survey),
            "pixel": pixel,
            "mask_sigma": task.mask_sigma,
        },
    )


def _block(task: _Task, start: int, count: int) -> dict[str, Any]:
    galaxies = _simulate(task, start, count)
    number = np.arange(start, start + count)
    columns: dict[str, Any] = {"id": number, "group": number, **galaxies.columns()}
    if task.classes == ARTIFACT_CLASSES:
        # Types count from 1, classes from 0; galaxies come last.
        columns["label"] = np.where(galaxies.artifact_type == 0, 2, galaxies.artifact_type - 1)
    return {**columns, "cutouts": galaxies.cutouts, "mask": galaxies.mask}


def _simulate(task: _Task, start: int, count: int) -> Galaxies:
    return _SIMULATORS[task.collection](
        count,
        seed=task.seed,
        kinds=task.kinds,
        survey=task.survey,
        size=task.size,
        width=task.width,
        pictures=task.pictures,
        mask_sigma=task.mask_sigma,
        start=start,
    )
