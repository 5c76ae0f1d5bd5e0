"""The calibrators as nodes of an ONNX graph, for graphs that do not come from torch."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ModelError
from skysieve.evaluation.calibration import Calibrator, Isotonic, Sigmoid, Softmax, Temperature
from skysieve.extras import require

__all__ = ["GraphNodes", "calibration_nodes"]


class GraphNodes:
    """Nodes and constants of an ONNX graph, in the order in which they were added."""

    def __init__(self) -> None:
        self._onnx = require("onnx", extra="train", purpose="write an ONNX graph")
        self.nodes: list[Any] = []
        self.constants: list[Any] = []

    def constant(self, values: NDArray[Any] | np.generic) -> str:
        """Add an array or a number; return its name."""
        name = f"constant_{len(self.constants)}"
        self.constants.append(self._onnx.numpy_helper.from_array(np.asarray(values), name))
        return name

    def add(self, operator: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        """Add a node; return the name of its output, which is its own unless given."""
        output = name or f"{operator.lower()}_{len(self.nodes)}"
        self.nodes.append(self._onnx.helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def cast(self, value: str, dtype: type[np.floating[Any]], *, name: str | None = None) -> str:
        """Add a cast to float32 or float64; return the name of its output."""
        kind = self._onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
        return self.add("Cast", value, name=name, to=kind)


def calibration_nodes(
    graph: GraphNodes, calibrator: Calibrator, logits: str, *, outputs: int, name: str
) -> None:
    """Add what a calibrator computes.

    Parameters
    ----------
    graph : GraphNodes
        Graph to add to (opset 13 and later).
    calibrator : Calibrator
        Of `skysieve.evaluation.calibration`.
    logits : str
        Name of float32 logits, shape (N, outputs).
    outputs : int
        1 for two classes, else their number.
    name : str
        Name of the probabilities, shape (N,) for one output, else (N, outputs).

    Raises
    ------
    ModelError
        If the kind of calibrator has no translation.
    """
    match calibrator:
        case Softmax():
            graph.add("Softmax", logits, axis=-1, name=name)
        case Temperature() if outputs > 1:
            scaled = graph.add("Div", logits, graph.constant(np.float32(calibrator.temperature)))
            graph.add("Softmax", scaled, axis=-1, name=name)
        case Temperature():
            scaled = graph.add("Div", _one(graph, logits), graph.constant(np.float32(calibrator.temperature)))
            _sigmoid(graph, graph.add("Add", scaled, graph.constant(np.float32(calibrator.bias))), name)
        case Sigmoid():
            _sigmoid(graph, _one(graph, logits), name)
        case Isotonic():
            _isotonic(graph, calibrator, logits, name)
        case _:
            raise ModelError(
                f"a calibration of kind {calibrator.kind!r} has no graph; expected sigmoid, softmax, "
                "temperature or isotonic"
            )


def _one(graph: GraphNodes, logits: str) -> str:
    return graph.add("Squeeze", logits, graph.constant(np.array([1], dtype=np.int64)))


def _sigmoid(graph: GraphNodes, z: str, name: str) -> None:
    # ONNX Runtime's own Sigmoid cuts the tails off at 18.
    one = graph.constant(np.float32(1))
    small = graph.add("Exp", graph.add("Neg", graph.add("Abs", z)))
    larger = graph.add("Div", one, graph.add("Add", one, small))
    positive = graph.add("GreaterOrEqual", z, graph.constant(np.float32(0)))
    graph.add("Where", positive, larger, graph.add("Mul", small, larger), name=name)


def _isotonic(graph: GraphNodes, calibrator: Isotonic, logits: str, name: str) -> None:
    widths, rises = (
        graph.constant(np.array([b - a for a, b in pairwise(row)], dtype=np.float32))
        for row in (calibrator.knots, calibrator.values)
    )
    starts = graph.constant(np.array(calibrator.knots[:-1], dtype=np.float32))
    zero, one = graph.constant(np.float32(0)), graph.constant(np.float32(1))
    ramps = graph.add("Clip", graph.add("Div", graph.add("Sub", logits, starts), widths), zero, one)
    axis = graph.constant(np.array([1], dtype=np.int64))
    total = graph.add("ReduceSum", graph.add("Mul", ramps, rises), axis, keepdims=0)
    graph.add("Add", total, graph.constant(np.float32(calibrator.values[0])), name=name)
