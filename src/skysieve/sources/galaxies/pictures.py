"""From a folder of colour pictures and a table of labels or votes to a sample set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, InputError, SampleSetError
from skysieve.samples.description import RESERVED_COLUMNS, Description, TensorColumn
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.table import encode_labels
from skysieve.samples.votes import VoteScheme, classes_from_votes
from skysieve.sources.images import ImageSample, read_image_table

__all__ = ["PICTURE_CHANNELS", "PICTURE_UNIT", "Fit", "picture_samples"]

#: Channels of a colour picture in their order, and the unit of its values.
PICTURE_CHANNELS = ("red", "green", "blue")
PICTURE_UNIT = "picture level"

Fit = Literal["crop", "resize"]


def picture_samples(
    table: str | Path,
    folder: str | Path,
    *,
    id: str,  # noqa: A002 - the column's name everywhere in skysieve
    path: str,
    side: int,
    fit: Fit = "crop",
    group: str = "",
    label: str = "",
    classes: Sequence[str] = (),
    votes: VoteScheme | None = None,
    cut: float = 0.95,
    label_origin: str = "",
) -> SampleSet:
    r"""Make a sample set of colour pictures.

    Parameters
    ----------
    table, folder : path
        As of `skysieve.sources.images.read_image_table`.
    id, path : str
        Column of the identity; column of the file names, or a template: ``"{id}.jpg"``.
    side : int
        Pixels of height and width in the set.
    fit : {"crop", "resize"}
        What becomes of larger pictures: the middle is cut out, which keeps the size of a pixel on the
        sky; or all of it, if square, is averaged down. Smaller pictures are kept aside.
    group : str
        Column of what must stay together in a split; the identity if not given.
    label : str
        Column of the labels; empty for none.
    classes : sequence of str
        Names of the classes in their order; the sorted labels if not given.
    votes : VoteScheme, optional
        Makes the labels from columns of votes instead, as `classes_from_votes` does; the votes stay in the
        columns ``votes_<class>``.
    cut : float
        Share of the votes that makes a label.
    label_origin : str
        How the labels came about.

    Returns
    -------
    SampleSet
        Tensor column ``cutouts`` of shape (3, side, side), uint8; further scalars of the table. In
        ``findings`` what was kept aside: files that are missing or damaged, ``wrong-channels``,
        ``not-a-picture``, ``wrong-size``, ``missing-group``.

    Raises
    ------
    ConfigurationError
        If the table lacks a column, or labels and votes are both asked for.
    SampleSetError
        If a label is not among the classes, or nothing can be used.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> folder = Path(tempfile.mkdtemp())
    >>> Image.new("RGB", (20, 20), (9, 8, 7)).save(folder / "M31.png")
    >>> _ = (folder / "types.csv").write_text("name,type\nM31,spiral\n")
    >>> picture_samples(folder / "types.csv", folder, id="name", path="{name}.png", side=16, label="type")
    <SampleSet: 1 samples, cutouts (3, 16, 16), classes ('spiral',)>
    """
    if label and votes:
        raise ConfigurationError(f"labels are a column ({label!r}) or made from votes, not both; name one")
    rows, pictures, findings = _read(table, folder, id, path, side, fit, group)
    if not rows:
        first = next((str(finding) for finding in findings), "the table is empty")
        raise SampleSetError(f"no picture of {Path(folder).name} can be used; the first: {first}")
    ids = [str(row[id]) for row in rows]
    columns: dict[str, Any] = {"id": ids, "group": [str(row[group or id]) for row in rows]}
    names = tuple(classes)
    if label:
        _require(rows, label, table)
        columns["label"], names = encode_labels([row[label] for row in rows], classes or None)
    elif votes is not None:
        voted = classes_from_votes(_as_columns(rows), votes, cut=cut, ids=ids)
        columns["label"] = [None if each < 0 else int(each) for each in voted.labels]
        columns |= voted.columns()
        names = voted.classes
        findings.extend(voted.findings)
        label_origin = label_origin or f"Votes: a class that a share of {cut:g} of the people agrees on."
    taken = {id, group, label, *RESERVED_COLUMNS, *columns, "cutouts"}
    columns |= {name: values for name, values in _as_columns(rows).items() if name not in taken}
    layout = TensorColumn((3, side, side), "uint8", PICTURE_CHANNELS, PICTURE_UNIT)
    origin = {"table": Path(table).name, "folder": Path(folder).name, "fit": fit}
    description = Description({"cutouts": layout}, names, label_origin, origin=origin)
    return SampleSet.from_columns(columns | {"cutouts": np.stack(pictures)}, description, tuple(findings))


def fitted(image: NDArray[Any], side: int, fit: Fit, item: str) -> NDArray[np.uint8]:
    """Return a colour picture of the asked size, shape (3, side, side).

    Raises
    ------
    InputError
        ``wrong-channels``, ``not-a-picture``, ``wrong-size``.
    """
    channels, height, width = image.shape
    if channels != 3:
        reason = (
            f"has {channels} channels of {height} x {width}, a picture has 3 "
            f"({', '.join(PICTURE_CHANNELS)}), in the first place of a cube"
        )
        raise InputError(item, "wrong-channels", reason)
    low, high = float(np.nanmin(image)), float(np.nanmax(image))
    if not (low >= 0 and high <= 255) or np.isnan(image).any():
        reason = f"has values from {low:g} to {high:g}, or none; a picture has levels from 0 to 255"
        raise InputError(item, "not-a-picture", reason)
    if min(height, width) < side or (fit == "resize" and height != width):
        expected = f"at least {side} x {side}" + (", square" if fit == "resize" else "")
        raise InputError(item, "wrong-size", f"is {height} x {width} pixels, expected are {expected}")
    picture = np.rint(image).astype(np.uint8)
    if fit == "crop":
        top, left = (height - side) // 2, (width - side) // 2
        return np.ascontiguousarray(picture[:, top : top + side, left : left + side])
    return picture if height == side else _averaged_down(picture, side)


def _averaged_down(picture: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    from PIL import Image

    resized = Image.fromarray(np.moveaxis(picture, 0, -1)).resize((side, side), Image.Resampling.BOX)
    return np.ascontiguousarray(np.moveaxis(np.asarray(resized), -1, 0))


def _read(
    table: str | Path, folder: str | Path, id_column: str, path: str, side: int, fit: Fit, group: str
) -> tuple[list[dict[str, Any]], list[NDArray[np.uint8]], list[Finding]]:
    rows: list[dict[str, Any]] = []
    pictures: list[NDArray[np.uint8]] = []
    findings: list[Finding] = []
    for outcome in read_image_table(table, folder, id=id_column, path=path):
        try:
            if isinstance(outcome, Finding):
                findings.append(outcome)
                continue
            _check_group(outcome, group, table)
            pictures.append(fitted(outcome.image, side, fit, outcome.id))
            rows.append(dict(outcome.row))
        except InputError as error:
            findings.append(Finding.from_error(error))
    return rows, pictures, findings


def _check_group(sample: ImageSample, group: str, table: str | Path) -> None:
    if not group:
        return
    _require([dict(sample.row)], group, table)
    if sample.row[group] in (None, ""):
        reason = f"the column {group!r} is empty; every sample has a group"
        raise InputError(sample.id, "missing-group", reason)


def _require(rows: list[dict[str, Any]], column: str, table: str | Path) -> None:
    if column not in rows[0]:
        raise ConfigurationError(f"{table} has no column {column!r}; it has {', '.join(rows[0])}")


def _as_columns(rows: list[dict[str, Any]]) -> dict[str, list[Any]]:
    return {name: [row[name] for row in rows] for name in rows[0]}
