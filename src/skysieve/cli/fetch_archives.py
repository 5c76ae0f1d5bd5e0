"""``skysieve fetch cutouts``, ``frames``, ``votes``, ``sql``: what archives give by place or by query."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, say, say_findings, say_table
from skysieve.cli.verbs.train import settings_of

if TYPE_CHECKING:
    from skysieve.sources.archives.cutout_fetch import FetchSummary
    from skysieve.sources.archives.cutout_service import Politeness
    from skysieve.sources.archives.failures import Failure
    from skysieve.sources.archives.frame_sequences import FrameSummary
    from skysieve.sources.archives.sdss_sql import QueryResult

__all__ = ["SOME_FAILED", "add_to"]

SOME_FAILED = 3
"""Exit code of a run that wrote its sample set, though some of what was wanted could not be had."""

_VIEWER = "--service legacy-survey --layer ls-dr10 --size 64 --pixel-scale 0.262"


def add_to(verb: typer.Typer) -> None:
    """Add the commands to ``skysieve fetch``."""
    verb.command(
        "cutouts",
        epilog=examples(
            f"skysieve fetch cutouts positions.csv {_VIEWER} -o set.parquet",
            "skysieve fetch cutouts positions.csv --service sdss --size 120 --pixel-scale 0.4 "
            "--label kind -o sdss.parquet --set release=dr17",
        ),
    )(cutouts)
    verb.command(
        "frames",
        epilog=examples(
            "skysieve fetch frames objects.csv -o frames.parquet",
            "skysieve fetch frames objects.csv -o red.parquet --bands zr --since 58194 --until 58500 "
            "--label kind --cache ztf-answers",
        ),
    )(frames)
    verb.command("votes", epilog=examples("skysieve fetch votes zooNoSpec -o votes.csv --rows 1000"))(votes)
    verb.command("sql", epilog=examples("skysieve fetch sql 'SELECT TOP 9 ra, dec FROM Galaxy' -o nine.csv"))(
        sql
    )


_Output = Annotated[Path, typer.Option("--output", "-o", help="The table to write (CSV).")]
_SampleSet = Annotated[Path, typer.Option("--output", "-o", help="The sample set to write (Parquet).")]
_Release = Annotated[str, typer.Option(help="Data release of SDSS.")]
_BaseUrl = Annotated[str, typer.Option(help="Another server, such as a mirror.")]
_Cache = Annotated[
    Path | None, typer.Option(help="Folder of the answers; `<output>.cache` if left out. Delete it at will.")
]
_Ra = Annotated[str, typer.Option(help="Column with the right ascension, degrees.")]
_Dec = Annotated[str, typer.Option(help="Column with the declination, degrees.")]
_Label = Annotated[str, typer.Option(help="Column with the labels; unlabelled if left out.")]
_Classes = Annotated[str, typer.Option(help="Names of the classes in their order: artefact,lsbg.")]
_LabelOrigin = Annotated[str, typer.Option(help="How the labels came about, in a sentence.")]
_Retry = Annotated[bool, typer.Option("--retry", help="Ask again for what failed before.")]
_AtOnce = Annotated[int | None, typer.Option(help="Requests under way; the service's own limit.")]
_Pause = Annotated[float | None, typer.Option(help="Seconds between two requests.")]
_Attempts = Annotated[int, typer.Option(help="Times that a position is asked for.")]
_Backoff = Annotated[float, typer.Option(help="Seconds before the second time; doubled each time.")]
_Silence = Annotated[float, typer.Option(help="Seconds without a byte that count as stalled.")]


def cutouts(
    table: Annotated[
        Path, typer.Argument(help="Positions (CSV, Parquet, ECSV, FITS): id, ra, dec in degrees.")
    ],
    output: _SampleSet,
    service: Annotated[str, typer.Option(help="legacy-survey, sdss or irsa-ztf.")] = "legacy-survey",
    layer: Annotated[str, typer.Option(help="Layer of the Legacy Survey viewer: ls-dr10, hsc-dr2 ...")] = "",
    size: Annotated[int | None, typer.Option(help="Height and width, pixels.")] = None,
    pixel_scale: Annotated[float | None, typer.Option(help="Arcsec a pixel.")] = None,
    format_: Annotated[str, typer.Option("--format", help="jpeg or fits, where a service has both.")] = "",
    bands: Annotated[str, typer.Option(help="Bands, such as grz.")] = "",
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="KEY=VALUE of another setting of the service; may be repeated."),
    ] = None,
    id_: Annotated[str, typer.Option("--id", help="Column with the samples' names.")] = "id",
    ra: _Ra = "ra",
    dec: _Dec = "dec",
    group: Annotated[
        str, typer.Option(help="Column that no split may divide; neighbours on the sky if left out.")
    ] = "",
    group_radius: Annotated[
        float | None, typer.Option(help="Arcsec up to which two are neighbours; the diagonal of a cutout.")
    ] = None,
    label: _Label = "",
    classes: _Classes = "",
    label_origin: _LabelOrigin = "",
    cache: _Cache = None,
    retry: _Retry = False,
    at_once: _AtOnce = None,
    pause: _Pause = None,
    attempts: _Attempts = 5,
    backoff: _Backoff = 1.0,
    silence: _Silence = 30.0,
) -> None:
    """Fetch a cutout of every position and write a sample set; the same command goes on where it stopped.

    Leaves with 3 if some positions have no cutout; they are listed in `<output>.failures.csv`.
    """
    from skysieve.sources.archives.cutout_fetch import fetch_cutouts
    from skysieve.sources.archives.cutout_service import CUTOUT_SERVICES
    from skysieve.sources.archives.polite_client import Stubbornness

    given = {"layer": layer, "format": format_, "bands": bands, "size": size, "pixel_scale": pixel_scale}
    archive = _configured(CUTOUT_SERVICES.get(service)(), given, settings)
    require_inputs([table])
    summary = fetch_cutouts(
        table,
        archive,
        output,
        id=id_,
        ra=ra,
        dec=dec,
        group=group or None,
        group_radius=group_radius,
        label=label or None,
        classes=_names(classes),
        label_origin=label_origin,
        cache=cache,
        retry=retry,
        politeness=_paced(archive.politeness, at_once, pause),
        stubbornness=Stubbornness(attempts=attempts, pause=backoff, silence=silence),
    )
    _say_summary(summary)
    if summary.failures:
        raise typer.Exit(SOME_FAILED)


def frames(
    table: Annotated[
        Path,
        typer.Argument(help="Objects (CSV, Parquet, ECSV, FITS): oid of ZTF's data releases, ra, dec."),
    ],
    output: _SampleSet,
    id_: Annotated[str, typer.Option("--id", help="Column with the ids of light curves.")] = "oid",
    ra: _Ra = "ra",
    dec: _Dec = "dec",
    bands: Annotated[
        str, typer.Option(help="Filters, such as zg,zr; an object whose id names another is left out.")
    ] = "",
    since: Annotated[float | None, typer.Option(help="Only exposures from this day on (MJD).")] = None,
    until: Annotated[float | None, typer.Option(help="Only exposures before this day (MJD).")] = None,
    size: Annotated[int, typer.Option(help="Height and width of a frame, pixels of 1.012 arcsec.")] = 28,
    label: _Label = "",
    classes: _Classes = "",
    label_origin: _LabelOrigin = "",
    cache: _Cache = None,
    retry: _Retry = False,
    at_once: _AtOnce = None,
    pause: _Pause = None,
    attempts: _Attempts = 5,
    backoff: _Backoff = 1.0,
    silence: _Silence = 30.0,
    base_url: _BaseUrl = "",
) -> None:
    """Fetch all frames of ZTF objects and write a sample set; the same command goes on where it stopped.

    An object is a light curve of ZTF's data releases: its id names field, detector and filter, and each
    exposure at IRSA gives a frame. Leaves with 3 if some objects or frames could not be had; they are listed
    in `<output>.failures.csv`.
    """
    from skysieve.configuration import override
    from skysieve.sources.archives.frame_sequences import fetch_frame_sequences
    from skysieve.sources.archives.polite_client import Stubbornness
    from skysieve.sources.archives.ztf_exposures import ZtfFrames

    given = {"bands": _names(bands), "since": since, "until": until, "base_url": base_url or None}
    wanted = override(ZtfFrames(size), {name: value for name, value in given.items() if value is not None})
    require_inputs([table])
    summary = fetch_frame_sequences(
        table,
        output,
        frames=wanted,
        id=id_,
        ra=ra,
        dec=dec,
        label=label or None,
        classes=_names(classes),
        label_origin=label_origin,
        cache=cache,
        retry=retry,
        politeness=_paced(wanted.politeness, at_once, pause),
        stubbornness=Stubbornness(attempts=attempts, pause=backoff, silence=silence),
    )
    _say_frames(summary)
    if summary.failures:
        raise typer.Exit(SOME_FAILED)


def votes(
    table: Annotated[str, typer.Argument(help="zooNoSpec, zooSpec (Galaxy Zoo 1), zoo2MainSpecz (2).")],
    output: _Output,
    rows: Annotated[int | None, typer.Option(help="At most so many; all if left out.")] = None,
    where: Annotated[str, typer.Option(help="A condition in SQL: 'nvote >= 20'.")] = "",
    release: _Release = "dr18",
    base_url: _BaseUrl = "",
    cache: _Cache = None,
) -> None:
    """Fetch a table of Galaxy Zoo votes from SkyServer, ready for `skysieve fetch cutouts`."""
    from skysieve.sources.archives.sdss_sql import VOTE_TABLES, fetch_votes

    result = fetch_votes(
        table, output, rows=rows, where=where, release=release, base_url=base_url or None, cache=cache
    )
    _say_rows(result)
    say(VOTE_TABLES[table].citation)


def sql(
    query: Annotated[str, typer.Argument(help="In SQL Server's dialect, or @FILE.sql.")],
    output: _Output,
    release: _Release = "dr18",
    base_url: _BaseUrl = "",
    cache: _Cache = None,
) -> None:
    """Run a query on SkyServer of SDSS and write its result."""
    from skysieve.sources.archives.sdss_sql import query_skyserver

    text = Path(query[1:]).read_text(encoding="utf-8") if query.startswith("@") else query
    _say_rows(query_skyserver(text, output, release=release, base_url=base_url or None, cache=cache))


def _configured(service: Any, given: dict[str, Any], assignments: list[str] | None) -> Any:
    from skysieve.configuration import override

    return settings_of(
        override(service, {name: value for name, value in given.items() if value not in ("", None)}),
        None,
        assignments,
    )


def _names(listed: str) -> list[str] | None:
    """Return the names of a list with commas; None if there is none."""
    return [name.strip() for name in listed.split(",")] if listed else None


def _paced(politeness: Politeness, at_once: int | None, pause: float | None) -> Politeness:
    from dataclasses import replace

    politeness = politeness if at_once is None else replace(politeness, at_once=at_once)
    return politeness if pause is None else replace(politeness, pause=pause)


def _say_summary(summary: FetchSummary) -> None:
    say_findings(summary.findings)
    _say_failures(summary.failures, summary.failures_path, "positions have no cutout")
    if summary.notes:
        say_table(summary.notes, title="notes on cutouts:")
    largest = f", the largest of {summary.largest_group:,}" if summary.largest_group > 1 else ""
    _say_asked(summary.asked)
    say(f"{summary.samples:,} cutouts in {summary.groups:,} groups{largest}: {summary.path}")


def _say_frames(summary: FrameSummary) -> None:
    say_findings(summary.findings)
    _say_failures(summary.failures, summary.failures_path, "objects and frames could not be had")
    cut_off = f", {summary.cut_off:,} of them cut off at the edge of a detector" if summary.cut_off else ""
    _say_asked(summary.asked)
    say(f"{summary.samples:,} sequences of {summary.frames:,} frames{cut_off}: {summary.path}")


def _say_failures(failures: Sequence[Failure], path: Path, words: str) -> None:
    if failures:
        counts = dict(Counter(each.kind for each in failures).most_common())
        say_table(counts, title=f"{len(failures):,} {words}:")
        say(f"failures: {path}")


def _say_asked(asked: int) -> None:
    say(f"{asked:,} answers fetched, the others lay in the cache")


def _say_rows(result: QueryResult) -> None:
    say_findings(result.findings)
    say(f"{result.rows:,} rows: {result.path}")
