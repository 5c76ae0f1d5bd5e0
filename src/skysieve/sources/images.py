"""Folders of images with a table: one image sample a row, one finding for whatever does not fit.

The table may be CSV, Parquet, ECSV or FITS, with column names of its own; the
images FITS (``.fits``, ``.fits.gz``, ``.fits.fz``, cubes), PNG, JPEG or TIFF.
Several bands may lie in one file or in one file each.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skysieve.errors import ConfigurationError, InputError
from skysieve.samples.findings import Finding
from skysieve.sources.image_file import IMAGE_SUFFIXES, read_image
from skysieve.sources.item_names import printable
from skysieve.sources.row_table import Row, TableSource, placeholders, read_rows

__all__ = ["ImageSample", "read_image_table"]


@dataclass(frozen=True, slots=True)
class ImageSample:
    """One image and the row that belongs to it.

    Parameters
    ----------
    id : str
        From the table.
    image : ndarray of float32, shape (C, H, W)
        Pixels as stored: FITS in the unit of the file, 0 to 255 or 65535 of pictures; NaN stays.
    row : mapping
        All columns of the table.
    source : str
        The files that the image came from.
    """

    id: str
    image: NDArray[np.float32]
    row: Mapping[str, Any]
    source: str


def read_image_table(
    table: TableSource,
    folder: str | Path,
    *,
    id: str = "id",  # noqa: A002 - the name of the column that it means
    path: str = "{id}.fits",
    channels: Mapping[str, str] | Sequence[str] | None = None,
    hdu: int | str | None = None,
    shape: tuple[int, int] | None = None,
) -> Iterator[ImageSample | Finding]:
    """Read the images that a table names.

    Parameters
    ----------
    table : str, Path or mapping
        A file (``.csv``, ``.parquet``, ``.ecsv``, ``.fits``) or columns by name.
    folder : str or Path
        Where the images lie; the paths of the table are relative to it.
    id : str
        Column of the identity.
    path : str
        Column of the file names, or a template of columns: ``"{field}/{id}.fits"``.
    channels : mapping or sequence of str, optional
        Columns or templates of one file for each band (by the name of the band), in
        the order of the channels. Replaces ``path``.
    hdu : int or str, optional
        Extension of FITS files, by number or name; by default the first with an image.
    shape : tuple of int, optional
        Height and width that all images must have.

    Yields
    ------
    ImageSample or Finding
        In the order of the table: ``missing-file``, ``duplicate``, ``wrong-size``,
        ``missing-path`` where a row names no file, and the kinds of `read_image`.
        At last ``file-without-row`` (a warning) for images that no row names.

    Raises
    ------
    ConfigurationError
        If the table has no such column.
    InputError
        If the table itself cannot be read.

    Examples
    --------
    >>> import tempfile
    >>> from PIL import Image
    >>> folder = Path(tempfile.mkdtemp())
    >>> Image.new("L", (4, 3), 7).save(folder / "a.png")
    >>> sample, missing = read_image_table({"name": ["a", "b"]}, folder, id="name", path="{name}.png")
    >>> sample.id, sample.image.shape, missing.kind
    ('a', (1, 3, 4), 'missing-file')
    """
    specs = _specs(path, channels)
    columns = {id} | {column for spec in specs for column in placeholders(spec) or {spec}}
    rows = read_rows(table, as_text=columns)
    return _samples(rows, Path(folder), id, specs, hdu, shape)


def _specs(path: str, channels: Mapping[str, str] | Sequence[str] | None) -> list[str]:
    if channels is None:
        return [path]
    if isinstance(channels, str) or not channels:
        raise ConfigurationError(f"channels: one column or template a band is expected, not {channels!r}")
    return list(channels.values() if isinstance(channels, Mapping) else channels)


def _samples(
    rows: Iterator[Row],
    folder: Path,
    id_column: str,
    specs: list[str],
    hdu: int | str | None,
    shape: tuple[int, int] | None,
) -> Iterator[ImageSample | Finding]:
    seen: set[str] = set()
    used: set[str] = set()
    for row in rows:
        name = str(row[id_column])
        try:
            if name in seen:
                raise InputError(name, "duplicate", f"the {id_column} {name!r} stands in several rows")
            seen.add(name)
            paths = [_path(folder, spec, row, name) for spec in specs]
            used.update(map(os.path.abspath, paths))
            image = _stack([read_image(path, item=name, hdu=hdu) for path in paths], paths, name)
            _check_shape(image, shape, name)
            yield ImageSample(name, image, row, ", ".join(path.as_posix() for path in paths))
        except InputError as error:
            yield Finding.from_error(error)
    yield from _without_row(folder, used)


def _path(folder: Path, spec: str, row: Row, name: str) -> Path:
    value = spec.format_map(row) if placeholders(spec) else row[spec]
    if value is None or not str(value).strip():
        raise InputError(name, "missing-path", f"the column {spec!r} names no file")
    path = folder / str(value)
    # Unlike Path.is_file, this says no to a name beyond measure instead of raising.
    if not os.path.isfile(path):  # noqa: PTH113
        raise InputError(name, "missing-file", f"its file {path.as_posix():.300} does not exist")
    return path


def _stack(images: list[NDArray[np.float32]], paths: list[Path], name: str) -> NDArray[np.float32]:
    if len(images) == 1:
        return images[0]
    for image, path in zip(images, paths, strict=True):
        if image.shape != (1, *images[0].shape[1:]):
            reason = (
                f"{path.name} has the shape {image.shape}, one band of {images[0].shape[1:]} was expected"
            )
            raise InputError(name, "wrong-size", reason)
    return np.concatenate(images)


def _check_shape(image: NDArray[np.float32], shape: tuple[int, int] | None, name: str) -> None:
    if shape is not None and image.shape[1:] != tuple(shape):
        found, expected = (" x ".join(map(str, each)) for each in (image.shape[1:], shape))
        raise InputError(name, "wrong-size", f"is {found} pixels, {expected} were expected (height x width)")


def _without_row(folder: Path, used: set[str]) -> Iterator[Finding]:
    for directory, subfolders, files in os.walk(folder):
        subfolders.sort()
        for file in sorted(files):
            path = Path(directory, file)
            is_image = file.lower().endswith(IMAGE_SUFFIXES) and not file.startswith(".")
            if is_image and os.path.abspath(path) not in used:  # noqa: PTH100 - links stay links
                reason = "no row of the table names this image; it was left alone"
                yield Finding(printable(path.as_posix()), "file-without-row", reason, "warning")
