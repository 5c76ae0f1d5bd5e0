"""How far outputs of two runs of one network may lie apart, given that their logits are nearly the same."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skysieve.networks.vetter import Vetter

__all__ = ["OutputBounds", "output_bounds"]


class OutputBounds(NamedTuple):
    """What a module returns, and between which values the same computed elsewhere lies.

    Parameters
    ----------
    expected, low, high : ndarray, shape (N, ...), float32
        Outputs of the module and their bounds.
    """

    expected: NDArray[np.float32]
    low: NDArray[np.float32]
    high: NDArray[np.float32]

    def hold(self, found: NDArray[np.float32]) -> bool:
        """Tell whether all outputs lie within the bounds; NaN lies outside."""
        return bool(((self.low <= found) & (found <= self.high)).all())


def output_bounds(module: nn.Module, samples: NDArray[np.float32], tolerance: float) -> OutputBounds:
    """Return the outputs of a module and their bounds.

    A calibration may be so steep that what rounding does to a logit moves the probability far: behind an
    isotonic one that rises from 0 to 1 between 0.0 and 0.0004, one part in a million of a logit of 1 is a
    probability of 0.0025. Outputs of a `Vetter` are therefore bounded by the calibration of logits that lie
    within the tolerance. Every calibration rises with the logit of its class and falls with those of the
    others, so that bounds of logits give those of probabilities.

    Parameters
    ----------
    module : nn.Module
        In evaluation mode, on the CPU.
    samples : ndarray, shape (N, ...), float32
        Its input.
    tolerance : float
        Of logits, in units of the largest one of the batch where that is above 1, and of outputs likewise.

    Examples
    --------
    >>> steep = Vetter(nn.Flatten(), calibrate=lambda logits: (1e3 * logits).clamp(0, 1))
    >>> bounds = output_bounds(steep, np.array([[0.0005], [7.0]], np.float32), tolerance=1e-5)
    >>> (bounds.high - bounds.expected).round(2).tolist()
    [0.07..., 0.0]
    """
    with torch.inference_mode():
        x = torch.from_numpy(samples)
        if not isinstance(module, Vetter):
            expected = module(x).numpy()
            return _widened(expected, expected, expected, tolerance)
        logits = module.logits(x)
        expected = module.calibrate(logits).numpy()
        reach = tolerance * max(1.0, float(logits.abs().max()))
        low, high = (_calibrated_at(module, logits, shift) for shift in (-reach, reach))
    return _widened(expected, low, high, tolerance)


def _calibrated_at(vetter: Vetter, logits: Tensor, shift: float) -> NDArray[np.float32]:
    """Return each output with its own logit moved by ``shift`` and those of other classes against it."""
    if logits.ndim == 1:
        return np.asarray(vetter.calibrate(logits + shift).numpy())
    columns = []
    for number in range(logits.shape[1]):
        moved = logits - shift
        moved[:, number] += 2.0 * shift
        columns.append(vetter.calibrate(moved)[:, number].numpy())
    return np.stack(columns, axis=1)


def _widened(
    expected: NDArray[np.float32], low: NDArray[np.float32], high: NDArray[np.float32], tolerance: float
) -> OutputBounds:
    reach = np.float32(tolerance * max(1.0, float(np.abs(expected).max(initial=0.0))))
    return OutputBounds(expected, low - reach, high + reach)
