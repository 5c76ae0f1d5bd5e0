"""Statistics of steps: those that are given are the true ones, and running moments are those of all rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from skysieve.errors import ConfigurationError
from skysieve.networks import build_network
from skysieve.networks.onnx_export import export_onnx
from skysieve.networks.sequences.frame_statistics import FrameStatisticsNet, RunningStandard
from skysieve.networks.sequences.sequence_network import lengths_of
from skysieve.networks.vetter import Vetter

torch.set_num_threads(1)


def padded(lengths: list[int], features: int, seed: int = 0) -> torch.Tensor:
    x = torch.randn(len(lengths), max(lengths), features, generator=torch.Generator().manual_seed(seed))
    for row, length in zip(x, lengths, strict=True):
        row[length:] = torch.nan
    return x


def test_running_moments_are_those_of_all_valid_rows_in_batches_of_any_size() -> None:
    standard = RunningStandard(3)
    x = 5 + 3 * padded([9, 4, 1, 7, 6], 3)
    valid = ~x[..., 0].isnan()
    for first, last in ((0, 1), (1, 4), (4, 5)):
        standard(x[first:last].nan_to_num(1e9), valid[first:last])
    rows = x[valid]
    torch.testing.assert_close(standard.mean, rows.mean(0))
    torch.testing.assert_close(standard.variance, rows.var(0, correction=0))
    assert standard.rows == 27
    torch.testing.assert_close(
        standard.eval()(rows), (rows - rows.mean(0)) / rows.std(0, correction=0), rtol=1e-4, atol=1e-5
    )
    assert standard.rows == 27


def test_given_statistics_are_those_of_numpy() -> None:
    network = FrameStatisticsNet((2,), hidden=3, width=2, heads=1, dense=3).eval()
    seen: list[torch.Tensor] = []
    network.statistic_standard.register_forward_pre_hook(lambda _, given: seen.append(given[0]))
    x = padded([8, 1], 2)
    network(x)
    for row, length, found in zip(x.numpy(), (8, 1), seen[0], strict=True):
        values = np.sign(row[:length]) * np.log1p(np.abs(row[:length]))
        step = np.abs(np.diff(values, axis=0)).mean(0) if length > 1 else np.zeros(2)
        deviation = np.sqrt(values.var(0) + 1e-4)
        expected = [values.mean(0), np.log(deviation), np.log(step + 0.01), values.max(0), values.min(0)]
        np.testing.assert_allclose(found.numpy(), np.concatenate(expected), rtol=1e-4, atol=1e-5)


def test_standard_of_training_does_not_depend_on_how_it_is_cut_into_batches() -> None:
    networks = [FrameStatisticsNet((4,), hidden=3, width=2, heads=1, dense=3).train() for _ in range(2)]
    x = padded([5, 3, 9, 1], 4)
    networks[0](x)
    for row in x:
        networks[1](row[None])
    torch.testing.assert_close(networks[0].standard.mean, networks[1].standard.mean)
    torch.testing.assert_close(networks[0].standard.variance, networks[1].standard.variance)


def test_learns_what_no_single_frame_tells() -> None:
    """Classes differ in how often a frame is followed by one of the other sign, and in nothing else."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(128, 30, 3, generator=generator)
    labels = torch.arange(128) % 2
    x[labels == 1] = x[labels == 1].sort(dim=1).values
    network = FrameStatisticsNet((3,), hidden=8, width=8, heads=2, dense=8, dropout=0.0)
    optimizer = torch.optim.Adam(network.parameters(), 0.02)
    for _ in range(30):
        optimizer.zero_grad()
        loss = torch.nn.functional.binary_cross_entropy_with_logits(
            network(x[:64])[:, 0], labels[:64].float()
        )
        loss.backward()
        optimizer.step()
    with torch.inference_mode():
        called = network.eval()(x[64:])[:, 0] > 0
    assert (called == labels[64:].bool()).float().mean() > 0.95


def test_exported_graph_takes_sequences_of_any_number_of_steps(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = build_network("frame-statistics", shape=(36,), outputs=1)
    network.train()(padded([30, 9, 12], 36, seed=1))
    vetter = Vetter(network.eval()).eval()
    assert export_onnx(vetter, tmp_path / "model.onnx", (None, 36), input_name="steps") < 1e-5
    session = onnxruntime.InferenceSession(tmp_path / "model.onnx")
    for lengths in ([1], [3, 77, 12, 1]):
        x = padded(lengths, 36)
        (found,) = session.run(None, {"steps": x.numpy()})
        with torch.inference_mode():
            np.testing.assert_allclose(found, vetter(x).numpy(), atol=1e-5)
        assert lengths_of(x).tolist() == lengths


def test_sizes_that_cannot_be() -> None:
    with pytest.raises(ConfigurationError, match="0 heads"):
        FrameStatisticsNet((36,), heads=0)
