"""``skysieve explain``: what a saved model looked at."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, say, say_findings, say_table

if TYPE_CHECKING:
    from skysieve.recipes.explain import ExplainConfig
    from skysieve.recipes.explanation_figures import ExplanationFigures

__all__ = ["add_to", "settings_of_call"]


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    application.command(
        "explain",
        epilog=examples(
            "skysieve explain braai-weak samples.parquet -o explained/",
            "skysieve explain braai-weak samples.parquet -o explained/ --layer conv3 --sanity --set limit=32",
            "skysieve explain streaks/rb-1 streaks-set.parquet -o explained/ --method integrated-gradients "
            "--set method.steps=8 --set limit=16",
            "skysieve explain models/rb-1 streaks-set.parquet -o explained/ --method saliency "
            "--set method.smooth=4 --set label=rb --set target=streak",
            "skysieve explain curve-model/ curves.parquet -o explained/ --set limit=16",
            "skysieve explain sequence-model/ curves.parquet -o explained/ --sanity --set limit=12 "
            "--set method.steps=8",
            "skysieve explain features-model/ curves.parquet -o explained/ --set high=0.5",
        ),
    )(explain)


def explain(
    model: Annotated[
        str, typer.Argument(help="A model folder, the name of a shipped one, or a member of a sieve.")
    ],
    samples: Annotated[Path, typer.Argument(help="A sample set.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder for maps, gallery and figures.")],
    method: Annotated[
        str,
        typer.Option(
            help="Images: grad-cam (the default), integrated-gradients, saliency; sequences: "
            "integrated-gradients (the default), saliency; features: occlusion; or one that was added."
        ),
    ] = "",
    layer: Annotated[
        str, typer.Option(help="Layer of Grad-CAM; the last spatial activation if left out.")
    ] = "",
    split: Annotated[str, typer.Option(help="Explain this split of the set only.")] = "",
    sanity: Annotated[
        bool, typer.Option("--sanity", help="Compare with networks whose weights stand in random order.")
    ] = False,
    assignments: Annotated[
        list[str] | None,
        typer.Option(
            "--set",
            help="KEY=VALUE: target, label, low, high, shown, order, limit, batch, seed, replicates, "
            "sanity.networks, sanity.samples, and method.KEY for a setting of the method; may be repeated.",
        ),
    ] = None,
) -> None:
    """Tell what a model looked at, in images, curves or features: a sample set, and a gallery."""
    from skysieve.recipes.explain import explain_samples

    require_inputs([samples])
    config, own = settings_of_call(layer, assignments)
    run = explain_samples(
        model,
        samples,
        output,
        method,
        settings=own,
        config=config,
        split=split,
        sanity=sanity,
        progress=True,
    )
    say(f"{run.samples:,} samples explained by {run.method}")
    _say_figures(run.figures)
    say_findings(run.findings)
    if run.disclosure:
        say(f"labels: {run.disclosure}")
    say(f"maps: {run.maps}")
    say(f"figures: {run.table}")
    say(f"gallery: {run.page}")


def settings_of_call(layer: str, assignments: list[str] | None) -> tuple[ExplainConfig, dict[str, Any]]:
    """Return the settings of explaining, and those of the method, which begin with ``method.``."""
    from skysieve.configuration import override, parse_assignments
    from skysieve.errors import ConfigurationError
    from skysieve.recipes.explain import ExplainConfig

    given = parse_assignments(assignments or [])
    own = {
        name.removeprefix("method."): given.pop(name) for name in list(given) if name.startswith("method.")
    }
    if layer and own.setdefault("layer", layer) != layer:
        raise ConfigurationError(f"--layer {layer} and method.layer={own['layer']}; give one of them")
    return override(ExplainConfig(), given), own


def _say_figures(figures: ExplanationFigures) -> None:
    tables = {
        "against true masks": figures.mask,
        "randomised networks": figures.randomised,
        "gap": figures.gap,
        "likeness of maps of the trained and the randomised": figures.similarity,
    }
    for title, intervals in tables.items():
        if intervals:
            say_table({name: str(interval) for name, interval in intervals.items()}, title=title)
