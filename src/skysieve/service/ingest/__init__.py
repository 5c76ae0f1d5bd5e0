"""Feeds, the journal of items, the quarantine."""

from __future__ import annotations
