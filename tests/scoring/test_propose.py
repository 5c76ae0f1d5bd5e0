"""Proposals: what is chosen, what is hidden, and what whoever labels gets to see."""

from __future__ import annotations

import csv
import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from skysieve.errors import ConfigurationError, ContractError, SampleSetError, SkysieveError
from skysieve.models.model import Model
from skysieve.models.rules import FamilyStatistic, Jury, MemberScore, parse_rule
from skysieve.samples import Description, SampleSet, TensorColumn
from skysieve.samples.labelling import answers_of, merge_labels
from skysieve.scoring import propose
from skysieve.scoring.proposal_bins import bin_membership, cells_of, default_bins
from skysieve.scoring.proposal_files import write_label_table, write_pictures
from skysieve.scoring.proposal_options import ProposalOptions
from skysieve.scoring.propose import propose_samples
from skysieve.scoring.sample_scores import PoolScores, score_pool

N = 200
MODEL = Model.load("braai-weak")
MEMBERS = ("rb-1", "rb-2", "rb-3", "sl-1", "kd-1", "os-1")


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> SampleSet:
    """Return a set on disk of simulated noise, of which the last ten samples are labelled."""
    images = np.random.default_rng(1).normal(size=(N, 3, 63, 63)).astype(np.float32)
    images[: N // 2, ::2, 28:35, 28:35] += 9
    layout = TensorColumn((3, 63, 63), channels=("science", "template", "difference"))
    columns = {
        "id": [f"a/{number}" for number in range(N)],
        "group": np.arange(N) // 2,
        "label": [*[None] * (N - 10), *[1] * 10],
        "kind": ["star"] * N,
        "rb": np.linspace(0, 1, N),
        "snr": np.arange(N) / 10,
        "cutouts": images,
    }
    samples = SampleSet.from_columns(columns, Description({"cutouts": layout}, ("bogus", "real"), "known"))
    return SampleSet.open(samples.write(tmp_path_factory.mktemp("night") / "night.parquet"))


def sieve_scores(n: int = 400, seed: int = 0) -> PoolScores:
    generator = np.random.default_rng(seed)
    scores = {name: generator.beta(0.4, 0.4, n).astype(np.float32) for name in MEMBERS}
    families = {"sl": ("sl-1",), "rb": MEMBERS[:3], "os": ("os-1",), "kd": ("kd-1",)}
    jury = Jury(families, dict.fromkeys(MEMBERS, 0.5))
    rule = parse_rule({"all": [{"any": "rb"}, {"any": "sl"}, {"any": "kd"}]})
    return PoolScores("toy", "", scores, jury, rule, dict.fromkeys(families, ("no", "yes")))


def test_bins_of_a_sieve_are_those_of_the_campaigns() -> None:
    pool = sieve_scores()
    rb = np.max([pool.scores[name] for name in MEMBERS[:3]], axis=0)
    sl, kd, os = (pool.scores[f"{name}-1"] for name in ("sl", "kd", "os"))
    expected = {
        "rb-high": rb >= 0.8,
        "rb-low": rb < 0.8,
        "sl-high": (rb >= 0.9) & (sl >= 0.8),
        "sl-low": (rb >= 0.9) & (sl < 0.8),
        "kd-high": (rb >= 0.9) & (sl >= 0.9) & (kd >= 0.8),
        "kd-low": (rb >= 0.9) & (sl >= 0.9) & (kd < 0.8),
        "os-high": os >= 0.8,
        "os-low": os < 0.8,
    }
    bins = default_bins(pool)
    assert list(bins) == list(expected)
    assert (bin_membership(bins, pool) == np.stack(list(expected.values()))).all()
    assert all(parse_rule(rule.to_json()) == rule for rule in bins.values())


def test_bins_of_a_model_are_tenths_and_both_sides_of_its_threshold(night: SampleSet) -> None:
    pool = score_pool(MODEL, night)
    inside = dict(zip(default_bins(pool), bin_membership(default_bins(pool), pool), strict=True))
    threshold = pool.jury.thresholds["score"]
    score = pool.scores["score"]
    assert (inside["above-threshold"] == ((score >= np.float32(threshold)) & (score < threshold + 0.1))).all()
    tenths = np.stack([each for name, each in inside.items() if name.startswith("tenth")])
    assert (tenths.sum(axis=0) == 1).all()
    assert np.abs(tenths.sum(axis=1) - N / 10).max() <= 1


def test_bins_of_classes_hold_everybody() -> None:
    scores = {"a": np.array([0.9, 0.1, 0.4]), "b": np.array([0.1, 0.9, 0.4]), "c": np.array([0.0, 0.0, 0.2])}
    jury = Jury({name: (name,) for name in scores}, dict.fromkeys(scores, 0.5))
    pool = PoolScores("classes", "", scores, jury, None, {})
    assert bin_membership(default_bins(pool), pool).sum(axis=0).tolist() == [1, 1, 1]
    assert cells_of(bin_membership({}, pool)).tolist() == [0, 0, 0]


def test_a_proposal_hides_what_is_known_and_keeps_the_rest(night: SampleSet) -> None:
    options = ProposalOptions({"uncertainty": 12, "random": 20, "bins": 3}, hide=("snr",), seed=5)
    proposal = propose_samples(MODEL, night, options)
    made = proposal.samples
    assert proposal.pool == N - 10
    assert len(made) == sum(proposal.counts.values()) == len(set(made.ids.tolist()))
    assert proposal.counts["random"] == 20
    assert proposal.counts["uncertainty"] == 12
    assert not set(made.ids.tolist()) & set(night.ids[-10:].tolist())
    assert (made.labels == -1).all()
    assert set(made.scalar("kind").tolist()) == {""}
    assert np.isnan(made.scalar("snr")).all()
    rows = [int(name.removeprefix("a/")) for name in made.ids.tolist()]
    assert (made.tensor("cutouts") == night.tensor("cutouts")[rows]).all()
    assert (made.scalar("rb") == night.scalar("rb")[rows]).all(), "a score of the survey is no label"
    assert made.scalar("score") == pytest.approx(MODEL.predict(made.tensor("cutouts")), abs=1e-5)
    assert rows != sorted(rows)


def test_weights_speak_for_the_pool_and_picks_for_none(night: SampleSet) -> None:
    made = propose_samples(MODEL, night, ProposalOptions({"uncertainty": 9, "random": 15, "bins": 4})).samples
    weight, reason = made.scalar("proposal_weight"), made.scalar("proposed_by")
    assert (np.isnan(weight) == (reason == "uncertainty")).all()
    assert np.nansum(weight) == pytest.approx(N - 10)
    assert sorted(made.scalar("proposal_rank")[reason == "random"]) == list(range(1, 16))
    alone = propose_samples(MODEL, night, ProposalOptions({"random": 19})).samples
    assert alone.scalar("proposal_weight") == pytest.approx(np.full(19, 10.0))


def test_what_no_draw_reached_is_said(night: SampleSet) -> None:
    scores = score_pool(MODEL, night).scores["score"][: N - 10]
    middle = float(np.median(scores))
    bins = {"high": MemberScore("score", middle)}
    proposal = propose_samples(MODEL, night, ProposalOptions({"bins": 5}, bins=bins))
    low = int((scores < np.float32(middle)).sum())
    assert [each.kind for each in proposal.findings] == ["unreached-samples"]
    assert f"{low} of {N - 10} samples" in proposal.findings[0].reason
    assert (proposal.samples.scalar("score") >= np.float32(middle)).all()


def test_the_same_seed_proposes_the_same(night: SampleSet) -> None:
    def ids(seed: int) -> list[str]:
        options = ProposalOptions({"random": 10, "bins": 2}, seed=seed)
        return [str(each) for each in propose_samples(MODEL, night, options).samples.ids]

    assert ids(1) == ids(1) != ids(2)


def test_groups_and_relabelling(night: SampleSet) -> None:
    options = ProposalOptions({"random": 30, "uncertainty": 70}, per_group=1, relabel=True)
    made = propose_samples(MODEL, night, options).samples
    assert len(made) == N // 2
    assert np.unique(made.groups, return_counts=True)[1].max() == 1
    assert made.scalar("had_label").sum() == 5
    assert (made.labels == -1).all()


def test_a_second_proposal_replaces_the_columns_of_the_first(night: SampleSet) -> None:
    first = propose_samples(MODEL, night, ProposalOptions({"random": 20})).samples
    again = propose_samples(MODEL, first, ProposalOptions({"uncertainty": 5}))
    assert [each.kind for each in again.findings] == ["replaced-column"]
    assert set(again.samples.scalar("proposed_by").tolist()) == {"uncertainty"}


def test_a_family_that_is_divided_is_proposed_first(
    night: SampleSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = sieve_scores(N - 10)
    for name, value in zip(MEMBERS[:3], (1.0, 0.0, 0.5), strict=True):
        pool.scores[name][:] = 0.7
        pool.scores[name][17] = value
    monkeypatch.setattr(propose, "score_pool", lambda *_, **__: pool)  # of the rehearsal, too
    for measure in ("bald", "vote-entropy", "range"):
        options = ProposalOptions({"random": 1, "disagreement": 1}, disagreement=measure, seed=3)
        made = propose_samples(MODEL, night, options).samples
        assert made.ids[made.scalar("proposed_by") == "disagreement"].tolist() == ["a/17"]
        assert "score_rb-1" in made.column_names


def test_the_way_to_people_and_back(night: SampleSet, tmp_path: Path) -> None:
    made = propose_samples(MODEL, night, ProposalOptions({"random": 6})).samples
    path = write_label_table(made, tmp_path / "labels.csv")
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows == [["id", "label"], *([each, ""] for each in made.ids.tolist())]
    rows[1][1], rows[2][1] = "real", "bogus"
    path.write_text("\n".join(map(",".join, rows)))
    opened = SampleSet.open(made.write(tmp_path / "proposed.parquet"))
    assert answers_of(opened) == {"label": ("bogus", "real")}
    merged, findings = merge_labels(opened, path, origin="two observers, 2026")
    assert merged.labels.tolist() == [1, 0, -1, -1, -1, -1]
    assert not findings
    assert write_pictures(made, tmp_path / "pictures") == 6
    names = {f"a%2F{each.removeprefix('a/')}.png" for each in made.ids.tolist()}
    assert {each.name for each in (tmp_path / "pictures").iterdir()} == names
    with Image.open(tmp_path / "pictures" / min(names)) as picture:
        assert picture.size == (3 * 252 + 2 * 6, 252)


def test_grey_levels_are_shown_as_they_are(tmp_path: Path) -> None:
    grey = np.random.default_rng(1).integers(0, 255, (1, 1, 144, 144), dtype=np.uint8)
    layout = Description({"cutouts": TensorColumn((1, 144, 144), dtype="uint8")})
    samples = SampleSet.from_columns({"id": [7], "group": [7], "cutouts": grey}, layout)
    write_pictures(samples, tmp_path)
    with Image.open(tmp_path / "7.png") as picture:
        assert (np.asarray(picture)[::2, ::2, 0] == grey[0, 0]).all()
    with pytest.raises(SampleSetError, match="holds no images"):
        write_pictures(samples, tmp_path, column="flux")


def test_what_cannot_be_proposed_is_refused(night: SampleSet) -> None:
    with pytest.raises(ConfigurationError, match="has two members that could disagree"):
        propose_samples(MODEL, night, ProposalOptions({"disagreement": 5}))
    bins = {"high": FamilyStatistic("max", "rv", 0.5)}
    with pytest.raises(ConfigurationError, match="no family is called"):
        propose_samples(MODEL, night, ProposalOptions({"bins": 5}, bins=bins))
    with pytest.raises(SampleSetError, match="nothing was chosen"):
        propose_samples(MODEL, night, ProposalOptions({"bins": 5}, bins={"none": MemberScore("score", 1.0)}))
    with pytest.raises(SampleSetError, match="all 10 samples have labels"):
        propose_samples(MODEL, night.select(np.arange(N - 10, N)))
    bare = SampleSet.from_columns({"id": [1], "group": [1]}, Description())
    with pytest.raises(ContractError, match="no tensor column 'cutouts'"):
        propose_samples(MODEL, bare)


@pytest.mark.parametrize(
    "options",
    [
        ProposalOptions({"bins": 5}, bins={"high": FamilyStatistic("max", "rv", 0.5)}),
        ProposalOptions({"disagreement": 5}),
        ProposalOptions({"random": 5}, hide=("magnitude",)),
    ],
)
def test_a_mistake_is_noticed_before_the_pool_is_scored(
    night: SampleSet, options: ProposalOptions, monkeypatch: pytest.MonkeyPatch
) -> None:
    scored = []

    def counting(*arguments: Any, **settings: Any) -> PoolScores:
        scored.append(len(arguments[2]))
        return score_pool(*arguments, **settings)

    monkeypatch.setattr(propose, "score_pool", counting)
    with pytest.raises(SkysieveError):
        propose_samples(MODEL, night, options)
    assert sum(scored) <= 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"strategies": {"luck": 3}}, "no strategy is called 'luck'"),
        ({"strategies": {"random": 0}}, "0 samples"),
        ({"strategies": {}}, "no strategy is given"),
        ({"per_group": 0}, "per_group is 1 or more"),
        ({"threads": 0}, "threads is 1 or more, found 0"),
        ({"uncertainty": "doubt"}, "uncertainty is one of"),
        ({"disagreement": "strife"}, "disagreement is one of"),
    ],
)
def test_options_are_checked(changes: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        dataclasses.replace(ProposalOptions(), **changes)
