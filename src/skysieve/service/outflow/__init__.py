"""What leaves: word of plausible candidates by webhook and Kafka."""

from __future__ import annotations
