"""How far several opinions on the same samples disagree: passes with dropout, or members of an ensemble."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray
from scipy import special

from skysieve.atomic_file import replacing
from skysieve.errors import ConfigurationError, SampleSetError
from skysieve.evaluation.intervals import Interval, bootstrap_intervals
from skysieve.evaluation.out_of_distribution import separation_within
from skysieve.evaluation.probability_spread import (
    ProbabilitySpread,
    accuracy_of_surest,
    probability_spread,
)
from skysieve.evaluation.uncertainty_page import PageSection, PageTable, interval_cells
from skysieve.evaluation.uncertainty_plots import line_plot, page_figure
from skysieve.models.card import disclosure
from skysieve.models.model import Model
from skysieve.models.readings import read_arrays
from skysieve.recipes.configuration import LabelConfig
from skysieve.recipes.model_samples import threshold_of
from skysieve.recipes.uncertainty.figures import figure_function
from skysieve.recipes.uncertainty.results import Subject, Written, write_results
from skysieve.recipes.uncertainty.score_model import samples_of_model
from skysieve.recipes.uncertainty.stored_chunks import digest_of, digest_of_samples, stored_chunks
from skysieve.recipes.uncertainty.torch_model import TorchModel
from skysieve.samples.sample_set import SampleSet

__all__ = ["Opinions", "opinions"]

Source = Literal["dropout", "members"]

KEPT = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)


@dataclass(frozen=True)
class Opinions:
    """What was found, and where it lies.

    Parameters
    ----------
    spread : ProbabilitySpread
        Of every sample that was looked at; its ``mean`` after calibration, which makes it the score of the
        model where members are asked, the rest before.
    figures : dict of str to Interval
        Figures of the mean opinion, and ``mistakes by ...``: how often a mistake is less sure than what
        is right, by each measure of uncertainty.
    table : Path
        A row a sample: mean, spread, entropy, mutual information.
    written : Written
        JSON and page.
    """

    spread: ProbabilitySpread
    figures: dict[str, Interval]
    table: Path
    written: Written


def opinions(
    model: Model,
    inputs: Sequence[str | Path],
    folder: str | Path,
    *,
    source: Source = "dropout",
    passes: int = 30,
    split: str = "test",
    labels: LabelConfig | None = None,
    replicates: int = 1000,
    seed: int = 1,
    progress: bool = True,
) -> Opinions:
    """Ask a model several times about the same samples, and see where it disagrees with itself.

    Parameters
    ----------
    model : Model
        With dropout, or several members.
    inputs : sequence of path
        A sample set, or what the model's recipe can make one from.
    folder : path
        Where ``uncertainty-dropout.json`` (or ``-members``), ``.html`` and ``.parquet`` go; an
        interrupted call goes on.
    source : {"dropout", "members"}
        Passes with dropout on, or one pass of each member of an ensemble.
    passes : int
        With dropout.
    split : str
        The split to look at; all labelled samples if empty.
    labels : LabelConfig, optional
        Where labels come from; as in the model's recipe if not given.
    replicates, seed
        Of the bootstrap over groups; the seed is also that of the dropout.
    progress : bool
        Show progress.

    Raises
    ------
    ConfigurationError
        If the network has no dropout, or a single member.
    MissingExtraError
        If PyTorch is not installed.
    SampleSetError
        If the split has no labelled sample.
    """
    torch_model = TorchModel.of(model)
    _check_source(torch_model, source)
    samples = samples_of_model(model, inputs, labels)
    rows = _rows(samples, split)
    place, command = Path(folder), str(source)
    parts = place / f"uncertainty-{command}.parts"
    key = digest_of(model.identity, digest_of_samples(samples), rows, source, passes, seed)

    def compute(first: int, behind: int) -> NDArray[Any]:
        images = read_arrays(model.description.contract, samples, rows[first:behind])
        return _logits(torch_model, images, source, passes, seed, first)

    found = stored_chunks(parts, key, len(rows), compute, what=command, progress=progress)
    spread = _spread(torch_model, np.moveaxis(found, 0, 1))
    judged = _Judged.of(model, samples, rows, spread)
    figures = judged.figures(replicates, seed)
    table = place / f"uncertainty-{command}.parquet"
    _write_table(table, judged, spread, found.shape[1])
    settings = {"source": source, "opinions": found.shape[1], "split": split, "seed": seed}
    written = write_results(
        place,
        command,
        Subject(
            model.description.name,
            model.identity,
            {"inputs": [str(each) for each in inputs], "samples": len(rows)},
            disclosure(samples.description.label_origin),
        ),
        settings=settings | {"replicates": replicates},
        results={
            "figures": {name: interval.to_json() for name, interval in figures.items()},
            "kept": KEPT,
            "accuracy_of_surest": judged.surest(),
            "mean_mutual_information": float(spread.mutual_information.mean()),
            "mean_entropy": float(spread.entropy.mean()),
        },
        sections=[_section(judged, figures, source, found.shape[1])],
        title=f"Opinions of {model.description.name}: {command}",
    )
    shutil.rmtree(parts)
    return Opinions(spread, figures, table, written)


@dataclass(frozen=True, eq=False)
class _Judged:
    """The mean opinion beside the truth."""

    ids: NDArray[Any]
    groups: NDArray[Any]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    threshold: Any
    mean: NDArray[Any]
    right: NDArray[np.bool_]
    measures: dict[str, NDArray[Any]]

    @classmethod
    def of(
        cls, model: Model, samples: SampleSet, rows: NDArray[np.int64], spread: ProbabilitySpread
    ) -> _Judged:
        threshold, labels = threshold_of(model), samples.labels[rows]
        called = spread.mean.argmax(axis=1) if threshold is None else spread.mean >= threshold.value
        measures = {
            "mutual information": spread.mutual_information,
            "entropy": spread.entropy,
            "spread": spread.spread,
        }
        return cls(
            samples.ids[rows],
            samples.groups[rows],
            labels,
            samples.classes,
            threshold,
            spread.mean,
            called == labels,
            measures,
        )

    def figures(self, replicates: int, seed: int) -> dict[str, Interval]:
        """Return the figures of the mean opinion, and how well each measure finds mistakes."""
        figures = bootstrap_intervals(
            figure_function(self.classes, self.threshold),
            self.labels,
            self.mean,
            groups=self.groups,
            replicates=replicates,
            seed=seed,
        )
        right = self.right
        if right.all() or not right.any():
            return figures
        for name, values in self.measures.items():
            figures[f"mistakes by {name}"] = separation_within(
                values, ~right, groups=self.groups, seed=seed, replicates=replicates
            )["auroc"]
        return figures

    def surest(self) -> dict[str, list[float]]:
        """Return the accuracy on the surest samples, by each measure."""
        return {
            name: accuracy_of_surest(self.right, values, KEPT).tolist()
            for name, values in self.measures.items()
        }


def _logits(
    model: TorchModel, images: NDArray[Any], source: Source, passes: int, seed: int, first: int
) -> NDArray[np.float32]:
    """Return logits, (N, T, outputs)."""
    from skysieve.training.execution import derived_seed
    from skysieve.training.mc_dropout import stochastic_logits
    from skysieve.training.predict import predict_logits

    if source == "dropout":
        # Another seed for each chunk, or all chunks would drop alike.
        logits = stochastic_logits(
            model.network, images, passes=passes, seed=derived_seed(seed, first), preprocess=model.preprocess
        )
    else:
        logits = np.stack(
            [predict_logits(each, images, preprocess=model.preprocess) for each in model.network.networks]
        )
    return np.moveaxis(logits, 0, 1)


def _spread(model: TorchModel, logits: NDArray[Any]) -> ProbabilitySpread:
    """Sum up logits (T, N, outputs); the mean is pooled, then calibrated, as the model's scores are."""
    wide = logits.astype(np.float64)
    single = wide.shape[2] == 1
    spread = probability_spread(special.expit(wide[..., 0]) if single else special.softmax(wide, axis=2))
    if single:
        # By logarithms: of a mean close to 1 a probability keeps too few digits.
        pooled = _log_mean(special.log_expit(wide)) - _log_mean(special.log_expit(-wide))
    else:
        pooled = _log_mean(special.log_softmax(wide, axis=2))
    return replace(spread, mean=np.asarray(model.calibrate(pooled)))


