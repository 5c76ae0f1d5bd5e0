"""Milliseconds a training step of VGG6 (braai), skysieve against Keras on TensorFlow, in one run.

The same network (312,081 parameters), batches of 64 triplets of 3 x 63 x 63 pixels, Adam at 3e-4,
binary cross-entropy, dropout. Every contestant lives in a process of its own, on the same cores with
the same number of threads; the parent gives them turns of some steps, several rounds, so that
whatever else the machine does falls on all of them. Start-up, compilation and the first turn are
not counted, nor are validation and checkpoints, which none of them does here.

- ``skysieve``: what `skysieve.training.fit` runs for an epoch, as the recipe braai has it: batches are
  gathered from raw images, turned and flipped, filled where NaN and normalised; deterministic
  algorithms; precision ``auto`` (bfloat16 where the processor has it).
- ``Keras``: ``model.fit`` on images that were normalised beforehand, channels last as it likes them;
  no augmentation, no preprocessing: both are left out in its favour.

So that the ratio can be taken apart, both also run in the other precision: skysieve in float32,
Keras under its policy ``mixed_bfloat16``.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

BATCH, SHAPE, PARAMETERS = 64, (3, 63, 63), 312_081
CONTESTANTS = ("skysieve auto", "skysieve float32", "Keras float32", "Keras mixed_bfloat16")
REFERENCE = "Keras float32"
SECONDS = 45
"""No further round of a table begins after that, however slow a busy machine makes them."""
LOADED = 0.5
"""Load a core above which times say more about the neighbours."""
FLAGS = r"\b(?:avx2|avx512f|avx512_bf16|amx_bf16)\b"


def samples(steps: int) -> tuple[np.ndarray, np.ndarray]:
    """Return random triplets, some of them with pixels that were never measured, and labels."""
    generator = np.random.default_rng(1)
    images = generator.standard_normal((steps * BATCH, *SHAPE), dtype=np.float32)
    images[::10, :, :, -8:] = np.nan
    return images, generator.integers(0, 2, len(images))


# -- in the process of a contestant ------------------------------------------------------------


def serve_skysieve(precision: str, threads: int, steps: int) -> None:
    """Train one epoch of ``steps`` steps whenever the parent asks."""
    from dataclasses import replace

    import torch

    from skysieve.networks import build_network
    from skysieve.preprocess import Pipeline
    from skysieve.progress import progress_bar
    from skysieve.recipes.braai import BRAAI
    from skysieve.training.epoch import Trainer
    from skysieve.training.examples import Examples
    from skysieve.training.execution import Execution, reproducible
    from skysieve.training.fit import _optimizer as make_optimizer

    settings = BRAAI.configuration
    config = replace(settings.training, precision=precision, threads=threads, device="cpu")
    execution = Execution.of(config)
    images, labels = samples(steps)
    torch.manual_seed(1)
    with reproducible(execution.device, threads=threads), progress_bar("", enabled=False) as bar:
        network = execution.place(build_network("vgg6", shape=SHAPE, outputs=1))
        trainer = Trainer(
            network=network,
            optimizer=make_optimizer(network, config, execution),
            examples=Examples(images, labels),
            weights=np.ones(len(labels), dtype=np.float32),
            config=config,
            execution=execution,
            preprocess=Pipeline.of(*settings.preprocess),
        )
        ready(execution.precision, sum(parameter.numel() for parameter in network.parameters()))
        for epoch, _ in enumerate(sys.stdin, start=1):
            began = time.perf_counter()
            trainer.train_epoch(epoch, bar)
            tell_time(began, steps)


def serve_keras(policy: str, threads: int, steps: int) -> None:
    """Run one epoch of a never-ending ``model.fit`` whenever the parent asks."""
    import keras
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    keras.utils.set_random_seed(1)
    keras.mixed_precision.set_global_policy(policy)
    model = keras_vgg6(keras)
    images, labels = samples(steps)
    images = np.nan_to_num(np.moveaxis(images, 1, -1))
    images /= np.sqrt((images**2).sum(axis=(1, 2), keepdims=True))
    ready(model.layers[0].compute_dtype, model.count_params())

    began = 0.0

    def begin(*_: Any) -> None:
        nonlocal began
        if not sys.stdin.readline():
            sys.exit()
        began = time.perf_counter()

    turns = keras.callbacks.LambdaCallback(begin, lambda *_: tell_time(began, steps))
    model.fit(images, labels, batch_size=BATCH, epochs=10**6, verbose=0, callbacks=[turns])


def keras_vgg6(keras: Any) -> Any:
    """Return braai's network as its authors wrote it, compiled."""
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((*SHAPE[1:], SHAPE[0])),
            layers.Conv2D(16, 3, activation="relu"),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(4),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(1, activation="sigmoid", dtype="float32"),
        ]
    )
    model.compile(keras.optimizers.Adam(3e-4), "binary_crossentropy", metrics=["accuracy"])
    return model


