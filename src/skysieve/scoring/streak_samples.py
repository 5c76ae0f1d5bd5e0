"""Score a sample set of streak cutouts, as detection and simulation write them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from skysieve.models.model import Model
from skysieve.models.sieve import Sieve
from skysieve.samples.sample_set import SampleSet
from skysieve.scoring.merge import quarantine_path
from skysieve.scoring.same_run import require_same_run
from skysieve.scoring.sample_scores import score_pool
from skysieve.scoring.streak_table import (
    describe_sieve,
    join_scores,
    read_description,
    read_scores,
    write_scores,
)
from skysieve.scoring.streaks import StreakOptions, StreakSummary, check_streak_contract, describe_run

__all__ = ["SAMPLE_PREFIX", "score_streak_samples"]

#: Stands before a column of the set whose name the sieve has taken, such as a label called as its family.
SAMPLE_PREFIX = "sample_"


def score_streak_samples(
    sieve: Sieve | Model,
    samples: str | Path,
    output: str | Path,
    options: StreakOptions | None = None,
    *,
    restart: bool = False,
    progress: bool = False,
) -> StreakSummary:
    """Score a sample set of streak cutouts into a table like that of a night.

    Parameters
    ----------
    sieve : Sieve or Model
        What scores; a model alone is a sieve of one.
    samples : path
        The set; its tensor column must be what the models take.
    output : path
        The table, in the order of the set: ``id`` as it is there, ``source`` (``<samples>::<row>``), the
        other scalar columns (with `SAMPLE_PREFIX` where the sieve has taken the name), and scores, maxima,
        verdicts and metadata as of `skysieve.scoring.streaks.score_streaks`.
    options : StreakOptions, optional
        Engine and precision count; one process scores.
    restart : bool
        Replace the table of something else.
    progress : bool
        Show progress.

    Returns
    -------
    StreakSummary
        Counts and places.

    Raises
    ------
    SampleSetError
        If it is no sample set.
    ContractError
        If the models take something else.
    ConfigurationError
        If the output is a table of something else.
    """
    began = time.monotonic()
    sieve = Sieve.of_model(sieve) if isinstance(sieve, Model) else sieve
    check_streak_contract(sieve)
    target, options = Path(output), options or StreakOptions()
    opened = SampleSet.open(samples)
    run = {**describe_run(sieve, options), "samples": str(samples)}
    if not restart:
        _check_output(target, run)
    pool = score_pool(sieve, opened, engine=options.engine, precision=options.precision, progress=progress)
    known = pq.read_table(
        samples, columns=[name for name in opened.column_names if name not in opened.description.tensors]
    )
    nothing = pa.array([""] * len(opened), pa.string())
    table = join_scores(
        known["id"],
        [f"{samples}::{row}" for row in range(len(opened))],
        {name: known[name] for name in known.column_names if name != "id"},
        pa.table({**pool.scores, "notes": nothing, "stamp": nothing}),
        {**run, **describe_sieve(sieve), "counts": {"kept_aside": {}}},
        prefix=SAMPLE_PREFIX,
    )
    write_scores(table, target)
    quarantine = quarantine_path(target)
    quarantine.unlink(missing_ok=True)
    passed = read_description(table.schema.metadata, target)["counts"]["passed"]
    seconds = time.monotonic() - began
    return StreakSummary(target, quarantine, len(opened), len(opened), passed=passed, seconds=seconds)


def _check_output(target: Path, run: dict[str, Any]) -> None:
    """Refuse to write over anything but the scores of the same set by the same models."""
    if not target.exists():
        return
    present = read_description(read_scores(target).schema.metadata, target)
    require_same_run(target, present, run)
