"""Simulated frame sequences: repeatable, and each kind of artefact shows what its name says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from skysieve.errors import ConfigurationError, UnknownNameError
from skysieve.samples import SampleSet
from skysieve.sources.simulators.frames import ARTEFACTS, simulate_frame_sequences, write_frame_samples
from skysieve.sources.simulators.frames.kinds import Conditions, add_star

LENGTHS = (6, 12)
CONDITIONS = Conditions(fwhm=2.5, sky=400.0, noise=20.0, x=13.5, y=13.5)


def shown(kind: str, seeds: int = 12) -> list[np.ndarray]:
    """Return what a kind adds to empty frames, those that it changes only."""
    made = []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        maker = ARTEFACTS[kind]
        assert maker is not None
        paint = maker(rng)
        for _ in range(10):
            frame = np.zeros((28, 28), dtype=np.float32)
            paint(frame, CONDITIONS, rng)
            if frame.any():
                made.append(frame)
    return made


def test_a_sequence_depends_on_seed_and_number_only() -> None:
    whole = simulate_frame_sequences(6, seed=3, lengths=LENGTHS)
    part = simulate_frame_sequences(2, seed=3, lengths=LENGTHS, start=4)
    assert part.tags == whole.tags[4:]
    for found, expected in zip(part.frames, whole.frames[4:], strict=True):
        np.testing.assert_array_equal(found, expected)
    other = simulate_frame_sequences(1, seed=4, lengths=LENGTHS)
    assert not np.array_equal(other.time[0][:6], whole.time[0][:6])


def test_shapes_times_and_labels_fit() -> None:
    simulated = simulate_frame_sequences(30, seed=0, lengths=LENGTHS)
    for frames, time in zip(simulated.frames, simulated.time, strict=True):
        assert frames.shape == (len(time), 1, 28, 28)
        assert LENGTHS[0] <= len(time) <= LENGTHS[1]
        assert (np.diff(time) > 0).all()
        assert np.isfinite(frames).all()
    assert simulated.labels.tolist() == [int(bool(tag)) for tag in simulated.tags]
    assert 5 < simulated.labels.sum() < 25


@pytest.mark.parametrize("kind", ARTEFACTS)
def test_one_kind_alone(kind: str) -> None:
    simulated = simulate_frame_sequences(2, seed=1, artefact_share=1.0, artefacts=[kind], lengths=(3, 3))
    assert simulated.tags == [kind, kind]
    assert simulated.labels.tolist() == [1, 1]


def test_a_star_has_its_flux_and_out_of_focus_a_hole() -> None:
    frame, ring = np.zeros((81, 81), np.float32), np.zeros((81, 81), np.float32)
    add_star(frame, 40.0, 40.0, 1000.0, 2.5)
    add_star(ring, 40.0, 40.0, 1000.0, 2.5, defocus=6.0)
    assert frame.sum() == pytest.approx(1000, rel=0.01)
    assert ring.sum() == pytest.approx(1000, rel=0.01)
    assert frame[40, 40] == frame.max()
    assert ring[40, 40] < 0.3 * ring.max()
    corner = np.zeros((81, 81), np.float32)
    add_star(corner, 0.0, 0.0, 1000.0, 2.5, defocus=6.0)
    assert 200 < corner.sum() < 350
    half = frame[40, 40:] > frame[40, 40] / 2
    assert half.sum() == 2


def test_columns_run_along_columns() -> None:
    for frame in shown("column"):
        assert 1 <= np.any(frame != 0, axis=0).sum() <= 2


def test_a_bright_star_lies_outside_and_is_brightest_at_the_border() -> None:
    for frame in shown("bright_star"):
        border = np.ones_like(frame, dtype=bool)
        border[3:-3, 3:-3] = False
        assert frame[border].max() == frame.max()
        assert frame.min() > 0


def test_the_edge_leaves_flat_rows_or_columns() -> None:
    for frame in shown("frame_edge"):
        flat = [np.rot90(frame, turns)[0] for turns in range(4)]
        assert any(np.ptp(row) == 0 for row in flat)


@pytest.mark.parametrize("kind", ["track", "spike"])
def test_lines_are_narrow_and_long(kind: str) -> None:
    for frame in shown(kind):
        lit = np.argwhere(frame > 0.3 * frame.max())
        if len(lit) < 15:
            continue
        across, along = np.sqrt(np.linalg.eigvalsh(np.cov(lit.T)))
        assert along > 2 * across


def test_ghosts_are_wide() -> None:
    assert np.mean([(frame > 0.3 * frame.max()).mean() for frame in shown("ghost")]) > 0.15


def test_a_sample_set_says_that_it_is_simulated_whoever_made_it(tmp_path: Path) -> None:
    paths = [
        write_frame_samples(tmp_path / f"{workers}.parquet", 5, seed=2, lengths=(3, 4), workers=workers)
        for workers in (1, 2)
    ]
    samples = SampleSet.open(paths[0])
    assert paths[0].read_bytes() == paths[1].read_bytes()
    assert samples.description.label_origin.startswith("SIMULATED")
    assert samples.classes == ("other", "artefact")
    assert samples.description.origin["lengths"] == [3, 4]
    simulated = simulate_frame_sequences(5, seed=2, lengths=(3, 4))
    assert samples.scalar("tags").tolist() == simulated.tags
    np.testing.assert_array_equal(samples.ragged("frames")[4], simulated.frames[4])


def test_wrong_settings_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="no artefact of frames is called 'star'"):
        simulate_frame_sequences(1, seed=0, artefacts=["star"])
    for wrong in ({"artefact_share": 1.5}, {"lengths": (5, 2)}, {"lengths": (0, 2)}, {"artefacts": []}):
        with pytest.raises(ConfigurationError):
            simulate_frame_sequences(1, seed=0, **wrong)  # type: ignore[arg-type]
