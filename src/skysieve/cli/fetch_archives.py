"""``skysieve fetch cutouts``, ``votes``, ``sql``: what archives give by coordinate or by query."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, say, say_findings, say_table
from skysieve.cli.verbs.train import settings_of

if TYPE_CHECKING:
    from skysieve.sources.archives.cutout_fetch import FetchSummary
    from skysieve.sources.archives.sdss_sql import QueryResult

__all__ = ["SOME_FAILED", "add_to"]

SOME_FAILED = 3
"""Exit code of a run that wrote its sample set, though some positions have no cutout."""

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
    verb.command("votes", epilog=examples("skysieve fetch votes zooNoSpec -o votes.csv --rows 1000"))(votes)
    verb.command("sql", epilog=examples("skysieve fetch sql 'SELECT TOP 9 ra, dec FROM Galaxy' -o nine.csv"))(
        sql
    )


_Output = Annotated[Path, typer.Option("--output", "-o", help="The table to write (CSV).")]
_Release = Annotated[str, typer.Option(help="Data release of SDSS.")]
_BaseUrl = Annotated[str, typer.Option(help="Another server, such as a mirror.")]
_Cache = Annotated[
    Path | None, typer.Option(help="Folder of the answers; `<output>.cache` if left out. Delete it at will.")
]


def cutouts(
    table: Annotated[
        Path, typer.Argument(help="Positions (CSV, Parquet, ECSV, FITS): id, ra, dec in degrees.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The sample set to write (Parquet).")],
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
    ra: Annotated[str, typer.Option(help="Column with the right ascension, degrees.")] = "ra",
    dec: Annotated[str, typer.Option(help="Column with the declination, degrees.")] = "dec",
    group: Annotated[
        str, typer.Option(help="Column that no split may divide; neighbours on the sky if left out.")
    ] = "",
    group_radius: Annotated[
        float | None, typer.Option(help="Arcsec up to which two are neighbours; the diagonal of a cutout.")
    ] = None,
    label: Annotated[str, typer.Option(help="Column with the labels; unlabelled if left out.")] = "",
    classes: Annotated[str, typer.Option(help="Names of the classes in their order: artefact,lsbg.")] = "",
    label_origin: Annotated[str, typer.Option(help="How the labels came about, in a sentence.")] = "",
    cache: _Cache = None,
    retry: Annotated[bool, typer.Option("--retry", help="Ask again for what failed before.")] = False,
    at_once: Annotated[int | None, typer.Option(help="Requests under way; the service's own limit.")] = None,
    pause: Annotated[float | None, typer.Option(help="Seconds between two requests.")] = None,
    attempts: Annotated[int, typer.Option(help="Times that a position is asked for.")] = 5,
    backoff: Annotated[float, typer.Option(help="Seconds before the second time; doubled each time.")] = 1.0,
    silence: Annotated[float, typer.Option(help="Seconds without a byte that count as stalled.")] = 30.0,
) -> None:
    """Fetch a cutout of every position and write a sample set; the same command goes on where it stopped.

    Leaves with 3 if some positions have no cutout; they are listed in `<output>.failures.csv`.
    """
    from dataclasses import replace

    from skysieve.sources.archives.cutout_fetch import fetch_cutouts
    from skysieve.sources.archives.cutout_service import CUTOUT_SERVICES
    from skysieve.sources.archives.polite_client import Stubbornness

    given = {"layer": layer, "format": format_, "bands": bands, "size": size, "pixel_scale": pixel_scale}
    archive = _configured(CUTOUT_SERVICES.get(service)(), given, settings)
    require_inputs([table])
    pace = {name: value for name, value in (("at_once", at_once), ("pause", pause)) if value is not None}
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
        classes=[name.strip() for name in classes.split(",")] if classes else None,
        label_origin=label_origin,
        cache=cache,
        retry=retry,
        politeness=replace(archive.politeness, **pace),
        stubbornness=Stubbornness(attempts=attempts, pause=backoff, silence=silence),
    )
    _say_summary(summary)
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


def _say_summary(summary: FetchSummary) -> None:
    say_findings(summary.findings)
    if summary.failures:
        kinds: dict[str, int] = {}
        for each in summary.failures:
            kinds[each.kind] = kinds.get(each.kind, 0) + 1
        counts = dict(sorted(kinds.items(), key=lambda item: -item[1]))
        say_table(counts, title=f"{len(summary.failures):,} positions have no cutout:")
        say(f"failures: {summary.failures_path}")
    if summary.notes:
        say_table(summary.notes, title="notes on cutouts:")
    largest = f", the largest of {summary.largest_group:,}" if summary.largest_group > 1 else ""
    say(f"{summary.asked:,} answers fetched, the others lay in the cache")
    say(f"{summary.samples:,} cutouts in {summary.groups:,} groups{largest}: {summary.path}")


def _say_rows(result: QueryResult) -> None:
    say_findings(result.findings)
    say(f"{result.rows:,} rows: {result.path}")
