"""Pages, counts, neighbours and exports of candidates."""

from __future__ import annotations
