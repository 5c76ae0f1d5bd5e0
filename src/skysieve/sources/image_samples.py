"""From a table and a folder of images to a sample set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.table import from_table
from skysieve.sources.images import read_image_table

__all__ = ["image_samples"]


def image_samples(
    table: str | Path,
    folder: str | Path,
    *,
    id: str,  # noqa: A002 - the column's name everywhere in skysieve
    path: str,
    group: str,
    label: str | None = None,
    **options: Any,
) -> SampleSet:
    """Make a sample set of images.

    Parameters
    ----------
    table, folder : path
        As of `read_image_table`.
    id, path, group, label : str
        The user's columns.
    **options
        Further arguments of `read_image_table`: channels, HDU, shape.

    Returns
    -------
    SampleSet
        With the tensor column ``cutouts``; what could not be read is in ``findings``.
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
    names = dict.fromkeys(name for row in rows for name in row)
    columns |= {name: [row.get(name) for row in rows] for name in names}
    return from_table(
        columns,
        id="_id",
        group="_id" if group == id else group,
        label=label,
        columns={"cutouts": "_image"},
        keep=[
            name for name in names if name not in {id, group, label, "id", "group", "label", "split", "fold"}
        ],
        origin={"table": Path(table).name, "folder": Path(folder).name},
        findings=findings,
    )
