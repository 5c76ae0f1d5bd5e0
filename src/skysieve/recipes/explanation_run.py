"""What explaining left: where maps, gallery and figures lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from skysieve.recipes.explanation_figures import ExplanationFigures
from skysieve.samples.findings import Finding

__all__ = ["GALLERY", "MAPS", "TABLE", "ExplanationRun"]

MAPS, GALLERY, TABLE = "maps.parquet", "gallery.html", "explanation.json"
"""Names of the files in the folder."""


@dataclass(frozen=True)
class ExplanationRun:
    """What explaining left.

    Parameters
    ----------
    maps : Path
        The sample set of maps, of points with their attribution, or of features with their effects.
    page : Path
        The gallery.
    table : Path
        The figures as JSON.
    figures : ExplanationFigures
        Against masks, and against randomised networks.
    samples : int
        How many were explained.
    findings : tuple of Finding
        What limits maps or page.
    disclosure : str
        How the labels came to be, where that limits what figures mean.
    method : str
        How they were explained.
    """

    maps: Path
    page: Path
    table: Path
    figures: ExplanationFigures
    samples: int
    findings: tuple[Finding, ...]
    disclosure: str = ""
    method: str = ""
