"""Where streaks lie on the sky, and how fast what made them moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.detection.streak import Streak

__all__ = ["sky_columns"]

_SECONDS_PER_DAY = 86400.0


def sky_columns(
    streaks: Sequence[Streak], wcs: Any, seconds: float | None = None
) -> dict[str, NDArray[np.float64]]:
    """Return positions, position angle and rate of streaks.

    Parameters
    ----------
    streaks : sequence of Streak
        Detections.
    wcs : astropy.wcs.WCS
        Celestial world coordinates of the frame.
    seconds : float, optional
        Exposure time.

    Returns
    -------
    dict of ndarray, shape (n,), float64
        ``ra1 dec1 ra2 dec2`` of the ends and ``ra dec`` of the middle of the great circle between them, in
        degrees; ``sky_pa`` in degrees from north through east, 0 to 180, since a streak does not tell which
        end came first; ``sky_length`` in arcsec; ``rate`` in degrees a day, NaN without exposure time.
    """
    from astropy import units
    from astropy.coordinates import SkyCoord

    ends = np.array([(each.x1, each.y1, each.x2, each.y2) for each in streaks]).reshape(-1, 4)
    first, second = (
        SkyCoord(*wcs.all_pix2world(ends[:, part], 0).reshape(-1, 2).T, unit=units.deg)
        for part in (slice(0, 2), slice(2, 4))
    )
    separation, direction = first.separation(second), first.position_angle(second)
    middle = first.directional_offset_by(direction, 0.5 * separation)
    degrees = separation.to_value(units.deg)
    return {
        "ra1": first.ra.deg,
        "dec1": first.dec.deg,
        "ra2": second.ra.deg,
        "dec2": second.dec.deg,
        "ra": middle.ra.deg,
        "dec": middle.dec.deg,
        "sky_pa": middle.position_angle(second).to_value(units.deg) % 180.0,
        "sky_length": degrees * 3600.0,
        "rate": degrees / seconds * _SECONDS_PER_DAY if seconds else np.full(len(streaks), np.nan),
    }
