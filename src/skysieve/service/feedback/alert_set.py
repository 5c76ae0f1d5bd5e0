"""From labelled alerts of the service to a sample set: the columns that every recipe for alerts expects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from skysieve.errors import InputError, ServiceError
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.service.candidates.images import load_images
from skysieve.service.database.tables import Candidate
from skysieve.service.feedback.answers import ALERT_CLASSES, LABEL
from skysieve.service.feedback.voted_labels import VotedLabels
from skysieve.service.service import Service
from skysieve.sources.alerts.alert import CUTOUT_CHANNELS, Alert
from skysieve.sources.alerts.samples import alerts_to_samples

__all__ = ["alert_samples", "labelled_candidates"]

#: Candidates that are read at once.
_AT_ONCE = 500
#: The survey's own names of what has a column of its own.
_OWN_NAMES = {
    "ZTF": {"jd": "jd", "ra": "ra", "dec": "dec"},
    "LSST": {"ra": "ra", "dec": "dec", "band": "band"},
}


def alert_samples(
    service: Service, voted: VotedLabels, *, size: int = 63, surveys: Sequence[str] = ()
) -> SampleSet:
    """Collect labelled alerts.

    Parameters
    ----------
    service : Service
        The service, for the cutouts.
    voted : VotedLabels
        The labels.
    size : int
        Side of the cutouts, as of `skysieve.sources.alerts.samples.alerts_to_samples`.
    surveys : sequence of str
        Only alerts of these; empty: of all.

    Returns
    -------
    SampleSet
        With ``label_probability`` and ``label_votes``. Those that are not there are in ``findings``.

    Raises
    ------
    SampleSetError
        If no alert is usable.
    """
    row_of: dict[int, int] = {}
    outcomes: list[Alert | Finding] = []
    row_of_candidate = {candidate: row for row, candidate in enumerate(voted.candidates)}
    for candidate in labelled_candidates(service, voted.candidates):
        outcome = _alert(service, candidate, surveys)
        if isinstance(outcome, Alert):
            # Two surveys may give out one number: the first is kept, here as by the reader.
            row_of.setdefault(outcome.candid, row_of_candidate[candidate.id])
        outcomes.append(outcome)
    labels = {candid: int(voted.answers[LABEL][row]) for candid, row in row_of.items()}
    made = alerts_to_samples(outcomes, size=size, labels=labels, classes=ALERT_CLASSES)
    rows = np.array([row_of[int(candid)] for candid in made.ids])
    labelled = made.with_columns(voted.columns(rows))
    labelled.findings = made.findings
    return labelled


def labelled_candidates(service: Service, ids: Sequence[int]) -> Iterator[Candidate]:
    """Yield candidates with their cutouts, by id, a few hundred in memory at a time."""
    for start in range(0, len(ids), _AT_ONCE):
        part = ids[start : start + _AT_ONCE]
        statement = select(Candidate).where(Candidate.id.in_(part)).order_by(Candidate.id)
        with service.database.reading() as session:
            found = session.scalars(statement.options(joinedload(Candidate.cutouts))).unique().all()
            # The end of the session would empty them.
            session.expunge_all()
        yield from found


def _alert(service: Service, candidate: Candidate, surveys: Sequence[str]) -> Alert | Finding:
    """Return the alert that a candidate was, or why it cannot be used."""
    item = f"{candidate.survey} {candidate.name}"
    if surveys and candidate.survey not in surveys:
        reason = f"is of {candidate.survey}, the recipe is for {' and '.join(surveys)}"
        return Finding(item, "other-survey", reason, "note")
    if not candidate.name.isdigit():
        return Finding(item, "bad-id", "its name is no number of an alert")
    if candidate.cutouts is None:
        return Finding(item, "no-cutouts", "has a label, but no cutouts to learn from")
    try:
        images = load_images(service.files, candidate.cutouts)
    except (InputError, ServiceError) as error:
        return Finding(item, "missing-file", str(error))
    if missing := [channel for channel in CUTOUT_CHANNELS if channel not in images]:
        return Finding(item, "missing-channel", f"lacks the cutouts {', '.join(missing)}")
    columns = {
        name: getattr(candidate, attribute)
        for attribute, name in _OWN_NAMES.get(candidate.survey, _OWN_NAMES["ZTF"]).items()
    }
    science, template, difference = (images[channel] for channel in CUTOUT_CHANNELS)
    return Alert(
        candid=int(candidate.name),
        object_id=candidate.object_id,
        survey=candidate.survey,
        schema="",
        candidate={**columns, **candidate.fields},
        cutouts=(science, template, difference),
        source=candidate.source,
    )
