"""The recurrent operators of exported networks in terms of ONNX; imported by the export alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from onnxscript import FLOAT, graph, opset18, script
from onnxscript.values import Opset

__all__ = ["recurrent_translations"]

# Its stubs ask for the values of tensors; here operators are put together.
op: Any = opset18

# Rows of PyTorch's weights are (reset, update, new) and (input, forget, cell, output); ONNX has them so.
_GRU_ORDER, _LSTM_ORDER = (1, 0, 2), (0, 3, 1, 2)


def recurrent_translations() -> dict[Callable[..., Any], Callable[..., Any]]:
    """Return the table by which `torch.onnx.export` writes recurrent layers of any number of steps.

    Layers become ONNX's own ``GRU`` and ``LSTM``, which runtimes have as one piece of code; the recurrence of
    GRU-D, whose state fades in gaps, becomes a ``Scan``.

    Examples
    --------
    >>> from skysieve.networks.sequences import SequenceNetwork
    >>> [str(operator) for operator in recurrent_translations()]
    ['skysieve.gru.default', 'skysieve.lstm.default', 'skysieve.decayed_gru.default']
    """
    operators = torch.ops.skysieve
    return {
        operators.gru.default: _gru,
        operators.lstm.default: _lstm,
        operators.decayed_gru.default: _decayed_gru,
    }


def _gru(x: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> Any:
    hidden, weights = _weights(weight_ih, weight_hh, bias_ih, bias_hh, _GRU_ORDER)
    # The reset gate acts behind the recurrent matrix, as in PyTorch.
    states, _ = op.GRU(_steps_first(x), *weights, hidden_size=hidden, linear_before_reset=1)
    return _steps_first(op.Squeeze(states, op.Constant(value_ints=[1])))


def _lstm(x: Any, weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any) -> Any:
    hidden, weights = _weights(weight_ih, weight_hh, bias_ih, bias_hh, _LSTM_ORDER)
    states, _, _ = op.LSTM(_steps_first(x), *weights, hidden_size=hidden)
    return _steps_first(op.Squeeze(states, op.Constant(value_ints=[1])))


def _steps_first(x: Any) -> Any:
    return op.Transpose(x, perm=[1, 0, 2])


def _weights(
    weight_ih: Any, weight_hh: Any, bias_ih: Any, bias_hh: Any, order: tuple[int, ...]
) -> tuple[int, tuple[Any, Any, Any]]:
    """Return the size of the state, and the weights as ONNX has them: gates in its order, one direction."""
    hidden = int(weight_hh.shape[1])
    rows = op.Constant(value_ints=[gate * hidden + row for gate in order for row in range(hidden)])

    def ordered(weight: Any) -> Any:
        return op.Gather(weight, rows, axis=0)

    direction = op.Constant(value_ints=[0])
    bias = op.Concat(ordered(bias_ih), ordered(bias_hh), axis=0)
    return hidden, (
        op.Unsqueeze(ordered(weight_ih), direction),
        op.Unsqueeze(ordered(weight_hh), direction),
        op.Unsqueeze(bias, direction),
    )


# onnxscript reads the source of what follows, annotations included.
@script(Opset("skysieve", 1), default_opset=op)
def _decayed_gru(given: FLOAT, decay: FLOAT, weight_hh: FLOAT, bias_hh: FLOAT) -> FLOAT:
    weight = op.Transpose(weight_hh, perm=[1, 0])
    given_first = op.Transpose(given, perm=[1, 0, 2])
    decay_first = op.Transpose(decay, perm=[1, 0, 2])
    size = op.Concat(op.Shape(decay, start=0, end=1), op.Shape(decay, start=2, end=3), axis=0)
    start = op.Expand(op.Constant(value_float=0.0), size)

    @graph()
    def step(before, given_step, decay_step):  # type: ignore[no-untyped-def]
        state = op.Mul(decay_step, before)
        recalled = op.Add(op.MatMul(state, weight), bias_hh)
        reset, update, new = op.Split(given_step, num_outputs=3, axis=1)
        recalled_reset, recalled_update, recalled_new = op.Split(recalled, num_outputs=3, axis=1)
        opened = op.Sigmoid(op.Add(reset, recalled_reset))
        candidate = op.Tanh(op.Add(new, op.Mul(opened, recalled_new)))
        kept = op.Sigmoid(op.Add(update, recalled_update))
        after = op.Add(candidate, op.Mul(kept, op.Sub(state, candidate)))
        # A graph cannot return one value twice.
        told = op.Identity(after)
        return after, told

    _, states = op.Scan(start, given_first, decay_first, body=step, num_scan_inputs=2)
    return op.Transpose(states, perm=[1, 0, 2])  # type: ignore[no-any-return]
