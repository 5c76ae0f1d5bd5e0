"""Tables of variable stars from the files that ``experiments/crts_*.py`` and their like leave."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markdown_table import cell, code, table

__all__ = ["parts"]

RESULTS = Path(__file__).parents[1] / "experiments" / "results"

#: Figures of every row, and what they are called.
FIGURES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_f1": "macro-F1",
    "mcc": "MCC",
}

#: Ends the names of results under the rule that weighs rare classes more.
BALANCED = ", balanced rule"

#: The combination whose classes are shown; not the one that happens to be best on the stars that judge.
SHOWN = "features"

#: On the whole catalogue of CRTS South, of which the stars here are a third: what to stand beside.
REFERENCES = {
    "reference: trees on dmdt pixels": (0.744, None, None, None),
    "reference: boosting, no period": (0.783, None, None, None),
    "reference: boosting with periods": (0.852, 0.758, 0.773, 0.783),
}

#: On the stars of Debosscher et al. 2007.
DEBOSSCHER_REFERENCES = {
    "published, 25 classes of 1,542 stars": (0.772, None, None, None),
    "reference: trees on features and a period": (0.778, None, None, None),
}

#: Parts by file name: the result that each reads.
SOURCES = {
    "crts-networks": "crts_networks",
    "crts-features": "crts_features",
    "crts-combination": "crts_combination",
    "crts-classes": "crts_combination",
    "crts-fresh": "crts_combination",
    "crts-confusion": "crts_combination",
    "debosscher": "debosscher",
    "minimal-features": "minimal_features",
}

#: Scripts that are not called as their result.
SCRIPTS = {"minimal_features": "minimal_feature_sets"}


def parts() -> dict[str, str]:
    """Return the parts by file name."""
    makers = {
        "crts-networks": _networks,
        "crts-features": _crts,
        "crts-combination": _crts,
        "crts-classes": _classes,
        "crts-fresh": _fresh,
        "crts-confusion": _confusion,
        "debosscher": _debosscher,
        "minimal-features": _minimal,
    }
    made = {}
    for name, source in SOURCES.items():
        path = RESULTS / f"{source}.json"
        script = SCRIPTS.get(source, source)
        text = f"Not run yet: `python experiments/{script}.py` measures it.\n"
        if path.is_file():
            text = makers[name](json.loads(path.read_text()))
        made[f"{name}.md"] = text
    return made


def _crts(found: Mapping[str, Any]) -> str:
    return _figures(found, REFERENCES)


def _networks(found: Mapping[str, Any]) -> str:
    return _figures(found, {})


def _debosscher(found: Mapping[str, Any]) -> str:
    return _figures(found, DEBOSSCHER_REFERENCES)


def _figures(found: Mapping[str, Any], references: Mapping[str, Sequence[float | None]]) -> str:
    rows = []
    for name, told in _ordered(found):
        seconds = f"{told['cpu_seconds']:,.0f}" if "cpu_seconds" in told else ""
        rows.append([cell(name), *(_spread(told[figure]) for figure in FIGURES), seconds])
    for name, values in references.items():
        rows.append([cell(name), *("" if value is None else f"{value:.3f}" for value in values), ""])
    head = ["classifier", *FIGURES.values(), "CPU seconds"]
    return f"{cell(found['data'])}; {cell(found['protocol'])}.\n\n" + table(head, rows)


def _ordered(found: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the results, those of lower accuracy first; a balanced rule follows the likeliest class."""
    results = found["results"]
    plain = {name: told for name, told in results.items() if not name.endswith(BALANCED)}
    made = []
    for name, told in sorted(plain.items(), key=lambda item: item[1]["accuracy"]["mean"]):
        made.append((name, told))
        if name + BALANCED in results:
            made.append((name + BALANCED, results[name + BALANCED]))
    return made


def _classes(found: Mapping[str, Any]) -> str:
    told, balanced = found["results"][SHOWN], found["results"].get(SHOWN + BALANCED)
    rows = []
    for each in found["classes"]:
        one = told["classes"][each]
        row = [cell(each), f"{one['count']:,}", f"{one['purity']:.3f}", f"{one['completeness']:.3f}"]
        if balanced:
            other = balanced["classes"][each]
            row += [f"{other['purity']:.3f}", f"{other['completeness']:.3f}"]
        rows.append(row)
    head = ["class", "stars", "purity", "completeness"]
    head += ["purity, balanced rule", "completeness, balanced rule"] if balanced else []
    return f"{SHOWN.capitalize()}, all folds together.\n\n" + table(head, rows)


def _fresh(found: Mapping[str, Any]) -> str:
    told = found.get("fresh")
    if told is None:
        return "Not run yet: `python experiments/crts_combination.py` measures it.\n"
    rows = [
        [code(method)] + [f"{each[part][name]:.3f}" for name in FIGURES for part in ("all", "fresh")]
        for method, each in told.items()
    ]
    head = ["method"] + [f"{FIGURES[name]}, {part} stars" for name in FIGURES for part in ("all", "fresh")]
    return f"{found['fresh_stars']:,} fresh stars.\n\n" + table(head, rows)


def _confusion(found: Mapping[str, Any]) -> str:
    told = found["results"][SHOWN]
    rows = [
        [cell(each), *(f"{count:,}" for count in told["classes"][each]["called"])]
        for each in found["classes"]
    ]
    head = ["class", *(f"called {cell(each)}" for each in found["classes"])]
    return f"{SHOWN.capitalize()}, by the likeliest class, all folds together.\n\n" + table(head, rows)


def _minimal(found: Mapping[str, Any]) -> str:
    counts = {3, 5, 8, 12, 20}
    curve = [
        [str(step["count"]), code(step["removed"]), f"{step['mean']:.3f} ± {step['sd']:.3f}"]
        for number, step in enumerate(found["curve"])
        if number == 0 or step["count"] in counts or step["count"] == len(found["features"])
    ]
    judged = [
        [cell(name), f"{told['count']}", *(f"{told[figure]:.3f}" for figure in FIGURES)]
        for name, told in found["judged"].items()
    ]
    kept = ", ".join(code(name) for name in found["features"])
    return (
        f"{cell(found['data'])}; {cell(found['protocol'])}.\n\n"
        + table(["features", "removed", "accuracy in the removal"], curve)
        + f"\nThe smallest set within {found['loss']:g} of the accuracy of those it began with: {kept}.\n\n"
        + table(["judged", "features", *FIGURES.values()], judged)
    )


def _spread(told: Mapping[str, Any]) -> str:
    return f"{told['mean']:.3f} ± {told['sd']:.3f}"
