"""Recurrent classifiers of embeddings: padding that counts as published, or does not count at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pad_sequence

from skysieve.errors import ConfigurationError, ModelError
from skysieve.networks.snad_rnn import (
    SnadRnn,
    import_snad_rnn,
    published_batches,
    sequence_logits,
    tversky_loss,
)

torch.set_num_threads(1)
KINDS = [("gru", False), ("gru", True), ("lstm", False), ("lstm", True)]


def sequences(*lengths: int) -> list[torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return [torch.randn(length, 36, generator=generator) for length in lengths]


def made(cell: str, bidirectional: bool, padding: str) -> SnadRnn:
    torch.manual_seed(0)
    return SnadRnn(cell=cell, hidden=8, bidirectional=bidirectional, padding=padding).eval()  # type: ignore[arg-type]


@pytest.mark.parametrize(("cell", "bidirectional"), KINDS)
def test_masked_logits_do_not_depend_on_the_batch(cell: str, bidirectional: bool) -> None:
    network, each = made(cell, bidirectional, "masked"), sequences(3, 11, 7)
    batch = pad_sequence(each, batch_first=True, padding_value=9.0)
    together = network(batch, torch.tensor([3, 11, 7]))
    alone = torch.cat([network(one[None], torch.tensor([len(one)])) for one in each])
    torch.testing.assert_close(together, alone)


@pytest.mark.parametrize(("cell", "bidirectional"), KINDS)
def test_published_padding_counts_as_frames_of_zeros(cell: str, bidirectional: bool) -> None:
    network, (short, long) = made(cell, bidirectional, "published"), sequences(3, 11)
    batch, lengths = pad_sequence([short, long], batch_first=True), torch.tensor([3, 11])
    filled = torch.cat([short, torch.zeros(8, 36)])[None]
    found = network(batch, lengths)
    torch.testing.assert_close(found[:1], network(filled, torch.tensor([11])))
    assert not torch.allclose(found[:1], network(short[None], torch.tensor([3])), atol=1e-3)
    # Both paddings agree where there is none.
    masked = made(cell, bidirectional, "masked")(batch, lengths)
    torch.testing.assert_close(found[1], masked[1])


@pytest.mark.parametrize("padding", ["masked", "published"])
def test_lengths_are_read_off_padding_of_nan(padding: str) -> None:
    network, each = made("gru", True, padding), sequences(3, 11)
    marked = pad_sequence(each, batch_first=True, padding_value=float("nan"))
    told = network(pad_sequence(each, batch_first=True), torch.tensor([3, 11]))
    assert torch.equal(network(marked), told)


def test_published_sizes() -> None:
    parts = {"rnn_layer": 0, "clf": 0}
    for name, tensor in SnadRnn(bidirectional=True).state_dict().items():
        parts[name.partition(".")[0]] += tensor.numel()
    assert parts == {"rnn_layer": 127_488, "clf": 514}
    gru, lstm = (SnadRnn(cell=cell).rnn_layer.parameters() for cell in ("gru", "lstm"))
    assert sum(p.numel() for p in gru) == 63_744
    assert sum(p.numel() for p in lstm) == 84_992


@pytest.mark.parametrize(("cell", "bidirectional"), KINDS)
def test_the_kind_of_network_is_read_off_its_weights(cell: str, bidirectional: bool, tmp_path: Path) -> None:
    network = made(cell, bidirectional, "masked")
    torch.save(network.state_dict(), tmp_path / "model0.zip")
    found = import_snad_rnn(tmp_path / "model0.zip", padding="masked")
    x, lengths = torch.randn(2, 5, 36), torch.tensor([5, 4])
    assert torch.equal(found(x, lengths), network(x, lengths))


def test_weights_of_something_else_are_refused(tmp_path: Path) -> None:
    torch.save({"fc.weight": torch.zeros(1)}, tmp_path / "model.zip")
    with pytest.raises(ModelError, match=r"no recurrent layer 'rnn_layer'.*found fc\.weight"):
        import_snad_rnn(tmp_path / "model.zip")


@pytest.mark.parametrize("arguments", [{"cell": "rnn"}, {"padding": "zeros"}])
def test_unknown_choices_are_refused(arguments: dict[str, str]) -> None:
    with pytest.raises(ConfigurationError, match="known are gru and lstm, masked and published"):
        SnadRnn(**arguments)  # type: ignore[arg-type]


def test_batches_keep_the_order_within_buckets() -> None:
    lengths = np.random.default_rng(0).integers(1, 1000, 300)
    batches = list(published_batches(lengths))
    np.testing.assert_array_equal(np.sort(np.concatenate(batches)), np.arange(300))
    bounds = np.array([200, 400, 600, 800])
    for batch in batches:
        assert len(batch) <= 32
        assert (np.diff(batch) > 0).all()
        assert len(set((lengths[batch, None] >= bounds).sum(1).tolist())) == 1
    assert [batch.tolist() for batch in published_batches([200, 199])] == [[1], [0]]


def test_logits_stand_in_the_order_of_the_sequences() -> None:
    network, each = made("gru", True, "masked"), sequences(250, 3, 220, 5)
    found = sequence_logits(network, [one.numpy() for one in each])
    alone = [network(one[None], torch.tensor([len(one)]))[0].detach().numpy() for one in each]
    np.testing.assert_allclose(found, alone, atol=1e-5)
    assert sequence_logits(network, []).size == 0


def test_the_tversky_index_of_half_probabilities() -> None:
    # Two of each class at probability a half: 1 true, 1 false positive, 1 false negative in sum.
    loss = tversky_loss(torch.zeros(2, 2), torch.tensor([0, 1]))
    assert loss.item() == pytest.approx(1 - 2 / (1 + 0.3 + 0.7 + 1))


@pytest.mark.realdata
def test_published_weights_give_a_published_area(real_data: Path, import_experiment: object) -> None:
    module = import_experiment("snad_published")  # type: ignore[operator]
    data = module.read_snad(real_data)
    found = module.judge(data, real_data / "snad" / "published_weights" / "rnn_baseline", 4, "published")
    # Half precision of the stored embeddings moves a pair or two of 50,000.
    assert found["roc_auc"] == pytest.approx(0.8640, abs=2e-4)
