"""What Prometheus may ask of a service: its figures, and the requests that were answered."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from sqlalchemy.exc import SQLAlchemyError

from skysieve.errors import SkysieveError
from skysieve.service.database.columns import utc_now
from skysieve.service.operation.disk import disk_state
from skysieve.service.operation.figures import (
    FeedFigures,
    Figures,
    Heartbeats,
    read_figures,
    read_heartbeats,
)
from skysieve.service.operation.request_log import AnsweredRequest
from skysieve.service.service import Service

__all__ = ["MEDIA_TYPE", "SHARED_VARIABLE", "count_request", "metrics_text"]

MEDIA_TYPE = CONTENT_TYPE_LATEST
#: Folder in which several web processes count together; set before this module is imported.
SHARED_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
#: Counting millions of rows takes a while: it is done no more often than that.
FIGURES_S = 10.0
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

disable_created_metrics()  # type: ignore[no-untyped-call]
_REGISTRY = CollectorRegistry()
_REQUESTS = Counter(
    "skysieve_requests", "Requests that were answered.", ["method", "route", "status"], registry=_REGISTRY
)
_SECONDS = Histogram(
    "skysieve_request_seconds", "Time to an answer.", ["route"], buckets=_BUCKETS, registry=_REGISTRY
)


def count_request(seen: AnsweredRequest) -> None:
    """Count a request.

    Parameters
    ----------
    seen : AnsweredRequest
        The request; its route, not its path, so that there are as many series as routes.
    """
    method = seen.method if seen.method in _METHODS else "other"
    _REQUESTS.labels(method, seen.route, str(seen.status)).inc()
    _SECONDS.labels(seen.route).observe(seen.seconds)


def metrics_text(service: Service) -> bytes:
    """Return all metrics in the text format of Prometheus.

    Where several processes answer, each gives the same: their requests are counted together, everything
    else is read from the database.

    Parameters
    ----------
    service : Service
        The service.
    """
    if SHARED_VARIABLE in os.environ:
        requests = CollectorRegistry()
        MultiProcessCollector(requests)  # type: ignore[no-untyped-call]
    else:
        requests = _REGISTRY
    own = CollectorRegistry()
    own.register(_ServiceCollector(service))
    return generate_latest(requests) + generate_latest(own)


class _ServiceCollector(Collector):
    """Reads the figures when they are asked for."""

    def __init__(self, service: Service) -> None:
        self._service = service

    def collect(self) -> Iterator[Metric]:
        disk = disk_state(self._service)
        yield _gauge("skysieve_disk_free_bytes", "Free on the disk of the files.", disk.free_mb * 1e6)
        yield _gauge("skysieve_disk_stop_bytes", "Ingest stops where less is free.", disk.stop_free_mb * 1e6)
        try:
            beats = self._beats()
            figures = _FIGURES.read(self._service)
        except (SkysieveError, SQLAlchemyError):
            yield _gauge("skysieve_database_up", "Whether the database answers.", 0)
            return
        yield _gauge("skysieve_database_up", "Whether the database answers.", 1)
        yield from _of_heartbeats(beats, utc_now())
        yield from _of_figures(figures)

    def describe(self) -> Iterator[Metric]:
        # Else it would be collected at its registration, too.
        yield from ()

    def _beats(self) -> Heartbeats:
        with self._service.database.reading() as session:
            return read_heartbeats(session)


class _LatestFigures:
    """Figures that are read again when they are old."""

    def __init__(self) -> None:
        self._read: dict[str, tuple[float, Figures]] = {}

    def read(self, service: Service) -> Figures:
        address, now = service.database.address, time.monotonic()
        at, figures = self._read.get(address, (0.0, None))
        if figures is None or now - at > FIGURES_S:
            with service.database.reading() as session:
                figures = read_figures(session)
            self._read = {address: (now, figures)}
        return figures


_FIGURES = _LatestFigures()


def _of_heartbeats(beats: Heartbeats, now: datetime) -> Iterator[Metric]:
    yield _gauge(
        "skysieve_worker_beat_age_seconds", "Since a worker was last heard of.", _age(beats.beat_at, now)
    )
    oldest = _age(beats.oldest_pending, now) if beats.oldest_pending else 0.0
    yield _gauge("skysieve_scoring_lag_seconds", "Waiting time of the oldest unscored candidate.", oldest)
    up = _by("skysieve_feed_up", "Whether the last look of a feed went well.", "feed")
    looked = _by("skysieve_feed_look_age_seconds", "Since a feed last looked.", "feed")
    item = _by("skysieve_feed_item_age_seconds", "Since a feed last brought something.", "feed")
    lag = _by("skysieve_feed_lag", "Messages of Kafka that were not read yet.", "feed")
    for feed in beats.feeds:
        _add_feed(feed, now, up, looked, item, lag)
    yield from (up, looked, item, lag)


def _add_feed(
    feed: FeedFigures,
    now: datetime,
    up: GaugeMetricFamily,
    looked: GaugeMetricFamily,
    item: GaugeMetricFamily,
    lag: GaugeMetricFamily,
) -> None:
    # One that was stopped is not missed: a command that has ended, a worker that was told to. That no
    # worker runs is told by its beat.
    if feed.state != "stopped":
        up.add_metric([feed.name], float(feed.state == "running"))
    looked.add_metric([feed.name], _age(feed.looked_at, now))
    item.add_metric([feed.name], _age(feed.item_at, now))
    if feed.lag is not None:
        lag.add_metric([feed.name], feed.lag)


def _of_figures(figures: Figures) -> Iterator[Metric]:
    yield _gauge("skysieve_candidates", "Candidates that are stored.", figures.candidates)
    yield _gauge("skysieve_candidates_scored", "Candidates with a score that counts.", figures.scored)
    yield _gauge("skysieve_labels", "Labels that are stored, those taken back included.", figures.labels)
    yield _gauge("skysieve_waiting_parts", "Halves of streaks that wait for the other.", figures.waiting)
    for name, help_, label, counts in (
        ("skysieve_scores_pending", "Candidates that wait for a score.", "scorer", figures.pending),
        ("skysieve_quarantine", "Items kept aside.", "state", {"open": 0, **figures.quarantine}),
        ("skysieve_deliveries", "Words to other systems.", "state", {"due": 0, **figures.deliveries}),
    ):
        family = _by(name, help_, label)
        for key, count in counts.items():
            family.add_metric([key], count)
        yield family


def _gauge(name: str, help_: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_, value=value)


def _by(name: str, help_: str, label: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_, labels=[label])


def _age(at: datetime | None, now: datetime) -> float:
    """Return the seconds since a time; NaN where there is none."""
    return (now - at).total_seconds() if at else float("nan")
