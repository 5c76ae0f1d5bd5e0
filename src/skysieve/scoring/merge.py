"""From parts to the table of scores, the quarantine file, and the summary of a run."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError
from skysieve.models.model import Model
from skysieve.samples.findings import Finding
from skysieve.scoring.parts import PartStore
from skysieve.scoring.rows import outcome_schema
from skysieve.scoring.same_run import NEW_OUTPUT, require_same_run

__all__ = ["METADATA_KEY", "ScoringSummary", "finished_summary", "merge_parts", "quarantine_path"]

#: Where the run is described in the metadata of the table.
METADATA_KEY = b"skysieve"

#: Counts that are kept in that metadata.
COUNTS = ("scored", "above_threshold", "kept_aside", "repeated", "absent_fields")


@dataclass(frozen=True)
class ScoringSummary:
    """What came of a run.

    Parameters
    ----------
    output, quarantine : Path
        The table of scores, and the list of what could not be scored (absent if empty).
    scored : int
        Rows of the table.
    above_threshold : int or None
        How many of them reach the model's default threshold.
    kept_aside : dict
        Number of inputs that could not be scored, by reason.
    repeated : int
        Rows whose candid an earlier row has.
    absent_fields : list of str
        Fields that were asked for and that no scored alert has.
    resumed : bool
        Whether an earlier run was continued.
    seconds : float
        Time of this run.
    """

    output: Path
    quarantine: Path
    scored: int
    above_threshold: int | None
    kept_aside: dict[str, int] = field(default_factory=dict)
    repeated: int = 0
    absent_fields: list[str] = field(default_factory=list)
    resumed: bool = False
    seconds: float = 0.0


def quarantine_path(output: Path) -> Path:
    """Return where the list of what could not be scored lies: beside the table."""
    stem = output.name.removesuffix(".parquet")
    return output.with_name(f"{stem}.quarantine.jsonl")


def merge_parts(
    store: PartStore,
    target: Path,
    manifest: dict[str, Any],
    absent: list[Finding],
    model: Model,
    fields: tuple[str, ...],
) -> ScoringSummary:
    """Write the table and the quarantine from the parts; the table appears last, when all is done.

    Parameters
    ----------
    store : PartStore
        The finished parts.
    target : Path
        The table.
    manifest : dict
        What decided the outcome; it goes into the table's metadata.
    absent : list of Finding
        Inputs that could not even be listed as items.
    model : Model
        What scored.
    fields : tuple of str
        Numbers of the candidate beside the score.
    """
    whole = outcome_schema(model.description.classes, fields)
    schema = pa.schema([column for column in whole if column.name not in ("kind", "reason")])
    quarantine = quarantine_path(target)
    kept_aside = Counter(finding.kind for finding in absent)
    candids: list[Any] = []
    absent_fields = list(fields)
    above = 0
    target.parent.mkdir(parents=True, exist_ok=True)
    # The table comes last of all: where it is, the run is complete.
    with (
        replacing(target) as table_path,
        replacing(quarantine) as aside_path,
        aside_path.open("w", encoding="utf-8") as aside,
        pq.ParquetWriter(table_path, schema, compression="zstd") as writer,
    ):
        aside.writelines(_quarantine_line(item.item, item.kind, item.reason) for item in absent)
        for table in store.tables():
            good = pc.is_null(table["kind"])
            scored = table.filter(good).select(schema.names)
            if scored.num_rows:
                writer.write_table(scored)
            candids.append(scored["candid"].to_numpy())
            above += _count_above(scored, model)
            absent_fields = [name for name in absent_fields if scored[name].null_count == scored.num_rows]
            for row in table.filter(pc.invert(good)).select(["source", "kind", "reason"]).to_pylist():
                kept_aside[row["kind"]] += 1
                aside.write(_quarantine_line(row["source"], row["kind"], row["reason"]))
        every = np.concatenate([np.empty(0, dtype=np.int64), *candids])
        summary = ScoringSummary(
            target,
            quarantine,
            scored=len(every),
            above_threshold=None if _threshold(model) is None else above,
            kept_aside=dict(sorted(kept_aside.items())),
            repeated=len(every) - len(np.unique(every)),
            absent_fields=absent_fields if len(every) else [],
        )
        counts = {name: getattr(summary, name) for name in COUNTS}
        writer.add_key_value_metadata(
            {METADATA_KEY: json.dumps(manifest | {"counts": counts}, sort_keys=True)}
        )
    if not kept_aside:
        quarantine.unlink()
    return summary


def _threshold(model: Model) -> np.float32 | None:
    threshold = model.description.threshold
    if threshold is None or len(model.description.classes) != 2:
        return None
    return np.float32(threshold["value"])


def _count_above(scored: pa.Table, model: Model) -> int:
    threshold = _threshold(model)
    return 0 if threshold is None else int((scored["score"].to_numpy() >= threshold).sum())


def _quarantine_line(source: str, kind: str, reason: str) -> str:
    return json.dumps({"source": source, "kind": kind, "reason": reason}) + "\n"


def finished_summary(target: Path, manifest: dict[str, Any]) -> ScoringSummary | None:
    """Return the summary of an earlier, complete run with the same arguments, if there is one."""
    if not target.exists():
        return None
    try:
        present = json.loads(pq.read_metadata(target).metadata[METADATA_KEY])
        counts = present.pop("counts")
    except (pa.ArrowInvalid, OSError, KeyError, TypeError, ValueError):
        raise ConfigurationError(f"{target}: exists and is not a table of scores; {NEW_OUTPUT}") from None
    require_same_run(target, present, manifest)
    return ScoringSummary(target, quarantine_path(target), **counts)
