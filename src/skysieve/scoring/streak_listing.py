"""What of a night is to be scored: its list, the table of an earlier run, and streaks that wait."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa

from skysieve.errors import ConfigurationError, InputError
from skysieve.samples.findings import Finding
from skysieve.scoring.merge import quarantine_path
from skysieve.scoring.parts import PartStore
from skysieve.scoring.same_run import NEW_OUTPUT, require_same_run
from skysieve.scoring.streak_parts import KnownScores, key_of
from skysieve.scoring.streak_table import read_description, read_scores
from skysieve.sources.streaks.night import StreakItem, StreakNight, list_streak_night

__all__ = ["AWAITED", "WITHOUT_PICTURE", "keep_scored", "list_night", "read_before"]

#: Kinds of findings on streaks that are scored and wait for what they are expected to have.
AWAITED = ("awaits-metadata", "awaits-ades")
#: Kinds of findings that name a streak of which there is no picture.
WITHOUT_PICTURE = ("metadata-without-image", "ades-without-image")

_WORDS = {"metadata": "its row in a table", "ades": "its report in ADES"}
# Inputs of which nothing else was found belong to no night of streaks.
_FOREIGN = ("foreign-file", "empty-folder", "missing-path", "no-match", "not-a-file", "unreadable-file")
_ALERTS = (".avro", ".parquet")


def list_night(
    inputs: Iterable[str | Path],
    target: Path,
    *,
    expect: Literal["auto"] | tuple[str, ...],
    longitude_deg: float | str,
) -> StreakNight:
    """List a night, each streak once, without what a run to this output itself has written.

    Raises
    ------
    InputError
        ``no-streaks`` if nothing among the inputs belongs to a night of streaks.
    """
    night = list_streak_night(inputs, expect=expect, longitude_deg=longitude_deg)
    own = [os.path.abspath(place) for place in (target, quarantine_path(target))]  # noqa: PTH100
    parts = os.path.abspath(PartStore(target).folder) + os.sep  # noqa: PTH100
    findings = []
    for finding in night.findings:
        place = os.path.abspath(finding.item)  # noqa: PTH100 - Path.resolve would follow links
        if place not in own and not place.startswith(parts):
            findings.append(finding)
    if not night.items and not night.waiting and all(each.kind in _FOREIGN for each in findings):
        raise _no_streaks(findings)
    return StreakNight(night.items, tuple(findings), night.waiting)


def _no_streaks(findings: Collection[Finding]) -> InputError:
    """Say what the inputs are instead."""
    names = sorted({finding.item for finding in findings})
    found = ", ".join(f"{kind} {count:,}" for kind, count in Counter(f.kind for f in findings).items())
    reason = f"no streak is among the inputs ({found or 'nothing was found'})"
    if any(name.lower().endswith(_ALERTS) for name in names):
        advice = "alerts are scored by a model of alerts, such as braai-weak; a sample set is given alone"
    else:
        advice = (
            "cutouts are called strkid<streakid>_pid<pid>_scimref.jpg; is this the folder, is it mounted?"
        )
    where = names[0] if names else "the inputs"
    others = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
    return InputError(where + others, "no-streaks", f"{reason}; {advice}")


def read_before(target: Path, run: Mapping[str, Any], ids: Collection[str]) -> pa.Table | None:
    """Return the table of an earlier run of which this one, over streaks of these ids, is the continuation.

    Raises
    ------
    ConfigurationError
        If it is a table of other models or of another night.
    """
    if not target.exists():
        return None
    table = read_scores(target)
    present = read_description(table.schema.metadata, target)
    require_same_run(target, present, run)
    if table.num_rows and set(ids).isdisjoint(table["id"].to_pylist()):
        raise ConfigurationError(
            f"{target}: holds the scores of another night, not one of its {table.num_rows:,} streaks is "
            f"among the inputs; {NEW_OUTPUT}"
        )
    return table


def keep_scored(night: StreakNight, known: KnownScores) -> tuple[list[StreakItem], list[Finding]]:
    """Return what is to stand in the table, and all findings.

    A streak that waits stays in the table if its picture has been scored: a report that comes, or
    breaks, takes away no score. What it waits for is named by a finding of a kind of `AWAITED`.
    """
    kept = {item.source: item for item in night.waiting if key_of(item) in known}
    findings = []
    for finding in night.findings:
        item = kept.get(finding.item)
        if item is not None and finding.kind in ("image-without-metadata", "ades-missing"):
            reason = f"scored, waits for {_WORDS[item.lacks]}; its row is completed when that has come"
            finding = Finding(item.source, f"awaits-{item.lacks}", reason, "warning")
        findings.append(finding)
    return [*night.items, *kept.values()], findings
