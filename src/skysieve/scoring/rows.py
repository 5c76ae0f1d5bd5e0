"""From alerts to rows: score a batch, and say of every input what became of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from skysieve.errors import ContractError
from skysieve.models.contract import InputContract
from skysieve.models.engines import Engine
from skysieve.models.model import CHUNK, Model
from skysieve.preprocess import stack_cutouts
from skysieve.samples.findings import Finding
from skysieve.sources.alerts.alert import Alert

__all__ = ["FIELDS", "RESERVED", "Rows", "outcome_schema", "score_alerts", "score_columns"]

#: Columns that every table has; no field of the candidate may take their names.
RESERVED = ("candid", "object_id", "survey", "source", "kind", "reason")

#: Fields of the candidate that are copied beside the score, where a packet has them.
FIELDS = ("jd", "fid", "ra", "dec", "magpsf")


def score_columns(classes: tuple[str, ...]) -> list[str]:
    """Return the names of the score columns: one, or one a class if there are more than two."""
    return ["score"] if len(classes) == 2 else [f"score_{name}" for name in classes]


def outcome_schema(classes: tuple[str, ...], fields: tuple[str, ...]) -> pa.Schema:
    """Return the columns of outcomes: those of scores, and why an input has none."""
    return pa.schema(
        [
            ("candid", pa.int64()),
            ("object_id", pa.string()),
            ("survey", pa.string()),
            *((name, pa.float64()) for name in fields),
            *((name, pa.float32()) for name in score_columns(classes)),
            ("source", pa.string()),
            ("kind", pa.string()),
            ("reason", pa.string()),
        ]
    )


class Rows:
    """Collects outcomes and turns them into an Arrow table.

    Parameters
    ----------
    schema : pyarrow.Schema
        As of `outcome_schema`.
    """

    def __init__(self, schema: pa.Schema) -> None:
        self.schema = schema
        self._rows: list[dict[str, Any]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def add(self, row: dict[str, Any]) -> None:
        """Append one outcome; columns that it lacks become null."""
        self._rows.append(row)

    def take(self) -> pa.Table:
        """Return all outcomes so far as a table and forget them."""
        table = pa.Table.from_pylist(self._rows, schema=self.schema)
        self._rows = []
        return table


def score_alerts(
    outcomes: Iterable[Alert | Finding],
    model: Model,
    engine: Engine,
    *,
    fields: tuple[str, ...] = FIELDS,
    any_survey: bool = False,
) -> Iterator[dict[str, Any]]:
    """Score alerts in chunks, in their order, and yield one row for every outcome.

    Parameters
    ----------
    outcomes : iterable of Alert or Finding
        What the readers yield.
    model, engine
        What to score with.
    fields : tuple of str
        Numbers of the candidate to copy.
    any_survey : bool
        Score alerts of surveys that the model was not made for.

    Yields
    ------
    dict
        Columns of `outcome_schema`; ``kind`` and ``reason`` instead of scores where the input cannot
        be scored.
    """
    contract = model.description.contract
    names = score_columns(model.description.classes)
    images = np.empty((CHUNK, *contract.image_shape), dtype=np.float32)
    waiting: list[dict[str, Any]] = []
    used = 0
    for outcome in outcomes:
        row = _row(outcome, contract, fields, images[used], any_survey)
        waiting.append(row)
        used += "kind" not in row
        if used == CHUNK or len(waiting) == 4 * CHUNK:
            yield from _scored(waiting, images[:used], engine, names)
            waiting, used = [], 0
    yield from _scored(waiting, images[:used], engine, names)


def _row(
    outcome: Alert | Finding,
    contract: InputContract,
    fields: tuple[str, ...],
    image: NDArray[np.float32],
    any_survey: bool,
) -> dict[str, Any]:
    """Return the row of an outcome without its score, and fill in its image."""
    if isinstance(outcome, Finding):
        return {"source": outcome.item, "kind": outcome.kind, "reason": outcome.reason}
    row: dict[str, Any] = {
        "candid": outcome.candid,
        "object_id": outcome.object_id,
        "survey": outcome.survey,
        "source": outcome.source,
    }
    for name in fields:
        value = outcome.candidate.get(name)
        if isinstance(value, int | float):
            row[name] = float(value)
    if contract.surveys and outcome.survey not in contract.surveys and not any_survey:
        expected = " or ".join(contract.surveys)
        reason = (
            f"is an alert of {outcome.survey}, the model was made for {expected}: pixels differ in scale, "
            "depth and unit; take a model made for it, or --any-survey to score it all the same"
        )
        return row | {"kind": "other-survey", "reason": reason}
    smaller = any(cutout.shape != contract.shape[1:] for cutout in outcome.cutouts)
    if smaller and contract.smaller == "refuse":
        found = [cutout.shape for cutout in outcome.cutouts]
        reason = f"has cutouts of {found}, the model takes {contract.shape[1:]} and nothing smaller"
        return row | {"kind": "wrong-shape", "reason": reason}
    try:
        stack_cutouts(outcome.cutouts, contract.image_shape, item=outcome.source, out=image)
    except ContractError as error:
        reason = str(error).removeprefix(f"{outcome.source}: ")
        return row | {"kind": "wrong-shape", "reason": reason}
    return row


def _scored(
    rows: list[dict[str, Any]], images: NDArray[np.float32], engine: Engine, names: list[str]
) -> Iterator[dict[str, Any]]:
    if len(images):
        scores = iter(engine(images).reshape(len(images), len(names)).tolist())
        for row in rows:
            if "kind" not in row:
                row.update(zip(names, next(scores), strict=True))
    yield from rows
