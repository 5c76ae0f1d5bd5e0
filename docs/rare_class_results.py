"""Tables of what helps to find a rare class, from the file that ``experiments/rare_class.py`` leaves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markdown_table import cell, table

__all__ = ["parts"]

RESULT = Path(__file__).parents[1] / "experiments" / "results" / "rare_class.json"


def parts() -> dict[str, str]:
    """Return the parts by file name."""
    if not RESULT.is_file():
        absent = "Not run yet: `python experiments/rare_class.py` measures it.\n"
        return dict.fromkeys(("rare-class.md", "rare-class-half.md", "rare-class-verdict.md"), absent)
    found = json.loads(RESULT.read_text())
    about = f"{cell(found['data'])}; {cell(found['protocol'])}.\n\n"
    return {
        "rare-class.md": about + _found(found["results"]),
        "rare-class-half.md": _half(found["results"]),
        "rare-class-verdict.md": _verdict(found["results"]),
    }


def _found(results: Mapping[str, Any]) -> str:
    rows = []
    for way, told in results.items():
        shown = told["figures"]
        more = told.get("more_than_plain")
        rows.append(
            [
                cell(way),
                *(_interval(shown[name]) for name in ("average_precision", "chosen_f1")),
                _interval(shown["chosen_recall"]),
                _interval(shown["chosen_precision"]),
                "" if more is None else _interval(more["average_precision"], signed=True),
            ]
        )
    head = [
        "way (SIMULATED mergers, 1 in 100)", "average precision", "best F1", "its recall", "its precision",
        "average precision, more than plain",
    ]  # fmt: skip
    return table(head, rows)


def _half(results: Mapping[str, Any]) -> str:
    rows = []
    for way, told in results.items():
        shown = told["figures"]
        for name, half in (("raw", "half"), ("calibrated", "half_calibrated")):
            rows.append(
                [
                    cell(way),
                    {"raw": "before", "calibrated": "after"}[name],
                    f"{_value(shown[f'{name}_mean_probability'], 4)}",
                    _interval(shown[f"{name}_log_loss"], decimals=4),
                    _interval(shown[f"{half}_recall"]),
                    _interval(shown[f"{half}_precision"]),
                ]
            )
    head = [
        "way (SIMULATED mergers, 1 in 100)", "calibration", "mean probability (right: 0.0100)", "log-loss",
        "recall at 0.5", "precision at 0.5",
    ]  # fmt: skip
    return table(head, rows)


def _verdict(results: Mapping[str, Any]) -> str:
    """Say which ways rank better or worse than the plain one beyond their intervals."""
    if "plain" not in results or len(results) < 2:
        return "The plain way and another are needed for a verdict.\n"
    verdicts: dict[str, list[str]] = {"better": [], "worse": [], "not told apart": []}
    for way, told in results.items():
        if way == "plain":
            continue
        more = told["more_than_plain"]["average_precision"]
        side = "better" if more["low"] > 0 else "worse" if more["high"] < 0 else "not told apart"
        verdicts[side].append(f"{cell(way)} ({_interval(more, signed=True)})")
    words = {
        "better": "Better than doing nothing, by average precision on SIMULATED galaxies",
        "worse": "Worse",
        "not told apart": "Not told apart from doing nothing",
    }
    lines = [f"- {words[side]}: {', '.join(ways)}." for side, ways in verdicts.items() if ways]
    return "\n".join(lines) + "\n"


def _value(told: Mapping[str, Any], decimals: int = 3) -> str:
    return "–" if told["value"] is None else f"{told['value']:.{decimals}f}"  # noqa: RUF001


def _interval(told: Mapping[str, Any], *, decimals: int = 3, signed: bool = False) -> str:
    if told["value"] is None:
        return "–"  # noqa: RUF001
    sign = "+" if signed else ""
    value, low, high = (f"{told[edge]:{sign}.{decimals}f}" for edge in ("value", "low", "high"))
    return f"{value} ({low} to {high})"
