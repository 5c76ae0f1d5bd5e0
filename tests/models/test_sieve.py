"""Sieves: written whole, opened only with the very models they name, scores the same whatever the batch."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from skysieve.errors import ConfigurationError, ContractError, ModelError
from skysieve.models import InputContract, Model, ModelDescription, save_model, shipped_models
from skysieve.models import sieve as sieve_module
from skysieve.models.model import DESCRIPTION
from skysieve.models.rebuild import build_network
from skysieve.models.sieve import BATCH, SIEVE, Member, Sieve, is_sieve, load_model_or_sieve, shipped_sieves
from skysieve.models.sieve_card import CARD
from skysieve.models.sieve_save import write_sieve

torch.set_num_threads(1)
CONTRACT = InputContract((1, 24, 24), ("difference",), unit="grey level")
RULES = {"plausible": {"all": [{"any": "rb"}, {"any": "sl"}]}, "one-shot": {"any": "os"}}


def save_member(folder: Path, seed: int, **changes: Any) -> Model:
    fields: dict[str, Any] = {
        "name": folder.name,
        "summary": "Tells streaks from bogus.",
        "classes": ("bogus", "streak"),
        "contract": CONTRACT,
        "preprocess": [{"step": "nan-to-num"}, {"step": "unit-range"}],
        "network": {"name": "compact", "outputs": 1, "arguments": {}},
        "calibration": {"kind": "sigmoid"},
    } | changes
    description = ModelDescription(**fields)
    torch.manual_seed(seed)
    return save_model(folder, build_network(description), description)


@pytest.fixture(scope="module")
def members(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Member]:
    place = tmp_path_factory.mktemp("models")
    threshold = [{"value": 0.3, "rule": "FPR <= 0.05", "split": "validation"}]
    changes: dict[str, dict[str, Any]] = {
        "rb-1": {"labels": "SIMULATED labels."},
        "rb-2": {"thresholds": threshold},
        "sl-1": {"thresholds": threshold},
        "os": {},
    }
    return {
        name: Member(name, name.partition("-")[0], save_member(place / name, seed, **changed))
        for seed, (name, changed) in enumerate(changes.items())
    }


@pytest.fixture
def sieve(members: dict[str, Member], tmp_path: Path) -> Sieve:
    return write_sieve(
        tmp_path / "toy", name="toy", members=list(members.values()), rules=RULES, thresholds={"rb": 0.4}
    )


@pytest.fixture
def images() -> np.ndarray[Any, np.dtype[np.float32]]:
    return np.random.default_rng(0).uniform(0, 255, (2 * BATCH + 5, 1, 24, 24)).astype(np.float32)


def test_a_sieve_comes_back_as_it_was_written(sieve: Sieve, members: dict[str, Member]) -> None:
    for place in (sieve.folder, sieve.folder / SIEVE):
        loaded = Sieve.load(place)
        assert loaded.description == sieve.description
        assert loaded.identity == sieve.identity
    assert sieve.families == {"rb": ("rb-1", "rb-2"), "sl": ("sl-1",), "os": ("os",)}
    assert [each.model.identity for each in sieve.members] == [
        each.model.identity for each in members.values()
    ]
    assert sieve.rule == "plausible"
    assert sieve.labels == "SIMULATED labels."


def test_a_sieve_is_whole_wherever_it_is_taken(sieve: Sieve, tmp_path: Path) -> None:
    moved = Path(shutil.move(sieve.folder, tmp_path / "elsewhere"))
    assert Sieve.load(moved).identity == sieve.identity
    assert {path.name for path in moved.iterdir()} == {SIEVE, CARD, "rb-1", "rb-2", "sl-1", "os"}


def test_models_below_a_sieve_stay_where_they_are(tmp_path: Path) -> None:
    model = save_member(tmp_path / "toy" / "run" / "model", 0)
    sieve = write_sieve(
        tmp_path / "toy", name="toy", members=[Member("a", "a", model)], rules={"r": {"any": "a"}}
    )
    assert sieve.description.members[0].model == "run/model"
    assert sorted(path.name for path in sieve.folder.iterdir()) == [CARD, "run", SIEVE]


def test_a_sieve_is_written_again_over_itself(sieve: Sieve, members: dict[str, Member]) -> None:
    fewer = [members["rb-1"], members["sl-1"]]
    again = write_sieve(sieve.folder, name="toy", members=fewer, rules={"plausible": RULES["plausible"]})
    assert again.identity != sieve.identity
    assert list(again.jury.thresholds) == ["rb-1", "sl-1"]


def test_scores_do_not_depend_on_the_batch(sieve: Sieve, images: np.ndarray[Any, Any]) -> None:
    whole = sieve.score(images)
    order = np.random.default_rng(1).permutation(len(images))[:40]
    shuffled = sieve.score(images[order])
    for member in sieve.members:
        assert whole[member.name].dtype == np.float32
        np.testing.assert_array_equal(shuffled[member.name], whole[member.name][order])
        np.testing.assert_allclose(member.model.predict(images), whole[member.name], atol=1e-6)
    assert sieve.score(images[:0])["os"].shape == (0,)


@pytest.mark.parametrize("threads", [2, 3, 9])
def test_members_side_by_side_score_the_same(
    sieve: Sieve, images: np.ndarray[Any, Any], threads: int
) -> None:
    alone = sieve.score(images)
    for name, scores in sieve.score(images, threads=threads).items():
        # Beyond one thread a member, a graph may sum in another order.
        tolerance = 0.0 if threads <= len(sieve.members) else 1e-6
        np.testing.assert_allclose(scores, alone[name], rtol=0, atol=tolerance)


@pytest.mark.parametrize("threads", [0, -1])
def test_less_than_one_thread_is_refused(sieve: Sieve, images: np.ndarray[Any, Any], threads: int) -> None:
    with pytest.raises(ConfigurationError, match=f"1 thread or more, found threads={threads}"):
        sieve.score(images, threads=threads)


def test_verdicts_are_those_of_the_rules(sieve: Sieve) -> None:
    scores = {
        "rb-1": np.array([0.4, 0.39, np.nan]),
        "rb-2": np.array([0.1, 0.1, 0.9]),
        "sl-1": np.array([0.3, 0.9, 0.29]),
        "os": np.array([0.5, 0.4, np.nan]),
    }
    verdicts = sieve.decide(scores)
    assert {name: column.tolist() for name, column in verdicts.items()} == {
        "plausible": [True, False, False],
        "one-shot": [True, False, False],
    }


def test_the_nearest_threshold_counts(members: dict[str, Member], tmp_path: Path) -> None:
    every = list(members.values())
    every[0] = Member("rb-1", "rb", every[0].model, threshold=0.9)
    rules = {"one-shot": {"any": "os"}}
    place = tmp_path / "toy"
    sieve = write_sieve(place, name="toy", members=every, rules=rules, thresholds={"rb": 0.4})
    found = {name: (each.value, each.origin) for name, each in sieve.thresholds.items()}
    assert found == {
        "rb-1": (0.9, "member"),
        "rb-2": (0.4, "family"),
        "sl-1": (0.3, "model"),
        "os": (0.5, "default"),
    }
    again = write_sieve(place, name="toy", members=every, rules=rules, threshold=0.6)
    assert again.thresholds["sl-1"] == sieve_module.MemberThreshold(0.6, "sieve")


def test_thresholds_and_rules_can_be_exchanged(members: dict[str, Member], sieve: Sieve) -> None:
    other = sieve.with_thresholds({"rb": 0.7, "rb-2": 0.8, "os": 0.1})
    values = {name: each.value for name, each in other.thresholds.items()}
    assert values == {"rb-1": 0.7, "rb-2": 0.8, "sl-1": 0.3, "os": 0.1}
    assert other.identity != sieve.identity
    assert other.with_thresholds({"rb": 0.2}).thresholds["rb-2"].value == 0.2
    for wrong in ({"rv": 0.5}, {"rb": 1.5}):
        with pytest.raises(ConfigurationError, match=r"did you mean 'rb|between 0 and 1"):
            sieve.with_thresholds(wrong)
    anyone = sieve.with_rules({"anyone": sieve.rules["one-shot"]})
    assert (anyone.rule, list(anyone.rules)) == ("anyone", ["anyone"])


def test_a_swapped_member_is_refused(sieve: Sieve) -> None:
    shutil.rmtree(sieve.folder / "rb-1")
    shutil.copytree(sieve.folder / "rb-2", sieve.folder / "rb-1")
    with pytest.raises(ModelError, match=r"the member 'rb-1' is the model .* holds .* write the sieve again"):
        Sieve.load(sieve.folder)


def test_a_damaged_member_is_refused(sieve: Sieve) -> None:
    (sieve.folder / "sl-1" / "README.md").write_text("changed")
    with pytest.raises(ModelError, match=r"member 'sl-1': .*README.md: has the SHA-256"):
        Sieve.load(sieve.folder)


def test_a_missing_member_is_refused(sieve: Sieve) -> None:
    shutil.rmtree(sieve.folder / "sl-1")
    with pytest.raises(ModelError, match="member 'sl-1': sl-1: is neither a model folder"):
        Sieve.load(sieve.folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda fields: fields.pop("members"), "is damaged"),
        (lambda fields: fields.update(format=99), "has format 99"),
        (lambda fields: fields.update(surprise=1), "is damaged"),
        (lambda fields: fields.update(members=[]), "has no members"),
        (lambda fields: fields.update(members=3), "is damaged"),
        (lambda fields: fields.update(rules={}), "has no rules"),
        (lambda fields: fields.update(rules=[1]), "is damaged"),
        (lambda fields: fields.update(rule="best"), "the sieve has one-shot, plausible"),
        (lambda fields: fields["rules"].update(plausible={"any": "rv"}), "rule 'plausible': .*mean 'rb'"),
        (lambda fields: fields["rules"].update(plausible={"eval": "rb"}), "is none of"),
        (lambda fields: fields["rules"].update(id={"any": "rb"}), "'id' names two things"),
        (lambda fields: fields["rules"].update({"a b": {"any": "rb"}}), "'a b' cannot name"),
        (lambda fields: fields["members"][0].update(name="rb"), "'rb' names two things"),
        (lambda fields: fields["members"][0].update(name=3), "3 cannot name"),
        (lambda fields: fields["members"][0].update(threshold=3), "between 0 and 1"),
        (lambda fields: fields.update(threshold="high"), "between 0 and 1"),
        (lambda fields: fields["thresholds"].update(rv=0.5), "the families are rb, sl, os"),
    ],
)
def test_a_contradictory_file_is_refused(sieve: Sieve, change: Any, message: str) -> None:
    fields = json.loads((sieve.folder / SIEVE).read_text())
    change(fields)
    (sieve.folder / SIEVE).write_text(json.dumps(fields))
    with pytest.raises(ModelError, match=message):
        Sieve.load(sieve.folder)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"sieve"', "\x00"])
def test_a_broken_file_is_refused(sieve: Sieve, text: str) -> None:
    (sieve.folder / SIEVE).write_text(text)
    with pytest.raises(ModelError, match=r"sieve\.json: is damaged"):
        Sieve.load(sieve.folder)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"contract": InputContract((1, 20, 20), ("difference",), unit="grey level")}, "of shape"),
        ({"contract": InputContract((1, 24, 24), ("science",), unit="grey level")}, "of channels"),
        ({"contract": InputContract((1, 24, 24), ("difference",))}, "of unit"),
        (
            {
                "classes": ("a", "b", "c"),
                "network": {"name": "compact", "outputs": 3, "arguments": {}},
                "calibration": {"kind": "softmax"},
            },
            "tells 3 classes apart",
        ),
    ],
)
def test_members_see_the_same_images(
    members: dict[str, Member], tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    other = Member("kd-1", "kd", save_member(tmp_path / "other", 1, **changes))
    with pytest.raises(ModelError, match=f"member 'kd-1' .*{message}"):
        write_sieve(tmp_path / "toy", name="toy", members=[members["os"], other], rules={"r": {"any": "os"}})
    assert not (tmp_path / "toy").exists()


def test_foreign_folders_are_left_alone(members: dict[str, Member], tmp_path: Path) -> None:
    (tmp_path / "toy" / "os").mkdir(parents=True)
    (tmp_path / "toy" / "os" / "notes.txt").write_text("mine")
    with pytest.raises(ModelError, match="is not a model folder"):
        write_sieve(tmp_path / "toy", name="toy", members=[members["os"]], rules={"r": {"any": "os"}})
    assert (tmp_path / "toy" / "os" / "notes.txt").read_text() == "mine"


def test_the_contract_is_checked(sieve: Sieve) -> None:
    with pytest.raises(ContractError, match="the model expects"):
        sieve.score(np.zeros((1, 1, 20, 20), dtype=np.float32))


def test_a_model_alone_is_a_sieve_of_one(members: dict[str, Member], images: np.ndarray[Any, Any]) -> None:
    model = members["rb-2"].model
    sieve = Sieve.of_model(model)
    scores = sieve.score(images)
    np.testing.assert_allclose(scores["score"], model.predict(images), atol=1e-6)
    np.testing.assert_array_equal(sieve.decide(scores)["passes"], scores["score"] >= np.float32(0.3))


def test_shipped_sieves_and_models_lie_side_by_side(
    sieve: Sieve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("skysieve.models.sieve.SHIPPED", tmp_path)
    monkeypatch.setattr("skysieve.models.model.SHIPPED", tmp_path)
    shutil.copytree(sieve.folder / "os", tmp_path / "lonely")
    assert shipped_sieves() == ["toy"]
    assert shipped_models() == ["lonely"]
    assert is_sieve("toy")
    assert not is_sieve("lonely")
    assert Sieve.load("toy").identity == sieve.identity
    assert isinstance(load_model_or_sieve("toy"), Sieve)
    assert isinstance(load_model_or_sieve("lonely"), Model)
    with pytest.raises(ModelError, match=r"neither a folder with a sieve.json nor a shipped sieve \(toy\)"):
        Sieve.load("none")
    assert not (tmp_path / "toy" / DESCRIPTION).exists()


def test_a_sieve_needs_no_torch(sieve: Sieve) -> None:
    script = (
        "import sys\n"
        "for name in ('torch', 'sklearn', 'scipy', 'matplotlib', 'h5py', 'onnx'):\n"
        "    sys.modules[name] = None\n"
        "import numpy as np\n"
        "from skysieve.models.sieve import Sieve\n"
        "images = np.ones((1, 1, 24, 24), dtype=np.float32)\n"
        f"print(Sieve.load({str(sieve.folder)!r}).score(images)['os'].shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "(1,)\n", done.stderr
