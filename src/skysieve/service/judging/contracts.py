"""From a candidate's files to what a scorer takes, and which scorers suit which kind of candidates."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, ContractError, InputError, ServiceError
from skysieve.models.contract import GREY_LEVEL, InputContract
from skysieve.preprocess import stack_cutouts
from skysieve.scoring.streaks import is_streak_contract
from skysieve.service.candidates.images import CHANNELS, JPEG, PNG, load_images
from skysieve.service.database.tables import Candidate, Cutouts
from skysieve.service.database.tables.candidates import ALERT, STREAK
from skysieve.service.files.content_store import ContentStore
from skysieve.sources.streaks.cutout_file import decode_cutout

__all__ = ["check_suits", "read_input"]


def check_suits(contract: InputContract, kind: str, name: str) -> None:
    """Raise unless a scorer takes what candidates of a kind have.

    Parameters
    ----------
    contract : InputContract
        What the scorer takes.
    kind : str
        ``alert`` or ``streak``.
    name : str
        The scorer, for messages.

    Raises
    ------
    ContractError
        If it takes something else.
    ConfigurationError
        If there is no such kind.
    """
    suits = {ALERT: _suits_alerts, STREAK: is_streak_contract}
    if kind not in suits:
        raise ConfigurationError(f"candidates are of the kind {' or '.join(suits)}, not {kind!r}")
    if not suits[kind](contract):
        expected = {
            ALERT: f"images of {', '.join(CHANNELS)} in detector counts, or of some of them",
            STREAK: "images (1, 144, 144) of difference in grey level",
        }
        raise ContractError(
            f"{name}: takes {contract.column} {contract.shape} of {', '.join(contract.channels)} in "
            f"{contract.unit}; to score candidates of the kind {kind} it must take {expected[kind]}"
        )


def read_input(
    files: ContentStore, candidate: Candidate, cutouts: Cutouts | None, contract: InputContract
) -> NDArray[np.float32]:
    """Return what a scorer is given for a candidate.

    Parameters
    ----------
    files : ContentStore
        The files of the service.
    candidate : Candidate
        The candidate.
    cutouts : Cutouts, optional
        Its images.
    contract : InputContract
        Of the scorer, which suits the kind of the candidate (`check_suits`).

    Returns
    -------
    ndarray, shape (C, H, W), float32
        NaN where nothing was measured.

    Raises
    ------
    InputError
        ``other-survey`` if the scorer was made for others; ``no-cutouts``; ``missing-channel``;
        ``missing-file`` if a file is gone or damaged; ``wrong-shape``; a kind of
        `skysieve.sources.streaks.cutout_file.decode_cutout`.
    """
    if contract.surveys and candidate.survey not in contract.surveys:
        expected = " or ".join(contract.surveys)
        reason = f"is of {candidate.survey}, the model was made for {expected}: a score would mean nothing"
        raise InputError(candidate.name, "other-survey", reason)
    if cutouts is None:
        raise InputError(candidate.name, "no-cutouts", "has no images, so that there is nothing to score")
    try:
        if candidate.kind == STREAK:
            return _streak(files, candidate, cutouts)
        return _stack(load_images(files, cutouts), candidate.name, contract)
    except ServiceError as error:
        raise InputError(candidate.name, "missing-file", str(error)) from error


def _suits_alerts(contract: InputContract) -> bool:
    measured = contract.unit != GREY_LEVEL and not contract.reading
    return contract.image and measured and set(contract.channels) <= set(CHANNELS)


def _streak(files: ContentStore, candidate: Candidate, cutouts: Cutouts) -> NDArray[np.float32]:
    if cutouts.media_type not in (JPEG, PNG):
        reason = f"its cutout is {cutouts.media_type}; a streak is scored from the picture of the depot"
        raise InputError(candidate.name, "wrong-format", reason)
    grey = decode_cutout(files.get(cutouts.sha256), item=candidate.name).grey
    return grey[None].astype(np.float32)


def _stack(images: dict[str, NDArray[np.float32]], name: str, contract: InputContract) -> NDArray[np.float32]:
    """Stack the channels that the contract names, in its order."""
    if missing := [channel for channel in contract.channels if channel not in images]:
        found = ", ".join(images) or "none"
        reason = f"has the images {found}; the model needs {', '.join(missing)}, too"
        raise InputError(name, "missing-channel", reason)
    chosen = [images[channel] for channel in contract.channels]
    shapes = [image.shape for image in chosen]
    if contract.smaller == "refuse" and any(shape != contract.image_shape[1:] for shape in shapes):
        reason = f"has cutouts of {shapes}, the model takes {contract.image_shape[1:]} and nothing smaller"
        raise InputError(name, "wrong-shape", reason)
    try:
        return stack_cutouts(chosen, contract.image_shape, item=name)
    except ContractError as error:
        raise InputError(name, "wrong-shape", str(error).removeprefix(f"{name}: ")) from None
