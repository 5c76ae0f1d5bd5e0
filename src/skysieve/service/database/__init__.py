"""Tables, connections and migrations of the database."""

from __future__ import annotations
