"""The REST API, a file a subject; each module has a ``router``."""

from __future__ import annotations
