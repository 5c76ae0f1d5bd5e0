"""What is too large for a row of the database: files by the hash of their content."""

from __future__ import annotations
