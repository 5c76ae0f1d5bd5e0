"""Pictures of mean dmdt images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skysieve.errors import ConfigurationError
from skysieve.evaluation.dmdt_images import class_means, dmdt_gallery, draw_class_means
from skysieve.preprocess.dmdt.bins import BINS
from skysieve.preprocess.dmdt.sample_set import DmdtConfiguration, write_dmdt
from skysieve.samples.light_curves import LightCurves
from skysieve.samples.sample_set import SampleSet


@pytest.fixture
def images(tmp_path: Path) -> SampleSet:
    rng = np.random.default_rng(1)
    times = [np.sort(rng.uniform(0, 500, 20)) for _ in range(9)]
    curves = LightCurves.from_lists(times, [rng.normal(15, 0.3, 20) for _ in times])
    samples = curves.samples({"label": [0, 1, -1] * 3}, classes=("RRab", "EW"))
    return write_dmdt(samples, tmp_path / "dmdt.parquet", DmdtConfiguration(normalisation="max"))


def test_means_are_of_each_class_whatever_the_batch(images: SampleSet) -> None:
    found = class_means(images, batch=2)
    assert list(found) == ["RRab (3)", "EW (3)", "no class (3)"]
    np.testing.assert_allclose(found["EW (3)"], images.tensor("dmdt")[1::3].mean(axis=0), rtol=1e-6)


def test_each_class_has_a_panel_with_its_edges(images: SampleSet) -> None:
    figure = dmdt_gallery(class_means(images), BINS["mahabal2017"], ["V"])
    drawn = [axes for axes in figure.axes if axes.images]
    assert [axes.get_title() for axes in drawn] == ["RRab (3), V", "EW (3), V", "no class (3), V"]
    labels = [label.get_text() for label in drawn[0].get_yticklabels()]
    places = drawn[0].get_yticks()
    assert labels[0] == "-8"
    assert dict(zip(labels, places, strict=True))["-0.2"] == BINS["mahabal2017"].dm.index(-0.2) - 0.5


@pytest.mark.parametrize("kind", ["png", "svg", "pdf"])
def test_pictures_are_of_the_kind_of_their_name(images: SampleSet, tmp_path: Path, kind: str) -> None:
    path = draw_class_means(images, tmp_path / f"means.{kind}")
    starts = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}
    assert path.read_bytes().startswith(starts[kind])


def test_what_cannot_be_drawn(images: SampleSet, tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="a picture ends in"):
        draw_class_means(images, tmp_path / "means.gif")
    with pytest.raises(ConfigurationError, match="no images"):
        dmdt_gallery({}, BINS["scope"])
