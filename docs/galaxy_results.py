"""Tables of what was measured on galaxies, from the files that ``make experiments`` leaves.

No figure stands without its interval; a file that is absent is named with the command that writes it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markdown_table import cell, code, table

__all__ = ["parts"]

RESULTS = Path(__file__).parents[1] / "experiments" / "results"
CLASSIFIERS = {"svm": "support vector machine", "forest": "random forest"}


def parts() -> dict[str, str]:
    """Return the parts by file name."""
    return {
        "hsc-table.md": _read("hsc_table", _hsc_table),
        "efigi.md": _read("efigi", _efigi),
        "galaxy-zoo-votes.md": _read("galaxy_zoo_votes", _votes),
    }


def _read(name: str, written: Any) -> str:
    path = RESULTS / f"{name}.json"
    if not path.is_file():
        return f"Not measured in this version; `python experiments/{name}.py` measures it.\n"
    found = json.loads(path.read_text())
    return f"{cell(found['data'])}; {cell(found['protocol'])}.\n\n{written(found)}"


def _hsc_table(found: Mapping[str, Any]) -> str:
    rows = []
    for variant, classifiers in found["results"].items():
        for name, told in classifiers.items():
            folds, figures = told["by_fold"]["roc_auc"], told["figures"]
            warned = ", ".join(sorted({code(each["kind"]) for each in told["findings"]})) or "none"
            rows.append(
                [
                    cell(variant),
                    CLASSIFIERS[name],
                    f"{folds['mean']:.3f} ± {folds['sd']:.3f}",
                    _interval(figures["roc_auc"]),
                    _interval(figures["accuracy"]),
                    warned,
                ]
            )
    head = ["features", "classifier", "ROC AUC by fold", "ROC AUC", "accuracy", "findings"]
    return table(head, sorted(rows))


def _efigi(found: Mapping[str, Any]) -> str:
    floor = found["floor"]
    first = [
        "oriented gradients and trees (reference, not measured here)",
        f"{floor['accuracy']:.3f}",
        f"{floor['balanced_accuracy']:.3f}",
        "",
    ]
    rows = [first]
    for name, told in sorted(found["results"].items()):
        judged = f"{told['galaxies']:,} galaxies in {len(told['folds'])} of 5 folds"
        figures = (_interval(told["figures"][each]) for each in ("accuracy", "balanced_accuracy"))
        rows.append([code(name), *figures, judged])
    classes = found["classes"]
    recall = [
        [code(name), *(f"{told['recall'][each]:.2f}" for each in classes)]
        for name, told in sorted(found["results"].items())
    ]
    titles = [each.replace("_", " ") for each in classes]
    figures_table = table(["network", "accuracy", "balanced accuracy", "judged"], rows)
    return f"{figures_table}\nRecall by class:\n\n" + table(["network", *titles], recall)


def _votes(found: Mapping[str, Any]) -> str:
    rows = []
    for loss, told in sorted(found["results"].items()):
        judged = f"{code(loss)}, {told['galaxies']:,} galaxies in {len(told['folds'])} of 5 folds"
        for name, of in told["classes"].items():
            rows.append(
                [
                    judged,
                    name.replace("_", " "),
                    _interval(of["rmse"]),
                    f"{of['rmse_of_a_constant']:.3f}",
                    f"{of['rmse_of_the_votes_themselves']:.3f}",
                    _interval(of["correlation"]),
                    _interval(of["calibration"]),
                ]
            )
    head = [
        "loss", "share of", "RMSE", "of a constant", "of the votes themselves", "correlation",
        "calibration error",
    ]  # fmt: skip
    return table(head, rows)


def _interval(told: Mapping[str, Any]) -> str:
    value, low, high = (told[edge] for edge in ("value", "low", "high"))
    return f"{value:.3f} ({low:.3f} to {high:.3f})"
