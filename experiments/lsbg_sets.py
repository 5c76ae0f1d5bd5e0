"""The simulated set of low-surface-brightness galaxies and artefacts, as pictures and as measured features.

Networks see pictures, classifiers of features what SEP measures on the fluxes of the same subjects. Pictures
and fluxes are simulated from one seed, which gives the same subjects twice; that is checked on the truth and
on the masks of every block, not believed.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skysieve.preprocess.catalogue_features import (
    CatalogueOptions,
    feature_names,
    measure_catalogue_features,
)
from skysieve.recipes.feature_table import FeatureTable
from skysieve.samples import SampleSet
from skysieve.sources.simulators.galaxies.kinds import TRUTH
from skysieve.sources.simulators.galaxies.samples import ARTIFACT_CLASSES, write_lsbg_samples
from skysieve.sources.simulators.galaxies.simulate import LSBG_WIDTH, simulate_lsbg
from skysieve.sources.simulators.galaxies.survey import BANDS

__all__ = [
    "BLOCK",
    "BORDER",
    "OPTIONS",
    "SEED",
    "SIXTEEN",
    "SIZE",
    "LsbgSet",
    "border_levels",
    "lsbg_set",
    "three_class_set",
]

SEED, SIZE, BLOCK = 20261121, 64, 500

#: What is measured: the 16 features of DeepShadows, and the half-light radii of its sister repository.
OPTIONS = CatalogueOptions(bands=BANDS, pixel_scale=LSBG_WIDTH / SIZE, radius=True)
SIXTEEN = feature_names(CatalogueOptions(bands=BANDS, pixel_scale=LSBG_WIDTH / SIZE))


#: Distance in pixels from the middle, 12 arcsec, from which a pixel is of the border.
BORDER = 25

_QUANTILES = (0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98)


@dataclass(frozen=True, eq=False)
class LsbgSet:
    """One set, seen in two ways.

    Parameters
    ----------
    path : Path
        The sample set of pictures, with a column ``split``.
    samples : SampleSet
        The same, opened.
    features : FeatureTable
        Nineteen features of each sample; NaN where nothing was measured.
    reasons : ndarray of str, shape (N,)
        Why something is missing; empty where all is measured.
    """

    path: Path
    samples: SampleSet
    features: FeatureTable
    reasons: NDArray[np.str_]

    def rows(self, split: str) -> NDArray[np.int64]:
        """Return the rows of a split."""
        return self.samples.split_rows(split)

    def sixteen(self) -> FeatureTable:
        """Return the features that the paper used."""
        return self.features.checked(SIXTEEN)


def lsbg_set(folder: Path, counts: dict[str, int], workers: int) -> LsbgSet:
    """Return the set, simulated and measured unless it is there.

    Parameters
    ----------
    folder : Path
        Where it lies.
    counts : dict of str to int
        Samples of each split, in their order.
    workers : int
        Processes that simulate.
    """
    folder.mkdir(parents=True, exist_ok=True)
    path, table = folder / "pictures.parquet", folder / "features.npz"
    total = sum(counts.values())
    if not path.exists():
        raw = folder / "unsplit.parquet"
        write_lsbg_samples(raw, total, SEED, size=SIZE, workers=workers, progress=True)
        split = np.repeat(list(counts), list(counts.values()))
        how = {"split": {"kind": "split", "method": "in the order of the simulation, each a sky of its own"}}
        partial = path.with_suffix(".part")
        SampleSet.open(raw).with_columns({"split": split}, splits=how).write(partial)
        partial.rename(path)
        raw.unlink()
    samples = SampleSet.open(path)
    if [int((samples.scalar("split") == name).sum()) for name in counts] != list(counts.values()):
        raise SystemExit(f"{path}: holds a set of other sizes; remove {folder}")
    if not table.exists():
        values, reasons = _measured(samples)
        partial = folder / "features.part.npz"
        np.savez(partial, values=values, reasons=reasons)
        partial.rename(table)
    with np.load(table) as stored:
        features = FeatureTable(feature_names(OPTIONS), stored["values"])
        return LsbgSet(path, samples, features, stored["reasons"])


def three_class_set(found: LsbgSet) -> SampleSet:
    """Return the same pictures with the labels of ``skysieve simulate lsbg --artifact-types``."""
    types = found.samples.scalar("artifact_type")
    return found.samples.with_columns({"label": np.where(types == 0, 2, types - 1)}, classes=ARTIFACT_CLASSES)


def border_levels(found: LsbgSet) -> FeatureTable:
    """Return quantiles of the levels of each picture far from its subject.

    There, sky and neighbours are seen, and light that is wider than any galaxy. What a classifier knows of
    these numbers alone is how much the surroundings give away.
    """
    offset = np.arange(SIZE) - 0.5 * (SIZE - 1)
    outside = np.hypot(offset[:, None], offset) >= BORDER
    parts = []
    for start in range(0, len(found.samples), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(found.samples)))
        levels = found.samples.tensor("cutouts", rows)[:, :, outside]
        parts.append(np.quantile(levels, _QUANTILES, axis=2).transpose(1, 2, 0).reshape(len(rows), -1))
    names = [f"{channel}_{level:g}" for channel in ("red", "green", "blue") for level in _QUANTILES]
    return FeatureTable(tuple(names), np.concatenate(parts))


def _measured(samples: SampleSet) -> tuple[NDArray[np.float64], NDArray[np.str_]]:
    """Measure the subjects of the pictures on their fluxes."""
    values: list[NDArray[np.float64]] = []
    reasons: list[str] = []
    for start in range(0, len(samples), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(samples)))
        fluxes = simulate_lsbg(len(rows), seed=SEED, start=start, size=SIZE, pictures=False)
        same = np.array_equal(fluxes.mask, samples.tensor("mask", rows)) and all(
            np.array_equal(fluxes.truth[name], samples.scalar(name)[rows], equal_nan=True) for name in TRUTH
        )
        if not same:
            raise SystemExit(f"samples {start} to {rows[-1]}: the fluxes are not of the subjects pictured")
        measured = measure_catalogue_features(fluxes.cutouts, OPTIONS)
        values.append(measured.values)
        reasons.extend(measured.reasons)
        print(f"  measured {rows[-1] + 1} of {len(samples)}", flush=True)
    return np.concatenate(values), np.array(reasons, dtype=np.str_)
