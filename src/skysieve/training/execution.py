"""On what and how a run computes: device, precision, threads and repeatability."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from skysieve.errors import ConfigurationError
from skysieve.training.configuration import TrainingConfig

__all__ = ["Execution", "derived_seed", "reproducible", "seed_everything", "seeded_network"]


@dataclass(frozen=True)
class Execution:
    """The settings that were left to the machine, decided.

    Parameters
    ----------
    device : torch.device
        Where the network computes.
    precision : {"float32", "bfloat16"}
        Of the training passes.
    channels_last : bool
        Whether images of shape (N, C, H, W) are kept with channels last.

    Examples
    --------
    >>> Execution.of(TrainingConfig(device="cpu", precision="float32")).precision
    'float32'
    """

    device: torch.device
    precision: str
    channels_last: bool

    @classmethod
    def of(cls, config: TrainingConfig) -> Execution:
        """Decide what a configuration leaves open.

        Raises
        ------
        ConfigurationError
            If the device does not exist.
        """
        device = _device(config.device)
        precision = config.precision
        if precision == "auto":
            precision = "bfloat16" if _has_bfloat16(device) else "float32"
        return cls(device, precision, config.channels_last)

    def place(self, network: nn.Module) -> nn.Module:
        """Move a network to the device and to the order of axes."""
        network = network.to(self.device)
        if self.channels_last:
            network = network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        return network

    def place_batch(self, samples: torch.Tensor) -> torch.Tensor:
        """Bring preprocessed images to the order of axes of the network."""
        if self.channels_last and samples.ndim == 4:
            return samples.contiguous(memory_format=torch.channels_last)
        return samples

    def autocast(self) -> torch.autocast:
        """Return the context of forward passes in training."""
        enabled = self.precision == "bfloat16"
        return torch.autocast(self.device.type, torch.bfloat16, enabled=enabled)


def _device(name: str) -> torch.device:
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.empty(0, device=device)
    except (RuntimeError, AssertionError) as error:
        reason = str(error).splitlines()[0]
        raise ConfigurationError(
            f"training setting 'device' is {name!r}, which cannot be used here ({reason}); "
            "set 'auto' or 'cpu'"
        ) from None
    return device


def _has_bfloat16(device: torch.device) -> bool:
    """Tell whether bfloat16 is computed by the hardware: emulated, it would be slower than float32."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    if device.type == "cpu":
        # Before PyTorch 2.10 nothing public tells; float32 is then the safe answer.
        capabilities: Mapping[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()
        return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
    return False


def seed_everything(*seeds: int) -> None:
    """Seed PyTorch's global generators of all devices from one or more numbers.

    Examples
    --------
    >>> seed_everything(42, 3)
    >>> first = torch.rand(2)
    >>> seed_everything(42, 3)
    >>> torch.equal(first, torch.rand(2))
    True
    """
    torch.manual_seed(derived_seed(*seeds))


def derived_seed(*seeds: int) -> int:
    """Return one 63-bit seed for a tuple of numbers, such as (seed of the run, epoch)."""
    return int(np.random.SeedSequence(seeds).generate_state(1, np.uint64)[0] >> np.uint64(1))


def seeded_network(make_network: Callable[[], nn.Module], seed: int) -> nn.Module:
    """Return a new network whose weights depend on the seed alone; random generators stay as they are.

    Examples
    --------
    >>> first, second = (seeded_network(lambda: nn.Linear(2, 1), seed=1) for _ in range(2))
    >>> torch.equal(first.weight, second.weight)
    True
    """
    with torch.random.fork_rng([]):
        # Not torch.manual_seed, which would leave the generators of GPUs changed.
        torch.default_generator.manual_seed(derived_seed(seed))
        return make_network()


@contextlib.contextmanager
def reproducible(
    device: torch.device, *, deterministic: bool = True, threads: int | None = None
) -> Iterator[None]:
    """Compute repeatably inside the block; leave PyTorch's global state as it was.

    Parameters
    ----------
    device : torch.device
        Its random generator is given back as it was, and that of the CPU.
    deterministic : bool
        Refuse operations without a deterministic algorithm.
    threads : int or None
        Threads of the CPU inside the block.
    """
    debugging = torch.utils.deterministic
    before = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.benchmark,
        debugging.fill_uninitialized_memory,  # type: ignore[attr-defined]
        torch.get_num_threads(),
    )
    if deterministic:
        # cuBLAS reads this when it starts, and is repeatable only with it.
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        torch.use_deterministic_algorithms(True)
        torch.backends.cudnn.benchmark = False
        # Filling fresh memory shows reads of it to a debugger; it costs time and changes no result.
        debugging.fill_uninitialized_memory = False  # type: ignore[attr-defined]
    if threads is not None:
        torch.set_num_threads(threads)
    try:
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
        torch.backends.cudnn.benchmark = before[2]
        debugging.fill_uninitialized_memory = before[3]  # type: ignore[attr-defined]
        torch.set_num_threads(before[4])
