"""The mean dmdt image of every kind of simulated light curves."""

from __future__ import annotations

import io

from skysieve.evaluation.dmdt_images import dmdt_gallery
from skysieve.preprocess.dmdt import BINS, dmdt_images
from skysieve.sources.simulators.light_curves import simulate_light_curves

__all__ = ["dmdt_contact_sheet"]

N, SEED = 500, 3


def dmdt_contact_sheet() -> bytes:
    """Return the sheet as PNG."""
    simulated = simulate_light_curves(N, seed=SEED)
    # A band is as good as any other for a picture of the shapes.
    images = dmdt_images(simulated.curves, bands=simulated.curves.bands[:1])
    chosen = {kind: simulated.kind == kind for kind in simulated.classes}
    means = {kind: images[rows].mean(axis=0) for kind, rows in chosen.items() if rows.any()}
    file = io.BytesIO()
    figure = dmdt_gallery(means, BINS["mahabal2017"])
    figure.savefig(file, format="png", dpi=90, metadata={"Software": None})
    return file.getvalue()
