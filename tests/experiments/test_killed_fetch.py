"""What is told of killed fetches is what was measured: nothing lost, nothing twice."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_nothing_was_lost_doubled_or_asked_again() -> None:
    found = json.loads((ROOT / "experiments/results/killed_fetch.json").read_text())
    assert found["failures_as_expected"]
    assert found["missing"] == []
    assert found["duplicates"] == found["asked_again_though_on_disk"] == found["rubbish_in_cache"] == 0
    assert found["cutouts"] + sum(found["failures"].values()) == found["positions"] + found["bad_rows"]
    assert found["status_and_cutouts_after_retry"][1] == found["positions"]


def test_the_page_holds_the_table_of_what_was_measured() -> None:
    page = (ROOT / "docs/archives.md").read_text()
    assert "```{include} reference/generated/parts/killed-fetch.md" in page
