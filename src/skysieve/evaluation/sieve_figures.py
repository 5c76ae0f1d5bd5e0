"""The figures of a sieve in a form that other programs and model cards take."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from skysieve.evaluation.evaluate import json_ready
from skysieve.evaluation.report_page import interval_text
from skysieve.evaluation.sieve_evaluation import MemberFigures, RuleFigures, SieveEvaluation

__all__ = ["member_table_markdown", "rule_table_markdown", "sieve_figures_json"]


def sieve_figures_json(evaluation: SieveEvaluation) -> dict[str, Any]:
    """Return every figure with its interval as plain JSON; undefined is null.

    Parameters
    ----------
    evaluation : SieveEvaluation
        From `sieve_judging.judge_sieve`.

    Returns
    -------
    dict
        ``split``, ``default_rule``, ``night``, ``n``, ``n_groups``, ``rate_method``,
        ``members`` and ``rules`` by name, ``joint``, ``kinds``, ``completeness`` by rule
        and column, and ``venn`` by region. Curves and scores are left out.
    """
    found = {
        "split": evaluation.split,
        "default_rule": evaluation.default_rule,
        "night": asdict(evaluation.night),
        "n": evaluation.n,
        "n_groups": evaluation.n_groups,
        "rate_method": evaluation.rate_method,
        "members": {member.name: _member(member) for member in evaluation.members},
        "rules": {rule.name: _rule(rule) for rule in evaluation.rules},
        "joint": {
            "roc_auc": evaluation.joint.roc_auc.to_json(),
            "cost": evaluation.joint.cost.to_json() if evaluation.joint.cost else None,
        },
        "kinds": {kind.kind: _without_name(asdict(kind), "kind") for kind in evaluation.kinds},
        "completeness": {
            rule: {column: [_bin(each) for each in by.to_json()["bins"]] for column, by in columns.items()}
            for rule, columns in evaluation.completeness.items()
        },
        "venn": evaluation.venn.to_json(),
    }
    ready: dict[str, Any] = json_ready(found)
    return ready


def rule_table_markdown(evaluation: SieveEvaluation) -> str:
    """Return the rules as a table in Markdown: rates, purity at night, looks."""
    head = "| rule | true-positive rate | false-positive rate | purity at night | looks a night |"
    rows = [
        f"| {rule.name} | {_text(rule, 'tpr', 4)} | {_text(rule, 'fpr', 4)} | {_text(rule, 'purity', 3)} "
        f"| {' ('.join(interval_text(rule.cost.looks, 0))}) |"
        for rule in evaluation.rules
    ]
    return "\n".join([head, "| --- | --- | --- | --- | --- |", *rows]) + "\n"


def member_table_markdown(evaluation: SieveEvaluation) -> str:
    """Return the members as a table in Markdown: area under the ROC curve, and rates at the threshold."""
    head = "| member | family | streaks | ROC AUC | accuracy | true-positive rate | false-positive rate |"
    rows = [
        f"| {member.name} | {member.family} | {member.n:,} | {_text(member, 'roc_auc', 5)} "
        f"| {_text(member, 'accuracy', 4)} | {_text(member, 'tpr', 4)} | {_text(member, 'fpr', 4)} |"
        for member in evaluation.members
    ]
    return "\n".join([head, "| --- | --- | --- | --- | --- | --- | --- |", *rows]) + "\n"


def _member(member: MemberFigures) -> dict[str, Any]:
    return {
        "family": member.family,
        "threshold": member.threshold,
        "n": member.n,
        "n_positive": member.n_positive,
        "roc_auc": member.roc_auc.to_json(),
        "accuracy": member.accuracy.to_json(),
        "tpr": member.tpr.to_json(),
        "fpr": member.fpr.to_json(),
        "confusion": member.confusion,
    }


def _rule(rule: RuleFigures) -> dict[str, Any]:
    return _without_name(asdict(rule), "name") | {"fnr": rule.fnr.to_json()}


def _bin(one: dict[str, Any]) -> dict[str, Any]:
    """Leave out what has no meaning where plausible streaks alone were counted."""
    return {name: one[name] for name in ("low", "high", "n_real", "completeness")}


def _without_name(found: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in found.items() if key != name}


def _text(figures: MemberFigures | RuleFigures, name: str, decimals: int) -> str:
    value, ends = interval_text(getattr(figures, name), decimals)
    return f"{value} ({ends})" if ends else value
