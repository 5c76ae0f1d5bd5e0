"""Asynchronous work called from ordinary code, in notebooks too."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

__all__ = ["run_to_end"]

T = TypeVar("T")


def run_to_end(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine and return what it returns.

    A notebook runs in an event loop already, in which no other may be started: there the work
    gets a thread of its own, and the caller waits for it.

    Examples
    --------
    >>> async def answer() -> int:
    ...     return 42
    >>> run_to_end(answer())
    42
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, work).result()
