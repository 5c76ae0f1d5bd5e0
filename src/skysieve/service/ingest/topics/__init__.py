"""Topics of Kafka: how a cluster is reached, how its messages are read, where each group stands."""

from __future__ import annotations
