"""Tables of explanations against true masks, from the file that ``make experiments`` leaves.

All of it is simulated, and says so; no figure stands without its interval.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markdown_table import cell, code, table

__all__ = ["parts"]

DOCS = Path(__file__).parent
RESULTS = DOCS.parent / "experiments" / "results"
TITLES = {
    "morphology": "Types of galaxies",
    "lsbg": "Galaxies of low surface brightness, or artefacts",
    "streaks": "Streaks",
}
WITHOUT = {"contrast": "how far a pixel is from the median", "middle": "how near a pixel is to the middle"}
FIGURES = ("iou_top", "pointing")

Found = Mapping[str, Any]


def parts() -> dict[str, str]:
    """Return the parts by file name."""
    path = RESULTS / "explanation_masks.json"
    if not path.is_file():
        absent = "*Not measured yet in this version: `make experiments` writes `experiments/results/"
        return {"explanation-masks.md": f"{absent}{path.name}`.*\n"}
    found = json.loads(path.read_text(encoding="utf-8"))
    head = f"**{cell(found['data'])}**: {cell(found['protocol'])}.\n"
    written = [_part(name, found["parts"][name]) for name in TITLES if name in found["parts"]]
    return {"explanation-masks.md": "\n".join([head, *written])}


def _part(name: str, told: Found) -> str:
    samples, coverage = told["samples"], told["coverage"]
    about = (
        f"**{TITLES[name]}, SIMULATED**: {cell(told['about'])}. {samples['judged']:,} of "
        f"{samples['simulated']:,} images have masks to compare with; they cover "
        f"{_share(coverage['0.5'])} of the image, in eight of ten {_share(coverage['0.1'])} to "
        f"{_share(coverage['0.9'])}."
    )
    networks = told["networks"].items()
    right = "; ".join(f"{code(title)} {_interval(each['right'])}" for title, each in networks)
    head = ["network", "map", "IoU", "randomised", "gap", "pointing", "randomised", "gap"]
    rows = [_row(title, method, of) for title, each in networks for method, of in each["methods"].items()]
    rows += [["none", title, *_alone(told["without_a_network"][key])] for key, title in WITHOUT.items()]
    first = next(iter(told["without_a_network"].values()))
    rows.append(
        ["none", "drawn at random", *_alone({"iou_top": first["chance_iou"], "pointing": first["coverage"]})]
    )
    return "\n".join(
        [
            about,
            "",
            f"Called rightly: {right}.",
            "",
            table(head, rows),
            _nothing(told),
            _alike(told),
            _picture(name),
        ]
    )


def _row(title: str, method: str, of: Found) -> list[str]:
    cells = [code(title), cell(method)]
    for figure in FIGURES:
        cells += [_interval(of[kind][figure]) for kind in ("mask", "randomised", "gap")]
    return cells


def _alone(figures: Found) -> list[str]:
    return [each for figure in FIGURES for each in (_interval(figures[figure]), "", "")]


def _nothing(told: Found) -> str:
    """Say how many maps are empty: their figures are 0, which is less than chance."""
    empty = [
        f"{code(title)} {cell(method)} {of['nothing']['randomised']:.0%} "
        f"({of['nothing']['trained']:.0%} trained)"
        for title, each in told["networks"].items()
        for method, of in each["methods"].items()
        if max(of.get("nothing", {}).values(), default=0) > 0.005
    ]
    return f"Randomised maps that hold nothing, whose figures are 0: {', '.join(empty)}.\n" if empty else ""


def _alike(told: Found) -> str:
    """Say how alike the maps of trained and randomised networks are."""
    alike = [
        f"{code(title)} {cell(method)} {of['similarity']['rank_correlation']['value']:.2f}"
        for title, each in told["networks"].items()
        for method, of in each["methods"].items()
        if "rank_correlation" in of.get("similarity", {})
    ]
    return f"Rank correlation of the pixels of trained and randomised maps: {', '.join(alike)}.\n"


def _picture(name: str) -> str:
    """Return the picture that the experiment has left; the page that includes this lies in ``docs``."""
    path = DOCS / "images" / f"explanation-masks-{name}.jpg"
    if not path.is_file():
        return ""
    return (
        f"```{{image}} images/{path.name}\n:alt: Simulated images, their true masks in green, and maps of a "
        "trained network and of one with its weights in random order\n```\n"
    )


def _interval(told: Found) -> str:
    value, low, high = (told[edge] for edge in ("value", "low", "high"))
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def _share(value: float) -> str:
    """Return a share in percent with two digits: a trail covers less than one."""
    return f"{value:.0%}" if value >= 0.1 else f"{100 * value:.2g}%"
