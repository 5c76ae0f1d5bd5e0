"""From content and a template to one HTML file that needs nothing but itself."""

from __future__ import annotations

import functools
import math
from importlib.resources import files
from pathlib import Path
from typing import Any

from jinja2 import Environment, FunctionLoader, StrictUndefined

from skysieve.atomic_file import replacing
from skysieve.evaluation.cutout_images import cutouts_to_data_uri
from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.prevalence_words import count_of, one_in

__all__ = ["decimals_of", "interval_text", "number_text", "write_page"]

DASH = "\N{EN DASH}"


def write_page(path: str | Path, template: str, **content: Any) -> Path:
    """Render a template of this folder to a file; every value is escaped.

    Parameters
    ----------
    path : path
        File to write; its folder is made.
    template : str
        File name of the template.
    **content
        What the template shows.

    Returns
    -------
    Path
        The file.
    """
    page = _environment().get_template(template).render(**content)
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    with replacing(target) as partial:
        partial.write_text(page, encoding="utf-8")
    return target


def number_text(value: Any, decimals: int = 4) -> str:
    """Write a number with a fixed number of decimals, a count with commas, NaN as a dash.

    Examples
    --------
    >>> number_text(0.98765), number_text(12345), number_text(float("nan")), number_text("about 2 %")
    ('0.9877', '12,345', '–', 'about 2 %')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.{decimals}f}" if value is not None and math.isfinite(value) else DASH


def decimals_of(interval: Interval) -> int:
    """Return how many decimals the width of an interval deserves, from 2 to 5.

    Examples
    --------
    >>> decimals_of(Interval(0.98765, 0.9712, 0.9941, 0.95, 1000, "percentile"))
    3
    """
    width = interval.high - interval.low
    if not math.isfinite(width) or width <= 0:
        return 3
    return min(max(math.ceil(-math.log10(width / 20)), 2), 5)


def interval_text(interval: Interval, decimals: int | None = None) -> tuple[str, str]:
    """Write value and range, with the decimals that the width deserves unless given.

    Examples
    --------
    >>> interval_text(Interval(0.98765, 0.9712, 0.9941, 0.95, 1000, "percentile"))
    ('0.988', '0.971 – 0.994')
    """
    digits = decimals_of(interval) if decimals is None else decimals
    value, low, high = (number_text(float(x), digits) for x in (interval.value, interval.low, interval.high))
    known = math.isfinite(interval.value) and math.isfinite(interval.low)
    return value, f"{low} {DASH} {high}" if known else ""


@functools.cache
def _environment() -> Environment:
    folder = files("skysieve.evaluation")
    environment = Environment(
        loader=FunctionLoader(lambda name: folder.joinpath(name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "number": number_text,
        "interval": interval_text,
        "picture": cutouts_to_data_uri,
        "count": count_of,
        "one_in": one_in,
    }
    return environment
