"""Columns of features: pinned by name, compared with what was learned, named where they changed places."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from skysieve.errors import SampleSetError
from skysieve.recipes.feature_table import FeatureReference, FeatureTable, colour_order_findings
from skysieve.samples import Description, SampleSet

NAMES = ("mu_0", "r_e", "g-r", "g-i")
CLASSES = ("artifact", "LSBG")


def galaxies(count: int = 400, seed: int = 0) -> tuple[FeatureTable, NDArray[np.int64]]:
    """Return features like those of galaxies and artefacts, and labels."""
    generator = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    near = generator.normal(0.46, 0.15, count)
    far = near + generator.normal(0.22, 0.08, count)
    brightness = generator.normal(24, 1, count) + labels
    return FeatureTable(
        NAMES, np.stack([brightness, generator.lognormal(1.4, 0.4, count), near, far], 1)
    ), labels


def exchanged(table: FeatureTable, first: int, second: int, rows: NDArray[np.bool_]) -> FeatureTable:
    values = table.values.copy()
    values[np.ix_(rows, [first, second])] = values[np.ix_(rows, [second, first])]
    return FeatureTable(table.names, values)


def test_columns_are_taken_by_name_whatever_their_order() -> None:
    table = {"b": [1, 2], "id": ["x", "y"], "a": [3, None]}
    taken = FeatureTable.of(table, ("a", "b"))
    np.testing.assert_array_equal(taken.values, [[3, 1], [np.nan, 2]])
    np.testing.assert_array_equal(taken.checked(("b", "a")).values[:, 0], [1, 2])


def test_columns_of_a_sample_set() -> None:
    samples = SampleSet.from_columns({"id": [1, 2], "group": [1, 2], "n": [0.5, None]}, Description())
    np.testing.assert_array_equal(FeatureTable.of(samples, ("n",)).values, [[0.5], [np.nan]])


@pytest.mark.parametrize(
    ("table", "exact", "message"),
    [
        ({"g_r": [1.0]}, False, "no feature 'g-r'; did you mean 'g_r'"),
        ({"g-r": ["red"]}, False, "'g-r' does not hold numbers"),
        ({"g-r": [1.0], "id": [7]}, True, "has 'id' beside the 1 features"),
    ],
)
def test_tables_that_do_not_fit(table: dict[str, list[object]], exact: bool, message: str) -> None:
    with pytest.raises(SampleSetError, match=message):
        FeatureTable.of(table, ("g-r",), exact=exact)


def test_shapes_and_repeated_names() -> None:
    with pytest.raises(SampleSetError, match=r"expected \(N, 2\)"):
        FeatureTable(("a", "b"), np.zeros((3, 3)))
    with pytest.raises(SampleSetError, match="features repeat"):
        FeatureTable(("a", "a"), np.zeros((3, 2)))


@given(st.integers(0, 1000))
def test_other_samples_of_the_same_sky_raise_nothing(seed: int) -> None:
    table, labels = galaxies()
    others, other_labels = galaxies(count=200, seed=seed + 1)
    reference = FeatureReference.of(table, labels, CLASSES)
    assert reference.check(others, other_labels, CLASSES) == ()
    assert colour_order_findings(others, other_labels, CLASSES) == ()


@pytest.mark.parametrize("part", [0, 1])
def test_swapped_colours_of_one_class_are_named(part: int) -> None:
    table, labels = galaxies()
    trap = exchanged(table, 2, 3, labels == part)
    (finding,) = FeatureReference.of(table, labels, CLASSES).check(trap, labels, CLASSES)
    assert (finding.item, finding.kind, finding.severity) == ("g-r and g-i", "swapped-columns", "error")
    assert f"of the class {CLASSES[part]}" in finding.reason
    (finding,) = colour_order_findings(trap, labels, CLASSES)
    assert (finding.item, finding.kind) == ("g-r and g-i", "colours-out-of-order")
    assert CLASSES[part] in finding.reason


def test_any_two_swapped_columns_are_named_without_labels() -> None:
    table, _ = galaxies()
    trap = exchanged(table, 0, 1, np.ones(len(table), dtype=bool))
    findings = FeatureReference.of(table).check(trap)
    assert [(finding.item, finding.kind) for finding in findings] == [("mu_0 and r_e", "swapped-columns")]


def test_a_column_of_another_unit_and_an_empty_one_are_named() -> None:
    table, labels = galaxies()
    values = table.values.copy()
    values[:, 1] *= 5  # pixels for arcsec
    values[:, 0] = np.nan
    findings = FeatureReference.of(table, labels, CLASSES).check(FeatureTable(NAMES, values))
    assert [(finding.item, finding.kind) for finding in findings] == [
        ("mu_0", "empty-column"),
        ("r_e", "shifted-column"),
    ]


def test_a_missing_column_is_an_error() -> None:
    table, labels = galaxies()
    reference = FeatureReference.of(table, labels, CLASSES)
    with pytest.raises(SampleSetError, match="no feature 'g-i'"):
        reference.check(FeatureTable(NAMES[:3], table.values[:, :3]))


def test_a_reference_comes_back_from_json() -> None:
    table, labels = galaxies()
    reference = FeatureReference.of(table, labels, CLASSES)
    again = FeatureReference(**reference.to_json())
    trap = exchanged(table, 2, 3, labels == 1)
    assert again.check(trap, labels, CLASSES) == reference.check(trap, labels, CLASSES)


def test_only_colours_of_one_blue_band_are_compared() -> None:
    table = FeatureTable(("g-r", "r-i", "m-t"), np.array([[0.5, 0.2, 0.1]] * 5))
    assert colour_order_findings(table, np.zeros(5, dtype=int), ("galaxy",)) == ()
