"""How a cluster of Kafka is reached, the same for who reads and who writes."""

from __future__ import annotations
