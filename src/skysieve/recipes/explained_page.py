"""What the gallery says of a network: facts, figures, and how its pictures are to be read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from skysieve.configuration import as_dict
from skysieve.evaluation.attributed_curves import CURVE_LEGEND, FRAMES_LEGEND
from skysieve.evaluation.explanation_page import IMAGE_CAUTION, IMAGE_READING, UNCHECKED, ExplanationContent
from skysieve.recipes.explain_configuration import SanityConfig
from skysieve.recipes.explained_batches import Explained, ExplainPlan
from skysieve.recipes.explained_labels import disclosed
from skysieve.recipes.explanation_figures import ExplanationFigures, mask_rows, similarity_rows
from skysieve.samples.findings import Finding

__all__ = ["network_content"]


@dataclass(frozen=True)
class Words:
    """How a page calls things.

    Parameters
    ----------
    places : str
        What an attribution is of.
    reading, caution, unchecked : str
        As of `ExplanationContent`.
    unmoved : str
        What it means if a randomised network gives the same.
    bar : bool
        Whether pictures need a scale of colours.
    """

    places: str
    reading: str
    caution: str
    unchecked: str
    unmoved: str
    bar: bool = True


_OF_SEQUENCES = (
    "Colours say where this network was sensitive in this {thing}. They do not say why, nor that the score "
    "would hold if only these {places} were left: a network that reads one {place} after another needs the "
    "others to make something of it. Pictures of wrong calls look as convincing as those of right ones, and "
    "a few chosen samples prove nothing about the rest."
)
_SCALE = (
    "Each picture is about the class that is named below it, and its colours run up to the value at its bar, "
    "which 1 {place} in 200 exceeds: they can be compared within a picture, not between two."
)
_UNCHECKED = (
    "Without a comparison with a randomised network (--sanity) nothing on this page says how far to trust "
    "them."
)
_UNMOVED = "An attribution that stays the same shows the {thing} and not what the network has learned."


def _words(places: str, place: str, thing: str, legend: str) -> Words:
    return Words(
        places,
        f"{legend} {_SCALE.format(place=place)}",
        _OF_SEQUENCES.format(thing=thing, places=places, place=place),
        _UNCHECKED,
        _UNMOVED.format(thing=thing),
    )


WORDS = {
    "images": Words(
        "pixels",
        IMAGE_READING,
        IMAGE_CAUTION,
        UNCHECKED,
        "A map that stays the same shows the image and not what the network has learned.",
    ),
    "curves": _words("points", "point", "light curve", CURVE_LEGEND),
    "frames": replace(_words("frames", "frame", "sequence", FRAMES_LEGEND), reading=FRAMES_LEGEND, bar=False),
}


def _kind(plan: ExplainPlan) -> str:
    return "curves" if plan.explained.model.description.contract.reading else "frames"


def network_content(
    plan: ExplainPlan,
    found: Explained,
    figures: ExplanationFigures,
    source: str,
    findings: tuple[Finding, ...],
) -> ExplanationContent:
    """Return what the page shows of samples that a network was explained on."""
    model, config = plan.explained.model, plan.config
    columns, rows = mask_rows(figures)
    words = WORDS["images" if model.description.contract.image else _kind(plan)]
    return ExplanationContent(
        title=f"What {model.description.name} looked at",
        facts={
            "samples": f"{len(plan.rows):,} of {source}",
            "method": found.method["name"],
            "activation": str(found.method.get("activation", "")),
            "baseline": str(found.method.get("baseline", "")),
            "maps for": "the class that is called" if config.target == "predicted" else config.target,
            "identity": model.identity[:12],
        },
        method_text=plan.explainer.reading,
        signed=plan.explainer.signed,
        unit=plan.explainer.unit,
        score_of=model.description.classes[1] if len(plan.classes) == 2 else "the class that is called",
        channels=model.description.contract.channels,
        panels=[keeper.panel() for keeper in found.keepers],
        notes=[f"{finding.reason[0].upper()}{finding.reason[1:]}." for finding in findings],
        columns=columns,
        figures=rows,
        figures_text=_masks_text(figures),
        similarity=similarity_rows(figures, words.places),
        similarity_text=_similarity_text(figures, config.sanity, words),
        provenance=_provenance(plan, found),
        disclosure=disclosed(plan.samples, plan.labels, plan.rows),
        reading_text=words.reading,
        caution=words.caution,
        unchecked=words.unchecked,
        score_bar=words.bar,
    )


def _masks_text(figures: ExplanationFigures) -> str:
    text = (
        f"{figures.masks:,} samples have a mask. Means over them, with 95 % intervals by bootstrap over "
        "groups; by chance: what a map drawn at random would reach."
    )
    if not figures.randomised:
        return text
    return (
        f"{text} The gap is that between this network and the randomised ones on the same "
        f"{figures.compared:,} samples: what a map owes to learning, and not to bright pixels."
    )


def _similarity_text(figures: ExplanationFigures, sanity: SanityConfig, words: Words) -> str:
    networks = "a network" if sanity.networks == 1 else f"{sanity.networks} networks"
    return (
        f"{figures.compared:,} samples, drawn at random, were explained again by {networks} with the same "
        f"weights in random order, for the same class. {words.unmoved}"
    )


def _provenance(plan: ExplainPlan, found: Explained) -> dict[str, Mapping[str, Any]]:
    model = plan.explained.model
    settings = {name: value for name, value in as_dict(plan.config).items() if name != "sanity"}
    tables: dict[str, Mapping[str, Any]] = {
        "model": {
            "name": model.description.name,
            "identity": model.identity,
            "network": model.description.network.get("name", ""),
            "labels": plan.samples.description.label_origin,
        },
        "method": found.method,
        "settings": settings,
    }
    return tables | ({"sanity": as_dict(plan.config)["sanity"]} if plan.sanity else {})
