"""Samples simulated block by block, by several processes, in their order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context
from typing import TypeVar

__all__ = ["simulate_blocks"]

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
