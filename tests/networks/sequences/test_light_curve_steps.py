"""What networks read of light curves does not suffer from the size of magnitudes."""

from __future__ import annotations

import numpy as np
import torch

from skysieve.networks.sequences.light_curve_steps import standardised

torch.set_num_threads(1)


def test_quiet_stars_are_standardised_as_in_double_precision() -> None:
    value = torch.from_numpy(np.random.default_rng(0).normal(19.0, 0.004, (20, 1500, 1))).float()
    observed = torch.rand(value.shape, generator=torch.Generator().manual_seed(0)) < 0.7
    found, mean, scale = standardised(value, observed)
    exact = np.where(observed, value.double(), np.nan)
    middle, spread = np.nanmean(exact, axis=1, keepdims=True), np.nanstd(exact, axis=1, keepdims=True)
    expected = np.nan_to_num((exact - middle) / spread)
    np.testing.assert_allclose(found, expected, atol=5e-6)
    np.testing.assert_allclose(mean, middle, rtol=2e-7)
    np.testing.assert_allclose(scale, spread, rtol=1e-5)


def test_a_variable_never_observed_is_zero() -> None:
    value, observed = torch.full((1, 4, 2), 7.0), torch.tensor([True, False]).expand(1, 4, 2)
    found, mean, scale = standardised(value, observed)
    assert found.abs().max() == 0
    assert mean.flatten().tolist() == [7.0, 0.0]
    assert torch.allclose(scale, torch.tensor(1e-3))
