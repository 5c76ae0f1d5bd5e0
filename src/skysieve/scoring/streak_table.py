"""The table of a scored night of streaks, and new verdicts from the scores that it holds."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError
from skysieve.models.rules import Jury, Rule, check_threshold, parse_rule
from skysieve.models.sieve import Sieve
from skysieve.models.sieve_description import RESERVED_NAMES
from skysieve.scoring.merge import METADATA_KEY

__all__ = [
    "build_table",
    "describe_sieve",
    "join_scores",
    "read_description",
    "read_scores",
    "redecide",
    "write_scores",
]

#: What the description in a table's metadata begins with.
KIND = "streak-scores"


def describe_sieve(sieve: Sieve) -> dict[str, Any]:
    """Return what the verdicts of a table depend on, ready for JSON."""
    return {
        "sieve": sieve.description.name,
        "identity": sieve.identity,
        "labels": sieve.labels,
        "families": {name: list(members) for name, members in sieve.families.items()},
        "thresholds": {
            name: {"value": each.value, "origin": each.origin} for name, each in sieve.thresholds.items()
        },
        "rules": {name: rule.to_json() for name, rule in sieve.rules.items()},
        "rule": sieve.rule,
    }


def build_table(
    ids: Sequence[str],
    sources: Sequence[str],
    rows: Sequence[Mapping[str, Any]],
    scores: pa.Table,
    description: Mapping[str, Any],
) -> pa.Table:
    """Put a table together.

    Parameters
    ----------
    ids, sources : sequence of str
        Names of the streaks and of their files.
    rows : sequence of mapping
        What is known of each streak; a name that the sieve has taken gets ``night_`` before it, and
        ``_id``, which repeats the id, is left out.
    scores : pyarrow.Table
        Scores, notes and stamps in the same order.
    description : mapping
        Of the run and the sieve; it goes into the metadata of the schema, with the counts.
    """
    names = dict.fromkeys(key for row in rows for key in row if key != "_id")
    known = {name: _column([row.get(name) for row in rows]) for name in names}
    return join_scores(pa.array(ids, pa.string()), sources, known, scores, description, prefix="night_")


def join_scores(
    ids: pa.Array,
    sources: Sequence[str],
    known: Mapping[str, pa.Array],
    scores: pa.Table,
    description: Mapping[str, Any],
    *,
    prefix: str,
) -> pa.Table:
    """Put a table together from columns, as `build_table` does from rows.

    Parameters
    ----------
    ids : pyarrow.Array
        Names of the streaks, words or numbers.
    sources : sequence of str
        Where their cutouts lie.
    known : mapping of str to pyarrow.Array
        What is known of the streaks.
    scores, description
        As of `build_table`.
    prefix : str
        Stands before the name of a known column that the sieve has taken.
    """
    families = description["families"]
    members = [name for within in families.values() for name in within]
    taken = {*RESERVED_NAMES, *members, *families, *description["rules"]}
    columns: dict[str, pa.Array] = {"id": ids, "source": pa.array(sources, pa.string())}
    columns |= {f"{prefix}{name}" if name in taken else name: values for name, values in known.items()}
    columns |= {name: scores[name] for name in (*members, "notes", "stamp")}
    return _with_verdicts(pa.table(columns), description)


def redecide(
    table: pa.Table,
    sieve: Sieve | None = None,
    *,
    rules: Mapping[str, Rule] | None = None,
    thresholds: Mapping[str, float] | None = None,
) -> pa.Table:
    """Return new verdicts from stored scores; no network runs.

    Parameters
    ----------
    table : pyarrow.Table
        As `score_streaks` wrote it.
    sieve : Sieve, optional
        Whose thresholds and rules count; those that the table was made with if not given.
    rules : mapping of str to Rule, optional
        Other rules; the first is the one that counts.
    thresholds : mapping of str to float, optional
        Other thresholds, by family or by member.

    Raises
    ------
    ConfigurationError
        If the table holds no scores, or those of other models than the sieve's, or a name is unknown.
    """
    description = read_description(table.schema.metadata, "the table")
    if sieve is not None:
        identities = {member.name: member.model.identity for member in sieve.members}
        if identities != description["members"]:
            raise ConfigurationError(
                "the scores were given by other models than those of the sieve "
                f"{sieve.description.name!r} ({sieve.identity[:12]}); score the night again"
            )
        description |= describe_sieve(sieve)
    if thresholds:
        description["thresholds"] |= _given(thresholds, description)
    if rules:
        description |= {
            "rules": {name: rule.to_json() for name, rule in rules.items()},
            "rule": next(iter(rules)),
        }
    before = read_description(table.schema.metadata, "the table")
    verdicts = {*before["families"], *before["rules"]} - set(description["members"])
    kept = [name for name in table.column_names if name not in verdicts]
    return _with_verdicts(table.select(kept), description)


def read_scores(path: str | Path) -> pa.Table:
    """Read a table of streak scores with its description.

    Raises
    ------
    ConfigurationError
        If the file is not one.
    """
    try:
        table = pq.read_table(path)
    except (pa.ArrowInvalid, OSError) as error:
        raise ConfigurationError(f"{path}: is not a table of streak scores ({error})") from None
    read_description(table.schema.metadata, path)
    return table


def read_description(metadata: Mapping[bytes, bytes] | None, item: str | Path) -> dict[str, Any]:
    """Return the description of a table from the metadata of its schema.

    Raises
    ------
    ConfigurationError
        If it has none.
    """
    try:
        description: dict[str, Any] = json.loads((metadata or {})[METADATA_KEY])
        if description["kind"] == KIND:
            return description
    except (KeyError, TypeError, ValueError):
        pass
    raise ConfigurationError(f"{item}: exists and is not a table of streak scores; choose another file")


def write_scores(table: pa.Table, path: str | Path) -> Path:
    """Write a table in place of what is there, whole or not at all."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as partial:
        pq.write_table(table, partial, compression="zstd")
    return target


