from typing import Any

import pytest

from skysieve.detection.options import DetectionOptions
from skysieve.errors import ConfigurationError


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"filter_lengths": ()}, "ascending"),
        ({"filter_lengths": (20.0, 10.0)}, "ascending"),
        ({"filter_lengths": (0.0, 10.0)}, "above 0"),
        ({"threshold": -1.0}, "threshold is -1.0"),
        ({"minimum_score": 1.5}, "probability"),
        ({"background_tile": 8}, "16 pixels"),
        ({"search_tile": 100}, "the longest filter"),
    ],
)
def test_settings_out_of_their_limits_are_refused(settings: dict[str, Any], says: str) -> None:
    with pytest.raises(ConfigurationError, match=says):
        DetectionOptions(**settings)


def test_tiles_overlap_by_half_the_longest_filter() -> None:
    assert DetectionOptions(filter_lengths=(80.0,)).margin >= 40
