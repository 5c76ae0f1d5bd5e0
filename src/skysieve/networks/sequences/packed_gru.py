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
    """States (P, H) of steps (P, F), one time after another; ``counts`` rows run at each time.

    Each gate lies in an array of its own: rows that follow each other in memory are computed faster.
    """

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
        to_reset, to_update, to_inner = (part.t().contiguous() for part in weight.chunk(3))
        # Biases of reset and update are of one sum; first what the input gives to each, in time the gates.
        of_reset, of_update, of_inner = bias.chunk(3)
        starts = bias_in + torch.cat([of_reset, of_update, torch.zeros_like(of_inner)])
        gates = [
            functional.linear(x, *each) for each in zip(weight_in.chunk(3), starts.chunk(3), strict=True)
        ]
        states, before, inners = (torch.empty_like(gates[0]) for _ in range(3))
        state = x.new_zeros(counts[0], weight.shape[1])
        parts = (*gates, inners, before, states)
        for count, reset, update, candidate, inner, came, new in _at_each_time(counts, parts):
            came.copy_(state := state[:count])
            reset.addmm_(state, to_reset).sigmoid_()
            update.addmm_(state, to_update).sigmoid_()
            torch.addmm(of_inner, state, to_inner, out=inner)
            # tanh(a) = 2 sigmoid(2 a) - 1, in half the time.
            candidate.addcmul_(reset, inner).mul_(2).sigmoid_().mul_(2).sub_(1)
            state = torch.lerp(candidate, state, update, out=new)
        ctx.counts = counts
        ctx.save_for_backward(x, weight_in, weight, states, before, inners, *gates)
        return states

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, wanted: Tensor) -> tuple[Tensor | None, ...]:
        x, weight_in, weight, states, before, *known = ctx.saved_tensors
        through_reset, through_update, through_inner = weight.chunk(3)
        # Of what reset, update and candidate are made of, and of the state's term within the candidate.
        sums = [torch.empty_like(states) for _ in range(4)]
        later, scratch = wanted[:0], torch.empty_like(states[: ctx.counts[0]])
        running = 0
        parts = (wanted, states, *known, *sums)
        for count, told, state, inner, reset, update, candidate, *of in _at_each_time(ctx.counts, parts)[
            ::-1
        ]:
            of_reset, of_update, of_candidate, of_inner = of
            own = scratch[:count].copy_(told)
            own[:running].add_(later)
            running = count
            later = own * update
            own.sub_(later)
            torch.sub(state, candidate, out=of_update).mul_(own)
            aten.tanh_backward.grad_input(own, candidate, grad_input=of_candidate)
            torch.mul(of_candidate, inner, out=own)
            aten.sigmoid_backward.grad_input(own, reset, grad_input=of_reset)
            torch.mul(of_candidate, reset, out=of_inner)
            later.addmm_(of_reset, through_reset).addmm_(of_update, through_update)
            later.addmm_(of_inner, through_inner)
        of_x = None
        if ctx.needs_input_grad[0]:
            of_x = sum(each @ part for each, part in zip(sums[:3], weight_in.chunk(3), strict=True))
        terms = (sums[0], sums[1], sums[3])
        return (
            of_x,
            torch.cat([each.t() @ x for each in sums[:3]]),
            torch.cat([each.t() @ before for each in terms]),
            torch.cat([each.sum(0) for each in sums[:3]]),
            torch.cat([each.sum(0) for each in terms]),
            None,
        )


def _at_each_time(counts: list[int], parts: Sequence[Tensor]) -> list[tuple[Any, ...]]:
    """Return, for each time, how many rows run and these rows of each part."""
    return list(zip(counts, *(torch.split(part, counts) for part in parts), strict=True))
