"""``skysieve candidates``: search, label and export the candidates of a night service."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skysieve.cli.output import examples, say, say_columns
from skysieve.errors import ConfigurationError

if TYPE_CHECKING:
    from skysieve.client.candidate import Candidate
    from skysieve.client.service_client import ServiceClient

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    verb = typer.Typer(
        help="Search, label and export the candidates of a night service, over its API.", no_args_is_help=True
    )
    verb.command(
        "list",
        epilog=examples("skysieve candidates list 'passes = true and label is empty' --most 20"),
    )(list_)
    verb.command("show", epilog=examples("skysieve candidates show 1"))(show)
    verb.command("count", epilog=examples("skysieve candidates count 'score >= 0.9'"))(count)
    verb.command("label", epilog=examples("skysieve candidates label 1 real"))(label)
    verb.command("comment", epilog=examples("skysieve candidates comment 1 'next to a bright star'"))(comment)
    verb.command(
        "export",
        epilog=examples("skysieve candidates export passing.csv 'passes = true'"),
    )(export)
    verb.command("send", epilog=examples("skysieve candidates send packet.avro"))(send)
    application.add_typer(verb, name="candidates")


UrlOption = Annotated[
    str, typer.Option(envvar="SKYSIEVE_URL", help="Address of the service, such as http://127.0.0.1:8765.")
]
WhereArgument = Annotated[str, typer.Argument(help="Filter in the service's language; all if left out.")]
NightOption = Annotated[str, typer.Option(help="Night, YYYYMMDD; all if left out.")]
ConeOption = Annotated[str, typer.Option(help="RA,DEC,RADIUS: degrees, degrees, arcsec.")]
NumberArgument = Annotated[int, typer.Argument(help="Number of the candidate in the service.", min=1)]


def list_(
    where: WhereArgument = "",
    night: NightOption = "",
    cone: ConeOption = "",
    sort: Annotated[
        str, typer.Option(help="Field to sort by; a minus in front: the largest first.")
    ] = "-score",
    most: Annotated[int, typer.Option(help="So many at the most.", min=1)] = 50,
    url: UrlOption = "",
) -> None:
    """Search candidates. The token is taken from SKYSIEVE_TOKEN."""
    with _client(url) as client:
        found = list(client.candidates(where, sort=sort, night=night, cone=_cone(cone), most=most))
    if not found:
        say("no candidate is found")
        return
    say_columns(
        ("number", "night", "name", "ra", "dec", "mag", "score", "passes", "label"),
        [_row(candidate) for candidate in found],
    )


def show(number: NumberArgument, url: UrlOption = "") -> None:
    """Show a candidate with all scores, verdicts and labels (JSON)."""
    import json

    with _client(url) as client:
        say(json.dumps(client.candidate(number), indent=1))


def count(where: WhereArgument = "", night: NightOption = "", url: UrlOption = "") -> None:
    """Count what a search finds."""
    with _client(url) as client:
        found = client.count(where, night=night)
    say(f"{found:,}{' or more' if found >= 10_000 else ''}")


def label(
    number: NumberArgument,
    value: Annotated[str, typer.Argument(help="A class of the taxonomy: real, bogus ...")],
    url: UrlOption = "",
) -> None:
    """Say what a candidate is."""
    with _client(url) as client:
        client.label(number, value)
    say(f"candidate {number}: {value}")


def comment(
    number: NumberArgument,
    text: Annotated[str, typer.Argument(help="The remark.")],
    url: UrlOption = "",
) -> None:
    """Remark something on a candidate."""
    with _client(url) as client:
        client.comment(number, text)
    say(f"candidate {number}: noted")


def export(
    output: Annotated[
        Path, typer.Argument(help="The file; its ending says the format unless --format does.")
    ],
    where: WhereArgument = "",
    night: NightOption = "",
    cone: ConeOption = "",
    format_: Annotated[
        str, typer.Option("--format", help="csv, parquet, votable, fits (cutouts) or avro (packets).")
    ] = "",
    url: UrlOption = "",
) -> None:
    """Write everything that a search finds into a file."""
    endings = {".csv": "csv", ".parquet": "parquet", ".vot": "votable", ".xml": "votable", ".avro": "avro"}
    chosen = format_ or endings.get(output.suffix.lower()) or ("fits" if output.suffix == ".tar" else "")
    if not chosen:
        raise ConfigurationError(
            f"{output}: its ending names no format; give --format csv, parquet, votable, fits or avro"
        )
    with _client(url) as client:
        client.export(output, where, format=chosen, night=night, cone=_cone(cone))
    say(f"export: {output}")


def send(
    paths: Annotated[list[Path], typer.Argument(help="Packets, pictures, tables or archives.")],
    url: UrlOption = "",
) -> None:
    """Send files to the service."""
    with _client(url) as client:
        for path in paths:
            became = client.send(path)
            say(f"{path}: {became['outcome']}, {became['candidates']} candidates")


def _client(url: str) -> ServiceClient:
    from skysieve.extras import require

    require("httpx", extra="client", purpose="reach a service")
    from skysieve.client.service_client import ServiceClient

    return ServiceClient(url or None)


def _cone(given: str) -> tuple[float, float, float] | None:
    if not given:
        return None
    try:
        ra, dec, radius = (float(part) for part in given.split(","))
    except ValueError:
        raise ConfigurationError(
            f"--cone {given!r}: expected RA,DEC,RADIUS in degrees, degrees and arcsec: 10.5,41.2,30"
        ) from None
    return ra, dec, radius


def _row(candidate: Candidate) -> list[Any]:
    def number(value: float | None, digits: int) -> str:
        return "" if value is None else f"{value:.{digits}f}"

    passes = {None: "", True: "yes", False: "no"}[candidate.passes]
    return [
        candidate.id,
        candidate.night,
        candidate.name,
        number(candidate.ra, 5),
        number(candidate.dec, 5),
        number(candidate.mag, 2),
        number(candidate.score, 3),
        passes,
        candidate.label,
    ]
