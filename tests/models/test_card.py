"""The card of a model says what there is to say about its labels, always."""

from __future__ import annotations

import dataclasses

import pytest

from skysieve.models import InputContract, Model
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


@pytest.mark.parametrize(
    ("contract", "given"),
    [
        (InputContract((3, 9, 9), ("a", "b", "c")), "raw images"),
        (InputContract((2,), ("a", "b")), "raw features"),
        (InputContract((None, 2), ("a", "b")), "raw sequences"),
        (InputContract((None, 2), ("a", "b"), reading={"kind": "light-curve-steps"}), "raw light curves"),
        (InputContract((None, 2), ("a", "b"), reading={"kind": "frame-embeddings"}), "raw embedded frames"),
    ],
)
def test_the_card_says_what_a_model_is_given(contract: InputContract, given: str) -> None:
    description = dataclasses.replace(Model.load("braai-weak").description, contract=contract, preprocess=[])
    assert f"The model takes {given} and returns" in model_card(description)
