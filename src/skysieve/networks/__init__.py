"""Networks: PyTorch modules that turn preprocessed samples into logits.

One file holds one family and registers it. `build_network` makes one by name;
`skysieve.networks.vetter.Vetter` joins it with preprocessing and calibration.
"""

from __future__ import annotations

from skysieve.networks.registry import NETWORKS, build_network

__all__ = ["NETWORKS", "build_network"]
