from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn import metrics as sk

from skysieve.errors import SampleSetError, UnknownNameError
from skysieve.evaluation.intervals import wilson_interval
from skysieve.evaluation.sieve_evaluation import SieveEvaluation
from skysieve.evaluation.sieve_figures import member_table_markdown, rule_table_markdown, sieve_figures_json
from skysieve.evaluation.sieve_judging import judge_sieve
from skysieve.evaluation.sieve_rates import Night
from skysieve.evaluation.sieve_scores import SieveScores

KINDS = {
    "asteroid": (1, 1, 1, 1),
    "satellite": (1, 0, 0, 0),
    "cosmic-ray": (1, 1, 0, 0),
    "ghost": (0, -1, 0, 0),
    "masked-star": (0, -1, 0, 0),
}
FAMILIES = {f"{family}_{net}": family for family in ("rb", "sl", "kd", "os") for net in ("vgg6", "resnet50")}


def simulated(n: int = 500, seed: int = 0, **changes: Any) -> SieveScores:
    rng = np.random.default_rng(seed)
    kinds = rng.choice(list(KINDS), n, p=[0.4, 0.15, 0.15, 0.15, 0.15])
    labels = {
        family: np.array([KINDS[kind][i] for kind in kinds])
        for i, family in enumerate(("rb", "sl", "kd", "os"))
    }
    scores = {
        name: np.round(1 / (1 + np.exp(-rng.normal(4 * labels[family] - 2, 2))), 2)
        for name, family in FAMILIES.items()
    }
    best = {f: np.max([scores[m] for m in FAMILIES if FAMILIES[m] == f], axis=0) for f in labels}
    given: dict[str, Any] = {
        "families": FAMILIES,
        "scores": scores,
        "thresholds": dict.fromkeys(FAMILIES, 0.5),
        "passed": {
            "one-shot": best["os"] >= 0.5,
            "plausible": (best["rb"] >= 0.5) & (best["sl"] >= 0.5) & (best["kd"] >= 0.5),
        },
        "groups": np.arange(n),
        "labels": labels,
        "kinds": kinds,
        "truth": {"magnitude": np.where(labels["os"] == 1, rng.uniform(15, 21, n), np.nan)},
    }
    return SieveScores(**{**given, **changes})


def judged(scores: SieveScores | None = None, **changes: Any) -> SieveEvaluation:
    given = {"default_rule": "plausible", "split": "test", "seed": 0, "replicates": 40}
    return judge_sieve(scores or simulated(), **{**given, **changes})


def test_members_agree_with_scikit_learn_where_their_label_is_defined() -> None:
    sieve = simulated()
    found = judged(sieve)
    assert [member.name for member in found.members] == list(FAMILIES)
    for member in found.members:
        labels = np.asarray(sieve.labels[member.family])
        known = labels >= 0
        labels, scores = labels[known], sieve.score(member.name)[known]
        assert member.n == known.sum()
        assert member.roc_auc.value == pytest.approx(sk.roc_auc_score(labels, scores))
        assert member.roc_auc.low < member.roc_auc.value < member.roc_auc.high
        matrix = sk.confusion_matrix(labels, scores >= 0.5)
        np.testing.assert_array_equal(member.confusion, matrix)
        assert member.accuracy.value == pytest.approx(sk.accuracy_score(labels, scores >= 0.5))
        assert member.tpr == wilson_interval(matrix[1, 1], matrix[1].sum())
        assert member.fpr == wilson_interval(matrix[0, 1], matrix[0].sum())


def test_rules_agree_with_scikit_learn_and_the_default_comes_first() -> None:
    sieve = simulated()
    found = judged(sieve)
    assert [rule.name for rule in found.rules] == ["plausible", "one-shot"]
    for rule in found.rules:
        matrix = sk.confusion_matrix(sieve.labels["os"], sieve.rule(rule.name))
        np.testing.assert_array_equal(rule.confusion, matrix)
        tpr, fpr = matrix[1, 1] / matrix[1].sum(), matrix[0, 1] / matrix[0].sum()
        assert rule.purity.value == pytest.approx(tpr / (tpr + 199 * fpr))
        assert rule.cost.looks.value == pytest.approx(33_000 * (tpr / 200 + fpr * 199 / 200))
        assert rule.fnr.value == pytest.approx(matrix[1, 0] / matrix[1].sum())
    assert found.rule is found.rules[0]


