"""Candidates that look alike are found whichever way they are turned."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from skysieve.service.candidates.similar import look_of, similar
from skysieve.service.database.tables import Candidate, Night
from skysieve.service.service import Service


def image_of(kind: str, seed: int) -> NDArray[np.float32]:
    """Return a star, a dipole or a dead column in noise of its own."""
    y, x = np.indices((63, 63)) - 31.0
    noise = np.random.default_rng(seed).normal(size=(63, 63))
    shapes = {
        "star": 80 * np.exp(-(x**2 + y**2) / 8),
        "dipole": 60 * (np.exp(-((x - 3) ** 2 + y**2) / 8) - np.exp(-((x + 3) ** 2 + y**2) / 8)),
        "column": 50.0 * (np.abs(x) < 1),
    }
    return np.rot90(noise + shapes[kind], seed % 4).astype(np.float32)


def test_the_same_kind_comes_first(service: Service) -> None:
    kinds = ["star", "dipole", "column"] * 5
    with service.database.writing() as session:
        session.add(Night(id=1, name="20261121"))
        session.flush()
        for seed, kind in enumerate(kinds):
            look = look_of({"difference": image_of(kind, seed)})
            session.add(
                Candidate(
                    kind="alert", survey="ZTF", name=str(seed), night_id=1, look=look, fields={"is": kind}
                )
            )
    with service.database.reading() as session:
        for kind in ("star", "dipole", "column"):
            one = session.query(Candidate).filter_by(name=str(kinds.index(kind))).one()
            found = similar(session, one, most=4)
            assert [other.fields["is"] for other, _ in found] == [kind] * 4
            distances = [distance for _, distance in found]
            assert distances == sorted(distances)
            assert one.id not in [other.id for other, _ in found]


def test_candidate_without_images_has_nothing_alike(service: Service) -> None:
    with service.database.writing() as session:
        session.add(Night(id=1, name="20261121"))
        session.flush()
        session.add(Candidate(kind="alert", survey="ZTF", name="1", night_id=1))
    with service.database.reading() as session:
        assert similar(session, session.query(Candidate).one()) == []


@pytest.mark.parametrize("missing", [np.nan, np.inf, -3.4e38])
def test_missing_pixels_count_as_sky(missing: float) -> None:
    image = image_of("star", 3)
    holed = image.copy()
    holed[:, :4] = missing
    look = np.frombuffer(look_of({"difference": holed}), np.float32)
    assert np.isfinite(look).all()
    assert np.abs(look - np.frombuffer(look_of({"difference": image}), np.float32)).max() < 0.5
    assert not np.frombuffer(look_of({"difference": np.full((63, 63), missing)}), np.float32).any()


def test_no_image_gives_no_look() -> None:
    assert look_of({}) == b""
