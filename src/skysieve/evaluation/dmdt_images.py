"""The mean dmdt image of every class, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from numpy.typing import NDArray

from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError
from skysieve.evaluation.plot_style import styled
from skysieve.preprocess.dmdt.bins import DmdtBins
from skysieve.preprocess.dmdt.sample_set import DMDT, stored_bins
from skysieve.samples.sample_set import SampleSet

__all__ = ["class_means", "dmdt_gallery", "draw_class_means"]

KINDS = (".pdf", ".png", ".svg")
COLUMNS = 4
UNLABELLED = "no class"


def class_means(samples: SampleSet, *, batch: int = 4096) -> dict[str, NDArray[np.float64]]:
    """Return the mean image (C, R, T) of every class that has samples, read in batches.

    Samples without a label are a class of their own, the last.
    """
    sums: dict[int, NDArray[np.float64]] = {}
    counts: dict[int, int] = {}
    for part in samples.batches(batch):
        images, labels = part.tensor(DMDT), part.labels
        for label in np.unique(labels):
            chosen = images[labels == label]
            sums[label] = sums.get(label, 0.0) + chosen.sum(axis=0, dtype=np.float64)
            counts[label] = counts.get(label, 0) + len(chosen)
    # Unlabelled ones have the number -1, which comes after all others as unsigned.
    ordered = sorted(sums, key=lambda label: (label < 0, label))
    names = {label: samples.classes[label] if label >= 0 else UNLABELLED for label in ordered}
    return {f"{names[label]} ({counts[label]:,})": sums[label] / counts[label] for label in ordered}


@styled
def dmdt_gallery(
    images: Mapping[str, NDArray[np.floating]], bins: DmdtBins, channels: Sequence[str] = ()
) -> Figure:
    """Draw dmdt images under their names, a row of panels a channel.

    Every pixel is as large as any other, as the network sees it, and edges are written where they lie.
    Colours go with the square root, from 0 to the largest pixel of a panel.

    Parameters
    ----------
    images : mapping of str to ndarray, shape (C, R, T)
        Images by title.
    bins : DmdtBins
        Their edges.
    channels : sequence of str
        Names of the C channels, added to the titles.

    Raises
    ------
    ConfigurationError
        If there are no images.
    """
    panels = [
        (f"{title}, {channels[number]}" if channels else title, channel)
        for title, image in images.items()
        for number, channel in enumerate(image)
    ]
    if not panels:
        raise ConfigurationError("there are no images to draw")
    columns = min(COLUMNS, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(2.6 * columns + 0.4, 2.5 * rows + 0.3), layout="constrained")
    axes = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for panel, (title, image) in zip(axes.flat, panels, strict=False):
        panel.imshow(image, origin="lower", cmap="magma", norm=PowerNorm(0.5, 0, max(image.max(), 1e-12)))
        panel.set_title(title, fontsize=9)
        _write_edges(panel, bins)
    for panel in axes.flat[len(panels) :]:
        panel.set_axis_off()
    figure.supxlabel("dt (days), edges", fontsize=9)
    figure.supylabel("dm (later minus earlier), edges", fontsize=9)
    return figure


def draw_class_means(samples: SampleSet, path: str | Path) -> Path:
    """Draw the mean image of every class of a set that `write_dmdt` wrote, and return the path.

    Raises
    ------
    ConfigurationError
        If the name does not end in .pdf, .png or .svg.
    SampleSetError
        If the set holds no dmdt images.
    """
    path = Path(path)
    if path.suffix not in KINDS:
        raise ConfigurationError(f"{path}: a picture ends in {', '.join(KINDS)}; found {path.suffix!r}")
    bins = stored_bins(samples.description)
    figure = dmdt_gallery(class_means(samples), bins, samples.description.tensors[DMDT].channels)
    with replacing(path) as partial:
        figure.savefig(partial, format=path.suffix[1:], dpi=110)
    return path


def _write_edges(axes: Axes, bins: DmdtBins) -> None:
    axes.grid(visible=False)
    axes.set_aspect("auto")
    for edges, place in ((bins.dt, axes.set_xticks), (bins.dm, axes.set_yticks)):
        step = max(1, len(edges) // 6)
        numbers = range(0, len(edges), step)
        place([number - 0.5 for number in numbers], [f"{edges[number]:.3g}" for number in numbers])
    axes.tick_params(labelsize=7)
    axes.tick_params(axis="x", labelrotation=90)