def test_the_joint_score_is_judged_at_the_recall_asked_for() -> None:
    sieve = simulated(2000)
    cost = judged(sieve, night=Night(1000, 0.1, 60)).joint.cost
    assert cost is not None
    real, joint = sieve.plausible == 1, sieve.joint_score()
    called = joint >= cost.threshold
    assert called[real].mean() == pytest.approx(cost.recall)
    assert cost.recall >= 0.99
    stricter = np.unique(joint[joint >= cost.threshold])[1]
    assert (joint >= stricter)[real].mean() < 0.99
    assert cost.minutes.value == pytest.approx(100 * called[real].mean() + 900 * called[~real].mean())


def test_kinds_are_told_plausible_first_then_by_what_gets_through() -> None:
    sieve = simulated()
    kinds = judged(sieve).kinds
    assert kinds[0].kind == "asteroid"
    through = [kind.rules["plausible"].value for kind in kinds[1:]]
    assert through == sorted(through, reverse=True)
    for kind in kinds:
        rows = np.asarray(sieve.kinds) == kind.kind
        assert kind.n == rows.sum()
        assert kind.rules["plausible"].value == pytest.approx(sieve.rule("plausible")[rows].mean())
        assert kind.families["kd"].value == pytest.approx(sieve.family_passes("kd")[rows].mean())


def test_completeness_counts_plausible_streaks_alone() -> None:
    sieve = simulated()
    found = judged(sieve).completeness["plausible"]["magnitude"]
    real = sieve.plausible == 1
    assert sum(each.n_real for each in found.bins) == real.sum()
    hits = sum(each.completeness.value * each.n_real for each in found.bins)
    assert hits == pytest.approx((real & sieve.rule("plausible")).sum())


def test_the_venn_diagram_holds_the_default_rule() -> None:
    found = judged()
    (_, false), (_, true) = found.rule.confusion
    middle = found.venn.exactly("rb", "sl", "kd")
    assert (middle.plausible, middle.other, middle.total) == (true, false, true + false)
    assert found.venn.total == found.n


def test_groups_widen_the_intervals_and_are_said() -> None:
    alone = judged()
    assert "Wilson" in alone.rate_method
    sieve = simulated()
    doubled = {
        "scores": {name: np.repeat(sieve.score(name), 2) for name in FAMILIES},
        "passed": {name: np.repeat(sieve.rule(name), 2) for name in sieve.passed},
        "labels": {name: np.repeat(np.asarray(values), 2) for name, values in sieve.labels.items()},
        "groups": np.repeat(np.arange(sieve.n), 2),
        "kinds": None,
        "truth": {},
    }
    pairs = judged(simulated(**doubled), replicates=400)
    assert "whole groups" in pairs.rate_method
    assert (pairs.n, pairs.n_groups) == (2 * alone.n, alone.n)
    assert pairs.rule.fpr.method == "percentile"
    width, expected = pairs.rule.fpr.high - pairs.rule.fpr.low, alone.rule.fpr.high - alone.rule.fpr.low
    assert width == pytest.approx(expected, rel=0.25)


def test_a_rule_that_passes_nothing() -> None:
    sieve = simulated(passed={"plausible": np.zeros(500, dtype=bool)})
    rule = judged(sieve).rule
    assert (rule.tpr.value, rule.fpr.value) == (0, 0)
    assert np.isnan(rule.purity.value)
    assert rule.cost.looks.value == 0
    assert rule.cost.looks.high > 0


