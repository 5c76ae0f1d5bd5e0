"""The settings of fine-tuning: which parts of a trained network learn on, and how fast each does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Literal, get_args

from skysieve.errors import ConfigurationError

__all__ = ["STRATEGIES", "FineTuningConfig"]

Strategy = Literal["head", "last-blocks", "whole"]
Features = Literal["auto", "none", "memory", "disk"]

#: Ways to fine-tune, from the fewest to the most weights that change.
STRATEGIES: tuple[str, ...] = get_args(Strategy)

_TEXT = re.compile(r"(?P<strategy>[a-z-]+)(?::(?P<blocks>\d+))?(?:@(?P<decay>[0-9.eE+-]+))?")


@dataclass(frozen=True)
class FineTuningConfig:
    """Which parameters of a trained network are trained on, in which groups and at which rates.

    A network is a row of blocks from its input to its head, which is its last linear layer
    (`skysieve.training.fine_tuning_blocks`). What does not learn is frozen for good: it computes as
    in scoring, with the running statistics of its batch normalisation left as they are and without
    dropout.

    Parameters
    ----------
    strategy : {"head", "last-blocks", "whole"}
        Train the head alone; the head and the last ``blocks`` blocks before it; or all.
    blocks : int
        Of ``last-blocks``: blocks before the head that are trained with it, 0 or more.
    layer_decay : float
        The head learns at ``learning_rate``, the block before it at ``layer_decay`` times that rate, the
        one before that at ``layer_decay`` squared, and so on; above 0, at most 1.
    frozen_statistics : bool
        Keep the running statistics of batch normalisation in all blocks, those that learn too: for a few
        samples, whose own statistics are mostly noise.
    features : {"auto", "none", "memory", "disk"}
        With ``head``: compute what goes into the head once for every sample, and train on that.
        ``disk`` keeps it beside the run, ``memory`` computes it anew when a run goes on. Flips and
        rotations are cached, too, every symmetry of every sample; random shifts cannot be, and are
        refused. ``auto`` is ``disk`` where the head is trained alone, without shifts, and the
        table stays within 2 GiB.

    Examples
    --------
    >>> FineTuningConfig("last-blocks", blocks=2, layer_decay=0.5).rate_factors(5)
    (0.0, 0.0, 0.25, 0.5, 1.0)
    >>> FineTuningConfig.of_text("whole@0.7")
    FineTuningConfig(strategy='whole', blocks=1, layer_decay=0.7, frozen_statistics=False, features='auto')
    """

    strategy: Strategy = "whole"
    blocks: int = 1
    layer_decay: float = 1.0
    frozen_statistics: bool = False
    features: Features = "auto"

    def __post_init__(self) -> None:
        for name, choices in (("strategy", STRATEGIES), ("features", get_args(Features))):
            value = getattr(self, name)
            _check(name, value, value in choices, f"one of {', '.join(map(repr, choices))}")
        whole = isinstance(self.blocks, int) and not isinstance(self.blocks, bool)
        _check("blocks", self.blocks, whole and self.blocks >= 0, "a whole number from 0")
        _check("layer_decay", self.layer_decay, 0 < self.layer_decay <= 1, "above 0 and at most 1")
        if self.features in ("memory", "disk") and self.strategy != "head":
            raise ConfigurationError(
                f"fine_tuning.features={self.features!r} needs a frozen network behind the head, found the "
                f"strategy {self.strategy!r}; choose 'head', or set features to 'none'"
            )

    @classmethod
    def of_text(cls, text: str, **others: Any) -> FineTuningConfig:
        """Read the short form ``STRATEGY[:BLOCKS][@LAYER_DECAY]``.

        Parameters
        ----------
        text : str
            For instance ``head``, ``last-blocks:2``, ``whole@0.7`` or ``last-blocks:2@0.5``.
        **others
            Further settings.

        Raises
        ------
        ConfigurationError
            If it is none of these.
        """
        found = _TEXT.fullmatch(text)
        blocks = found["blocks"] if found else None
        fits = found and found["strategy"] in STRATEGIES
        if not found or not fits or (blocks and found["strategy"] != "last-blocks"):
            raise ConfigurationError(
                f"{text!r} is no strategy of fine-tuning; give head, last-blocks:2 (two blocks and the "
                "head), whole, or one with a factor of the learning rate from block to block, as whole@0.7"
            )
        asked: dict[str, Any] = {"strategy": found["strategy"]}
        if blocks:
            asked["blocks"] = int(blocks)
        if found["decay"]:
            try:
                asked["layer_decay"] = float(found["decay"])
            except ValueError:
                raise ConfigurationError(f"{text!r}: {found['decay']!r} is no number") from None
        return cls(**others | asked)

    @property
    def text(self) -> str:
        """The short form, which `of_text` reads."""
        blocks = f":{self.blocks}" if self.strategy == "last-blocks" else ""
        return f"{self.strategy}{blocks}" + (f"@{self.layer_decay:g}" if self.layer_decay != 1 else "")

    def rate_factors(self, blocks: int) -> tuple[float, ...]:
        """Return the factor of the learning rate of every block, the head last; 0 is frozen.

        Parameters
        ----------
        blocks : int
            How many the network has, its head among them.

        Raises
        ------
        ConfigurationError
            If more blocks are to be trained than it has.
        """
        learning = {"head": 1, "last-blocks": self.blocks + 1, "whole": blocks}[self.strategy]
        if learning > blocks:
            raise ConfigurationError(
                f"fine_tuning.blocks is {self.blocks}, the network has {blocks - 1} before its head"
            )
        return tuple(
            self.layer_decay**depth if depth < learning else 0.0 for depth in reversed(range(blocks))
        )

    def facts(self) -> dict[str, Any]:
        """Return what makes a run another run: all but where features are kept."""
        found: dict[str, Any] = {"fine-tuning": self.text}
        return found | {"fine-tuning with frozen statistics": True} if self.frozen_statistics else found


def _check(name: str, value: Any, fits: bool, expected: str) -> None:
    if not fits:
        raise ConfigurationError(f"fine-tuning setting {name!r} is {expected}; found {value!r}")
