"""The settings of the streak detector."""

from __future__ import annotations

from dataclasses import dataclass, fields

from skysieve.errors import ConfigurationError

__all__ = ["DetectionOptions"]


@dataclass(frozen=True, slots=True)
class DetectionOptions:
    """Settings of `detect_streaks`; the defaults are those that the documented figures were measured with.

    Parameters
    ----------
    threshold : float
        S/N of a line-matched filter from which a place is looked at. White noise on a frame of ten million
        pixels and 100 filters exceeds 6 about once in ten frames.
    filter_lengths : tuple of float
        Lengths of the filters, in pixels, ascending. Between two of them at most a fifth of the S/N is lost.
    minimum_snr : float
        S/N of the fitted trail below which nothing is reported.
    minimum_length : float
        Fitted length in FWHM of the PSF below which a source is a point.
    minimum_score : float
        Score of the classifier below which nothing is reported; 0 reports all that the search finds.
    classifier : bool
        False judges candidates by fixed cuts instead.
    mask_growth : int
        Pixels by which the places without data are grown.
    background_tile : int
        Side in pixels of the tiles that background and noise are measured on.
    search_tile : int
        Side in pixels of the tiles that are searched, margins included; a tile of 640 takes some 10 MB.
    """

    threshold: float = 6.0
    filter_lengths: tuple[float, ...] = (6.0, 16.0, 40.0, 100.0)
    minimum_snr: float = 6.0
    minimum_length: float = 1.0
    minimum_score: float = 0.5
    classifier: bool = True
    mask_growth: int = 1
    background_tile: int = 64
    search_tile: int = 640

    def __post_init__(self) -> None:
        if not self.filter_lengths or list(self.filter_lengths) != sorted(set(self.filter_lengths)):
            raise ConfigurationError(
                f"filter_lengths is {self.filter_lengths}; give ascending lengths in pixels"
            )
        if self.filter_lengths[0] <= 0:
            raise ConfigurationError(
                f"filter_lengths begins with {self.filter_lengths[0]}; give lengths above 0"
            )
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, int | float) and value < 0:
                raise ConfigurationError(f"{field.name} is {value}; expected 0 or more")
        if not 0.0 <= self.minimum_score <= 1.0:
            raise ConfigurationError(f"minimum_score is {self.minimum_score}; expected a probability")
        if self.background_tile < 16:
            raise ConfigurationError(f"background_tile is {self.background_tile}; expected 16 pixels or more")
        needed = 2 * self.margin + 64
        if self.search_tile < needed:
            raise ConfigurationError(
                f"search_tile is {self.search_tile}; the longest filter ({self.filter_lengths[-1]:g} pixels) "
                f"needs {needed}"
            )

    @property
    def margin(self) -> int:
        """Pixels by which search tiles overlap on each side: half the longest filter and its PSF."""
        return int(0.5 * self.filter_lengths[-1]) + 6
