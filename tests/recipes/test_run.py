"""A recipe from samples to report: the test split teaches nothing, and a kill costs nothing."""

from __future__ import annotations

import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from skysieve.configuration import override
from skysieve.errors import ConfigurationError, ContractError, SampleSetError
from skysieve.models import Model, check_model
from skysieve.models.card import PRECISION
from skysieve.recipes.alert_samples import KNOWN_REAL, WEAK_LABEL, prepare_alert_samples
from skysieve.recipes.configuration import Configuration, EvaluationConfig, LabelConfig
from skysieve.recipes.cross_validation import cross_validate
from skysieve.recipes.evaluate import evaluate_model
from skysieve.recipes.judging import KNOWN_REAL_RECALL, WEAK_AUC
from skysieve.recipes.recipe import RECIPES
from skysieve.recipes.run import train_samples
from skysieve.recipes.split_samples import split_samples
from skysieve.samples import Description, SampleSet, TensorColumn
from skysieve.samples.findings import count_findings
from skysieve.sources.alerts.alert import Alert
from skysieve.sources.alerts.reading import read_alerts
from skysieve.sources.simulators.night import simulate_night
from skysieve.sources.simulators.packets import stamp_bytes

BRAAI = RECIPES.get("braai")
QUICK = {
    "network.arguments": {"width": 4, "dense": 16, "dropout": [0.0, 0.0, 0.0]},
    "training.epochs": 5,
    "training.learning_rate": 3e-3,
    "training.batch_size": 8,
    "training.threads": 1,
    "evaluation.replicates": 50,
    "splits": {"train": 0.5, "validation": 0.25, "test": 0.25},
}


@pytest.fixture(scope="module")
def samples() -> SampleSet:
    """Noise, with a star at the centre of science and difference where it is real."""
    n, rng = 240, np.random.default_rng(5)
    label = np.arange(n) % 2
    y, x = np.mgrid[:63, :63] - 31
    star = 200 * np.exp(-(x**2 + y**2) / 4)
    cutouts = rng.normal(0, 10, (n, 3, 63, 63))
    cutouts[:, 0] += 200 + label[:, None, None] * star
    cutouts[:, 2] += label[:, None, None] * star
    columns = {"id": np.arange(n), "group": np.arange(n), "label": label, "cutouts": cutouts}
    layout = TensorColumn((3, 63, 63), channels=("science", "template", "difference"))
    description = Description({"cutouts": layout}, ("bogus", "real"), label_origin="SIMULATED stars.")
    return SampleSet.from_columns(columns, description)


@pytest.fixture(scope="module")
def settings() -> Configuration:
    return override(BRAAI.configuration, QUICK)


def test_a_run_leaves_an_honest_model(samples: SampleSet, settings: Configuration, tmp_path: Path) -> None:
    run = train_samples(BRAAI, samples, tmp_path / "run", settings, progress=False)
    assert run.evaluation.metrics.roc_auc > 0.9
    assert [check.outcome for check in check_model(run.model)] == ["passed"] * 4
    description = run.model.description
    assert description.threshold is not None
    assert description.threshold["split"] == "validation"
    assert description.figures["test"]["samples"] == len(run.split.rows("test"))
    assert description.labels.startswith("SIMULATED")
    stored = pq.read_table(run.folder / "splits.parquet").to_pydict()
    assert stored["split"] == run.split.split.tolist()
    assert json.loads((run.folder / "evaluation.json").read_text())["figures"] == run.figures
    used = json.loads((run.folder / "model" / "model.json").read_text())["provenance"]["configuration"]
    assert used["training"]["epochs"] == 5
    # The graph that is shipped gives the scores that were judged.
    rows = run.split.rows("test")
    np.testing.assert_allclose(run.model.predict(run.split.images[rows]), run.scores[rows], atol=1e-4)
    assert "SIMULATED" in run.report.read_text()


def test_the_test_split_chooses_nothing(samples: SampleSet, settings: Configuration, tmp_path: Path) -> None:
    quick = override(settings, {"training.epochs": 2})
    first = train_samples(BRAAI, samples, tmp_path / "a", quick, progress=False)
    labels = samples.labels.copy()
    rows = first.split.rows("test")
    labels[rows] = 1 - labels[rows]
    split = {"split": first.split.split, "label": labels}
    second = train_samples(BRAAI, samples.with_columns(split), tmp_path / "b", quick, progress=False)
    assert second.model.description.thresholds == first.model.description.thresholds
    assert second.model.description.calibration == first.model.description.calibration
    np.testing.assert_array_equal(second.scores, first.scores)
    assert second.figures["roc_auc"]["value"] == pytest.approx(
        1 - first.figures["roc_auc"]["value"], abs=1e-6
    )


