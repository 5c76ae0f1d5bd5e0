"""The decomposition dmdt = b + c + s."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, InputError
from skysieve.preprocess.background_image import SubtractBackground
from skysieve.preprocess.dmdt.background import DmdtBackground
from skysieve.preprocess.steps import Pipeline

CLASSES = ("RRab", "EW")
SHAPE = (1, 10, 12)


@dataclasses.dataclass(frozen=True)
class Planted:
    images: NDArray[np.float64]
    labels: NDArray[np.int64]
    survey: NDArray[np.float64]
    added: NDArray[np.float64]
    peculiar: NDArray[np.float64]


@pytest.fixture(scope="module")
def planted() -> Planted:
    """Return images that are what a survey leaves, what a class adds, and a few pixels of their own."""
    rng = np.random.default_rng(6)
    survey = rng.uniform(0.5, 1, SHAPE)
    # Neither class adds the largest sum to each pixel: b is that of the first, whose image is the brighter.
    added = np.stack([np.zeros(SHAPE), -rng.uniform(0.1, 0.3, SHAPE)])
    labels = np.repeat([0, 1], 150)
    peculiar = np.where(rng.random((300, *SHAPE)) < 0.03, rng.uniform(3, 9, (300, *SHAPE)), 0)
    return Planted(survey + added[labels] + peculiar, labels, survey, added, peculiar)


def test_each_part_is_found(planted: Planted) -> None:
    for method in ("alternating-projections", "principal-component-pursuit"):
        found = DmdtBackground.fit(planted.images, planted.labels, CLASSES, method=method)
        np.testing.assert_allclose(found.common, planted.survey, atol=1e-3)
        np.testing.assert_allclose(found.of_class, planted.added, atol=2e-3)
        parts = found.parts(planted.images, planted.labels)
        np.testing.assert_allclose(sum(parts), planted.images, rtol=1e-6)
        np.testing.assert_allclose(parts.of_curve, planted.peculiar, atol=2e-3)
        assert found.fitted["images"] == [150, 150]


def test_subtraction_needs_no_class(planted: Planted) -> None:
    found = DmdtBackground.fit(planted.images, planted.labels, CLASSES)
    left = found.subtract(planted.images)
    assert left.dtype == np.float32
    assert left.min() == 0
    np.testing.assert_allclose(left[:150], planted.peculiar[:150], atol=1e-3)
    np.testing.assert_allclose(
        found.subtract(planted.images, clip=False), planted.images - found.common, atol=1e-6
    )
    by_class = found.subtract_classes(planted.images)
    assert by_class.shape == (300, 2, 10, 12)
    np.testing.assert_allclose(by_class[np.arange(300), planted.labels], planted.peculiar[:, 0], atol=2e-3)


def test_images_of_no_class_are_left_out(planted: Planted) -> None:
    labels = planted.labels.copy()
    labels[::7] = -1
    images = planted.images.copy()
    images[::7] = 1e6
    kept = labels >= 0
    one = DmdtBackground.fit(images, labels, CLASSES)
    other = DmdtBackground.fit(images[kept], labels[kept], CLASSES)
    np.testing.assert_array_equal(one.common, other.common)


def test_empty_columns_may_count_as_missing(planted: Planted) -> None:
    rng = np.random.default_rng(1)
    images = planted.images.copy()
    images[np.broadcast_to(rng.random((300, 1, 1, 12)) < 0.3, images.shape)] = 0
    missing = DmdtBackground.fit(images, planted.labels, CLASSES, missing="empty-dt")
    np.testing.assert_allclose(missing.common, planted.survey, atol=1e-2)


def test_the_median_image_lies_below_the_largest(planted: Planted) -> None:
    images = planted.images * np.random.default_rng(2).uniform(0.5, 1, (300, 1, 1, 1))
    largest = DmdtBackground.fit(images, planted.labels, CLASSES)
    median = DmdtBackground.fit(images, planted.labels, CLASSES, typical="median")
    assert (median.common < largest.common).all()


def test_a_stored_background_is_the_same(planted: Planted, tmp_path: Path) -> None:
    found = DmdtBackground.fit(planted.images, planted.labels, CLASSES)
    path = found.save(tmp_path / "background.npz")
    again = DmdtBackground.load(path)
    np.testing.assert_array_equal(again.common, found.common)
    np.testing.assert_array_equal(again.of_class, found.of_class)
    assert (again.classes, again.fitted) == (found.classes, found.fitted)


def test_files_that_hold_no_background(tmp_path: Path) -> None:
    (tmp_path / "text.npz").write_text("no")
    np.savez(tmp_path / "other.npz", a=1)
    for name in ("text.npz", "other.npz", "absent.npz"):
        with pytest.raises(InputError, match=f"{name}: is not a dmdt background"):
            DmdtBackground.load(tmp_path / name)


def test_the_step_of_a_model_subtracts_the_same(planted: Planted) -> None:
    found = DmdtBackground.fit(planted.images, planted.labels, CLASSES)
    step = SubtractBackground(tuple(found.common.ravel().tolist()), SHAPE)
    images = planted.images.astype(np.float32)
    np.testing.assert_allclose(step(images), found.subtract(images), atol=1e-7)
    pipeline = Pipeline((step,))
    assert Pipeline.from_json(pipeline.to_json()) == pipeline


@pytest.mark.parametrize(
    ("choices", "said"),
    [
        ({"method": "svd"}, "'method' is one of alternating-projections"),
        ({"typical": "mean"}, "'typical' is one of largest, median"),
        ({"missing": "all"}, "'missing' is one of nothing, empty-dt"),
        ({"classes": ("RRab", "EW", "LPV")}, "class 'LPV' has 0 training images"),
    ],
)
def test_what_cannot_be_fitted(planted: Planted, choices: dict[str, Any], said: str) -> None:
    classes = choices.pop("classes", CLASSES)
    with pytest.raises(ConfigurationError, match=said):
        DmdtBackground.fit(planted.images, planted.labels, classes, **choices)


def test_images_on_other_edges_are_refused(planted: Planted) -> None:
    found = DmdtBackground.fit(planted.images, planted.labels, CLASSES)
    with pytest.raises(ConfigurationError, match=r"shape \(1, 10, 12\), found \(1, 9, 12\)"):
        found.subtract(planted.images[:, :, :9])
    with pytest.raises(ConfigurationError, match="indices 0 to 1; found 0 to 2"):
        found.parts(planted.images, planted.labels * 2)
    with pytest.raises(ConfigurationError, match="does not have 3 pixels"):
        SubtractBackground((1.0, 2.0, 3.0), (1, 2, 2))
