"""The card of a model says what there is to say about its labels, always."""

from __future__ import annotations

import dataclasses

from skysieve.models import Model
from skysieve.models.card import PRECISION, UNSTATED, model_card, model_card_of


def test_the_origin_of_the_labels_is_never_passed_over() -> None:
    model = Model.load("braai-weak")
    stated = model.description.labels
    assert f"## Labels\n\n{stated}\n" in model_card(model.description)
    assert model_card_of(model).label_disclosure == stated
    model.description = dataclasses.replace(model.description, labels="")
    assert f"## Labels\n\n{UNSTATED}\n" in model_card(model.description)
    assert model_card_of(model).label_disclosure == UNSTATED
    model.description = dataclasses.replace(model.description, labels="Two observers.")
    assert model_card_of(model).label_disclosure == ""


def test_what_precision_means_stands_above_everything_but_the_summary() -> None:
    description = Model.load("braai-weak").description
    words = "Of 100 samples called real, 3 are right on the sky."
    told = dataclasses.replace(description, figures={"test": {"samples": 5, PRECISION: words}})
    card = model_card(told)
    assert card.index(description.summary) < card.index(words) < card.index("## Input")
    assert card.count(words) == 1
    assert "| samples | 5 |" in card
    assert PRECISION not in card
