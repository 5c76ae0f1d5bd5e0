"""The rule of a scorer as its row describes it: headline and verdict of stored scores, without its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.models.rules import Jury, Rule, parse_rule
from skysieve.service.database.tables import Scorer
from skysieve.service.judging.headline import headline_of_rule

__all__ = ["DescribedRule", "rule_of"]


@dataclass(frozen=True)
class DescribedRule:
    """A rule and those that it asks.

    Parameters
    ----------
    rule : Rule
        The rule that counts.
    jury : Jury
        Families, and the threshold of each member.
    members : tuple of str
        Names of all members.
    """

    rule: Rule
    jury: Jury
    members: tuple[str, ...]

    def headline(self, scores: Mapping[str, NDArray[np.float32]]) -> NDArray[np.float32]:
        """Return the headline scores; as of `skysieve.service.judging.headline.headline_of_rule`."""
        return headline_of_rule(self.rule, scores, self.jury)

    def passes(self, scores: Mapping[str, NDArray[np.float32]]) -> NDArray[np.bool_]:
        """Return who passes."""
        return self.rule.evaluate(scores, self.jury)


def rule_of(scorer: Scorer) -> DescribedRule | None:
    """Return the rule that counts of a scorer; None of a model of more than two classes."""
    description = scorer.description
    told = description.get("rules", {}).get(description.get("rule", ""))
    if told is None:
        return None
    families = {family: tuple(names) for family, names in description["families"].items()}
    thresholds = {member["name"]: member["threshold"] for member in description["members"]}
    return DescribedRule(parse_rule(told["rule"]), Jury(families, thresholds), tuple(thresholds))
