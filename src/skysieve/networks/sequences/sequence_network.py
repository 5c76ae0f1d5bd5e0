"""What all networks of sequences share: their padding, and the one way in which they are called."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from skysieve.errors import ConfigurationError

__all__ = ["SequenceNetwork", "lengths_of", "require_step_shape", "valid_steps"]


class SequenceNetwork(nn.Module):
    """A network of padded sequences.

    A sub-class writes `logits_of`, which sees zeros in place of the padding, the mask of the steps that are
    none, and the lengths.
    """

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        """Return logits (N, outputs) of sequences (N, T, F).

        Parameters
        ----------
        x : Tensor, shape (N, T, F)
            Sequences, padded behind their ends: with NaN, unless ``lengths`` tells where they end.
        lengths : Tensor, shape (N,), int64, optional
            Steps of each sequence. None: up to the last one whose first feature is not NaN.
            A sequence without any step counts as one step of zeros.
        """
        lengths = lengths_of(x) if lengths is None else lengths.to(x.device)
        lengths = lengths.clamp(min=1)
        if not torch.compiler.is_compiling():
            # Saves time and changes nothing; the steps of an exported graph cannot depend on its input.
            x = x[:, : int(lengths.max())]
        # Filled before anything is computed, as NaN times zero is NaN, also in gradients.
        valid = valid_steps(lengths, x.shape[1])
        return self.logits_of(self.filled(x, valid), valid, lengths)

    def filled(self, x: Tensor, valid: Tensor) -> Tensor:
        """Return the sequences with zeros in place of padding; a value that is NaN in a step counts as 0."""
        return torch.where(valid[..., None], x, 0.0).nan_to_num(nan=0.0)

    def logits_of(self, x: Tensor, valid: Tensor, lengths: Tensor) -> Tensor:
        """Return logits of sequences (N, T, F), their mask (N, T) and their lengths (N,)."""
        raise NotImplementedError


def lengths_of(x: Tensor) -> Tensor:
    """Return the steps of each padded sequence: up to the last whose first feature is not NaN.

    Examples
    --------
    >>> x = torch.tensor([[[0.0], [2.0], [3.0]], [[0.0], [float("nan")], [float("nan")]]])
    >>> lengths_of(x).tolist()
    [3, 1]
    """
    steps = torch.arange(1, x.shape[1] + 1, device=x.device)
    return torch.where(x[..., 0].isnan(), 0, steps).amax(1)


def valid_steps(lengths: Tensor, steps: int) -> Tensor:
    """Return the mask (N, T) of the steps that are no padding.

    Examples
    --------
    >>> valid_steps(torch.tensor([2, 1]), 3).int().tolist()
    [[1, 1, 0], [1, 0, 0]]
    """
    return torch.arange(steps, device=lengths.device) < lengths[:, None]


def require_step_shape(network: str, shape: tuple[int, ...], least: int, columns: str) -> None:
    """Refuse a shape that is not (features of a step,), or has too few of them.

    Raises
    ------
    ConfigurationError
        If the shape does not do.

    Examples
    --------
    >>> require_step_shape("recurrent", (2,), 2, "time and value")
    >>> require_step_shape("recurrent", (3, 63, 63), 2, "time and value")
    Traceback (most recent call last):
        ...
    skysieve.errors.ConfigurationError: network 'recurrent' takes sequences of shape (features of a step,), \
at least 2 of them (time and value), found (3, 63, 63)
    """
    if len(shape) == 1 and shape[0] >= least:
        return
    raise ConfigurationError(
        f"network {network!r} takes sequences of shape (features of a step,), at least {least} of them "
        f"({columns}), found {tuple(shape)}"
    )
