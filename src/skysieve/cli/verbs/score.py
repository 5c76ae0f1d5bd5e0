"""``skysieve score``: alerts, streaks or samples in, a table of calibrated scores out."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples
from skysieve.errors import ConfigurationError

if TYPE_CHECKING:
    from skysieve.models.model import Model

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command(
        "score",
        epilog=examples(
            "skysieve score braai-weak night/packets -o scores.parquet",
            "skysieve score braai-weak night.tar.gz -o night.parquet --report night.html",
            "skysieve score imported/ 'night/packets/*.avro' -o imported.parquet --workers 2",
            "skysieve score streak-sieve/ streaks/ -o streaks.parquet",
            "skysieve score streak-sieve/ streaks-set.parquet -o set-scores.parquet",
            "skysieve score streak-sieve/ streak-night/night -o judged.parquet --report judged.html "
            "--truth streak-night/truth.csv --truth-origin simulated",
            "skysieve score curve-model/ curves.parquet -o kinds.parquet --field period --field amplitude",
        ),
    )(score)


def score(
    model: Annotated[str, typer.Argument(help="A model folder, a sieve, or the name of a shipped one.")],
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Avro packets, Parquet tables of alerts, streak cutouts with their tables and reports; "
            "folders, globs, .tar.gz archives of them; or one sample set of streak cutouts, of light curves "
            "or of whatever else the model takes."
        ),
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The table of scores (Parquet).")],
    report: Annotated[Path | None, typer.Option(help="Write an HTML report of the night, too.")] = None,
    truth: Annotated[
        Path | None,
        typer.Option(
            help="CSV to judge the scores in the report: candid and label (0/1) of alerts, "
            "id and os (0/1) of streaks."
        ),
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
        typer.Option(
            help="Field of the candidate to copy beside the score; may be repeated. "
            "jd, fid, ra, dec and magpsf if left out."
        ),
    ] = None,
    any_survey: Annotated[
        bool, typer.Option("--any-survey", help="Score alerts of surveys that the model was not made for.")
    ] = False,
    schemas: Annotated[
        str, typer.Option(help="Folder of writer schemas, each named ID.avsc, for Confluent-framed messages.")
    ] = "",
    expect: Annotated[
        list[str] | None,
        typer.Option(
            help="What a streak must have besides its cutout: metadata or ades; may be repeated. "
            "If left out, whatever any streak of the night has."
        ),
    ] = None,
    site: Annotated[
        str,
        typer.Option(
            help="Observatory of the streaks, or its longitude in degrees, for observing_night; Palomar if "
            "left out."
        ),
    ] = "",
    restart: Annotated[
        bool, typer.Option("--restart", help="Start anew where an earlier run lies, finished or not.")
    ] = False,
) -> None:
    """Score alerts, streaks or sample sets. Killed, it goes on; what cannot be scored is listed with reasons.

    A night of streaks may grow: the same command scores what has been added.
    """
    from skysieve.cli.alert_scoring import score_alerts
    from skysieve.cli.sample_scoring import score_samples
    from skysieve.cli.streak_scoring import (
        check_streak_truth,
        is_sample_set,
        score_night_of_streaks,
        takes_streaks,
    )
    from skysieve.models.model import Model
    from skysieve.models.sieve import load_model_or_sieve

    if truth is not None and report is None:
        raise ConfigurationError(
            "--truth is for the figures of the report; give --report too, or leave it out"
        )
    if truth is not None and not truth.is_file():
        raise ConfigurationError(f"{truth}: is no file; --truth takes a CSV table")
    opened = load_model_or_sieve(model)
    if isinstance(opened, Model) and _is_for_samples(opened, inputs):
        for_nights = {"--any-survey": any_survey, "--schemas": schemas, "--workers": workers > 1}
        for_nights |= {"--report": report, "--truth": truth}
        _refuse({"--expect": expect, "--site": site}, "streak cutouts", opened.description.name)
        for option in (name for name, value in for_nights.items() if value):
            raise ConfigurationError(
                f"{option} is not for sample sets; leave it out: `skysieve evaluate` judges a model on one"
            )
        require_inputs(inputs)
        score_samples(
            opened,
            inputs,
            output,
            engine=engine,
            precision=precision,
            fields=field or (),
            restart=restart,
        )
        return
    if isinstance(opened, Model) and not takes_streaks(opened):
        _refuse({"--expect": expect, "--site": site}, "streak cutouts", opened.description.name)
        from skysieve.scoring.rows import FIELDS
        from skysieve.scoring.score import ScoringOptions

        options = ScoringOptions(engine, precision, workers, tuple(field or FIELDS), any_survey, schemas)
        require_inputs(inputs)
        score_alerts(
            opened,
            inputs,
            output,
            options,
            restart=restart,
            asked_fields=bool(field),
            report=report,
            truth=truth,
            truth_origin=truth_origin,
        )
        return
    for_alerts = {"--field": field, "--any-survey": any_survey, "--schemas": schemas}
    _refuse(for_alerts, "alerts", opened.description.name)
    from skysieve.scoring.streaks import StreakOptions

    streak_options = StreakOptions(
        engine, precision, workers, tuple(expect) if expect else "auto", site or "Palomar"
    )
    require_inputs(inputs)
    if truth is not None:
        check_streak_truth(truth)
    if is_sample_set(inputs):
        for_nights = {"--expect": expect, "--site": site, "--workers": workers > 1}
        for option in (name for name, value in for_nights.items() if value):
            raise ConfigurationError(
                f"{option} is for nights of streaks, {inputs[0]} is a sample set; leave it out"
            )
    score_night_of_streaks(
        opened,
        inputs,
        output,
        streak_options,
        restart=restart,
        report=report,
        truth=truth,
        truth_origin=truth_origin,
    )


def _is_for_samples(model: Model, inputs: list[str]) -> bool:
    """Say whether a model scores samples here: it takes nothing else, or is given nothing else."""
    from skysieve.cli.sample_scoring import takes_samples_only
    from skysieve.cli.streak_scoring import takes_streaks
    from skysieve.recipes.alert_samples import is_sample_set

    if takes_samples_only(model):
        return True
    return len(inputs) == 1 and is_sample_set(inputs[0]) and not takes_streaks(model)


def _refuse(given: dict[str, Any], what: str, name: str) -> None:
    """Refuse options that do not apply, rather than pass them over."""
    for option, value in given.items():
        if value:
            raise ConfigurationError(f"{option} is for models of {what}, {name} is none; leave it out")
