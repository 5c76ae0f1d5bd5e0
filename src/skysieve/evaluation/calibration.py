"""From logits to probabilities: maps that run on any array and travel inside the exported graph.

A calibrator is written in the array API standard, so that the same lines run on
NumPy arrays in an evaluation, on torch tensors in training and, recorded by
``torch.onnx.export``, in the graph that scores a survey.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any, ClassVar, Protocol, runtime_checkable

from array_api_compat import array_namespace, device

from skysieve.errors import ConfigurationError, ContractError, ModelError

__all__ = [
    "Calibrator",
    "Isotonic",
    "Sigmoid",
    "Softmax",
    "Temperature",
    "calibrator_from_json",
]

SMALLEST_PROBABILITY = 1e-6
"""Isotonic probabilities stay this far from 0 and 1: no finite sample shows certainty."""


@runtime_checkable
class Calibrator(Protocol):
    """A map from the logits of a network to probabilities.

    Binary logits have the shape (N,) or (N, 1) and give probabilities of the
    positive class of shape (N,); logits of K >= 2 classes have the shape (N, K)
    and give (N, K) whose rows sum to 1. Any floating dtype, which is kept. NaN
    in, NaN out.
    """

    kind: ClassVar[str]

    def __call__(self, logits: Any) -> Any:
        """Return the probabilities, an array of the same library and dtype."""
        ...

    def to_json(self) -> dict[str, Any]:
        """Return the parameters and the ``kind``, for `calibrator_from_json`."""
        ...


class _Json:
    """Writes the fields of a dataclass beside its kind."""

    kind: ClassVar[str]

    def to_json(self) -> dict[str, Any]:
        """Return the parameters and the ``kind``, for `calibrator_from_json`."""
        fields = asdict(self)  # type: ignore[call-overload]
        return {"kind": self.kind, **{k: list(v) if isinstance(v, tuple) else v for k, v in fields.items()}}


@dataclass(frozen=True, slots=True)
class Sigmoid(_Json):
    """The logistic function of one logit: a binary network as it comes, uncalibrated.

    Examples
    --------
    >>> import numpy as np
    >>> Sigmoid()(np.array([[0.0], [800.0], [-800.0]]))
    array([0.5, 1. , 0. ])
    """

    kind: ClassVar[str] = "sigmoid"

    def __call__(self, logits: Any) -> Any:
        """Map logits (N,) or (N, 1) to probabilities (N,)."""
        return _sigmoid(_single(logits, self.kind))


@dataclass(frozen=True, slots=True)
class Softmax(_Json):
    """The softmax of K logits: a multi-class network as it comes, uncalibrated.

    Examples
    --------
    >>> import numpy as np
    >>> Softmax()(np.array([[0.0, 0.0, 0.0, 0.0]]))
    array([[0.25, 0.25, 0.25, 0.25]])
    """

    kind: ClassVar[str] = "softmax"

    def __call__(self, logits: Any) -> Any:
        """Map logits (N, K) to probabilities (N, K)."""
        if not _has_classes(logits):
            raise ContractError(
                f"softmax needs logits of shape (N, K) with K >= 2, found {tuple(logits.shape)}"
            )
        return _softmax(logits)


@dataclass(frozen=True, slots=True)
class Temperature(_Json):
    """Temperature scaling (Guo et al. 2017, arXiv:1706.04599), with Platt's bias for two classes.

    Binary: ``p = sigmoid(z / temperature + bias)``, so that ``bias`` is what is
    added to the log-odds, as a change of prevalence would. Multi-class:
    ``p = softmax(z / temperature)``. Both keep the order of the scores.

    Parameters
    ----------
    temperature : float
        Positive; above 1 the network was too sure of itself.
    bias : float
        Added log-odds of the positive class; 0 for more than two classes.

    Examples
    --------
    >>> import numpy as np
    >>> Temperature(2.0)(np.array([-4.0, 0.0, 4.0])).round(3)
    array([0.119, 0.5  , 0.881])
    """

    kind: ClassVar[str] = "temperature"
    temperature: float
    bias: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.temperature) and self.temperature > 0 and math.isfinite(self.bias)):
            raise ConfigurationError(
                f"temperature {self.temperature}, bias {self.bias}; expected a positive and a finite number"
            )

    def __call__(self, logits: Any) -> Any:
        """Map logits (N,), (N, 1) or (N, K) to probabilities."""
        if not _has_classes(logits):
            return _sigmoid(_single(logits, self.kind) / self.temperature + self.bias)
        if self.bias != 0:
            raise ContractError(
                f"a bias of {self.bias} has no meaning for logits of shape {tuple(logits.shape)}"
            )
        return _softmax(logits / self.temperature)


@dataclass(frozen=True, slots=True)
class Isotonic(_Json):
    """A non-decreasing, piecewise linear function of one logit (Zadrozny & Elkan 2002).

    Between two knots the probability is interpolated, beyond the outer ones it
    stays constant. It is computed as a sum of clamped ramps, one a segment, and
    therefore needs neither search nor branch, exports to any graph, and is
    monotone in floating point, not only on paper.

    Parameters
    ----------
    knots : tuple of float
        Logits, strictly increasing.
    values : tuple of float
        Probabilities at the knots, non-decreasing, in [0, 1].

    Examples
    --------
    >>> import numpy as np
    >>> Isotonic((-2.0, 2.0), (0.1, 0.9))(np.array([-9.0, 0.0, 1.0, 9.0]))
    array([0.1, 0.5, 0.7, 0.9])
    """

    kind: ClassVar[str] = "isotonic"
    knots: tuple[float, ...]
    values: tuple[float, ...]

    def __post_init__(self) -> None:
        knots, values = tuple(map(float, self.knots)), tuple(map(float, self.values))
        object.__setattr__(self, "knots", knots)
        object.__setattr__(self, "values", values)
        if len(knots) != len(values) or len(knots) < 2:
            raise ConfigurationError(
                f"{len(knots)} knots and {len(values)} values; expected as many, two or more"
            )
        if not all(a < b for a, b in pairwise((-math.inf, *knots, math.inf))):
            raise ConfigurationError("knots of an isotonic calibration must be finite and increasing")
        if not all(a <= b for a, b in pairwise((0.0, *values, 1.0))):
            raise ConfigurationError("values of an isotonic calibration must not decrease and lie in [0, 1]")

    def __call__(self, logits: Any) -> Any:
        """Map logits (N,) or (N, 1) to probabilities (N,)."""
        z = _single(logits, self.kind)
        xp = array_namespace(z)
        widths = [b - a for a, b in pairwise(self.knots)]
        rises = [b - a for a, b in pairwise(self.values)]
        starts, widths, rises = (
            xp.asarray(row, dtype=z.dtype, device=device(z)) for row in (self.knots[:-1], widths, rises)
        )
        ramps = xp.clip((z[:, None] - starts[None, :]) / widths[None, :], 0.0, 1.0)
        return self.values[0] + xp.sum(ramps * rises[None, :], axis=1)


_KINDS: dict[str, type[Sigmoid | Softmax | Temperature | Isotonic]] = {
    each.kind: each for each in (Sigmoid, Softmax, Temperature, Isotonic)
}


def calibrator_from_json(data: Mapping[str, Any]) -> Calibrator:
    """Return the calibrator that `Calibrator.to_json` wrote.

    Raises
    ------
    ModelError
        If the kind is unknown or the parameters are not its own.

    Examples
    --------
    >>> calibrator_from_json({"kind": "temperature", "temperature": 1.5, "bias": 0.0})
    Temperature(temperature=1.5, bias=0.0)
    """
    fields = dict(data)
    kind = fields.pop("kind", None)
    if kind not in _KINDS:
        raise ModelError(f"calibration of kind {kind!r}; expected one of {', '.join(_KINDS)}")
    try:
        calibrator: Calibrator = _KINDS[kind](**fields)
    except (TypeError, ValueError) as error:
        raise ModelError(f"calibration of kind {kind!r} cannot be read: {error}") from None
    return calibrator


def _has_classes(logits: Any) -> bool:
    """Tell (N, K) with K >= 2; looks at the shape only, never at the data."""
    return bool(logits.ndim == 2 and logits.shape[1] != 1)


def _single(logits: Any, kind: str) -> Any:
    """Return logits (N,) from (N,) or (N, 1)."""
    if logits.ndim == 1:
        return logits
    if logits.ndim == 2 and logits.shape[1] == 1:
        return logits[:, 0]
    raise ContractError(f"{kind} needs logits of shape (N,) or (N, 1), found {tuple(logits.shape)}")


def _sigmoid(z: Any) -> Any:
    """Logistic function without overflow and with full precision in both tails."""
    xp = array_namespace(z)
    small = xp.exp(-xp.abs(z))
    return xp.where(z >= 0, 1 / (1 + small), small / (1 + small))


def _softmax(z: Any) -> Any:
    xp = array_namespace(z)
    powers = xp.exp(z - xp.max(z, axis=-1, keepdims=True))
    return powers / xp.sum(powers, axis=-1, keepdims=True)
