"""The page on archives says of killed fetches what was measured."""

from __future__ import annotations

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_the_page_says_what_was_measured() -> None:
    found = json.loads((ROOT / "experiments/results/killed_fetch.json").read_text())
    first, second = found["on_disk_at_kills"]
    page = " ".join((ROOT / "docs/archives.md").read_text().split())
    for sentence in (
        f"{found['positions']} positions and {found['bad_rows']} bad rows",
        f"with {first} and {second} answers on disk",
        f"{found['cutouts']} cutouts, {found['duplicates']} duplicates",
        f"{sum(found['failures'].values())} failures listed",
        f"{found['asked_again_though_on_disk']} of the answers on disk were asked for again",
        f"{found['torn_by_kills']} answers came twice",
        f"asked {found['status_and_requests_of_a_second_run'][1]} questions",
        f"`--retry` asked {found['requests_of_retry']} questions",
        f"{found['status_and_cutouts_after_retry'][1]} cutouts were there",
    ):
        assert sentence in page, sentence
    assert found["failures_as_expected"]
    assert found["missing"] == []
