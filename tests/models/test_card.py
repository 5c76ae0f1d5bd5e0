"""The card of a model says what there is to say about its labels, always."""

from __future__ import annotations

import dataclasses

from skysieve.models import Model
from skysieve.models.card import UNSTATED, model_card, model_card_of


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
