"""Train anew on what people said, and compare with what is on duty; put on duty only when told.

Everything lies in one folder: ``request.json`` (what was asked), ``samples.parquet`` (the labels as they were
then), ``training/`` (the run of the recipe), ``comparison.json`` and ``comparison.html``. Killed and called
again, it goes on with the same labels where it was.
"""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.samples.sample_set import SampleSet
from skysieve.service.accounts.audit import record
from skysieve.service.accounts.caller import Caller
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables import Scorer
from skysieve.service.database.tables.candidates import ALERT, STREAK
from skysieve.service.feedback.comparison import Comparison, Judged, compare
from skysieve.service.feedback.comparison_page import write_comparison_page
from skysieve.service.feedback.from_labels import samples_from_labels
from skysieve.service.feedback.held_out_scores import held_out_rows, judge_rows, seen_by
from skysieve.service.judging.contracts import check_suits
from skysieve.service.judging.opened_scorer import OpenedScorer, open_place
from skysieve.service.judging.opening import open_scorer
from skysieve.service.judging.scorers import on_duty, promote, register
from skysieve.service.service import Service

if TYPE_CHECKING:
    from skysieve.recipes.recipe import Recipe
    from skysieve.recipes.sieve_recipe import SieveRecipe

__all__ = ["RECIPES_OF_KINDS", "RetrainRequest", "Retraining", "retrain"]

#: What is trained where nobody names a recipe.
RECIPES_OF_KINDS = {ALERT: "braai", STREAK: "deepstreaks"}

_SAMPLES, _REQUEST, _COMPARISON = "samples.parquet", "request.json", "comparison.json"
_SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class RetrainRequest:
    """What is to be trained, on which labels.

    Parameters
    ----------
    kind : {"alert", "streak"}
        Kind of candidates.
    recipe : str
        The recipe: of one model, or of a sieve; that of `RECIPES_OF_KINDS` if empty.
    settings : mapping
        Settings of the recipe that differ from its own, under dotted names.
    labels : mapping
        Options of `skysieve.service.feedback.from_labels.samples_from_labels`.
    start : str
        Model that training starts from: a folder, a shipped one, or ``on-duty``; empty: random weights.
    name : str
        Name of the new model; the recipe and today's date if empty.
    """

    kind: str = ALERT
    recipe: str = ""
    settings: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    labels: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    start: str = ""
    name: str = ""


@dataclass(frozen=True)
class Retraining:
    """What came of it.

    Parameters
    ----------
    folder : Path
        Where everything lies.
    samples : SampleSet
        The labels.
    splits : dict of str to dict of str to int
        Samples by split and class.
    model : Path
        Folder of the new model or sieve.
    scorer_id : int
        Id of the new scorer, which scores beside the one on duty unless it was promoted.
    comparison : Comparison or None
        With the one on duty; None where nothing was.
    promoted : bool
        Whether it is on duty now.
    decision : str
        What became of it, in a sentence.
    report : Path
        The page.
    """

    folder: Path
    samples: SampleSet
    splits: dict[str, dict[str, int]]
    model: Path
    scorer_id: int
    comparison: Comparison | None
    promoted: bool
    decision: str
    report: Path


def retrain(
    service: Service,
    folder: str | Path,
    request: RetrainRequest | None = None,
    *,
    promoting: bool = False,
    even_if_worse: bool = False,
    actor: str | Caller = "command",
    workers: int = 1,
    progress: bool = True,
) -> Retraining:
    """Train on people's labels, compare with the scorer on duty, take the new one in beside it.

    Parameters
    ----------
    service : Service
        The service; it may run meanwhile.
    folder : path
        Where the run goes; one that was broken off goes on.
    request : RetrainRequest, optional
        What to train on what.
    promoting : bool
        Put the new one on duty, if it is not worse and there are enough labels to say so.
    even_if_worse : bool
        Put it on duty whatever the comparison says.
    actor : str or Caller
        Who asked, for the audit log.
    workers : int
        Members of a sieve that are trained at the same time.
    progress : bool
        Show progress.

    Raises
    ------
    SampleSetError
        If there are too few labels to train at all: the message counts them by split and class.
    ConfigurationError
        If the recipe does not suit the kind, a setting is wrong, or the folder holds another request.
    """
    asked, place = request or RetrainRequest(), Path(folder)
    if even_if_worse and not promoting:
        raise ConfigurationError("even_if_worse is about promoting; ask for that, too, or leave it out")
    recipe, asked = _settled(asked, place)
    samples, splits = _samples(service, asked, recipe, place)
    rows = held_out_rows(samples)
    duty = _on_duty(service, asked.kind)
    # Before the training: what cannot be compared must not come out hours later.
    old = None if duty is None else judge_rows(duty, samples, rows)
    model = _finished(place) or _train(recipe, asked, duty, place, workers=workers, progress=progress)
    opened = open_place(
        model, engine=service.settings.judging.engine, precision=service.settings.judging.precision
    )
    comparison = None if duty is None or old is None else _compare(samples, rows, duty, old, opened)
    scorer_id = register(service, model, kind=asked.kind, actor=actor)
    may, decision = _decide(comparison, promoting, even_if_worse)
    _note(service, actor, scorer_id, comparison, decision)
    if may:
        promote(service, scorer_id, actor=actor)
    told = _told(asked, samples, splits, opened, scorer_id, comparison, decision)
    _write(place / _COMPARISON, told)
    report = write_comparison_page(
        place / "comparison.html",
        comparison,
        samples,
        new=opened.name,
        splits=splits,
        decision=decision,
        settings=dataclasses.asdict(asked),
    )
    return Retraining(place, samples, splits, model, scorer_id, comparison, may, decision, report)


