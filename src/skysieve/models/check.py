"""Checks of a model folder: its files are the right ones, graph and network agree."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ContractError, MissingExtraError, ModelError
from skysieve.models.contract import GREY_LEVEL
from skysieve.models.model import WEIGHTS, Model
from skysieve.models.rebuild import build_network, build_vetter

__all__ = ["TOLERANCE", "Check", "check_model", "probe_features", "probe_images", "probe_sequences"]

#: Largest difference between the graph and the PyTorch network, of logits and of probabilities.
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Check:
    """Outcome of one check.

    Parameters
    ----------
    name : str
        What was checked.
    outcome : {"passed", "failed", "not run"}
        How it went.
    detail : str
        What was seen.
    """

    name: str
    outcome: str
    detail: str


def check_model(model: Model) -> list[Check]:
    """Run every check on a model that has been opened (its hashes are verified by then).

    Parameters
    ----------
    model : Model
        The model.

    Returns
    -------
    list of Check
        One outcome each: files, contract, probabilities, agreement of ONNX and PyTorch. The last
        one is "not run" where PyTorch is not installed, and for an ensemble of trees.

    Examples
    --------
    >>> [check.outcome for check in check_model(Model.load("braai-weak"))]
    ['passed', 'passed', 'passed', 'passed']
    """
    checks: list[tuple[str, Callable[[Model], str]]] = [
        ("files", _check_files),
        ("contract", _check_contract),
        ("probabilities", _check_probabilities),
        ("agreement", _check_agreement),
    ]
    outcomes = []
    for name, check in checks:
        try:
            outcomes.append(Check(name, "passed", check(model)))
        except (MissingExtraError, _NothingToCompareError) as error:
            outcomes.append(Check(name, "not run", str(error)))
        except (ContractError, ModelError) as error:
            outcomes.append(Check(name, "failed", str(error)))
    return outcomes


def probe_images(shape: tuple[int, int, int], n: int = 67) -> NDArray[np.float32]:
    """Return images of every kind that a graph must survive, shape (n, C, H, W), float32.

    Stars of every brightness over noise of every scale, a sky below the first channel and none
    of the star in the second; then NaN at an edge, all NaN, all zero, constant, the sentinel of ZTF
    templates. The scores of a real/bogus model spread over all values between 0 and 1 on them:
    where every score is the same, two graphs would agree without being the same.
    """
    rng = np.random.default_rng(20180824)
    noise = 10.0 ** rng.uniform(0, 2, (n, 1, 1, 1))
    stars = rng.normal(0, 1, (n, *shape)) * noise
    y, x = np.mgrid[: shape[1], : shape[2]]
    star = np.exp(-((y - shape[1] // 2) ** 2 + (x - shape[2] // 2) ** 2) / 3)
    light = np.ones(shape[0])
    light[1:2] = 0
    stars += (10.0 ** rng.uniform(0, 2.5, (n, 1, 1, 1))) * noise * star * light[:, None, None]
    stars[:, 0] += 20 * noise[:, 0]
    images = stars.astype(np.float32)
    images[1, :, -shape[1] // 4 :] = np.nan
    images[2] = np.nan
    images[3] = 0
    images[4] = 7
    images[5, 0, 0, 0] = np.finfo(np.float32).min
    return images


def _check_files(model: Model) -> str:
    model.verify_files()
    files = len(model.description.files)
    return f"{files} files are those that model.json names; identity {model.identity[:12]}"


def _check_contract(model: Model) -> str:
    engine = model.engine()
    column = model.description.contract.column
    return f"the graph takes {column} {engine.inputs[column]} as the contract says ({engine.name})"


def _check_probabilities(model: Model) -> str:
    scores = model.predict(_probes(model))
    bad = ~((scores >= 0) & (scores <= 1))
    if bad.any():
        raise ModelError(f"{int(bad.sum())} of {bad.size} scores of probes are no probabilities")
    return f"{scores.size} scores of probes (NaN and constants among them) lie within 0 and 1"


def probe_sequences(features: int, n: int = 67, longest: int = 90) -> NDArray[np.float32]:
    """Return sequences of every length up to the longest, NaN behind their ends, shape (n, longest, F).

    The first feature grows as time does, the second varies around 15 as a magnitude does; in some sequences
    the others are missing, or all values are the same.
    """
    rng = np.random.default_rng(20180824)
    steps = rng.normal(0, 1, (n, longest, features)) * 10.0 ** rng.uniform(-2, 0.5, (n, 1, 1))
    steps[:, :, 0] = np.cumsum(10.0 ** rng.uniform(-2, 1.5, (n, longest)), axis=1)
    steps[:, :, 0] -= steps[:, :1, 0]
    if features > 1:
        steps[:, :, 1] += rng.uniform(11, 19, (n, 1))
        steps[1, :, 1:] = 15.0
    steps[2:5, :, 2:] = np.nan
    steps[np.arange(longest) >= np.linspace(1, longest, n).astype(int)[:, None]] = np.nan
    return steps.astype(np.float32)


def probe_features(features: int, n: int = 67) -> NDArray[np.float32]:
    """Return rows of features on every scale, shape (n, F): NaN in many, everything NaN in one."""
    rng = np.random.default_rng(20180824)
    rows = rng.normal(0, 1, (n, features)) * 10.0 ** rng.uniform(-3, 3, (n, 1))
    rows[rng.random(rows.shape) < 0.1] = np.nan
    rows[0], rows[1] = np.nan, 0.0
    return rows.astype(np.float32)


def _probes(model: Model) -> NDArray[np.float32]:
    """Return probes of the kind that the contract says, within its scale if it has one."""
    contract = model.description.contract
    if contract.sequence:
        return probe_sequences(contract.fixed_shape[0])
    if not contract.image:
        return probe_features(contract.fixed_shape[0])
    images = probe_images(contract.image_shape)
    if contract.unit != GREY_LEVEL:
        return images
    # Light is dark, empty sky is light grey; what is not finite stays.
    scaled: NDArray[np.float32] = np.where(np.isfinite(images), np.clip(204 - images, 0, 255), images)
    return scaled


class _NothingToCompareError(Exception):
    """A check has no second way to compute the same."""


def _check_agreement(model: Model) -> str:
    if model.description.trees:
        raise _NothingToCompareError("an ensemble of trees is kept as its graph alone")
    network = build_network(model.description, model.folder / WEIGHTS)
    from skysieve.networks.output_bounds import output_bounds  # as build_network, of the extra `train`

    images = _probes(model)
    bounds = output_bounds(build_vetter(model.description, network), images, TOLERANCE)
    found = model.predict(images)
    largest = float(np.abs(bounds.expected - found).max())
    if not bounds.hold(found):
        raise ModelError(
            f"ONNX and PyTorch differ by {largest:.2g}, more than {TOLERANCE:g} of logits and of what the "
            "calibration makes of it; export the model again"
        )
    if largest > TOLERANCE:
        return f"ONNX and PyTorch differ by {largest:.2g} at most, as the calibration is steep"
    return f"ONNX and PyTorch differ by {largest:.2g} at most (allowed: {TOLERANCE:g})"
