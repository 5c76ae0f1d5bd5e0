"""What was measured of the night service, from the files that its experiment and its benchmarks leave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from markdown_table import cell, table

__all__ = ["parts"]

ROOT = Path(__file__).parents[1]
DATABASES = ("sqlite", "postgresql")
#: What a kill may cost: nothing, and so every one of these is zero.
FAULTS = (
    ("missing", "good packets that are missing"),
    ("unexpected", "candidates that nobody sent"),
    ("not_scored_once", "candidates not scored exactly once"),
    ("pending", "scores still asked for"),
    ("without_readable_cutouts", "candidates without readable cutouts"),
    ("scores_of_another_packet", "scores that are not those of their packet"),
    ("bad_not_in_quarantine", "bad packets not in quarantine"),
    ("good_in_quarantine", "good packets in quarantine"),
    ("journal_missing", "items without a row in the journal"),
    ("kafka_uncommitted", "messages not acknowledged"),
)


def parts(root: Path = ROOT) -> dict[str, str]:
    """Return the parts by file name."""
    return {
        "service-chaos.md": _chaos(root / "experiments" / "results" / "service_chaos.json"),
        "service-load.md": _load(root / "benchmarks" / "results"),
        "service-pages.md": _pages(root / "benchmarks" / "results" / "candidate_pages.json"),
    }


def _chaos(path: Path) -> str:
    if not path.is_file():
        return "Not run yet: `python experiments/service_chaos.py` measures it.\n"
    found = json.loads(path.read_text())
    killed = ", ".join(
        f"{count} while {name.replace('-', ' ')}" for name, count in found["killed_while"].items()
    )
    rows = [
        ["packets, good and bad", f"{found['packets']['good']:,} and {found['packets']['bad']:,}"],
        [
            "sent twice; sent anew with other images",
            f"{found['sent_twice']:,}; {found['sent_anew_with_other_images']:,}",
        ],
        ["kills of the worker", f"{found['kills']:,}: {killed}"],
        ["stops of PostgreSQL", f"{found['database_restarts']:,}"],
        ["candidates in the end", f"{found['candidates']:,}"],
        [
            "bad packets in quarantine, by kind",
            ", ".join(f"{n} {k}" for k, n in found["quarantined_by_kind"].items()),
        ],
        *([words, f"{found[name]:,}"] for name, words in FAULTS),
        ["packets whose scores and images were compared", f"{found['compared']:,}"],
    ]
    return table(["what", "found"], [[cell(name), cell(value)] for name, value in rows])


def _load(folder: Path) -> str:
    found = {
        name: json.loads(path.read_text())
        for name in DATABASES
        if (path := folder / f"service_load_{name}.json").is_file()
    }
    if len(found) < len(DATABASES):
        return "Not run yet: `python benchmarks/service_load.py` measures it.\n"
    first = found["sqlite"]
    head = ["request, median and 95 % in ms", *found]
    rows = [
        [cell(name), *(_times(each["times_ms"].get(name)) for each in found.values())]
        for name in first["times_ms"]
    ]
    rows.append(["**all**", *(_times(each["all_ms"]) for each in found.values())])
    for words, name in (
        ("errors", "errors"),
        ("requests a second", "requests_a_second"),
        ("alerts a second sent", "sent_a_second"),
        ("of them stored when sending ended", "stored_at_end"),
        ("seconds until all were stored and scored", "seconds_to_catch_up"),
    ):
        rows.append([words, *(f"{each[name]:,}" for each in found.values())])
    sentence = (
        f"{first['scanners']} scanners, one action a second each, for {first['seconds']:.0f} s; "
        f"{first['candidates']:,} candidates in the database; {first['cores']} cores for the service, its "
        "worker, the database and the scanners together.\n\n"
    )
    return sentence + table(head, rows)


def _times(row: dict[str, Any] | None) -> str:
    return "" if row is None else f"{row['median']:.0f}, {row['p95']:.0f}"


def _pages(path: Path) -> str:
    if not path.is_file():
        return "Not run yet: `python benchmarks/candidate_pages.py` measures it.\n"
    found = json.loads(path.read_text())
    by_database = {
        each["database"]: {row["search"]: row for row in each["searches"]} for each in found["databases"]
    }
    names = list(next(iter(by_database.values())))
    rows = [
        [
            cell(name),
            *(f"{rows[name]['median_ms']:.1f}, {rows[name]['p95_ms']:.1f}" for rows in by_database.values()),
        ]
        for name in names
    ]
    return f"A page of 50 among {found['candidates']:,} candidates.\n\n" + table(
        ["search, median and 95 % in ms", *by_database], rows
    )
