"""The card of a sieve: its members, its rules in words, how its labels came about, how well it does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from skysieve.models.card import UNSTATED, contract_rows, disclosure, format_figure
from skysieve.models.model import GRAPH
from skysieve.models.sieve import Member, Sieve

if TYPE_CHECKING:
    from skysieve.evaluation.report_content import ModelCard

__all__ = ["CARD", "sieve_card", "sieve_card_markdown"]

#: File beside ``sieve.json`` that holds the card.
CARD = "README.md"

_ORIGINS = {
    "member": "given for this member",
    "family": "given for its family",
    "sieve": "given for the whole sieve",
    "model": "the default of the model",
    "default": "nobody chose it",
}

#: Figures of rules and of members, as `skysieve.evaluation.sieve_figures` writes them, with their titles.
_RULE_FIGURES = {
    "tpr": "true-positive rate",
    "fpr": "false-positive rate",
    "accuracy": "accuracy",
    "purity": "purity at night",
}
_MEMBER_FIGURES = {
    "roc_auc": "ROC AUC",
    "accuracy": "accuracy",
    "tpr": "true-positive rate",
    "fpr": "false-positive rate",
}


def sieve_card(sieve: Sieve) -> ModelCard:
    """Return what a report says about a sieve itself."""
    from skysieve.evaluation.report_content import ModelCard

    description = sieve.description
    return ModelCard(
        name=description.name,
        identity=sieve.identity,
        recipe=str(description.provenance.get("recipe", "")),
        summary=description.summary,
        contract=contract_rows(sieve.contract)
        | {"members": ", ".join(member.name for member in sieve.members)}
        | {f"rule {name}": rule.explain() for name, rule in sieve.rules.items()},
        label_disclosure=disclosure(sieve.labels),
    )


def sieve_card_markdown(sieve: Sieve) -> str:
    """Return the card as Markdown; every figure in it comes from the sieve's own file.

    Parameters
    ----------
    sieve : Sieve
        The sieve, its members opened.

    Returns
    -------
    str
        Content of ``README.md`` beside ``sieve.json``.
    """
    summary = sieve.description.summary
    parts = [
        f"# {sieve.description.name}" + (f"\n\n{summary}" if summary else ""),
        _labels(sieve),
        _members(sieve),
        _rules(sieve),
        _input(sieve),
        _figures(sieve),
        _limits(sieve),
        _use(),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _labels(sieve: Sieve) -> str:
    return f"## Labels\n\n{sieve.labels or UNSTATED}"


def _members(sieve: Sieve) -> str:
    rows = [
        (member.name, member.family, _network(member), _size(member), f"`{member.model.identity[:12]}`")
        for member in sieve.members
    ]
    return "## Members\n\n" + _table(("member", "family", "network", "size", "identity"), rows)


def _network(member: Member) -> str:
    return str(member.model.description.network.get("name", ""))


def _size(member: Member) -> str:
    size = (member.model.folder / GRAPH).stat().st_size
    return f"{size / 1e6:.1f} MB" if size >= 100_000 else f"{size / 1e3:.1f} kB"


def _rules(sieve: Sieve) -> str:
    counts = {name: " (this one counts)" if name == sieve.rule else "" for name in sieve.rules}
    rules = "\n".join(
        f"- `{name}`{counts[name]}: {rule.explain()}"
        for name, rule in _ordered(sieve.rules, (sieve.rule,)).items()
    )
    rows = [
        (name, f"{threshold.value:.4f}", _ORIGINS[threshold.origin])
        for name, threshold in sieve.thresholds.items()
    ]
    return "\n\n".join(
        part
        for part in (
            "## Rules and thresholds",
            f"A candidate passes if:\n\n{rules}",
            "A score at or above the threshold of its member reaches it.",
            _chosen(sieve.description.provenance.get("thresholds", "")),
            _table(("member", "threshold", "origin"), rows),
        )
        if part
    )


def _chosen(how: Any) -> str:
    """Return how the thresholds of the families were chosen: for all rules, or a line for each."""
    if not isinstance(how, Mapping):
        return f"Thresholds of the families: {how}." if how else ""
    lines = (f"- `{rule}`: {of}" for rule, of in how.items())
    return "\n".join(["Thresholds of the families of each rule:", "", *lines]) if how else ""


def _input(sieve: Sieve) -> str:
    rows = contract_rows(sieve.contract).items()
    return "## Input\n\nEvery member sees the same raw image.\n\n" + _table(("", ""), rows)


def _figures(sieve: Sieve) -> str:
    order = (sieve.rule, *(member.name for member in sieve.members))
    parts = [
        f"### {split}\n\n{_split(figures, order)}" for split, figures in sieve.description.figures.items()
    ]
    return "\n\n".join(["## Figures", "Values with their 95 % intervals.", *parts]) if parts else ""


def _split(figures: Mapping[str, Any], order: Sequence[str]) -> str:
    """Return the tables of one split: of rules and members where it has them, else of all that it has."""
    if not isinstance(figures.get("rules"), Mapping):
        plain = {
            name: value
            for name, value in figures.items()
            if not isinstance(value, Mapping) or "value" in value
        }
        return _table(("figure", "value"), [(name, format_figure(value)) for name, value in plain.items()])
    parts = [_stream(figures), _figure_table("rule", _ordered(figures["rules"], order), _RULE_FIGURES)]
    if isinstance(figures.get("members"), Mapping):
        parts.append(_figure_table("member", _ordered(figures["members"], order), _MEMBER_FIGURES))
    return "\n\n".join(part for part in parts if part)


def _stream(figures: Mapping[str, Any]) -> str:
    """Say on what the figures were measured, and for what night the purity is stated."""
    words = [f"{figures['n']:,} samples in {figures['n_groups']:,} groups."] if "n_groups" in figures else []
    night = figures.get("night")
    if isinstance(night, Mapping):
        words.append(
            f"Purity is that of a night of {night['streaks']:,} streaks, {night['prevalence']:.3%} plausible."
        )
    return " ".join(words)


def _figure_table(what: str, figures: Mapping[str, Mapping[str, Any]], titles: Mapping[str, str]) -> str:
    rows = [(name, *(_or_dash(values.get(figure)) for figure in titles)) for name, values in figures.items()]
    return _table((what, *titles.values()), rows)


def _ordered(figures: Mapping[str, Any], order: Sequence[str]) -> dict[str, Any]:
    """Return the figures in an order, what it does not name last; the file holds them by the alphabet."""
    return {name: figures[name] for name in dict.fromkeys((*order, *figures)) if name in figures}


def _or_dash(figure: Any) -> str:
    undefined = figure is None or (isinstance(figure, Mapping) and figure.get("value") is None)
    return "-" if undefined else format_figure(figure)


def _limits(sieve: Sieve) -> str:
    own = sieve.description.provenance.get("limits", "")
    every = [own, *(each.model.description.provenance.get("limits", "") for each in sieve.members)]
    limits = "\n\n".join(dict.fromkeys(str(limit) for limit in every if limit))
    return f"## Limits\n\n{limits}" if limits else ""


def _use() -> str:
    lines = (
        "skysieve sieve show FOLDER",
        "skysieve score FOLDER night/ -o scores.parquet --report night.html",
        "skysieve sieve decide scores.parquet --threshold FAMILY=0.7 -o strict.parquet",
    )
    return "## Use\n\n```\n" + "\n".join(lines) + "\n```"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
