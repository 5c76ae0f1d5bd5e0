"""Tables and curves of simulated galaxies of low surface brightness against artefacts.

All from the file that ``experiments/lsbg_artefacts.py`` leaves. Every part says that its labels are
simulated; published figures stand beside ours and are of other objects.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lsbg_curves import noise_curves, roc_curves
from markdown_table import cell, code, table

__all__ = ["parts"]

RESULTS = Path(__file__).parents[1] / "experiments" / "results"
NAME = "lsbg_artefacts"

TITLES = {
    "deepshadows": "published network, pictures",
    "compact": "compact network, pictures",
    "svm": "support vector machine, 16 features",
    "forest": "random forest, 16 features",
    "svm with radii": "support vector machine, 19 features",
    "forest with radii": "random forest, 19 features",
    "border": "forest on the border alone",
}
"""Classifiers in the order in which they stand below each other."""
FIGURES = {"accuracy": "accuracy", "completeness": "completeness", "purity": "purity", "roc_auc": "ROC AUC"}
PUBLISHED = {
    "deepshadows": {"accuracy": 0.920, "completeness": 0.944, "purity": 0.903, "roc_auc": 0.974},
    "svm": {"accuracy": 0.819, "completeness": 0.867, "purity": 0.796, "roc_auc": 0.894},
    "forest": {"accuracy": 0.797, "completeness": 0.804, "purity": 0.797, "roc_auc": 0.872},
}
"""Tanoglidis et al. 2021, table 2: 5,000 objects of the Dark Energy Survey with human labels."""
PUBLISHED_NOISE = {
    "random": {0: 0.920, 0.01: 0.918, 0.05: 0.914, 0.1: 0.909, 0.33: 0.883},
    "lsbg to artifact": {0: 0.920, 0.01: 0.9102, 0.05: 0.9152, 0.1: 0.9154},
    "artifact to lsbg": {0: 0.920, 0.01: 0.9158, 0.05: 0.9094, 0.1: 0.8922},
}
"""Accuracies of the same paper, at shares of wrong training labels."""
PUBLISHED_THREE = ((2107, 284, 11), (165, 2101, 345), (1, 77, 2409))
"""Of its three-class variant: objects of a true class (a row) by the class that they were called."""
SIMULATED = "**SIMULATED**: galaxies, artefacts and labels are those of the simulator."
BESIDE = "In brackets, behind: published, of other objects, which people labelled."

Found = Mapping[str, Any]


def parts() -> dict[str, str]:
    """Return the parts by file name."""
    path = RESULTS / f"{NAME}.json"
    found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    written: dict[str, tuple[str, Callable[[Found], str]]] = {
        "lsbg-figures.md": ("baseline", _figures),
        "lsbg-differences.md": ("baseline", _differences),
        "lsbg-roc.md": ("baseline", _roc),
        "lsbg-kinds.md": ("baseline", _kinds),
        "lsbg-brightness.md": ("baseline", _brightness),
        "lsbg-measured.md": ("baseline", _measured),
        "lsbg-uneven-sky.md": ("uneven-sky", _uneven),
        "lsbg-noise.md": ("noise", _noise),
        "lsbg-noise-curves.md": ("noise", _noise_curves),
        "lsbg-three-classes.md": ("three-classes", _three),
    }
    texts = {}
    for file, (part, write) in written.items():
        command = f"python experiments/{NAME}.py --only {part}"
        texts[file] = write(found) if part in found else f"*Not run yet; `{command}` measures it.*\n"
    return texts


def _figures(found: Found) -> str:
    of = found["baseline"]
    rows = [
        [
            TITLES[name],
            *(_beside(of["figures"][name][each], PUBLISHED.get(name, {}).get(each)) for each in FIGURES),
        ]
        for name in _ordered(of["figures"])
    ]
    trained = " ".join(_course(name, of["training"][name]) for name in _ordered(of["training"]))
    return (
        f"{SIMULATED} {cell(found['data'])}. 95 % intervals by bootstrap over groups. {BESIDE}\n\n"
        f"{table(['classifier', *FIGURES.values()], rows)}\n{trained}\n"
    )


def _course(name: str, told: Found) -> str:
    return (
        f"{TITLES[name].capitalize()}: {told['epochs']} epochs, the best was the {_th(told['best_epoch'])}; "
        f"accuracy {told['training_accuracy']:.3f} in training, {told['validation_accuracy']:.3f} on "
        f"validation samples, no lower than {told['lowest_validation_accuracy_after_half']:.3f} there in the "
        "second half of the epochs."
    )


def _differences(found: Found) -> str:
    rows = [
        [
            f"{TITLES[each['first']]} less {TITLES[each['second']]}",
            *(_signed(each["figures"][figure]) for figure in FIGURES),
            f"{each['only_first_right']:,} : {each['only_second_right']:,}",
            _chance(each["p_value"]),
        ]
        for each in found["baseline"]["differences"]
    ]
    head = ["difference", *FIGURES.values(), "right where the other is wrong", "p (McNemar)"]
    return f"{SIMULATED} On the same resampled test samples.\n\n" + table(head, rows)


def _kinds(found: Found) -> str:
    return f"{SIMULATED} Share called a galaxy; 95 % intervals of Wilson.\n\n" + _kind_table(
        found["baseline"]
    )


def _kind_table(of: Found) -> str:
    called = of["called_lsbg_by_kind"]
    names = _with_the_papers_features(called)
    kinds = sorted(called[names[0]], key=lambda kind: (kind != "lsbg", kind))
    rows = [
        [
            code(kind),
            f"{called[names[0]][kind]['n']:,}",
            *(_percent(called[name][kind]) for name in names),
        ]
        for kind in kinds
    ]
    return table(["kind", "test samples", *(TITLES[name] for name in names)], rows)


def _with_the_papers_features(names: Mapping[str, Any]) -> list[str]:
    """Leave out what has three features more: it calls the same, and the table would not fit a page."""
    return [name for name in _ordered(names) if not name.endswith(" with radii")]


def _brightness(found: Found) -> str:
    bins = found["baseline"]["completeness_by_surface_brightness"]
    names = _with_the_papers_features(bins[0]["called_lsbg"])
    rows = [
        [
            f"{each['low']:g} to {each['high']:g}",
            f"{each['called_lsbg'][names[0]]['n']:,}",
            *(_percent(each["called_lsbg"][name]) for name in names),
        ]
        for each in bins
    ]
    head = ["mean surface brightness in g, mag/arcsec²", "galaxies", *(TITLES[name] for name in names)]
    return f"{SIMULATED} Share of the galaxies called one.\n\n" + table(head, rows)


def _measured(found: Found) -> str:
    of = found["baseline"]
    counts = {split: of["missing"][split] for split in ("train", "validation", "test")}
    told = ", ".join(
        f"{sum(number for reason, number in each.items() if reason != 'measured'):,} of "
        f"{sum(each.values()):,} ({split})"
        for split, each in counts.items()
    )
    lost = {kind: each for kind, each in of["missing"]["test_share_without_any"].items() if each["value"]}
    kinds = ", ".join(f"{code(kind)} {_percent(each)}" for kind, each in sorted(lost.items()))
    rows = [
        [TITLES[name], *(_interval(of["figures_where_measured"][name][each]) for each in FIGURES)]
        for name in _ordered(of["figures_where_measured"])
    ]
    return (
        f"{SIMULATED} Without some or all features are {told}. They count in every other table, with the "
        "medians of the training samples in place of what is missing. In the test split nothing at all was "
        f"detected of {kinds or 'none'}. On the rest:\n\n" + table(["classifier", *FIGURES.values()], rows)
    )


def _uneven(found: Found) -> str:
    of = found["uneven-sky"]
    before = found.get("baseline", {}).get("figures", {})
    rows = [
        [
            TITLES[name],
            *(_interval(of["figures"][name][each]) for each in ("accuracy", "roc_auc")),
            _interval(before[name]["accuracy"]) if name in before else "",
        ]
        for name in _ordered(of["figures"])
    ]
    bands = ", ".join(f"{each:g}" for each in of["mag_per_arcsec2"])
    head = ["classifier", "accuracy", "ROC AUC", "accuracy under a perfect sky"]
    return (
        f"{SIMULATED} One standard deviation of the error is {bands} mag/arcsec² in g, r, z.\n\n"
        + table(head, rows)
        + "\nShare called a galaxy:\n\n"
        + _kind_table(of)
    )


def _noise(found: Found) -> str:
    of = found["noise"]
    rows = []
    for direction, points in of["curves"].items():
        for point in points:
            published = PUBLISHED_NOISE[direction].get(point["fraction"])
            clean = not point["fraction"]
            rows.append(
                [
                    direction.replace(" to ", " → "),
                    f"{100 * point['fraction']:g} % ({point['wrong']:,})",
                    _beside(point["figures"]["accuracy"], published),
                    "" if clean else _signed(point["change"]["accuracy"]),
                    f"{point['deviation']['accuracy']:.4f}",
                    *(_interval(point["figures"][each]) for each in ("completeness", "purity", "roc_auc")),
                ]
            )
    head = [
        "noise", "wrong training labels", "accuracy", "change", "deviation of repeats", "completeness",
        "purity", "ROC AUC",
    ]  # fmt: skip
    order = {name: number for number, name in enumerate(PUBLISHED_NOISE)}
    rows.sort(key=lambda row: order[row[0].replace(" → ", " to ")])
    return (
        f"{SIMULATED} The {of['network']} network, {of['epochs']} epochs, means of {of['repeats']} draws of "
        f"the noise, each with a seed of its own; {cell(of['noisy'])}. {BESIDE} The published network is "
        "another one: compare the changes, not the heights.\n\n" + table(head, rows)
    )


def _three(found: Found) -> str:
    of = found["three-classes"]
    classes = of["classes"]
    rows, reduced = [], []
    for name in _ordered(of["results"]):
        told = of["results"][name]
        for true, shares in zip(classes, told["shares"], strict=True):
            rows.append([TITLES[name], code(true), *(_percent(each) for each in shares)])
        figures = ("accuracy", "completeness", "purity")
        reduced.append([TITLES[name], *(_interval(told["figures"][each]) for each in figures)])
    for true, counts in zip(classes, PUBLISHED_THREE, strict=True):
        shares = [f"{100 * each / sum(counts):.1f} %" for each in counts]
        rows.append(["published, other objects", code(true), *shares])
    reduced.append(["published, other objects", "0.882", "0.968", "0.871"])
    head = ["classifier", "is", *(f"called {code(each)}" for each in classes)]
    reduced_head = ["classifier", "accuracy of three", "completeness of galaxies", "purity of galaxies"]
    return (
        f"{SIMULATED} Shares of each class, with 95 % intervals.\n\n{table(head, rows)}\n"
        "Both types of artefacts as one:\n\n" + table(reduced_head, reduced)
    )


def _roc(found: Found) -> str:
    bands = found["baseline"]["roc"]
    drawn = {TITLES[name]: bands[name] for name in _ordered(bands) if "radii" not in name}
    return _drawn(roc_curves(bands["fpr"], drawn), "ROC curves with 95 % bands.")


def _noise_curves(found: Found) -> str:
    return _drawn(
        noise_curves(found["noise"]["curves"], PUBLISHED_NOISE),
        "Accuracy over the share of wrong training labels, with 95 % bands; dashed, published, of another "
        "network and other objects.",
    )


def _drawn(svg: str, caption: str) -> str:
    return (
        "```{raw} html\n"
        '<figure style="max-width: 38rem; margin: 1rem 0; padding: .6rem; background: #fff; color: #222">\n'
        f"{svg}\n<figcaption>SIMULATED. {caption}</figcaption>\n</figure>\n```\n"
    )


def _ordered(names: Mapping[str, Any]) -> list[str]:
    return [name for name in TITLES if name in names]


def _interval(told: Found) -> str:
    if told["value"] is None or told["value"] != told["value"]:
        return "undefined"
    value, low, high = (told[edge] for edge in ("value", "low", "high"))
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def _beside(told: Found, published: float | None) -> str:
    return _interval(told) + ("" if published is None else f" [{published:.3f}]")


def _signed(told: Found) -> str:
    value, low, high = (told[edge] for edge in ("value", "low", "high"))
    return f"{value:+.3f} ({low:+.3f} to {high:+.3f})"


def _percent(told: Found) -> str:
    value, low, high = (100 * told[edge] for edge in ("value", "low", "high"))
    return f"{value:.1f} % ({low:.1f} to {high:.1f})"


def _chance(value: float) -> str:
    return "< 0.001" if value < 0.001 else f"{value:.3f}"


def _th(number: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th") if number // 10 % 10 != 1 else "th"
    return f"{number}{ending}"
