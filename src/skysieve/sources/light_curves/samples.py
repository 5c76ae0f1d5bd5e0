"""From files of light curves, under the user's column names, to a sample set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from skysieve.configuration import as_dict
from skysieve.errors import SampleSetError
from skysieve.progress import progress_bar
from skysieve.samples.description import Description, check_split_names
from skysieve.samples.findings import Finding
from skysieve.samples.light_curves import BANDS, ERROR, TIME, VALUE, LightCurves, light_curve_columns
from skysieve.samples.parquet import SampleWriter
from skysieve.samples.sample_set import SampleSet
from skysieve.samples.table import encode_labels
from skysieve.sources.light_curves.cleaning import Cleaning, clean
from skysieve.sources.light_curves.curve_files import list_curve_files
from skysieve.sources.light_curves.labels import read_labels
from skysieve.sources.light_curves.plan import Plan, make_plan
from skysieve.sources.light_curves.reading import read_raw_curves, words_of_files
from skysieve.sources.light_curves.settings import CurveReading
from skysieve.sources.light_curves.tally import Tally

__all__ = ["CurveReport", "light_curve_samples", "write_curve_samples"]

#: Flags of ZTF's data releases that make a point unusable.
_ZTF_UNUSABLE = 32768
_UNSAID = "not said; labels are a column of the table that was read"


@dataclass(frozen=True)
class CurveReport:
    """What was written.

    Parameters
    ----------
    path : Path
        The sample set.
    curves, points : int
        How many.
    findings : tuple of Finding
        What was guessed, changed and kept aside. What concerns many curves is one finding with its count.
    """

    path: Path
    curves: int
    points: int
    findings: tuple[Finding, ...]


def write_curve_samples(
    inputs: Iterable[str | Path],
    path: str | Path,
    reading: CurveReading | None = None,
    *,
    progress: bool = False,
) -> CurveReport:
    """Read light curves and write them as a sample set, in pieces: both may be larger than memory.

    Parameters
    ----------
    inputs : iterable of path
        Files (Parquet, CSV, ECSV, FITS), folders, HATS catalogues, globs.
    path : path
        The Parquet file.
    reading : CurveReading, optional
        Columns, labels, cleaning.
    progress : bool
        Show progress.

    Returns
    -------
    CurveReport
        With the findings.

    Raises
    ------
    ConfigurationError
        If columns cannot be told.
    InputError
        If no input can be read.
    SampleSetError
        If no curve is left, or a label is no class.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> rows = ["star,mjd,mag,magerr", "b,2,15.5,0.1", "a,1,14.0,0.1", "b,1,15.0,0.1", "b,3,faint,0.1"]
    >>> _ = (folder / "points.csv").write_text(chr(10).join(rows))
    >>> reading = CurveReading()
    >>> report = write_curve_samples([folder / "points.csv"], folder / "curves.parquet", reading)
    >>> report.curves, report.points
    (2, 3)
    >>> curves = LightCurves.of(SampleSet.open(report.path))
    >>> curves.ids.tolist(), curves.time.tolist()
    (['a', 'b'], [1.0, 1.0, 2.0])
    """
    source = _Source(inputs, reading or CurveReading())
    points = 0
    with (
        progress_bar("reading", len(source.files), enabled=progress) as bar,
        SampleWriter(path, source.description) as writer,
    ):
        for table in source.tables(lambda: bar.advance(1)):
            writer.write_table(table)
            points += source.points_of(table)
        source.require_curves(writer.rows)
    return CurveReport(Path(path), writer.rows, points, source.findings())


def light_curve_samples(inputs: Iterable[str | Path], reading: CurveReading | None = None) -> SampleSet:
    """Read light curves into a sample set in memory, as `write_curve_samples` does on disk.

    Parameters
    ----------
    inputs, reading
        As of `write_curve_samples`, which see for what is raised.

    Returns
    -------
    SampleSet
        What was found lies in ``findings``.
    """
    source = _Source(inputs, reading or CurveReading())
    tables = list(source.tables(lambda: None))
    source.require_curves(sum(table.num_rows for table in tables))
    whole = pa.concat_tables(tables).combine_chunks()
    return SampleSet(whole, source.description, findings=source.findings())


class _Source:
    """Files, how they are read, and what the set says of itself."""

    def __init__(self, inputs: Iterable[str | Path], reading: CurveReading) -> None:
        given = [str(each) for each in inputs]
        self.reading = reading
        self.tally = Tally()
        self.files = list_curve_files(given, self.tally)
        self.plan = make_plan(self.files, reading, self.tally)
        self.labels = read_labels(reading.labels, self.tally) if reading.labels.table else None
        self._item = given[0] if len(given) == 1 else f"{len(given)} inputs"
        self._labelled = bool((self.labels and reading.labels.label) or self.plan.names.label)
        plan = self.plan
        self.description = Description(
            light_curve_columns(plan.quantity, plan.unit, banded=bool(plan.names.band)),
            classes=self._classes(),
            label_origin=reading.label_origin or (_UNSAID if self._labelled else ""),
            splits=self._splits(),
            origin={
                "inputs": [Path(each).name for each in given],
                "columns": as_dict(plan.names),
                "cleaning": as_dict(_policy(reading.cleaning, plan)),
            },
        )

    def tables(self, on_file: Callable[[], object]) -> Iterator[pa.Table]:
        """Yield cleaned curves as tables of the sample set."""
        policy = _policy(self.reading.cleaning, self.plan)
        for raw in read_raw_curves(self.files, self.plan, self.reading, self.tally, on_file):
            curves, rows = clean(raw.curves, policy, self.tally, flags=raw.flags)
            if not len(curves):
                continue
            scalars = raw.scalars.take(pa.array(rows)) if raw.scalars.num_columns else raw.scalars
            table = self._with_identity(curves, scalars)
            if table.num_rows:
                yield table
        if self.labels is not None:
            self.labels.count_unmet(self.tally)

    def findings(self) -> tuple[Finding, ...]:
        return self.tally.findings(self._item)

    def points_of(self, table: pa.Table) -> int:
        return int(pc.sum(pc.list_value_length(table[TIME])).as_py())

    def require_curves(self, rows: int) -> None:
        if not rows:
            found = [each for each in self.findings() if each.severity == "error"]
            first = f"; first reason: {found[0].item}: {found[0].reason}" if found else ""
            raise SampleSetError(f"{self._item}: no light curve is left{first}")

    def _with_identity(self, curves: LightCurves, scalars: pa.Table) -> pa.Table:
        """Join labels and groups; curves without the split that the user names are kept aside."""
        of_file = self.plan.names
        beside = self.labels.of(curves.ids, self.tally) if self.labels is not None else None
        ids = pa.array(curves.ids.tolist())
        made: dict[str, Any] = {"id": ids, "group": ids}

        def given(role: str) -> Any:
            if beside is not None and role in beside.column_names:
                return beside[role].combine_chunks()
            name = getattr(of_file, role)
            return scalars[name].combine_chunks() if name else None

        if (group := given("group")) is not None:
            made["group"] = pc.coalesce(group, ids.cast(pa.string()))
        if self._labelled:
            codes, _ = encode_labels(given("label").to_pylist(), self.description.classes)
            made["label"] = pa.array(codes, pa.int64())
        if (split := given("split")) is not None:
            check_split_names(split.drop_null().to_pylist())
            made["split"] = split
        made |= {name: scalars[name] for name in self.plan.keep}
        if beside is not None:
            extra = [name for name in beside.column_names if name not in made and not name.startswith("_")]
            made |= {name: beside[name] for name in extra}
        table = pa.table(made | _point_columns(curves, banded=bool(of_file.band)))
        if split is not None and split.null_count:
            self.tally.lose("missing-split", curves.ids[pc.is_null(split).to_numpy(zero_copy_only=False)])
            table = table.filter(pc.is_valid(split))
        return table

    def _classes(self) -> tuple[str, ...]:
        if not self._labelled or self.reading.classes:
            return self.reading.classes
        if self.labels is not None and "label" in self.labels.rows.column_names:
            values = self.labels.rows["label"].to_pylist()
        else:
            # Classes stand in the head of the set: the labels are looked at before the points.
            values = sorted(words_of_files(self.files, self.plan, self.plan.names.label))
        return encode_labels(values, None)[1]

    def _splits(self) -> dict[str, str]:
        column = (self.labels and self.reading.labels.split) or self.plan.names.split
        return {"kind": "split", "method": f"given by the column {column!r}"} if column else {}


def _policy(cleaning: Cleaning, plan: Plan) -> Cleaning:
    """Return the policy with the flags that ZTF advises against, where the flags are ZTF's."""
    of_ztf = plan.names.flags.rpartition(".")[2].lower() == "catflags"
    if cleaning.reject_flags is None and of_ztf:
        return replace(cleaning, reject_flags=_ZTF_UNUSABLE)
    return cleaning


def _point_columns(curves: LightCurves, *, banded: bool) -> dict[str, pa.Array]:
    """Return the ragged columns, without a copy a curve."""
    offsets = pa.array(curves.offsets.astype(np.int32))

    def lists(values: pa.Array) -> pa.Array:
        return pa.ListArray.from_arrays(offsets, values)

    made = {
        TIME: lists(pa.array(curves.time)),
        VALUE: lists(pa.array(curves.value)),
        ERROR: lists(pa.array(_single(curves.error))),
    }
    if banded:
        made[BANDS] = lists(pa.array(curves.bands, pa.string()).take(pa.array(curves.band)))
    return made


def _single(values: NDArray[np.float64]) -> NDArray[np.float32]:
    return values.astype(np.float32)
