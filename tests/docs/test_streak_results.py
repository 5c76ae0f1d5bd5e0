"""Tables on streaks in the documentation: as they were measured, and never without "simulated"."""

from __future__ import annotations

import importlib
import json
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from skysieve.evaluation.sieve_figures import sieve_figures_json
from skysieve.evaluation.sieve_judging import judge_sieve
from skysieve.evaluation.sieve_scores import SieveScores
from skysieve.models.sieve import Sieve
from skysieve.sources.simulators.streaks import STREAK_KINDS

RESULTS = Path(__file__).parents[2] / "experiments" / "results"
FAMILIES = ("rb", "sl", "kd", "os")
TABLE = re.compile(r"(?:^\|.*\n)+", re.MULTILINE)


@pytest.fixture
def streak_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return the module with a folder of results of its own."""
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "docs")
    module = importlib.import_module("streak_results")
    monkeypatch.setattr(module, "RESULTS", tmp_path)
    monkeypatch.delitem(sys.modules, "streak_results")
    return module


def judged(n: int = 400) -> dict[str, Any]:
    """Return figures of a sieve that makes some mistakes."""
    rng = np.random.default_rng(1)
    kinds = rng.choice(list(STREAK_KINDS), n)
    labels = {f: np.array([getattr(STREAK_KINDS[kind], f) for kind in kinds]) for f in FAMILIES}
    scores = {f"{f}-1": np.clip(0.5 + 0.3 * labels[f] + 0.2 * rng.normal(size=n), 0, 1) for f in FAMILIES}
    said = {f: scores[f"{f}-1"] >= 0.6 for f in FAMILIES}
    sieve = SieveScores(
        families={f"{f}-1": f for f in FAMILIES},
        scores=scores,
        thresholds={f"{f}-1": 0.6 for f in FAMILIES},
        passed={"plausible": said["rb"] & said["sl"] & said["kd"], "one-shot": said["os"]},
        groups=np.arange(n),
        labels=labels,
        kinds=kinds,
        truth={"magnitude": np.where(labels["os"] == 1, rng.uniform(15, 20, n), np.nan)},
        ids=np.arange(n),
    )
    return sieve_figures_json(
        judge_sieve(sieve, default_rule="plausible", split="test", replicates=20, seed=1)
    )


def write(streak_results: ModuleType, found: dict[str, Any]) -> dict[str, str]:
    """Write results as the experiment does, sorted by name, and return the parts."""
    (streak_results.RESULTS / streak_results.SIEVE).write_text(json.dumps(found, sort_keys=True))
    parts: dict[str, str] = streak_results.parts()
    return parts


def test_without_results_the_parts_name_the_command_that_writes_them(streak_results: ModuleType) -> None:
    parts = streak_results.parts()
    absent = [name for name, text in parts.items() if "`make experiments` writes" in text]
    assert set(parts) - set(absent) == {"streak-published.md"}  # what others published does not wait


def test_every_table_is_introduced_as_simulated(streak_results: ModuleType) -> None:
    figures = judged()
    network = {
        "parameters": 75_000,
        "epochs": 3,
        "members": figures["members"],
        "rules": figures["rules"],
    }
    real = {"of": 24, "kept": 23, "kept_by_one_shot": 22}
    alike = {"samples": 100, "epochs": 3, "networks": {"vgg6": network, "streaknet": network}}
    sets = {"same conditions": figures, "other conditions": figures}
    parts = write(streak_results, {"sets": sets, "real_cutouts": real, "like_for_like": alike})
    assert "**23 of 24**" in parts["streak-real-cutouts.md"]
    assert "smoke test" in parts["streak-real-cutouts.md"]
    for name, text in parts.items():
        before = 0
        for table in TABLE.finditer(text):
            said = text[before : table.end()].lower()
            assert "simulated" in said, f"{name}: {table[0][:80]}"
            before = table.end()
    rules = parts["streak-rules.md"].splitlines()
    assert rules[4].startswith("| same conditions | three families")
    tpr = 100 * figures["rules"]["plausible"]["tpr"]["value"]
    assert f"{tpr:.2f} %" in rules[4]
    kinds = parts["streak-by-kind.md"]
    assert all(f"`{kind}`" in kinds for kind in STREAK_KINDS)


def test_what_a_night_costs_at_a_given_recall_stands_beside_the_rules(streak_results: ModuleType) -> None:
    figures = judged()
    cost = figures["joint"]["cost"]
    text = write(streak_results, {"sets": {"same conditions": figures}})["streak-rules.md"]
    assert "different false-positive rates" in text
    looks = f"{cost['looks']['value']:,.0f} ("
    recall = f"{100 * cost['recall']:g} %"
    assert f"| same conditions | {recall} | {cost['threshold']:.4f} | {looks}" in text
    figures["joint"].pop("cost")
    without = write(streak_results, {"sets": {"same conditions": figures}})["streak-rules.md"]
    assert "candidates a night" not in without


@pytest.mark.parametrize("found", [{}, {"sets": {"same conditions": {}}}, {"real_cutouts": {}, "sets": {}}])
def test_what_is_absent_costs_nothing_else(streak_results: ModuleType, found: dict[str, Any]) -> None:
    assert "`make experiments`" in write(streak_results, found)["streak-rules.md"]


def test_figures_that_are_not_defined_are_left_empty(streak_results: ModuleType) -> None:
    undefined = {"value": None, "low": None, "high": None}
    assert streak_results._percent(undefined) == ""
    assert streak_results._percent(0.5) == "50.00 %"
    assert streak_results._percent({"value": 0.25, "low": 0.2, "high": 0.3}, 1) == "25.0 % (20.0 to 30.0)"


def test_other_ways_to_judge_frames_stand_beside_the_detector(streak_results: ModuleType) -> None:
    share = {"n": 100, "value": 0.9, "low": 0.85, "high": 0.95}
    cells = {"completeness": share, "precision": share, "length": [0.0, 1e9], "peak_snr": [0.0, 1e9]}
    figures = {"all": cells, "bar": cells, "by_length": [], "by_peak_snr": [], "false_alarms_per_frame": 2.0}
    network = {"results": {"network": figures}, "parameters": 190_000, "training_frames": 64}
    network |= {"held_out_frames": 12, "training_seconds": 480.0}
    network |= {"seconds_a_frame": 2.0, "seconds_a_frame_of_the_search": 9.0}
    results = {"classifier": figures, "fixed cuts": figures}
    path = streak_results.RESULTS / streak_results.DETECTOR
    path.write_text(json.dumps({"results": results, "network": network}))
    text = streak_results.parts()["streak-detector.md"]
    assert "| all | network, of what it finds itself | 90.0 % (85.0 to 95.0) |" in text
    assert "190,000 parameters, was trained on 64 frames for 8 minutes" in text
    path.write_text(json.dumps({"results": results}))
    assert "network" not in streak_results.parts()["streak-detector.md"]


@pytest.mark.parametrize(
    ("name", "section"), [("streak_sieve.json", None), ("streak_detector.json", "sieve")]
)
def test_results_are_those_of_the_shipped_sieve(name: str, section: str | None) -> None:
    found = json.loads((RESULTS / name).read_text(encoding="utf-8"))
    identity = found["sieve"] if section is None else found[section]["identity"]
    assert identity == Sieve.load("streaks").identity, f"{name} is of another sieve: `make experiments`"
