"""The settings of a training run, with their defaults and their limits."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from skysieve.errors import ConfigurationError

__all__ = ["AugmentationConfig", "TrainingConfig"]

ClassWeights = Literal["none", "balanced"]
Loss = Literal["cross-entropy", "focal", "soft-cross-entropy", "dirichlet-multinomial", "partial"]
Monitor = Literal["loss", "accuracy", "balanced_accuracy"]
Optimizer = Literal["adam", "adamw", "adamax", "adadelta", "sgd"]
Precision = Literal["auto", "float32", "bfloat16"]
Schedule = Literal["constant", "cosine", "inverse-time"]

#: What Lin et al. 2017 found best.
FOCAL_GAMMA = 2.0


@dataclass(frozen=True)
class AugmentationConfig:
    """Random symmetries and shifts given to every training sample anew in every epoch.

    Each sample gets one member of the chosen group, drawn uniformly, and one shift, the same
    for all its channels, before preprocessing.

    Parameters
    ----------
    flips : bool
        Flip left to right and top to bottom, each with probability 1/2.
    rotations : bool
        Rotate by 0, 90, 180 or 270 degrees; for square images only. With
        ``flips`` these are the eight symmetries of the square.
    shift : float
        Standard deviation in pixels of a random shift along each axis, rounded to whole pixels; what
        is pushed out on one side comes in on the other. For networks that look at a crop in the middle
        of larger images, where it never shows.
    """

    flips: bool = True
    rotations: bool = False
    shift: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.shift < math.inf:
            raise ConfigurationError(
                f"training setting 'augmentation.shift' is a number of pixels from 0; found {self.shift!r}"
            )


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained. The defaults are those of braai.

    Parameters
    ----------
    epochs : int
        Largest number of passes over the training samples.
    batch_size : int
        Samples a step.
    learning_rate : float
        Step size of the optimizer, its largest value if there is a schedule.
    betas : tuple of 2 float
        Decay of the running mean of the gradient and of its square.
    weight_decay : float
        Pull towards zero: an L2 penalty with ``adam``, decoupled with ``adamw``.
    optimizer : {"adam", "adamw", "adamax", "adadelta", "sgd"}
        Rule of the steps; ``adadelta`` with the constants of Keras (ρ = 0.95, ε = 1e-7), ``sgd`` with
        Nesterov's momentum.
    momentum : float
        Of ``sgd``, 0 to below 1.
    schedule : {"constant", "cosine", "inverse-time"}
        Learning rate after the warm-up: constant; falling to zero at the last of ``epochs`` as half a
        cosine; or divided by 1 + ``decay`` · t after t epochs, which is the ``decay`` of Keras times the
        steps of an epoch.
    decay : float
        Of ``inverse-time``, per epoch.
    warmup_epochs : int
        Epochs in which the learning rate rises linearly from zero.
    patience : int
        Stop after so many epochs in a row without a better validation figure.
    monitor : {"loss", "accuracy", "balanced_accuracy"}
        The validation figure that decides which epoch is best and when to stop.
    class_weights : {"none", "balanced"}
        ``balanced`` multiplies the weight of every sample by N / (K N_class), so
        that all K classes count the same. Applies to the training loss only.
    copies : int
        Samples that every class is brought up to by showing each of its own several times an epoch, as
        `skysieve.training.copies` says; 0 shows each once. Applies to the training samples only.
    most_copies : int
        How often a sample is shown at most.
    augmentation : AugmentationConfig
        Random symmetries and shifts of the training samples.
    precision : {"auto", "float32", "bfloat16"}
        ``bfloat16`` computes forward and backward passes by autocast in bfloat16
        and keeps weights in float32. ``auto`` chooses it where the processor has
        instructions for it. Validation is always in float32, as scoring is.
    channels_last : bool
        Keep images with the channels as the fastest axis, which is faster.
    device : str
        ``auto`` (CUDA where there is one, else CPU), ``cpu``, ``cuda``, ``cuda:1`` ...
    seed : int
        Of the order of the samples, the augmentation and the dropout.
    deterministic : bool
        Refuse operations whose result depends on the order of threads, so that
        the same seed and number of threads give the same weights to the last bit.
    threads : int or None
        Threads of the CPU; None leaves PyTorch's own choice.
    label_smoothing : float
        Part of every target that is spread over all classes, 0 to below 1; for ``cross-entropy`` only.
    loss : {"cross-entropy", "focal", "soft-cross-entropy", "dirichlet-multinomial", "partial"}
        What a network is trained on: the class of a sample; the same, with samples that are right already
        counting less; the shares of its votes; the counts of its votes, as
        `skysieve.training.vote_losses` explains; the set of classes that it may be of.
    focal_gamma : float
        Of ``focal``: the loss of a sample counts (1 - p)^gamma, p being the probability of its class, thus
        the less the surer it is right. 0 is cross-entropy. Like class weights it bends probabilities, which
        calibration mends, and applies to the training loss only.

    Raises
    ------
    ConfigurationError
        If a setting is out of its limits; the message names it.

    Examples
    --------
    >>> TrainingConfig(epochs=20, augmentation=AugmentationConfig(rotations=True)).patience
    50
    >>> TrainingConfig(optimizer="Adam")
    Traceback (most recent call last):
        ...
    skysieve.errors.ConfigurationError: training setting 'optimizer' is one of \
'adam', 'adamw', 'adamax', 'adadelta', 'sgd'; found 'Adam'
    """

    epochs: int = 200
    batch_size: int = 64
    learning_rate: float = 3e-4
    betas: tuple[float, float] = (0.9, 0.999)
    weight_decay: float = 0.0
    optimizer: Optimizer = "adam"
    momentum: float = 0.9
    schedule: Schedule = "constant"
    decay: float = 0.0
    warmup_epochs: int = 0
    patience: int = 50
    monitor: Monitor = "loss"
    class_weights: ClassWeights = "none"
    copies: int = 0
    most_copies: int = 25
    augmentation: AugmentationConfig = AugmentationConfig()
    precision: Precision = "auto"
    channels_last: bool = True
    device: str = "auto"
    seed: int = 42
    deterministic: bool = True
    threads: int | None = None
    label_smoothing: float = 0.0
    loss: Loss = "cross-entropy"
    focal_gamma: float = FOCAL_GAMMA

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            value = getattr(self, name)
            _check(name, value, value in choices, f"one of {', '.join(map(repr, choices))}")
        for name, smallest in _SMALLEST.items():
            value = getattr(self, name)
            _check(name, value, _is_whole(value) and value >= smallest, f"a whole number from {smallest}")
        if self.threads is not None:
            positive = _is_whole(self.threads) and self.threads > 0
            _check("threads", self.threads, positive, "a positive whole number or None")
        rate = self.learning_rate
        _check("learning_rate", rate, 0 < rate < math.inf, "a positive number")
        for name in ("weight_decay", "decay"):
            value = getattr(self, name)
            _check(name, value, 0 <= value < math.inf, "a number from 0")
        _check("momentum", self.momentum, 0 <= self.momentum < 1, "from 0 to below 1")
        smoothing = self.label_smoothing
        _check("label_smoothing", smoothing, 0 <= smoothing < 1, "from 0 to below 1")
        smooth = smoothing == 0 or self.loss == "cross-entropy"
        _check("label_smoothing", smoothing, smooth, f"0 for the loss {self.loss!r}")
        gamma = self.focal_gamma
        _check("focal_gamma", gamma, 0 <= gamma < math.inf, "a number from 0")
        used = gamma == FOCAL_GAMMA or self.loss == "focal"
        _check("focal_gamma", gamma, used, f"for the loss 'focal' only, and the loss is {self.loss!r}")
        betas_fit = len(self.betas) == 2 and all(0 <= beta < 1 for beta in self.betas)
        _check("betas", self.betas, betas_fit, "two numbers from 0 to below 1")
        # json gives lists back, and a configuration must equal the one that was written.
        object.__setattr__(self, "betas", tuple(self.betas))
        shorter = self.warmup_epochs < self.epochs
        few = f"below epochs ({self.epochs}), which is {self.epochs - 1} at the most"
        _check("warmup_epochs", self.warmup_epochs, shorter, few)


_CHOICES: dict[str, tuple[str, ...]] = {
    "optimizer": get_args(Optimizer),
    "schedule": get_args(Schedule),
    "monitor": get_args(Monitor),
    "class_weights": get_args(ClassWeights),
    "loss": get_args(Loss),
    "precision": get_args(Precision),
}
_SMALLEST = {
    "epochs": 1,
    "batch_size": 1,
    "warmup_epochs": 0,
    "patience": 1,
    "seed": 0,
    "copies": 0,
    "most_copies": 1,
}


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _check(name: str, value: Any, fits: bool, expected: str) -> None:
    if not fits:
        raise ConfigurationError(f"training setting {name!r} is {expected}; found {value!r}")
