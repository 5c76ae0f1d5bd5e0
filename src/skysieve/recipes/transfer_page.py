"""What a transfer curve leaves: a JSON file to compute with, a page to read, curves to show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skysieve import __version__
from skysieve.atomic_file import replacing
from skysieve.configuration import as_dict
from skysieve.evaluation.intervals import Interval
from skysieve.evaluation.plot_style import figure_to_svg
from skysieve.evaluation.report_content import flatten, group_findings
from skysieve.evaluation.report_page import write_page
from skysieve.evaluation.shift_by_chance import Shift
from skysieve.evaluation.transfer_plots import transfer_plot
from skysieve.evaluation.uncertainty_page import (
    PageSection,
    PageTable,
    UncertaintyPage,
    difference_cell,
    interval_cells,
)
from skysieve.evaluation.uncertainty_plots import page_figure
from skysieve.models.card import disclosure
from skysieve.recipes.configuration import Configuration
from skysieve.recipes.json_file import write_json
from skysieve.recipes.uncertainty.figures import headlines
from skysieve.samples.findings import Finding

if TYPE_CHECKING:
    from skysieve.recipes.transfer_configuration import TransferConfig
    from skysieve.recipes.transfer_points import TransferPoint

__all__ = ["TransferWritten", "write_transfer"]

#: What each distance is, in words.
DISTANCES = {
    "ks": "scores: Kolmogorov-Smirnov",
    "wasserstein": "scores: Wasserstein",
    "psi": "scores: population stability index",
    "frechet": "embeddings: Fréchet distance",
    "mmd": "embeddings: maximum mean discrepancy",
    "auc": "embeddings: ROC AUC of source against target",
}

CURVE = (
    "Means over the draws, dots are single draws. Bands are 95 % intervals by bootstrap over the groups of "
    "the target survey that judge; the dashed level is the model as it was."
)
SHIFT = (
    "How far source and target lie apart, of the model as it was and of one network a strategy after the "
    "largest number of samples. Chance is the median, and in brackets the 95 % point, where groups change "
    "sides at random; p tells how often chance gives as much. Embeddings are brought to their 16 principal "
    "axes and to one scale, so that networks can be compared. No distance looks at classes, but for the rows "
    "that name one. A small distance does not say that the network is right, nor a large one that it is "
    "wrong."
)


@dataclass(frozen=True)
class TransferWritten:
    """Where results lie.

    Parameters
    ----------
    table : Path
        ``transfer.json``.
    report : Path
        ``transfer.html``, one self-contained page.
    plots : tuple of Path
        The curves as SVG.
    """

    table: Path
    report: Path
    plots: tuple[Path, ...]


def write_transfer(
    folder: Path,
    *,
    model: Mapping[str, str],
    data: Mapping[str, Any],
    config: TransferConfig,
    plans: Mapping[str, Configuration],
    points: Sequence[TransferPoint],
    shift: Mapping[str, Mapping[str, Mapping[str, Shift]]],
    findings: Sequence[Finding],
    label_origin: str,
) -> TransferWritten:
    """Write JSON, page and curves.

    Parameters
    ----------
    folder : Path
        Where.
    model : mapping
        ``name`` and ``identity``.
    data : mapping
        Where samples came from, and how many there are.
    config : TransferConfig
        What was asked for.
    plans : mapping of str to Configuration
        Settings of every strategy.
    points, shift, findings
        As of `skysieve.recipes.transfer.TransferCurve`.
    label_origin : str
        How the target labels came about.
    """
    folder.mkdir(parents=True, exist_ok=True)
    table, report = folder / "transfer.json", folder / "transfer.html"
    write_json(
        table,
        {
            "model": dict(model),
            "data": dict(data),
            "labels": label_origin,
            "asked": asdict(config),
            "settings": {name: as_dict(each) for name, each in plans.items()},
            "points": [_point_json(point) for point in points],
            "shift": {
                name: {
                    part: {what: each.to_json() for what, each in distances.items()}
                    for part, distances in parts.items()
                }
                for name, parts in shift.items()
            },
            "findings": [finding.as_dict() for finding in findings],
            "skysieve": __version__,
        },
    )
    sections, plots = _curve_section(folder, points)
    page = UncertaintyPage(
        title=f"{model['name']} on another survey",
        facts=[
            ("model", model["name"]),
            ("identity", model["identity"][:12]),
            ("judged on", f"{data['test']:,} target samples"),
            ("learned from", f"up to {config.sizes[-1]:,} of {data['pool']:,}, {config.draws} draws"),
        ],
        sections=[sections, *_shift_section(shift, data)],
        disclosure=disclosure(label_origin),
        findings=findings,
    )
    settings = {f"settings of {name}": flatten(as_dict(each)["training"]) for name, each in plans.items()}
    write_page(
        report,
        "transfer_template.html.j2",
        content=page,
        findings=group_findings(findings),
        settings={"asked for": flatten(asdict(config))} | settings,
    )
    return TransferWritten(table, report, plots)


def _point_json(point: TransferPoint) -> dict[str, Any]:
    return {
        "strategy": point.strategy,
        "size": point.size,
        "figures": {name: each.to_json() for name, each in point.figures.items()},
        "change": {name: each.to_json() for name, each in point.change.items()},
        "over_scratch": {name: each.to_json() for name, each in point.over_scratch.items()},
        "draws": {name: list(each) for name, each in point.draws.items()},
        "deviation": {name: point.deviation(name) for name in point.draws},
        "epochs": [list(each) for each in point.epochs],
    }


def _curve_section(folder: Path, points: Sequence[TransferPoint]) -> tuple[PageSection, tuple[Path, ...]]:
    shown = [name for name in headlines(list(points[0].figures)) if name != "fpr"]
    as_it_is, learned = points[0], points[1:]
    strategies = list(dict.fromkeys(point.strategy for point in learned))
    figures, plots = [], []
    for name in shown if strategies else ():
        series: dict[str, dict[int, Interval]] = {}
        draws: dict[str, dict[int, tuple[float, ...]]] = {}
        for strategy in strategies:
            own = [point for point in learned if point.strategy == strategy]
            start = {} if strategy == "scratch" else {0: as_it_is.figures[name]}
            series[strategy] = start | {point.size: point.figures[name] for point in own}
            draws[strategy] = {point.size: point.draws[name] for point in own}
        figure = transfer_plot(series, draws, quantity=_titled(name))
        title = f"{_titled(name)} over the number of target samples"
        path = folder / f"transfer-{name.replace('_', '-')}.svg"
        identifier = f"curve-{name.replace('_', '-')}"
        with replacing(path) as partial:
            partial.write_text(figure_to_svg(figure, name=identifier, description=title), encoding="utf-8")
        plots.append(path)
        figures.append(page_figure(identifier, title, figure, CURVE))
    text = (
        "The target samples that judge are the same for all. Differences are taken on the same resampled "
        "groups: against the model as it was, and against training from random weights on the same draws."
    )
    tables = [_table(name, points) for name in shown]
    return PageSection("What target samples bring", text, tables, figures), tuple(plots)


def _table(name: str, points: Sequence[TransferPoint]) -> PageTable:
    columns = [
        _titled(name), "samples", "value", "range", "by draws", "against as it was",
        "against scratch",
    ]  # fmt: skip
    rows = []
    for point in points:
        spread = point.deviation(name)
        rows.append(
            [
                point.strategy,
                f"{point.size:,}",
                *interval_cells(point.figures[name]),
                f"{spread:.3f}" if spread == spread else "",
                difference_cell(point.change.get(name)),
                difference_cell(point.over_scratch.get(name)),
            ]
        )
    return PageTable(columns, rows)


def _titled(name: str) -> str:
    return name.replace("_", " ").replace("roc auc", "ROC AUC")


def _shift_section(
    shift: Mapping[str, Mapping[str, Mapping[str, Shift]]], data: Mapping[str, Any]
) -> list[PageSection]:
    if not shift:
        return []
    rows = []
    for name, parts in shift.items():
        told = {DISTANCES[what]: each for what, each in {**parts["scores"], **parts["embeddings"]}.items()}
        told |= {f"scores of {each}: Kolmogorov-Smirnov": of for each, of in parts["scores by class"].items()}
        rows += [
            [
                what,
                name,
                f"{each.value:.3f}",
                f"{each.null:.3f} ({each.null_high:.3f})",
                f"{each.p_value:.2g}",
            ]
            for what, each in told.items()
        ]
    # One distance before and after, below each other.
    order = {what: number for number, what in enumerate(dict.fromkeys(row[0] for row in rows))}
    rows.sort(key=lambda row: order[row[0]])
    text = SHIFT
    if data["source_seen_in_training"]:
        text += " Some of the source samples were learned from, which makes the shift look larger."
    table = PageTable(["distance", "network", "value", "chance (95 %)", "p"], rows)
    return [PageSection("The shift between the surveys", text, [table])]
