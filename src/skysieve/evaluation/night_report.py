"""One HTML file about a night that was scored: what came in, what stands out, what was put aside."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from skysieve.evaluation.night_counts import night_counts
from skysieve.evaluation.report_content import NightContent, shared_parts
from skysieve.evaluation.report_figures import calibration_figures, curve_figures, score_figure
from skysieve.evaluation.report_page import write_page

__all__ = ["write_night_report"]


def write_night_report(path: str | Path, content: NightContent) -> Path:
    """Write the report of a scored night as one self-contained HTML file.

    Parameters
    ----------
    path : path
        File to write; its folder is made.
    content : NightContent
        What to show; with an evaluation the report tells how good the scores were.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ConfigurationError
        If fewer samples were received than scored.

    Examples
    --------
    >>> import tempfile
    >>> from skysieve.evaluation.report_content import ModelCard
    >>> from skysieve.evaluation.thresholds import fixed
    >>> night = NightContent("Night", "2026-03-14", ModelCard("m"), 3, [0.1, 0.2, 0.9], fixed(0.5))
    >>> write_night_report(Path(tempfile.mkdtemp()) / "night.html", night).name
    'night.html'
    """
    scores = np.asarray(content.scores, dtype=np.float64)
    finite = scores[np.isfinite(scores)]
    return write_page(
        path,
        "night_report_template.html.j2",
        **shared_parts(content),
        counts=night_counts(
            received=content.received,
            scored=int(finite.size),
            candidates=int((finite >= content.threshold.value).sum()),
            of="samples",
        ),
        columns=list(dict.fromkeys(name for each in content.candidates for name in each.columns)),
        score_figure=score_figure(None, finite, content.threshold) if finite.size else None,
        figures=_truth_figures(content),
    )


def _truth_figures(content: NightContent) -> list[object]:
    if content.evaluation is None:
        return []
    calibration = [each for each in calibration_figures(content.evaluation) if each.name != "scores"]
    return [*curve_figures(content.evaluation), *calibration]
