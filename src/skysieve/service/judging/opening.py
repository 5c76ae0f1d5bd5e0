"""Open the service's copy of a scorer, once in a process."""

from __future__ import annotations

import threading

from skysieve.errors import ServiceError
from skysieve.service.database.tables import Scorer
from skysieve.service.judging.model_copies import place_of
from skysieve.service.judging.opened_scorer import OpenedScorer, open_place
from skysieve.service.service import Service

__all__ = ["open_scorer"]

_opened: dict[tuple[str, str, str, str], OpenedScorer] = {}
_opening = threading.Lock()


def open_scorer(service: Service, scorer: Scorer) -> OpenedScorer:
    """Return a scorer ready to score, with the engine and precision of the settings.

    Raises
    ------
    ServiceError
        If the service's copy is not the model that the database names.
    ModelError
        If the copy is damaged or missing.
    """
    folder = place_of(service.home, scorer.place)
    judging = service.settings.judging
    key = (str(folder), scorer.identity, judging.engine, judging.precision)
    with _opening:
        if key not in _opened:
            opened = open_place(folder, engine=judging.engine, precision=judging.precision)
            if opened.identity != scorer.identity:
                raise ServiceError(
                    f"{folder}: holds the model {opened.identity[:12]}..., scorer {scorer.id} is "
                    f"{scorer.identity[:12]}...; restore the folder from a backup, or register it again"
                )
            _opened[key] = opened
        return _opened[key]
