"""How a subject is looked at: the survey, the size of the cutout and what is made of its fluxes."""

from __future__ import annotations

from dataclasses import dataclass

from skysieve.sources.simulators.galaxies.survey import Survey

__all__ = ["MASK_SIGMA", "Look"]

#: Light of the subject, in sigma of a pixel's sky noise, from which the pixel is in its mask.
MASK_SIGMA = 0.5


@dataclass(frozen=True, slots=True)
class Look:
    """How subjects are looked at.

    Parameters
    ----------
    survey : Survey
        The survey.
    size : int
        Side of a cutout, in pixels.
    width : float or None
        Side of a cutout, in arcsec, None for ``size`` of the survey's own pixels.
    pictures : bool
        Colour pictures in the survey's stretch rather than fluxes.
    mask_sigma : float
        Light of the subject, in sigma of the sky noise, from which a pixel is in its mask.

    Examples
    --------
    >>> Look(Survey(), 64, 25.6, pictures=True).pixel
    0.4
    """

    survey: Survey
    size: int
    width: float | None
    pictures: bool
    mask_sigma: float = MASK_SIGMA

    @property
    def pixel(self) -> float:
        """Side of a pixel, in arcsec."""
        return self.survey.pixel_scale if self.width is None else self.width / self.size
