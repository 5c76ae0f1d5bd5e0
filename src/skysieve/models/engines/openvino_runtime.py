"""OpenVINO: faster on Intel processors, in bfloat16 above all."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, ModelError
from skysieve.extras import require
from skysieve.models.engines import ENGINES

__all__ = ["OpenVinoEngine"]

_HINTS = {"float32": "f32", "bfloat16": "bf16"}


@ENGINES.register("openvino")
class OpenVinoEngine:
    """The graph compiled by OpenVINO for the processor.

    Left to itself OpenVINO chooses bfloat16 where the processor has it; the precision is
    therefore always given, and recorded.
    """

    def __init__(self, graph: Path, precision: str, threads: int) -> None:
        openvino = require("openvino", extra="openvino", purpose="score with OpenVINO")
        if precision not in _HINTS:
            raise ConfigurationError(f"openvino computes in {' or '.join(_HINTS)}, not {precision!r}")
        settings = {
            "INFERENCE_PRECISION_HINT": _HINTS[precision],
            "INFERENCE_NUM_THREADS": threads,
            "PERFORMANCE_HINT": "LATENCY",
        }
        try:
            self._compiled = openvino.Core().compile_model(str(graph), "CPU", settings)
        except RuntimeError as error:
            raise ModelError(f"{graph}: openvino cannot load the graph ({error})") from None
        self.name = f"openvino {openvino.__version__.partition('-')[0]}"
        self.precision = precision
        self.inputs = {
            port.get_any_name(): tuple(
                None if size.is_dynamic else size.get_length() for size in port.get_partial_shape()
            )
            for port in self._compiled.inputs
        }

    def __call__(self, images: NDArray[Any]) -> NDArray[Any]:
        """Return the graph's output for one batch."""
        output: NDArray[Any] = self._compiled([images])[0]
        return output
