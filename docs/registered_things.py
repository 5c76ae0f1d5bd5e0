"""Tables of what is registered, shipped and described in docstrings."""

from __future__ import annotations

import inspect
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from docstrings import parameters, summary
from markdown_table import cell, code, table

from skysieve.explanation import EXPLAINERS
from skysieve.explanation.sequence_registry import SEQUENCE_EXPLAINERS
from skysieve.models.card import format_figure
from skysieve.models.contract import InputContract
from skysieve.models.description import ModelDescription
from skysieve.models.engines import ENGINES
from skysieve.models.model import Model, shipped_models
from skysieve.models.readings import READINGS
from skysieve.models.sieve import Sieve, shipped_sieves
from skysieve.networks import NETWORKS
from skysieve.preprocess import STEPS
from skysieve.preprocess.curve_features.feature_sets import FEATURE_SETS
from skysieve.recipes.recipe import RECIPES
from skysieve.recipes.sieve_recipe import SIEVE_RECIPES
from skysieve.service.candidates.export.registry import FORMATS
from skysieve.service.ingest.feed import FEEDS
from skysieve.sources.alerts.survey import SURVEYS
from skysieve.sources.archives.cutout_service import CUTOUT_SERVICES
from skysieve.sources.archives.dataset import DATASETS
from skysieve.sources.simulators import SIMULATORS
from skysieve.sources.simulators.bad_packets import BAD_PACKET_KINDS
from skysieve.sources.simulators.galaxies import GALAXY_KINDS
from skysieve.sources.simulators.galaxies.kinds import Truth
from skysieve.sources.simulators.kinds import KINDS
from skysieve.sources.simulators.streak_night import BAD_STREAK_FILES
from skysieve.sources.simulators.streaks import STREAK_KINDS, StreakKind
from skysieve.sources.streaks.observing_night import SITE_LONGITUDES

__all__ = ["parts"]

REGISTRIES = (
    NETWORKS,
    STEPS,
    FEATURE_SETS,
    SIMULATORS,
    SURVEYS,
    DATASETS,
    CUTOUT_SERVICES,
    ENGINES,
    EXPLAINERS,
    SEQUENCE_EXPLAINERS,
    READINGS,
    RECIPES,
    SIEVE_RECIPES,
    FEEDS,
    FORMATS,
)
RESULTS = Path(__file__).parents[1] / "experiments" / "results"
FIGURES = ("roc_auc", "recall", "fpr", "recall_known_real", "roc_auc_weak_labels", "ece")
RULE_FIGURES = ("tpr", "fpr", "purity")


def parts() -> dict[str, str]:
    """Return the parts by file name."""
    return {
        "models.md": _models(),
        "sieves.md": _sieves(),
        "experiments.md": _experiments(),
        "model-json.md": _fields(ModelDescription),
        "contract.md": _fields(InputContract),
        "kinds.md": table(
            ["kind", "class", "share of its class"],
            ([code(k.name), "real" if k.label else "bogus", f"{k.share:.0%}"] for k in KINDS.values()),
        ),
        "galaxy-kinds.md": table(
            ["kind", "set", "class", "artefact type", "share of its set"],
            (
                [
                    code(kind.name),
                    kind.collection,
                    code(kind.class_name),
                    str(kind.artifact_type or "-"),
                    f"{kind.share:.0%}",
                ]
                for kind in GALAXY_KINDS.values()
            ),
        ),
        "galaxy-truth.md": _fields(Truth),
        "bad-packets.md": table(
            ["damaged packet", "what is wrong", "can it be scored?"],
            (
                [code(kind.name), cell(kind.description), "yes" if kind.scorable else "no"]
                for kind in BAD_PACKET_KINDS.values()
            ),
        ),
        "streak-kinds.md": table(
            ["kind", "streak `rb`", "short `sl`", "keep `kd`", "plausible `os`", "share of its `os`"],
            map(_streak_kind, STREAK_KINDS.values()),
        ),
        "bad-streaks.md": table(
            ["added", "can it be scored?"],
            ([code(kind), "yes" if scorable else "no"] for kind, scorable in BAD_STREAK_FILES.items()),
        ),
        "sites.md": ", ".join(SITE_LONGITUDES) + "\n",
        "networks.md": _registered(NETWORKS, skip=("self", "shape", "outputs")),
        "steps.md": _registered(STEPS, skip=("self",)),
        "engines.md": _named(ENGINES),
        "registries.md": _registries(),
        "datasets.md": table(
            ["data set", "what it is", "cite"],
            ([code(n), cell(DATASETS.get(n).summary), cell(DATASETS.get(n).citation)] for n in DATASETS),
        ),
    }


def _models() -> str:
    names = shipped_models()
    if not names:
        return "No model is shipped in this version.\n"
    return "\n".join(_model(name, Model.load(name)) for name in names)


