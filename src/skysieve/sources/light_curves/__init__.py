"""Light curves out of files: long and nested tables, HATS catalogues, ZTF's data releases; cleaned."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skysieve.lazy_names import lazy_names

# numpy and pyarrow are fetched with the first name that needs them.
if TYPE_CHECKING:
    from skysieve.sources.light_curves.cleaning import Cleaning, clean
    from skysieve.sources.light_curves.column_names import ColumnNames
    from skysieve.sources.light_curves.samples import CurveReport, light_curve_samples, write_curve_samples
    from skysieve.sources.light_curves.settings import CurveReading, LabelTable
    from skysieve.sources.light_curves.tally import Tally

_HOMES = {
    "Cleaning": "cleaning",
    "ColumnNames": "column_names",
    "CurveReading": "settings",
    "CurveReport": "samples",
    "LabelTable": "settings",
    "Tally": "tally",
    "clean": "cleaning",
    "light_curve_samples": "samples",
    "write_curve_samples": "samples",
}

__all__ = [
    "Cleaning",
    "ColumnNames",
    "CurveReading",
    "CurveReport",
    "LabelTable",
    "Tally",
    "clean",
    "light_curve_samples",
    "write_curve_samples",
]

__getattr__ = lazy_names(__name__, _HOMES)
