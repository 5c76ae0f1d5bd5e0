"""The same galaxies and artefacts under skies that were subtracted wrongly, whatever the subject.

The simulator subtracts the sky of a galaxy to the last photon, and leaves the light of an artefact where it
is. So the border of a picture, where no subject is, tells a star's halo from a galaxy. Here every cutout,
galaxies too, gets a plane of light too much or too little: what classifiers lose by it they had from the sky.
It is a stress test, not a description of a survey.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsbg_sets import BLOCK, OPTIONS, SEED, SIZE, LsbgSet
from skysieve.preprocess.catalogue_features import feature_names, measure_catalogue_features
from skysieve.recipes.feature_table import FeatureTable
from skysieve.samples import Description, SampleSet
from skysieve.sources.simulators.galaxies.picture import to_picture
from skysieve.sources.simulators.galaxies.simulate import LSBG_WIDTH, simulate_lsbg
from skysieve.sources.simulators.galaxies.survey import Survey

__all__ = ["BRIGHTNESS", "sky_errors", "uneven_sky_set"]

#: Surface brightness in g, r and z of one standard deviation of the error, in mag/arcsec2.
BRIGHTNESS = (27.0, 26.5, 26.2)

_KEPT = ("id", "group", "label", "split", "kind", "artifact_type", "mu_eff")


def sky_errors(count: int, rng: np.random.Generator) -> NDArray[np.float32]:
    """Return planes of light, shape (count, 3, SIZE, SIZE), in flux per pixel.

    The offset and the rise from the middle to two edges are of one size; nine tenths of the variance over the
    bands is common to them.
    """
    pixel = LSBG_WIDTH / SIZE
    unit = Survey().flux(np.array(BRIGHTNESS)) * pixel**2
    common, own = rng.normal(size=(count, 1, 3)), rng.normal(size=(count, 3, 3))
    terms = (np.sqrt(0.9) * common + np.sqrt(0.1) * own) * unit[:, None]
    along = np.linspace(-1, 1, SIZE)
    offset, right, up = (terms[:, :, number, None, None] for number in range(3))
    return np.asarray(offset + right * along + up * along[:, None], dtype=np.float32)


def uneven_sky_set(found: LsbgSet, folder: Path) -> LsbgSet:
    """Return the same subjects under skies of their own, made unless they are there."""
    path, table = folder / "pictures.parquet", folder / "features.npz"
    if not path.exists() or not table.exists():
        folder.mkdir(parents=True, exist_ok=True)
        pictures, values = [], []
        reasons: list[str] = []
        for fluxes in _uneven_fluxes(len(found.samples)):
            pictures.append(to_picture(fluxes, Survey(), LSBG_WIDTH / SIZE))
            measured = measure_catalogue_features(fluxes, OPTIONS)
            values.append(measured.values)
            reasons.extend(measured.reasons)
            print(f"  {len(reasons)} of {len(found.samples)} under uneven skies", flush=True)
        _with_pictures(found.samples, np.concatenate(pictures)).write(path)
        partial = folder / "features.part.npz"
        np.savez(partial, values=np.concatenate(values), reasons=np.array(reasons, dtype=np.str_))
        partial.rename(table)
    with np.load(table) as stored:
        features = FeatureTable(feature_names(OPTIONS), stored["values"])
        return LsbgSet(path, SampleSet.open(path), features, stored["reasons"])


def _uneven_fluxes(count: int) -> Iterator[NDArray[np.float32]]:
    for start in range(0, count, BLOCK):
        number = min(BLOCK, count - start)
        rng = np.random.default_rng([SEED, start])
        simulated = simulate_lsbg(number, seed=SEED, start=start, size=SIZE, pictures=False)
        yield np.asarray(simulated.cutouts + sky_errors(number, rng), dtype=np.float32)


def _with_pictures(samples: SampleSet, pictures: NDArray[np.uint8]) -> SampleSet:
    told = samples.description
    description = Description(
        {"cutouts": told.tensors["cutouts"]},
        classes=told.classes,
        label_origin=told.label_origin,
        splits=told.splits,
        origin={**told.origin, "sky_error": list(BRIGHTNESS)},
    )
    columns = {name: samples.scalar(name) for name in _KEPT} | {"cutouts": pictures}
    return SampleSet.from_columns(columns, description)
