"""Trials of exported graphs hold what such graphs meet."""

from __future__ import annotations

import numpy as np

from skysieve.networks.onnx_trials import trial_batches


def test_values_are_tried_within_the_full_scale_only() -> None:
    trials = list(trial_batches((1, 8, 8), accepts_nan=True, full_scale=255.0))
    every = np.concatenate([trial.ravel() for trial in trials])
    values = every[np.isfinite(every)]
    assert len(values) < len(every)
    assert values.min() >= 0
    assert values.max() <= 255
    assert values.max() > 250


def test_sequences_are_padded_with_nan_and_sorted_by_their_first_column() -> None:
    inside = 0
    for batch in trial_batches((None, 3), accepts_nan=True, full_scale=None):
        padding = np.isnan(batch[..., 0])
        assert np.isnan(batch[padding]).all()
        assert not padding[0].any()
        assert len(batch) == 1 or padding[-1].all()
        for row, beyond in zip(batch, padding, strict=True):
            assert (np.diff(beyond.astype(int)) >= 0).all()
            assert (np.diff(row[~beyond, 0]) >= 0).all()
        inside += int(np.isnan(batch[~padding]).sum())
    assert inside > 50


def test_without_nan_in_steps_the_padding_is_still_there() -> None:
    batches = list(trial_batches((None, 3), accepts_nan=False, full_scale=None))
    assert any(np.isnan(batch).any() for batch in batches)
    assert all(np.isfinite(batch[np.isfinite(batch[..., 0])]).all() for batch in batches)
