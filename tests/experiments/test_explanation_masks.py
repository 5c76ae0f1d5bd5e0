"""The experiment on explanations: masks that lie on their subjects, and figures that tell maps apart."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from skysieve.preprocess import Pipeline
from skysieve.samples import Description, SampleSet

torch.set_num_threads(1)


@pytest.fixture
def explanation_sets(import_experiment: Callable[[str], ModuleType]) -> ModuleType:
    return import_experiment("explanation_sets")


@pytest.fixture
def explanation_masks(import_experiment: Callable[[str], ModuleType]) -> ModuleType:
    return import_experiment("explanation_masks")


def trail(x1: float, y1: float, x2: float, y2: float) -> SampleSet:
    columns = {"x1": x1, "y1": y1, "x2": x2, "y2": y2, "seeing": 2.0}
    return SampleSet.from_columns(
        {"id": [0], "group": [0], **{name: [value] for name, value in columns.items()}}, Description()
    )


def test_the_mask_of_a_trail_is_what_lies_near_it(explanation_sets: ModuleType) -> None:
    (mask,) = explanation_sets.trail_masks(trail(4.0, 10.0, 14.0, 10.0), 20, simulated_side=20, scale=1.0)
    assert mask[8:13, 4:15].all()
    assert np.flatnonzero(mask[10]).tolist() == list(range(2, 17))
    assert np.flatnonzero(mask.any(axis=1)).tolist() == list(range(8, 13))


def test_the_mask_of_a_trail_follows_the_pixels_of_a_smaller_cutout(explanation_sets: ModuleType) -> None:
    (mask,) = explanation_sets.trail_masks(trail(30.0, 5.0, 30.0, 35.0), 20, simulated_side=40, scale=1.0)
    rows, columns = np.nonzero(mask)
    # The middle of pixel 30 of 40 is that of 14.75 of 20, row 5 to 35 become 2.25 to 17.25.
    assert columns.mean() == pytest.approx(14.75, abs=0.3)
    assert (rows.min(), rows.max()) == (2, 18)


def test_streaks_are_black_in_their_masks(explanation_sets: ModuleType, tmp_path: Path) -> None:
    found = explanation_sets.streaks(tmp_path / "streaks.parquet", 6, 3)
    assert found.images.shape[-2:] == found.masks.shape[-2:]
    for image, mask in zip(found.images[:, 0].astype(float), found.masks, strict=True):
        assert image[mask].mean() < image[~mask].mean() - 20


def test_masks_move_with_their_galaxies_off_the_middle(explanation_sets: ModuleType, tmp_path: Path) -> None:
    found = explanation_sets.lsbgs(tmp_path / "lsbg.parquet", 24, 3).with_masks_to_judge()
    light = found.images.astype(float).sum(axis=1)
    contrast = [image[mask].mean() - np.median(image) for image, mask in zip(light, found.masks, strict=True)]
    # The same masks on other pictures: what the contrast is by chance.
    others = [
        image[mask].mean() - np.median(image)
        for image, mask in zip(np.roll(light, 1, axis=0), found.masks, strict=True)
    ]
    assert np.median(contrast) > 2 * np.median(others)
    middle = np.array([np.mean(np.nonzero(mask), axis=1) for mask in found.masks]) - 31.5
    assert np.abs(middle).max() > 5
    assert (found.coverage <= explanation_sets.MOST_COVERED).all()


class _Bright(nn.Module):
    """Has learned that the class is what is bright."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, 3, padding=1)
        nn.init.zeros_(self.conv.weight)
        nn.init.constant_(self.conv.bias, -0.5)
        self.conv.weight.data[0, 0, 1, 1] = 2.0
        self.output = nn.Linear(8, 1)
        nn.init.zeros_(self.output.weight)
        nn.init.zeros_(self.output.bias)
        self.output.weight.data[0, 0] = 3.0

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        logits: torch.Tensor = self.output(torch.relu(self.conv(x)).mean((2, 3)))
        return logits


def test_a_network_that_knows_the_subject_is_told_from_a_shuffled_one(
    explanation_masks: ModuleType, explanation_sets: ModuleType, tmp_path: Path
) -> None:
    masks = np.zeros((20, 16, 16), dtype=bool)
    for row, (y, x) in enumerate(np.random.default_rng(2).integers(1, 11, size=(20, 2))):
        masks[row, y : y + 4, x : x + 4] = True
    judged = explanation_sets.Masked(
        masks[:, None].astype(np.float32),
        masks,
        np.ones(20, dtype=np.int64),
        np.full(20, "blob"),
        ("nothing", "blob"),
        ("difference",),
    )
    size = explanation_masks.Size(compared=8, randomised=3)
    methods, rows = explanation_masks.explained(
        _Bright().eval(), "conv", Pipeline(()), judged, size, ("blob", "blob")
    )
    assert [row.sample for row in rows] == [0, 1]
    cam = methods["grad-cam"]
    assert cam["mask"]["iou_top"]["value"] == pytest.approx(1.0)
    assert cam["gap"]["iou_top"]["low"] > 0
    assert cam["above_contrast"]["iou_top"]["value"] == pytest.approx(0.0)
    assert len(cam["each_randomised"]) == 3
    assert cam["samples_compared"] == 8
    assert cam["nothing"]["trained"] == 0.0
    explanation_masks.write_picture(tmp_path / "shown.jpg", rows, judged.channels)
    with Image.open(tmp_path / "shown.jpg") as picture:
        assert picture.width > picture.height > 2 * 100


def test_the_middle_and_the_contrast_need_no_network(
    explanation_masks: ModuleType, explanation_sets: ModuleType
) -> None:
    masks = np.zeros((4, 16, 16), dtype=bool)
    masks[:, :4, :4] = True
    judged = explanation_sets.Masked(
        masks[:, None].astype(np.float32), masks, np.zeros(4, np.int64), np.full(4, "x"), ("a", "b"), ("x",)
    )
    told = explanation_masks.without_a_network(judged)
    assert told["contrast"]["iou_top"]["value"] == pytest.approx(1.0)
    assert told["middle"]["pointing"]["value"] == 0.0
