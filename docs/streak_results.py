"""Tables of what was measured on streaks, from the files that ``make experiments`` leaves.

Every table begins by saying that its streaks are simulated; none is without its intervals. What a file
does not have is left out, and a file that is absent is named with the command that writes it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from markdown_table import cell, code, table

from skysieve.evaluation.report_content import PublishedFigure
from skysieve.recipes.deepstreaks import DEEPSTREAKS

__all__ = ["parts"]

RESULTS = Path(__file__).parents[1] / "experiments" / "results"
SIEVE, DETECTOR = "streak_sieve.json", "streak_detector.json"

RULES = {"plausible": "three families (`plausible`)", "one-shot": "in one step (`one-shot`)"}
"""Rules of the sieve in the order in which they stand beside each other."""
SETS = ("same conditions", "other conditions")
COLUMNS = {
    "magnitude": "magnitude of the whole trail",
    "rate": "rate, degrees a day",
    "length": "length, pixels",
    "snr": "S/N of the whole trail",
    "peak_snr": "S/N of one FWHM of the trail",
}
PARAMETERS = {
    "end_distance_px": ("distance of an end from its place, pixels", 1.0, 3),
    "length_px": ("length, pixels", 1.0, 3),
    "pa_deg": ("angle, degrees", 1.0, 3),
    "flux_fraction": ("flux, percent", 100.0, 2),
    "length_pull": ("length, in its stated errors", 1.0, 2),
    "flux_pull": ("flux, in its stated errors", 1.0, 2),
}
BESIDE = {"sieve": "sieve, of what the search finds", "network": "network, of what it finds itself"}
"""Other ways to judge frames, as the table of the detector names them."""
SIMULATED = "**Simulated**, with the truth of the simulator."
BEYOND = 1e6
"""Ends of bins from here on stand for no end."""

Found = Mapping[str, Any]


def parts() -> dict[str, str]:
    """Return the parts by file name."""
    sieve, detector = _read(SIEVE), _read(DETECTOR)
    written: dict[str, str] = {}
    for name, write in (
        ("streak-rules", _rules),
        ("streak-published", _published),
        ("streak-by-kind", _kinds),
        ("streak-completeness", _completeness),
        ("streak-networks", _networks),
        ("streak-real-cutouts", _real_cutouts),
    ):
        written[f"{name}.md"] = _or_absent(write(sieve), SIEVE)
    written["streak-detector.md"] = _or_absent(_detector(detector), DETECTOR)
    return written


def _read(name: str) -> dict[str, Any]:
    path = RESULTS / name
    if not path.exists():
        return {}
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def _or_absent(text: str, name: str) -> str:
    absent = f"*Not measured yet in this version: `make experiments` writes `experiments/results/{name}`.*\n"
    return text or absent


def _sets(found: Found) -> Mapping[str, Any]:
    sets = found.get("sets", {})
    return {name: sets[name] for name in _ordered(sets, SETS) if sets[name].get("rules")}


def _rules(found: Found) -> str:
    """Return the rules beside each other, on every set."""
    sets = _sets(found)
    if not sets:
        return ""
    rows = []
    for name, figures in sets.items():
        for rule in _ordered(figures["rules"], RULES):
            of = figures["rules"][rule]
            rows.append(
                [
                    cell(name),
                    RULES.get(rule, code(rule)),
                    _percent(of.get("tpr")),
                    _percent(of.get("fpr"), 3),
                    _percent(of.get("purity"), 1),
                    _number(of.get("cost", {}).get("looks")),
                ]
            )
    counts = " and ".join(_counts(name, figures["rules"]) for name, figures in sets.items())
    night = next(iter(sets.values())).get("night") or found.get("night", {})
    streaks, share = night.get("streaks", 33_000), night.get("prevalence", 0.005)
    return (
        f"{SIMULATED} Judged are {counts}. Purity and looks are those of a night of {streaks:,} streaks of "
        f"which 1 in {round(1 / share)} is plausible. In brackets: 95 % intervals. The rules stand at "
        "different false-positive rates, each at that of its own thresholds, so neither column alone says "
        "which is better.\n\n"
        + table(["set", "rule", "found (TPR)", "false positives (FPR)", "purity", "looks a night"], rows)
        + _joint(sets)
    )


def _counts(name: str, rules: Found) -> str:
    of = next(iter(rules.values()))
    n, reals = of.get("n", 0), of.get("n_positive", 0)
    return f"{reals:,} plausible and {n - reals:,} other cutouts of the {name}"


def _joint(sets: Found) -> str:
    rows = []
    for name, figures in sets.items():
        for member, of in sorted(figures.get("members", {}).items(), key=_place_of_member):
            area = _number(of.get("roc_auc"), 5)
            rows.append([cell(name), code(member), area, _percent(of.get("tpr")), _percent(of.get("fpr"))])
        area = figures.get("joint", {}).get("roc_auc")
        if area:
            rows.append([cell(name), "all families as one score", _number(area, 5), "", ""])
    head = ["set", "member", "ROC AUC", "TPR at its threshold", "FPR at its threshold"]
    members = f"\nEach member at its own question. {SIMULATED}\n\n" + table(head, rows) if rows else ""
    return members + _joint_cost(sets)


def _joint_cost(sets: Found) -> str:
    """Return what a night costs where one cut in the joint score keeps a given share."""
    costs = {name: figures.get("joint", {}).get("cost", {}) for name, figures in sets.items()}
    rows = [
        [cell(name), f"{100 * cost['recall']:g} %", _number(cost.get("threshold"), 4), _number(cost["looks"])]
        for name, cost in costs.items()
        if cost.get("recall") is not None and cost.get("looks")
    ]
    head = ["set", "found (recall)", "cut in the joint score", "candidates a night"]
    return (
        f"\nAll families as one score, cut where so many of the plausible pass. {SIMULATED}\n\n"
        + table(head, rows)
        if rows
        else ""
    )


def _place_of_member(named: tuple[str, Found]) -> tuple[int, str]:
    member, of = named
    families = [*DEEPSTREAKS.questions()]
    return families.index(of["family"]) if of.get("family") in families else len(families), member


def _published(found: Found) -> str:
    """Return the published figures, and ours where there are some."""
    sets = _sets(found)
    rows = []
    for figure in DEEPSTREAKS.published:
        of, _, rule = figure.figure.partition(": ")
        ours = (_percent(each["rules"].get(rule, {}).get(of)) for each in sets.values())
        rows.append([cell(figure.quantity), f"{100 * float(figure.published):.2f} %", *ours, _source(figure)])
    areas = []
    for family in DEEPSTREAKS.questions():
        published = DEEPSTREAKS.families[family].published
        theirs = ", ".join(f"{each.quantity.split(', ')[1]} {each.published}" for each in published)
        areas.append([code(family), theirs, *(_areas(each, family) for each in sets.values())])
    where = DEEPSTREAKS.families["rb"].published[0].source
    unlike = (
        "**Not like for like.** Published figures rest on human labels of real cutouts; ours, where "
        "there are any, on **simulated** cutouts, whose labels are the truth.\n\n"
    )
    ours_of = [f"ours, simulated, {name}" for name in sets]
    return (
        unlike
        + table(["figure", "published", *ours_of, "where"], rows)
        + f"\nAreas under the ROC curve, one for each member of ours; published in the {where}:\n\n"
        + table(["family", "published", *ours_of], areas)
    )


def _source(figure: PublishedFigure) -> str:
    note = figure.note if figure.note not in figure.source else ""
    return cell(f"{figure.source} ({note})" if note else figure.source)


def _areas(figures: Found, family: str) -> str:
    members = figures.get("members", {})
    of = (each for each in members.values() if each.get("family") == family and each.get("roc_auc"))
    return ", ".join(_number(each["roc_auc"], 5) for each in of)


def _kinds(found: Found) -> str:
    """Return what share of each kind passes."""
    pieces = []
    for name, figures in _sets(found).items():
        kinds = figures.get("kinds", {})
        if not kinds:
            continue
        rules = _ordered(next(iter(kinds.values())).get("rules", {}), RULES)
        rows = [
            [code(kind), "plausible" if of["plausible"] else "other", f"{of['n']:,}"]
            + [_percent(of["rules"].get(rule)) for rule in rules]
            for kind, of in sorted(kinds.items(), key=lambda each: not each[1]["plausible"])
        ]
        head = ["kind", "truth", "cutouts", *(f"passes {code(rule)}" for rule in rules)]
        pieces.append(f"Set: {name}. {SIMULATED}\n\n" + table(head, rows))
    return "\n".join(pieces)


def _completeness(found: Found) -> str:
    """Return what share of the plausible streaks the default rule finds, by true parameters."""
    pieces = []
    sets = _sets(found)
    for column, title in COLUMNS.items():
        by_set = {}
        for name, figures in sets.items():
            rule = figures.get("default_rule", "plausible")
            bins = figures.get("completeness", {}).get(rule, {}).get(column, [])
            by_set[name] = [one for one in bins if one.get("n_real") and one.get("completeness")]
        rows = [
            [cell(name), _range(one), f"{one['n_real']:,}", _percent(one["completeness"], 1)]
            for name, bins in by_set.items()
            for one in bins
        ]
        if rows:
            pieces.append(f"{SIMULATED}\n\n" + table(["set", title, "plausible", "found"], rows))
    return "\n".join(pieces)


def _networks(found: Found) -> str:
    """Return networks that were trained on the same samples for the same number of epochs."""
    trained = found.get("like_for_like", {})
    networks = trained.get("networks", {})
    if not networks:
        return ""
    families = [
        family for family in DEEPSTREAKS.questions() if any(_area(of, family) for of in networks.values())
    ]
    rules = _ordered({rule for of in networks.values() for rule in of.get("rules", {})}, RULES)
    rows = []
    for name, of in networks.items():
        verdicts = (_both_rates(of.get("rules", {}).get(rule, {})) for rule in rules)
        size = f"{of['parameters']:,}" if "parameters" in of else ""
        areas = (_area(of, family) for family in families)
        rows.append([code(name), size, f"{of.get('learning_rate', 0.0):g}", *areas, *verdicts])
    head = ["network", "parameters", "learning rate", *(f"ROC AUC {code(family)}" for family in families)]
    head += [*(f"{code(rule)}: TPR, FPR" for rule in rules)]
    samples, epochs = trained.get("samples", 0), trained.get("epochs", 0)
    return (
        f"{SIMULATED} Each network with the same {samples:,} samples, {epochs} epochs and settings, at the "
        "learning rate that suits it best of the same few, one member a family, judged on the set of the "
        "same conditions. This compares them; it is no figure of either at the end of its training.\n\n"
        + table(head, rows)
    )


def _area(of: Found, family: str) -> str:
    """Return the ROC AUC of a family, said of the family or of its members."""
    own = of.get("families", {}).get(family, {}).get("roc_auc")
    return _number(own, 5) if own else _areas(of, family)


def _both_rates(of: Found) -> str:
    return ", ".join(text for text in (_percent(of.get("tpr")), _percent(of.get("fpr"))) if text)


def _real_cutouts(found: Found) -> str:
    """Return what came of the few real cutouts."""
    real = found.get("real_cutouts", {})
    if not real.get("of"):
        return ""
    text = f"The rule `plausible` keeps **{real.get('kept', 0)} of {real['of']}** real cutouts of asteroids"
    if "kept_by_one_shot" in real:
        text += f", `one-shot` keeps {real['kept_by_one_shot']}"
    return (
        f"{text}. **This is a smoke test, not a figure**: they are few, all plausible, and the ranges of the "
        "simulator were measured on these very cutouts.\n"
    )


def _detector(found: Found) -> str:
    """Return completeness, precision, errors and time of the detector."""
    results = found.get("results", {})
    if not results:
        return ""
    about = (
        f"{SIMULATED} {cell(found.get('data', ''))}; seeing {cell(found.get('seeing', ''))}. "
        f"Counted are {cell(found.get('counted', ''))}. Trained on {cell(found.get('training', ''))}. "
        "In brackets: 95 % intervals.\n"
    )
    beside = {title: found[name]["results"][name] for name, title in BESIDE.items() if name in found}
    pieces = [about, _overall(results | beside), _network(found.get("network", {}))]
    for key, title, bins in (
        ("by_length", "length, pixels", "length"),
        ("by_peak_snr", "S/N of one FWHM", "peak_snr"),
    ):
        pieces.append(f"{SIMULATED}\n\n" + _by(results, key, title, bins))
    pieces += [_errors(results), _time(found)]
    return "\n".join(piece for piece in pieces if piece)


def _overall(results: Found) -> str:
    rows = []
    for key, title in (("all", "all"), ("bar", "")):
        for judge, of in results.items():
            one = of.get(key)
            if one:
                known = title or _selection(one)
                alarms = f"{of['false_alarms_per_frame']:.2f}" if key == "all" else ""
                rows.append([known, cell(judge), *_found_and_right(one), alarms])
    return table(["trails", "judged by", "completeness", "precision", "false alarms a frame"], rows)


def _network(of: Found) -> str:
    if not of:
        return ""
    return (
        f"The network has {of['parameters']:,} parameters, was trained on {of['training_frames']} frames for "
        f"{of['training_seconds'] / 60.0:.0f} minutes on one core, and got its threshold from "
        f"{of['held_out_frames']} others of that kind. A frame took it {of['seconds_a_frame']:.1f} s on one "
        f"core, the search {of['seconds_a_frame_of_the_search']:.1f} s; fits are included in both.\n"
    )


def _selection(one: Found) -> str:
    length, snr = one.get("length", [0.0])[0], one.get("peak_snr", [0.0])[0]
    return f"length from {length:g} pixels, S/N of one FWHM from {snr:g}"


def _found_and_right(one: Found) -> list[str]:
    return [_percent(one.get("completeness"), 1), _percent(one.get("precision"), 1)]


def _by(results: Found, key: str, title: str, bins: str) -> str:
    judges = [judge for judge, of in results.items() if of.get(key)]
    rows = []
    for each in zip(*(results[judge][key] for judge in judges), strict=True):
        low, high = each[0][bins]
        counted = f"{each[0]['completeness'].get('n', 0):,}"
        figures = (text for one in each for text in _found_and_right(one))
        rows.append([_range({"low": low, "high": high}), counted, *figures])
    head = [f"{figure}, {judge}" for judge in judges for figure in ("completeness", "precision")]
    return table([title, "trails", *head], rows)


def _errors(results: Found) -> str:
    judge = next(iter(results))
    measured = results[judge].get("parameters", {})
    rows = []
    for name, (title, factor, digits) in PARAMETERS.items():
        if name in measured:
            of = measured[name]
            shown = (of["median"], of["half_of_68_percent"], of["absolute_68_percent"])
            rows.append([title, *(f"{factor * value:.{digits}f}" for value in shown)])
    if not rows:
        return ""
    n = next(iter(measured.values())).get("n", 0)
    which = _selection(results[judge].get("bar", {}))
    head = ["measured less true", "median", "half of the central 68 %", "68 % lie within"]
    return f"What is measured of {n:,} found trails ({which}). {SIMULATED}\n\n" + table(head, rows)


def _time(found: Found) -> str:
    of = found.get("time_of_a_frame", {})
    if not of.get("seconds"):
        return ""
    low, high = min(of["seconds"]), max(of["seconds"])
    return (
        f"A frame took {low:.1f} to {high:.1f} s with {of.get('threads', '?')} threads on a machine of "
        f"{found.get('cores', '?')} cores that had other work too (load average "
        f"{of.get('load_average', math.nan):.1f}), and at most {of.get('peak_memory_mb', 0):,.0f} MB.\n"
    )


def _ordered(present: Iterable[str], first: Sequence[str] | Mapping[str, str]) -> list[str]:
    names = list(present)
    return [name for name in first if name in names] + [name for name in names if name not in first]


def _range(one: Found) -> str:
    low, high = one["low"], one["high"]
    if high is None or high >= BEYOND:
        return f"from {_short(low)}"
    return f"{_short(low)} to {_short(high)}"


def _short(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 or value == int(value) else f"{value:.1f}"


def _percent(figure: Any, digits: int = 2) -> str:
    """Write a rate with its interval, in percent."""
    return _written(figure, 100.0, digits, " %")


def _number(figure: Any, digits: int = 0) -> str:
    """Write a number with its interval."""
    return _written(figure, 1.0, digits, "")


def _written(figure: Any, factor: float, digits: int, unit: str) -> str:
    if isinstance(figure, int | float):
        figure = {"value": figure}
    if not figure or figure.get("value") is None or not math.isfinite(figure["value"]):
        return ""
    text = f"{factor * figure['value']:,.{digits}f}{unit}"
    low, high = figure.get("low"), figure.get("high")
    if low is None or high is None or not math.isfinite(low + high):
        return text
    return f"{text} ({factor * low:,.{digits}f} to {factor * high:,.{digits}f})"
