"""Model folders: loaded as they were saved, refused when anything in them was changed."""

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
from skysieve.models import InputContract, Model, ModelDescription, check_model, save_model
from skysieve.models.check import TOLERANCE, probe_images
from skysieve.models.model import CARD, DESCRIPTION, GRAPH, WEIGHTS
from skysieve.models.rebuild import build_network, build_vetter
from skysieve.models.training_quantiles import LEVELS, training_quantiles

CONTRACT = InputContract((2, 20, 20), ("science", "difference"), surveys=("ZTF",))


def describe(**changes: Any) -> ModelDescription:
    fields: dict[str, Any] = {
        "name": "toy",
        "summary": "Tells toys from toys.",
        "classes": ("bogus", "real"),
        "contract": CONTRACT,
        "preprocess": [{"step": "fill-masked", "value": 0.0, "limit": 1e30}, {"step": "l2-per-cutout"}],
        "network": {"name": "compact", "outputs": 1, "arguments": {}},
        "calibration": {"kind": "temperature", "temperature": 1.5, "bias": 0.2},
        "thresholds": [{"value": 0.4, "rule": "FPR <= 0.05", "split": "validation"}],
        "figures": {"test": {"roc_auc": {"value": 0.9, "low": 0.8, "high": 1.0}, "samples": 10}},
        "labels": "WEAK LABELS of nobody.",
        "provenance": {"limits": "None known.", "summary": {"recipe": "toy"}},
    } | changes
    return ModelDescription(**fields)


def network_for(description: ModelDescription, seed: int = 0) -> Any:
    torch.manual_seed(seed)
    return build_network(description)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Model:
    description = describe()
    return save_model(tmp_path_factory.mktemp("models") / "toy", network_for(description), description)


@pytest.fixture
def folder(saved: Model, tmp_path: Path) -> Path:
    return Path(shutil.copytree(saved.folder, tmp_path / "copy"))


def test_a_saved_model_passes_every_check(saved: Model) -> None:
    assert [check.outcome for check in check_model(saved)] == ["passed"] * 4
    assert {path.name for path in saved.folder.iterdir()} == {DESCRIPTION, WEIGHTS, GRAPH, CARD}


def test_a_steep_calibration_passes_every_check(tmp_path: Path) -> None:
    uncalibrated = describe(calibration={"kind": "sigmoid"})
    network = network_for(uncalibrated)
    probes = torch.from_numpy(probe_images(CONTRACT.shape))
    with torch.inference_mode():
        middle = float(build_vetter(uncalibrated, network).logits(probes).median())
    knots = [middle - 1e-5, middle, middle + 1e-5]
    steep = describe(calibration={"kind": "isotonic", "knots": knots, "values": [0.0, 0.5, 1.0]})
    model = save_model(tmp_path / "steep", network, steep)
    assert [check.outcome for check in check_model(model)] == ["passed"] * 4


def test_the_description_comes_back(saved: Model) -> None:
    loaded = Model.load(saved.folder)
    assert loaded.description == saved.description
    assert loaded.identity == saved.identity
    assert loaded.description.contract == CONTRACT


def test_equal_models_have_equal_identities(saved: Model, tmp_path: Path) -> None:
    description = describe()
    again = save_model(tmp_path / "again", network_for(description), description)
    other = save_model(tmp_path / "other", network_for(description, seed=1), description)
    assert again.identity == saved.identity
    assert other.identity != saved.identity


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("classes", [("bogus", "real"), ("a", "b", "c")])
def test_graph_and_network_agree(tmp_path: Path, classes: tuple[str, ...], members: int) -> None:
    outputs = 1 if len(classes) == 2 else len(classes)
    kind = {"kind": "sigmoid"} if outputs == 1 else {"kind": "softmax"}
    network = {"name": "compact", "outputs": outputs, "arguments": {}, "members": members}
    description = describe(classes=classes, network=network, calibration=kind, thresholds=[])
    model = save_model(tmp_path / "model", network_for(description), description)
    images = probe_images(CONTRACT.shape)
    rebuilt = build_vetter(model.description, build_network(model.description, model.folder / WEIGHTS))
    with torch.inference_mode():
        expected = rebuilt(torch.from_numpy(images)).numpy()
    scores = model.predict(images)
    assert scores.shape == ((len(images),) if outputs == 1 else (len(images), 3))
    np.testing.assert_allclose(scores, expected, atol=TOLERANCE)


@pytest.mark.parametrize("name", [WEIGHTS, GRAPH, CARD])
def test_a_changed_file_is_named(folder: Path, name: str) -> None:
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(ModelError, match=f"{name}: has the SHA-256"):
        Model.load(folder)


@pytest.mark.parametrize("name", [WEIGHTS, GRAPH, CARD])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(ModelError, match=f"the file {name} is missing"):
        Model.load(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda fields: fields.pop("contract"), "is damaged"),
        (lambda fields: fields.update(format=99), "has format 99"),
        (lambda fields: fields.update(surprise=1), "is damaged"),
        (lambda fields: fields["files"].pop(GRAPH), f"no hash of {GRAPH}"),
        (lambda fields: fields["files"].update({"../secret": "0"}), "outside of the folder"),
        (lambda fields: fields["contract"].update(channels=["one"]), "is damaged"),
    ],
)
def test_a_changed_description_is_refused(folder: Path, change: Any, message: str) -> None:
    fields = json.loads((folder / DESCRIPTION).read_text())
    change(fields)
    (folder / DESCRIPTION).write_text(json.dumps(fields))
    with pytest.raises(ModelError, match=message):
        Model.load(folder)