def test_training_starts_from_another_model(
    samples: SampleSet, settings: Configuration, tmp_path: Path
) -> None:
    first = train_samples(BRAAI, samples, tmp_path / "a", settings, progress=False)
    little = override(settings, {"training.epochs": 1, "training.learning_rate": 1e-9})
    second = train_samples(
        BRAAI, samples, tmp_path / "b", little, start=first.model.folder, name="second", progress=False
    )
    assert second.model.description.name == "second"
    assert second.model.description.provenance["started_from"] == first.model.identity
    seen = [run.model.description.provenance["seen_groups"] for run in (first, second)]
    assert seen[0] == sorted(set(seen[0])) == seen[1]
    assert second.evaluation.metrics.roc_auc == pytest.approx(first.evaluation.metrics.roc_auc, abs=0.02)
    with pytest.raises(ConfigurationError, match="is of another run: start was"):
        train_samples(BRAAI, samples, tmp_path / "b", little, progress=False)
    other = override(settings, {"preprocess": ["nan-to-num", "l2-per-row"]})
    with pytest.raises(ConfigurationError, match="cannot start from this model"):
        train_samples(BRAAI, samples, tmp_path / "c", other, start=first.model.folder, progress=False)


def test_an_ensemble_is_one_model(samples: SampleSet, settings: Configuration, tmp_path: Path) -> None:
    two = override(settings, {"network.members": 2, "training.epochs": 2})
    run = train_samples(BRAAI, samples, tmp_path / "run", two, progress=False)
    assert run.model.description.network["members"] == 2
    assert [check.outcome for check in check_model(run.model)] == ["passed"] * 4


def test_cross_validation_judges_every_sample_once(
    samples: SampleSet, settings: Configuration, tmp_path: Path
) -> None:
    three = override(settings, {"splits.folds": 3, "training.epochs": 4})
    found = cross_validate(BRAAI, samples, tmp_path / "folds", three, progress=False)
    assert np.isfinite(found.scores).all()
    tested = np.concatenate([run.split.rows("test") for run in found.runs])
    assert sorted(tested) == list(range(len(samples)))
    assert found.figures["roc_auc"].value > 0.85
    assert found.figures["recall"].value == pytest.approx(found.called[samples.labels == 1].mean())
    assert found.figures["precision"].value == pytest.approx(samples.labels[found.called].mean())
    assert found.precision.main.here.precision.value == pytest.approx(samples.labels[found.called].mean())
    told = json.loads(found.table.read_text())
    assert told[PRECISION] == found.precision.statement
    assert told[PRECISION].startswith("Of 100 samples called real, ")
    with pytest.raises(ConfigurationError, match=r"splits\.folds"):
        cross_validate(BRAAI, samples, tmp_path / "none", settings)


@pytest.mark.parametrize("classes", [("real", "bogus"), ("real", "spurious"), ("bogus", "real", "ghost")])
def test_other_classes_do_not_start(
    classes: tuple[str, ...], samples: SampleSet, settings: Configuration, tmp_path: Path
) -> None:
    other = samples.with_columns({}, classes=classes)
    message = f"have the classes {', '.join(classes)}.*expects bogus, real, in this order.*--classes"
    with pytest.raises(SampleSetError, match=message):
        train_samples(BRAAI, other, tmp_path / "run", settings)
    with pytest.raises(SampleSetError, match=message):
        cross_validate(BRAAI, other, tmp_path / "run", override(settings, {"splits.folds": 3}))
    assert not (tmp_path / "run").exists()


