"""The model card: what a model is for, on what it was trained, and how well it does."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from skysieve.models.contract import InputContract
from skysieve.models.description import DISCLOSED, ModelDescription

if TYPE_CHECKING:
    from skysieve.evaluation.report_content import ModelCard
    from skysieve.models.model import Model

__all__ = [
    "PRECISION",
    "UNSTATED",
    "contract_rows",
    "disclosure",
    "format_figure",
    "model_card",
    "model_card_of",
]

#: Name of the figure that says in words how the precision depends on how common the classes are.
PRECISION = "precision_in_words"

#: Characters of a setting that a card still tells.
LONGEST_SETTING = 40

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
        _precision(description),
        _input(description),
        _labels(description),
        _figures(description),
        _thresholds(description),
        _training(description),
        _use(description),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def model_card_of(model: Model) -> ModelCard:
    """Return what a report says about a model itself."""
    from skysieve.evaluation.report_content import ModelCard

    description, provenance = model.description, model.description.provenance
    return ModelCard(
        name=description.name,
        identity=model.identity,
        recipe=description.recipe,
        summary=description.summary,
        contract=contract_rows(description.contract)
        | {"inside the graph": ", ".join(step["step"] for step in description.preprocess)},
        training_data=str(provenance.get("summary", {}).get("samples", "")),
        label_disclosure=disclosure(description.labels),
        limits=[provenance["limits"]] if provenance.get("limits") else (),
    )


def contract_rows(contract: InputContract) -> dict[str, str]:
    """Return what a model expects as the rows of a table.

    Examples
    --------
    >>> contract_rows(InputContract((1, 144, 144), ("difference",), unit="grey level"))["surveys"]
    'any'
    """
    axes = "channel, y, x" if contract.image else "step, feature" if contract.sequence else "feature"
    made = {"made of": _reading(contract)} if contract.reading else {}
    return made | {
        "shape": f"{contract.shape} ({axes}), float32",
        "channels" if contract.image else "features": ", ".join(contract.channels),
        "unit": contract.unit,
        "missing pixels" if contract.image else "missing values": contract.nan,
        "surveys": ", ".join(contract.surveys) or "any",
    }


def _reading(contract: InputContract) -> str:
    """Return in words how the input is made, its longest settings left to ``model.json``."""
    kind = contract.reading["kind"].replace("-", " ")
    told = {
        name: value
        for name, value in contract.reading.items()
        if name != "kind" and not (isinstance(value, Mapping) or len(str(value)) > LONGEST_SETTING)
    }
    words = ", ".join(f"{name} {value}" for name, value in told.items())
    return f"{_given(contract)}: {kind}" + (f" ({words})" if words else "")


def _given(contract: InputContract) -> str:
    """Return in words what a model is given."""
    if contract.reading:
        return "embedded frames" if contract.reading["kind"] == "frame-embeddings" else "light curves"
    return "images" if contract.image else "sequences" if contract.sequence else "features"


def disclosure(labels: str) -> str:
    """Return what has to stand beside every figure, given how the labels came about.

    Weak and simulated labels limit what a figure means; so do labels of which nothing is known.

    Examples
    --------
    >>> disclosure("SIMULATED labels"), disclosure("Two observers."), disclosure("")
    ('SIMULATED labels', '', 'The origin of the labels is not stated.')
    """
    if not labels:
        return UNSTATED
    return labels if labels.startswith(DISCLOSED) else ""


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
    filled = "filled up with NaN at bottom and right" if contract.smaller == "fill" else "refused"
    rows = contract_rows(contract) | ({"smaller images": filled} if contract.image else {})
    rows |= {
        "inside the graph": ", ".join(step["step"] for step in description.preprocess) or "nothing",
    }
    outcome = f"the calibrated probability of the class `{description.classes[-1]}`"
    if len(description.classes) > 2:
        outcome = f"the calibrated probabilities of {', '.join(description.classes)}"
    table = "\n".join(f"| {name} | {value} |" for name, value in rows.items())
    return (
        f"## Input and output\n\n| | |\n|---|---|\n{table}\n\n"
        f"The model takes raw {_given(contract)} and returns {outcome}."
    )


def _labels(description: ModelDescription) -> str:
    return f"## Labels\n\n{description.labels or UNSTATED}"


def _precision(description: ModelDescription) -> str:
    told = [figures[PRECISION] for figures in description.figures.values() if figures.get(PRECISION)]
    return "\n\n".join(f"> **How many that are called so are right.** {text}" for text in told)


def _figures(description: ModelDescription) -> str:
    tables = []
    for split, figures in description.figures.items():
        rows = "\n".join(
            f"| {name} | {format_figure(value)} |" for name, value in figures.items() if name != PRECISION
        )
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
    if description.contract.reading or not description.contract.image:
        what = "samples.parquet"
    text = f"## Use\n\n```\nskysieve score FOLDER {what} -o scores.parquet\nskysieve model check FOLDER\n```"
    return f"## Limits\n\n{limits}\n\n{text}" if limits else text
