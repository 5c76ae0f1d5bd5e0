"""From labels back to training."""

from __future__ import annotations
