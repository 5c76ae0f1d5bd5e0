"""What a score means by the figures of the model itself, for the samples that they were measured on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from skysieve.service.database.tables import Scorer
from skysieve.service.judging.shares import Share, percent

__all__ = ["ModelMeaning", "at_share", "model_meaning", "model_threshold"]

#: Share of real ones for which a score is told, too: nights have far fewer than test samples.
RARE = 0.01
#: Calibrators that only turn logits into numbers between 0 and 1.
_UNCALIBRATED = ("", "sigmoid", "softmax")


@dataclass(frozen=True, slots=True)
class ModelMeaning:
    """What a score means by the model's figures.

    Parameters
    ----------
    source : {"model", "unknown"}
        Whether there are figures.
    precision : Share, optional
        Share of real ones among test samples that scored alike: the calibrated score itself.
    words : str
        For a page.
    """

    source: str
    precision: Share | None
    words: str


def model_meaning(scorer: Scorer, score: float) -> ModelMeaning:
    """Say what a headline score means by the figures of the model.

    Parameters
    ----------
    scorer : Scorer
        Who gave it.
    score : float
        The headline score.
    """
    description = scorer.description
    if scorer.is_sieve:
        rule = description["rules"][description["rule"]]["words"]
        words = (
            f"How nearly the rule is fulfilled ({rule}): the score of the member that decides. It is no "
            "probability, and the verdict of the rule says who passes."
        )
        return ModelMeaning("model", None, words)
    if len(description.get("classes", ())) > 2:
        words = (
            "The largest of the probabilities of the classes: how certain the model is of the likeliest one."
        )
        return ModelMeaning("model", None, words)
    share, samples = _test_share(description)
    if description.get("calibration", "") in _UNCALIBRATED or share is None:
        words = "A higher score is more likely real; how likely is not known: the model is not calibrated."
        return ModelMeaning("unknown", None, words)
    return _calibrated(description, score, share, samples)


def model_threshold(scorer: Scorer) -> tuple[Share | None, Share | None, str]:
    """Return precision and completeness at the threshold by the model's figures, and both in words."""
    figures = _test(scorer.description)
    if not scorer.is_sieve:
        precision, completeness = _share(figures.get("precision")), _share(figures.get("recall"))
        share, samples = _test_share(scorer.description)
        among = "" if share is None else f", of which {percent(share)} were real"
        where = f"By the model's own figures on {samples:,} test samples{among}: "
        precise = "" if precision is None else f"{_ranged(precision)} of those that passed were real. "
        return precision, completeness, _told(where, precise, completeness, "the real ones")
    rule = figures.get("rules", {}).get(scorer.description["rule"], {})
    precision, completeness = _share(rule.get("purity")), _share(rule.get("tpr"))
    prevalence = figures.get("night", {}).get("prevalence")
    where = f"By the sieve's own figures on {rule.get('n', 0):,} test samples: "
    precise = ""
    if precision is not None and prevalence:
        precise = (
            f"in a night with {percent(prevalence)} plausible ones, {_ranged(precision)} of those that pass "
            "would be so. "
        )
    return precision, completeness, _told(where, precise, completeness, "the plausible ones")


def at_share(score: float, share: float, other: float) -> float:
    """Return a calibrated score where real ones have another share than among the samples of calibration.

    Parameters
    ----------
    score : float
        Probability among samples of which ``share`` are real.
    share, other : float
        Shares, between 0 and 1.

    Examples
    --------
    >>> round(at_share(0.9, 0.5, 0.01), 3)
    0.083
    """
    real = score * other / share
    bogus = (1 - score) * (1 - other) / (1 - share)
    return real / (real + bogus)


def _calibrated(description: Mapping[str, Any], score: float, share: float, samples: int) -> ModelMeaning:
    error = _share(_test(description).get("ece"))
    width = 0.0 if error is None else error.value
    found = Share(score, max(0.0, score - width), min(1.0, score + width), 0)
    rare = [at_share(each, share, RARE) for each in (found.low, found.high)]
    words = (
        f"The score is calibrated: of the model's test samples that score alike, "
        f"{_between(found.low, found.high)} are real. {percent(share)} of those {samples:,} samples were "
        f"real; where 1 in {round(1 / RARE)} is, {_between(*rare)} of such candidates would be."
    )
    return ModelMeaning("model", found, words)


def _test(description: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the figures on the test split, or on the first that there is."""
    figures: Mapping[str, Mapping[str, Any]] = description.get("figures") or {}
    return figures.get("test") or next(iter(figures.values()), {})


def _test_share(description: Mapping[str, Any]) -> tuple[float | None, int]:
    """Return the share of real ones among the test samples, and how many samples there are."""
    figures, classes = _test(description), description.get("classes", ())
    samples = int(figures.get("samples", 0))
    real = figures.get(f"samples_{classes[1]}") if len(classes) == 2 else None
    share = None if real is None or not samples else real / samples
    return (share if share is not None and 0 < share < 1 else None), samples


def _share(figure: Any) -> Share | None:
    if isinstance(figure, Mapping) and isinstance(figure.get("value"), int | float):
        value = float(figure["value"])
        return Share(value, float(figure.get("low", value)), float(figure.get("high", value)))
    return None


def _between(low: float, high: float) -> str:
    """Write a range of shares; one that reaches none or all by its other end."""
    least, most = percent(low), percent(high)
    if least == most or (low == 0 and most.startswith("<")):
        return most
    if low == 0:
        return f"at most {most}"
    if high == 1:
        return least if least.startswith(">") else f"at least {least}"
    return f"{least} to {most}"


def _ranged(share: Share) -> str:
    return f"{percent(share.value)} ({percent(share.low)} to {percent(share.high)})"


def _told(where: str, precise: str, completeness: Share | None, whom: str) -> str:
    if not precise and completeness is None:
        return "Nothing is known of precision and completeness: the model came without figures."
    complete = "" if completeness is None else f"{_ranged(completeness)} of {whom} pass."
    text = f"{precise}{complete}".strip()
    return f"{where}{text}"
