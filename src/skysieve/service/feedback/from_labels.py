"""A sample set of what people said: labels by consensus, where they come from, and what was left out.

The set has its split: objects are held out by their names (`skysieve.service.feedback.held_out`), so that
no later set trains on what judged an earlier model.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.samples.sample_set import SampleSet
from skysieve.service.database.columns import utc_now
from skysieve.service.database.tables.candidates import ALERT, STREAK
from skysieve.service.feedback.alert_set import alert_samples
from skysieve.service.feedback.held_out import HELD_OUT, VALIDATION, split_of_groups
from skysieve.service.feedback.streak_set import streak_samples
from skysieve.service.feedback.voted_labels import LabelChoice, VotedLabels, count_votes
from skysieve.service.service import Service

__all__ = ["samples_from_labels"]

_METHODS = {
    "majority": "by majority",
    "dawid-skene": "by the estimate of Dawid and Skene",
    "single": "where nobody contradicts",
}


def samples_from_labels(
    service: Service,
    *,
    kind: str = ALERT,
    consensus: str = "majority",
    campaign: str = "",
    where: str = "",
    min_labels: int = 1,
    min_probability: float = 0.0,
    classes: Mapping[str, str] | None = None,
    only_hidden: bool = False,
    surveys: Sequence[str] = (),
    held_out: float = HELD_OUT,
    validation: float = VALIDATION,
    name_labellers: bool = False,
) -> SampleSet:
    """Make a sample set of the labels that people gave.

    Parameters
    ----------
    service : Service
        The service.
    kind : {"alert", "streak"}
        Kind of candidates.
    consensus : {"majority", "dawid-skene", "single"}
        What most say; what is likeliest when each person is trusted as far as they agree with the others
        and with gold items; or only what nobody contradicts.
    campaign : str
        Name of a campaign: its labels only; empty: all, one voice a person and candidate.
    where, min_labels, min_probability, classes, only_hidden
        As of `skysieve.service.feedback.voted_labels.LabelChoice`.
    surveys : sequence of str
        Alerts of these surveys only; empty: of all.
    held_out, validation : float
        Shares of the objects in the splits ``test`` and ``validation``.
    name_labellers : bool
        Whether the set tells who gave how many labels; else it tells how many people there were.

    Returns
    -------
    SampleSet
        Alerts: ``id`` the candid, ``group`` the object, ``cutouts`` (3, 63, 63), ``label`` of ``bogus`` and
        ``real``. Streaks: ``id`` the streakid, ``group`` the exposure, ``cutouts`` (1, 144, 144), ``rb``,
        ``sl``, ``kd``, ``os``. Both: ``label_probability``, ``label_votes``, ``split``, and the metadata.
        What could not be used is in ``findings``, and counted in the origin.

    Raises
    ------
    SampleSetError
        If no label is left, or no labelled candidate is usable.
    ConfigurationError
        If a setting, a class or the campaign is not known.
    InputError
        ``bad-filter``.
    """
    if kind not in (ALERT, STREAK):
        raise ConfigurationError(f"candidates are of the kind {ALERT} or {STREAK}, not {kind!r}")
    if surveys and kind != ALERT:
        raise ConfigurationError("surveys are for alerts; streaks come from one only")
    choice = LabelChoice(
        kind=kind,
        method=consensus,
        campaign=campaign,
        where=where,
        min_labels=min_labels,
        min_probability=min_probability,
        classes=classes,
        only_hidden=only_hidden,
    )
    voted = _voted(service, choice)
    made = alert_samples(service, voted, surveys=surveys) if kind == ALERT else streak_samples(service, voted)
    left_out = Counter(voted.left_out) + Counter(finding.kind for finding in made.findings)
    origin = _origin(service, choice, voted, dict(left_out), name_labellers)
    split = split_of_groups(made.groups.tolist(), held_out=held_out, validation=validation)
    labelled = made.with_columns(
        {"split": split},
        label_origin=_in_words(service, choice, voted),
        origin=dict(made.description.origin) | origin,
        splits=_splits(held_out, validation),
    )
    labelled.findings = made.findings
    return labelled


def _voted(service: Service, choice: LabelChoice) -> VotedLabels:
    with service.database.reading() as session:
        voted = count_votes(session, choice)
    if not voted.candidates:
        reasons = "; ".join(f"{number} {reason}" for reason, number in voted.left_out.items())
        raise SampleSetError(f"no label is left: {reasons}; ask for less (min_labels, min_probability)")
    return voted


def _splits(held_out: float, validation: float) -> dict[str, Any]:
    shares = {"train": 1 - held_out - validation, "validation": validation, "test": held_out}
    method = "whole groups, by a hash of their names: the same in every set"
    return {"split": {"kind": "split", "fractions": shares, "method": method}}


def _origin(
    service: Service,
    choice: LabelChoice,
    voted: VotedLabels,
    left_out: dict[str, int],
    name_labellers: bool,
) -> dict[str, Any]:
    account = dict(voted.account)
    if not name_labellers:
        del account["labels_by_labeller"]
    return {
        "made_by": "labels of a skysieve service",
        "service": service.settings.name,
        "kind": choice.kind,
        "campaign": choice.campaign,
        "where": choice.where,
        "min_labels": choice.min_labels,
        "min_probability": choice.min_probability,
        "classes": dict(choice.classes or {}),
        "only_hidden": choice.only_hidden,
        "said": account,
        "left_out": left_out,
        "made_at": utc_now().isoformat(timespec="seconds"),
    }


def _in_words(service: Service, choice: LabelChoice, voted: VotedLabels) -> str:
    """Say how the labels came about, for whoever reads a figure that rests on them."""
    account = voted.account
    people = "one person" if account["labellers"] == 1 else f"{account['labellers']} people"
    where = f" in the campaign {choice.campaign}" if choice.campaign else ""
    enough = [f"at least {choice.min_labels} of a candidate"] if choice.min_labels > 1 else []
    if choice.min_probability:
        enough.append(f"at least {choice.min_probability:g} likely")
    alpha = account["agreement"]["krippendorff_alpha"]
    agreed = "how far they agree cannot be told"
    if alpha is not None:
        agreed = (
            f"they agree with Krippendorff's alpha {alpha['value']:.2f} "
            f"[{alpha['low']:.2f}, {alpha['high']:.2f}] on {account['agreement']['items']:,} candidates"
        )
    hidden = account["said_with_scores_hidden"] / account["labels"]
    return (
        f"Labels by {people} of the service {service.settings.name}{where}: {account['labels']:,} of "
        f"{account['labelled_candidates']:,} candidates, joined {_METHODS[choice.method]}"
        f"{''.join(', ' + each for each in enough)}; {agreed}; {hidden:.0%} were said with the scores hidden."
    )
