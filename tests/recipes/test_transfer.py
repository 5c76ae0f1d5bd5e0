"""The transfer curve: honest draws, every strategy beside scratch, and a killed curve goes on."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.models.model import Model
from skysieve.recipes import transfer as transfer_module
from skysieve.recipes.transfer import TransferCurve, transfer_curve
from skysieve.recipes.transfer_configuration import TransferConfig
from skysieve.recipes.transfer_draws import check_division, draw_rows, target_samples
from skysieve.samples import SampleSet

Blobs = Callable[..., SampleSet]

CURVE = TransferConfig(
    sizes=(16, 60), strategies=("head", "whole@0.5"), draws=2, replicates=20, permutations=5
)
SETTINGS = {"training.epochs": 3, "training.learning_rate": 0.01}


@pytest.fixture(scope="module")
def places(blobs: Blobs, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("surveys")
    return {
        "target": blobs(80, 2, scale=0.4, level=0.6).write(folder / "target.parquet"),
        "source": blobs(60, 3).write(folder / "source.parquet"),
    }


@pytest.fixture(scope="module")
def curve(
    blob_model: Model, places: dict[str, Path], tmp_path_factory: pytest.TempPathFactory
) -> TransferCurve:
    return transfer_curve(
        blob_model, [places["target"]], tmp_path_factory.mktemp("curve"), CURVE, source=[places["source"]],
        tuned=SETTINGS, scratch=SETTINGS, progress=False,
    )  # fmt: skip


def test_draws_are_nested_by_group_and_stratified(blobs: Blobs) -> None:
    target = target_samples(blobs(80, 2), 0.5, seed=1)
    labels, groups = target.samples.labels, target.samples.groups
    assert not set(groups[target.pool]) & set(groups[target.test])
    drawn = {}
    for size in (16, 40):
        train, validation = draw_rows(target, size, validation=0.25, seed=3)
        both = np.concatenate([train, validation])
        drawn[size] = set(both.tolist())
        assert len(drawn[size]) == size
        # By group and by class a quarter is not always to be had.
        assert abs(len(validation) - size / 4) <= 2
        assert not set(groups[train]) & set(groups[validation])
        assert drawn[size] <= set(target.pool.tolist())
        assert labels[both].mean() == 0.5
    assert drawn[16] < drawn[40]
    other = np.concatenate(draw_rows(target, 16, validation=0.25, seed=4))
    assert set(other.tolist()) != drawn[16]


def test_groups_are_not_torn_by_a_draw(blobs: Blobs) -> None:
    target = target_samples(blobs(80, 2), 0.5, seed=1)
    drawn = np.concatenate(draw_rows(target, 17, validation=0.25, seed=3))
    assert len(drawn) == 18


def test_split_of_the_samples_is_respected(blobs: Blobs) -> None:
    split = np.repeat(["train", "test", "validation", ""], [80, 40, 20, 20])
    target = target_samples(blobs(80, 2).with_columns({"split": split}), 0.5, seed=1)
    np.testing.assert_array_equal(target.test, np.arange(80, 120))
    np.testing.assert_array_equal(target.pool, np.r_[:80, 120:140])
    torn = blobs(80, 2).with_columns({"split": np.tile(["train", "test"], 80)})
    with pytest.raises(SampleSetError, match="stand in the test split and outside of it"):
        target_samples(torn, 0.5, seed=1)


def test_more_samples_than_there_are_is_refused(blobs: Blobs) -> None:
    with pytest.raises(ConfigurationError, match="500 target samples are asked for, 80 are not"):
        draw_rows(target_samples(blobs(80, 2), 0.5, seed=1), 500, validation=0.25, seed=1)


@pytest.mark.parametrize(
    "wrong", [{"sizes": (-1, 20)}, {"draws": 0}, {"test": 1.0}, {"strategies": ("heads",)},
              {"strategies": (), "scratch": False}],
)  # fmt: skip
def test_settings_out_of_their_limits_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        TransferConfig(**wrong)  # type: ignore[arg-type]


def test_every_strategy_stands_beside_the_model_as_it_is_and_scratch(curve: TransferCurve) -> None:
    assert [(point.strategy, point.size) for point in curve.points] == [
        ("as it is", 0),
        *((name, size) for size in (16, 60) for name in ("head", "whole@0.5", "scratch")),
    ]
    by_name = {(point.strategy, point.size): point for point in curve.points}
    whole, before = by_name["whole@0.5", 60], by_name["as it is", 0]
    assert whole.figures["accuracy"].value == pytest.approx(np.mean(whole.draws["accuracy"]))
    gained = whole.figures["accuracy"].value - before.figures["accuracy"].value
    assert whole.change["accuracy"].value == pytest.approx(gained)
    beside = by_name["scratch", 60].figures["accuracy"].value
    assert whole.over_scratch["accuracy"].value == pytest.approx(whole.figures["accuracy"].value - beside)
    # Another level and scale of the pixels: the model fails as it is, and learns better from few samples.
    assert gained > 0.05
    assert len(whole.draws["accuracy"]) == 2


def test_shift_is_seen_before_and_told_for_every_strategy(curve: TransferCurve) -> None:
    assert list(curve.shift) == ["before", "head", "whole@0.5", "scratch"]
    before = curve.shift["before"]
    assert before["embeddings"]["auc"].value > 0.9
    assert before["embeddings"]["frechet"].value > before["embeddings"]["frechet"].null_high
    assert set(before["scores by class"]) == {"bogus", "real"}
    # The head takes embeddings and does not change them.
    after = curve.shift["head"]["embeddings"]["mmd"].value
    assert after == pytest.approx(before["embeddings"]["mmd"].value, rel=1e-4)


def test_json_and_page_hold_the_curve(curve: TransferCurve) -> None:
    told = json.loads(curve.written.table.read_text())
    assert [point["size"] for point in told["points"]] == [0, 16, 16, 16, 60, 60, 60]
    assert told["labels"].startswith("SIMULATED")
    page = curve.written.report.read_text()
    assert "SIMULATED" in page
    assert "whole@0.5" in page
    assert "://" not in page.replace("http://www.w3.org", "")
    assert all(path.read_text().startswith("<svg") for path in curve.written.plots)


def test_no_samples_at_all_tell_the_shift_and_train_nothing(
    blob_model: Model, places: dict[str, Path], tmp_path: Path
) -> None:
    found = transfer_curve(
        blob_model, [places["target"]], tmp_path, TransferConfig(sizes=(0,), replicates=20, permutations=5),
        source=[places["source"]], progress=False,
    )  # fmt: skip
    assert [point.strategy for point in found.points] == ["as it is"]
    assert (list(found.shift), found.written.plots) == (["before"], ())
    assert not (tmp_path / "runs").exists()


def test_killed_curve_goes_on_and_ends_the_same(
    curve: TransferCurve, blob_model: Model, places: dict[str, Path], tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    real, trained = transfer_module.train_on_draw, []

    def counted(run: object, *arguments: object, **options: object) -> object:
        if len(trained) == 5:
            trained.append("killed")
            raise KeyboardInterrupt
        trained.append(run.name)  # type: ignore[attr-defined]
        return real(run, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(transfer_module, "train_on_draw", counted)

    def run() -> TransferCurve:
        return transfer_curve(
            blob_model, [places["target"]], tmp_path, CURVE, source=[places["source"]], tuned=SETTINGS,
            scratch=SETTINGS, progress=False,
        )  # fmt: skip

    with pytest.raises(KeyboardInterrupt):
        run()
    done = [(tmp_path / "runs" / name / "scores.npz").stat().st_mtime_ns for name in trained[:5]]
    again = run()
    # As JSON: a figure that is not defined equals itself there.
    first, second = (json.loads(each.written.table.read_text())["points"] for each in (curve, again))
    assert first == second
    assert [(tmp_path / "runs" / name / "scores.npz").stat().st_mtime_ns for name in trained[:5]] == done


def test_images_and_sky_on_both_sides_are_found(blobs: Blobs) -> None:
    samples = blobs(40, 2)
    places = {"ra": np.full(len(samples), 10.0), "dec": np.arange(len(samples)) * 1e-4}
    near = samples.with_columns(places, origin={"field_of_view": 30.0})
    _, (finding,) = check_division(target_samples(near, 0.5, seed=1))
    assert finding.kind == "neighbours-across-splits"
    assert not check_division(target_samples(samples, 0.5, seed=1))[1]
    twice = SampleSet.from_columns(
        {
            "id": samples.ids, "group": samples.ids, "label": samples.labels,
            "cutouts": samples.tensor("cutouts")[np.arange(len(samples)) // 4 * 4],
        },
        samples.description,
    )  # fmt: skip
    with pytest.raises(SampleSetError, match="may be learned from and judge, the first error: 2-"):
        check_division(target_samples(twice, 0.5, seed=1))


def test_a_damaged_run_is_made_again(blob_model: Model, places: dict[str, Path], tmp_path: Path) -> None:
    asked = TransferConfig(sizes=(16,), strategies=("head",), scratch=False, draws=1, replicates=5)
    settings = SETTINGS | {"training.epochs": 1}

    def run() -> TransferCurve:
        return transfer_curve(blob_model, [places["target"]], tmp_path, asked, tuned=settings, progress=False)

    first = run().points[1].draws
    (scores,) = (tmp_path / "runs").glob("*/scores.npz")
    scores.write_bytes(scores.read_bytes()[:-40])
    assert run().points[1].draws == first


def test_images_without_a_pixel_neither_teach_nor_judge(blobs: Blobs) -> None:
    samples = blobs(40, 2)
    images = samples.tensor("cutouts").copy()
    images[::5] = np.nan
    columns = {"id": samples.ids, "group": samples.ids, "label": samples.labels, "cutouts": images}
    empty = SampleSet.from_columns(columns, samples.description)
    divided, findings = check_division(target_samples(empty, 0.5, seed=1))
    assert {each.kind for each in findings} == {"all-nan-image"}
    assert len(findings) == 16
    assert sorted([*divided.pool, *divided.test]) == [row for row in range(80) if row % 5]


def test_too_few_samples_are_refused_before_anything_is_trained(blobs: Blobs) -> None:
    divided = target_samples(blobs(40, 2), 0.5, seed=1)
    for size in (2, 3, 4):
        with pytest.raises(ConfigurationError, match=f"{size} target samples .*; draw more"):
            draw_rows(divided, size, validation=0.25, seed=1)


def test_votes_are_refused_with_what_to_set(
    blob_model: Model, places: dict[str, Path], tmp_path: Path
) -> None:
    wrong = SETTINGS | {"training.loss": "soft-cross-entropy"}
    with pytest.raises(ConfigurationError, match=r"learns from labels: --set-scratch .*=cross-entropy"):
        transfer_curve(blob_model, [places["target"]], tmp_path, CURVE, scratch=wrong, progress=False)
