"""The report of a scored night: what came in, what stands out, and how good it was where that is known."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError
from skysieve.evaluation.evaluate import Evaluation, evaluate
from skysieve.evaluation.night_report import write_night_report
from skysieve.evaluation.report_content import Example, NightContent
from skysieve.evaluation.thresholds import Threshold, fixed
from skysieve.models.card import model_card_of
from skysieve.models.model import Model
from skysieve.preprocess import stack_cutouts
from skysieve.samples.findings import Finding
from skysieve.scoring.merge import METADATA_KEY, ScoringSummary
from skysieve.sources.alerts.alert import Alert
from skysieve.sources.alerts.avro.schema import SchemaLookup
from skysieve.sources.alerts.reading import alerts_from_item
from skysieve.sources.inputs import ItemRef, list_items

__all__ = ["read_cutouts", "write_report_of_scores"]

#: Columns of the table that stand beside a candidate's picture.
_SHOWN = {"object_id": "object", "magpsf": "magnitude", "ra": "RA [deg]", "dec": "Dec [deg]"}


def write_report_of_scores(
    model: Model,
    summary: ScoringSummary,
    path: str | Path,
    *,
    truth: str | Path | None = None,
    truth_origin: str = "",
    candidates: int = 24,
) -> Path:
    """Write the HTML report of a scored night.

    Parameters
    ----------
    model : Model
        The model that scored (one with two classes).
    summary : ScoringSummary
        What `skysieve.scoring.score` returned.
    path : path
        The HTML file.
    truth : path, optional
        CSV with the columns ``candid`` and ``label`` (0 or 1); rows without a label are left out.
    truth_origin : str
        How the truth is known (``simulated``), printed beside the figures; the name of its file if
        not given.
    candidates : int
        How many of the best are shown.

    Raises
    ------
    ConfigurationError
        If the model has more than two classes, or the table of the truth lacks a column.
    """
    if len(model.description.classes) > 2:
        raise ConfigurationError("the report of a night is made for scores of two classes")
    table = pq.read_table(summary.output)
    scores = table["score"].to_numpy()
    stored = model.description.threshold
    threshold = fixed(0.5) if stored is None else Threshold(**stored)
    best = np.argsort(-scores, kind="stable")[:candidates]
    rows = table.take(best).to_pylist()
    run = json.loads(pq.read_metadata(summary.output).metadata[METADATA_KEY])
    cutouts = read_cutouts([row["source"] for row in rows], model, schemas=run["schemas"])
    content = NightContent(
        title=f"{summary.output.stem}: scored by {model.description.name}",
        night=summary.output.stem,
        card=model_card_of(model),
        received=summary.scored + sum(summary.kept_aside.values()),
        scores=scores,
        threshold=threshold,
        candidates=[_example(row, cutouts) for row in rows],
        channels=model.description.contract.channels,
        findings=_findings(summary),
        evaluation=None if truth is None else _judge(table, Path(truth), truth_origin, model, threshold),
        provenance={"run": {key: value for key, value in run.items() if key != "counts"}},
    )
    return write_night_report(path, content)


def read_cutouts(
    sources: Iterable[str], model: Model, *, schemas: str = ""
) -> dict[str, NDArray[np.float32]]:
    """Read the cutouts of some alerts again, by the names that stand in the table of scores.

    Returns
    -------
    dict of str to ndarray, shape (C, H, W)
        Sources that cannot be found any more are absent.
    """
    contract = model.description.contract
    wanted = set(sources)
    files = {source.partition("::")[0] for source in wanted}
    found: dict[str, NDArray[np.float32]] = {}
    for item in list_items(sorted(files)):
        if isinstance(item, Finding):
            continue
        for alert in _alerts(item, wanted, SchemaLookup(schemas) if schemas else None):
            found[alert.source] = stack_cutouts(alert.cutouts, contract.image_shape, item=alert.source)
    return found


def _alerts(item: ItemRef, wanted: set[str], schemas: SchemaLookup | None) -> Iterable[Alert]:
    for outcome in alerts_from_item(item, schemas=schemas):
        if isinstance(outcome, Alert) and outcome.source in wanted:
            yield outcome


def _example(row: dict[str, Any], cutouts: dict[str, NDArray[np.float32]]) -> Example:
    shown = {}
    for name, title in _SHOWN.items():
        value = row.get(name)
        if value is not None:
            shown[title] = f"{value:.4f}" if isinstance(value, float) else str(value)
    return Example(
        id=str(row["candid"]), score=row["score"], cutouts=cutouts.get(row["source"]), columns=shown
    )


def _findings(summary: ScoringSummary) -> list[Finding]:
    if not summary.kept_aside:
        return []
    with summary.quarantine.open(encoding="utf-8") as lines:
        read = [json.loads(line) for line in lines]
    return [Finding(line["source"], line["kind"], line["reason"]) for line in read]


def _judge(table: Any, truth: Path, origin: str, model: Model, threshold: Threshold) -> Evaluation | None:
    try:
        with truth.open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        label_of = {int(row["candid"]): int(row["label"]) for row in rows if row["candid"] and row["label"]}
    except (OSError, KeyError, ValueError) as error:
        raise ConfigurationError(
            f"{truth}: is no table of the truth ({error}); it needs the columns candid and label (0 or 1)"
        ) from None
    known = np.array([candid in label_of for candid in table["candid"].to_pylist()])
    judged = table.filter(known)
    labels = np.array([label_of[candid] for candid in judged["candid"].to_pylist()])
    if len(np.unique(labels)) < 2:
        return None
    return evaluate(
        labels,
        judged["score"].to_numpy(),
        groups=np.asarray(judged["object_id"].to_pylist()),
        split=f"night (truth: {origin or truth.name})",
        seed=1,
        threshold=threshold,
        classes=model.description.classes,
        magnitudes=judged["magpsf"].to_numpy() if "magpsf" in judged.column_names else None,
        magnitude_name="magpsf",
        ids=np.asarray(judged["candid"].to_pylist()),
    )
