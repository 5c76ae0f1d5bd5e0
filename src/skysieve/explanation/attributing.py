"""The one way to explain: a network and images in, maps out, batch by batch."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from skysieve.errors import ConfigurationError, ContractError, ModelError
from skysieve.explanation.attribution import Attribution
from skysieve.explanation.question import Question
from skysieve.explanation.registry import EXPLAINERS, Answer, Explainer, build_explainer
from skysieve.registry import Registry
from skysieve.training.ensemble import Ensemble

__all__ = [
    "attribute",
    "classes_to_explain",
    "evaluating",
    "mean_answer",
    "members_of",
    "method_of",
    "targets_of",
]


def attribute(
    network: nn.Module,
    images: NDArray[Any],
    method: str | Explainer = "grad-cam",
    *,
    target: int | Sequence[int] | NDArray[np.integer[Any]] | None = None,
    preprocess: Callable[[Tensor], Tensor] | None = None,
    batch: int = 64,
    **settings: Any,
) -> Attribution:
    """Map what in each image speaks for a class.

    All methods explain the logit, never the probability: that of a sure network hardly moves
    whatever happens to the image, and neither would the maps. An ensemble is explained member by member,
    and its map is the mean of theirs.

    Parameters
    ----------
    network : nn.Module
        Takes preprocessed images and returns logits (N, K). It is run in evaluation mode and left as it
        was; no gradient of a weight is kept.
    images : ndarray, shape (N, C, H, W)
        Raw images of any number of channels. NaN, infinite or beyond 1e30 in size: not measured, gets
        no attribution.
    method : str or Explainer
        Name in `EXPLAINERS`, or one that is made already.
    target : int, or array of int, shape (N,), optional
        The class to explain; that which the network prefers if not given.
    preprocess : callable, optional
        From raw images to the input of the network, such as `skysieve.preprocess.Pipeline`.
    batch : int
        Images at a time.
    **settings
        Of the explainer.

    Returns
    -------
    Attribution
        One map an image.

    Raises
    ------
    UnknownNameError
        If no explainer, or no layer, has that name.
    ConfigurationError
        If a setting is wrong, or the network cannot be explained in this way.
    ContractError
        If the images are not (N, C, H, W), or a target is no class of the network.
    ModelError
        If the network returns NaN.

    Examples
    --------
    >>> from skysieve.networks import build_network
    >>> from skysieve.preprocess import Pipeline
    >>> _ = torch.manual_seed(0)
    >>> network = build_network("compact", shape=(3, 32, 32), outputs=1)
    >>> images = np.random.default_rng(0).normal(size=(2, 3, 32, 32))
    >>> found = attribute(network, images, "saliency", preprocess=Pipeline.of("l2-per-cutout"))
    >>> found.maps.shape, found.maps.dtype, found.signed
    ((2, 32, 32), dtype('float32'), False)
    """
    explainer = build_explainer(method, settings) if isinstance(method, str) else method
    if not isinstance(method, str) and settings:
        raise ConfigurationError(f"the explainer is made already; give {', '.join(settings)} when making it")
    pixels = _as_images(images)
    if batch < 1:
        raise ConfigurationError(f"batch is {batch}; expected 1 or more")
    if target is not None and np.shape(target) not in ((), (len(pixels),)):
        raise ContractError(f"{np.shape(target)} targets for {len(pixels)} images; give one, or one an image")
    parts: list[_Part] = []
    with evaluating(network):
        for start in range(0, len(pixels), batch):
            rows = slice(start, start + batch)
            parts.append(_explain(network, pixels[rows], explainer, targets_of(target, rows), preprocess))
    return _joined(parts, explainer, pixels.shape)


def method_of(explainer: Any, registry: Registry[Any] = EXPLAINERS) -> str:
    """Return the name under which an explainer's kind is registered, or that of its class."""
    names = {registry.get(name): name for name in registry}
    return names.get(type(explainer), type(explainer).__name__)


@dataclasses.dataclass(frozen=True)
class _Part:
    answer: Answer
    classes: Tensor
    logits: Tensor


