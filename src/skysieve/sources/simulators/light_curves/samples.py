"""Simulated light curves as a sample set on disk, by several processes, the same for the same seed."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from skysieve.samples.light_curves import light_curve_columns
from skysieve.sources.simulators.blocks import described, numbered, write_blocks
from skysieve.sources.simulators.light_curves.kinds import CLASSES, Kinds, as_shares, chosen_shares
from skysieve.sources.simulators.light_curves.simulate import simulate_light_curves
from skysieve.sources.simulators.light_curves.survey import CurveSurvey

__all__ = ["write_light_curve_samples"]

#: Curves that a process simulates at a time.
BLOCK = 256


@dataclass(frozen=True, slots=True)
class _Task:
    """What every block of a sample set has in common."""

    seed: int
    kinds: dict[str, float | None] | None
    survey: CurveSurvey
    flux: bool


def write_light_curve_samples(
    path: str | Path,
    n: int,
    seed: int,
    *,
    kinds: Kinds | None = None,
    survey: CurveSurvey | None = None,
    flux: bool = False,
    workers: int = 1,
    progress: bool = False,
) -> Path:
    """Simulate light curves and write them as a sample set.

    Parameters
    ----------
    path : path
        The Parquet file.
    n : int
        Number of curves.
    seed : int
        Seed. The file does not depend on ``workers``.
    kinds : iterable of str or mapping from str to float, optional
        Kinds to draw from, or their shares; all if not given.
    survey : CurveSurvey, optional
        The survey; CRTS by default.
    flux : bool
        Fluxes in nJy at every exposure rather than magnitudes of what was detected.
    workers : int
        Processes.
    progress : bool
        Show progress.

    Returns
    -------
    Path
        The file: ragged ``time``, ``value``, ``error`` and ``band``; ``id`` and ``group`` are the number of
        the curve, ``kind`` and ``mean_magnitude`` and the numbers of `CurveTruth` are the truth.

    Raises
    ------
    ConfigurationError, UnknownNameError
        As of `simulate_light_curves`.

    Examples
    --------
    >>> import tempfile
    >>> from skysieve.samples import SampleSet
    >>> path = write_light_curve_samples(Path(tempfile.mkdtemp()) / "curves.parquet", n=3, seed=1)
    >>> len(SampleSet.open(path)), SampleSet.open(path).classes[:3]
    (3, ('EW', 'EA', 'RRab'))
    """
    task = _Task(seed, as_shares(kinds), survey or CurveSurvey(), flux)
    description = described(
        "light-curves",
        light_curve_columns("flux" if flux else "magnitude", "nJy" if flux else "mag", banded=True),
        CLASSES,
        seed=seed,
        n=n,
        kinds=chosen_shares(task.kinds),
        survey=asdict(task.survey),
    )
    return write_blocks(path, description, _block, task, n, block=BLOCK, workers=workers, progress=progress)


def _block(task: _Task, start: int, count: int) -> dict[str, Any]:
    simulated = simulate_light_curves(
        count, seed=task.seed, kinds=task.kinds, survey=task.survey, flux=task.flux, start=start
    )
    return {**numbered(start, count), **simulated.columns(), **simulated.curves.columns()}
