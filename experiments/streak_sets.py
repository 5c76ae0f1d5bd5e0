"""The simulated sets of streak cutouts that the shipped sieve learns from and is judged on.

The training set mixes what a night brings with hard cases: kinds that look like an asteroid unless one
looks closely. Hard cases are for learning alone; validation and test split hold the mix.

The two test sets have seeds of their own; the second also another seeing and another sky than those that
training samples were drawn for. Both hold exactly 5,000 plausible and 20,000 other cutouts. Sets of other
seeds judged earlier sieves, and what those did badly decided what this one was trained on; these two have
judged nothing else. Whoever changes the training after looking at them draws new seeds.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from skysieve.samples import SampleSet
from skysieve.samples.parquet import SampleWriter
from skysieve.sources.simulators.camera import Camera
from skysieve.sources.simulators.streaks.samples import write_streak_samples

__all__ = ["HARD_KINDS", "OTHERS", "OTHER_CONDITIONS", "REALS", "test_set", "training_set"]

#: Kinds that a careless classifier takes for an asteroid, drawn again beside the common mix.
HARD_KINDS = (
    "asteroid",
    "composite",
    "satellite-flashes",
    "cosmic-ray",
    "ghost",
    "bad-column",
    "spike",
    "yin-yang",
)
MIXED, HARD = 72_000, 70_000
#: Of the mixed ones, the last: those that thresholds and calibration are chosen on, and a test split.
VALIDATION, TEST = 22_000, 3_000
SEEDS = {"mixed": 20190201, "hard": 20190202, "same conditions": 20261121, "other conditions": 20261122}

REALS, OTHERS = 5_000, 20_000

#: A poor site in a bright night: median seeing 1.9 instead of 1.45 arcsec, three times the sky.
OTHER_CONDITIONS = replace(
    Camera(),
    seeing=1.9,
    template_seeing=2.2,
    bands=tuple(replace(band, sky=3.0 * band.sky) for band in Camera().bands),
)


def training_set(folder: Path, workers: int) -> Path:
    """Return the set to learn from, simulated unless it is there."""
    path = folder / "training.parquet"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        parts = []
        for name, n, kinds in (("mixed", MIXED, None), ("hard", HARD, HARD_KINDS)):
            part = folder / f"{name}.parquet"
            write_streak_samples(
                part, n=n, seed=SEEDS[name], real_fraction=0.45, kinds=kinds, workers=workers, progress=True
            )
            parts.append(part)
        _join(parts, path)
        for part in parts:
            part.unlink()
    return path


def test_set(folder: Path, name: str, workers: int) -> SampleSet:
    """Return a set to judge on, ``same conditions`` or ``other conditions``, simulated unless it is there."""
    path = folder / f"{name.replace(' ', '-')}.parquet"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        write_streak_samples(
            path,
            n=int(1.08 * (REALS + OTHERS)),
            seed=SEEDS[name],
            camera=OTHER_CONDITIONS if name == "other conditions" else None,
            real_fraction=REALS / (REALS + OTHERS),
            workers=workers,
            progress=True,
        )
    samples = SampleSet.open(path)
    plausible = samples.scalar("os") == 1
    rows = np.sort(np.concatenate([np.flatnonzero(plausible)[:REALS], np.flatnonzero(~plausible)[:OTHERS]]))
    assert len(rows) == REALS + OTHERS
    return samples.select(rows)


def _join(parts: list[Path], path: Path) -> None:
    """Write sets one behind the other; ids and groups go on counting."""
    sets = [SampleSet.open(part) for part in parts]
    partial, first = path.with_suffix(".part"), 0
    split = np.repeat(
        ["train", "validation", "test", "train"], [MIXED - VALIDATION - TEST, VALIDATION, TEST, HARD]
    )
    method = "hard cases are for training, the last of the mixed ones for validation and test"
    description = replace(
        sets[0].description,
        splits={"split": {"kind": "split", "method": method}},
        origin={"simulator": "streaks", "parts": [dict(each.description.origin) for each in sets]},
    )
    with SampleWriter(partial, description) as writer:
        for samples in sets:
            for batch in samples.batches(1024):
                number = np.arange(first, first + len(batch))
                columns = {name: batch.scalar(name) for name in batch.column_names if name != "cutouts"}
                columns |= {"id": number, "group": number, "split": split[number]}
                writer.write(columns | {"cutouts": batch.tensor("cutouts")})
                first += len(batch)
    partial.rename(path)
