"""Samples simulated block by block, by several processes, in their order, and written as a sample set."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.progress import progress_bar
from skysieve.samples.description import Description, TensorColumn
from skysieve.samples.parquet import SampleWriter

__all__ = ["LABEL_ORIGIN", "described", "numbered", "simulate_blocks", "write_blocks"]

#: What sample sets of simulators say of their labels.
LABEL_ORIGIN = "SIMULATED: labels are the truth of the simulator."

T = TypeVar("T")
R = TypeVar("R")


def simulate_blocks(
    simulate: Callable[[T, int, int], R], task: T, n: int, *, block: int, workers: int = 1
) -> Iterator[R]:
    """Yield all blocks of a simulation in their order, whatever the number of processes.

    Parameters
    ----------
    simulate : callable
        ``simulate(task, start, count)`` makes a block; a function of a module, as processes find it by
        its name.
    task : object
        What it is to simulate; it goes to every process.
    n : int
        Samples of all blocks together; of none there is one block, an empty one.
    block : int
        Samples of a block.
    workers : int
        Processes; one simulates here.

    Examples
    --------
    >>> list(simulate_blocks(lambda task, start, count: (task, start, count), "sky", 5, block=2))
    [('sky', 0, 2), ('sky', 2, 2), ('sky', 4, 1)]
    """
    blocks = [(start, min(block, n - start)) for start in range(0, n, block)] or [(0, n)]
    if workers == 1 or len(blocks) == 1:
        for start, count in blocks:
            yield simulate(task, start, count)
        return
    with ProcessPoolExecutor(min(workers, len(blocks)), mp_context=get_context("spawn")) as pool:
        pending: deque[Future[R]] = deque()
        for start, count in blocks:
            # No more than two blocks a process wait: a slow disk must not fill the memory.
            if len(pending) >= 2 * workers:
                yield pending.popleft().result()
            pending.append(pool.submit(simulate, task, start, count))
        while pending:
            yield pending.popleft().result()


def write_blocks(
    path: str | Path,
    description: Description,
    simulate: Callable[[T, int, int], dict[str, Any]],
    task: T,
    n: int,
    *,
    block: int,
    workers: int = 1,
    progress: bool = False,
) -> Path:
    """Write a simulation as a sample set, a block at a time, and return the file.

    Parameters
    ----------
    path : path
        The Parquet file.
    description : Description
        What is in it.
    simulate, task, n, block, workers
        As of `simulate_blocks`; a block is what `SampleWriter.write` takes. An empty one is simulated
        first, so that wrong settings are refused before a file is begun.
    progress : bool
        Show progress.

    Raises
    ------
    ConfigurationError
        If there is no process.
    """
    if workers < 1:
        raise ConfigurationError(f"workers is {workers}; give 1 or more")
    simulate(task, 0, min(n, 0))
    with progress_bar("simulating", n, enabled=progress) as bar, SampleWriter(path, description) as writer:
        for columns in simulate_blocks(simulate, task, n, block=block, workers=workers):
            writer.write(columns)
            bar.advance(len(columns["id"]))
    return Path(path)


def described(
    simulator: str,
    tensors: Mapping[str, TensorColumn],
    classes: tuple[str, ...],
    *,
    seed: int,
    n: int,
    **settings: Any,
) -> Description:
    """Return the description of a simulated sample set, which says how to make it again.

    Parameters
    ----------
    simulator : str
        Its name.
    tensors, classes
        As of `Description`.
    seed, n : int
        Seed, and number of samples.
    **settings
        All else that the samples depend on, ready for JSON.

    Examples
    --------
    >>> described("sky", {}, (), seed=1, n=2, stars=3).origin
    {'simulator': 'sky', 'seed': 1, 'n': 2, 'stars': 3}
    """
    origin = {"simulator": simulator, "seed": seed, "n": n, **settings}
    return Description(tensors, classes=classes, label_origin=LABEL_ORIGIN, origin=origin)


def numbered(start: int, count: int) -> dict[str, NDArray[np.int64]]:
    """Return the columns of samples that are known by their number: every one is a sky of its own.

    Examples
    --------
    >>> numbered(3, 2)
    {'id': array([3, 4]), 'group': array([3, 4])}
    """
    number = np.arange(start, start + count)
    return {"id": number, "group": number}
