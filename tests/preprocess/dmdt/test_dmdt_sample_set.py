"""Sets of light curves that become sets of dmdt images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.preprocess.dmdt.bins import BINS, DmdtBins
from skysieve.preprocess.dmdt.images import dmdt_images
from skysieve.preprocess.dmdt.sample_set import DMDT, DmdtConfiguration, stored_bins, write_dmdt
from skysieve.samples.light_curves import LightCurves
from skysieve.samples.sample_set import SampleSet

CLASSES = ("RRab", "EW")


def curves_of(counts: list[int], bands: tuple[str, ...] = ("",)) -> LightCurves:
    rng = np.random.default_rng(7)
    times = [np.sort(rng.uniform(0, 500, n)) for n in counts]
    made = LightCurves.from_lists(
        times,
        [rng.normal(15, 0.3, n) for n in counts],
        [np.full(n, 0.1) for n in counts],
        ids=[f"star-{number}" for number in range(len(counts))],
    )
    # The first curves know the first band only.
    band = np.repeat(np.arange(len(counts)) * len(bands) // len(counts), counts).astype(np.int16)
    return LightCurves(made.offsets, made.time, made.value, made.error, band, bands, made.ids)


@pytest.fixture
def stored(tmp_path: Path) -> SampleSet:
    curves = curves_of([30, 1, 20, 0, 25, 12])
    scalars = {
        "label": [0, 1, None, 1, 0, 1],
        "split": ["train"] * 4 + ["test"] * 2,
        "period": [0.5, None, None, 1.5, 2.5, 3.5],
        "spectral_type": [None, "A", "F", "K", None, "M"],
    }
    samples = curves.samples(scalars, classes=CLASSES, label_origin="SIMULATED", origin={"survey": "none"})
    return SampleSet.open(samples.write(tmp_path / "curves.parquet"))


def test_batches_change_nothing_and_scalars_are_kept(stored: SampleSet, tmp_path: Path) -> None:
    written = write_dmdt(stored, tmp_path / "dmdt.parquet", batch=2)
    np.testing.assert_array_equal(written.tensor(DMDT), dmdt_images(LightCurves.of(stored)))
    assert written.description.tensors[DMDT].shape == (1, 22, 24)
    assert (written.classes, written.description.label_origin) == (CLASSES, "SIMULATED")
    assert written.labels.tolist() == [0, 1, -1, 1, 0, 1]
    assert set(written.column_names) == {"id", "group", "label", "split", "period", "spectral_type", DMDT}
    for name in ("id", "group", "split", "period", "spectral_type"):
        np.testing.assert_array_equal(written.scalar(name), stored.scalar(name))


def test_curves_without_pairs_are_named(stored: SampleSet, tmp_path: Path) -> None:
    written = write_dmdt(stored, tmp_path / "dmdt.parquet", batch=2)
    assert [(finding.item, finding.kind) for finding in written.findings] == [
        ("star-1", "no-pairs"),
        ("star-3", "no-pairs"),
    ]
    assert not written.tensor(DMDT)[[1, 3]].any()


def test_the_set_says_how_it_was_made(stored: SampleSet, tmp_path: Path) -> None:
    settings = DmdtConfiguration(dm_edges=(-1, 0, 1), normalisation="l2", smear=True)
    written = write_dmdt(stored, tmp_path / "dmdt.parquet", settings)
    again = SampleSet.open(tmp_path / "dmdt.parquet").description
    assert stored_bins(again) == DmdtBins((-1, 0, 1), BINS["mahabal2017"].dt)
    assert again.origin["survey"] == "none"
    assert again.origin[DMDT]["normalisation"] == "l2"
    expected = dmdt_images(LightCurves.of(stored), stored_bins(again), normalisation="l2", smear=True)
    np.testing.assert_array_equal(written.tensor(DMDT), expected)
    with pytest.raises(SampleSetError, match="holds no dmdt images"):
        stored_bins(stored.description)


def test_edges_are_equalised_on_training_curves_only(stored: SampleSet, tmp_path: Path) -> None:
    settings = DmdtConfiguration(bins="equalised", equalised_shape=(4, 5))
    bins = stored_bins(write_dmdt(stored, tmp_path / "dmdt.parquet", settings).description)
    assert bins.shape == (4, 5)
    altered = stored.select(range(6))
    curves = LightCurves.of(altered)
    value = np.where(np.arange(len(curves.value)) >= curves.offsets[4], 3 * curves.value, curves.value)
    other = LightCurves(curves.offsets, curves.time, value, curves.error, curves.band, ("",), curves.ids)
    again = other.samples({"split": altered.scalar("split")})
    assert stored_bins(write_dmdt(again, tmp_path / "again.parquet", settings).description) == bins
    with pytest.raises(SampleSetError, match="no split"):
        write_dmdt(other.samples(), tmp_path / "none.parquet", settings)


def test_channels_are_those_of_the_whole_set(tmp_path: Path) -> None:
    samples = curves_of([9, 8, 7, 6], ("g", "r")).samples()
    written = write_dmdt(samples, tmp_path / "dmdt.parquet", DmdtConfiguration(cross_bands=True), batch=1)
    column = written.description.tensors[DMDT]
    assert (column.shape, column.channels) == ((4, 22, 24), ("g", "r", "g>r", "r>g"))
    images = written.tensor(DMDT)
    assert images[0, 0].any()
    assert not images[0, 1:].any()
    assert images[3, 1].any()
    assert not images[3, 0].any()


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (DmdtConfiguration(bins="mahabal"), "mahabal2017, scope, equalised; found 'mahabal'"),
        (DmdtConfiguration(dm_edges=(1.0, 0.0)), "edges of dm ascend"),
        (DmdtConfiguration(cross_bands=True), "need two bands"),
    ],
)
def test_settings_that_contradict_each_other(
    stored: SampleSet, tmp_path: Path, settings: Any, said: str
) -> None:
    with pytest.raises(ConfigurationError, match=said):
        write_dmdt(stored, tmp_path / "dmdt.parquet", settings)
    assert not (tmp_path / "dmdt.parquet").exists()
