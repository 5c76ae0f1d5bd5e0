"""What ``skysieve dmdt`` says where it cannot go on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from skysieve.samples.light_curves import LightCurves

Call = Callable[[list[str]], tuple[str, str]]


@pytest.fixture
def curves(tmp_path: Path) -> str:
    made = LightCurves.from_lists([[1.0, 2.0, 4.0], [3.0]], [[15.0, 15.5, 15.2], [16.0]], ids=["a", "b"])
    return str(made.samples().write(tmp_path / "curves.parquet"))


def test_curves_without_pairs_are_told(curves: str, tmp_path: Path, call: Call) -> None:
    said, _ = call(["dmdt", curves, "-o", str(tmp_path / "dmdt.parquet"), "--set", "smear=true"])
    assert "2 images of 22 x 24 pixels (dm x dt), channels: 1" in said
    assert "no-pairs  b: has too few points (1) for a pair" in said


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (["--set", "normalization=l2"], "did you mean 'normalisation'?"),
        (["--set", "normalisation=L2"], "'normalisation' is one of 'published'"),
        (["--set", "bins=equalised"], "skysieve samples split"),
        (["--picture", "means.gif"], "ends in .pdf, .png, .svg"),
    ],
)
def test_settings_that_cannot_be(
    curves: str, tmp_path: Path, call: Call, settings: list[str], said: str
) -> None:
    assert said in call(["dmdt", curves, "-o", str(tmp_path / "dmdt.parquet"), *settings])[1]


def test_curves_are_never_replaced_by_their_images(curves: str, call: Call) -> None:
    before = Path(curves).read_bytes()
    assert "would replace the curves" in call(["dmdt", curves, "-o", curves])[1]
    assert Path(curves).read_bytes() == before
