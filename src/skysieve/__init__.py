"""skysieve tells what is real in a sky survey from what is not, and names what remains."""

from __future__ import annotations

__version__ = "0.1.0"

__all__ = ["__version__"]
