"""The public training set of braai, the real/bogus classifier of ZTF (Duev et al. 2019, MNRAS 489, 3582).

11,556 alerts of the public survey, labelled by people: 7,992 real, 3,564 bogus.
The triplets come normalised (each cutout divided by its L2 norm, padded with
1e-9 at the bottom and the right), channels last: science, template, difference.
Their checksums were never published, so the first download records its own
beside each file and later ones are compared with that.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import InputError
from skysieve.samples.description import Description, TensorColumn
from skysieve.samples.findings import Finding
from skysieve.sources.alerts.alert import CUTOUT_CHANNELS
from skysieve.sources.archives.dataset import DATASETS, Dataset
from skysieve.sources.archives.download import Progress, RemoteFile, download

__all__ = [
    "BRAAI_FILES",
    "LABEL_ORIGIN",
    "BraaiSet",
    "braai_blocks",
    "describe_braai",
    "fetch_braai",
    "read_braai",
]

_BASE = "https://storage.googleapis.com/ztf-braai/"
_LABELS = "braai.candidates.programid1.csv"
_TRIPLETS = "braai.triplets.norm.programid1.npy"
_STAMP = (63, 63, 3)
_BLOCK = 512

#: Who made the labels, as it is printed beside every figure that rests on them.
LABEL_ORIGIN = "Human labels of the braai public set (Duev et al. 2019)."

#: Labels (16.6 MB) and triplets (about 1 GB).
BRAAI_FILES = tuple(RemoteFile(url=_BASE + name, name=name) for name in (_LABELS, _TRIPLETS))


@dataclass(frozen=True, slots=True, eq=False)
class BraaiSet:
    """The labelled triplets; row i of each array is the same alert.

    Parameters
    ----------
    candid : ndarray of int64, shape (N,)
        Identifiers of the detections.
    label : ndarray of int64, shape (N,)
        1 for real, 0 for bogus.
    triplets : ndarray of float, shape (N, 63, 63, 3)
        Science, template, difference, channels last, memory-mapped from the file.
    object_id : tuple of str
        Identifiers of the objects; empty words where the table names none.
    """

    candid: NDArray[np.int64]
    label: NDArray[np.int64]
    triplets: NDArray[Any]
    object_id: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.candid)


def fetch_braai(folder: str | Path, client: Any = None, progress: Progress | None = None) -> Path:
    """Fetch the set into a folder; what is there already and sound is not fetched again.

    Parameters
    ----------
    folder : str or Path
        Is made if needed.
    client, progress
        As of `download`.
    """
    for remote in BRAAI_FILES:
        download(remote, folder, client=client, progress=progress)
    return Path(folder)


def read_braai(folder: str | Path) -> BraaiSet:
    """Open the set that `fetch_braai` left.

    Raises
    ------
    InputError
        ``missing-file``; ``bad-table`` if the columns ``candid`` and ``label`` are not
        there; ``wrong-size`` if the two files do not belong together.
    """
    labels, triplets = Path(folder, _LABELS), Path(folder, _TRIPLETS)
    for path in (labels, triplets):
        if not path.is_file():
            raise InputError(str(path), "missing-file", "is not there: fetch the data set braai first")
    candid, label, object_id = _read_labels(labels)
    try:
        stamps = np.load(triplets, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(str(triplets), "bad-array", f"cannot be mapped as a .npy array: {error}") from error
    if stamps.shape != (len(candid), *_STAMP):
        reason = (
            f"has the shape {stamps.shape}, the labels ask for {(len(candid), *_STAMP)}: fetch both again"
        )
        raise InputError(str(triplets), "wrong-size", reason)
    return BraaiSet(candid, label, stamps, object_id)


def describe_braai(opened: BraaiSet) -> Description:
    """Say what the sample set of braai is, with all that a user of its figures must know."""
    origin = {
        "dataset": "braai (Duev et al. 2019), public alerts",
        "pixels": "already L2-normalised per cutout, padded with 1e-9; counts cannot be had back",
    }
    if not any(opened.object_id):
        origin["groups"] = (
            "the set names no objects: every alert is a group of its own, so alerts of one object may "
            "stand in different splits and flatter the figures"
        )
    layout = TensorColumn((3, 63, 63), channels=CUTOUT_CHANNELS, unit="L2-normalised per cutout")
    return Description({"cutouts": layout}, ("bogus", "real"), LABEL_ORIGIN, origin=origin)


def braai_blocks(opened: BraaiSet) -> Iterator[dict[str, Any] | Finding]:
    """Yield the samples, channels first, and a finding for each row that cannot be one.

    Yields
    ------
    dict or Finding
        Columns ``id``, ``group`` (the object, or the candid where none is named), ``label``,
        ``cutouts``; or ``repeated-id``, ``bad-label``.
    """
    good = np.zeros(len(opened), dtype=bool)
    good[np.unique(opened.candid, return_index=True)[1]] = True
    for row in np.flatnonzero(~good):
        yield Finding(
            str(opened.candid[row]), "repeated-id", f"row {row} repeats a candid; the first is kept"
        )
    for row in np.flatnonzero(good & ~np.isin(opened.label, (0, 1))):
        good[row] = False
        reason = f"its label is {opened.label[row]}, neither 0 (bogus) nor 1 (real)"
        yield Finding(str(opened.candid[row]), "bad-label", reason)
    rows = np.flatnonzero(good)
    for start in range(0, len(rows), _BLOCK):
        block = rows[start : start + _BLOCK]
        yield {
            "id": opened.candid[block],
            "group": [opened.object_id[row] or str(opened.candid[row]) for row in block],
            "label": opened.label[block],
            "cutouts": np.moveaxis(opened.triplets[block], -1, 1),
        }


def _read_labels(path: Path) -> tuple[NDArray[np.int64], NDArray[np.int64], tuple[str, ...]]:
    import pyarrow as pa
    from pyarrow import csv

    types = {"candid": pa.int64(), "label": pa.int64(), "objectId": pa.string()}
    # The columns that are not there come as missing values.
    options = csv.ConvertOptions(
        include_columns=list(types), column_types=types, include_missing_columns=True
    )
    try:
        table = csv.read_csv(path, convert_options=options)
    except pa.ArrowException as error:
        reason = f"has no columns candid and label of whole numbers: {error}"
        raise InputError(str(path), "bad-table", reason) from error
    candid, label, object_id = (table.column(name) for name in types)
    if candid.null_count or label.null_count:
        reason = "has no columns candid and label of whole numbers, or rows without them"
        raise InputError(str(path), "bad-table", reason)
    return candid.to_numpy(), label.to_numpy(), tuple(name or "" for name in object_id.to_pylist())


DATASETS.register("braai")(
    Dataset(
        name="braai",
        summary="11,556 labelled ZTF alerts (7,992 real, 3,564 bogus), normalised 63 x 63 triplets, 1 GB",
        citation="Duev et al. 2019, MNRAS 489, 3582; public ZTF alerts, acknowledge ZTF",
        files=BRAAI_FILES,
        fetch=fetch_braai,
        read=read_braai,
        describe=describe_braai,
        blocks=braai_blocks,
    )
)
