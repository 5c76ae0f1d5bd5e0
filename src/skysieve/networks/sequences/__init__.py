"""Networks of sequences: what one is given, step by step, to the logits of its class.

One file holds one family. Every one of them takes a tensor (N, T, F) of sequences that are padded with NaN
behind their ends, or padded with anything and given with their ``lengths``; what stands in the padding, how
much of it there is and which other sequences share a batch changes no logit.
"""

from __future__ import annotations

import importlib
import pkgutil

from skysieve.networks.sequences.sequence_network import SequenceNetwork

__all__ = ["SequenceNetwork"]

# The registry walks its own folder only: a new file here needs no entry in any list either.
for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
