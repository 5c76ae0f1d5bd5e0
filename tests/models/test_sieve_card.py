"""The card of a sieve: everything that its file says, in words, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from skysieve.models import InputContract, Model, ModelDescription, save_model
from skysieve.models.rebuild import build_network
from skysieve.models.sieve import Member, Sieve
from skysieve.models.sieve_card import sieve_card, sieve_card_markdown
from skysieve.models.sieve_save import write_sieve

torch.set_num_threads(1)
RATE = {"value": 0.97, "low": 0.95, "high": 0.99}
JUDGED = {
    "n": 1200,
    "n_groups": 1100,
    "night": {"streaks": 33000, "prevalence": 0.005},
    "rules": {"plausible": {"tpr": RATE, "fpr": {"value": None, "low": None, "high": None}}},
    "members": {
        "rb-2": {"roc_auc": RATE},
        "rb-1": {"roc_auc": {"value": 0.9981, "low": 0.997, "high": 0.999}},
    },
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    description = ModelDescription(
        name="rb",
        summary="Tells streaks from bogus.",
        classes=("bogus", "streak"),
        contract=InputContract((1, 24, 24), ("difference",), unit="grey level"),
        preprocess=[{"step": "nan-to-num"}, {"step": "unit-range"}],
        network={"name": "compact", "outputs": 1, "arguments": {"width": 4, "depth": 1}},
        calibration={"kind": "sigmoid"},
        provenance={"limits": "Made for one camera."},
    )
    return save_model(tmp_path_factory.mktemp("model"), build_network(description), description)


def write(folder: Path, model: Model, **changes: Any) -> Sieve:
    members = [Member("rb-1", "rb", model), Member("rb-2", "rb", model, threshold=0.25)]
    return write_sieve(folder, name="toy", members=members, rules={"plausible": {"any": "rb"}}, **changes)


def test_the_card_lies_beside_the_sieve_and_holds_what_it_says(model: Model, tmp_path: Path) -> None:
    sieve = write(
        tmp_path,
        model,
        summary="Finds asteroids.",
        labels="SIMULATED: truth of a simulator.",
        thresholds={"rb": 0.4},
        figures={"test": JUDGED},
        provenance={"thresholds": "FPR <= 0.005, chosen on validation"},
    )
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert card == sieve_card_markdown(sieve)
    size = (tmp_path / "rb-1" / "model.onnx").stat().st_size
    for text in (
        "# toy\n\nFinds asteroids.\n\n## Labels\n\nSIMULATED: truth of a simulator.",
        f"| rb-1 | rb | compact | {size / 1e3:.1f} kB | `{model.identity[:12]}` |",
        "- `plausible` (this one counts): some rb member >= its threshold",
        "Thresholds of the families: FPR <= 0.005, chosen on validation.",
        "| rb-1 | 0.4000 | given for its family |",
        "| rb-2 | 0.2500 | given for this member |",
        "### test\n\n1,200 samples in 1,100 groups. Purity is that of a night of 33,000 streaks, 0.500% plau",
        "| plausible | 0.9700 (0.9500 to 0.9900) | - | - | - |",
        "| rb-1 | 0.9981 (0.9970 to 0.9990) | - | - | - |\n| rb-2 | 0.9700 ",
        "## Limits\n\nMade for one camera.\n",
        "skysieve score FOLDER night/",
    ):
        assert text in card, text
    assert card.count("Made for one camera.") == 1


def test_how_thresholds_were_chosen_stands_in_one_line_a_rule(model: Model, tmp_path: Path) -> None:
    chosen = {"one-shot": "FPR 0.0031", "plausible": "FPR 0.0070"}
    write(tmp_path, model, provenance={"thresholds": chosen})
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    lines = "- `one-shot`: FPR 0.0031\n- `plausible`: FPR 0.0070"
    assert f"Thresholds of the families of each rule:\n\n{lines}\n\n|" in card


def test_what_a_sieve_does_not_say_stands_nowhere(model: Model, tmp_path: Path) -> None:
    write(tmp_path, model)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert card.startswith("# toy\n\n## Labels\n\nThe origin of the labels is not stated.\n")
    assert "## Figures" not in card
    assert "| rb-1 | 0.5000 | nobody chose it |" in card


def test_figures_of_any_kind_are_written(model: Model, tmp_path: Path) -> None:
    figures = {"nights of 2018": {"recall": RATE, "streaks": 210, "by": {"kind": {}}}}
    write(tmp_path, model, figures=figures)
    card = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "### nights of 2018\n\n| figure | value |\n| --- | --- |\n| recall | 0.9700 (0.95" in card
    assert "| streaks | 210 |\n\n## Limits" in card


def test_the_card_is_no_part_of_the_identity(model: Model, tmp_path: Path) -> None:
    sieve = write(tmp_path, model)
    (tmp_path / "README.md").write_text("My own words.", encoding="utf-8")
    assert Sieve.load(tmp_path).identity == sieve.identity


def test_a_report_discloses_labels_that_limit_the_figures(model: Model, tmp_path: Path) -> None:
    assert sieve_card(write(tmp_path / "a", model, labels="SIMULATED.")).label_disclosure == "SIMULATED."
    assert sieve_card(write(tmp_path / "b", model, labels="Three observers.")).label_disclosure == ""
    unstated = sieve_card(write(tmp_path / "c", model))
    assert unstated.label_disclosure == "The origin of the labels is not stated."
    assert unstated.contract["rule plausible"] == "some rb member >= its threshold"
