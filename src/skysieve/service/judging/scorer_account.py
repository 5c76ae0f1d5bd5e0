"""What pages tell of a scorer: members, rules, thresholds and who chose them, labels, a few figures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from skysieve.models.model import Model
from skysieve.models.sieve import FALLBACK, Sieve

__all__ = ["account_of"]

#: Figures of a model that are kept for display; the rest stands in its folder.
_OF_MODEL = (
    "precision",
    "recall",
    "fpr",
    "fnr",
    "accuracy",
    "roc_auc",
    "average_precision",
    "brier",
    "ece",
    "samples",
    "groups",
)
#: Figures of a rule and of a member of a sieve.
_OF_RULE = ("tpr", "fpr", "purity", "n", "n_positive")
_OF_MEMBER = ("roc_auc", "tpr", "fpr", "threshold", "n", "n_positive")


def account_of(opened: Model | Sieve) -> dict[str, Any]:
    """Return what pages tell of a scorer, ready for JSON.

    Parameters
    ----------
    opened : Model or Sieve
        The scorer.

    Returns
    -------
    dict
        ``summary``, ``labels`` (how they came about), ``classes``, ``limits``, ``recipe``, ``contract``
        (``shape``, ``channels``, ``surveys``), ``members`` (a list of ``name``, ``family``, ``identity``,
        ``threshold``, ``chosen_by``), ``families``, ``rules`` (by name: ``rule`` as JSON, ``words``),
        ``rule`` (the one that counts), ``figures`` (by split).

    Examples
    --------
    >>> account = account_of(Model.load("braai-weak"))
    >>> account["classes"], account["members"][0]["chosen_by"]
    (['bogus', 'real'], 'FPR <= 0.05 on validation')
    """
    return _of_sieve(opened) if isinstance(opened, Sieve) else _of_model(opened)


def _of_model(model: Model) -> dict[str, Any]:
    described = model.description
    account = {
        "summary": described.summary,
        "labels": described.labels,
        "classes": list(described.classes),
        "limits": str(described.provenance.get("limits", "")),
        "recipe": described.recipe,
        "calibration": str(described.calibration.get("kind", "")),
        "contract": _contract(model),
        "figures": {
            split: _chosen(figures, (*_OF_MODEL, *(f"samples_{name}" for name in described.classes)))
            for split, figures in described.figures.items()
        },
    }
    if len(described.classes) > 2:
        members = [_member(name, name, model, None, "") for name in described.classes]
        return account | {"members": members, "families": {}, "rules": {}, "rule": ""}
    sieve = Sieve.of_model(model)
    value, chosen_by = _model_threshold(model)
    members = [_member("score", "score", model, value, chosen_by)]
    return account | {"members": members, "families": {"score": ["score"]}, **_rules(sieve)}


def _of_sieve(sieve: Sieve) -> dict[str, Any]:
    described = sieve.description
    members = []
    for member in sieve.members:
        threshold = sieve.thresholds[member.name]
        chosen_by = _model_threshold(member.model)[1] if threshold.origin == "model" else threshold.origin
        members.append(_member(member.name, member.family, member.model, threshold.value, chosen_by))
    return {
        "summary": described.summary,
        "labels": sieve.labels,
        "classes": list(sieve.members[0].model.description.classes),
        "limits": str(described.provenance.get("limits", "")),
        "recipe": str(described.provenance.get("recipe", "")),
        "calibration": "",
        "contract": _contract(sieve.members[0].model),
        "members": members,
        "families": {family: list(names) for family, names in sieve.families.items()},
        "figures": {split: _sieve_figures(figures) for split, figures in described.figures.items()},
        **_rules(sieve),
    }


def _rules(sieve: Sieve) -> dict[str, Any]:
    rules = {name: {"rule": rule.to_json(), "words": rule.explain()} for name, rule in sieve.rules.items()}
    chosen = sieve.description.provenance.get("thresholds")
    for name, words in chosen.items() if isinstance(chosen, Mapping) else ():
        if name in rules:
            rules[name]["chosen_by"] = str(words)
    return {"rules": rules, "rule": sieve.rule}


def _member(name: str, family: str, model: Model, threshold: float | None, chosen_by: str) -> dict[str, Any]:
    return {
        "name": name,
        "family": family,
        "identity": model.identity,
        "summary": model.description.summary,
        "threshold": threshold,
        "chosen_by": chosen_by,
    }


def _model_threshold(model: Model) -> tuple[float, str]:
    threshold = model.description.threshold
    if threshold is None:
        return FALLBACK, "nobody"
    split = threshold.get("split", "none")
    rule = str(threshold.get("rule", ""))
    return float(threshold["value"]), rule if split == "none" else f"{rule} on {split}"


def _contract(model: Model) -> dict[str, Any]:
    contract = model.description.contract
    return {
        "shape": list(contract.shape),
        "channels": list(contract.channels),
        "surveys": list(contract.surveys),
        "unit": contract.unit,
        "nan": contract.nan,
    }


def _sieve_figures(figures: Any) -> dict[str, Any]:
    """Keep of the figures of a sieve what a page has room for."""
    if not isinstance(figures, Mapping):
        return {}
    kept = {name: value for name, value in figures.items() if name in ("n", "n_groups", "night")}
    for part, names in (("rules", _OF_RULE), ("members", _OF_MEMBER)):
        if isinstance(within := figures.get(part), Mapping):
            kept[part] = {name: _chosen(each, names) for name, each in within.items()}
    return kept


def _chosen(figures: Any, names: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(figures, Mapping):
        return {}
    return {name: _short(figures[name]) for name in names if name in figures}


def _short(figure: Any) -> Any:
    """Return an interval without what only a report needs."""
    if isinstance(figure, Mapping):
        return {name: figure[name] for name in ("value", "low", "high") if name in figure}
    return figure
