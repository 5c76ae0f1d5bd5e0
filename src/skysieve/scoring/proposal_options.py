"""How samples are chosen for labelling."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from skysieve.errors import ConfigurationError
from skysieve.models.rules import Rule
from skysieve.scoring.proposal_ranking import DISAGREEMENTS, UNCERTAINTIES

__all__ = ["STRATEGIES", "ProposalOptions"]

#: Ways to choose; ``random`` and ``bins`` always come first, so that no other way spoils their weights.
STRATEGIES = ("random", "bins", "uncertainty", "disagreement")


@dataclass(frozen=True)
class ProposalOptions:
    """How to choose.

    Parameters
    ----------
    strategies : mapping of str to int
        How many by each of `STRATEGIES`; ``bins``: of each bin.
    bins : mapping of str to Rule, optional
        Bins of one's own; `skysieve.scoring.proposal_bins.default_bins` if not given.
    uncertainty : {"threshold", "entropy", "margin"}
        As of `skysieve.scoring.proposal_ranking.uncertainty`.
    disagreement : {"bald", "vote-entropy", "range"}
        As of `skysieve.scoring.proposal_ranking.disagreement`.
    per_group : int, optional
        How many of one group (object, exposure) are chosen at most.
    relabel : bool
        Whether samples that have a label may be proposed, too; their labels are hidden.
    hide : tuple of str
        Further columns whose values must not be seen by whoever labels.
    seed : int
        Of all random draws.
    threads : int
        Threads in all, 1 or more: as of `skysieve.scoring.sample_scores.score_pool`.
    """

    strategies: Mapping[str, int] = field(default_factory=lambda: {"random": 100, "bins": 1000})
    bins: Mapping[str, Rule] | None = None
    uncertainty: str = "threshold"
    disagreement: str = "bald"
    per_group: int | None = None
    relabel: bool = False
    hide: tuple[str, ...] = ()
    seed: int = 42
    threads: int = 1

    def __post_init__(self) -> None:
        for name, count in self.strategies.items():
            if name not in STRATEGIES:
                raise ConfigurationError(
                    f"no strategy is called {name!r}; known are: {', '.join(STRATEGIES)}"
                )
            if count < 1:
                raise ConfigurationError(
                    f"{name} is to propose {count} samples; give 1 or more, or leave it out"
                )
        if not self.strategies:
            raise ConfigurationError(f"no strategy is given; choose among {', '.join(STRATEGIES)}")
        if self.per_group is not None and self.per_group < 1:
            raise ConfigurationError(f"per_group is 1 or more, found {self.per_group}")
        if self.threads < 1:
            raise ConfigurationError(f"threads is 1 or more, found {self.threads}")
        if self.uncertainty not in UNCERTAINTIES:
            raise ConfigurationError(
                f"uncertainty is one of {', '.join(UNCERTAINTIES)}, not {self.uncertainty!r}"
            )
        if self.disagreement not in DISAGREEMENTS:
            raise ConfigurationError(
                f"disagreement is one of {', '.join(DISAGREEMENTS)}, not {self.disagreement!r}"
            )
