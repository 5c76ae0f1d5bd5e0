"""From alerts to a sample set: one row an alert, grouped by object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from skysieve.errors import SampleSetError
from skysieve.samples.description import RESERVED_COLUMNS, Description, TensorColumn
from skysieve.samples.findings import Finding
from skysieve.samples.sample_set import SampleSet
from skysieve.sources.alerts.alert import CUTOUT_CHANNELS, Alert

__all__ = ["PACKET_PREFIX", "alerts_to_samples"]

#: Stands before fields of a packet whose name has a fixed meaning in a sample set.
PACKET_PREFIX = "packet_"


def alerts_to_samples(
    outcomes: Iterable[Alert | Finding],
    *,
    size: int = 63,
    labels: Mapping[int, int] | None = None,
    classes: tuple[str, ...] = ("bogus", "real"),
    label_origin: str = "",
    origin: Mapping[str, Any] | None = None,
) -> SampleSet:
    """Collect alerts into a sample set.

    Parameters
    ----------
    outcomes : iterable of Alert or Finding
        What the readers yield.
    size : int
        Side of the cutouts; smaller ones are filled up with NaN at bottom and right, larger ones
        are kept aside.
    labels : mapping of int to int, optional
        Class index by candid; alerts that it lacks are unlabelled.
    classes : tuple of str
        Names of the classes.
    label_origin : str
        How the labels came about.
    origin : mapping, optional
        Where the alerts came from.

    Returns
    -------
    SampleSet
        ``id`` is the candid, ``group`` the object (the candid itself where a packet names none),
        ``cutouts`` science, template, difference as they came; every number and word of the
        candidate is a column. A field called like a column of fixed meaning (``id``, ``group``,
        ``label``, ``split``, ``fold``, ``survey``, ``source``, ``cutouts``) is kept under
        ``packet_`` and its name, such as ``packet_label``. Packets that cannot be used are in ``findings``.

    Raises
    ------
    SampleSetError
        If no alert is usable.
    """
    # The set needs one layout for all; what other surveys send in other sizes is kept aside.
    shape = (len(CUTOUT_CHANNELS), size, size)
    alerts: list[Alert] = []
    findings: list[Finding] = []
    seen: set[int] = set()
    for outcome in outcomes:
        if isinstance(outcome, Finding):
            findings.append(outcome)
        elif outcome.candid in seen:
            reason = f"candid {outcome.candid} came before; the first is kept"
            findings.append(Finding(outcome.source, "repeated-id", reason))
        elif any(side > size for cutout in outcome.cutouts for side in cutout.shape):
            found = [cutout.shape for cutout in outcome.cutouts]
            findings.append(
                Finding(outcome.source, "wrong-shape", f"has cutouts of {found}, more than {size}")
            )
        else:
            seen.add(outcome.candid)
            alerts.append(outcome)
    if not alerts:
        first = next((f"{finding.item}: {finding.reason}" for finding in findings), "there was no input")
        raise SampleSetError(f"no usable alert; first reason: {first}")
    columns: dict[str, Any] = {
        "id": [alert.candid for alert in alerts],
        "group": [alert.object_id or str(alert.candid) for alert in alerts],
        "label": [None if labels is None else labels.get(alert.candid) for alert in alerts],
        "survey": [alert.survey for alert in alerts],
        "source": [alert.source for alert in alerts],
    }
    columns |= _candidate_columns(alerts, taken={*columns, "cutouts", *RESERVED_COLUMNS})
    cutouts = np.full((len(alerts), *shape), np.nan, dtype=np.float32)
    for row, alert in enumerate(alerts):
        for channel, cutout in enumerate(alert.cutouts):
            cutouts[row, channel, : cutout.shape[0], : cutout.shape[1]] = cutout
    layout = TensorColumn(shape, channels=CUTOUT_CHANNELS, unit="detector counts")
    description = Description({"cutouts": layout}, classes, label_origin, {}, dict(origin or {}))
    return SampleSet.from_columns(columns | {"cutouts": cutouts}, description, tuple(findings))


def _candidate_columns(alerts: list[Alert], taken: set[str]) -> dict[str, list[Any]]:
    """Return a column for every field that at least one alert has."""
    names = dict.fromkeys(name for alert in alerts for name in alert.candidate)
    columns: dict[str, list[Any]] = {}
    for name in names:
        values = [alert.candidate.get(name) for alert in alerts]
        if all(value is None for value in values):
            continue
        column = name
        while column in taken or (column != name and column in names):
            column = PACKET_PREFIX + column
        columns[column] = _as_one_type(values)
    return columns


def _as_one_type(values: list[Any]) -> list[Any]:
    """Return words where any value is a word, fractions where numbers of several types meet."""
    kinds = {type(value) for value in values if value is not None}
    if len(kinds) == 1:
        return values
    one = str if str in kinds else float
    return [None if value is None else one(value) for value in values]
