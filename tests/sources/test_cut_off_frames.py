"""Frames that the edge of a detector cut off lie where their object tells."""

from __future__ import annotations

import numpy as np
import pytest

from skysieve.errors import SampleSetError
from skysieve.sources.cut_off_frames import paste_frame


@pytest.mark.parametrize(
    ("shape", "place", "rows", "columns"),
    [
        ((28, 28), {}, (0, 28), (0, 28)),
        ((20, 28), {"row": 6.0}, (8, 28), (0, 28)),
        ((20, 28), {"row": 14.0}, (0, 20), (0, 28)),
        ((28, 15), {"column": 1.5, "row": 13.5}, (0, 28), (13, 28)),
        ((16, 17), {"row": 2.0, "column": 3.0}, (12, 28), (11, 28)),
        ((27, 27), {"row": 13.5, "column": 12.9}, (0, 27), (1, 28)),
    ],
)
def test_a_piece_lies_where_its_object_tells(
    shape: tuple[int, int], place: dict[str, float], rows: tuple[int, int], columns: tuple[int, int]
) -> None:
    piece = np.random.default_rng(0).uniform(0.1, 1, shape).astype(np.float32)
    whole = paste_frame(piece, **place)
    np.testing.assert_array_equal(whole[slice(*rows), slice(*columns)], piece)
    assert (whole > 0).sum() == piece.size


def test_a_frame_larger_than_the_whole_is_refused() -> None:
    with pytest.raises(SampleSetError, match=r"\(29, 28\)"):
        paste_frame(np.ones((29, 28)))
