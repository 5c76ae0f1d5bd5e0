"""From what a user has (a sample set, a folder of pictures with labels or votes) to labelled pictures."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from skysieve.errors import ConfigurationError, ContractError, SampleSetError
from skysieve.models.contract import InputContract
from skysieve.recipes.alert_samples import is_sample_set
from skysieve.recipes.configuration import Configuration, LabelConfig
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.votes import VoteScheme, classes_from_votes
from skysieve.sources.galaxies.pictures import Fit, picture_samples

__all__ = ["prepare_galaxy_pictures"]


def prepare_galaxy_pictures(
    inputs: Sequence[str | Path],
    configuration: Configuration,
    contract: InputContract,
    classes: tuple[str, ...],
    *,
    fit: Fit,
    votes: VoteScheme | None = None,
) -> SampleSet:
    """Make a labelled sample set of colour pictures.

    Parameters
    ----------
    inputs : sequence of path
        One sample set; or one folder of pictures, whose table ``labels.table`` names (with the columns
        ``labels.id``, ``labels.path`` and either ``labels.column`` or votes).
    configuration : Configuration
        For ``labels``.
    contract : InputContract
        Size of the pictures.
    classes : tuple of str
        Class names of the recipe.
    fit : {"crop", "resize"}
        What becomes of larger pictures of a folder.
    votes : VoteScheme, optional
        What columns of votes mean, unless ``labels.votes`` says so.

    Returns
    -------
    SampleSet
        A sample set that has labels is taken as it is. One without gets them from ``labels.column``, or
        from its columns of votes. What cannot be used is in ``findings``.

    Raises
    ------
    ConfigurationError
        If the input is neither, or its table is not named.
    SampleSetError
        If there is no label to be had, or one that the recipe does not know.
    ContractError
        If a sample set has no pictures, or other ones than the recipe takes.
    """
    labels = configuration.labels
    scheme = labels.votes.scheme() or votes
    if len(inputs) != 1:
        raise ConfigurationError(
            f"found {len(inputs)} inputs; give one sample set, or one folder of pictures with labels.table"
        )
    if is_sample_set(inputs[0]):
        samples = SampleSet.open(inputs[0])
        if not (samples.labels >= 0).any():
            samples = _labelled(samples, labels, scheme, classes)
    else:
        samples = _from_folder(Path(inputs[0]), labels, scheme, contract, classes, fit)
    _check_pictures(samples, contract)
    if not (samples.labels >= 0).any():
        raise SampleSetError(
            f"none of {len(samples)} pictures has a label; name its column (--set labels.column=...) or "
            "columns of votes (labels.votes.columns), or lower the cut (labels.votes.cut)"
        )
    return samples


def _check_pictures(samples: SampleSet, contract: InputContract) -> None:
    layout = samples.description.tensors.get(contract.column)
    if layout is None:
        raise ContractError(
            f"the samples have no tensor column {contract.column!r}, which holds the pictures; "
            f"found {', '.join(samples.description.tensors) or 'none'}"
        )
    # Other sides are for the network to take or refuse; the recipe knows the channels.
    if len(layout.shape) != 3 or layout.shape[0] != len(contract.channels):
        raise ContractError(
            f"found pictures of shape {layout.shape}, expected {contract.shape}: "
            f"{', '.join(contract.channels)} first, then rows and columns; write the sample set again so"
        )
    contract.check_channels(layout.channels)


def _from_folder(
    folder: Path,
    labels: LabelConfig,
    scheme: VoteScheme | None,
    contract: InputContract,
    classes: tuple[str, ...],
    fit: Fit,
) -> SampleSet:
    if not folder.is_dir():
        raise ConfigurationError(f"{folder}: is neither a sample set nor a folder of pictures")
    if not labels.table:
        raise ConfigurationError(
            f"{folder}: pictures need a table of labels or votes; name it (--set labels.table=...), its "
            "columns labels.id and labels.column, and labels.path where files are not called <id>.jpg"
        )
    asked: dict[str, Any] = {"label": labels.column, "classes": classes}
    if not labels.column:
        asked = {"votes": _known(scheme, classes), "cut": labels.votes.cut}
    return picture_samples(
        labels.table,
        folder,
        id=labels.id,
        path=labels.path or f"{{{labels.id}}}.jpg",
        side=contract.image_shape[1],
        fit=fit,
        **asked,
    )


def _labelled(
    samples: SampleSet, labels: LabelConfig, scheme: VoteScheme | None, classes: tuple[str, ...]
) -> SampleSet:
    """Label a set by its own column of labels, or by its columns of votes."""
    if labels.column:
        from skysieve.samples.table import encode_labels

        values = [None if value == "" else value for value in samples.scalar(labels.column).tolist()]
        encoded, _ = encode_labels(values, classes)
        column: dict[str, Any] = {"label": encoded}
        return samples.with_columns(
            column, classes=classes, label_origin=f"Labels of the column {labels.column}."
        )
    known = _known(scheme, classes)
    wanted = {name for names in known.columns.values() for name in names} | set(known.dont_know)
    present = [name for name in (*wanted, known.total) if name in samples.column_names]
    voted = classes_from_votes(
        {name: samples.scalar(name) for name in present}, known, cut=labels.votes.cut, ids=samples.ids
    )
    column = {"label": [None if each < 0 else int(each) for each in voted.labels]}
    origin = f"Votes: a class that a share of {labels.votes.cut:g} of the people agrees on."
    made = samples.with_columns(column | voted.columns(), classes=voted.classes, label_origin=origin)
    made.findings += voted.findings
    return made


def _known(scheme: VoteScheme | None, classes: tuple[str, ...]) -> VoteScheme:
    """Return the scheme with its classes in the order of the recipe."""
    if scheme is None:
        raise ConfigurationError(
            "the pictures have no labels; name their column (--set labels.column=...) or columns of votes "
            f"(--set 'labels.votes.columns={{...}}') for the classes {', '.join(classes)}"
        )
    if set(scheme.classes) != set(classes):
        raise ConfigurationError(
            f"labels.votes.columns is for the classes {', '.join(scheme.classes)}; the recipe has "
            f"{', '.join(classes)}"
        )
    return dataclasses.replace(scheme, columns={name: scheme.columns[name] for name in classes})
