"""A classifier of sequences by statistics of their steps, given ones and learned ones."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skysieve.errors import ConfigurationError
from skysieve.networks.registry import NETWORKS
from skysieve.networks.sequences.sequence_network import SequenceNetwork, require_step_shape

__all__ = ["FrameStatisticsNet", "RunningStandard"]

#: Added to variances: a sequence of one step has none.
LEAST_VARIANCE = 1e-4


class RunningStandard(nn.Module):
    """Standardise features by the mean and deviation of all rows that training has shown so far.

    Unlike batch normalisation it does not look at the other rows of a batch, so that what stands in a batch
    changes nothing, and batches may be as small as they like. Mean and deviation are those of all rows
    alike, not of the last batches.

    Parameters
    ----------
    features : int
        Columns.

    References
    ----------
    Chan, Golub & LeVeque 1983, The American Statistician 37, 242 (how moments of parts are put together).

    Examples
    --------
    >>> standard = RunningStandard(1)
    >>> _ = standard(torch.tensor([[1.0]])), standard(torch.tensor([[2.0], [6.0]]))
    >>> standard.mean, standard.eval()(torch.tensor([[3.0]]))
    (tensor([3.]), tensor([[0.]]))
    """

    mean: Tensor
    variance: Tensor
    rows: Tensor

    def __init__(self, features: int) -> None:
        super().__init__()
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("variance", torch.ones(features))
        self.register_buffer("rows", torch.zeros((), dtype=torch.int64))

    def forward(self, x: Tensor, valid: Tensor | None = None) -> Tensor:
        """Return (..., F) standardised; while training, rows where ``valid`` (...) is true are counted in."""
        if self.training:
            self._count(x.detach()[valid] if valid is not None else x.detach())
        return (x - self.mean) / (self.variance + 1e-12).sqrt()

    @torch.no_grad()
    def _count(self, rows: Tensor) -> None:
        rows = rows.flatten(0, -2)
        share = len(rows) / (len(rows) + self.rows)
        mean, variance = rows.mean(0), rows.var(0, correction=0)
        away = mean - self.mean
        # Before the first batch share is 1, and the variance that stands there counts for nothing.
        self.variance.lerp_(variance, share).add_(share * (1 - share) * away.square())
        self.mean.add_(share * away)
        self.rows.add_(len(rows))


@NETWORKS.register("frame-statistics")
class FrameStatisticsNet(SequenceNetwork):
    """Statistics of the steps of a sequence, given and learned, to a dense network.

    Features are standardised by all steps that training has shown (`RunningStandard`), and their tails drawn
    in, sign(x) log(1 + abs(x)): a frame that is far off weighs like one that is off. Of each feature along
    the sequence the network is given the mean, the deviation, the mean difference between neighbours, the
    largest and the smallest value. Beside these it learns statistics: two dense layers see every step as
    it is, against the mean and deviation of its own sequence, and by how much it differs from the step
    before; what they make of it is pooled as mean, deviation, largest value, and means by learned attention.

    Nothing but the differences tells the order of the steps, and nothing the number of them. Without a
    recurrence it has no step that waits for the one before.

    Parameters
    ----------
    shape : tuple of int
        (F,), features of a step, such as the 36 numbers of an encoded frame.
    outputs : int
        Number of logits: 1 for two classes, else their number.
    hidden : int
        Width of the first layer of a step.
    width : int
        Numbers that the second layer makes of a step.
    heads : int
        Means by attention.
    dense : int
        Width of the layer before the output.
    dropout : float
        Rate before each of the last two layers.

    Raises
    ------
    ConfigurationError
        If a size is not positive.

    References
    ----------
    Zaheer et al. 2017, arXiv:1703.06114 (deep sets); Lin et al. 2017, arXiv:1703.03130 (several attentions);
    Snyder et al. 2018, ICASSP 5329 (mean and deviation of learned features).

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> network = FrameStatisticsNet((36,))
    >>> network(torch.rand(3, 50, 36), torch.tensor([50, 20, 5])).shape
    torch.Size([3, 1])
    """

    def __init__(
        self,
        shape: tuple[int],
        outputs: int = 1,
        *,
        hidden: int = 64,
        width: int = 64,
        heads: int = 4,
        dense: int = 128,
        dropout: float = 0.3,
    ) -> None:
        super().__init__()
        require_step_shape("frame-statistics", shape, 1, "as of an encoded frame")
        if min(hidden, width, heads, dense) < 1:
            raise ConfigurationError(
                f"network 'frame-statistics' has sizes from 1; found hidden {hidden}, width {width}, "
                f"{heads} heads, dense {dense}"
            )
        features = shape[0]
        self.standard, self.statistic_standard = RunningStandard(features), RunningStandard(5 * features)
        self.fc_1, self.fc_2 = nn.Linear(3 * features, hidden), nn.Linear(hidden, width)
        self.attention = nn.Linear(width, heads)
        self.norm = nn.LayerNorm((3 + heads) * width)
        self.fc_3 = nn.Linear((3 + heads) * width + 5 * features, dense)
        self.fc_out, self.dropout = nn.Linear(dense, outputs), nn.Dropout(dropout)

    def logits_of(self, x: Tensor, valid: Tensor, lengths: Tensor) -> Tensor:
        """Return logits of filled sequences; in float32 throughout, as sums over hundreds of steps need."""
        with torch.autocast(x.device.type, enabled=False):
            count = lengths[:, None].float()
            x = self.standard(x.float(), valid)
            x = torch.where(valid[..., None], x.sign() * x.abs().log1p(), 0.0)
            differences = _differences(x, valid)
            mean, deviation = _mean_and_deviation(x, valid, count)
            given = _given(x, differences, mean, deviation, valid, count)
            own = torch.where(valid[..., None], (x - mean[:, None]) / deviation[:, None], 0.0)
            learned = self._learned(torch.cat([x, own, differences], dim=2), valid, count)
            # A sequence unlike all that were trained on is as far off as can be, and not farther.
            told = self.statistic_standard(given).clamp(-5, 5)
            dense = self.fc_3(self.dropout(torch.cat([self.norm(learned), told], dim=1)))
            logits: Tensor = self.fc_out(self.dropout(nn.functional.gelu(dense)))
        return logits

    def _learned(self, steps: Tensor, valid: Tensor, count: Tensor) -> Tensor:
        made = self.fc_2(nn.functional.gelu(self.fc_1(steps)))
        score = self.attention(made.tanh()).masked_fill(~valid[..., None], -torch.inf)
        attended = (score.softmax(1).transpose(1, 2) @ made).flatten(1)
        largest = made.masked_fill(~valid[..., None], -torch.inf).amax(1)
        return torch.cat([*_mean_and_deviation(made, valid, count), largest, attended], dim=1)


def _differences(x: Tensor, valid: Tensor) -> Tensor:
    """Return absolute differences (N, T, F) from the step before; 0 for the first, and in padding."""
    before = torch.cat([x[:, :1], x[:, :-1]], dim=1)
    return torch.where(valid[..., None], (x - before).abs(), 0.0)


def _mean_and_deviation(x: Tensor, valid: Tensor, count: Tensor) -> tuple[Tensor, Tensor]:
    """Return mean and standard deviation (N, F) of steps (N, T, F), whatever padding holds."""
    mean = torch.where(valid[..., None], x, 0.0).sum(1) / count
    square = torch.where(valid[..., None], x - mean[:, None], 0.0).square().sum(1) / count
    return mean, (square + LEAST_VARIANCE).sqrt()


def _given(
    x: Tensor, differences: Tensor, mean: Tensor, deviation: Tensor, valid: Tensor, count: Tensor
) -> Tensor:
    """Return the statistics (N, 5 F) that need not be learned."""
    step = differences.sum(1) / (count - 1).clamp(min=1)
    largest = x.masked_fill(~valid[..., None], -torch.inf).amax(1)
    smallest = x.masked_fill(~valid[..., None], torch.inf).amin(1)
    return torch.cat([mean, deviation.log(), (step + 0.01).log(), largest, smallest], dim=1)
