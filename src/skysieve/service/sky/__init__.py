"""The index of positions on the sky."""

from __future__ import annotations
