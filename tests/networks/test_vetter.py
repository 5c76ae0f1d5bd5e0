"""Raw samples in, probabilities out."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from skysieve.networks.vetter import Vetter


class Mean(nn.Module):
    """Logits that are the mean of each channel."""

    def forward(self, x: Tensor) -> Tensor:
        return x.mean((2, 3))


def test_one_output_gives_a_vector() -> None:
    samples = torch.tensor([0.0, 2.0])[:, None, None, None].expand(2, 1, 4, 4)
    torch.testing.assert_close(Vetter(Mean())(samples), torch.sigmoid(torch.tensor([0.0, 2.0])))


def test_several_outputs_give_rows_that_sum_to_one() -> None:
    probabilities = Vetter(Mean())(torch.randn(5, 3, 4, 4))
    assert probabilities.shape == (5, 3)
    torch.testing.assert_close(probabilities.sum(1), torch.ones(5))


def test_preprocess_comes_first_and_calibrate_last() -> None:
    vetter = Vetter(Mean(), preprocess=torch.nan_to_num, calibrate=lambda logits: logits * 10)
    samples = torch.full((1, 1, 2, 2), float("nan"))
    samples[0, 0, 0, 0] = 4.0
    assert vetter(samples).tolist() == [10.0]


def test_nan_without_preprocessing_stays_nan() -> None:
    assert Vetter(Mean())(torch.full((1, 1, 2, 2), float("nan"))).isnan().all()


@pytest.mark.parametrize("outputs", [1, 3])
def test_gradient_reaches_the_raw_pixels(outputs: int) -> None:
    samples = torch.randn(1, outputs, 4, 4, requires_grad=True)
    Vetter(Mean(), preprocess=lambda x: x / 2)(samples).reshape(-1)[0].backward()
    assert samples.grad is not None
    assert samples.grad.abs().sum() > 0
