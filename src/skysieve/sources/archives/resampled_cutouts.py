"""What services have in common that resample their survey to a wished size and scale, and answer at once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from skysieve.errors import ConfigurationError
from skysieve.samples.description import TensorColumn
from skysieve.sources.archives.cutout_service import Cutout, Position, Request

__all__ = ["ResampledCutouts", "picture_layout"]


def picture_layout(size: int) -> TensorColumn:
    """Return the layout of colour pictures of a survey, as they are shown to people."""
    return TensorColumn((3, size, size), "uint8", ("red", "green", "blue"), "stretched 0 to 255")


class ResampledCutouts(ABC):
    """A service that gives a cutout of any size and scale as the one answer to one question.

    Attributes
    ----------
    size : int
        Height and width, pixels.
    pixel_scale : float
        Arcsec a pixel.
    """

    size: int
    pixel_scale: float

    @abstractmethod
    def question(self, position: Position) -> Request:
        """Return what to ask about a position."""

    @abstractmethod
    def cutout(self, position: Position, answers: Sequence[bytes]) -> Cutout:
        """Decode the answer; raises `InputError`."""

    @property
    def field_of_view(self) -> float:
        """Side on the sky, arcsec."""
        return self.size * self.pixel_scale

    def request(self, position: Position, answers: Sequence[bytes]) -> Request | None:
        """Return the one question that there is, or None when it is answered."""
        return None if answers else self.question(position)

    def check(self, position: Position, answers: Sequence[bytes]) -> None:
        """Raise `InputError` unless the answer is a cutout."""
        self.cutout(position, answers)

    def require_sides(self, service: str, smallest: int, largest: int, usual_scale: float) -> None:
        """Raise `ConfigurationError` unless the service gives cutouts of this size and scale."""
        if not smallest <= self.size <= largest:
            raise ConfigurationError(
                f"size: found {self.size} pixels, {service} gives {smallest} to {largest}"
            )
        if not 0 < self.pixel_scale < 3600:
            raise ConfigurationError(
                f"pixel_scale: found {self.pixel_scale}, arcsec a pixel such as {usual_scale} are expected"
            )
