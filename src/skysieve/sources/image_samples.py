"""From a table and a folder of images to a sample set."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from skysieve.samples.description import RESERVED_COLUMNS
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.table import from_table
from skysieve.sources.images import read_image_table

__all__ = ["image_samples"]

#: A last axis so short beside two longer ones holds channels.
MOST_CHANNELS = 7

_RESERVED = (*RESERVED_COLUMNS, "cutouts")


def image_samples(
    table: str | Path,
    folder: str | Path,
    *,
    id: str,  # noqa: A002 - the column's name everywhere in skysieve
    path: str,
    group: str,
    label: str | None = None,
    split: str | None = None,
    classes: Sequence[str] | None = None,
    label_origin: str = "",
    **options: Any,
) -> SampleSet:
    """Make a sample set of images.

    Parameters
    ----------
    table, folder : path
        As of `read_image_table`.
    id, path, group, label, split : str
        The user's columns.
    classes : sequence of str, optional
        Names of the classes in their order; the sorted values of ``label`` if not given.
    label_origin : str
        How the labels came about; printed beside every figure that rests on them.
    **options
        Further arguments of `read_image_table`: channels, HDU, shape.

    Returns
    -------
    SampleSet
        With the tensor column ``cutouts``; what could not be read is in ``findings``, and so is
        (as ``reserved-column``) a column that was left out because its name has a fixed meaning.

    Raises
    ------
    SampleSetError
        As of `from_table`.
    """
    findings: list[Finding] = []
    columns: dict[str, list[Any]] = {"_id": [], "_image": []}
    rows: list[dict[str, Any]] = []
    for outcome in read_image_table(table, folder, id=id, path=path, **options):
        if isinstance(outcome, Finding):
            findings.append(outcome)
            continue
        columns["_id"].append(outcome.id)
        columns["_image"].append(outcome.image.astype(np.float32))
        rows.append(dict(outcome.row))
    findings.extend(_channels_last(columns["_image"], Path(folder).name))
    names = dict.fromkeys(name for row in rows for name in row)
    columns |= {name: [row.get(name) for row in rows] for name in names}
    taken = {id, group, label, split}
    left_out = [name for name in names if name in _RESERVED and name not in taken]
    findings.extend(_left_out(name, Path(table).name) for name in left_out)
    return from_table(
        columns,
        id="_id",
        group="_id" if group == id else group,
        label=label,
        split=split,
        classes=classes,
        label_origin=label_origin,
        columns={"cutouts": "_image"},
        keep=[name for name in names if name not in taken and name not in _RESERVED],
        origin={"table": Path(table).name, "folder": Path(folder).name},
        findings=findings,
    )


def _channels_last(images: Sequence[Any], folder: str) -> list[Finding]:
    """Return the warning where cubes are stored the other way round, as nothing else tells."""
    shapes = {image.shape for image in images if image.ndim == 3}
    odd = sorted(shape for shape in shapes if shape[2] <= MOST_CHANNELS < min(shape[:2]))
    if not odd:
        return []
    count, height, width = odd[0]
    reason = (
        f"images of shape {' x '.join(map(str, odd[0]))} are read as {count} channels of {height} x {width} "
        f"pixels; if they are {width} channels of {count} x {height}, store the channels first (in FITS the "
        "last axis of the header, NAXIS3)"
    )
    return [Finding(folder, "channels-last", reason, "warning")]


def _left_out(name: str, table: str) -> Finding:
    reason = (
        f"the column {name!r} was left out: its name has a fixed meaning; say that it is the {name}, "
        "or rename it"
    )
    return Finding(table, "reserved-column", reason, "warning")
