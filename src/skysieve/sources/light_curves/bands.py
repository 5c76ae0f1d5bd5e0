"""Names of bands out of the words and numbers of tables."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skysieve.sources.light_curves.cells import as_words

__all__ = ["ZTF_FILTERS", "band_codes"]

#: Numbers of ZTF's filters.
ZTF_FILTERS = {"1": "g", "2": "r", "3": "i", "zg": "g", "zr": "r", "zi": "i"}
_ZTF_COLUMNS = ("filterid", "fid", "filtercode")


def band_codes(column: pa.Array, name: str) -> tuple[NDArray[np.int16], tuple[str, ...]]:
    """Return the band of each point as an index, and the names of the bands, sorted.

    Parameters
    ----------
    column : pyarrow.Array
        Words or numbers; missing ones are a band without a name.
    name : str
        Name of the column; in ``filterid``, ``fid`` and ``filtercode`` the filters of ZTF are spelled out.

    Examples
    --------
    >>> codes, bands = band_codes(pa.array([2, 1, 2]), "filterid")
    >>> codes.tolist(), bands
    ([1, 0, 1], ('g', 'r'))
    """
    coded = as_words(column).dictionary_encode()
    words = [str(word) for word in coded.dictionary.to_pylist()]
    if name.rpartition(".")[2].lower() in _ZTF_COLUMNS:
        words = [ZTF_FILTERS.get(word, word) for word in words]
    bands, places = np.unique(np.asarray(words, dtype=np.str_), return_inverse=True)
    codes = places[coded.indices.to_numpy(zero_copy_only=False)] if len(words) else np.zeros(0)
    return codes.astype(np.int16), tuple(bands.tolist()) or ("",)
