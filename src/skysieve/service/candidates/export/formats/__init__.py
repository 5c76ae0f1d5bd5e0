"""Formats of exports, a file each: see `skysieve.service.candidates.export.registry`."""

from __future__ import annotations
