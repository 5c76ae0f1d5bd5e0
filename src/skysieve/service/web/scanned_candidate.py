"""A candidate as the scripts of the scanning page are given it, within the page and by the API."""

from __future__ import annotations

from typing import Any

from skysieve.service.candidates.measured import measured
from skysieve.service.database.tables import Candidate

__all__ = ["scanned_json"]


def scanned_json(candidate: Candidate, *, blind: bool) -> dict[str, Any]:
    """Return what the scanning page needs of a candidate; a blind one has no word of any machine or label."""
    cutouts = candidate.cutouts
    shown: dict[str, Any] = {
        "id": candidate.id,
        "kind": candidate.kind,
        "survey": candidate.survey,
        "name": candidate.name,
        "object": candidate.object_id,
        "night": candidate.night.name,
        "band": candidate.band,
        "mag": measured(candidate.mag),
        "ra": measured(candidate.ra),
        "dec": measured(candidate.dec),
        "channels": [] if cutouts is None else cutouts.channels,
        "pixels": None
        if cutouts is None
        else f"/api/v1/candidates/{candidate.id}/pixels?v={cutouts.sha256[:16]}",
    }
    if not blind:
        shown |= {
            "score": measured(candidate.score),
            "passes": candidate.passes,
            "label": candidate.label,
            "label_count": candidate.label_count,
        }
    return shown
