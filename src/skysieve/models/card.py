"""The model card: what a model is for, on what it was trained, and how well it does."""

from __future__ import annotations

from typing import Any

from skysieve.models.description import ModelDescription

__all__ = ["UNSTATED", "format_figure", "model_card"]

#: What stands in place of an account of the labels that nobody gave.
UNSTATED = "The origin of the labels is not stated."


def model_card(description: ModelDescription) -> str:
    """Return the card as Markdown; every figure in it comes from the description.

    Parameters
    ----------
    description : ModelDescription
        The model.

    Returns
    -------
    str
        Content of the model folder's ``README.md``.
    """
    parts = [
        f"# {description.name}\n\n{description.summary}",
        _input(description),
        _labels(description),
        _figures(description),
        _thresholds(description),
        _training(description),
        _use(description),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def format_figure(figure: Any) -> str:
    """Write a figure: a number, or a value with its interval.

    Examples
    --------
    >>> format_figure({"value": 0.98765, "low": 0.97, "high": 0.99})
    '0.9877 (0.9700 to 0.9900)'
    >>> format_figure(12)
    '12'
    """
    if isinstance(figure, dict) and "value" in figure:
        text = format_figure(figure["value"])
        if figure.get("low") is not None and figure.get("high") is not None:
            text += f" ({format_figure(figure['low'])} to {format_figure(figure['high'])})"
        return text
    return f"{figure:.4f}" if isinstance(figure, float) else f"{figure}"


def _input(description: ModelDescription) -> str:
    contract = description.contract
    rows = {
        "shape": f"{contract.shape} (channel, y, x), float32",
        "channels": ", ".join(contract.channels),
        "unit": contract.unit,
        "NaN": contract.nan,
        "smaller images": "filled up with NaN at bottom and right"
        if contract.smaller == "fill"
        else "refused",
        "surveys": ", ".join(contract.surveys) or "any",
        "inside the graph": ", ".join(step["step"] for step in description.preprocess) or "nothing",
    }
    outcome = f"the calibrated probability of the class `{description.classes[-1]}`"
    if len(description.classes) > 2:
        outcome = f"the calibrated probabilities of {', '.join(description.classes)}"
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return (
        f"## Input and output\n\n| | |\n|---|---|\n{table}\n\n"
        f"The model takes raw images and returns {outcome}."
    )


def _labels(description: ModelDescription) -> str:
    return f"## Labels\n\n{description.labels or UNSTATED}"


def _figures(description: ModelDescription) -> str:
    tables = []
    for split, figures in description.figures.items():
        rows = "\n".join(f"| {name} | {format_figure(value)} |" for name, value in figures.items())
        tables.append(f"### {split}\n\n| figure | value (95 % interval) |\n|---|---|\n{rows}")
    return "## Figures\n\n" + "\n\n".join(tables) if tables else ""


def _thresholds(description: ModelDescription) -> str:
    if not description.thresholds:
        return ""
    rows = "\n".join(
        f"| {threshold['value']:.4f} | {threshold['rule']} | {threshold['split']} |"
        for threshold in description.thresholds
    )
    return (
        "## Thresholds\n\nA score at or above the threshold counts as "
        f"`{description.classes[-1]}`.\n\n| threshold | rule | chosen on |\n|---|---|---|\n{rows}"
    )


def _training(description: ModelDescription) -> str:
    provenance = description.provenance
    rows = "\n".join(f"- {name}: {value}" for name, value in provenance.get("summary", {}).items())
    return f"## Training\n\n{rows}" if rows else ""


def _use(description: ModelDescription) -> str:
    limits = description.provenance.get("limits", "")
    what = "night/" if description.contract.channels == ("difference",) else "alerts/"
    text = f"## Use\n\n```\nskysieve score FOLDER {what} -o scores.parquet\nskysieve model check FOLDER\n```"
    return f"## Limits\n\n{limits}\n\n{text}" if limits else text
