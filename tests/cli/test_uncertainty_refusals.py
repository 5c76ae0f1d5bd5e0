"""What ``skysieve uncertainty`` refuses before it trains or scores anything."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from skysieve.cli.application import application
from skysieve.errors import SkysieveError
from skysieve.sources.simulators.samples import write_triplet_samples

REFUSED = {
    "splits deepstreaks samples.parquet -o x/": r"deepstreaks is a sieve of several models",
    "splits braai samples.parquet -o x/ --seeds 1": r"3 splits and 1 seeds; a spread needs 2 or more",
    "splits braai none.parquet -o x/": r"none\.parquet: does not exist",
    "label-noise braai samples.parquet -o x/ --fraction 1.5": r"a fraction is 1\.5; expected a fraction",
    "label-noise braai samples.parquet -o x/ --from bogos --to real": r"did you mean 'bogus'",
    "label-noise braai samples.parquet -o x/ --to real": r"name both classes",
    "conformal braai-weak samples.parquet -o x/ --set training.epochs=1": r"only labels\.\* can be set",
    "bootstrap samples.parquet -o x/": r"holds no scores of samples",
    "bootstrap . -o x/ --refits 2": r"is no run folder with scores\.parquet",
    "bootstrap braai-weak samples.parquet -o x/ --refits 2 --split ''": r"judged on the test split, found",
    "dropout none samples.parquet -o x/": r"none: is neither a model folder nor",
    "members braai-weak samples.parquet -o x/": r"a single member, which cannot disagree",
    "ood braai-weak samples.parquet --against none.parquet -o x/": r"none\.parquet: does not exist",
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("refusals")
    write_triplet_samples(folder / "samples.parquet", n=8, seed=1)
    return folder


@pytest.mark.parametrize("words", REFUSED)
def test_refused(words: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(place)
    result = CliRunner().invoke(application, ["uncertainty", *shlex.split(words)])
    assert isinstance(result.exception, SkysieveError), result.output
    with pytest.raises(type(result.exception), match=REFUSED[words]):
        raise result.exception
    assert not (place / "x").exists()
