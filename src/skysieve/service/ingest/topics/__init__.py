"""Topics of Kafka: how their messages are read, and where each group stands."""

from __future__ import annotations
