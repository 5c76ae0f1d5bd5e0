"""What was left of a fetch that was killed, from the file that ``experiments/killed_fetch.py`` leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markdown_table import code, table

__all__ = ["parts"]

RESULTS = Path(__file__).parents[1] / "experiments" / "results"


def parts() -> dict[str, str]:
    """Return the parts by file name."""
    path = RESULTS / "killed_fetch.json"
    if not path.is_file():
        return {"killed-fetch.md": "Not run yet: `python experiments/killed_fetch.py` measures it.\n"}
    return {"killed-fetch.md": _killed(json.loads(path.read_text()))}


def _killed(found: Mapping[str, Any]) -> str:
    failures = ", ".join(f"{count} x {code(kind)}" for kind, count in found["failures"].items())
    right = (
        "each with the reason that was set up for it" if found["failures_as_expected"] else "not as set up"
    )
    rows = [
        ["positions, and bad rows", f"{found['positions']:,} and {found['bad_rows']:,}"],
        ["requests at once", f"{found['at_once']:,}"],
        ["answers on disk at the kills", " and ".join(f"{each:,}" for each in found["on_disk_at_kills"])],
        ["cutouts in the end", f"{found['cutouts']:,}"],
        ["twice in the set", f"{found['duplicates']:,}"],
        ["neither a cutout nor listed", f"{len(found['missing']):,}"],
        ["failures listed", f"{sum(found['failures'].values()):,}, {right}: {failures}"],
        [
            "on disk, and asked for again (by the archive's own log)",
            f"{found['asked_again_though_on_disk']:,}",
        ],
        ["under way at a kill, and asked for again", f"{found['torn_by_kills']:,}"],
        ["requests of a second run", f"{found['status_and_requests_of_a_second_run'][1]:,}"],
        ["requests of `--retry` when the archive behaves", f"{found['requests_of_retry']:,}"],
        ["cutouts after it", f"{found['status_and_cutouts_after_retry'][1]:,}"],
    ]
    return table(["what", "found"], rows)
