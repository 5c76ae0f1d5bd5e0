"""``skysieve samples``: make sample sets, look at them, split them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from skysieve.cli import (
    samples_curves,
    samples_embed,
    samples_frame_encoder,
    samples_from_labels,
    samples_labelling,
)
from skysieve.cli.inputs import require_inputs
from skysieve.cli.output import examples, in_words, say, say_counts, say_findings, say_table
from skysieve.cli.verbs.train import SetOption, settings_of

if TYPE_CHECKING:
    from skysieve.samples import SampleSet

__all__ = ["add_to"]

SPLITS = ("train", "validation", "test")


def add_to(application: typer.Typer) -> None:
    """Add the verb."""
    verb = typer.Typer(help="Make sample sets, look at them, split them.", no_args_is_help=True)
    verb.command(
        "alerts",
        epilog=examples(
            "skysieve samples alerts night/packets -o samples.parquet --set labels.table=night/truth.csv "
            "--set labels.column=label"
        ),
    )(alerts)
    verb.command(
        "images",
        epilog=examples(
            "skysieve samples images table.csv cutouts/ -o images.parquet --id name --path file --label kind",
            "skysieve samples images table.csv cutouts/ -o images.parquet --id name --path file --label kind "
            "--classes galaxy,star --label-origin 'two observers, 2026' --split part",
        ),
    )(images)
    verb.command("dataset", epilog=examples("skysieve samples dataset braai braai-data/ -o braai.parquet"))(
        dataset
    )
    verb.command("show", epilog=examples("skysieve samples show samples.parquet"))(show)
    verb.command("validate", epilog=examples("skysieve samples validate samples.parquet"))(validate)
    verb.command(
        "split", epilog=examples("skysieve samples split samples.parquet -o split.parquet --seed 7")
    )(split)
    verb.command(
        "streaks", epilog=examples("skysieve samples streaks streaks/ -o night.parquet --labels classes.json")
    )(streaks)
    samples_curves.add_to(verb)
    samples_embed.add_to(verb)
    samples_frame_encoder.add_to(verb)
    samples_from_labels.add_to(verb)
    samples_labelling.add_to(verb)
    application.add_typer(verb, name="samples")


SetArgument = Annotated[Path, typer.Argument(help="A sample set (Parquet).")]
OutputOption = Annotated[Path, typer.Option("--output", "-o", help="The sample set to write (Parquet).")]


def alerts(
    inputs: Annotated[
        list[str], typer.Argument(help="Avro packets, folders, globs, archives, Parquet tables of alerts.")
    ],
    output: OutputOption,
    recipe: Annotated[str, typer.Option(help="Recipe whose shape and labels to use.")] = "braai",
    set_: SetOption = None,
) -> None:
    """Make a labelled sample set of alerts, grouped by object."""
    from skysieve.recipes.recipe import RECIPES

    chosen = RECIPES.get(recipe)
    settings = settings_of(chosen.configuration, None, set_)
    require_inputs(inputs)
    samples = chosen.prepare(inputs, settings)
    say_findings(samples.findings)
    say(f"labels: {samples.description.label_origin}")
    _say_classes(samples)
    say(f"samples: {samples.write(output)}")


def images(
    table: Annotated[Path, typer.Argument(help="Table of the images (CSV, ECSV, FITS or Parquet).")],
    folder: Annotated[Path, typer.Argument(help="Folder of the images (FITS, PNG, JPEG, TIFF).")],
    output: OutputOption,
    id_: Annotated[str, typer.Option("--id", help="Column with the samples' names.")] = "id",
    path: Annotated[
        str, typer.Option(help="Column with the file names, or a template such as '{id}.fits'.")
    ] = "path",
    group: Annotated[str, typer.Option(help="Column that no split may divide; the id if left out.")] = "",
    label: Annotated[str, typer.Option(help="Column with the labels; unlabelled if left out.")] = "",
    classes: Annotated[
        str, typer.Option(help="Names of the classes in their order: bogus,real. Sorted if left out.")
    ] = "",
    label_origin: Annotated[
        str, typer.Option(help="How the labels came about, in a sentence; printed beside every figure.")
    ] = "",
    split: Annotated[
        str, typer.Option(help="Column with a split of your own: train, validation or test.")
    ] = "",
) -> None:
    """Make a sample set from a table and a folder of images, under your own column names."""
    from skysieve.sources.image_samples import image_samples

    samples = image_samples(
        table,
        folder,
        id=id_,
        path=path,
        group=group or id_,
        label=label or None,
        split=split or None,
        classes=[name.strip() for name in classes.split(",")] if classes else None,
        label_origin=label_origin,
    )
    _write(samples, output)


def streaks(
    inputs: Annotated[list[str], typer.Argument(help="Folders, archives and cutouts of nights of streaks.")],
    output: OutputOption,
    labels: Annotated[
        Path | None, typer.Option(help="Classes by file name (JSON), or a table of labels (CSV, Parquet).")
    ] = None,
    label_origin: Annotated[
        str, typer.Option(help="How the labels came about, in a sentence; printed beside every figure.")
    ] = "",
    group: Annotated[
        str, typer.Option(help="What no split may divide: exposure, or a column such as pid.")
    ] = "exposure",
) -> None:
    """Make a sample set of a night of streaks, labelled where somebody looked."""
    from skysieve.sources.streaks.samples import streaks_to_samples

    require_inputs(inputs)
    samples = streaks_to_samples(
        inputs, labels=labels, group=group, label_origin=label_origin, origin={"inputs": inputs}
    )
    _write(samples, output)


def dataset(
    name: Annotated[str, typer.Argument(help="A data set, as `skysieve fetch` calls it.")],
    folder: Annotated[Path, typer.Argument(help="Where `skysieve fetch` put it.")],
    output: OutputOption,
) -> None:
    """Make a labelled sample set of a public data set that was fetched."""
    from skysieve.samples import SampleSet
    from skysieve.sources.archives.dataset import DATASETS

    chosen = DATASETS.get(name)
    require_inputs([folder])
    say_findings(chosen.write_samples(folder, output))
    samples = SampleSet.open(output)
    say(f"labels: {samples.description.label_origin}")
    say_table({key: str(value) for key, value in samples.description.origin.items()})
    _say_classes(samples)
    say(f"samples: {output}")


def show(samples: SetArgument) -> None:
    """Print what a sample set holds."""
    from skysieve.samples import SampleSet

    require_inputs([samples])
    opened = SampleSet.open(samples)
    description = opened.description
    _say_classes(opened)
    tensors = {
        name: f"{column.shape} {column.dtype} {column.unit}".strip()
        for name, column in description.tensors.items()
    }
    say_table(
        tensors
        | {
            "labels": description.label_origin or "not said",
            "splits": in_words(description.splits),
            "origin": in_words(description.origin),
            "columns": ", ".join(name for name in opened.column_names if name not in tensors),
        }
    )


def validate(
    samples: SetArgument,
    closer_than: Annotated[
        float | None,
        typer.Option(help="Arcsec within which splits must not meet; the width of a cutout if left out."),
    ] = None,
    json_: Annotated[Path | None, typer.Option("--json", help="Write everything as JSON, too.")] = None,
) -> None:
    """Look for duplicates, empty images, missing labels, and splits that share groups or sky."""
    import json

    from skysieve.samples import SampleSet, count_findings
    from skysieve.samples import validate as validate_samples

    require_inputs([samples])
    found = validate_samples(SampleSet.open(samples), closer_than=closer_than)
    say_counts({"all samples": found.class_counts} | found.split_counts)
    say_findings(found.findings)
    say(str(found.sky))
    if kinds := count_findings(found.findings):
        say_table({kind: f"{count:,}" for kind, count in kinds.items()}, title="findings by kind:")
    else:
        say("nothing found that spoils training")
    if json_ is not None:
        json_.write_text(json.dumps(found.as_dict(), indent=1) + "\n", encoding="utf-8")
    if not found.ok:
        raise typer.Exit(1)


def split(
    samples: SetArgument,
    output: OutputOption,
    train: Annotated[float, typer.Option(help="Share of the training split.")] = 0.7,
    validation: Annotated[float, typer.Option(help="Share of the validation split.")] = 0.15,
    test: Annotated[float, typer.Option(help="Share of the test split.")] = 0.15,
    folds: Annotated[int, typer.Option(help="Folds of k-fold instead of three splits.")] = 0,
    sky_radius: Annotated[
        float | None,
        typer.Option(help="Make one group of samples within so many arcsec of each other, by ra and dec."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Seed.")] = 42,
) -> None:
    """Split by group, stratified by label; the split is saved in the set."""
    from skysieve.samples import SampleSet, with_folds, with_splits

    require_inputs([samples])
    opened = SampleSet.open(samples)
    if sky_radius is not None:
        from skysieve.samples.sky_cells import with_sky_groups

        before = len(set(opened.groups))
        opened = with_sky_groups(opened, sky_radius)
        say(f"groups: {len(set(opened.groups)):,} of {before:,} are left within {sky_radius:g} arcsec")
    _check_not_torn(opened, "split" if folds else "fold")
    if folds:
        made = with_folds(opened, folds, seed=seed)
    else:
        made = with_splits(opened, {"train": train, "validation": validation, "test": test}, seed=seed)
    say_counts(_counts(made, "fold" if folds else "split"))
    _say_sky(made)
    say(f"samples: {made.write(output)}")


def _check_not_torn(samples: SampleSet, column: str) -> None:
    """Refuse to keep a division from before that tears groups which are one by now."""
    from skysieve.errors import SampleSetError

    if column not in samples.column_names:
        return
    parts = set(zip(samples.groups.tolist(), samples.scalar(column).tolist(), strict=True))
    torn = [group for group, count in Counter(group for group, _ in parts).items() if count > 1]
    if torn:
        again = "--folds N" if column == "fold" else "without --folds"
        raise SampleSetError(
            f"the column {column!r} that the set has divides {len(torn)} groups, the first {torn[0]}, "
            f"and would be kept; make it anew first ({again}, same --sky-radius), then this from that set"
        )


def _write(samples: SampleSet, output: Path) -> None:
    """Write a set that was made, and say what it holds and what was put aside."""
    say_findings(samples.findings)
    _say_classes(samples)
    say(f"samples: {samples.write(output)}")


def _say_sky(samples: SampleSet) -> None:
    """Say what parts of a split share sky, where the samples have places."""
    from skysieve.samples.split_neighbours import check_sky

    if {"ra", "dec"} <= set(samples.column_names):
        found = check_sky(samples)
        say_findings(found.findings())
        say(str(found))


def _say_classes(samples: SampleSet) -> None:
    labels = samples.labels
    counts = {name: int((labels == number).sum()) for number, name in enumerate(samples.classes)}
    counts["unlabelled"] = int((labels < 0).sum())
    classes = ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)
    say(f"{len(samples):,} samples in {len(set(samples.groups)):,} groups: {classes}")


def _counts(samples: SampleSet, column: str) -> dict[str, dict[str, int]]:
    """Return the number of samples by part and class."""
    counts = Counter(zip(samples.scalar(column).tolist(), samples.labels.tolist(), strict=True))
    parts = sorted({part for part, _ in counts}, key=int if column == "fold" else SPLITS.index)
    classes = [*enumerate(samples.classes), (-1, "unlabelled")]
    return {
        f"fold {part}" if column == "fold" else part: {name: counts[part, label] for label, name in classes}
        for part in parts
    }
