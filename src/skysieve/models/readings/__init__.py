"""How rows of a sample set become the arrays that a model takes.

An image is taken as it is stored. Of a light curve a model takes the dmdt image, the sequence of its points,
or features: what is made, and with which settings, stands in the model's contract, so that scoring makes
the same as training did. A kind of reading is one file that registers itself.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ContractError
from skysieve.models.contract import InputContract
from skysieve.registry import Registry

if TYPE_CHECKING:
    from skysieve.samples.sample_set import SampleSet
    from skysieve.training.ragged import RaggedSequences

__all__ = ["READINGS", "Reading", "ragged_column", "read_arrays", "read_inputs"]

#: Takes the settings in a contract and samples; returns a row, an image or a sequence of each.
Reading = Callable[[Mapping[str, Any], "SampleSet"], "NDArray[np.float32] | RaggedSequences"]

#: Every kind of reading by its name.
READINGS: Registry[Reading] = Registry("reading", package="skysieve.models.readings")


def read_inputs(
    contract: InputContract, samples: SampleSet, rows: NDArray[np.int64] | None = None
) -> NDArray[np.float32] | RaggedSequences:
    """Return what a model takes of samples.

    Parameters
    ----------
    contract : InputContract
        Says what.
    samples : SampleSet
        With the columns that the reading needs.
    rows : ndarray of int, shape (N,), optional
        Which samples, in this order; all if not given.

    Returns
    -------
    ndarray, shape (N, ...), float32, or RaggedSequences
        In the order of the rows.

    Raises
    ------
    ContractError
        If the set has no such column, or the column another shape, or other channels.
    SampleSetError
        If a sample cannot be read; the message names it.

    Examples
    --------
    >>> from skysieve.samples import SampleSet
    >>> from skysieve.samples.light_curves import LightCurves
    >>> curves = LightCurves.from_lists([[1.0, 2.0, 4.0]], [[15.1, 15.3, 15.5]], ids=["a"])
    >>> contract = InputContract(
    ...     (None, 2), ("time", "value"), column="steps", reading={"kind": "light-curve-steps"}
    ... )
    >>> read_inputs(contract, curves.samples())[np.array([0])].tolist()
    [[[0.0, 15.100000381469727], [1.0, 15.300000190734863], [3.0, 15.5]]]
    """
    if contract.reading:
        part = samples if rows is None else samples.select(rows)
        made = READINGS.get(contract.reading["kind"])(contract.reading, part)
        if not contract.fits((None, *made.shape[1:]) if contract.sequence else made.shape[1:]):
            raise ContractError(
                f"the samples give inputs of shape {made.shape[1:]}, the model expects {contract.shape}: "
                f"{', '.join(contract.channels)}"
            )
        return made
    layout = samples.description.tensors.get(contract.column)
    if layout is None:
        raise ContractError(
            f"the samples have no tensor column {contract.column!r}, which the model takes; "
            f"found {', '.join(samples.description.tensors) or 'none'}"
        )
    contract.check_channels(layout.channels)
    if contract.sequence:
        return _sequences(contract, samples, rows)
    return samples.tensor(contract.column, rows=rows).astype(np.float32, copy=False)


def read_arrays(
    contract: InputContract, samples: SampleSet, rows: NDArray[np.int64] | None = None
) -> NDArray[np.float32]:
    """Return what a model takes of samples, as one array; for what needs samples of one shape.

    Parameters
    ----------
    contract, samples, rows
        As of `read_inputs`.

    Raises
    ------
    ContractError
        If the model takes sequences, whose lengths differ; else as of `read_inputs`.
    SampleSetError
        As of `read_inputs`.
    """
    if contract.sequence:
        raise ContractError(
            f"the model takes sequences of {', '.join(contract.channels)}, whose lengths differ; this is for "
            "models of images and of features"
        )
    made = read_inputs(contract, samples, rows)
    if not isinstance(made, np.ndarray):
        raise ContractError(f"the reading {contract.reading.get('kind')!r} gives sequences, not arrays")
    return made


def _sequences(
    contract: InputContract, samples: SampleSet, rows: NDArray[np.int64] | None
) -> RaggedSequences:
    """Return a ragged column, a step of each sequence as it is stored."""
    part = samples if rows is None else samples.select(rows)
    layout = part.description.tensors[contract.column]
    if not contract.fits(layout.shape):
        raise ContractError(
            f"found sequences of shape {layout.shape}, the model expects {contract.shape}: "
            f"{', '.join(contract.channels)}"
        )
    return ragged_column(part, contract.column)


def ragged_column(samples: SampleSet, column: str) -> RaggedSequences:
    """Return a ragged tensor column (None, F) as sequences, float32.

    Raises
    ------
    SampleSetError
        If there is no such column, or a sequence has no steps.
    """
    from skysieve.training.ragged import RaggedSequences

    sequences = samples.ragged(column)
    offsets = np.concatenate([[0], np.cumsum([len(each) for each in sequences])]).astype(np.int64)
    steps = np.concatenate(sequences).astype(np.float32, copy=False)
    return RaggedSequences(steps.reshape(len(steps), -1), offsets)
