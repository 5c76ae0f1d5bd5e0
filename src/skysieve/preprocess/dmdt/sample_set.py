"""A sample set of light curves becomes one of dmdt images, batch by batch."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.preprocess.dmdt.bins import BINS, DmdtBins
from skysieve.preprocess.dmdt.equalise import equalised_bins
from skysieve.preprocess.dmdt.images import Normalisation, dmdt_channels, dmdt_images
from skysieve.progress import progress_bar
from skysieve.samples.description import Description, TensorColumn
from skysieve.samples.findings import Finding
from skysieve.samples.light_curves import BANDS, VALUE, LightCurves
from skysieve.samples.parquet import SampleWriter
from skysieve.samples.sample_set import SampleSet

__all__ = ["DMDT", "DmdtConfiguration", "bins_of", "stored_bins", "write_dmdt"]

DMDT = "dmdt"
"""Name of the tensor column, and of what the description tells about it."""

EQUALISED = "equalised"

SEEN_BY_EQUALISATION = 20_000
"""Training curves of which edges are made, at most; all are in memory at the same time."""


@dataclass(frozen=True)
class DmdtConfiguration:
    """How images are made of light curves.

    Parameters
    ----------
    bins : str
        A name in `BINS`, or ``equalised``: by histogram equalisation on the training curves.
    dm_edges, dt_edges : tuple of float
        Edges of one's own, in place of those of ``bins``.
    equalised_shape : tuple of 2 int
        Bins of dm and dt where they are equalised.
    normalisation, smear, cross_bands
        As of `dmdt_images`.
    bands : tuple of str
        Bands of the channels; all that occur, by name, if left out.
    seed : int
        Of the draw of curves and pairs for the equalisation.
    """

    bins: str = "mahabal2017"
    dm_edges: tuple[float, ...] = ()
    dt_edges: tuple[float, ...] = ()
    equalised_shape: tuple[int, int] = (22, 24)
    normalisation: Normalisation = "published"
    smear: bool = False
    bands: tuple[str, ...] = ()
    cross_bands: bool = False
    seed: int = 0


def write_dmdt(
    samples: SampleSet,
    path: str | Path,
    configuration: DmdtConfiguration | None = None,
    *,
    batch: int = 4096,
    workers: int = 1,
    progress: bool = False,
) -> SampleSet:
    """Write the images of a set of light curves as a sample set.

    All scalar columns, classes, splits and the origin of labels are kept; the curves are not. Memory
    is that of a batch.

    Parameters
    ----------
    samples : SampleSet
        Light curves.
    path : path
        The Parquet file; its column ``dmdt`` has the shape (C, R, T), float32.
    configuration : DmdtConfiguration, optional
        How.
    batch : int
        Curves in memory at a time.
    workers : int
        Threads of the counting.
    progress : bool
        Show how far it is.

    Returns
    -------
    SampleSet
        The set that was written, its findings naming curves without a pair (``no-pairs``), whose images
        are 0.

    Raises
    ------
    SampleSetError
        If a curve is not in the order of time, or edges are to be equalised without a training split.
    ConfigurationError
        If the settings contradict each other.
    """
    settings = configuration or DmdtConfiguration()
    bins = bins_of(samples, settings)
    bands = settings.bands or _bands(samples, batch)
    channels = dmdt_channels(bands, cross_bands=settings.cross_bands)
    told = dataclasses.asdict(settings) | {"dm_edges": bins.dm, "dt_edges": bins.dt, "bands": bands}
    told["unit"] = samples.description.tensors[VALUE].unit or "mag"
    column = TensorColumn((len(channels), *bins.shape), channels=() if bands == ("",) else channels)
    origin = dict(samples.description.origin) | {DMDT: told}
    description = dataclasses.replace(samples.description, tensors={DMDT: column}, origin=origin)
    names = [name for name in samples.column_names if name not in samples.description.tensors]
    # Read at once: a column that is whole in one batch and has nulls in the next keeps one type.
    scalars = {name: samples.labels if name == "label" else samples.scalar(name) for name in names}
    findings: list[Finding] = []
    with (
        SampleWriter(path, description) as writer,
        progress_bar("dmdt images", len(samples), enabled=progress) as bar,
    ):
        for first, curves in _in_batches(samples, batch):
            images = dmdt_images(
                curves,
                bins,
                normalisation=settings.normalisation,
                smear=settings.smear,
                bands=bands,
                cross_bands=settings.cross_bands,
                workers=workers,
            )
            rows = slice(first, first + len(curves))
            writer.write({name: values[rows] for name, values in scalars.items()} | {DMDT: images})
            findings += _without_pairs(curves)
            bar.advance(len(curves))
    written = SampleSet.open(path)
    written.findings = tuple(findings)
    return written


def stored_bins(description: Description) -> DmdtBins:
    """Return the edges of the images of a sample set, from its description.

    Raises
    ------
    SampleSetError
        If the set holds no dmdt images.
    """
    told = description.origin.get(DMDT)
    if told is None or DMDT not in description.tensors:
        raise SampleSetError("the set holds no dmdt images; make them with `skysieve dmdt`")
    return DmdtBins(tuple(told["dm_edges"]), tuple(told["dt_edges"]))


def bins_of(samples: SampleSet, settings: DmdtConfiguration) -> DmdtBins:
    """Return the edges that the settings ask for; equalised ones are made on the training split.

    Raises
    ------
    SampleSetError
        If edges are to be equalised without a training split.
    ConfigurationError
        If there are no bins of that name.
    """
    if settings.dm_edges and settings.dt_edges:
        return DmdtBins(settings.dm_edges, settings.dt_edges)
    if settings.bins == EQUALISED:
        found = _equalised(samples, settings)
    elif settings.bins in BINS:
        found = BINS[settings.bins]
    else:
        known = ", ".join([*BINS, EQUALISED])
        raise ConfigurationError(f"'bins' is one of {known}; found {settings.bins!r}")
    return DmdtBins(settings.dm_edges or found.dm, settings.dt_edges or found.dt)


def _equalised(samples: SampleSet, settings: DmdtConfiguration) -> DmdtBins:
    if "split" not in samples.column_names:
        raise SampleSetError(
            "edges are equalised on training curves only, and the set has no split; make one with "
            "`skysieve samples split`, or name bins or edges"
        )
    rows: NDArray[np.int64] = samples.split_rows("train")
    if len(rows) > SEEN_BY_EQUALISATION:
        rng = np.random.default_rng(settings.seed)
        rows = np.sort(rng.choice(rows, SEEN_BY_EQUALISATION, replace=False))
    curves = LightCurves.of(samples.select(rows))
    return equalised_bins(curves, settings.equalised_shape, seed=settings.seed)


def _bands(samples: SampleSet, batch: int) -> tuple[str, ...]:
    """Return all bands of a set: a batch may lack some."""
    if BANDS not in samples.description.tensors:
        return ("",)
    found: set[str] = set()
    for _, curves in _in_batches(samples, batch):
        found.update(curves.bands)
    return tuple(sorted(found))


def _in_batches(samples: SampleSet, batch: int) -> Iterator[tuple[int, LightCurves]]:
    first = 0
    for part in samples.batches(batch):
        curves = LightCurves.of(part)
        yield first, curves
        first += len(curves)


def _without_pairs(curves: LightCurves) -> Iterator[Finding]:
    for row in np.flatnonzero(curves.counts < 2):
        reason = f"has too few points ({curves.counts[row]}) for a pair; its image is 0"
        yield Finding(str(curves.ids[row]), "no-pairs", reason, "warning")
