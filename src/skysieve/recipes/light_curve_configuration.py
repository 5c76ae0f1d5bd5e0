"""The settings of recipes of light curves: those of any recipe, and how a curve is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from skysieve.errors import ConfigurationError
from skysieve.preprocess.curve_features.configuration import FeatureConfiguration
from skysieve.preprocess.dmdt.sample_set import DmdtConfiguration
from skysieve.recipes.configuration import Configuration
from skysieve.training.light_curve_sequences import BandColumns

__all__ = ["CurveFeatureConfiguration", "DmdtImageConfiguration", "SequenceConfig", "SequenceConfiguration"]


@dataclass(frozen=True)
class DmdtImageConfiguration(Configuration):
    """Settings of a network of dmdt images.

    Parameters
    ----------
    preprocess, labels, splits, network, training, calibration, threshold, evaluation
        As of `skysieve.recipes.configuration.Configuration`.
    dmdt : DmdtConfiguration
        How images are made of light curves.
    """

    dmdt: DmdtConfiguration = field(default_factory=DmdtConfiguration)


@dataclass(frozen=True)
class CurveFeatureConfiguration(Configuration):
    """Settings of a classifier of features.

    Parameters
    ----------
    preprocess, labels, splits, network, training, calibration, threshold, evaluation
        As of `skysieve.recipes.configuration.Configuration`.
    features : FeatureConfiguration
        Which features are measured of light curves; features that stand in columns are taken from there.
    """

    features: FeatureConfiguration = field(default_factory=FeatureConfiguration)


@dataclass(frozen=True)
class SequenceConfig:
    """How a light curve becomes a sequence.

    Parameters
    ----------
    errors : bool
        Whether the network reads the errors of the points.
    bands : str
        How bands are told: ``one-hot``, ``values`` (a column for each, as ``gru-d`` takes them), ``none``.
    fold : str
        The column with the period by which curves are folded, ``search`` to look for it; empty leaves
        curves as they are.
    fold_factor : float
        Times that period; 2 shows both minima of an eclipsing binary.
    batch_tokens : int or None
        Points that a batch has at most, padding and all; none: as many samples as ``training.batch_size``.
    keep : tuple of 2 float
        Shares of the points between which a curve is thinned whenever it is learned from; 1 and 1 for all.
    least : int
        Points that stay when a curve is thinned.
    """

    errors: bool = False
    bands: BandColumns = "one-hot"
    fold: str = ""
    fold_factor: float = 1.0
    batch_tokens: int | None = None
    keep: tuple[float, float] = (1.0, 1.0)
    least: int = 5

    def __post_init__(self) -> None:
        if not 0 < self.keep[0] <= self.keep[1] <= 1 or self.least < 1:
            raise ConfigurationError(
                "sequence.keep holds shares from above 0 to 1, the smaller first, and sequence.least is 1 or "
                f"more; found {self.keep} and {self.least}"
            )
        if not self.fold_factor > 0:
            raise ConfigurationError(f"sequence.fold_factor is above 0, found {self.fold_factor}")


@dataclass(frozen=True)
class SequenceConfiguration(Configuration):
    """Settings of a network of sequences.

    Parameters
    ----------
    preprocess, labels, splits, network, training, calibration, threshold, evaluation
        As of `skysieve.recipes.configuration.Configuration`.
    sequence : SequenceConfig
        How a light curve becomes a sequence.
    """

    sequence: SequenceConfig = field(default_factory=SequenceConfig)
