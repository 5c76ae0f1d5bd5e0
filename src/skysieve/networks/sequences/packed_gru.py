"""A GRU layer over sequences of different lengths that computes no step of padding, made for training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn import functional

__all__ = ["packed_gru"]

aten = torch.ops.aten


def packed_gru(x: Tensor, lengths: Tensor, gru: nn.GRU) -> Tensor:
    """Return the states (N, T, H) of a GRU layer of one direction, zero in padding.

    The same as the layer on packed sequences, and on a CPU several times as fast to train. Sequences are
    sorted by length, so that those which still run at a step are the first rows. A step writes into place
    what its gradient needs, and the gradient of the recurrent weights is one product over all steps at the
    end, where automatic differentiation would add up a product for each of them.

    Parameters
    ----------
    x : Tensor, shape (N, T, F), float32
        Finite where no padding is; whatever padding holds.
    lengths : Tensor, shape (N,), int64
        Steps of each, 1 to T.
    gru : nn.GRU
        One layer, with biases.

    Examples
    --------
    >>> _ = torch.manual_seed(0)
    >>> gru, x = nn.GRU(2, 3, batch_first=True), torch.rand(2, 4, 2)
    >>> states = packed_gru(x, torch.tensor([4, 1]), gru)
    >>> torch.allclose(states[0], gru(x)[0][0]), states[1, 1:].abs().max().item()
    (True, 0.0)
    """
    n, steps, _ = x.shape
    order = lengths.argsort(descending=True, stable=True)
    running = torch.arange(steps)[:, None] < lengths[order].cpu()
    step, place = running.nonzero(as_tuple=True)
    where = order[place] * steps + step.to(x.device)
    given = x.reshape(n * steps, -1).index_select(0, where)
    weights = (gru.weight_ih_l0, gru.weight_hh_l0, gru.bias_ih_l0, gru.bias_hh_l0)
    made: Tensor = _PackedGru.apply(  # type: ignore[no-untyped-call]
        given, *weights, running.sum(1).tolist()
    )
    return made.new_zeros(n * steps, gru.hidden_size).index_copy(0, where, made).reshape(n, steps, -1)


class _PackedGru(torch.autograd.Function):
    """States (P, H) of steps (P, F), one time after another; ``counts`` rows run at each time."""

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        weight_in: Tensor,
        weight: Tensor,
        bias_in: Tensor,
        bias: Tensor,
        counts: list[int],
    ) -> Tensor:
        hidden = weight.shape[1]
        # First what the input gives to reset, update and candidate, in time what these become.
        gates = functional.linear(x, weight_in, bias_in)
        states, before, recurrent = (x.new_empty(len(x), hidden) for _ in range(3))
        scratch, turned = x.new_empty(counts[0], 3 * hidden), weight.t().contiguous()
        state = x.new_zeros(counts[0], hidden)
        parts = (gates[:, : 2 * hidden], *gates.chunk(3, dim=1), before, recurrent, states)
        for count, both, reset, update, candidate, came, inner, new in _at_each_time(counts, parts):
            came.copy_(state := state[:count])
            term = torch.addmm(bias, state, turned, out=scratch[:count])
            both.add_(term[:, : 2 * hidden]).sigmoid_()
            inner.copy_(term[:, 2 * hidden :])
            candidate.addcmul_(reset, inner).tanh_()
            state = torch.lerp(candidate, state, update, out=new)
        ctx.counts = counts
        ctx.save_for_backward(x, weight_in, weight, states, before, gates, recurrent)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, wanted: Tensor) -> tuple[Tensor | None, ...]:
        x, weight_in, weight, states, before, gates, recurrent = ctx.saved_tensors
        hidden = weight.shape[1]
        # Of W h + b at each step; of the candidate's input, which the reset gate stands between.
        through, inner = torch.empty_like(gates), torch.empty_like(states)
        later, scratch = wanted.new_zeros(0, hidden), wanted.new_empty(ctx.counts[0], hidden)
        running = 0
        known = (states, *gates.chunk(3, dim=1), recurrent)
        parts = (wanted, *known, inner, through, *through.chunk(3, dim=1))
        for count, told, state, reset, update, candidate, term, *of in _at_each_time(ctx.counts, parts)[::-1]:
            of_inner, every, of_reset, of_update, of_term = of
            own = scratch[:count].copy_(told)
            own[:running].add_(later)
            running = count
            later = own * update
            own.sub_(later)
            torch.sub(state, candidate, out=of_update).mul_(own)
            aten.tanh_backward.grad_input(own, candidate, grad_input=of_inner)
            aten.sigmoid_backward.grad_input(torch.mul(of_inner, term, out=own), reset, grad_input=of_reset)
            torch.mul(of_inner, reset, out=of_term)
            later.addmm_(every, weight)
        both = through[:, : 2 * hidden]
        of_x = None
        if ctx.needs_input_grad[0]:
            of_x = (both @ weight_in[: 2 * hidden]).addmm_(inner, weight_in[2 * hidden :])
        of_weight_in = torch.cat([both.t() @ x, inner.t() @ x])
        of_bias_in = torch.cat([both.sum(0), inner.sum(0)])
        return of_x, of_weight_in, through.t() @ before, of_bias_in, through.sum(0), None


def _at_each_time(counts: list[int], parts: Sequence[Tensor]) -> list[tuple[Any, ...]]:
    """Return, for each time, how many rows run and these rows of each part."""
    return list(zip(counts, *(torch.split(part, counts) for part in parts), strict=True))
