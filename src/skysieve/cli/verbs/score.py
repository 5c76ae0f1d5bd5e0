"""``skysieve score``: alerts in, a table of calibrated scores out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, say, say_table

if TYPE_CHECKING:
    from skysieve.scoring.merge import ScoringSummary

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command(
        "score",
        epilog=examples(
            "skysieve score braai-weak night/packets -o scores.parquet",
            "skysieve score braai-weak night.tar.gz -o night.parquet --report night.html",
            "skysieve score imported/ 'night/packets/*.avro' -o imported.parquet --workers 2",
        ),
    )(score)


def score(
    model: Annotated[str, typer.Argument(help="A model folder, or the name of a shipped model.")],
    inputs: Annotated[
        list[str],
        typer.Argument(help="Avro packets, folders, globs, .tar.gz archives, Parquet tables of alerts."),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The table of scores (Parquet).")],
    report: Annotated[Path | None, typer.Option(help="Write an HTML report of the night, too.")] = None,
    truth: Annotated[
        Path | None, typer.Option(help="CSV with candid and label (0/1), to judge the scores in the report.")
    ] = None,
    truth_origin: Annotated[
        str,
        typer.Option(help="How the truth is known, to print beside the figures: simulated, scanned by ..."),
    ] = "",
    engine: Annotated[str, typer.Option(help="Inference engine: onnxruntime or openvino.")] = "onnxruntime",
    precision: Annotated[str, typer.Option(help="float32, or bfloat16 where the engine has it.")] = "float32",
    workers: Annotated[int, typer.Option(help="Processes; each scores a share of the files.")] = 1,
    field: Annotated[
        list[str] | None,
        typer.Option(help="Number of the candidate to copy beside the score; may be repeated."),
    ] = None,
    any_survey: Annotated[
        bool, typer.Option("--any-survey", help="Score alerts of surveys that the model was not made for.")
    ] = False,
    schemas: Annotated[
        str, typer.Option(help="Folder of writer schemas (<id>.avsc) for Confluent-framed messages.")
    ] = "",
    restart: Annotated[
        bool, typer.Option("--restart", help="Start anew where an earlier run lies, finished or not.")
    ] = False,
) -> None:
    """Score alerts. Killed, it goes on where it was; what cannot be scored is listed with its reason."""
    from skysieve.models.model import Model
    from skysieve.scoring.rows import FIELDS
    from skysieve.scoring.score import ScoringOptions
    from skysieve.scoring.score import score as score_inputs

    options = ScoringOptions(engine, precision, workers, tuple(field or FIELDS), any_survey, schemas)
    opened = Model.load(model)
    require_inputs(inputs)
    summary = score_inputs(opened, inputs, output, options, restart=restart, progress=True)
    say(
        f"{summary.scored:,} alerts scored with {opened.description.name} ({opened.identity[:12]})"
        f"{_when(summary)}"
    )
    threshold = opened.description.threshold
    if threshold is not None and summary.above_threshold is not None:
        say(
            f"{summary.above_threshold:,} at or above the threshold {threshold['value']:.3f} "
            f"({threshold['rule']}, chosen on {threshold['split']})"
        )
    if summary.repeated:
        say(f"{summary.repeated:,} of them repeat a candid that an earlier row has")
    if summary.absent_fields and field:
        say(f"no scored alert has the field {' or '.join(summary.absent_fields)}; its column is empty")
    if summary.kept_aside:
        aside = (
            f"{sum(summary.kept_aside.values()):,} inputs kept aside, with reasons in {summary.quarantine}:"
        )
        say_table({kind: f"{count:,}" for kind, count in summary.kept_aside.items()}, title=aside)
    say(f"scores: {summary.output}")
    if report is not None:
        from skysieve.scoring.night_report import write_report_of_scores

        page = write_report_of_scores(opened, summary, report, truth=truth, truth_origin=truth_origin)
        say(f"report: {page}")


def _when(summary: ScoringSummary) -> str:
    if not summary.seconds:
        return ", by an earlier run that had finished"
    continued = ", going on with an earlier run" if summary.resumed else ""
    return f" in {summary.seconds:.1f} s{continued}"
