"""Flat arrays of light curves."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import SampleSetError
from skysieve.samples import Description, SampleSet, TensorColumn
from skysieve.samples.light_curves import LightCurves, light_curve_columns


def banded_set(**changed):
    """Three curves in two bands, the second without points."""
    columns = {
        "id": ["a", "b", "c"],
        "group": ["a", "b", "c"],
        "time": [np.array([1.0, 2.0, 2.0]), np.array([]), np.array([9.0])],
        "value": [np.array([15.0, 15.5, 16.0]), np.array([]), np.array([17.0])],
        "error": [np.array([0.1, np.nan, 0.2]), np.array([]), np.array([0.3])],
        "band": [np.array(["r", "g", "r"]), np.array([], dtype=str), np.array(["g"])],
    } | changed
    layout = light_curve_columns("magnitude", "mag", banded=True)
    return SampleSet.from_columns(columns, Description(tensors=layout))


def test_curves_come_back_from_a_file_as_they_were(tmp_path):
    path = banded_set().write(tmp_path / "curves.parquet")
    curves = LightCurves.of(SampleSet.open(path))
    assert curves.ids.tolist() == ["a", "b", "c"]
    assert curves.counts.tolist() == [3, 0, 1]
    assert curves.bands == ("g", "r")
    assert curves.band.tolist() == [1, 0, 1, 0]
    assert curves.value.tolist() == [15.0, 15.5, 16.0, 17.0]
    np.testing.assert_allclose(curves.error, [0.1, np.nan, 0.2, 0.3], rtol=1e-6)
    assert (curves.quantity, curves.unit) == ("magnitude", "mag")


def test_a_set_of_several_row_groups_is_joined(tmp_path):
    from skysieve.samples import SampleWriter

    layout = Description(tensors=light_curve_columns("flux", "nJy", banded=False))
    path = tmp_path / "curves.parquet"
    rng = np.random.default_rng(1)
    lengths = rng.integers(0, 9, 50)
    rows = [rng.normal(size=length) for length in lengths]
    with SampleWriter(path, layout) as writer:
        for first in range(0, 50, 20):
            part = rows[first : first + 20]
            ids = np.arange(first, first + len(part))
            writer.write({"id": ids, "group": ids, "time": part, "value": part, "error": part})
    curves = LightCurves.of(SampleSet.open(path))
    assert curves.counts.tolist() == lengths.tolist()
    np.testing.assert_array_equal(curves.time, np.concatenate(rows))
    assert curves.quantity == "flux"


def test_columns_of_different_lengths_name_the_curve():
    with pytest.raises(SampleSetError, match=r"first id c: 2 of 'value', 1 of 'time'"):
        LightCurves.of(banded_set(value=[np.ones(3), np.ones(0), np.ones(2)]))


def test_a_set_of_cutouts_holds_no_light_curves():
    layout = Description(tensors={"cutouts": TensorColumn((1, 2, 2))})
    samples = SampleSet.from_columns({"id": [1], "group": [1], "cutouts": np.ones((1, 1, 2, 2))}, layout)
    with pytest.raises(SampleSetError, match=r"no column 'time' and 'value'.*found the tensors cutouts"):
        LightCurves.of(samples)


def test_a_set_without_errors_and_bands_has_nan_and_one_nameless_band():
    layout = light_curve_columns("magnitude", "mag", banded=False)
    del layout["error"]
    rows = [np.array([1.0, 2.0])]
    samples = SampleSet.from_columns(
        {"id": [1], "group": [1], "time": rows, "value": rows}, Description(tensors=layout)
    )
    curves = LightCurves.of(samples)
    assert np.isnan(curves.error).all()
    assert curves.bands == ("",)
    assert curves.band.tolist() == [0, 0]


@pytest.mark.parametrize(("quantity", "unit"), [("magnitude", "nJy"), ("flux", "mag"), ("x", "mag")])
def test_unit_and_quantity_must_agree(quantity, unit):
    with pytest.raises(SampleSetError):
        light_curve_columns(quantity, unit, banded=False)


def test_one_band_is_chosen_by_its_name():
    red = LightCurves.of(banded_set()).of_band("r")
    assert red.counts.tolist() == [2, 0, 0]
    assert red.value.tolist() == [15.0, 16.0]
    with pytest.raises(SampleSetError, match="'i', found 'g', 'r'"):
        red.of_band("i")


def test_arrays_that_do_not_fit_are_refused():
    with pytest.raises(SampleSetError, match="do not fit together"):
        LightCurves.from_lists([[1.0, 2.0]], [[1.0]])


@given(st.lists(st.lists(st.floats(-5, 5), max_size=5), min_size=1, max_size=8), st.data())
def test_what_is_taken_is_what_was_there(rows, data):
    curves = LightCurves.from_lists(rows, rows)
    chosen = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=10))
    taken = curves.take(np.array(chosen, dtype=np.int64))
    assert [curve.time.tolist() for curve in taken] == [rows[number] for number in chosen]
    assert taken.ids.tolist() == chosen
    mask = np.array([value > 0 for row in rows for value in row], dtype=bool)
    kept = curves.keep(mask)
    assert [curve.value.tolist() for curve in kept] == [[value for value in row if value > 0] for row in rows]


@given(st.lists(st.lists(st.floats(-5, 5), max_size=4), min_size=1, max_size=5))
def test_a_set_made_of_curves_gives_them_back(rows):
    curves = LightCurves.from_lists(rows, rows, rows)
    again = LightCurves.of(curves.samples())
    assert [curve.time.tolist() for curve in again] == rows
    assert again.ids.tolist() == curves.ids.tolist()