def _settled(asked: RetrainRequest, place: Path) -> tuple[Recipe | SieveRecipe, RetrainRequest]:
    """Fill in what was left open, and keep it: a run that goes on must be the run that was begun."""
    from skysieve.configuration import override
    from skysieve.recipes.find_recipe import find_recipe
    from skysieve.recipes.recipe import Recipe

    if asked.kind not in RECIPES_OF_KINDS:
        raise ConfigurationError(f"candidates are of the kind {ALERT} or {STREAK}, not {asked.kind!r}")
    named = asked.recipe or RECIPES_OF_KINDS[asked.kind]
    recipe = find_recipe(named)
    contracts = [recipe.contract] if isinstance(recipe, Recipe) else _contracts(recipe)
    for contract in contracts:
        check_suits(contract, asked.kind, named)
    override(recipe.configuration, asked.settings)
    if asked.start and not isinstance(recipe, Recipe):
        raise ConfigurationError("a sieve has several models: start is for the recipe of one model")
    path = place / _REQUEST
    settled = dataclasses.replace(asked, recipe=named)
    if not path.is_file():
        settled = dataclasses.replace(settled, name=asked.name or f"{named}-{utc_now():%Y%m%d}")
        _write(path, dataclasses.asdict(settled))
        return recipe, settled
    kept = json.loads(path.read_text(encoding="utf-8"))
    settled = dataclasses.replace(settled, name=asked.name or str(kept.get("name", "")))
    if kept != json.loads(json.dumps(dataclasses.asdict(settled))):
        raise ConfigurationError(
            f"{place} holds a run that was asked for otherwise ({_REQUEST}); give another folder"
        )
    return recipe, settled


def _contracts(recipe: SieveRecipe) -> list[Any]:
    return [each.contract for each in recipe.families.values()]


def _samples(
    service: Service, asked: RetrainRequest, recipe: Recipe | SieveRecipe, place: Path
) -> tuple[SampleSet, dict[str, dict[str, int]]]:
    """Return the labels as they were when the run was begun, and how many there are of each split."""
    from skysieve.recipes.recipe import Recipe

    path = place / _SAMPLES
    if path.is_file():
        kept = SampleSet.open(path)
        return kept, _counts(kept)
    labels = dict(asked.labels)
    if isinstance(recipe, Recipe) and asked.kind == ALERT:
        labels.setdefault("surveys", recipe.contract.surveys)
    samples = samples_from_labels(service, kind=asked.kind, **labels)
    # Before they are kept: with more labels, the same request is tried again.
    splits = _counts(samples)
    samples.write(path)
    return SampleSet.open(path), splits


def _counts(samples: SampleSet) -> dict[str, dict[str, int]]:
    """Count samples by split and class.

    Raises
    ------
    SampleSetError
        If a split lacks a class.
    """
    counts = Counter(zip(samples.scalar("split").tolist(), samples.labels.tolist(), strict=True))
    splits = {
        split: {name: counts[split, number] for number, name in enumerate(samples.classes)}
        for split in _SPLITS
    }
    lacking = [
        f"{name} in {split}" for split, row in splits.items() for name, number in row.items() if not number
    ]
    if lacking:
        found = "; ".join(f"{split}: {row}" for split, row in splits.items())
        raise SampleSetError(
            f"there is no label {' and none '.join(lacking)}, so that nothing can be trained and judged; "
            f"label more candidates of other objects, which the splits go by ({found})"
        )
    return splits


