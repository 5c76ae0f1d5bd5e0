"""Depots over HTTP: what they list, what of it is new, and how it is fetched."""

from __future__ import annotations
