"""GRU-D: a recurrent network of variables that are observed at different times."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from skysieve.errors import ConfigurationError
from skysieve.networks.registry import NETWORKS
from skysieve.networks.sequences.light_curve_steps import compressed_gaps, standardised
from skysieve.networks.sequences.sequence_network import SequenceNetwork, require_step_shape

__all__ = ["GruD", "since_observed"]


@NETWORKS.register("gru-d")
class GruD(SequenceNetwork):
    """GRU with decay: what was not observed falls back to its mean, and memory fades with time.

    The columns are the time in days and one variable for each band, NaN where it was not observed (a point
    of one band is a step with one variable). Values are standardised for each curve and band. Of a variable
    not observed at a step the network reads ``γ_x`` times its last value, the rest its mean (0 after
    standardising); before each step its state is multiplied by ``γ_h``; and it reads the mask of what was
    observed. ``γ = exp(-max(0, W δ + b))``, δ being the time since each variable was last observed
    (`since_observed`), ``W`` diagonal for the values, full for the state. Two deviations from the paper:
    δ is compressed by a logarithm (gaps of surveys go from minutes to seasons), and the reset gate acts
    behind the recurrent matrix, as in cuDNN and PyTorch.

    With every variable observed and decays of zero this is the plain GRU of values and mask.

    Parameters
    ----------
    shape : tuple of int
        (1 + variables,).
    outputs : int
        Number of logits.
    hidden : int
        Size of the state.
    dropout : float
        Rate before the output.
    level : tuple of 2 float
        Centre and spread of the mean values of curves, for the output.

    References
    ----------
    Che et al. 2018, Scientific Reports 8, 6085.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> two_bands = torch.tensor([[[0.0, 15.0, torch.nan], [0.1, torch.nan, 14.0], [9.0, 15.5, torch.nan]]])
    >>> GruD((3,), outputs=4, hidden=8)(two_bands).shape
    torch.Size([1, 4])
    """

    def __init__(
        self,
        shape: tuple[int],
        outputs: int = 1,
        *,
        hidden: int = 64,
        dropout: float = 0.0,
        level: tuple[float, float] = (15.0, 2.0),
    ) -> None:
        super().__init__()
        require_step_shape("gru-d", shape, 2, "time and the value in each band")
        if hidden < 1:
            raise ConfigurationError(f"network 'gru-d' has at least 1 hidden unit; found {hidden}")
        variables = shape[0] - 1
        self.hidden, self.level = hidden, (float(level[0]), float(level[1]))
        # Holds the matrices of the plain GRU of values and mask, under their usual names.
        self.cell = nn.GRUCell(2 * variables, hidden)
        self.value_decay_weight = nn.Parameter(torch.full((variables,), 1.0))
        self.value_decay_bias = nn.Parameter(torch.zeros(variables))
        self.state_decay = nn.Linear(variables, hidden)
        # Drawn positive: where W δ + b is negative nothing decays, and nothing is learned.
        nn.init.uniform_(self.state_decay.weight, 0.0, 1.0 / variables)
        nn.init.zeros_(self.state_decay.bias)
        self.dropout = nn.Dropout(dropout)
        self.fc_out = nn.Linear(hidden + 2 * variables, outputs)

    def filled(self, x: Tensor, valid: Tensor) -> Tensor:
        """Return the sequences with zeros in padding; NaN in a step stays, as it says not observed."""
        return torch.where(valid[..., None], x, 0.0)

    def logits_of(self, x: Tensor, valid: Tensor, lengths: Tensor) -> Tensor:
        """Return logits of sequences with NaN where a variable was not observed."""
        observed = x[..., 1:].isfinite() & valid[..., None]
        value, mean, scale = standardised(x[..., 1:].nan_to_num(), observed)
        # Padding lasts no time.
        time = torch.where(valid, x[..., 0].nan_to_num(), 0.0)
        with torch.autocast(x.device.type, enabled=False):
            state = self.states(value, observed, time)[torch.arange(x.shape[0], device=x.device), lengths - 1]
        seen = observed.any(1)
        level = torch.where(seen, (mean[:, 0] - self.level[0]) / self.level[1], 0.0)
        spread = torch.where(seen, torch.log10(scale[:, 0]), 0.0)
        logits: Tensor = self.fc_out(torch.cat([self.dropout(state), level, spread], dim=1))
        return logits

    def states(self, value: Tensor, observed: Tensor, time: Tensor) -> Tensor:
        """Return the state (N, T, hidden) after each step.

        Parameters
        ----------
        value : Tensor, shape (N, T, D)
            Standardised; what stands where nothing was observed is not used.
        observed : Tensor, shape (N, T, D), bool
            The mask.
        time : Tensor, shape (N, T)
            Days.
        """
        since, last = since_observed(value, observed, time)
        delta = compressed_gaps(since)
        value_decay = torch.exp(-torch.relu(self.value_decay_weight * delta + self.value_decay_bias))
        state_decay = torch.exp(-torch.relu(self.state_decay(delta)))
        read = torch.where(observed, value, value_decay * last)
        # All that does not wait for the state is computed at once; the loop holds the rest.
        given = functional.linear(
            torch.cat([read, observed.to(value.dtype)], dim=2), self.cell.weight_ih, self.cell.bias_ih
        )
        # One operator of an exported graph, which PyTorch would else write out for the steps of the example.
        run = _decayed_gru if torch.compiler.is_exporting() else _decayed_states
        return run(given, state_decay, self.cell.weight_hh, self.cell.bias_hh)


def _decayed_states(given: Tensor, decay: Tensor, weight_hh: Tensor, bias_hh: Tensor) -> Tensor:
    """Return the states (N, T, H) of a GRU whose state is multiplied by ``decay`` (N, T, H) before each step.

    ``given`` (N, T, 3 H) is what the step itself adds to the gates: reset, update, new.
    """
    state, states = decay.new_zeros(decay.shape[0], decay.shape[2]), []
    for step, faded in zip(given.unbind(1), decay.unbind(1), strict=True):
        state = _stepped(step, faded * state, weight_hh, bias_hh)
        states.append(state)
    return torch.stack(states, dim=1)


def _stepped(given: Tensor, state: Tensor, weight_hh: Tensor, bias_hh: Tensor) -> Tensor:
    recalled = functional.linear(state, weight_hh, bias_hh)
    reset, update, new = given.chunk(3, dim=1)
    recalled_reset, recalled_update, recalled_new = recalled.chunk(3, dim=1)
    new = torch.tanh(new + torch.sigmoid(reset + recalled_reset) * recalled_new)
    return torch.lerp(new, state, torch.sigmoid(update + recalled_update))


@torch.library.custom_op("skysieve::decayed_gru", mutates_args=())
def _decayed_gru(given: Tensor, decay: Tensor, weight_hh: Tensor, bias_hh: Tensor) -> Tensor:
    return _decayed_states(given, decay, weight_hh, bias_hh)


@_decayed_gru.register_fake
def _shaped_as_states(given: Tensor, decay: Tensor, weight_hh: Tensor, bias_hh: Tensor) -> Tensor:
    del given, weight_hh, bias_hh
    return torch.empty_like(decay)


def since_observed(value: Tensor, observed: Tensor, time: Tensor) -> tuple[Tensor, Tensor]:
    """Return for each step the time since each variable was last observed before it, and that value.

    Parameters
    ----------
    value : Tensor, shape (N, T, D)
        Values; used only where observed.
    observed : Tensor, shape (N, T, D), bool
        The mask.
    time : Tensor, shape (N, T)
        Increasing but for padding, whose times are 0.

    Returns
    -------
    since : Tensor, shape (N, T, D)
        Since the first step for a variable not yet observed; not negative.
    last : Tensor, shape (N, T, D)
        0 for a variable not yet observed.

    Examples
    --------
    >>> value, observed = torch.tensor([[[5.0], [0.0], [0.0]]]), torch.tensor([[[True], [False], [False]]])
    >>> since, last = since_observed(value, observed, torch.tensor([[1.0, 3.0, 4.0]]))
    >>> since.flatten().tolist(), last.flatten().tolist()
    ([0.0, 2.0, 3.0], [0.0, 5.0, 5.0])
    """
    steps = torch.arange(1, value.shape[1] + 1, device=value.device)[None, :, None]
    # Number from 1 of the last observed step before each, looked up by how many were observed before it: ONNX
    # has a running sum, but no running maximum.
    seen = observed.cumsum(1)
    of_seen = seen.new_zeros(value.shape[0], value.shape[1] + 1, value.shape[2])
    before = of_seen.scatter_add(1, seen, torch.where(observed, steps, 0)).gather(1, seen - observed.long())
    index = (before - 1).clamp(min=0)
    when = time[..., None].expand_as(value).gather(1, index)
    last = torch.where(before > 0, value.gather(1, index), 0.0)
    return (time[..., None] - when).clamp(min=0), last
