"""Feeds, a file each: a module registers what makes its feed in `skysieve.service.ingest.feed.FEEDS`."""

from __future__ import annotations