def _explain(
    network: nn.Module,
    pixels: NDArray[np.float32],
    explainer: Explainer,
    target: Any,
    preprocess: Callable[[Tensor], Tensor] | None,
) -> _Part:
    parameter = next(network.parameters(), None)
    device = torch.device("cpu") if parameter is None else parameter.device
    images = torch.from_numpy(pixels).to(device)
    with torch.no_grad():
        logits = network(images if preprocess is None else preprocess(images))
    if not logits.isfinite().all():
        row = int((~logits.isfinite()).any(1).nonzero()[0])
        raise ModelError(
            f"the network returns {logits[row].tolist()} for image {row} of a batch; does the "
            "preprocessing fill NaN?"
        )
    classes = classes_to_explain(logits, target)
    questions = [Question(member, preprocess, images, classes) for member in members_of(network)]
    answer = mean_answer([explainer.answer(question) for question in questions])
    # A map of several channels says nothing where no channel was measured.
    seen = questions[0].measured.any(1)
    maps = torch.where(seen & answer.maps.isfinite(), answer.maps, 0.0)
    return _Part(dataclasses.replace(answer, maps=maps), classes, logits)


def members_of(network: nn.Module) -> list[nn.Module]:
    """Return the networks of an ensemble, or the one."""
    return list(network.networks) if isinstance(network, Ensemble) else [network]


def mean_answer(answers: list[Answer]) -> Answer:
    """Return the mean of what the members of an ensemble answered."""
    return Answer(
        torch.stack([answer.maps for answer in answers]).mean(0),
        {
            name: torch.stack([answer.figures[name] for answer in answers]).mean(0)
            for name in answers[0].figures
        },
        answers[0].found,
    )


def classes_to_explain(logits: Tensor, target: Any) -> Tensor:
    """Return the class to explain of every image, shape (N,)."""
    count = max(logits.shape[1], 2)
    if target is None:
        return (logits[:, 0] > 0).long() if logits.shape[1] == 1 else logits.argmax(1)
    classes = torch.as_tensor(np.broadcast_to(np.asarray(target, dtype=np.int64), len(logits)).copy())
    wrong = (classes < 0) | (classes >= count)
    if wrong.any():
        raise ContractError(
            f"class {int(classes[wrong][0])} is to be explained; the network has the classes 0 to {count - 1}"
        )
    return classes.to(logits.device)


def targets_of(target: Any, rows: Any) -> Any:
    """Return the targets of a batch: one for all, one for each, or None."""
    return target if target is None or np.ndim(target) == 0 else np.asarray(target)[rows]


def _as_images(images: NDArray[Any]) -> NDArray[np.float32]:
    pixels = np.ascontiguousarray(images, dtype=np.float32)
    if pixels.ndim != 4 or not len(pixels):
        raise ContractError(
            f"found images of shape {pixels.shape}; expected (images, channels, rows, columns), at least one"
        )
    return pixels


def _joined(parts: list[_Part], explainer: Explainer, shape: tuple[int, ...]) -> Attribution:
    def stack(tensors: list[Tensor]) -> NDArray[Any]:
        return np.asarray(torch.cat(tensors).detach().cpu().numpy())

    fields: Any = explainer
    settings: dict[str, Any] = dataclasses.asdict(fields)
    return Attribution(
        maps=stack([part.answer.maps for part in parts]).astype(np.float32).reshape(-1, *shape[2:]),
        signed=explainer.signed,
        target=stack([part.classes for part in parts]),
        logits=stack([part.logits for part in parts]).astype(np.float32),
        method=method_of(explainer),
        settings=settings | dict(parts[0].answer.found),
        figures={name: stack([p.answer.figures[name] for p in parts]) for name in parts[0].answer.figures},
    )


@contextlib.contextmanager
def evaluating(network: nn.Module) -> Iterator[None]:
    """Run a network in evaluation mode, and leave every module as it was."""
    training = [module for module in network.modules() if module.training]
    network.eval()
    try:
        yield
    finally:
        for module in training:
            module.training = True
