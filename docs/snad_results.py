"""Tables of frame sequences from what ``experiments/{snad_*,frame_vae,killed_frames}.py`` leave."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markdown_table import cell, table

__all__ = ["parts"]

RESULTS = Path(__file__).parents[1] / "experiments" / "results"


def parts() -> dict[str, str]:
    """Return the parts by file name."""
    makers = {
        "snad_published": _published,
        "snad_sequence": _sequence,
        "snad_fusion": _fusion,
        "snad_subtypes": _subtypes,
        "killed_frames": _killed,
        "frame_vae": _vae,
    }
    made = {}
    for name, make in makers.items():
        path = RESULTS / f"{name}.json"
        text = f"Not run yet: `python experiments/{name}.py` measures it.\n"
        if path.is_file():
            text = make(json.loads(path.read_text()))
        made[f"{name.replace('_', '-')}.md"] = text
    return made


def _published(found: Mapping[str, Any]) -> str:
    rows = []
    for name, told in found["networks"].items():
        published = told["published_roc_auc"]
        rows.append([cell(name), "as published", *(f"{area:.4f}" for area in published), "", ""])
        for padding, words in (("published", "from their weights"), ("masked", "padding masked")):
            area, accuracy = told[padding]["roc_auc"], told[padding]["accuracy"]
            values = [f"{value:.4f}" for value in area["by_fold"]]
            rows.append([cell(name), words, *values, _spread(area, 4), _spread(accuracy)])
    folds = max(len(told["published_roc_auc"]) for told in found["networks"].values())
    head = ["network", "figures", *(f"fold {fold}" for fold in range(folds)), "mean AUC", "accuracy at .5"]
    largest = max(told["largest_difference"] for told in found["networks"].values())
    about = f"{cell(found['data'])}; {cell(found['protocol'])}. "
    return f"{about}Areas differ from the published ones by {largest:.5f} at most.\n\n" + table(head, rows)


def _fusion(found: Mapping[str, Any]) -> str:
    bars = found["bars"]
    rows = []
    for name, told in found["results"].items():
        bar = bars.get(name, {})
        known = [f"{bar[figure]:.3f}" if figure in bar else "" for figure in ("roc_auc", "accuracy")]
        shown = [_spread(told[figure]) for figure in ("roc_auc", "accuracy", "f1")]
        rows.append([cell(name), shown[0], known[0], shown[1], known[1], shown[2]])
    head = ["classifier", "AUC", "reference AUC", "accuracy", "reference accuracy", "F1"]
    return f"{cell(found['data'])}; {cell(found['protocol'])}.\n\n" + table(head, rows)


def _sequence(found: Mapping[str, Any]) -> str:
    bars = found["bars"]
    rows = []
    for name, told in found["results"].items():
        bar = bars.get(name, {})
        areas = told["roc_auc"]
        known = [f"{bar[figure]:.3f}" if figure in bar else "" for figure in ("roc_auc", "accuracy")]
        by_fold = [f"{area:.3f}" for area in areas["by_fold"]]
        calls = (_spread(told["accuracy"]), known[1], _spread(told["f1"]))
        rows.append([cell(name), *by_fold, _spread(areas, 4), known[0], *calls])
    folds = len(rows[0]) - 6
    head = ["classifier", *(f"fold {fold}" for fold in range(folds)), "mean AUC", "bar or published AUC"]
    head += ["accuracy", "published accuracy", "F1"]
    cost = sum(found["network_cpu_seconds_by_fold"]) / len(found["network_cpu_seconds_by_fold"])
    about = f"{cell(found['data'])}; {cell(found['protocol'])}. {found['seeds']} networks of a fold took "
    return f"{about}{cost:.0f} s of one CPU core.\n\n" + table(head, rows)


def _vae(found: Mapping[str, Any]) -> str:
    rows = [
        [
            cell(name),
            f"{told['log_cosh']:.5f}",
            *(
                f"{told[key]:{form}}" if key in told else ""
                for key, form in (("kld", ".1f"), ("numbers_in_use", "d"))
            ),
        ]
        for name, told in found["reconstruction"].items()
    ]
    head = ["description of a frame", "log cosh", "Kullback-Leibler divergence", "numbers in use"]
    first = table(head, rows)
    ways = list(found["kinds"])
    kinds = [
        [cell(kind), f"{found['sequences_of_kind'].get(kind, '')}"]
        + [f"{found['kinds'][way][kind]:.3f}" for way in ways]
        for kind in found["kinds"][ways[0]]
    ]
    second = table(["kind of artefact, SIMULATED", "sequences", *(f"AUC, {way}" for way in ways)], kinds)
    about = (
        f"{cell(found['data'])}; {cell(found['protocol'])}; trained in {found['training']['cpu_seconds']} s "
    )
    text = f"{about}of one CPU core.\n\n{first}\n{second}"
    if "real_frames" not in found:
        return text
    real = [
        [cell(name), *(f"{told[way]:.5f}" for way in ways)] for name, told in found["real_frames"].items()
    ]
    third = table(["real frame", *(f"log cosh, {way}" for way in ways)], real)
    return f"{text}\nThe published real frames, none of which was trained on:\n\n{third}"


def _subtypes(found: Mapping[str, Any]) -> str:
    rows = [
        [
            cell(tag),
            f"{told['objects']:,}",
            *(_spread(told[name]) for name in ("roc_auc", "average_precision")),
        ]
        for tag, told in sorted(found["results"].items(), key=lambda item: -item[1]["objects"])
    ]
    head = ["tag", "objects", "AUC", "average precision"]
    return f"{cell(found['data'])}; {cell(found['protocol'])}.\n\n" + table(head, rows)


def _killed(found: Mapping[str, Any]) -> str:
    faults = ", ".join(f"{times} x {cell(fault)}" for fault, times in found["faults"].items())
    rows = [
        ["frames that the archive holds", f"{found['frames_there']:,} of {found['sequences']:,} sequences"],
        ["what went wrong on the way", faults],
        ["frames that it never gave", f"{found['frames_beyond_reach']:,}"],
        ["answers on disk at the kills", " and ".join(f"{each:,}" for each in found["on_disk_at_kills"])],
        ["frames in the sample set", f"{found['frames_written']:,}"],
        ["frames missing", f"{found['missing']:,}"],
        ["answers under way when killed, asked for again", f"{found['torn_by_kills']:,}"],
        ["requests of a second run", f"{found['requests_of_a_second_run']:,}"],
    ]
    return table(["what", "found"], rows)


def _spread(told: Mapping[str, Any], decimals: int = 3) -> str:
    return f"{told['mean']:.{decimals}f} ± {told['sd']:.{decimals}f}"
