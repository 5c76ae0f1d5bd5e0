"""Simulated streaks as a sample set on disk, by several processes, the same for the same seed."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from skysieve.samples.description import Description, TensorColumn
from skysieve.sources.simulators.blocks import LABEL_ORIGIN, numbered, write_blocks
from skysieve.sources.simulators.camera import Camera
from skysieve.sources.simulators.streaks.kinds import chosen_kinds
from skysieve.sources.simulators.streaks.simulate import simulate_streaks
from skysieve.sources.streaks.cutout_file import CUTOUT_SIDE, INPUT_SIDE, resize_cutouts

__all__ = ["write_streak_samples"]

#: Cutouts that a process simulates at a time.
BLOCK = 512

#: Seed, camera, share of real ones, kinds.
_Task = tuple[int, Camera | None, float, tuple[str, ...] | None]


def write_streak_samples(
    path: str | Path,
    *,
    n: int,
    seed: int,
    camera: Camera | None = None,
    real_fraction: float = 0.5,
    kinds: Iterable[str] | None = None,
    workers: int = 1,
    progress: bool = False,
) -> Path:
    """Simulate streak cutouts and write them as a sample set.

    Parameters
    ----------
    path : path
        The Parquet file.
    n : int
        Number of cutouts.
    seed : int
        Seed. The file does not depend on ``workers``.
    camera : Camera, optional
        The camera and its sky; ZTF by default.
    real_fraction : float
        Probability that a cutout shows a plausible asteroid.
    kinds : iterable of str, optional
        Kinds to draw from; all if not given.
    workers : int
        Processes.
    progress : bool
        Show progress.

    Returns
    -------
    Path
        The file. ``id`` and ``group`` are the number of the cutout: every one is a sky of its own. The
        labels are in ``rb``, ``sl``, ``kd`` and ``os``; -1 says that there is none.

    Raises
    ------
    ConfigurationError
        If a number is out of its range.
    UnknownNameError
        If there is no such kind.

    Examples
    --------
    >>> import tempfile
    >>> from skysieve.samples import SampleSet
    >>> path = write_streak_samples(Path(tempfile.mkdtemp()) / "sim.parquet", n=3, seed=1)
    >>> SampleSet.open(path)
    <SampleSet: 3 samples, cutouts (1, 144, 144), classes ()>
    """
    chosen = None if kinds is None else tuple(kinds)
    chosen_kinds(chosen)
    task: _Task = (seed, camera, real_fraction, chosen)
    layout = TensorColumn((1, INPUT_SIDE, INPUT_SIDE), "uint8", channels=("difference",), unit="grey level")
    description = Description(
        {"cutouts": layout},
        label_origin=LABEL_ORIGIN,
        origin={
            "simulator": "streaks",
            "seed": seed,
            "n": n,
            "kinds": list(chosen or ["all"]),
            "real_fraction": real_fraction,
            "camera": asdict(Camera() if camera is None else camera),
        },
    )
    return write_blocks(path, description, _block, task, n, block=BLOCK, workers=workers, progress=progress)


def _block(task: _Task, start: int, count: int) -> dict[str, Any]:
    seed, camera, real_fraction, kinds = task
    streaks = simulate_streaks(
        count,
        seed=seed,
        camera=camera,
        real_fraction=real_fraction,
        kinds=kinds,
        size=CUTOUT_SIDE,
        start=start,
    )
    resized = resize_cutouts(np.asarray(streaks.cutouts, np.uint8))
    return {**numbered(start, count), **streaks.columns(), "cutouts": resized[:, None]}
