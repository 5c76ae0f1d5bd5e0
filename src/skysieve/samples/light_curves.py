"""Many light curves as flat arrays, in which they are measured; and their columns in a sample set."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.samples.description import Description, TensorColumn
from skysieve.samples.sample_set import SampleSet

__all__ = ["BANDS", "ERROR", "TIME", "VALUE", "LightCurves", "Quantity", "light_curve_columns"]

TIME, VALUE, ERROR, BANDS = "time", "value", "error", "band"

#: What a value is. Fainter is a larger magnitude and a smaller flux.
Quantity = Literal["magnitude", "flux"]


def light_curve_columns(quantity: Quantity, unit: str, *, banded: bool) -> dict[str, TensorColumn]:
    """Return the tensor columns of a sample set of light curves.

    Parameters
    ----------
    quantity : {"magnitude", "flux"}
        What the values are. Units of the two are disjoint (``mag`` and anything else), so that a
        set says which by its unit.
    unit : str
        Of the values and their errors: ``mag``, ``nJy`` ...
    banded : bool
        Whether there is a column ``band``.

    Raises
    ------
    SampleSetError
        If the unit is not that of the quantity.

    Examples
    --------
    >>> list(light_curve_columns("magnitude", "mag", banded=True))
    ['time', 'value', 'error', 'band']
    """
    if quantity not in get_args(Quantity):
        raise SampleSetError(f"values of light curves are 'magnitude' or 'flux'; found {quantity!r}")
    if (quantity == "magnitude") != (unit == "mag"):
        raise SampleSetError(
            f"found values that are a {quantity} in {unit or 'no unit'}; magnitudes are in 'mag', "
            "and a flux says its own unit"
        )
    columns = {
        TIME: TensorColumn((None,), "float64", unit="d"),
        VALUE: TensorColumn((None,), "float64", unit=unit),
        ERROR: TensorColumn((None,), "float32", unit=unit),
    }
    return columns | ({BANDS: TensorColumn((None,), "str")} if banded else {})


@dataclass(frozen=True, slots=True, eq=False)
class LightCurves:
    """Light curves of different lengths in arrays of all their points, one after another.

    Parameters
    ----------
    offsets : ndarray, shape (N + 1,), int64
        The points of curve i are ``offsets[i]`` to ``offsets[i + 1]``.
    time : ndarray, shape (P,), float64
        Days (MJD or any other zero), increasing within a curve; equal times may follow each other.
    value : ndarray, shape (P,), float64
        Magnitude or flux, finite.
    error : ndarray, shape (P,), float64
        One standard deviation; NaN where unknown.
    band : ndarray, shape (P,), int16
        Index into ``bands``.
    bands : tuple of str
        Names of the bands; one empty name where bands are not told apart.
    ids : ndarray, shape (N,)
        Names of the curves.
    quantity : {"magnitude", "flux"}
        What the values are.
    unit : str
        Of values and errors.

    Raises
    ------
    SampleSetError
        If the arrays do not fit together.

    Examples
    --------
    >>> curves = LightCurves.from_lists([[1.0, 2.0], [5.0]], [[15.1, 15.3], [17.0]], ids=["a", "b"])
    >>> len(curves), curves.counts.tolist(), curves.curve(1).value.tolist()
    (2, [2, 1], [17.0])
    """

    offsets: NDArray[np.int64] = field(repr=False)
    time: NDArray[np.float64] = field(repr=False)
    value: NDArray[np.float64] = field(repr=False)
    error: NDArray[np.float64] = field(repr=False)
    band: NDArray[np.int16] = field(repr=False)
    bands: tuple[str, ...]
    ids: NDArray[Any] = field(repr=False)
    quantity: Quantity = "magnitude"
    unit: str = "mag"

    def __post_init__(self) -> None:
        points = {name: len(getattr(self, name)) for name in ("time", "value", "error", "band")}
        offsets = self.offsets
        fit = len(offsets) == len(self.ids) + 1 and offsets[0] == 0 and (np.diff(offsets) >= 0).all()
        if not fit or set(points.values()) != {int(offsets[-1])}:
            raise SampleSetError(
                f"light curves do not fit together: {len(self.ids)} ids, {len(offsets)} offsets up to "
                f"{offsets[-1] if len(offsets) else 'none'}, points {points}"
            )

    @classmethod
    def of(cls, samples: SampleSet) -> LightCurves:
        """Take the light curves of a sample set, all of its rows.

        A set without ``error`` or ``band`` has NaN errors and one nameless band.

        Raises
        ------
        SampleSetError
            If the set holds no light curves, or times and values of a curve differ in number.
        """
        _check_columns(samples)
        unit = samples.description.tensors[VALUE].unit
        offsets, time = samples.ragged_flat(TIME)
        flat = {TIME: np.asarray(time.to_numpy(zero_copy_only=False), dtype=np.float64)}
        for name in (VALUE, ERROR):
            if name not in samples.description.tensors:
                flat[name] = np.full(len(time), np.nan)
                continue
            flat[name] = _numbers(samples, name, offsets)
        band, bands = _bands(samples, offsets)
        return cls(
            offsets,
            flat[TIME],
            flat[VALUE],
            flat[ERROR],
            band,
            bands,
            samples.ids,
            "magnitude" if unit in ("mag", "") else "flux",
            unit or "mag",
        )

    @classmethod
    def from_lists(
        cls,
        time: Any,
        value: Any,
        error: Any = None,
        *,
        ids: Any = None,
        quantity: Quantity = "magnitude",
        unit: str = "mag",
    ) -> LightCurves:
        """Make curves of one band of sequences, one for each curve; times are not sorted here."""
        offsets = np.concatenate([[0], np.cumsum([len(row) for row in time])]).astype(np.int64)
        points = int(offsets[-1])
        flat = [np.full(points, np.nan) if rows is None else _joined(rows) for rows in (time, value, error)]
        names = np.arange(len(time)) if ids is None else np.asarray(ids)
        band = np.zeros(points, dtype=np.int16)
        return cls(offsets, flat[0], flat[1], flat[2], band, ("",), names, quantity, unit)

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[LightCurves]:
        """Yield the curves one by one, each as a set of one."""
        return (self.curve(number) for number in range(len(self)))

    @property
    def counts(self) -> NDArray[np.int64]:
        """Points of each curve, shape (N,)."""
        return np.diff(self.offsets)

    def curve(self, number: int) -> LightCurves:
        """Return one curve, its arrays views of these."""
        return self.span(number, number + 1)

    def span(self, first: int, last: int) -> LightCurves:
        """Return the curves from ``first`` to before ``last``, their arrays views of these."""
        points = slice(int(self.offsets[first]), int(self.offsets[last]))
        offsets = self.offsets[first : last + 1] - self.offsets[first]
        return self._with(offsets, points, self.ids[first:last])

    def take(self, rows: NDArray[Any]) -> LightCurves:
        """Return chosen curves (indices or a mask) in their order."""
        rows = np.flatnonzero(rows) if np.asarray(rows).dtype == bool else np.asarray(rows, dtype=np.int64)
        counts = self.counts[rows]
        offsets = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        points = np.repeat(self.offsets[rows] - offsets[:-1], counts) + np.arange(offsets[-1])
        return self._with(offsets, points, self.ids[rows])

    def keep(self, points: NDArray[np.bool_]) -> LightCurves:
        """Return the curves with the chosen points only; curves may be left without any."""
        total = np.concatenate([[0], np.cumsum(points)])
        return self._with(total[self.offsets].astype(np.int64), points, self.ids)

    def of_band(self, name: str) -> LightCurves:
        """Return all curves with the points of one band only.

        Raises
        ------
        SampleSetError
            If no band has this name.
        """
        if name not in self.bands:
            raise SampleSetError(f"no band is called {name!r}, found {', '.join(map(repr, self.bands))}")
        return self.keep(self.band == self.bands.index(name))

    def _with(self, offsets: NDArray[np.int64], points: Any, ids: NDArray[Any]) -> LightCurves:
        flat = (self.time[points], self.value[points], self.error[points], self.band[points])
        return LightCurves(offsets, *flat, self.bands, ids, self.quantity, self.unit)

    def columns(self) -> dict[str, Any]:
        """Return the ragged columns of `light_curve_columns`, for `SampleSet.from_columns`."""
        cuts = self.offsets[1:-1]
        made: dict[str, Any] = {TIME: np.split(self.time, cuts), VALUE: np.split(self.value, cuts)}
        made[ERROR] = np.split(self.error.astype(np.float32), cuts)
        if self.bands != ("",):
            made[BANDS] = np.split(np.asarray(self.bands, dtype=np.str_)[self.band], cuts)
        return made

    def layout(self) -> dict[str, TensorColumn]:
        """Return the layout of `columns`."""
        return light_curve_columns(self.quantity, self.unit, banded=self.bands != ("",))

    def samples(self, columns: dict[str, Any] | None = None, **description: Any) -> SampleSet:
        """Return a sample set in memory: ``id``, ``group`` (the id unless given), curves, further columns."""
        scalars = {"id": self.ids, "group": self.ids} | (columns or {})
        return SampleSet.from_columns(
            scalars | self.columns(), Description(tensors=self.layout(), **description)
        )


def _joined(rows: Any) -> NDArray[np.float64]:
    arrays = [np.asarray(row, dtype=np.float64) for row in rows]
    return np.concatenate(arrays) if arrays else np.empty(0)


def _check_columns(samples: SampleSet) -> None:
    missing = [name for name in (TIME, VALUE) if name not in samples.description.tensors]
    if missing:
        raise SampleSetError(
            f"the set has no column {' and '.join(map(repr, missing))}, so it holds no light curves; "
            f"found the tensors {', '.join(samples.description.tensors) or 'none'}"
        )


def _numbers(samples: SampleSet, name: str, offsets: NDArray[np.int64]) -> NDArray[np.float64]:
    own, items = samples.ragged_flat(name)
    _check_lengths(samples, name, own, offsets)
    return np.asarray(items.to_numpy(zero_copy_only=False), dtype=np.float64)


def _bands(samples: SampleSet, offsets: NDArray[np.int64]) -> tuple[NDArray[np.int16], tuple[str, ...]]:
    if BANDS not in samples.description.tensors:
        return np.zeros(int(offsets[-1]), dtype=np.int16), ("",)
    own, items = samples.ragged_flat(BANDS)
    _check_lengths(samples, BANDS, own, offsets)
    coded = items.dictionary_encode()
    names = np.asarray(coded.dictionary.to_pylist(), dtype=np.str_)
    # Sorted, so that the number of a band does not depend on which curve comes first.
    order = np.argsort(names)
    codes = np.argsort(order)[coded.indices.to_numpy(zero_copy_only=False)]
    return codes.astype(np.int16), tuple(names[order].tolist())


def _check_lengths(samples: SampleSet, name: str, own: NDArray[np.int64], offsets: NDArray[np.int64]) -> None:
    differ = np.flatnonzero(np.diff(own) != np.diff(offsets))
    if differ.size:
        row = differ[0]
        raise SampleSetError(
            f"{differ.size} curves have columns of different lengths, first id {samples.ids[row]}: "
            f"{np.diff(own)[row]} of {name!r}, {np.diff(offsets)[row]} of {TIME!r}"
        )