def test_a_family_without_labels_and_one_of_a_single_class() -> None:
    labels = dict(simulated().labels)
    del labels["sl"]
    labels["kd"] = np.ones(500, dtype=int)
    found = {member.name: member for member in judged(simulated(labels=labels)).members}
    assert found["sl_vgg6"].n == 0
    assert np.isnan(found["sl_vgg6"].accuracy.value)
    assert found["kd_vgg6"].curves is None
    assert np.isnan(found["kd_vgg6"].roc_auc.value)
    assert found["kd_vgg6"].tpr.value == np.mean(simulated().score("kd_vgg6") >= 0.5)


def test_a_set_without_plausible_streaks_has_no_completeness() -> None:
    labels = {**simulated().labels, "os": np.zeros(500, dtype=int)}
    found = judged(simulated(labels=labels))
    assert found.completeness == {"plausible": {}, "one-shot": {}}
    assert found.joint.curves is None
    assert np.isnan(found.rule.tpr.value)
    assert 0 < found.rule.fpr.value < 1


def test_streaks_of_unknown_truth_count_in_the_venn_diagram_alone() -> None:
    labels = {**simulated().labels, "os": np.where(np.arange(500) < 100, -1, simulated().labels["os"])}
    found = judged(simulated(labels=labels))
    assert (found.rule.n, found.venn.total) == (400, 500)


def test_a_sieve_without_stages_is_its_families() -> None:
    whole = simulated()
    alone = {name: "os" for name in FAMILIES if FAMILIES[name] == "os"}
    found = judged(
        simulated(
            families=alone,
            scores={name: whole.score(name) for name in alone},
            thresholds=dict.fromkeys(alone, 0.5),
            passed={"plausible": whole.rule("one-shot")},
        )
    )
    assert found.scores.stages == ("os",)
    assert found.venn.passing("os").total == whole.rule("one-shot").sum()
    assert found.kinds[0].families.keys() == {"os"}


def test_what_cannot_be_judged_is_refused() -> None:
    with pytest.raises(SampleSetError, match="none of 500 streaks has a truth"):
        judged(simulated(labels={}))
    with pytest.raises(UnknownNameError, match="'typo'"):
        judged(default_rule="typo")


def test_the_same_seed_gives_the_same_figures() -> None:
    assert sieve_figures_json(judged()) == sieve_figures_json(judged())
    assert sieve_figures_json(judged()) != sieve_figures_json(judged(seed=1))


def test_the_json_is_plain_and_holds_the_figures() -> None:
    found = judged()
    data = json.loads(json.dumps(sieve_figures_json(found), allow_nan=False))
    assert data["rules"]["plausible"]["fpr"]["value"] == found.rule.fpr.value
    assert data["members"]["rb_vgg6"]["roc_auc"]["low"] == found.members[0].roc_auc.low
    assert data["kinds"]["asteroid"]["plausible"] is True
    assert data["night"]["streaks"] == 33_000
    assert len(data["venn"]) == 8
    assert data["completeness"]["one-shot"]["magnitude"][0].keys() == {
        "low",
        "high",
        "n_real",
        "completeness",
    }
    nothing = simulated(passed={"plausible": np.zeros(500, dtype=bool)})
    assert sieve_figures_json(judged(nothing))["rules"]["plausible"]["purity"]["value"] is None


def test_figures_are_found_by_name() -> None:
    found = judged()
    assert found.intervals["roc_auc: kd_resnet50"] == found.members[5].roc_auc
    assert found.intervals["fnr: plausible"] == found.rule.fnr
    assert found.intervals["roc_auc: joint"] == found.joint.roc_auc


def test_tables_have_a_row_each() -> None:
    found = judged()
    rules, members = rule_table_markdown(found).splitlines(), member_table_markdown(found).splitlines()
    assert (len(rules), len(members)) == (4, 10)
    assert rules[2].startswith(f"| plausible | {found.rule.tpr.value:.4f} ({found.rule.tpr.low:.4f} ")
    assert len({row.count("|") for row in members}) == 1
