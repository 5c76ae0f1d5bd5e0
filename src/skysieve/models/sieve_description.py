"""``sieve.json``: the members of a sieve, their thresholds, and the rules that join their scores."""

from __future__ import annotations

import dataclasses
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skysieve.errors import ConfigurationError, ModelError
from skysieve.models.description import take_format
from skysieve.models.rules import Rule, check_threshold, parse_rule

__all__ = ["RESERVED_NAMES", "MemberDescription", "SieveDescription"]

#: Version of the file's layout; raised when an old reader would misread a new file.
FORMAT = 1

#: Columns of every table of scores; no member, family or rule may take their names.
RESERVED_NAMES = ("id", "source", "notes", "stamp")

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class MemberDescription:
    """One model of a sieve.

    Parameters
    ----------
    name : str
        Its name, and that of its column of scores.
    family : str
        What it tells; members of a family tell the same.
    model : str
        The model folder, relative to the file, or the name of a shipped model.
    identity : str
        Identity of the model; another model in its place is refused.
    threshold : float, optional
        Its own threshold.
    """

    name: str
    family: str
    model: str
    identity: str
    threshold: float | None = None


@dataclass(frozen=True)
class SieveDescription:
    """What a sieve is, besides its models.

    Parameters
    ----------
    name, summary : str
        Its name, and what it is for in a sentence.
    members : tuple of MemberDescription
        Its models.
    rules : mapping of str to Rule
        What passes, by name.
    rule : str
        The rule that counts where one must be chosen.
    thresholds : mapping of str to float
        Thresholds of families.
    threshold : float, optional
        Threshold where neither member nor family has one.
    labels : str
        How the labels of the members came about.
    figures : dict
        Measured figures of the rules, by split.
    provenance : dict
        How it was made.
    skysieve : str
        Version that wrote it.
    """

    name: str
    members: tuple[MemberDescription, ...]
    rules: Mapping[str, Rule]
    rule: str
    summary: str = ""
    thresholds: Mapping[str, float] = field(default_factory=dict)
    threshold: float | None = None
    labels: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    provenance: Mapping[str, Any] = field(default_factory=dict)
    skysieve: str = ""

    def __post_init__(self) -> None:
        if not self.members:
            raise ConfigurationError(f"the sieve {self.name!r} has no members; name at least one")
        if not self.rules:
            raise ConfigurationError(f"the sieve {self.name!r} has no rules; name at least one")
        if self.rule not in self.rules:
            raise ConfigurationError(
                f"the rule {self.rule!r} is to count, the sieve has {', '.join(self.rules)}"
            )
        self._check_names()
        self._check_thresholds()

    def families(self) -> dict[str, tuple[str, ...]]:
        """Return the names of the members of each family, in their order."""
        names = dict.fromkeys(member.family for member in self.members)
        return {
            family: tuple(member.name for member in self.members if member.family == family)
            for family in names
        }

    def to_json(self) -> str:
        """Return the text of ``sieve.json``: keys sorted, so that equal sieves are equal files."""
        fields: dict[str, Any] = {
            each.name: getattr(self, each.name) for each in dataclasses.fields(self)
        } | {
            "format": FORMAT,
            "members": [dataclasses.asdict(member) for member in self.members],
            "rules": {name: rule.to_json() for name, rule in self.rules.items()},
        }
        try:
            return json.dumps(fields, indent=1, sort_keys=True, allow_nan=False) + "\n"
        except (TypeError, ValueError) as error:
            raise ConfigurationError(f"the sieve {self.name!r} does not fit into JSON: {error}") from None

    @classmethod
    def from_json(cls, text: str | bytes, item: str | Path) -> SieveDescription:
        """Read what `to_json` wrote, or what was written by hand.

        Raises
        ------
        ModelError
            If the text is damaged, of a later format, or contradicts itself.
        """
        try:
            fields: dict[str, Any] = json.loads(text)
            take_format(fields, FORMAT, item)
            members = tuple(MemberDescription(**member) for member in fields.pop("members"))
            rules = {name: parse_rule(rule) for name, rule in fields.pop("rules").items()}
            return cls(members=members, rules=rules, **fields)
        except ConfigurationError as error:
            raise ModelError(f"{item}: {error}") from None
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise ModelError(f"{item}: is damaged ({error}); restore the sieve") from None

    def _check_names(self) -> None:
        members = [member.name for member in self.members]
        # A family may have the name of its only member: its maximum is that member's score.
        families = [name for name, within in self.families().items() if within != (name,)]
        names = [*RESERVED_NAMES, *members, *families, *self.rules]
        for name in names:
            if not isinstance(name, str) or not _NAME.fullmatch(name):
                raise ConfigurationError(
                    f"{name!r} cannot name a member, family or rule: letters, digits, - and _ can"
                )
            if names.count(name) > 1:
                raise ConfigurationError(
                    f"{name!r} names two things among members, families, rules and the columns "
                    f"{', '.join(RESERVED_NAMES)}; give each its own name"
                )

    def _check_thresholds(self) -> None:
        families = self.families()
        for family, value in self.thresholds.items():
            if family not in families:
                raise ConfigurationError(
                    f"there is a threshold for {family!r}, the families are {', '.join(families)}"
                )
            check_threshold(value, f"the threshold of {family!r}")
        for member in self.members:
            if member.threshold is not None:
                check_threshold(member.threshold, f"the threshold of {member.name!r}")
        if self.threshold is not None:
            check_threshold(self.threshold, "the threshold of the sieve")
