"""Inference engines: run the exported graph on the processor at hand, without torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from numpy.typing import NDArray

from skysieve.registry import Registry

__all__ = ["ENGINES", "Engine", "open_engine"]


class Engine(Protocol):
    """A loaded graph.

    Attributes
    ----------
    name : str
        Engine and version, as recorded beside the scores.
    precision : str
        Precision that the engine was told to compute in.
    inputs : dict
        Shape of every input by name; None for the batch.
    """

    name: str
    precision: str
    inputs: dict[str, tuple[int | None, ...]]

    def __call__(self, images: NDArray[Any]) -> NDArray[Any]:
        """Return the graph's output for one batch."""


EngineFactory = Callable[[Path, str, int], Engine]

#: Every engine by its name.
ENGINES: Registry[EngineFactory] = Registry("engine", package="skysieve.models.engines")


def open_engine(
    graph: Path, *, engine: str = "onnxruntime", precision: str = "float32", threads: int = 1
) -> Engine:
    """Load an exported graph.

    Parameters
    ----------
    graph : Path
        The ``.onnx`` file.
    engine : str
        Name of a registered engine.
    precision : {"float32", "bfloat16"}
        Precision of the computation; never left to the engine, which may choose a lower one.
    threads : int
        Threads of one session. One is best where several processes score side by side.

    Raises
    ------
    UnknownNameError, MissingExtraError, ConfigurationError
        If the engine is unknown, not installed, or cannot compute in that precision.
    """
    return ENGINES.get(engine)(graph, precision, threads)
