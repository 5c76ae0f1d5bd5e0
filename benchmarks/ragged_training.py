"""Epoch time on sequences of very different lengths: batches of like lengths against padding.

Lengths as of the SNAD set (5 to 1,090 frames, median 426; drawn, not read), 36 features a step, a GRU of 128
units and Adam, batches of 32, on one core. The ways take turns:

- ``padded to the longest of all``: one array, a plain ``nn.GRU`` over all of it, as in most tutorials;
- ``padded to the longest of each batch``: the same, with batches drawn at random;
- ``published buckets``: batches within lengths up to 200, 400, 600, 800 and beyond, as the published
  classifiers of this set were trained;
- ``skysieve, 32 sequences``: what `skysieve.training.fit` runs for an epoch;
- ``skysieve, budget of steps``: the same with batches of at most 32 x 1,090 steps, the memory of the first
  way; an epoch then has fewer updates, so it is shown and not held to the bar.
- with ``--packed``: PyTorch's packed sequences in random batches, which is the usual way to mask. It takes
  minutes.

The plain ways do not mask, so their result depends on the batch. Before anything is timed, the
logits of ours are compared with those of the plain network on each sequence alone, and so are the gradients
of all weights from one batch. What is printed is the ratio of the best rounds in CPU time; the bar is 3
against padding to the longest of all. Padding alone can give no more than the longest length over the mean
one, which is printed beside: what is beyond comes from `skysieve.networks.sequences.packed_gru`, which
computes no padding and adds up the gradient of the recurrent weights once a batch instead of once a step.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence

from skysieve.networks import build_network
from skysieve.progress import progress_bar
from skysieve.training.configuration import TrainingConfig
from skysieve.training.epoch import Trainer
from skysieve.training.examples import Examples
from skysieve.training.execution import Execution
from skysieve.training.optimizers import make_optimizer
from skysieve.training.predict import predict_logits
from skysieve.training.ragged import RaggedSequences

FEATURES, HIDDEN, BATCH, MEDIAN = 36, 128, 32, 426
QUANTILES = (5, 250, MEDIAN, 640, 1090)
BUCKETS = (200, 400, 600, 800)
BAR, BARRED = 3.0, "padded to the longest of all"
PACKED = "packed sequences"


def sequences(n: int, batch_tokens: int | None = None) -> Examples:
    """Return sequences of noise with lengths as of the SNAD set."""
    rng = np.random.default_rng(1)
    lengths = np.interp((np.arange(n) + 0.5) / n, np.linspace(0, 1, 5), QUANTILES).astype(np.int64)
    lengths[[0, -1]] = QUANTILES[0], QUANTILES[-1]
    offsets = np.concatenate([[0], np.cumsum(rng.permutation(lengths))])
    steps = rng.standard_normal((int(offsets[-1]), FEATURES), dtype=np.float32)
    return Examples(RaggedSequences(steps, offsets, batch_tokens), rng.integers(0, 2, n))


class PlainNet(nn.Module):
    """A GRU and an output on its last step, whatever that holds."""

    def __init__(self) -> None:
        super().__init__()
        self.rnn, self.fc_out = nn.GRU(FEATURES, HIDDEN, batch_first=True), nn.Linear(HIDDEN, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits (N, 1)."""
        return self.fc_out(self.rnn(x)[1][-1])

    def packed(self, x: torch.Tensor, lengths: NDArray[np.int64]) -> torch.Tensor:
        """Return logits (N, 1) of sequences that are packed first."""
        counts = torch.from_numpy(lengths)
        return self.fc_out(self.rnn(pack_padded_sequence(x, counts, True, enforce_sorted=False))[1][-1])


