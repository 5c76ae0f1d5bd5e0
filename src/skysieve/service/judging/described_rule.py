"""The rule of a scorer as its row describes it: headline and verdict of stored scores, without its files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from skysieve.models.rules import Jury, Rule, parse_rule
from skysieve.service.database.tables import Scorer
from skysieve.service.judging.headline import headline_of_classes, headline_of_rule

__all__ = ["DescribedRule", "headline_of", "rule_of"]


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


def headline_of(scorer: Scorer, scores: Mapping[str, float]) -> float | None:
    """Return the headline score of one candidate from its stored scores, on duty or not.

    Parameters
    ----------
    scorer : Scorer
        Who scored it.
    scores : mapping of str to float
        By member; None is returned where one is missing.
    """
    members = [member["name"] for member in scorer.description.get("members", [])]
    if not members or not scores.keys() >= set(members):
        return None
    arrays = {name: np.array([scores[name]], dtype=np.float32) for name in members}
    rule = rule_of(scorer)
    found = headline_of_classes(arrays) if rule is None else rule.headline(arrays)
    return float(found[0])
