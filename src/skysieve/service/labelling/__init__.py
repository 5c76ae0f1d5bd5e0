"""Labels, comments, taxonomies, campaigns and consensus."""

from __future__ import annotations
