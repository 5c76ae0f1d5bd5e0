from pathlib import Path

import numpy as np
import pytest

from skysieve.errors import ConfigurationError, UnknownNameError
from skysieve.samples import SampleSet
from skysieve.sources.simulators.streaks import samples, simulate_streaks
from skysieve.sources.simulators.streaks.samples import write_streak_samples
from skysieve.sources.streaks.cutout_file import resize_cutouts


def test_file_does_not_depend_on_workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samples, "BLOCK", 8)
    # More blocks than may wait at a time, the last one not full.
    files = [
        write_streak_samples(tmp_path / f"{workers}", n=51, seed=5, workers=workers) for workers in (1, 2)
    ]
    assert files[0].read_bytes() == files[1].read_bytes()


def test_columns_and_pixels_are_those_of_the_simulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(samples, "BLOCK", 8)
    table = SampleSet.open(write_streak_samples(tmp_path / "set", n=20, seed=5, real_fraction=0.7))
    streaks = simulate_streaks(20, seed=5, real_fraction=0.7)
    assert len(table) == 20
    assert table.ids.tolist() == table.groups.tolist() == list(range(20))
    for name, values in streaks.columns().items():
        stored = table.scalar(name)
        np.testing.assert_array_equal(stored, values)
    assert table.scalar("rb").dtype == np.int8
    np.testing.assert_array_equal(
        table.tensor("cutouts"), resize_cutouts(np.asarray(streaks.cutouts, np.uint8))[:, None]
    )


def test_no_sample_is_a_set_too(tmp_path: Path) -> None:
    assert len(SampleSet.open(write_streak_samples(tmp_path / "set", n=0, seed=1))) == 0


def test_bad_settings_leave_no_file(tmp_path: Path) -> None:
    path = tmp_path / "set"
    with pytest.raises(ConfigurationError, match="workers"):
        write_streak_samples(path, n=1, seed=1, workers=0)
    with pytest.raises(UnknownNameError, match="comet"):
        write_streak_samples(path, n=1, seed=1, kinds=["comet"])
    with pytest.raises(ConfigurationError, match="real_fraction"):
        write_streak_samples(path, n=1, seed=1, real_fraction=2.0)
    assert not path.exists()