def _model(name: str, model: Model) -> str:
    told = model.description
    pieces = [f"### {name}\n\n{told.summary}"]
    facts = {
        "identity": code(model.identity[:12]),
        "recipe": f"[`{told.recipe}`](recipes.md)" if told.recipe else "none (imported)",
        "input": f"`{told.contract.column}` {told.contract.shape}: {', '.join(told.contract.channels)}",
        "surveys": ", ".join(told.contract.surveys) or "any",
        "inside the graph": ", ".join(code(step["step"]) for step in told.preprocess),
        "calibration": code(told.calibration["kind"]),
        "labels": cell(told.labels),
        "limits": cell(told.provenance.get("limits", "")),
    }
    if told.threshold:
        facts["threshold"] = "{value:.4f} ({rule}, chosen on {split})".format(**told.threshold)
    pieces.append(table(["", ""], ([fact, value] for fact, value in facts.items() if value)))
    for split, figures in told.figures.items():
        shown = {figure: figures[figure] for figure in FIGURES if figure in figures} or figures
        rows = ([code(figure), cell(format_figure(value))] for figure, value in shown.items())
        pieces.append(table([f"figure on {split}", "value (95 % interval)"], rows))
    return "\n\n".join(pieces)


def _sieves() -> str:
    names = shipped_sieves()
    if not names:
        return "No sieve is shipped in this version.\n"
    return "\n".join(_sieve(name, Sieve.load(name)) for name in names)


def _chosen(how: Any) -> dict[str, str]:
    """Return how thresholds were chosen: one fact for all rules, or one for each."""
    if not isinstance(how, Mapping):
        return {"thresholds": cell(how)}
    return {f"thresholds of {code(rule)}": cell(of) for rule, of in how.items()}


def _sieve(name: str, sieve: Sieve) -> str:
    told, contract = sieve.description, sieve.contract
    facts = {
        "identity": code(sieve.identity[:12]),
        "recipe": f"[`{told.provenance['recipe']}`](recipes.md)" if "recipe" in told.provenance else "",
        "input": f"`{contract.column}` {contract.shape}: {', '.join(contract.channels)}, {contract.unit}",
        **_chosen(told.provenance.get("thresholds", "")),
        "labels": cell(sieve.labels),
        "limits": cell(sieve.members[0].model.description.provenance.get("limits", "")),
    }
    members = (
        [
            code(member.name),
            code(member.family),
            code(member.model.description.network.get("name", "")),
            code(member.model.identity[:12]),
            f"{sieve.thresholds[member.name].value:.4f} ({sieve.thresholds[member.name].origin})",
        ]
        for member in sieve.members
    )
    pieces = [
        f"### {name}\n\n{told.summary}",
        table(["", ""], ([fact, value] for fact, value in facts.items() if value)),
        table(["member", "family", "network", "identity", "threshold (of)"], members),
        table(["rule", "who passes"], ([code(r), cell(rule.explain())] for r, rule in sieve.rules.items())),
    ]
    for split, figures in told.figures.items():
        rows = (
            [code(rule), *(cell(format_figure(of.get(figure, ""))) for figure in RULE_FIGURES)]
            for rule, of in figures.get("rules", {}).items()
        )
        pieces.append(table([f"rule on {split}", *map(code, RULE_FIGURES)], rows))
    return "\n\n".join(pieces)


def _streak_kind(kind: StreakKind) -> list[str]:
    either = {-1: "-", 0: "no", 1: "yes"}
    short = "if it ends within" if kind.name == "satellite-flashes" else either[kind.sl]
    answers = (either[kind.rb], short, either[kind.kd], either[kind.os])
    return [code(kind.name), *answers, f"{kind.share:.0%}"]


def _experiments() -> str:
    """Return the results on alerts that ``make experiments`` left, if it has been run."""
    pieces = []
    for path in (path for path in [RESULTS / "braai_real_alerts.json"] if path.exists()):
        found = json.loads(path.read_text(encoding="utf-8"))
        variants = found["results"]
        names = list(dict.fromkeys(name for figures in variants.values() for name in figures))
        shown = [name for name in names if name in FIGURES] or names
        rows = ([cell(v), *(cell(format_figure(f.get(n, ""))) for n in shown)] for v, f in variants.items())
        folds = found["folds"]
        pieces.append(
            f"{found['data']}, {folds['folds']} folds by group (seed {folds['seed']}). {found['labels']}\n\n"
            + table(["trained", *map(code, shown)], rows)
        )
    return "\n\n".join(pieces) or "No result is in the repository yet: `make experiments` writes them.\n"


def _fields(kind: type[Any]) -> str:
    rows = ([code(name), cell(text)] for name, text in parameters(kind).items())
    return table(["key", "meaning"], rows)


def _registered(registry: Any, skip: tuple[str, ...]) -> str:
    rows = []
    for name in registry:
        entry = registry.get(name)
        arguments = [
            f"{parameter.name}={parameter.default!r}"
            for parameter in inspect.signature(entry).parameters.values()
            if parameter.name not in skip
        ]
        rows.append([code(name), cell(summary(entry)), code(", ".join(arguments))])
    return table([registry.kind, "what it does", "arguments"], rows)


def _named(registry: Any) -> str:
    rows = ([code(name), cell(summary(registry.get(name)))] for name in registry)
    return table([registry.kind, "what it is"], rows)


def _registries() -> str:
    rows = []
    for registry in REGISTRIES:
        group = f"skysieve.{registry.kind.replace(' ', '_')}s"
        names = ", ".join(code(name) for name in registry)
        rows.append([registry.kind, code(registry.package.replace(".", "/") + "/"), code(group), names])
    return table(["kind", "folder", "group of entry points", "registered here"], rows)
