"""Models and sieves on duty: scores, verdicts, scoring again, what a score means."""

from __future__ import annotations
