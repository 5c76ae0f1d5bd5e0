"""Which explained samples are shown: for every quadrant a few, kept while a set of any size goes by."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from skysieve.evaluation.explanation_page import DrawnSample, ExplainedSample, Panel

__all__ = ["Order", "PanelKeeper", "PanelPlan", "panel_plans"]

#: Whether the samples of a panel are drawn at random, or those of the largest probability.
Order = Literal["random", "surest"]


@dataclass(frozen=True)
class PanelPlan:
    """Who belongs to a panel.

    Parameters
    ----------
    title, meaning : str
        As of `Panel`.
    label : int or None
        The class of its samples; None: whatever it is.
    called : int or None
        The class that the model prefers; None: any but ``label``.
    confidence : float
        What the probability of the preferred class exceeds.
    """

    title: str
    meaning: str
    label: int | None
    called: int | None
    confidence: float


def panel_plans(classes: Sequence[str], low: float, high: float, labelled: bool) -> list[PanelPlan]:
    """Return the panels of a page.

    Of two classes the quadrants true and false negatives, false and true positives; of more, right and
    wrong of every class; without labels one panel for each class that is called.

    Parameters
    ----------
    classes : sequence of str
        Names of the classes.
    low, high : float
        Two classes: the probability of the second is below ``low`` or above ``high``. More: that of the
        preferred one is above ``high``.
    labelled : bool
        Whether there are labels.

    Examples
    --------
    >>> [plan.title for plan in panel_plans(("bogus", "real"), 0.2, 0.8, True)]
    ['true negatives', 'false negatives', 'false positives', 'true positives']
    """
    if not labelled:
        sure = [1 - low, high] if len(classes) == 2 else [high] * len(classes)
        return [
            PanelPlan(f"called {name}", f"P({name}) above {sure[at]:.2g}.", None, at, sure[at])
            for at, name in enumerate(classes)
        ]
    if len(classes) > 2:
        return [plan for at, name in enumerate(classes) for plan in _of_class(at, name, high)]
    first, second = classes
    below, above = f"P({second}) below {low:g}", f"P({second}) above {high:g}"
    return [
        PanelPlan("true negatives", f"{_begun(first)}, and {below}.", 0, 0, 1 - low),
        PanelPlan("false negatives", f"{_begun(second)}, but {below}.", 1, 0, 1 - low),
        PanelPlan("false positives", f"{_begun(first)}, but {above}.", 0, 1, high),
        PanelPlan("true positives", f"{_begun(second)}, and {above}.", 1, 1, high),
    ]


def _of_class(at: int, name: str, high: float) -> list[PanelPlan]:
    right = PanelPlan(f"{name}: right", f"{_begun(name)}, and P({name}) above {high:g}.", at, at, high)
    wrong = f"{_begun(name)}, but P of another class above {high:g}."
    return [right, PanelPlan(f"{name}: wrong", wrong, at, None, high)]


def _begun(name: str) -> str:
    """Return the name of a class as a sentence begins with it: RRab stays what it is."""
    return name[:1].upper() + name[1:]


@dataclass
class PanelKeeper:
    """Keeps the samples of one panel.

    Parameters
    ----------
    plan : PanelPlan
        Who belongs to it.
    shown : int
        How many are kept.
    order : {"random", "surest"}
        Which of them.
    """

    plan: PanelPlan
    shown: int
    order: Order
    total: int = 0
    _kept: list[tuple[float, int, ExplainedSample | DrawnSample]] = field(default_factory=list)

    def members(
        self, labels: NDArray[np.int64], called: NDArray[np.int64], confidence: NDArray[np.floating]
    ) -> NDArray[np.bool_]:
        """Say which samples belong to the panel, shape (N,)."""
        plan = self.plan
        belongs: NDArray[np.bool_] = confidence > plan.confidence
        if plan.label is not None:
            belongs &= labels == plan.label
        belongs &= (called != plan.label) if plan.called is None else (called == plan.called)
        return belongs

    def wants(self, priority: float) -> bool:
        """Count a member, and say whether it would be kept."""
        self.total += 1
        return len(self._kept) < self.shown or (self.shown > 0 and priority > self._kept[0][0])

    def keep(self, priority: float, row: int, sample: ExplainedSample | DrawnSample) -> None:
        """Keep a member, in place of that of the lowest priority if there is no room."""
        push = heapq.heappush if len(self._kept) < self.shown else heapq.heapreplace
        push(self._kept, (priority, row, sample.detached()))

    def panel(self) -> Panel:
        """Return the panel; the surest first, or in the order of the set."""
        surest = self.order == "surest"
        kept = sorted(self._kept, key=lambda each: (-each[0], each[1]) if surest else (each[1],))
        return Panel(self.plan.title, self.plan.meaning, self.total, [sample for _, _, sample in kept])