def _with_verdicts(table: pa.Table, description: Mapping[str, Any]) -> pa.Table:
    """Add maxima of the families and verdicts of the rules, and the description."""
    families = {name: tuple(members) for name, members in description["families"].items()}
    thresholds = {name: each["value"] for name, each in description["thresholds"].items()}
    jury = Jury(families, thresholds)
    scores: dict[str, NDArray[Any]] = {name: table[name].to_numpy() for name in thresholds}
    added: dict[str, NDArray[Any]] = {
        family: np.max([scores[name] for name in members], axis=0)
        for family, members in families.items()
        if family not in scores
    }
    for name, rule in description["rules"].items():
        if name in table.column_names or name in added:
            raise ConfigurationError(f"a rule cannot be called {name!r}, a column of the table is")
        added[name] = parse_rule(rule).evaluate(scores, jury)
    names = [*(name for name in table.column_names if name not in ("notes", "stamp")), *added]
    for name, column in added.items():
        table = table.append_column(name, pa.array(column))
    passed = {name: int(added[name].sum()) for name in description["rules"]}
    described = {
        **description,
        "kind": KIND,
        "counts": {**description.get("counts", {}), "scored": table.num_rows, "passed": passed},
    }
    text = json.dumps(described, sort_keys=True)
    return table.select([*names, "notes", "stamp"]).replace_schema_metadata({METADATA_KEY: text})


def _given(thresholds: Mapping[str, float], description: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return thresholds of members from those of families and members, the latter counting more."""
    families = {name: tuple(members) for name, members in description["families"].items()}
    jury = Jury(families, {name: each["value"] for name, each in description["thresholds"].items()})
    given: dict[str, dict[str, Any]] = {}
    for name in sorted(thresholds, key=lambda name: name not in families):
        jury.require_either(name)
        value = check_threshold(thresholds[name], f"the threshold of {name!r}")
        given |= {member: {"value": value, "origin": "given"} for member in families.get(name, (name,))}
    return given


def _column(values: list[Any]) -> pa.Array:
    """Return a column of whatever type fits all values; words where none does."""
    try:
        array = pa.array(values)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if value is None else str(value) for value in values], pa.string())
    return array.cast(pa.float64()) if pa.types.is_null(array.type) else array
