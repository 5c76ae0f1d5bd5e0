"""ONNX Runtime: the default engine, on every platform."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import onnxruntime
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, ModelError
from skysieve.models.engines import ENGINES

__all__ = ["OnnxRuntimeEngine"]


@ENGINES.register("onnxruntime")
class OnnxRuntimeEngine:
    """The graph in an ONNX Runtime session on the processor."""

    def __init__(self, graph: Path, precision: str, threads: int) -> None:
        if precision != "float32":
            raise ConfigurationError(
                f"onnxruntime computes in float32, not {precision}; take the engine 'openvino' for bfloat16"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        try:
            self._session = onnxruntime.InferenceSession(
                graph.read_bytes(), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:  # onnxruntime raises its own, undocumented classes
            raise ModelError(f"{graph}: onnxruntime cannot load the graph ({error})") from None
        self.name = f"onnxruntime {onnxruntime.__version__}"
        self.precision = precision
        self.inputs = {
            node.name: tuple(size if isinstance(size, int) else None for size in node.shape)
            for node in self._session.get_inputs()
        }
        self._input = next(iter(self.inputs))

    def __call__(self, images: NDArray[Any]) -> NDArray[Any]:
        """Return the graph's output for one batch."""
        output: NDArray[Any] = self._session.run(None, {self._input: images})[0]
        return output
