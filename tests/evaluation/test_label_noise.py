"""Wrong labels: as many as asked, nested, in one direction where asked, and refused where they cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from skysieve.errors import ConfigurationError, SampleSetError, UnknownNameError
from skysieve.evaluation.label_noise import class_number, with_label_noise

LABELS = np.random.default_rng(0).integers(0, 3, 300)
FRACTIONS = st.floats(0, 1)


@given(FRACTIONS, st.integers(0, 10**6))
def test_as_many_labels_are_wrong_as_asked(fraction: float, seed: int) -> None:
    noisy = with_label_noise(LABELS, fraction, classes=3, seed=seed)
    assert (noisy != LABELS).sum() == round(300 * fraction)
    assert set(noisy) <= {0, 1, 2}
    np.testing.assert_array_equal(noisy, with_label_noise(LABELS, fraction, classes=3, seed=seed))


@given(FRACTIONS, FRACTIONS, st.integers(0, 10**6))
def test_noise_is_nested(first: float, second: float, seed: int) -> None:
    little, much = (with_label_noise(LABELS, each, classes=3, seed=seed) for each in sorted((first, second)))
    wrong = little != LABELS
    np.testing.assert_array_equal(much[wrong], little[wrong])


@given(st.floats(0, 0.25), st.integers(0, 10**6))
def test_one_direction_touches_one_class(fraction: float, seed: int) -> None:
    noisy = with_label_noise(LABELS, fraction, classes=3, seed=seed, source=2, target=0)
    wrong = noisy != LABELS
    assert wrong.sum() == round(300 * fraction)
    assert set(LABELS[wrong]) <= {2}
    assert set(noisy[wrong]) <= {0}


def test_random_noise_chooses_every_other_class() -> None:
    noisy = with_label_noise(LABELS, 1.0, classes=3, seed=1)
    for truth in range(3):
        counts = np.bincount(noisy[truth == LABELS], minlength=3)
        assert counts[truth] == 0
        assert counts.max() < 2 * np.delete(counts, truth).min()


@pytest.mark.parametrize("fraction", [-0.01, 1.01, float("nan")])
def test_a_fraction_is_a_fraction(fraction: float) -> None:
    with pytest.raises(ConfigurationError, match=r"fraction of wrong labels is .* from 0 to 1"):
        with_label_noise(LABELS, fraction, classes=3, seed=1)


def test_a_class_gives_no_more_labels_than_it_has() -> None:
    with pytest.raises(ConfigurationError, match=r"only 2 are of the class .* largest fraction is 0\.5"):
        with_label_noise([0, 0, 1, 1], 0.75, classes=2, seed=1, source=0, target=1)
    with pytest.raises(ConfigurationError, match="the same class twice"):
        with_label_noise([0, 1], 0.1, classes=2, seed=1, source=0, target=0)


def test_one_class_has_no_other_to_turn_to() -> None:
    with pytest.raises(SampleSetError, match="all 3 labels are of class 1"):
        with_label_noise([1, 1, 1], 0.1, classes=2, seed=1)


def test_a_misspelt_class_is_recognised() -> None:
    with pytest.raises(UnknownNameError, match="'artifact'; did you mean 'artefact'"):
        class_number("artifact", ("artefact", "lsbg"))
    with pytest.raises(UnknownNameError, match="known are: a, b"):
        class_number("zebra", ("a", "b"))
