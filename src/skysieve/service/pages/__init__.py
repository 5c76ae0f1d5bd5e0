"""The pages for people, a file a page; each module has a ``router``."""

from __future__ import annotations