def ready(precision: str, parameters: int) -> None:
    """Tell the parent that turns can begin."""
    assert parameters == PARAMETERS, f"the network has {parameters} parameters"
    print(json.dumps({"precision": precision}), flush=True)


def tell_time(began: float, steps: int) -> None:
    """Tell the parent the milliseconds a step since a turn began."""
    print(json.dumps({"ms": (time.perf_counter() - began) / steps * 1e3}), flush=True)


# -- in the parent -----------------------------------------------------------------------------


class Contestant:
    """A framework in a process of its own, which computes only when it has the turn."""

    def __init__(self, name: str, threads: int, steps: int) -> None:
        self.name = name
        self.errors = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed with the process
        command = [sys.executable, __file__, "--serve", name, "--threads", str(threads)]
        self.process = subprocess.Popen(
            [*command, "--steps", str(steps)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env={**os.environ, "KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "2"},
        )
        self.precision = self.answer()["precision"]

    def turn(self) -> float:
        """Let it train; return the milliseconds a step."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()
        return float(self.answer()["ms"])

    def answer(self) -> dict[str, Any]:
        """Wait for what the process says next."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.startswith("{"):
                return dict(json.loads(line))
        self.errors.seek(0)
        sys.exit(f"training step: the process of {self.name} ended:\n{self.errors.read()[-3000:]}")

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()
        self.errors.close()


def compare(threads: int, steps: int, rounds: int) -> None:
    """Run all contestants on some cores, turn by turn, and print their table."""
    with ExitStack() as stack:
        contestants = []
        for name in CONTESTANTS:
            contestants.append(Contestant(name, threads, steps))
            stack.callback(contestants[-1].close)
        for contestant in contestants:
            contestant.turn()
        times: dict[str, list[float]] = {name: [] for name in CONTESTANTS}
        began = time.monotonic()
        while len(times[REFERENCE]) < rounds and time.monotonic() - began < SECONDS:
            for contestant in contestants:
                times[contestant.name].append(contestant.turn())
    print_table(threads, times, {contestant.name: contestant.precision for contestant in contestants})


def print_table(threads: int, times: dict[str, list[float]], precisions: dict[str, str]) -> None:
    """Print the times of all contestants and their ratios to the reference."""
    print(
        f"{threads} thread{'s' if threads > 1 else ''}: ms a step   best  ratio   median  ratio   computes in"
    )
    print(f"  (best and median of {len(times[REFERENCE])} turns)")
    best, median = min(times[REFERENCE]), statistics.median(times[REFERENCE])
    for name, turns in times.items():
        low, middle = min(turns), statistics.median(turns)
        print(
            f"  {name:22s} {low:8.1f}  x{best / low:4.2f} {middle:8.1f}  x{median / middle:4.2f}   "
            f"{precisions[name]}"
        )


def processor() -> str:
    """Return the processor and those of its instructions that decide the precision."""
    text = Path("/proc/cpuinfo").read_text(encoding="utf-8") if Path("/proc/cpuinfo").exists() else ""
    name = re.search(r"model name\s*: (.*)", text)
    flags = ", ".join(sorted(set(re.findall(FLAGS, text)))) or "no flags known"
    return f"{name.group(1).strip() if name else 'unknown processor'} ({flags})"


def main() -> None:
    """Run the benchmark and print its tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=20, help="steps in a turn")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each contestant that count")
    parser.add_argument("--threads", type=int, default=0, help="compare on so many threads only")
    parser.add_argument("--serve", default="", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    cores = sorted(os.sched_getaffinity(0))
    if arguments.serve:
        os.sched_setaffinity(0, cores[: arguments.threads])
        framework, precision = arguments.serve.split()
        serve = serve_skysieve if framework == "skysieve" else serve_keras
        serve(precision, arguments.threads, arguments.steps)
        return
    if importlib.util.find_spec("tensorflow") is None:
        sys.exit(
            "training step: TensorFlow, the reference, is not installed; `make bench` installs it "
            "(python -m pip install --constraint requirements.lock tensorflow-cpu)"
        )
    versions = ", ".join(
        f"{name} {version(name)}" for name in ("skysieve", "torch", "keras", "tensorflow_cpu")
    )
    print(f"training step: VGG6, batch {BATCH}, {processor()}\n  {versions}")
    print(f"  ratio: times as fast as {REFERENCE}; only skysieve's steps hold augmentation and preprocessing")
    if (load := os.getloadavg()[0]) > LOADED * len(cores):
        print(f"  other programs run ({load:.1f} at a time on {len(cores)} cores): do not trust these times")
    for threads in [arguments.threads] if arguments.threads else sorted({1, len(cores)}):
        compare(threads, arguments.steps, arguments.rounds)


if __name__ == "__main__":
    main()
