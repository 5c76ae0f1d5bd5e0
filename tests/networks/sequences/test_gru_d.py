"""GRU-D is the plain GRU where it must be, and decays where it must."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from skysieve.errors import ConfigurationError
from skysieve.networks.sequences.gru_d import GruD, since_observed

torch.set_num_threads(1)


def without_decay(variables: int) -> GruD:
    torch.manual_seed(1)
    network = GruD((1 + variables,), hidden=4).eval()
    for name, parameter in network.named_parameters():
        if "decay" in name:
            nn.init.zeros_(parameter)
    return network


def test_equals_a_plain_gru_with_the_mask_appended() -> None:
    network = without_decay(2)
    gru = nn.GRU(4, 4, batch_first=True)
    gru.load_state_dict({f"{name}_l0": value for name, value in network.cell.state_dict().items()})
    value, time = torch.randn(3, 9, 2), torch.rand(3, 9).cumsum(1) * 100
    observed = torch.ones(3, 9, 2, dtype=torch.bool)
    expected, _ = gru(torch.cat([value, torch.ones_like(value)], dim=2))
    torch.testing.assert_close(network.states(value, observed, time), expected, rtol=0, atol=1e-6)


def test_with_decays_the_state_fades_in_a_gap() -> None:
    network = without_decay(1)
    nn.init.ones_(network.state_decay.weight)
    value, observed = torch.randn(1, 3, 1), torch.ones(1, 3, 1, dtype=torch.bool)
    short, long = (network.states(value, observed, torch.tensor([[0.0, 1, 1 + gap]]))[0] for gap in (1, 900))
    torch.testing.assert_close(short[:2], long[:2])
    assert not torch.allclose(short[2], long[2], atol=1e-4)


def test_a_variable_not_observed_falls_back_to_its_mean() -> None:
    """With a strong decay what was last seen is forgotten; without decay it is carried on."""
    value = torch.tensor([[[2.0], [0.0]]])
    observed = torch.tensor([[[True], [False]]])
    time = torch.tensor([[0.0, 500.0]])
    forgetful, faithful = without_decay(1), without_decay(1)
    nn.init.constant_(forgetful.value_decay_weight, 1e3)
    mean_read = forgetful.states(value, observed, time)
    carried = faithful.states(torch.tensor([[[2.0], [7.0]]]), observed, time)
    assert not torch.allclose(mean_read[:, 1], carried[:, 1], atol=1e-4)
    # What is read: value 0, or the last value; mask 0.
    expected = forgetful.cell(torch.tensor([[0.0, 0.0]]), mean_read[:, 0])
    torch.testing.assert_close(mean_read[:, 1], expected)
    torch.testing.assert_close(carried[:, 1], faithful.cell(torch.tensor([[2.0, 0.0]]), carried[:, 0]))


def test_since_observed_follows_the_recurrence_of_the_paper() -> None:
    generator = torch.Generator().manual_seed(0)
    value = torch.randn(2, 12, 3, generator=generator)
    observed = torch.rand(2, 12, 3, generator=generator) < 0.4
    time = torch.rand(2, 12, generator=generator).cumsum(1)
    since, last = since_observed(value, observed, time)
    delta, carried = torch.zeros(2, 3), torch.zeros(2, 3)
    for step in range(12):
        if step:
            gap = (time[:, step] - time[:, step - 1])[:, None]
            delta = torch.where(observed[:, step - 1], gap, gap + delta)
            carried = torch.where(observed[:, step - 1], value[:, step - 1], carried)
        torch.testing.assert_close(since[:, step], delta)
        torch.testing.assert_close(last[:, step], carried)


def test_the_operator_of_exported_graphs_is_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    network, value = GruD((4,), hidden=5), torch.randn(2, 9, 3)
    observed, time = torch.rand(2, 9, 3) < 0.5, torch.rand(2, 9).cumsum(1) * 100
    with torch.inference_mode():
        looped = network.states(value, observed, time)
        monkeypatch.setattr(torch.compiler, "is_exporting", lambda: True)
        torch.testing.assert_close(network.states(value, observed, time), looped)


def test_no_hidden_unit() -> None:
    with pytest.raises(ConfigurationError, match="0"):
        GruD((2,), hidden=0)