def test_a_graph_for_another_shape_fails_the_check(folder: Path) -> None:
    fields = json.loads((folder / DESCRIPTION).read_text())
    fields["contract"]["shape"] = [2, 30, 30]
    (folder / DESCRIPTION).write_text(json.dumps(fields))
    outcomes = {check.name: check for check in check_model(Model.load(folder))}
    assert outcomes["contract"].outcome == "failed"
    assert "the contract says cutouts (2, 30, 30)" in outcomes["contract"].detail


def test_weights_that_are_not_those_of_the_graph_fail_the_check(folder: Path, tmp_path: Path) -> None:
    description = describe()
    other = save_model(tmp_path / "other", network_for(description, seed=1), description)
    shutil.copy(other.folder / WEIGHTS, folder / WEIGHTS)
    fields = json.loads((folder / DESCRIPTION).read_text())
    fields["files"][WEIGHTS] = other.description.files[WEIGHTS]
    (folder / DESCRIPTION).write_text(json.dumps(fields))
    outcomes = {check.name: check for check in check_model(Model.load(folder))}
    assert outcomes["agreement"].outcome == "failed"
    assert "ONNX and PyTorch differ by" in outcomes["agreement"].detail


def test_what_is_no_model_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="neither a model folder nor a shipped model"):
        Model.load("no-such-model")
    with pytest.raises(ModelError, match=r"has no readable model\.json"):
        Model.load(tmp_path)
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(ModelError, match="is not a model folder"):
        save_model(tmp_path, network_for(describe()), describe())
    assert (tmp_path / "notes.txt").read_text() == "mine"


def test_the_contract_is_checked_on_every_batch(saved: Model) -> None:
    with pytest.raises(ContractError, match=r"found images of shape \(2, 20, 21\), the model expects"):
        saved.predict(np.zeros((1, 2, 20, 21), dtype=np.float32))
    with pytest.raises(ContractError, match="float64, the model expects float32"):
        saved.predict(np.zeros((1, 2, 20, 20)))  # type: ignore[arg-type]
    with pytest.raises(ContractError, match="in this order"):
        CONTRACT.check_channels(("difference", "science"))
    assert saved.predict(np.zeros((0, 2, 20, 20), dtype=np.float32)).shape == (0,)


def test_scores_do_not_depend_on_the_batch(saved: Model) -> None:
    images = probe_images(CONTRACT.shape, n=150)
    together = saved.predict(images)
    np.testing.assert_allclose(together, [saved.predict(image[None])[0] for image in images], atol=1e-6)


@pytest.mark.parametrize(
    ("engine", "precision", "tolerance"), [("openvino", "float32", 1e-5), ("openvino", "bfloat16", 0.05)]
)
def test_other_engines_give_the_same_scores(
    saved: Model, engine: str, precision: str, tolerance: float
) -> None:
    images = probe_images(CONTRACT.shape)
    loaded = saved.engine(engine=engine, precision=precision)
    assert loaded.precision == precision
    np.testing.assert_allclose(saved.predict(images, loaded), saved.predict(images), atol=tolerance)


def test_engines_refuse_what_they_cannot_do(saved: Model) -> None:
    with pytest.raises(ConfigurationError, match="onnxruntime computes in float32"):
        saved.engine(precision="bfloat16")
    with pytest.raises(ConfigurationError, match="openvino computes in"):
        saved.engine(engine="openvino", precision="int3")


def test_the_card_says_what_a_user_must_know(saved: Model) -> None:
    card = (saved.folder / CARD).read_text()
    for text in (
        "Tells toys",
        "science, difference",
        "WEAK LABELS",
        "0.9000 (0.8000 to 1.0000)",
        "FPR <= 0.05",
        "None known.",
    ):
        assert text in card


def test_scoring_needs_no_torch(saved: Model) -> None:
    script = (
        "import sys\n"
        "for name in ('torch', 'sklearn', 'scipy', 'matplotlib', 'h5py', 'onnx'):\n"
        "    sys.modules[name] = None\n"
        "import numpy as np\n"
        "import skysieve.scoring.score\n"
        "from skysieve.models import Model\n"
        f"print(Model.load({str(saved.folder)!r}).predict(np.ones((1, 2, 20, 20), dtype=np.float32)).shape)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.stdout == "(1,)\n", done.stderr


def test_quantiles_of_channels() -> None:
    rng = np.random.default_rng(0)
    images = rng.normal(100, 5, (400, 2, 20, 20)).astype(np.float32)
    images[:40, 1] = np.nan
    images[0, 0, 0, 0] = np.finfo(np.float32).min
    found = training_quantiles(images, ("science", "difference"), np.linspace(0, 1, 400))
    middle = LEVELS.index(0.5)
    assert found["science"]["median"][middle] == pytest.approx(100, abs=0.5)
    assert found["difference"]["spread"][middle] == pytest.approx(5, abs=0.3)
    assert found["difference"]["unmeasured"][-1] == 1
    assert found["science"]["unmeasured"][middle] == 0
    assert found["score"][middle] == pytest.approx(0.5)
    empty = training_quantiles(np.full((3, 1, 2, 2), np.nan, np.float32), ("a",), np.ones(3))
    assert empty["a"]["median"] == [None] * len(LEVELS)