def _log_mean(logarithms: NDArray[Any]) -> NDArray[Any]:
    found: NDArray[Any] = special.logsumexp(logarithms, axis=0) - np.log(len(logarithms))
    return found


def _check_source(model: TorchModel, source: Source) -> None:
    """Refuse before samples are read."""
    from skysieve.training.ensemble import Ensemble
    from skysieve.training.mc_dropout import check_dropout

    if source == "dropout":
        check_dropout(model.network)
    elif not isinstance(model.network, Ensemble):
        raise ConfigurationError(
            "the model has a single member, which cannot disagree; train it with network.members=5, or "
            "look at passes with dropout"
        )


def _rows(samples: SampleSet, split: str) -> NDArray[np.int64]:
    labelled = np.flatnonzero(samples.labels >= 0)
    rows = np.intersect1d(labelled, samples.split_rows(split)) if split else labelled
    if not len(rows):
        raise SampleSetError(f"no sample of the split {split!r} has a label; there is nothing to judge by")
    return rows


def _write_table(path: Path, judged: _Judged, spread: ProbabilitySpread, count: int) -> None:
    columns: dict[str, Any] = {
        "id": judged.ids.tolist(),
        "group": judged.groups.tolist(),
        "label": judged.labels.tolist(),
        "opinions": [count] * len(judged.ids),
        "spread": spread.spread,
        "entropy": spread.entropy,
        "mutual_information": spread.mutual_information,
    }
    names = ["mean"] if spread.mean.ndim == 1 else [f"mean_{name}" for name in judged.classes]
    columns |= dict(zip(names, np.atleast_2d(spread.mean.T), strict=True))
    with replacing(path) as partial:
        pq.write_table(pa.table(columns), partial)


def _section(judged: _Judged, figures: dict[str, Interval], source: Source, count: int) -> PageSection:
    rows = [[name, *interval_cells(interval)] for name, interval in figures.items()]
    figure = line_plot(
        KEPT,
        judged.surest(),
        xlabel="share of the samples kept, the surest first",
        ylabel="accuracy of these",
    )
    what = "passes with dropout" if source == "dropout" else "members"
    text = (
        f"{count} {what}. Mutual information is the part of the uncertainty on which they disagree; "
        "entropy is "
        "all of it. `mistakes by ...` is how often a mistake is less sure than what is right: 0.5 is none "
        "the wiser, 1 finds every mistake."
    )
    return PageSection(
        "The mean opinion, and where opinions part",
        text,
        [PageTable(["figure", "value", "range"], rows)],
        [
            page_figure(
                "surest", "Setting the unsure aside", figure, "A measure that knows mistakes rises left."
            )
        ],
    )
