"""Put together what the HTML report of a sieve shows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.evaluation.report_content import PublishedFigure
from skysieve.evaluation.sieve_evaluation import SieveEvaluation
from skysieve.evaluation.sieve_report import write_sieve_report
from skysieve.evaluation.sieve_report_content import SieveReportContent, sieve_mistakes
from skysieve.models.sieve import Sieve
from skysieve.models.sieve_card import sieve_card
from skysieve.recipes.stored_rows import StoredImages
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet

__all__ = ["write_report_of_sieve"]

#: Columns that stand under a mistake, where the samples have them.
_SHOWN = {"snr": "S/N", "length": "length [px]", "magnitude": "magnitude"}


def write_report_of_sieve(
    path: Path,
    sieve: Sieve,
    evaluation: SieveEvaluation,
    samples: SampleSet,
    rows: NDArray[np.int64],
    *,
    published: Sequence[PublishedFigure] = (),
    histories: Mapping[str, Path] | None = None,
    findings: Sequence[Finding] = (),
) -> Path:
    """Write the report of a sieve on the samples that it was judged on.

    Parameters
    ----------
    path : Path
        The HTML file.
    sieve : Sieve
        The sieve.
    evaluation : SieveEvaluation
        Its figures.
    samples : SampleSet
        Where the judged samples lie; pictures of the mistakes that are shown are read.
    rows : ndarray of int
        Their rows.
    published : sequence of PublishedFigure
        Figures to stand beside ours.
    histories : mapping of str to Path, optional
        ``history.json`` of each member, if they were just trained.
    findings : sequence of Finding
        What limits the figures, beside what was found when the samples were made.
    """
    column = sieve.contract.column
    shown = {
        title: [f"{value:.1f}" if np.isfinite(value) else "–" for value in samples.scalar(name)[rows]]  # noqa: RUF001
        for name, title in _SHOWN.items()
        if name in samples.column_names
    }
    content = SieveReportContent(
        title=f"{sieve.description.name} on {evaluation.split}",
        card=sieve_card(sieve),
        evaluation=evaluation,
        published=published,
        histories={
            name: json.loads(file.read_text(encoding="utf-8")) for name, file in (histories or {}).items()
        },
        mistakes=sieve_mistakes(evaluation, StoredImages(samples, column, rows), columns=shown),
        findings=(*findings, *samples.findings),
        provenance=_provenance(sieve),
    )
    return write_sieve_report(path, content)


def _provenance(sieve: Sieve) -> dict[str, Mapping[str, Any]]:
    provenance = dict(sieve.description.provenance)
    tables = {name: value for name, value in provenance.items() if isinstance(value, Mapping) and value}
    rest = {name: value for name, value in provenance.items() if not isinstance(value, Mapping)}
    members = {member.name: member.model.identity for member in sieve.members}
    return (
        {"sieve": rest | {"identity": sieve.identity, "skysieve": sieve.description.skysieve}}
        | tables
        | {"members": members}
    )
