"""From a table of positions to a sample set: asked for once, whatever breaks in between."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from skysieve.errors import ConfigurationError
from skysieve.samples.findings import Finding
from skysieve.sources.archives.answer_fetch import AnswerFetch, open_cache
from skysieve.sources.archives.cutout_service import CutoutService, Politeness, Position
from skysieve.sources.archives.failures import Failure, list_failures
from skysieve.sources.archives.polite_client import Stubbornness
from skysieve.sources.archives.positions import read_positions
from skysieve.sources.row_table import TableSource

__all__ = ["FetchSummary", "fetch_cutouts"]


@dataclass(frozen=True, slots=True)
class FetchSummary:
    """What `fetch_cutouts` did.

    Parameters
    ----------
    path : Path
        The sample set.
    samples, groups, largest_group : int
        Cutouts in it, groups of neighbours on the sky, and samples in the largest one.
    asked : int
        Answers that came over the network in this run; the others lay in the cache.
    failures : tuple of Failure
        Positions without a cutout, in the order of the table.
    failures_path : Path
        Where they are listed; there is no such file if all went well.
    notes : mapping of str to int
        What is unusual about cutouts that are in the set, counted.
    findings : tuple of Finding
        What was left out of the set otherwise, such as columns with reserved names.
    """

    path: Path
    samples: int
    groups: int
    largest_group: int
    asked: int
    failures: tuple[Failure, ...]
    failures_path: Path
    notes: dict[str, int] = field(default_factory=dict)
    findings: tuple[Finding, ...] = ()


def fetch_cutouts(
    table: TableSource,
    service: CutoutService,
    output: str | Path,
    *,
    id: str = "id",  # noqa: A002 - the name of the column that it means
    ra: str = "ra",
    dec: str = "dec",
    group: str | None = None,
    group_radius: float | None = None,
    label: str | None = None,
    classes: Sequence[str] | None = None,
    label_origin: str = "",
    cache: str | Path | None = None,
    retry: bool = False,
    politeness: Politeness | None = None,
    stubbornness: Stubbornness | None = None,
    transport: Any = None,
    progress: bool = True,
) -> FetchSummary:
    """Fetch a cutout of every position and write them as a sample set.

    Every answer is kept in the cache as soon as it is checked, so that a run that was killed goes
    on where it stopped, and a second run asks nothing. Positions that fail cost only themselves:
    they are listed in ``<output>.failures.csv`` with their address and reason, and asked for
    again only with ``retry``.

    Parameters
    ----------
    table : str, Path or mapping
        Positions: a CSV, Parquet, ECSV or FITS file, or columns.
    service : CutoutService
        Whom to ask, for what.
    output : str or Path
        The sample set (Parquet): ``id``, ``group``, ``ra``, ``dec``, ``url``, ``sha256``, ``notes``,
        ``cutouts``, ``label`` if there is one, and all other columns of the table.
    id, ra, dec : str
        The table's columns.
    group : str, optional
        A column of the table with groups; by default neighbours on the sky form one.
    group_radius : float, optional
        Distance up to which samples are neighbours, arcsec; the diagonal of a cutout by default, so
        that no pixel of the sky lies in two groups.
    label : str, optional
        The table's column with labels.
    classes : sequence of str, optional
        Names of the classes in their order; the sorted labels by default.
    label_origin : str
        How the labels came about.
    cache : str or Path, optional
        Folder of the answers; ``<output>.cache`` by default.
    retry : bool
        Ask again for what failed in earlier runs.
    politeness : Politeness, optional
        The pace; that of the service by default.
    stubbornness : Stubbornness, optional
        When to ask again, and time-outs.
    transport : httpx.AsyncBaseTransport, optional
        For proxies of one's own.
    progress : bool
        Whether to show a bar.

    Returns
    -------
    FetchSummary

    Raises
    ------
    ConfigurationError
        If a column is missing or a setting contradicts another.
    DownloadError
        If the host cannot be reached or sends away everybody; nothing that was fetched is lost.
    InputError
        If the table cannot be read.
    SampleSetError
        If no position has a cutout, or a label is none of the classes.
    MissingExtraError
        If httpx or scipy is not installed.
    """
    from skysieve.sources.archives.cutout_samples import SampleColumns, settle_columns, write_cutouts

    output = Path(output)
    if group_radius is not None and (group or group_radius <= 0):
        raise ConfigurationError("group_radius is a positive number of arcsec, and stands instead of a group")
    columns = SampleColumns(id, ra, dec, group, group_radius, label, classes, label_origin)
    outcomes = list(read_positions(table, id=id, ra=ra, dec=dec))
    positions = [each for each in outcomes if isinstance(each, Position)]
    columns = settle_columns(positions, columns)
    answers = open_cache(cache, output)
    run = AnswerFetch(answers, politeness or service.politeness, stubbornness, transport, retry, progress)
    with answers.alone():
        failed = run.fetch("fetching cutouts", positions, service)
        failures = tuple(_in_order(outcomes, failed))
        failures_path = list_failures(output, failures)
        good = [each for each in positions if each.id not in failed]
        written = write_cutouts(output, good, service, answers, columns, table)
    return FetchSummary(
        path=output,
        samples=len(good),
        groups=written.groups,
        largest_group=written.largest_group,
        asked=run.asked,
        failures=failures,
        failures_path=failures_path,
        notes=written.notes,
        findings=written.findings,
    )


def _in_order(outcomes: Sequence[Position | Finding], failed: dict[str, Failure]) -> Iterator[Failure]:
    for each in outcomes:
        if isinstance(each, Finding):
            yield Failure.from_finding(each)
        elif each.id in failed:
            yield failed[each.id]
