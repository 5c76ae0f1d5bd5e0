"""The settings of an experiment, from labels to threshold; a recipe fills in its own values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from skysieve.errors import ConfigurationError
from skysieve.evaluation.shares import check_shares
from skysieve.samples.votes import VoteScheme
from skysieve.training.configuration import TrainingConfig

__all__ = [
    "CalibrationConfig",
    "Configuration",
    "EvaluationConfig",
    "LabelConfig",
    "NetworkConfig",
    "SplitConfig",
    "ThresholdConfig",
    "VoteConfig",
]


@dataclass(frozen=True)
class VoteConfig:
    """How votes of people become labels, for recipes that say so.

    Parameters
    ----------
    columns : mapping
        Class to its column of votes, or to a list of columns that are added up; empty: those of the
        recipe.
    dont_know : tuple of str
        Columns of votes for no class.
    policy : str
        ``count`` keeps votes for no class in the denominator of the shares, ``drop`` does not.
    total : str
        Column with the number of votes; empty: not known.
    kind : str
        What the columns hold: ``shares`` that sum to one, or ``counts``.
    cut : float
        Share of the votes that makes a label; 0 takes the most frequent class.
    """

    columns: Mapping[str, Any] = field(default_factory=dict)
    dont_know: tuple[str, ...] = ()
    policy: Literal["count", "drop"] = "count"
    total: str = ""
    kind: Literal["shares", "counts"] = "shares"
    cut: float = 0.95

    def __post_init__(self) -> None:
        if not 0 <= self.cut <= 1:
            raise ConfigurationError(f"labels.votes.cut is a share from 0 to 1, found {self.cut}")

    def scheme(self) -> VoteScheme | None:
        """Return what the columns mean; None if none are named."""
        if not self.columns:
            return None
        columns = {
            name: (each,) if isinstance(each, str) else tuple(each) for name, each in self.columns.items()
        }
        return VoteScheme(columns, self.dont_know, self.policy, self.total, self.kind)


@dataclass(frozen=True)
class LabelConfig:
    """Where labels come from when the input is not a labelled sample set.

    Parameters
    ----------
    table : str
        A CSV or Parquet table of labels; empty: the input's own columns.
    id, column : str
        Columns of that table: the sample's id and its label. Without a table, ``column`` is a
        column of the input.
    agreeing_scores : tuple of str
        Columns of scores; where no label column is named, a sample that all of them put on one side
        of ``threshold`` gets that weak label.
    threshold : float
        Of the weak labels.
    known_real : tuple of str
        Columns that hold something where a sample is known to be real whatever its scores; such a
        sample is labelled real, and recall on these samples is reported on its own.
    path : str
        Of folders of pictures: a column of the table with the names of the files, or a template of
        columns; empty: the id and ``.jpg``.
    votes : VoteConfig
        How votes become labels.
    """

    table: str = ""
    id: str = "candid"
    column: str = ""
    agreeing_scores: tuple[str, ...] = ()
    threshold: float = 0.5
    known_real: tuple[str, ...] = ()
    path: str = ""
    votes: VoteConfig = field(default_factory=VoteConfig)


@dataclass(frozen=True)
class SplitConfig:
    """Shares of the splits, always by group; used if the sample set has no split of its own.

    Parameters
    ----------
    train, validation, test : float
        Shares of the samples.
    folds : int
        If 3 or more: k-fold cross-validation instead, each sample judged by a network that neither
        learned from its fold nor chose anything on it.
    seed : int
        Seed of the assignment.
    """

    train: float = 0.6
    validation: float = 0.2
    test: float = 0.2
    folds: int = 0
    seed: int = 42

    def __post_init__(self) -> None:
        if min(self.train, self.validation, self.test) <= 0:
            raise ConfigurationError("splits.train, splits.validation and splits.test are all positive")
        if self.folds in (1, 2) or self.folds < 0:
            raise ConfigurationError(
                "splits.folds is 0 (no k-fold) or at least 3 (to learn, to choose and to judge), "
                f"found {self.folds}"
            )


@dataclass(frozen=True)
class NetworkConfig:
    """Which network.

    Parameters
    ----------
    name : str
        Name in the registry of networks.
    arguments : mapping
        Its arguments.
    members : int
        Networks in an ensemble; they differ in their seed, and their probabilities are averaged.
    """

    name: str = "vgg6"
    arguments: Mapping[str, Any] = field(default_factory=dict)
    members: int = 1

    def __post_init__(self) -> None:
        if self.members < 1:
            raise ConfigurationError(f"network.members is 1 or more, found {self.members}")


@dataclass(frozen=True)
class CalibrationConfig:
    """How logits become probabilities.

    Parameters
    ----------
    method : str
        ``auto`` takes what has the lowest log-loss in cross-validation on the validation split.
    """

    method: Literal["auto", "none", "temperature", "isotonic"] = "auto"


@dataclass(frozen=True)
class ThresholdConfig:
    """How the threshold is chosen, on the validation split.

    Parameters
    ----------
    rule : str
        ``max-fpr``: the most complete threshold whose false-positive rate stays within ``value``;
        ``min-recall``: the purest one whose recall reaches ``value``; ``equal-error``; ``max-f1``;
        ``fixed``: ``value`` itself.
    value : float
        Argument of the rule.
    """

    rule: Literal["max-fpr", "min-recall", "equal-error", "max-f1", "fixed"] = "max-fpr"
    value: float = 0.05

    def __post_init__(self) -> None:
        if not 0 <= self.value <= 1:
            raise ConfigurationError(
                f"threshold.value is from 0 to 1 (a rate, or the score itself), found {self.value}"
            )


@dataclass(frozen=True)
class EvaluationConfig:
    """How the outcome is judged.

    Parameters
    ----------
    magnitude : str
        Column for completeness and purity; left out where the samples have no such column.
    prevalence : float or None
        True share of reals in the stream, to state the purity there; None: not stated. For two classes.
    prevalences : mapping
        True shares of classes on the sky, ``{merger = 0.003}``, to state the precision there; classes that
        are left out divide the rest as they do among the judged samples.
    replicates : int
        Bootstrap replicates, drawn by group.
    seed : int
        Seed of the bootstrap.
    """

    magnitude: str = ""
    prevalence: float | None = None
    prevalences: Mapping[str, Any] = field(default_factory=dict)
    replicates: int = 1000
    seed: int = 1

    def __post_init__(self) -> None:
        if self.replicates < 2:
            raise ConfigurationError(f"evaluation.replicates is 2 or more, found {self.replicates}")
        if self.prevalence is not None and not 0 < self.prevalence < 1:
            raise ConfigurationError(
                f"evaluation.prevalence is a share between 0 and 1, or none; found {self.prevalence}"
            )
        for name, share in self.prevalences.items():
            if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share < 1:
                raise ConfigurationError(
                    f"evaluation.prevalences holds shares between 0 and 1; found {share!r} for {name!r}"
                )
        if self.prevalence is not None and self.prevalences:
            raise ConfigurationError(
                "evaluation.prevalence and evaluation.prevalences state the same twice; keep one of the two"
            )

    def true_shares(self, classes: Sequence[str]) -> dict[str, float]:
        """Return the stated shares by class; empty if none are stated.

        Raises
        ------
        ConfigurationError
            If they are not of these classes, make no whole, or ``prevalence`` is stated of more than two.

        Examples
        --------
        >>> EvaluationConfig(prevalence=0.05).true_shares(("bogus", "real"))
        {'real': 0.05}
        """
        shares = {name: float(share) for name, share in self.prevalences.items()}
        if self.prevalence is not None:
            if len(classes) != 2:
                raise ConfigurationError(
                    f"evaluation.prevalence is for two classes, these are {', '.join(classes)}; "
                    f"state their shares, --set evaluation.prevalences.{classes[-1]}={self.prevalence:g}"
                )
            shares = {classes[1]: self.prevalence}
        check_shares(shares, classes)
        return shares


@dataclass(frozen=True)
class Configuration:
    """Everything that can be set in an experiment.

    Parameters
    ----------
    preprocess : tuple of str
        Names of preprocessing steps, in their order.
    labels, splits, network, training, calibration, threshold, evaluation
        The groups of settings.
    """

    preprocess: tuple[str, ...] = ("fill-masked", "l2-per-cutout")
    labels: LabelConfig = field(default_factory=LabelConfig)
    splits: SplitConfig = field(default_factory=SplitConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    training: TrainingConfig = field(default_factory=TrainingConfig)
    calibration: CalibrationConfig = field(default_factory=CalibrationConfig)
    threshold: ThresholdConfig = field(default_factory=ThresholdConfig)
    evaluation: EvaluationConfig = field(default_factory=EvaluationConfig)
