"""Alert packets: one `Alert` or one `Finding` for each, whatever survey and container they come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from skysieve.lazy_names import lazy_names

# numpy, fastavro and pyarrow are fetched with the first name that needs them.
if TYPE_CHECKING:
    from skysieve.sources.alerts.alert import CUTOUT_CHANNELS, Alert
    from skysieve.sources.alerts.avro.schema import SchemaLookup
    from skysieve.sources.alerts.reading import alerts_from_blob, alerts_from_item, read_alerts
    from skysieve.sources.alerts.stamps import decode_stamp
    from skysieve.sources.alerts.table import read_alert_table

_HOMES = {
    "CUTOUT_CHANNELS": "alert",
    "Alert": "alert",
    "SchemaLookup": "avro.schema",
    "alerts_from_blob": "reading",
    "alerts_from_item": "reading",
    "decode_stamp": "stamps",
    "read_alert_table": "table",
    "read_alerts": "reading",
}

__all__ = [
    "CUTOUT_CHANNELS",
    "Alert",
    "SchemaLookup",
    "alerts_from_blob",
    "alerts_from_item",
    "decode_stamp",
    "read_alert_table",
    "read_alerts",
]

__getattr__ = lazy_names(__name__, _HOMES)
