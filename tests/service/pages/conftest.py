"""A night for pages to show: candidates with cutouts and scores, a scorer on duty; browsers with and without
a screen (``web_client.py``, ``browser.py``)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from skysieve.service.candidates.images import FITS_GZIP, pack_images
from skysieve.service.candidates.similar import look_of
from skysieve.service.database.tables import Candidate, Cutouts, Night, Score, Scorer, Verdict
from skysieve.service.labelling.taxonomies import ensure_taxonomies
from skysieve.service.sky.cells import cell_of

CHANNELS = ("science", "template", "difference")
THRESHOLD = 0.5


def triplet(number: int, size: int = 63) -> list[np.ndarray]:
    """Return science, template and difference: a source for even numbers, a dipole for odd ones."""
    random = np.random.default_rng(number)
    y, x = np.indices((size, size)) - size // 2
    source = 900 * np.exp(-(x**2 + y**2) / 8.0)
    shifted = 900 * np.exp(-((x - 3) ** 2 + y**2) / 8.0)
    science, template, difference = (random.normal(200, 12, (size, size)) for _ in range(3))
    if number % 2 == 0:
        science, difference = science + source, difference + source
    else:
        science, template, difference = science + source, template + shifted, difference + source - shifted
    difference[:3, :] = np.nan
    return [image.astype(np.float32) for image in (science, template, difference)]


@pytest.fixture
def make_night(service) -> Callable[..., list[int]]:
    """Return a function that makes candidates of a night and returns their ids, the best score first."""

    def make(count: int = 4, *, night: str = "20261120", scored: bool = True, **given: Any) -> list[int]:
        packed = [pack_images(triplet(at), CHANNELS) for at in range(count)]
        hashes = service.files.put_all(packed)

        def work(session):
            ensure_taxonomies(session)
            row = Night(name=night)
            scorer = Scorer(
                kind="alert",
                identity="a" * 64,
                name="braai-test",
                is_sieve=False,
                place="braai-weak",
                duty="on-duty",
                description={"members": [{"name": "score", "threshold": THRESHOLD}], "summary": "Tests."},
            )
            session.add_all([row, scorer])
            session.flush()
            made = []
            for at in range(count):
                score = round(0.99 - 0.9 * at / max(count - 1, 1), 4)
                ra, dec = 150.0 + at * 0.001, 2.0
                made.append(
                    Candidate(
                        **{
                            "kind": "alert",
                            "survey": "ZTF",
                            "name": str(10**18 + at),
                            "object_id": f"ZTF26aa{at:05d}",
                            "night": row,
                            "jd": 2461365.6 + at / 1000,
                            "ra": ra,
                            "dec": dec,
                            "cell": cell_of(ra, dec),
                            "band": "r",
                            "mag": 18.0 + at / 10,
                            "fields": {"magpsf": 18.0 + at / 10, "drb": 0.97, "rb": 0.61, "zeta": "last"},
                            "score": score if scored else None,
                            "passes": score >= THRESHOLD if scored else None,
                            "look": look_of(dict(zip(CHANNELS, triplet(at), strict=True))),
                            **given,
                        }
                    )
                )
            session.add_all(made)
            session.flush()
            for candidate, sha256 in zip(made, hashes, strict=True):
                session.add(
                    Cutouts(
                        candidate_id=candidate.id,
                        sha256=sha256,
                        media_type=FITS_GZIP,
                        channels=list(CHANNELS),
                    )
                )
                if scored:
                    session.add(
                        Score(
                            candidate_id=candidate.id,
                            scorer_id=scorer.id,
                            member="score",
                            value=candidate.score,
                        )
                    )
                    session.add(
                        Verdict(
                            candidate_id=candidate.id,
                            scorer_id=scorer.id,
                            rule="passes",
                            passes=candidate.passes,
                        )
                    )
            return [candidate.id for candidate in made]

        return service.database.write(work)

    return make
