"""From the columns of padded light curves to what a network reads at each step."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

__all__ = ["LightCurveSteps", "compressed_gaps", "gaps_of", "light_curve_steps", "standardised"]

SHORT_GAP = 0.01
"""Days; gaps far below it are told from each other linearly, gaps above by their logarithm."""
GAP_SCALE = 10.0
"""Brings the logarithm of a gap of half a year to about 1."""
SMALLEST_SCALE = 1e-3
"""A curve that varies less is not blown up to unit variance: that would show digits of rounding."""
SMALLEST_ERROR = 1e-3
"""Of the scale of the curve; an error below it counts as this."""


class LightCurveSteps(NamedTuple):
    """What networks read of light curves.

    Parameters
    ----------
    steps : Tensor, shape (N, T, features)
        Gap to the point before, standardised value, logarithm of the error, bands; zero in padding.
    level : Tensor, shape (N, 2)
        Mean of the values less its centre, over its spread; and log10 of their standard deviation.
    weight : Tensor, shape (N, T)
        Of each point by its error, 1 / σ², of mean 1 in every curve; zero in padding. All 1 where there
        are no errors.
    """

    steps: Tensor
    level: Tensor
    weight: Tensor


def light_curve_steps(
    x: Tensor,
    valid: Tensor,
    *,
    errors: bool = False,
    linear: bool = False,
    stitch: float | None = None,
    level: tuple[float, float] = (15.0, 2.0),
) -> LightCurveSteps:
    """Read light curves of columns time, value, (error,) (one column for each band).

    Mean and scale are taken of the points given and of no others, so that a curve that is cut short or
    thinned tells nothing of what was left out.

    Parameters
    ----------
    x : Tensor, shape (N, T, F)
        Filled with zeros behind the ends. Time in days, or phase from 0 to 1.
    valid : Tensor, shape (N, T), bool
        Which steps are none of the padding.
    errors : bool
        Whether the third column is the error; one that is NaN or 0 counts as the scatter of its curve.
    linear : bool
        Leave gaps as they are, for phases; else they are compressed by `compressed_gaps`.
    stitch : float, optional
        Gaps of more days are closed: they count as 0, and seasons follow each other directly.
    level : tuple of 2 float
        Centre and spread of the mean values of curves.
    """
    gap = gaps_of(x[..., 0], valid)
    if stitch is not None:
        gap = torch.where(gap > stitch, 0.0, gap)
    value, mean, scale = standardised(x[..., 1:2], valid[..., None])
    columns = [(gap if linear else compressed_gaps(gap))[..., None], value]
    weight = valid.to(x.dtype)
    if errors:
        # An error that is not known is 0 once NaN is filled, and counts as the scatter of the curve.
        error = torch.where(x[..., 2] > 0, x[..., 2], scale[..., 0]).maximum(SMALLEST_ERROR * scale[..., 0])
        columns.append(torch.where(valid, torch.log10(error / scale[..., 0]), 0.0)[..., None])
        # Relative to the largest weight first: 1 / σ² of fluxes leaves the range of float32.
        least = torch.where(valid, error, torch.inf).amin(1, keepdim=True)
        weight = torch.where(valid, (least / error) ** 2, 0.0)
        weight = weight * (valid.sum(1, keepdim=True) / weight.sum(1, keepdim=True))
    columns.append(x[..., 3 if errors else 2 :])
    centred = (mean[:, 0] - level[0]) / level[1]
    return LightCurveSteps(
        torch.cat(columns, dim=2), torch.cat([centred, torch.log10(scale[:, 0])], dim=1), weight
    )


def gaps_of(time: Tensor, valid: Tensor) -> Tensor:
    """Return the time since the point before, (N, T); 0 at the first point and in padding.

    Examples
    --------
    >>> gaps_of(torch.tensor([[0.0, 2.0, 5.0, 0.0]]), torch.tensor([[True, True, True, False]]))
    tensor([[0., 2., 3., 0.]])
    """
    gap = torch.diff(time, dim=1, prepend=time[:, :1])
    return torch.where(valid, gap, 0.0).clamp(min=0)


def compressed_gaps(gap: Tensor) -> Tensor:
    """Return ``log(1 + gap / 0.01 d) / 10``: minutes and years within 0 and 1.3.

    Examples
    --------
    >>> compressed_gaps(torch.tensor([0.0, 0.01, 220.0]))
    tensor([0.0000, 0.0693, 0.9999])
    """
    return torch.log1p(gap / SHORT_GAP) / GAP_SCALE


def standardised(value: Tensor, observed: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return values less their mean over their standard deviation, that mean, and that deviation.

    Parameters
    ----------
    value : Tensor, shape (N, T, D)
        Finite everywhere.
    observed : Tensor, shape (N, T, D) or (N, T, 1), bool
        Values that count; the others become 0.

    Returns
    -------
    value : Tensor, shape (N, T, D)
    mean, scale : Tensor, shape (N, 1, D)
        0 and the smallest scale for a variable never observed.
    """
    count = observed.sum(1, keepdim=True).clamp(min=1)
    mean = torch.where(observed, value, 0.0).sum(1, keepdim=True) / count
    centred = torch.where(observed, value - mean, 0.0)
    # Once more, of what is small now: the mean of 1000 magnitudes of 15 is off by its rounding, which beside
    # the scatter of a quiet star is seen, and differs between libraries.
    rest = centred.sum(1, keepdim=True) / count
    mean, centred = mean + rest, torch.where(observed, centred - rest, 0.0)
    scale = ((centred**2).sum(1, keepdim=True) / count).clamp(min=SMALLEST_SCALE**2).sqrt()
    return centred / scale, mean, scale