def batches(way: str, lengths: NDArray[np.int64], rng: np.random.Generator) -> list[NDArray[np.int64]]:
    """Return the batches of an epoch of a plain way."""
    order = rng.permutation(len(lengths))
    parts = [order]
    if way == "published buckets":
        bucket = np.digitize(lengths[order], BUCKETS)
        parts = [order[bucket == number] for number in range(len(BUCKETS) + 1) if (bucket == number).any()]
    return [batch for part in parts for batch in np.array_split(part, -(-len(part) // BATCH))]


def plain_epoch(way: str, examples: Examples) -> Callable[[], int]:
    """Return what trains one epoch of a plain way, and tells the steps it computed."""
    torch.manual_seed(1)
    network, rng = PlainNet(), np.random.default_rng(2)
    optimizer = torch.optim.Adam(network.parameters(), 1e-4)
    lengths = examples.inputs.lengths

    def epoch() -> int:
        computed = 0
        for batch in batches(way, lengths, rng):
            x = torch.from_numpy(np.nan_to_num(examples.batch(batch)))
            if way == BARRED:
                x = nn.functional.pad(x, (0, 0, 0, int(lengths.max()) - x.shape[1]))
            labels = torch.from_numpy(examples.labels[batch]).float()
            optimizer.zero_grad()
            logits = network.packed(x, lengths[batch]) if way == PACKED else network(x)
            nn.functional.binary_cross_entropy_with_logits(logits[:, 0], labels).backward()
            optimizer.step()
            computed += x.shape[0] * x.shape[1]
        return computed

    return epoch


def our_epoch(examples: Examples) -> Callable[[], int]:
    """Return what trains one epoch as `skysieve.training.fit` does."""
    torch.manual_seed(1)
    network = build_network("recurrent", shape=(FEATURES,), outputs=1, hidden=HIDDEN, times=False)
    config = TrainingConfig(
        batch_size=BATCH, learning_rate=1e-4, device="cpu", precision="float32", threads=1
    )
    execution = Execution.of(config)
    trainer = Trainer(
        network=network,
        optimizer=make_optimizer(list(network.parameters()), config, execution.device),
        examples=examples,
        weights=np.ones(len(examples), np.float32),
        config=config,
        execution=execution,
    )
    turn = iter(range(1, 10_000))
    computed = int(examples.inputs.lengths.sum())

    def epoch() -> int:
        number = next(turn)
        with progress_bar("epoch", trainer.steps, enabled=False) as bar:
            trainer.train_epoch(number, bar)
        return computed

    return epoch


def largest_difference(examples: Examples) -> float:
    """Return how far logits of ours in batches lie from those of the plain network one by one."""
    network = build_network("recurrent", shape=(FEATURES,), outputs=1, hidden=HIDDEN, times=False)
    plain = PlainNet()
    plain.rnn.load_state_dict(network.recurrent.onward[0].state_dict())
    plain.fc_out.load_state_dict(network.fc_out.state_dict())
    few = np.arange(min(20, len(examples)))
    with torch.inference_mode():
        alone = [plain(torch.from_numpy(examples.batch(few[number : number + 1]))) for number in few]
    logits = float(
        np.abs(predict_logits(network, examples.inputs, rows=few) - torch.cat(alone).numpy()).max()
    )
    return max(logits, largest_gradient_difference(network, plain, examples, few))


def largest_gradient_difference(
    network: nn.Module, plain: PlainNet, examples: Examples, few: NDArray[np.int64]
) -> float:
    """Return how far gradients of ours lie from those of single sequences; the largest of each is 1."""
    ours = torch.autograd.grad(
        network(torch.from_numpy(examples.batch(few))).sum(), list(network.parameters())
    )
    one_by_one = sum(plain(torch.from_numpy(examples.batch(few[n : n + 1]))).sum() for n in few)
    theirs = torch.autograd.grad(one_by_one, list(plain.parameters()))
    differences = [(a - b).abs().max() / b.abs().max() for a, b in zip(ours, theirs, strict=True)]
    return float(torch.stack(differences).max())


def main() -> None:
    """Compare, then print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sequences", type=int, default=256)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--packed", action="store_true")
    arguments = parser.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    examples = sequences(arguments.sequences)
    lengths = examples.inputs.lengths
    if not (difference := largest_difference(examples)) < 1e-5:
        raise SystemExit(f"logits or gradients differ by {difference:.1e} from those of each sequence alone")
    print(f"logits and gradients are those of each sequence alone (largest difference {difference:.0e})")
    runs = {"skysieve, 32 sequences": our_epoch(examples)}
    runs["skysieve, budget of steps"] = our_epoch(sequences(arguments.sequences, BATCH * QUANTILES[-1]))
    plain = (BARRED, "padded to the longest of each batch", "published buckets")
    for way in (*plain, PACKED) if arguments.packed else plain:
        runs[way] = plain_epoch(way, examples)
    best, computed = dict.fromkeys(runs, float("inf")), dict.fromkeys(runs, 0)
    for _ in range(arguments.rounds):
        for name, run in runs.items():
            began = time.process_time()
            computed[name] = run()
            best[name] = min(best[name], time.process_time() - began)
    ours = next(iter(best.values()))
    print(
        f"{len(lengths):,} sequences of {lengths.min()} to {lengths.max():,} steps, median "
        f"{np.median(lengths):.0f}; longest over mean x{lengths.max() / lengths.mean():.2f}; one core, "
        f"best of {arguments.rounds} rounds"
    )
    for name, seconds in best.items():
        bar = f"  bar x{BAR:.0f}" if name == BARRED else ""
        told = f"{seconds:7.2f} s{computed[name]:10,} steps"
        print(f"  {name:36s}{told}   ours is x{seconds / ours:5.2f}{bar}")


if __name__ == "__main__":
    main()
