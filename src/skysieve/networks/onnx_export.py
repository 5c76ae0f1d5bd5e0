"""Export to ONNX, with proof that the exported graph computes what the module computes.

What can be exported, and the axes of any size:

================================================  =======================
Network                                           Axes of any size
================================================  =======================
of images, and of features                        batch
`recurrent`, `static-rnn`, `naul`, `gru-d`,       batch, steps
`time-transformer`, `frame-statistics`
`SnadRnn`, both ways of padding                   batch, steps
================================================  =======================
"""

from __future__ import annotations

import contextlib
import copy
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import nn

from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError, ModelError
from skysieve.extras import require
from skysieve.networks.onnx_trials import trial_batches
from skysieve.networks.output_bounds import output_bounds
from skysieve.networks.sequences.transformer import TimeEncoding

__all__ = ["export_onnx"]

_FREE = ("batch", "steps")


def export_onnx(
    vetter: nn.Module,
    path: str | Path,
    shape: tuple[int | None, ...],
    *,
    input_name: str = "cutouts",
    output_name: str = "probability",
    accepts_nan: bool = True,
    full_scale: float | None = None,
    tolerance: float = 1e-5,
) -> float:
    """Write a module as one ONNX file that takes batches of any size, and sequences of any number of steps.

    The written graph is checked: by ONNX's own checker, and by comparing its
    outputs with those of the module on random batches of one and of three
    samples, of which some values and one whole sample are NaN (`trial_batches`);
    sequences of 1, 7 and 40 steps are tried, padded with NaN. The file appears
    only if it passes.

    Parameters
    ----------
    vetter : nn.Module
        Usually a `Vetter`; a copy of it is exported, on the CPU and in
        evaluation mode.
    path : path-like
        File to write, usually ``model.onnx``.
    shape : tuple of int or None
        Shape of one raw sample: (C, H, W) for cutouts; (None, F) for sequences of any number of steps, padded
        with NaN.
    input_name, output_name : str
        Names in the graph.
    accepts_nan : bool
        Whether NaN belongs to the input. False for a network without preprocessing; networks of sequences
        have none and take NaN, in the padding in any case.
    full_scale : float, optional
        Largest value of the input where it has one, such as 255 of grey levels; values are tried from 0
        to it. None: the input may have any scale.
    tolerance : float
        Largest allowed difference of a logit and of an output, in units of the largest of
        the batch where that is above 1. What the calibration makes of such logits is
        allowed, however steep it is (`output_bounds`).

    Returns
    -------
    float
        The largest difference of outputs that was found, in the same units.

    Raises
    ------
    ModelError
        If the graph differs from the module, or the module returns NaN.
    MissingExtraError
        If onnx or onnxscript are not installed.

    Examples
    --------
    >>> import tempfile
    >>> from skysieve.networks import build_network
    >>> from skysieve.networks.vetter import Vetter
    >>> network = build_network("gru-d", shape=(3,), outputs=4, hidden=8)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     off = export_onnx(Vetter(network), f"{folder}/model.onnx", (None, 3), input_name="steps")
    >>> off < 1e-5
    True
    """
    onnx = require("onnx", extra="train", purpose="export ONNX")
    require("onnxscript", extra="train", purpose="export ONNX")
    vetter = copy.deepcopy(vetter).cpu().eval()
    for module in vetter.modules():
        if isinstance(module, TimeEncoding):
            module.hold_frequencies()
    with replacing(path) as temporary:
        program = _export(vetter, shape, input_name, output_name)
        program.save(str(temporary), external_data=False)
        graph = onnx.load(temporary)
        _forget_where_it_was_made(graph)
        onnx.checker.check_model(graph, full_check=True)
        onnx.save(graph, temporary)
        return _largest_difference(
            vetter, temporary, list(trial_batches(shape, accepts_nan, full_scale)), tolerance
        )


def _export(
    vetter: nn.Module, shape: tuple[int | None, ...], input_name: str, output_name: str
) -> torch.onnx.ONNXProgram:
    # Needs onnxscript, which is of an extra.
    from skysieve.networks.onnx_translations.recurrent import recurrent_translations

    # A size of 1 would be taken for a constant, and equal ones for the same.
    example = torch.zeros(2, *(5 if size is None else size for size in shape))
    free = {axis: torch.export.Dim(_FREE[axis]) for axis in (0, *_axes_of_any_size(shape))}
    with _quiet_exporter():
        program = torch.onnx.export(
            vetter,
            (example,),
            dynamo=True,
            dynamic_shapes=(free,),
            custom_translation_table=recurrent_translations(),
            input_names=[input_name],
            output_names=[output_name],
            verbose=False,
        )
    if program is None:
        raise ModelError(f"{type(vetter).__name__}: the exporter returned no graph")
    return program


def _axes_of_any_size(shape: tuple[int | None, ...]) -> list[int]:
    axes = [axis for axis, size in enumerate(shape, start=1) if size is None]
    if axes not in ([], [1]):
        raise ConfigurationError(
            f"only the first axis of a sample, its steps, can have any size: found shape {shape}, expected "
            "(None, F) or a size for every axis"
        )
    return axes


@contextlib.contextmanager
def _quiet_exporter() -> Iterator[None]:
    """Keep the exporter's notes about its own insides from the user; errors still come through."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)
            warnings.simplefilter("ignore", DeprecationWarning)
            yield
    finally:
        logger.setLevel(level)


def _forget_where_it_was_made(graph: object) -> None:
    """Drop the exporter's notes on each node, which hold source lines and paths of this machine."""
    for node in [*graph.graph.node, *graph.graph.input, *graph.graph.output, *graph.graph.value_info]:  # type: ignore[attr-defined]
        node.ClearField("metadata_props")
        node.ClearField("doc_string")
    for function in graph.functions:  # type: ignore[attr-defined]
        for node in function.node:
            node.ClearField("metadata_props")


def _largest_difference(
    vetter: nn.Module, path: Path, trials: list[NDArray[np.float32]], tolerance: float
) -> float:
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    largest, within = 0.0, True
    for samples in trials:
        bounds = output_bounds(vetter, samples, tolerance)
        expected = bounds.expected
        if not np.isfinite(expected).all():
            raise ModelError(
                f"{type(vetter).__name__} returns values that are not finite for samples with NaN; "
                "add a step that fills NaN to the preprocessing, or export with accepts_nan=False"
            )
        (found,) = session.run(None, {session.get_inputs()[0].name: samples})
        if found.shape != expected.shape:
            raise ModelError(f"the ONNX graph returns shape {found.shape}, the module {expected.shape}")
        within &= bounds.hold(found)
        # np.max keeps NaN.
        difference = np.abs(found - expected).max() / max(1.0, np.abs(expected).max())
        largest = float(np.max([largest, difference]))
    if not within:
        raise ModelError(
            f"the outputs of the ONNX graph differ from those of the module by {largest:.2g}, which is more "
            f"than logits within {tolerance:.2g} of each other give; look for operations that the exporter "
            "approximates, or allow more by tolerance"
        )
    return largest
