"""Simulated frame sequences as a sample set on disk, the same for the same seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from skysieve.samples.description import Description, TensorColumn
from skysieve.sources.simulators.blocks import LABEL_ORIGIN, numbered, write_blocks
from skysieve.sources.simulators.frames.kinds import SIDE
from skysieve.sources.simulators.frames.simulate import CLASSES, chosen_artefacts, simulate_frame_sequences

__all__ = ["write_frame_samples"]

#: Sequences that a process simulates at a time.
BLOCK = 64


@dataclass(frozen=True, slots=True)
class _Task:
    seed: int
    artefact_share: float
    artefacts: tuple[str, ...]
    lengths: tuple[int, int]


def write_frame_samples(
    path: str | Path,
    n: int,
    seed: int,
    *,
    artefact_share: float = 0.5,
    artefacts: Sequence[str] | None = None,
    lengths: tuple[int, int] = (20, 60),
    workers: int = 1,
    progress: bool = False,
) -> Path:
    """Simulate frame sequences and write them as a sample set.

    Parameters
    ----------
    path : path
        The Parquet file.
    n : int
        Number of sequences.
    seed : int
        Seed. The file does not depend on ``workers``.
    artefact_share, artefacts, lengths
        As of `simulate_frame_sequences`.
    workers : int
        Processes.
    progress : bool
        Show progress.

    Returns
    -------
    Path
        The file: ragged ``frames`` and ``time``; ``id`` and ``group`` are the number of the sequence,
        ``label`` and ``tags`` are the truth.

    Raises
    ------
    ConfigurationError, UnknownNameError
        As of `simulate_frame_sequences`.

    Examples
    --------
    >>> import tempfile
    >>> from skysieve.samples import SampleSet
    >>> path = write_frame_samples(Path(tempfile.mkdtemp()) / "frames.parquet", 3, seed=1, lengths=(4, 6))
    >>> SampleSet.open(path).classes
    ('other', 'artefact')
    """
    task = _Task(seed, artefact_share, chosen_artefacts(artefacts), lengths)
    # Wrong settings are refused before a file is begun.
    _block(task, 0, 0)
    description = Description(
        {
            "frames": TensorColumn((None, 1, SIDE, SIDE), "float32", unit="detector counts"),
            "time": TensorColumn((None,), "float64", unit="d"),
        },
        classes=CLASSES,
        label_origin=LABEL_ORIGIN,
        origin={"simulator": "frames", "n": n, **asdict(task)},
    )
    return write_blocks(path, description, _block, task, n, block=BLOCK, workers=workers, progress=progress)


def _block(task: _Task, start: int, count: int) -> dict[str, Any]:
    simulated = simulate_frame_sequences(
        count,
        seed=task.seed,
        artefact_share=task.artefact_share,
        artefacts=task.artefacts,
        lengths=task.lengths,
        start=start,
    )
    return {**numbered(start, count), **simulated.columns()}
