import csv
from pathlib import Path

import numpy as np

from skysieve.detection.frames import read_frames
from skysieve.sources.simulators.streak_frame_files import write_streak_frame
from skysieve.sources.simulators.streak_frames import TRUTH_FIELDS, simulate_streak_frame


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    frame = simulate_streak_frame(3, seed=4, shape=(160, 200), lengths=(10.0, 30.0))
    folder = write_streak_frame(tmp_path / "new" / "frame", frame)
    read = read_frames(*(folder / f"{name}.fits" for name in ("science", "reference", "difference")))
    np.testing.assert_array_equal(read.difference, frame.difference)
    np.testing.assert_array_equal(read.reference, frame.reference)
    assert read.seconds == 30.0
    assert abs(read.pixel_scale - 1.01) < 1e-6
    rows = list(csv.DictReader((folder / "truth.csv").read_text().splitlines()))
    assert tuple(rows[0]) == TRUTH_FIELDS
    assert [float(row["flux"]) for row in rows] == frame.truth["flux"].tolist()


def test_writing_again_replaces(tmp_path: Path) -> None:
    for seed in (1, 2):
        write_streak_frame(
            tmp_path, simulate_streak_frame(1, seed=seed, shape=(140, 140), lengths=(5.0, 9.0))
        )
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "difference.fits",
        "reference.fits",
        "science.fits",
        "truth.csv",
    ]
