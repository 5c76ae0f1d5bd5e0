"""Write a sieve: its models below it, the file that names them, and a card for people."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import skysieve
from skysieve.atomic_file import replacing
from skysieve.errors import ModelError
from skysieve.models.model import DESCRIPTION, Model
from skysieve.models.rules import Rule, parse_rule
from skysieve.models.sieve import SIEVE, Member, Sieve
from skysieve.models.sieve_card import CARD, sieve_card_markdown
from skysieve.models.sieve_description import MemberDescription, SieveDescription

__all__ = ["write_sieve"]


def write_sieve(
    folder: str | Path,
    *,
    name: str,
    members: Sequence[Member],
    rules: Mapping[str, Rule | dict[str, Any]],
    rule: str | None = None,
    summary: str = "",
    thresholds: Mapping[str, float] | None = None,
    threshold: float | None = None,
    labels: str = "",
    figures: Mapping[str, Any] | None = None,
    provenance: Mapping[str, Any] | None = None,
) -> Sieve:
    """Write a sieve into a folder that holds everything it needs.

    Parameters
    ----------
    folder : path
        Where to. Models that lie elsewhere are copied to ``folder/<member>``.
    name, summary : str
        Name of the sieve, and what it is for.
    members : sequence of Member
        The opened models with their names and families.
    rules : mapping of str to Rule or dict
        What passes, as of `skysieve.models.rules`.
    rule : str, optional
        The rule that counts where one must be chosen; the first if not given.
    thresholds : mapping of str to float, optional
        Thresholds of families.
    threshold : float, optional
        Threshold where neither member nor family has one; that of each model if not given.
    labels : str
        How the labels came about.
    figures, provenance : mapping, optional
        Measured figures by split, and how the sieve was made.

    Returns
    -------
    Sieve
        The sieve, opened again from its files.

    Raises
    ------
    ConfigurationError
        If a name or threshold contradicts another.
    ModelError
        If members do not fit together, or something else lies where a model is to go.
    """
    target = Path(folder)
    description = SieveDescription(
        name=name,
        summary=summary,
        members=tuple(
            MemberDescription(
                member.name, member.family, _place(member, target), member.model.identity, member.threshold
            )
            for member in members
        ),
        rules={each: _rule(given) for each, given in rules.items()},
        rule=next(iter(rules), "") if rule is None else rule,
        thresholds=dict(thresholds or {}),
        threshold=threshold,
        labels=labels,
        figures=dict(figures or {}),
        provenance=dict(provenance or {}),
        skysieve=skysieve.__version__,
    )
    # Made before anything is written: what does not fit together leaves no file behind.
    Sieve(target, description, tuple(members))
    text = description.to_json()
    target.mkdir(parents=True, exist_ok=True)
    for member, described in zip(members, description.members, strict=True):
        _copy(member.model, target / described.model)
    with replacing(target / SIEVE) as partial:
        partial.write_text(text, encoding="utf-8")
    written = Sieve.load(target)
    with replacing(target / CARD) as partial:
        partial.write_text(sieve_card_markdown(written), encoding="utf-8")
    return written


def _rule(given: Rule | dict[str, Any]) -> Rule:
    return given if isinstance(given, Rule) else parse_rule(given)


def _place(member: Member, target: Path) -> str:
    """Return where a member's model lies, or will lie, below the sieve."""
    folder, above = member.model.folder.resolve(), target.resolve()
    return folder.relative_to(above).as_posix() if folder.is_relative_to(above) else member.name


def _copy(model: Model, place: Path) -> None:
    """Copy a model folder, complete or not at all."""
    if place.resolve() == model.folder.resolve():
        return
    if place.exists() and not (place / DESCRIPTION).is_file():
        raise ModelError(f"{place}: exists and is not a model folder; choose another place for the sieve")
    partial = place.with_name(f".{place.name}.{os.getpid()}.part")
    try:
        shutil.copytree(model.folder, partial)
        shutil.rmtree(place, ignore_errors=True)
        partial.rename(place)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
