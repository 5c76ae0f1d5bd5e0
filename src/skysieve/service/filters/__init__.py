"""The language of searches: parsed, typed, compiled to SQL with parameters."""

from __future__ import annotations
