"""The public training set of braai, the real/bogus classifier of ZTF (Duev et al. 2019, MNRAS 489, 3582).

11,556 alerts of the public survey, labelled by people: 7,992 real, 3,564 bogus.
The triplets come normalised (each cutout divided by its L2 norm, padded with
1e-9 at the bottom and the right), channels last: science, template, difference.
Their checksums were never published, so the first download records its own
beside each file and later ones are compared with that.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import InputError
from skysieve.sources.archives.dataset import DATASETS, Dataset
from skysieve.sources.archives.download import Progress, RemoteFile, download

__all__ = ["BRAAI_FILES", "BraaiSet", "fetch_braai", "read_braai"]

_BASE = "https://storage.googleapis.com/ztf-braai/"
_LABELS = "braai.candidates.programid1.csv"
_TRIPLETS = "braai.triplets.norm.programid1.npy"
_STAMP = (63, 63, 3)

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
    """

    candid: NDArray[np.int64]
    label: NDArray[np.int64]
    triplets: NDArray[Any]

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
    candid, label = _read_labels(labels)
    try:
        stamps = np.load(triplets, mmap_mode="r", allow_pickle=False)
    except (ValueError, OSError, EOFError) as error:
        raise InputError(str(triplets), "bad-array", f"cannot be mapped as a .npy array: {error}") from error
    if stamps.shape != (len(candid), *_STAMP):
        reason = (
            f"has the shape {stamps.shape}, the labels ask for {(len(candid), *_STAMP)}: fetch both again"
        )
        raise InputError(str(triplets), "wrong-size", reason)
    return BraaiSet(candid, label, stamps)


def _read_labels(path: Path) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    import pyarrow as pa
    from pyarrow import csv

    types = {"candid": pa.int64(), "label": pa.int64()}
    options = csv.ConvertOptions(include_columns=list(types), column_types=types)
    try:
        table = csv.read_csv(path, convert_options=options)
    except (pa.ArrowException, KeyError) as error:
        reason = f"has no columns candid and label of whole numbers: {error}"
        raise InputError(str(path), "bad-table", reason) from error
    candid, label = (table.column(name).to_numpy() for name in types)
    return candid, label


DATASETS.register("braai")(
    Dataset(
        name="braai",
        summary="11,556 labelled ZTF alerts (7,992 real, 3,564 bogus), normalised 63 x 63 triplets, 1 GB",
        citation="Duev et al. 2019, MNRAS 489, 3582; public ZTF alerts, acknowledge ZTF",
        files=BRAAI_FILES,
        fetch=fetch_braai,
        read=read_braai,
    )
)