def _on_duty(service: Service, kind: str) -> OpenedScorer | None:
    with service.database.reading() as session:
        scorer = on_duty(session, kind)
        return None if scorer is None else open_scorer(service, scorer)


def _finished(place: Path) -> Path | None:
    """Return the model of a run that came to its end, whose folder may be asked to be promoted later."""
    path = place / _COMPARISON
    if not path.is_file():
        return None
    new = json.loads(path.read_text(encoding="utf-8"))["new"]
    for folder in (place / "training" / "model", place / "training" / "sieve"):
        if folder.is_dir() and open_place(folder).identity == new["identity"]:
            return folder
    return None


def _train(
    recipe: Recipe | SieveRecipe,
    asked: RetrainRequest,
    duty: OpenedScorer | None,
    place: Path,
    *,
    workers: int,
    progress: bool,
) -> Path:
    """Train, or go on training, and return the folder of the model or sieve."""
    from skysieve.configuration import override
    from skysieve.recipes.recipe import Recipe
    from skysieve.recipes.run import train_recipe
    from skysieve.recipes.train_sieve import train_sieve

    samples, run = [place / _SAMPLES], place / "training"
    if not isinstance(recipe, Recipe):
        settings = override(recipe.configuration, asked.settings)
        made = train_sieve(
            recipe, samples, run, settings, name=asked.name, workers=workers, progress=progress
        )
        return made.sieve.folder
    start: str | Path | None = asked.start or None
    if asked.start == "on-duty":
        if duty is None or duty.is_sieve:
            raise ConfigurationError("no single model is on duty to start from; name one, or none")
        start = duty.opened.folder
    trained = train_recipe(
        recipe,
        samples,
        run,
        override(recipe.configuration, asked.settings),
        name=asked.name,
        start=start,
        progress=progress,
    )
    return trained.model.folder


def _compare(
    samples: SampleSet, rows: Any, duty: OpenedScorer, old: Judged, opened: OpenedScorer
) -> Comparison:
    new = judge_rows(opened, samples, rows)
    seen = np.zeros(len(samples), dtype=bool)
    for scorer in (duty, opened):
        said = seen_by(scorer, samples)
        seen |= said if said is not None else False
    kept = ~seen[rows]

    def of(judged: Judged) -> Judged:
        return dataclasses.replace(judged, scores=judged.scores[kept], passes=judged.passes[kept])

    labels, groups = samples.labels[rows][kept], samples.groups[rows][kept]
    return compare(labels, groups, of(old), of(new), seen=int((~kept).sum()))


def _decide(comparison: Comparison | None, promoting: bool, even_if_worse: bool) -> tuple[bool, str]:
    """Say whether the new one goes on duty, and why."""
    if not promoting:
        return False, "It scores beside the one on duty; nobody asked to promote it."
    if comparison is None:
        return True, "It is on duty, where nothing was before."
    if comparison.verdict in ("better", "alike"):
        return True, "It is on duty now."
    if even_if_worse:
        return True, "It is on duty now, because it was told to be whatever the comparison says."
    why = "it is worse" if comparison.verdict == "worse" else "nothing shows that it is not worse"
    return False, f"It was not promoted, because {why}; it scores beside the one on duty."


def _note(
    service: Service, actor: str | Caller, scorer_id: int, comparison: Comparison | None, decision: str
) -> None:
    details = {"decision": decision, "verdict": comparison.verdict if comparison else "nothing on duty"}
    with service.database.writing() as session:
        name = session.get_one(Scorer, scorer_id).name
        record(session, actor, "scorer.retrain", str(scorer_id), {"name": name, **details})


def _told(
    asked: RetrainRequest,
    samples: SampleSet,
    splits: Mapping[str, Mapping[str, int]],
    opened: OpenedScorer,
    scorer_id: int,
    comparison: Comparison | None,
    decision: str,
) -> dict[str, Any]:
    return {
        "asked": dataclasses.asdict(asked),
        "labels": samples.description.label_origin,
        "origin": dict(samples.description.origin),
        "splits": splits,
        "new": {"name": opened.name, "identity": opened.identity, "scorer": scorer_id},
        "comparison": None if comparison is None else comparison.to_json(),
        "decision": decision,
    }


def _write(path: Path, content: Any) -> None:
    from skysieve.recipes.json_file import write_json

    path.parent.mkdir(parents=True, exist_ok=True)
    write_json(path, content)