def test_dishonest_splits_do_not_start(samples: SampleSet, settings: Configuration, tmp_path: Path) -> None:
    split = np.resize(["train", "validation", "test"], len(samples))
    straddling = samples.with_columns({"split": split, "group": np.arange(len(samples)) // 2})
    with pytest.raises(SampleSetError, match="group-straddles-splits"):
        train_samples(BRAAI, straddling, tmp_path, settings)
    one_class = samples.select(samples.labels == 1)
    with pytest.raises(SampleSetError, match="no sample of the class bogus"):
        train_samples(BRAAI, one_class, tmp_path, settings)


def with_images(samples: SampleSet, images: np.ndarray, **columns: object) -> SampleSet:
    scalars = {name: samples.scalar(name) for name in samples.column_names if name != "cutouts"}
    return SampleSet.from_columns(scalars | columns | {"cutouts": images}, samples.description)


def test_images_without_a_pixel_do_not_stop_a_run(
    samples: SampleSet, settings: Configuration, tmp_path: Path
) -> None:
    images = samples.tensor("cutouts").copy()
    images[:12] = np.nan
    split = np.resize(["train", "validation", "test"], len(samples) // 2).repeat(2)
    group = np.arange(len(samples))
    group[:2] = group[10]
    spoilt = with_images(samples, images, split=split, group=group)
    made = split_samples(spoilt, BRAAI.contract, settings.splits, tmp_path)
    assert np.flatnonzero(~made.usable).tolist() == list(range(12))
    assert count_findings(made.findings) == {"all-nan-image": 36}
    assert made.made == "split of the sample set"
    images[20] = images[50] = images[12]
    with pytest.raises(SampleSetError, match=r"not honest: 1 findings.*duplicate-across-splits"):
        split_samples(with_images(spoilt, images), BRAAI.contract, settings.splits, tmp_path)


def test_names_of_splits_are_checked(samples: SampleSet, settings: Configuration, tmp_path: Path) -> None:
    split = np.resize(["train", "validation", "test", ""], len(samples) // 2).repeat(2)
    made = split_samples(samples.with_columns({"split": split}), BRAAI.contract, settings.splits, tmp_path)
    assert sum(len(made.rows(name)) for name in ("train", "validation", "test")) == (split != "").sum()
    strange = samples.with_columns({"split": np.where(split == "train", "Train", split)})
    with pytest.raises(SampleSetError, match="holds 'Train'; the splits are 'train'"):
        split_samples(strange, BRAAI.contract, settings.splits, tmp_path)
    three = override(settings, {"splits.folds": 3})
    with pytest.raises(SampleSetError, match="holds 'Train'; the splits are 'train'"):
        cross_validate(BRAAI, strange, tmp_path, three)


def test_cross_validation_keeps_folds_and_the_test_split(
    samples: SampleSet, settings: Configuration, tmp_path: Path
) -> None:
    three = override(settings, {"splits.folds": 3, "training.epochs": 1})
    images = samples.tensor("cutouts").copy()
    images[:2] = np.nan
    split = np.where(np.arange(len(samples)) < 200, "train", "test")
    fold = np.arange(len(samples)) // 2 % 3
    own = with_images(samples, images, split=split, fold=fold)
    found = cross_validate(BRAAI, own, tmp_path / "folds", three, progress=False)
    for number, run in enumerate(found.runs):
        assert run.split.rows("test").tolist() == [row for row in range(2, 200) if fold[row] == number]
        assert max(run.split.rows("train").max(), run.split.rows("validation").max()) < 200
    assert np.flatnonzero(np.isfinite(found.scores)).tolist() == list(range(2, 200))
    assert found.figures["fpr"].value == pytest.approx(found.called[2:200:2].mean())
    (finding,) = found.findings
    assert finding.reason.startswith("40 of 240 samples are left out")
    assert "left-out" in found.runs[0].report.read_text()
    four = override(three, {"splits.folds": 4})
    with pytest.raises(ConfigurationError, match=r"'fold' .* holds 0, 1, 2; splits\.folds=4 expects"):
        cross_validate(BRAAI, own, tmp_path / "four", four)


KILLED_RUN = """
import sys
from pathlib import Path
from skysieve.configuration import override
from skysieve.recipes.recipe import RECIPES
from skysieve.recipes.run import train_recipe
recipe = RECIPES.get("braai")
settings = override(recipe.configuration, {quick!r})
train_recipe(recipe, [sys.argv[1]], sys.argv[2], settings, progress=False)
"""


def test_a_killed_run_ends_as_one_that_was_not(samples: SampleSet, tmp_path: Path) -> None:
    path = samples.write(tmp_path / "samples.parquet")
    script = tmp_path / "train.py"
    script.write_text(KILLED_RUN.format(quick=QUICK))

    def start(folder: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen([sys.executable, script, path, tmp_path / folder])

    assert start("whole").wait(300) == 0
    killed = start("killed")
    history = tmp_path / "killed" / "training" / "member_0" / "history.csv"
    deadline = time.monotonic() + 120
    while (
        not (history.exists() and len(history.read_text().splitlines()) > 2) and time.monotonic() < deadline
    ):
        time.sleep(0.01)
    os.kill(killed.pid, signal.SIGKILL)
    killed.wait(60)
    assert not (tmp_path / "killed" / "model").exists(), "the run was over before it could be killed"
    assert start("killed").wait(300) == 0
    for name in ("model.json", "weights.safetensors", "model.onnx", "README.md"):
        one, other = (tmp_path / folder / "model" / name for folder in ("whole", "killed"))
        assert one.read_bytes() == other.read_bytes(), name


def test_labels_of_a_table_are_joined_by_candid(tmp_path: Path) -> None:
    night = simulate_night(tmp_path / "night", n=12, seed=2, bad_packets=True)
    labels = LabelConfig(table=str(night.truth), column="label")
    samples = prepare_alert_samples([night.packets], labels, BRAAI.contract, classes=("bogus", "real"))
    with night.truth.open() as file:
        truth = {row["candid"]: int(row["label"]) for row in csv.DictReader(file) if row["label"]}
    assert {
        str(key): label for key, label in zip(samples.ids, samples.labels, strict=True) if label >= 0
    } == {key: truth[key] for key in map(str, samples.ids) if key in truth}
    assert len(samples.findings) >= 9
    labelled = (samples.labels >= 0).sum()
    assert samples.description.label_origin == (
        f"Labels of the table {night.truth.name}, which has one for {labelled} of {len(samples)} samples."
    )
    with pytest.raises(ConfigurationError, match="no column 'verdict'"):
        prepare_alert_samples(
            [night.packets], replace(labels, column="verdict"), BRAAI.contract, classes=("bogus", "real")
        )
    with pytest.raises(SampleSetError, match=r"no labels.*labels\.table"):
        prepare_alert_samples([night.packets], LabelConfig(), BRAAI.contract, classes=("bogus", "real"))


def label_table(path: Path, rows: str) -> LabelConfig:
    path.write_text("candid,label\n" + rows)
    return LabelConfig(table=str(path), column="label")


def test_a_table_may_not_contradict_itself(samples: SampleSet, tmp_path: Path) -> None:
    unlabelled = samples.with_columns({"label": [None] * len(samples)}).write(tmp_path / "s.parquet")
    same = label_table(tmp_path / "a.csv", "3,1\n3,1\n4,0\n900,1\n800,0\n5,\n")
    found = prepare_alert_samples([unlabelled], same, BRAAI.contract, classes=("bogus", "real"))
    assert found.labels[[3, 4, 5]].tolist() == [1, 0, -1]
    (finding,) = found.findings
    assert (finding.kind, finding.severity) == ("label-without-sample", "warning")
    assert finding.reason == "2 of 4 labels belong to no sample, one of candid 800"
    assert "has one for 2 of 240 samples" in found.description.label_origin
    other = label_table(tmp_path / "b.csv", "3,1\n4,0\n3,0\n")
    with pytest.raises(SampleSetError, match=r"b\.csv: candid 3 is labelled both real and bogus"):
        prepare_alert_samples([unlabelled], other, BRAAI.contract, classes=("bogus", "real"))


def test_labels_that_would_not_be_used_are_refused(samples: SampleSet, tmp_path: Path) -> None:
    path = samples.write(tmp_path / "s.parquet")
    with pytest.raises(ConfigurationError, match=r"have labels already, labels\.table=none\.csv"):
        prepare_alert_samples([path], LabelConfig(table="none.csv"), BRAAI.contract, classes=samples.classes)


def test_the_magnitude_is_the_one_that_is_named(samples: SampleSet, tmp_path: Path) -> None:
    path = samples.with_columns({"mag": 20 + np.arange(len(samples)) / 1000}).write(tmp_path / "s.parquet")
    model = Model.load("braai-weak")
    named = evaluate_model(model, [path], tmp_path / "a", settings=EvaluationConfig("mag", replicates=20))
    assert named.evaluation.completeness is not None
    assert named.evaluation.completeness.column == "mag"
    assert not named.findings
    assert re.search(r"· mag 20\.\d", named.report.read_text())
    absent = evaluate_model(model, [path], tmp_path / "b", settings=EvaluationConfig("nosuch", replicates=20))
    assert [(finding.item, finding.kind) for finding in absent.findings] == [
        ("nosuch", "magnitude-column-absent")
    ]
    assert "magnitude-column-absent" in absent.report.read_text()


def test_evaluating_refuses_other_channels(
    samples: SampleSet, settings: Configuration, tmp_path: Path
) -> None:
    quick = override(settings, {"training.epochs": 1})
    run = train_samples(BRAAI, samples, tmp_path / "run", quick, progress=False)
    found = evaluate_model(run.model, [samples.write(tmp_path / "s.parquet")], tmp_path / "judged")
    assert found.figures["samples"] == len(samples)
    assert found.report.is_file()
    learned = len(run.split.rows("train")) + len(run.split.rows("validation"))
    assert found.figures["samples_seen_in_training"] == learned
    assert [finding.kind for finding in found.findings] == ["seen-in-training", "magnitude-column-absent"]
    assert f"{learned} of {len(samples)} samples are of groups" in found.report.read_text()
    tested = evaluate_model(run.model, [tmp_path / "s.parquet"], tmp_path / "tested", split="test")
    assert tested.figures["samples"] == run.figures["samples"]
    assert tested.figures["samples_seen_in_training"] == 0
    assert [finding.kind for finding in tested.findings] == ["magnitude-column-absent"]
    assert tested.figures["roc_auc"]["value"] == pytest.approx(run.figures["roc_auc"]["value"], abs=1e-4)
    layout = samples.description.tensors["cutouts"]
    swapped = SampleSet(
        samples.select(np.arange(len(samples)))._source,
        replace(
            samples.description,
            tensors={"cutouts": replace(layout, channels=("template", "science", "difference"))},
        ),
    )
    with pytest.raises(ContractError, match="in this order"):
        evaluate_model(run.model, [swapped.write(tmp_path / "w.parquet")], tmp_path / "judged")


def test_labels_of_a_column_that_the_packets_call_label(tmp_path: Path) -> None:
    night = simulate_night(tmp_path / "night", n=4, seed=2)
    alerts = [alert for alert in read_alerts([night.packets]) if isinstance(alert, Alert)]
    columns = {
        "candid": [alert.candid for alert in alerts],
        "objectId": [alert.object_id for alert in alerts],
        "label": ["real", "bogus", None, "real"],
    }
    names = ("cutoutScience", "cutoutTemplate", "cutoutDifference")
    for channel, name in enumerate(names):
        columns[name] = [stamp_bytes(alert.cutouts[channel]) for alert in alerts]
    pq.write_table(pa.table(columns), tmp_path / "alerts.parquet")
    labels = LabelConfig(column="label")
    samples = prepare_alert_samples(
        [tmp_path / "alerts.parquet"], labels, BRAAI.contract, classes=("bogus", "real")
    )
    assert samples.labels.tolist() == [1, 0, -1, 1]


@pytest.mark.realdata
def test_weak_labels_of_the_real_alerts(real_data: Path) -> None:
    samples = BRAAI.prepare([real_data / "ztf_alerts.parquet"], BRAAI.configuration)
    weak = samples.scalar(WEAK_LABEL)
    known = samples.scalar(KNOWN_REAL).astype(bool)
    assert [(weak == label).sum() for label in (0, 1, -1)] == [382, 350, 144]
    assert known.sum() == 204
    assert (samples.labels[known] == 1).all()
    assert samples.description.label_origin.startswith("WEAK")


@pytest.mark.realdata
@pytest.mark.slow
def test_training_on_the_real_alerts_reports_weak_labels(real_data: Path, tmp_path: Path) -> None:
    quick = override(BRAAI.configuration, QUICK | {"training.epochs": 2})
    samples = BRAAI.prepare([real_data / "ztf_alerts.parquet"], quick)
    run = train_samples(BRAAI, samples, tmp_path / "run", quick, progress=False)
    assert {KNOWN_REAL_RECALL, WEAK_AUC} <= run.figures.keys()
    assert "WEAK LABELS" in run.report.read_text()
    assert "WEAK LABELS" in (run.model.folder / "README.md").read_text()
