"""``skysieve transfer``: how well a model does on another survey, and what samples of it bring."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, say, say_findings, say_table
from skysieve.cli.verbs.finetune import StrategyHelp
from skysieve.cli.verbs.train import SetOption

__all__ = ["add_to"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command(
        "transfer",
        epilog=examples(
            "skysieve transfer braai-weak samples.parquet -o transferred/ --n 20 --draws 1 "
            "--strategy whole@0.7 --source samples.parquet --set training.epochs=1 --replicates 20",
            "skysieve transfer braai-weak samples.parquet -o shifted/ --n 0 --source samples.parquet",
        ),
    )(transfer)


def transfer(
    model: Annotated[
        str, typer.Argument(help="A model or run folder, a shipped model, or a member of a sieve.")
    ],
    target: Annotated[list[str], typer.Argument(help="Labelled samples of the other survey.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for results and runs.")],
    n: Annotated[
        list[int] | None,
        typer.Option(
            "--n", help="Number of target samples to learn from; may be repeated. Without: 0, 20, 80, 320."
        ),
    ] = None,
    strategy: Annotated[
        list[str] | None, typer.Option(help=f"{StrategyHelp} May be repeated; without: head and whole.")
    ] = None,
    scratch: Annotated[
        bool,
        typer.Option("--scratch/--no-scratch", help="Train from random weights on the same samples, too."),
    ] = True,
    draws: Annotated[int, typer.Option(help="Draws of the target samples.")] = 3,
    source: Annotated[
        list[str] | None,
        typer.Option(help="Samples of the survey that the model comes from, to measure the shift."),
    ] = None,
    test: Annotated[
        float, typer.Option(help="Share of the target samples that judges, where they have no split.")
    ] = 0.5,
    replicates: Annotated[int, typer.Option(help="Bootstrap replicates, drawn by group.")] = 1000,
    permutations: Annotated[int, typer.Option(help="Random changes of sides behind each distance.")] = 100,
    seed: Annotated[int, typer.Option(help="Seed of everything random; the same gives the same.")] = 1,
    set_: SetOption = None,
    set_scratch: Annotated[
        list[str] | None, typer.Option("--set-scratch", help="As --set, of training from random weights.")
    ] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not go on with runs in the folder.")] = False,
) -> None:
    """Draw the curve from no samples of another survey to many, and measure the shift between the two.

    Beside the model as it is stand several ways of fine-tuning it and training from random weights, on the
    same draws, judged on the same target samples.
    """
    from skysieve.configuration import parse_assignments
    from skysieve.recipes.transfer import transfer_curve
    from skysieve.recipes.transfer_configuration import TransferConfig
    from skysieve.recipes.uncertainty.figures import headlines

    given: dict[str, Any] = {"sizes": tuple(n)} if n else {}
    given |= {"strategies": tuple(strategy)} if strategy else {}
    config = TransferConfig(
        **given,
        scratch=scratch,
        draws=draws,
        test=test,
        seed=seed,
        replicates=replicates,
        permutations=permutations,
    )
    require_inputs([*target, *(source or [])])
    found = transfer_curve(
        model,
        target,
        output,
        config,
        source=source or (),
        tuned=parse_assignments(set_ or []),
        scratch=parse_assignments(set_scratch or []),
        resume=not fresh,
    )
    for name in [each for each in headlines(list(found.points[0].figures)) if each != "fpr"][:2]:
        rows = {f"{point.strategy}, {point.size:,}": str(point.figures[name]) for point in found.points}
        say_table(rows, title=f"{name} on the target samples that judge:")
    for name, parts in found.shift.items():
        told = {**parts["scores"], **parts["embeddings"]}
        say_table(
            {
                what: f"{each.value:.4f}  chance {each.null:.4f}  p {each.p_value:.2g}"
                for what, each in told.items()
            },
            title=f"source against target, {name}:",
        )
    say_findings(found.findings)
    say(f"curves: {', '.join(map(str, found.written.plots))}")
    say(f"figures: {found.written.table}")
    say(f"report: {found.written.report}")
