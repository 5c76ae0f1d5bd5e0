"""The settings by which light curves are read, as they come from a command line or a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from skysieve.samples.light_curves import Quantity
from skysieve.sources.light_curves.cleaning import Cleaning
from skysieve.sources.light_curves.column_names import ColumnNames

__all__ = ["CurveReading", "LabelTable"]


@dataclass(frozen=True)
class LabelTable:
    """A table with one row a curve: its label, its group and whatever else is known of it.

    Parameters
    ----------
    table : str
        CSV, Parquet, ECSV or FITS; all its further columns are kept.
    id : str
        Column with the names of the curves; guessed if empty.
    label, group, split : str
        Its columns of class, of what no split may divide, and of a split of the user's own.
    """

    table: str = ""
    id: str = ""
    label: str = ""
    group: str = ""
    split: str = ""


@dataclass(frozen=True)
class CurveReading:
    """Settings of `write_curve_samples`.

    Parameters
    ----------
    columns : ColumnNames
        Columns of the light curves.
    labels : LabelTable
        A table beside them.
    cleaning : Cleaning
        What is done with points.
    form : {"guess", "long", "nested"}
        One row a point, or one row a curve.
    quantity : {"guess", "magnitude", "flux"}
        What the values are; guessed by the name of their column.
    unit : str
        Of fluxes; ``unknown`` where the file does not say it.
    classes : tuple of str
        Names of the classes in their order; the sorted labels if none are given.
    label_origin : str
        How the labels came about, in a sentence; printed beside every figure.
    keep : tuple of str
        Columns of one value a curve to keep. If empty, all of a nested table and ``ra``, ``dec`` and
        ``period`` of a long one.
    points_in_memory : int
        More points of a long table than these are sorted on disk.
    curves_at_once : int
        Rows of a nested table that are held at a time.

    Examples
    --------
    >>> from skysieve.configuration import override
    >>> override(CurveReading(), {"columns.time": "hjd", "cleaning.min_points": 10}).columns.time
    'hjd'
    """

    columns: ColumnNames = field(default_factory=ColumnNames)
    labels: LabelTable = field(default_factory=LabelTable)
    cleaning: Cleaning = field(default_factory=Cleaning)
    form: Literal["guess", "long", "nested"] = "guess"
    quantity: Literal["guess"] | Quantity = "guess"
    unit: str = ""
    classes: tuple[str, ...] = ()
    label_origin: str = ""
    keep: tuple[str, ...] = ()
    points_in_memory: int = 5_000_000
    curves_at_once: int = 10_000
