"""The destinations that the settings name, opened."""

from __future__ import annotations

from skysieve.extras import require
from skysieve.service.outflow.destination import Destination, destination_names
from skysieve.service.service import Service
from skysieve.service.settings import secret

__all__ = ["open_destinations"]


def open_destinations(service: Service) -> list[Destination]:
    """Return all destinations of the settings, ready to send.

    Raises
    ------
    ConfigurationError
        If an address cannot be used, or the key that signs is not in the environment.
    MissingExtraError
        If the library that sends is not installed.
    """
    settings = service.settings.outflow
    destination_names(settings)
    opened: list[Destination] = []
    if settings.webhooks:
        require("httpx", extra="client", purpose="post to webhooks")
        from skysieve.service.outflow.webhook_signature import key_bytes
        from skysieve.service.outflow.webhooks import Webhook

        key = key_bytes(secret(settings.webhook_key_env, purpose="a webhook"))
        opened += [Webhook(address, key) for address in dict.fromkeys(settings.webhooks)]
    if settings.kafka_topic:
        require("confluent_kafka", extra="stream", purpose="write to Kafka")
        from skysieve.service.outflow.kafka_out import KafkaTopic, outflow_cluster

        opened.append(KafkaTopic(settings.kafka_topic, outflow_cluster(service.settings)))
    return opened
