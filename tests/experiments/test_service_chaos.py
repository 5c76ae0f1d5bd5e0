"""The service that is killed and killed again: what is told of it was measured, and holds in small, too."""

from __future__ import annotations

import importlib
import io
import json
from pathlib import Path
from typing import Any

import fastavro
import pytest

ROOT = Path(__file__).parents[2]
EXPERIMENTS = ROOT / "experiments"


@pytest.fixture
def experiment(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(str(EXPERIMENTS))
    return importlib.import_module("service_chaos")


@pytest.mark.slow
def test_a_few_kills_and_a_restart_lose_nothing_and_double_nothing(experiment: Any, tmp_path: Path) -> None:
    told = experiment.service_chaos(tmp_path, count=60, bad=6, kills=2, restarts=1)
    assert told["faults"] == []
    assert told["kills"] >= 2
    assert (told["database_restarts"], told["candidates"], told["compared"]) == (1, 54, 54)


def test_a_packet_that_comes_anew_has_other_images_and_the_same_name(experiment: Any, tmp_path: Path) -> None:
    good, bad = experiment.make_items(tmp_path / "night", 6, 2, seed=1)
    assert (len(good), len(bad)) == (4, 2)
    one, other = list(good.values())[:2]
    changed = importlib.import_module("service_chaos_items").with_images(one, other)
    [before], [source], [after] = (list(fastavro.reader(io.BytesIO(data))) for data in (one, other, changed))
    assert after["candidate"] == before["candidate"]
    assert after["cutoutScience"] == source["cutoutScience"] != before["cutoutScience"]


@pytest.mark.parametrize(
    "change",
    [
        {"missing": 1},
        {"scores_of_another_packet": 2},
        {"pending": 3},
        {"kafka_uncommitted": 1},
        {"worker_left_by_itself": {"1": 1}},
        {"kills": 3},
        {"compared": 0},
    ],
)
def test_whatever_is_wrong_is_a_fault(experiment: Any, change: dict[str, Any]) -> None:
    told = json.loads((EXPERIMENTS / "results/service_chaos.json").read_text()) | change
    assert len(experiment.faults(told) + experiment._other_faults(told, kills=30)) == 1


def test_nothing_was_lost_doubled_or_wrong_in_the_run_that_is_told_of() -> None:
    told = json.loads((EXPERIMENTS / "results/service_chaos.json").read_text())
    assert told["faults"] == []
    assert told["packets"] == {"good": 4950, "bad": 50}
    assert told["kills"] >= 30
    assert told["database_restarts"] == 2
    assert {"taking-in", "scoring", "starting"} <= told["killed_while"].keys()
    assert min(told["killed_while"][phase] for phase in ("taking-in", "scoring", "starting")) >= 5
    assert told["candidates"] == 4950
    assert told["compared"] == 1000
    assert told["changed_in_place"] > 0
